//! Figures and lists as people read them, the same in every view.

use super::{NetworkView, PathView};

/// A time since something, in the unit that suits it.
pub fn ago(seconds: f64) -> String {
    match seconds {
        s if s < 100.0 => format!("{s:.1} s"),
        s if s < 6_000.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.0} h", s / 3_600.0),
    }
}

/// The first few of a list that may be long.
pub fn some(names: &[&str]) -> String {
    const NAMED_MAX: usize = 4;
    let (named, more) = names.split_at(names.len().min(NAMED_MAX));
    match more.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// How often heartbeats are due on a network, and when their absence is a loss.
pub fn timing(network: &NetworkView) -> String {
    format!(
        "{} s, lost after {} = {} s",
        trimmed(network.interval_seconds),
        network.lost_after,
        trimmed(network.detection_seconds)
    )
}

/// Up to four decimals, without the zeros that say nothing.
fn trimmed(seconds: f64) -> String {
    let text = format!("{seconds:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The share of heartbeats that were lost on these paths; nothing where none was due.
pub fn loss<'a>(paths: impl IntoIterator<Item = &'a PathView>) -> Option<String> {
    let (mut lost, mut due) = (0.0, 0.0);
    for path in paths {
        lost += path.lost as f64;
        due += (path.lost + path.arrivals) as f64;
    }
    (0.0 < due).then(|| format!("{:.2}%", 100.0 * lost / due))
}

/// A word for a shell: quoted where the shell would read it otherwise.
pub fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.:/".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_comes_out_of_a_shell_as_it_was() {
        for word in [
            "node-a",
            "Private Network",
            "it's",
            "",
            "$(reboot) `x` \"",
            "<b>",
        ] {
            let script = format!("printf %s {}", quoted(word));
            let output = std::process::Command::new("sh")
                .args(["-c", &script])
                .output()
                .expect("a shell");
            assert_eq!(String::from_utf8_lossy(&output.stdout), word);
        }
    }
}
