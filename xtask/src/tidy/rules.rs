//! The rules.

use super::source::Source;

/// A file of more lines holds more than one concept.
const LINES_MAX: usize = 400;

/// Where the pure core lies.
const CORE: &str = "heartbeat-user/core/src";

/// Words that the core's code may not use, and why.
const BANNED_IN_CORE: &[(&str, &str)] = &[
    ("Instant", "time comes in as an argument"),
    ("SystemTime", "time comes in as an argument"),
    ("HashMap", "its order differs from run to run: use BTreeMap"),
    ("HashSet", "its order differs from run to run: use BTreeSet"),
    (
        "f32",
        "floats round differently from machine to machine: count in integers",
    ),
    (
        "f64",
        "floats round differently from machine to machine: count in integers",
    ),
    ("tokio", "the core awaits nothing"),
    ("rand", "randomness comes in as an argument"),
    ("println", "the core has no outside: it returns actions"),
    ("eprintln", "the core has no outside: it returns actions"),
    ("log", "the core has no outside: it returns actions"),
    ("std", "the core is no_std: use core and alloc"),
];

/// The call that ends a program without a reason, split like the marks below.
const UNWRAP: &str = concat!(".unwr", "ap()");

/// Marks of unfinished work, split so that this file does not carry them itself.
const UNFINISHED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

/// Everything in one file that breaks a rule.
pub fn judge(source: &Source) -> Vec<String> {
    let complaints = shape(source)
        .into_iter()
        .chain(code(source))
        .chain(text(source));
    let place = source.path.display();
    complaints
        .map(|(line, why)| format!("{place}:{line}: {why}"))
        .collect()
}

/// A line, and what is wrong there.
type Complaint = (usize, String);

/// Rules on a file as a whole.
fn shape(source: &Source) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let lines = source.text.lines().count();
    if LINES_MAX < lines {
        complaints.push((
            lines,
            format!("more than {LINES_MAX} lines: carve out a concept"),
        ));
    }
    if !source.text.contains("//!") && !source.is_test() {
        complaints.push((1, "no module documentation: begin with the idea".to_owned()));
    }
    complaints
}

/// Rules on code.
fn code(source: &Source) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let banned = if source.is_below(CORE) {
        BANNED_IN_CORE
    } else {
        &[]
    };
    for (number, line) in source.code() {
        if line.contains(UNWRAP) {
            let why = "unwrap outside tests: return the error, or expect(why)";
            complaints.push((number, why.to_owned()));
        }
        // What an event says to people may name whatever it is about.
        let bare = line.split('"').step_by(2).collect::<Vec<_>>().join(" ");
        let words = banned.iter().filter(|(word, _)| has_word(&bare, word));
        complaints
            .extend(words.map(|(word, why)| (number, format!("`{word}` in the core: {why}"))));
    }
    complaints
}

/// Rules on every line, comments and tests included.
fn text(source: &Source) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        if let Some(mark) = UNFINISHED.iter().find(|mark| has_word(line, mark)) {
            complaints.push((
                index + 1,
                format!("{mark} marks unfinished work: finish it"),
            ));
        }
        if line.chars().any(|letter| '\u{1f000}' <= letter) {
            complaints.push((index + 1, "a pictogram: say it in words".to_owned()));
        }
    }
    complaints
}

/// Whether a line holds these letters as a word of its own.
fn has_word(line: &str, word: &str) -> bool {
    let of_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        !before.is_some_and(of_word) && !after.is_some_and(of_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(path: &str, text: &str) -> Vec<String> {
        judge(&Source {
            path: path.into(),
            text: text.into(),
        })
    }

    #[test]
    fn a_clean_file_draws_no_complaint() {
        let text = "//! Why.\nuse core::time::Duration; // not Instant\nlet random = 1;\n";
        assert!(judged("heartbeat-user/core/src/path.rs", text).is_empty());
    }

    #[test]
    fn a_text_for_people_may_name_what_code_may_not() {
        let text = "//! Why.\nlet text = \"look into the log\";\n";
        assert!(judged("heartbeat-user/core/src/path.rs", text).is_empty());
    }

    #[test]
    fn each_rule_names_file_and_line() {
        let core = "heartbeat-user/core/src/path.rs";
        let cases = [
            (core, "//! Why.\nuse std::time::Instant;\n", 2),
            (core, "//! Why.\nlet share: f64 = 0.5;\n", 1),
            (
                "heartbeat-user/src/agent.rs",
                "//! Why.\nlet a = b.unwrap();\n",
                1,
            ),
            ("heartbeat-user/src/agent.rs", "let a = 1;\n", 1),
            (
                "xtask/src/main.rs",
                concat!("//! Why.\n// TO", "DO: more\n"),
                1,
            ),
            ("xtask/src/main.rs", "//! Why.\n// \u{1f600}\n", 1),
        ];
        for (path, text, expected) in cases {
            let complaints = judged(path, text);
            assert_eq!(complaints.len(), expected, "{text}: {complaints:?}");
            assert!(
                complaints
                    .iter()
                    .all(|complaint| complaint.starts_with(path))
            );
        }
    }

    #[test]
    fn a_long_file_is_too_long_at_401_lines() {
        let text = |lines: usize| format!("//! Why.\n{}", "x\n".repeat(lines - 1));
        assert!(judged("a.rs", &text(400)).is_empty());
        assert_eq!(judged("a.rs", &text(401)).len(), 1);
    }

    #[test]
    fn tests_may_unwrap() {
        let text = "//! Why.\n#[cfg(test)]\nmod tests {\n    a.unwrap();\n}\n";
        assert!(judged("xtask/src/main.rs", text).is_empty());
        assert!(judged("tests/src/lab.rs", "//! Why.\na.unwrap();\n").is_empty());
    }
}
