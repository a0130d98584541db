//! A document in Markdown: its text, its blocks of code, its spans, links and headings.
//!
//! Only what the tests ask of it is read, line by line. The awkward case is a block of code: it may hold anything,
//! headings and links included, so all else is looked for outside of blocks.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// One document.
pub struct Document {
    /// Where it lies, from the root of the repository.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
}

/// A block of code.
pub struct Fence {
    /// What follows the opening fence: `sh`, `toml`, or nothing.
    pub language: String,
    /// Its first line, counted from 1.
    pub line: usize,
    /// What is in it.
    pub body: String,
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every document that operators and developers read.
pub fn all() -> Result<Vec<Document>> {
    let mut paths = vec![PathBuf::from("tests/README.md")];
    for folder in ["", "heartbeat-user/docs", "heartbeat-user/docs/runbooks"] {
        let entries =
            fs::read_dir(root().join(folder)).with_context(|| format!("read {folder}"))?;
        for entry in entries {
            let path = Path::new(folder).join(entry?.file_name());
            if path.extension().is_some_and(|extension| extension == "md") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths.into_iter().map(Document::read).collect()
}

impl Document {
    /// Reads the one at `path`, from the root.
    pub fn read(path: impl Into<PathBuf>) -> Result<Document> {
        let path = path.into();
        let text = fs::read_to_string(root().join(&path))
            .with_context(|| format!("read {}", path.display()))?;
        Ok(Document { path, text })
    }

    /// Its blocks of code.
    pub fn fences(&self) -> Vec<Fence> {
        let mut fences: Vec<Fence> = Vec::new();
        let mut open = false;
        for (number, line) in (1..).zip(self.text.lines()) {
            match line.trim_start().strip_prefix("```") {
                Some(language) if !open => fences.push(Fence {
                    language: language.to_owned(),
                    line: number + 1,
                    body: String::new(),
                }),
                None if open => {
                    if let Some(fence) = fences.last_mut() {
                        fence.body += line;
                        fence.body += "\n";
                    }
                    continue;
                }
                Some(_) => {}
                None => continue,
            }
            open = !open;
        }
        fences
    }

    /// Its lines outside of blocks of code, with their numbers.
    pub fn prose(&self) -> Vec<(usize, &str)> {
        let mut open = false;
        let mut prose = Vec::new();
        for (number, line) in (1..).zip(self.text.lines()) {
            if line.trim_start().starts_with("```") {
                open = !open;
            } else if !open {
                prose.push((number, line));
            }
        }
        prose
    }

    /// What stands between backquotes in its prose.
    pub fn spans(&self) -> Vec<(usize, &str)> {
        let prose = self.prose().into_iter();
        prose
            .flat_map(|(number, line)| {
                let spans = line.split('`').skip(1).step_by(2);
                spans.map(move |span| (number, span))
            })
            .collect()
    }

    /// Targets of its links.
    pub fn links(&self) -> Vec<(usize, &str)> {
        let prose = self.prose().into_iter();
        prose
            .flat_map(|(number, line)| {
                let targets = line.split("](").skip(1);
                targets.filter_map(move |rest| Some((number, rest.split_once(')')?.0)))
            })
            .collect()
    }

    /// The headings of a level, with the lines below each up to the next of the same or a higher one.
    pub fn sections(&self, level: usize) -> Vec<(&str, String)> {
        let mut sections: Vec<(&str, String)> = Vec::new();
        let mut inside = false;
        for (_, line) in self.prose() {
            let marks = line.bytes().take_while(|byte| *byte == b'#').count();
            if (1..=level).contains(&marks) {
                inside = marks == level;
                if inside {
                    sections.push((line[marks..].trim(), String::new()));
                }
            } else if let (true, Some((_, text))) = (inside, sections.last_mut()) {
                *text += line;
                *text += "\n";
            }
        }
        sections
    }

    /// What links may end with, after `#`: every heading as GitHub spells it.
    pub fn anchors(&self) -> Vec<String> {
        let prose = self.prose().into_iter();
        let headings = prose.filter_map(|(_, line)| {
            let text = line.trim_start_matches('#');
            (text.len() < line.len()).then(|| text.trim())
        });
        headings.map(anchor).collect()
    }

    /// `PATH:LINE`, for complaints.
    pub fn place(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        _ if letter.is_alphanumeric() => Some(letter.to_ascii_lowercase()),
        _ => None,
    });
    kept.collect()
}
