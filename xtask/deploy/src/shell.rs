//! Words and scripts for a shell on another host.
//!
//! ssh hands one string to whatever shell its user logs in with. So a script travels as one quoted word of that
//! string, to `sh`, and what it is given comes as assignments in front of it.

use std::fmt::Write as _;

/// The word as a shell reads it back, in quotes only where it needs them.
pub fn quote(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=@:,+%".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// A script with what it is given.
pub fn script(given: &[(&str, &str)], parts: &[&str]) -> String {
    let mut text = String::new();
    for (name, value) in given {
        writeln!(text, "{name}={}", quote(value)).expect("writing to a string does not fail");
    }
    text + &parts.concat()
}

/// The command that runs a script as root: at once, or by sudo, which asks nothing.
pub fn as_root(script: &str) -> String {
    const BECOME: &str =
        "if [ \"$(id -u)\" -eq 0 ]; then exec sh -c \"$1\"; else exec sudo -n sh -c \"$1\"; fi";
    format!("sh -c {} deploy {}", quote(BECOME), quote(script))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        for word in [
            "plain",
            "",
            "two words",
            "it's",
            "$HOME `id` \\ \"x\"",
            "a\nb",
            "'",
            "!#~*?",
        ] {
            let script = script(&[("word", word)], &["printf %s \"$word\""]);
            let output = Command::new("sh")
                .args(["-c", &script])
                .output()
                .expect("sh");
            assert_eq!(String::from_utf8_lossy(&output.stdout), word);
        }
    }

    #[test]
    fn a_script_passes_through_two_shells() {
        let command = as_root("echo \"it's $((1 + 1))\"");
        // Whoever runs the tests may have no sudo.
        let command = command.replace("exec sudo -n", "exec");
        let output = Command::new("sh")
            .args(["-c", &command])
            .output()
            .expect("sh");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "it's 2\n");
    }
}
