//! The source files, and what in them is code.
//!
//! Rules on code must not trip over a comment that names the forbidden thing to say why it is
//! forbidden, nor over tests. The house has tests last in a file or in files of their own, and that
//! is all this needs to know of Rust's grammar: it reads lines, no syntax trees.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// One Rust file.
#[derive(Debug)]
pub struct Source {
    /// Its path below the root.
    pub path: PathBuf,
    /// Its content.
    pub text: String,
}

impl Source {
    /// Whether the path begins with this.
    pub fn is_below(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }

    /// Whether all of it is test code.
    pub fn is_test(&self) -> bool {
        self.is_below("tests")
            || self
                .path
                .components()
                .any(|part| part.as_os_str() == "tests")
            || self.path.file_name().is_some_and(|name| name == "tests.rs")
    }

    /// Every line of code that is no test, without its comment, and its number.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let text = if self.is_test() {
            ""
        } else {
            before_tests(&self.text)
        };
        let mut previous = "";
        let lines = text.lines().enumerate().filter(move |(_, line)| {
            std::mem::replace(&mut previous, line.trim()) != "#[cfg(test)]"
        });
        lines.map(|(index, line)| (index + 1, before_comment(line)))
    }
}

/// All Rust files of the repository, in the order of their paths.
pub fn sources(root: &Path) -> Result<Vec<Source>> {
    let mut folders = vec![root.to_owned()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        let listing =
            fs::read_dir(&folder).with_context(|| format!("list {}", folder.display()))?;
        for entry in listing {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if name.ends_with(".rs") {
                let text = fs::read_to_string(&path);
                let text = text.with_context(|| format!("read {}", path.display()))?;
                let path = path.strip_prefix(root).unwrap_or(&path).to_owned();
                sources.push(Source { path, text });
            }
        }
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(sources)
}

/// The text up to the tests at its end.
fn before_tests(text: &str) -> &str {
    let tests = ["mod tests", "mod proptests"].map(|name| format!("\n#[cfg(test)]\n{name}"));
    let ends = tests.iter().filter_map(|start| text.find(start));
    &text[..ends.min().unwrap_or(text.len())]
}

/// The line up to a comment; the two slashes of an address in a string are none.
fn before_comment(line: &str) -> &str {
    let starts = line.match_indices("//").map(|(start, _)| start);
    let comment = starts
        .into_iter()
        .find(|start| line[..*start].matches('"').count().is_multiple_of(2));
    &line[..comment.unwrap_or(line.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(path: &str, text: &str) -> Vec<(usize, String)> {
        let source = Source {
            path: path.into(),
            text: text.into(),
        };
        source
            .code()
            .map(|(number, line)| (number, line.to_owned()))
            .collect()
    }

    #[test]
    fn comments_and_tests_are_no_code() {
        let text = "//! doc\nlet a = \"http://x\"; // why\n#[cfg(test)]\nmod tests {\n    b\n}\n";
        let seen = code("core/src/node.rs", text);
        assert_eq!(
            seen,
            [(1, String::new()), (2, "let a = \"http://x\"; ".to_owned())]
        );
    }

    #[test]
    fn an_item_for_tests_is_no_code() {
        let seen = code(
            "core/src/lib.rs",
            "#[cfg(test)]\nextern crate std;\nmod path;\n",
        );
        assert_eq!(
            seen,
            [(1, "#[cfg(test)]".to_owned()), (3, "mod path;".to_owned())]
        );
    }

    #[test]
    fn files_of_tests_are_no_code() {
        for path in [
            "core/src/node/tests.rs",
            "tests/src/lab.rs",
            "heartbeat-user/tests/cli.rs",
        ] {
            assert_eq!(code(path, "a\n"), [], "{path}");
        }
    }
}
