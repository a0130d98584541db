//! A mistake in a file: where, what was read, what is allowed.
//!
//! Whoever reads one is usually in a hurry and looks at an editor beside it, so that a line begins with
//! `FILE:LINE:`, which editors and terminals turn into a jump. All mistakes are sorted by line; the last
//! line counts them, so that a screen that scrolled shows that there is more above.

use std::fmt;
use std::io;

use super::FILE_BYTES_MAX;

/// One mistake.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Mistake {
    /// Its line, from 1.
    pub line: usize,
    /// The key, with its sections: `nodes.node-a.id`.
    pub key: String,
    /// What was read and what is allowed.
    pub what: String,
}

/// All mistakes of a file; at least one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistakes {
    file: String,
    list: Vec<Mistake>,
}

impl Mistakes {
    /// All mistakes of `file`.
    pub(crate) fn new(file: &str, mut list: Vec<Mistake>) -> Self {
        list.sort();
        list.dedup();
        Mistakes {
            file: file.to_owned(),
            list,
        }
    }

    /// The one mistake of a file that is not text from byte `offset` on.
    pub(super) fn not_text(file: &str, bytes: &[u8], offset: usize) -> Self {
        let before = bytes.iter().take(offset);
        let mistake = Mistake {
            line: 1 + before.filter(|byte| **byte == b'\n').count(),
            key: "encoding".to_owned(),
            what: format!("read byte {offset} of the file; allowed is UTF-8 text"),
        };
        Mistakes::new(file, vec![mistake])
    }

    /// The mistakes, sorted by line.
    pub fn list(&self) -> &[Mistake] {
        &self.list
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Mistake { line, key, what } in &self.list {
            writeln!(f, "{}:{line}: {key}: {what}", self.file)?;
        }
        match self.list.len() {
            1 => write!(f, "1 mistake in {}", self.file),
            count => write!(f, "{count} mistakes in {}", self.file),
        }
    }
}

impl std::error::Error for Mistakes {}

/// Why a file gives no configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConfigError {
    /// It cannot be read; one sentence.
    Unreadable(String),
    /// It can, and has mistakes.
    Mistakes(Mistakes),
}

impl ConfigError {
    pub(super) fn unreadable(file: &str, error: &io::Error) -> Self {
        let mends = match error.kind() {
            io::ErrorKind::NotFound => "write one, or name another with --config",
            io::ErrorKind::PermissionDenied => "run as root, or name another with --config",
            _ => "name a readable file with --config",
        };
        ConfigError::Unreadable(format!("read configuration {file}: {error}; {mends}"))
    }

    pub(super) fn too_large(file: &str) -> Self {
        let limit = FILE_BYTES_MAX / (1024 * 1024);
        ConfigError::Unreadable(format!(
            "read configuration {file}: it is larger than {limit} MiB, which no cluster needs"
        ))
    }
}

impl From<Mistakes> for ConfigError {
    fn from(mistakes: Mistakes) -> Self {
        ConfigError::Mistakes(mistakes)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Unreadable(sentence) => f.write_str(sentence),
            ConfigError::Mistakes(mistakes) => mistakes.fmt(f),
        }
    }
}

impl std::error::Error for ConfigError {}
