//! Figures and lists as people read them, the same in every view.

use super::NetworkView;

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

/// The same in a few letters.
pub fn brief_timing(network: &NetworkView) -> String {
    format!(
        "{}s, lost after {} = {}s",
        trimmed(network.interval_seconds),
        network.lost_after,
        trimmed(network.detection_seconds)
    )
}

/// A network's label as the head of a column: that it is a network, the reader knows.
pub fn heading(label: &str) -> String {
    let upper = label.to_uppercase();
    let short = upper.strip_suffix(" NETWORK").map(str::trim_end);
    short
        .filter(|short| !short.is_empty())
        .map_or(upper.clone(), str::to_owned)
}

/// Up to four decimals, without the zeros that say nothing.
fn trimmed(seconds: f64) -> String {
    let text = format!("{seconds:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
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
