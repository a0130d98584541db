//! The events file: lines appended and synced, kept within a size.
//!
//! The awkward cases are a torn last line (the machine died in the middle of a write: nobody was told, so it
//! is cut off) and a full disk (events are kept in memory, told, and written when there is room again).

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{FILE, OLD_FILE};
use crate::announce::Telling;
use crate::clock;

/// Events kept in memory while the disk takes none; past that the oldest go.
const UNWRITTEN_MAX: usize = 10_000;

/// Where events are kept.
pub(super) struct Store {
    directory: PathBuf,
    file: File,
    length: u64,
    kept: u64,
    next_seq: u64,
    unwritten: VecDeque<String>,
    pub failing: bool,
    dropped: usize,
}

impl Store {
    /// Opens the file in `directory`, which keeps about `kept` bytes of events; a torn last line is cut off.
    pub fn open(directory: &Path, kept: u64) -> Result<Self> {
        let path = directory.join(FILE);
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("open {}", path.display()))?;
        let length = whole_lines(&mut file).with_context(|| format!("read {}", path.display()))?;
        file.set_len(length)
            .and_then(|()| file.sync_data())
            .with_context(|| format!("mend {}", path.display()))?;
        let last = last_seq(&path)?
            .map_or_else(|| last_seq(&directory.join(OLD_FILE)), |seq| Ok(Some(seq)))?;
        Ok(Store {
            directory: directory.to_owned(),
            file,
            length,
            kept,
            next_seq: last.unwrap_or(0) + 1,
            unwritten: VecDeque::new(),
            failing: false,
            dropped: 0,
        })
    }

    /// The number of the newest event on the disk, 0 where there is none.
    pub fn synced(&self) -> u64 {
        self.next_seq - 1 - self.unwritten.len() as u64
    }

    /// Numbers the records and brings them to the disk, or keeps them for later.
    pub fn append(&mut self, tellings: &mut [Telling]) {
        for record in tellings.iter_mut().map(|telling| &mut telling.record) {
            record.seq = self.next_seq;
            self.next_seq += 1;
            record.evidence.emitted_ns = Some(clock::now().ns());
            match serde_json::to_string(record) {
                Ok(line) => self.unwritten.push_back(line + "\n"),
                Err(error) => log::error!("event {} can't be written as JSON: {error}", record.seq),
            }
        }
        match self.flush() {
            Ok(()) if self.failing => {
                self.failing = false;
                log::info!("events are written to {} again", self.directory.display());
                let dropped = std::mem::take(&mut self.dropped);
                if 0 < dropped {
                    log::error!("{dropped} events are lost: the disk took none for too long");
                }
            }
            Ok(()) => {}
            Err(error) => {
                if !self.failing {
                    log::error!(
                        "events are kept in memory only, {} takes none: {error:#}",
                        self.directory.display()
                    );
                }
                self.failing = true;
                let over = self.unwritten.len().saturating_sub(UNWRITTEN_MAX);
                self.unwritten.drain(..over);
                self.dropped += over;
            }
        }
    }

    fn flush(&mut self) -> Result<()> {
        if self.kept / 2 <= self.length {
            self.rotate().context("begin a new file")?;
        }
        let bytes: Vec<u8> = self
            .unwritten
            .iter()
            .flat_map(|line| line.bytes())
            .collect();
        let written = self
            .file
            .write_all(&bytes)
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // A partly written line must not stand before the next one.
            self.file
                .set_len(self.length)
                .context("take back a torn line")?;
            return Err(error).context("append");
        }
        self.length += bytes.len() as u64;
        self.unwritten.clear();
        Ok(())
    }

    fn rotate(&mut self) -> Result<()> {
        let path = self.directory.join(FILE);
        match fs::rename(&path, self.directory.join(OLD_FILE)) {
            // An earlier attempt got this far, or somebody removed the file.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            renamed => renamed?,
        }
        self.file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&path)?;
        self.length = 0;
        File::open(&self.directory)?.sync_all()?;
        Ok(())
    }
}

/// Length of the file up to the end of its last whole line.
fn whole_lines(file: &mut File) -> Result<u64> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut end = length;
    let mut chunk = [0; 4096];
    while 0 < end {
        let start = end.saturating_sub(chunk.len() as u64);
        let part = &mut chunk[..(end - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(part)?;
        if let Some(newline) = part.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + newline as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// The number of the last event in a file, or `None` where there is none.
fn last_seq(path: &Path) -> Result<Option<u64>> {
    if !path.exists() {
        return Ok(None);
    }
    let mut file = File::open(path).with_context(|| format!("open {}", path.display()))?;
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)
        .with_context(|| format!("read {}", path.display()))?;
    let seq = |line: &[u8]| {
        serde_json::from_slice::<serde_json::Value>(line)
            .ok()?
            .get("seq")?
            .as_u64()
    };
    Ok(tail.split(|byte| *byte == b'\n').rev().find_map(seq))
}

/// Bytes at the end of a file that hold its last event for certain.
const TAIL: u64 = 64 * 1024;

#[cfg(test)]
mod tests;
