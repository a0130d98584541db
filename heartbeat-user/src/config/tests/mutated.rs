//! No text whatever makes the reader panic, nor gives an error without a mistake.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// What mutations put in: TOML's own signs, and values that are nearly right.
const PIECES: [&str; 24] = [
    "",
    "\"",
    "'''",
    "[",
    "]",
    "[[",
    "{",
    "}",
    "=",
    ".",
    "#",
    "\n",
    "\0",
    "\u{fe0f}é",
    "0",
    "-1",
    "99999999999999999999",
    "1e400",
    "nan",
    "10.77.1.0/0",
    "::/128",
    "[nodes.node-a]\n",
    "addresses = []\n",
    "1979-05-27T07:32:00Z",
];

/// Where, how much is cut out, and what is put in.
type Mutation = (Index, u8, usize);

fn mutate(text: &str, mutations: &[Mutation]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for (at, cut, piece) in mutations {
        let start = at.index(chars.len() + 1);
        let end = chars.len().min(start + usize::from(*cut));
        chars.splice(start..end, PIECES[*piece].chars());
    }
    chars.into_iter().collect()
}

fn survives(text: &str) {
    match Cluster::parse(text, "f") {
        Ok(cluster) => {
            for node in &cluster.nodes {
                assert_eq!(cluster.paths(node).len(), cluster.core(node).paths.len());
            }
        }
        Err(mistakes) => {
            let lines = text.matches('\n').count() + 1;
            assert!(!mistakes.list().is_empty());
            assert!(
                mistakes
                    .list()
                    .iter()
                    .all(|mistake| (1..=lines).contains(&mistake.line))
            );
            assert_eq!(
                mistakes.to_string().lines().count(),
                mistakes.list().len() + 1
            );
        }
    }
}

proptest! {
    #[test]
    fn mutated_files_never_panic(
        mutations in prop::collection::vec((any::<Index>(), 0u8..40, 0..PIECES.len()), 1..6),
    ) {
        survives(&mutate(&spelled_out(), &mutations));
    }

    #[test]
    fn any_text_never_panics(text in "\\PC{0,200}") {
        survives(&text);
    }

    #[test]
    fn any_value_never_panics(value in "\\PC{0,30}") {
        let text = spelled_out();
        for key in ["interval", "subnet", "label", "metrics", "events_kept", "socket"] {
            let line = text.lines().find(|line| line.starts_with(&format!("{key} = "))).expect("in the example");
            survives(&text.replacen(line, &format!("{key} = {value:?}"), 1));
            survives(&text.replacen(line, &format!("{key} = {value}"), 1));
        }
    }
}

#[test]
fn a_large_file_of_mistakes_is_read_in_time() {
    for line in ["x y z\n", "[a\n", "a = 1\n", "[nodes.n]\n", "= \"\n"] {
        survives(&line.repeat(FILE_BYTES_MAX as usize / line.len()));
    }
    let mut text = "[networks]\n".to_owned();
    while text.len() < FILE_BYTES_MAX as usize {
        text += &format!("[networks.n{}]\nsubnet=\"10.0.0.0/8\"\n", text.len());
    }
    survives(&text);
}
