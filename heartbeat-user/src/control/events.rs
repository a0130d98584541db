//! Reads events from the journal's files, for whoever follows them.
//!
//! The journal appends, syncs, and says how far it got; a reader goes as far as that and never further: an
//! event that was shown and that a crash then forgot would be worse than none. The awkward case is the
//! rotation, which may happen between any two steps here. The reader keeps its file open, so a renamed file
//! is read to its end; where it goes on is decided by which file its own one has become by then.

use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::journal;

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;
/// Bytes of a line; the journal writes none that is longer.
const LINE_MAX: usize = 1 << 20;

/// Goes through the events in the order of their numbers.
#[derive(Debug)]
pub struct Reader {
    directory: PathBuf,
    after: u64,
    place: Option<Place>,
}

/// Where the next line begins.
#[derive(Debug)]
struct Place {
    file: File,
    offset: u64,
}

impl Reader {
    /// Begins with the event after this number.
    pub fn new(directory: PathBuf, after: u64) -> Self {
        Reader {
            directory,
            after,
            place: None,
        }
    }

    /// The next lines up to the event `newest`, at least one, or none where all were read. `newest` is on the
    /// disk.
    pub fn read(&mut self, newest: u64) -> Result<Vec<u8>> {
        let mut lines = Vec::new();
        while self.after < newest && lines.is_empty() {
            if self.place.is_none() {
                self.place = self.begin()?;
            }
            let Some(place) = &mut self.place else {
                break;
            };
            let part = place.lines()?;
            if part.is_empty() {
                // All of this file is read and `newest` was not in it, so it gets no more lines.
                match self.next_file()? {
                    Some(next) => self.place = Some(next),
                    None => break,
                }
            } else if self.select(&part, newest, &mut lines) == Reached::Newest {
                break;
            }
        }
        Ok(lines)
    }

    /// Takes over the lines that are due, and moves on behind them.
    fn select(&mut self, part: &[u8], newest: u64, lines: &mut Vec<u8>) -> Reached {
        for line in part.split_inclusive(|byte| *byte == b'\n') {
            let seq = seq(line);
            if seq.is_some_and(|seq| newest < seq) {
                return Reached::Newest;
            }
            if let Some(seq) = seq.filter(|seq| self.after < *seq) {
                lines.extend_from_slice(line);
                self.after = seq;
            }
            if let Some(place) = &mut self.place {
                place.offset += line.len() as u64;
            }
        }
        Reached::End
    }

    /// The file to begin with: the current one, unless an older one has events that are due.
    fn begin(&self) -> Result<Option<Place>> {
        let current = self.open(journal::FILE)?;
        if let Some(place) = &current
            && place
                .first_seq()?
                .is_some_and(|first| first <= self.after + 1)
        {
            return Ok(current);
        }
        Ok(self.open(journal::OLD_FILE)?.or(current))
    }

    /// The file after the one that was read to its end, if there is one.
    fn next_file(&self) -> Result<Option<Place>> {
        let Some(place) = &self.place else {
            return Ok(None);
        };
        loop {
            let current = self.open(journal::FILE)?;
            let old = self.open(journal::OLD_FILE)?;
            let is_ours = |other: &Option<Place>| match other {
                Some(other) => place.is_same(other),
                None => Ok(false),
            };
            if is_ours(&current)? {
                return Ok(None);
            }
            if !is_ours(&old)? {
                // Two rotations ago, or a file that somebody removed.
                return Ok(old.or(current));
            }
            // Ours was the one before the current one when the latter was opened, unless a rotation came
            // in between: then ours is gone by now.
            if is_ours(&self.open(journal::OLD_FILE)?)? {
                return Ok(current);
            }
        }
    }

    fn open(&self, name: &str) -> Result<Option<Place>> {
        let path = self.directory.join(name);
        match File::open(&path) {
            Ok(file) => Ok(Some(Place { file, offset: 0 })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("open {}", path.display())),
        }
    }
}

/// How far a selection got.
#[derive(PartialEq, Eq)]
enum Reached {
    /// The end of what was read.
    End,
    /// The newest event that may be shown.
    Newest,
}

impl Place {
    /// Whole lines from here on, without moving; empty at the end.
    fn lines(&self) -> Result<Vec<u8>> {
        let mut part = vec![0; CHUNK];
        loop {
            let length = self
                .file
                .read_at(&mut part, self.offset)
                .context("read the events")?;
            if let Some(newline) = part[..length].iter().rposition(|byte| *byte == b'\n') {
                part.truncate(newline + 1);
                return Ok(part);
            }
            if length < part.len() {
                return Ok(Vec::new());
            }
            if LINE_MAX <= part.len() {
                bail!("a line of the events file is longer than {LINE_MAX} bytes: is it damaged?");
            }
            part.resize(2 * part.len(), 0);
        }
    }

    fn first_seq(&self) -> Result<Option<u64>> {
        let part = self.lines()?;
        Ok(part.split_inclusive(|byte| *byte == b'\n').find_map(seq))
    }

    fn is_same(&self, other: &Place) -> Result<bool> {
        let which = |metadata: Metadata| (metadata.dev(), metadata.ino());
        let ours = which(self.file.metadata().context("look at the events file")?);
        let other = which(other.file.metadata().context("look at the events file")?);
        Ok(ours == other)
    }
}

/// The number of the event on a line: its first field.
fn seq(line: &[u8]) -> Option<u64> {
    let rest = line.strip_prefix(b"{\"seq\":")?;
    let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&rest[..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
