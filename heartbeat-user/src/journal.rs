//! The journal: events on the disk before anybody is told.
//!
//! An event that a page or a metric showed and that a crash then forgot would be worse than none, so a thread
//! of its own appends, syncs, and only then logs and counts. It is a thread because a sync may take longer
//! than an interval, and the main loop must not wait for a disk. All that queued up meanwhile is written and
//! synced together.
//!
//! The awkward cases are a torn last line (the machine died in the middle of a write: nobody was told, so it
//! is cut off) and a full disk (events are kept in memory, told, and written when there is room again).

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result};
use heartbeat_core::event::EventKind;

use crate::clock;
use crate::privilege;
use crate::record::Record;

/// The file that is written to.
pub const FILE: &str = "events.jsonl";
/// The one before it.
pub const OLD_FILE: &str = "events.1.jsonl";
/// Events kept in memory while the disk takes none; past that the oldest go.
const UNWRITTEN_MAX: usize = 10_000;

/// How many events of each kind were told in this run.
#[derive(Debug, Default)]
pub struct Told([AtomicU64; EventKind::ALL.len()]);

impl Told {
    /// Each kind's number and count.
    pub fn counts(&self) -> impl Iterator<Item = (EventKind, u64)> {
        EventKind::ALL
            .iter()
            .copied()
            .zip(self.0.iter().map(|count| count.load(Relaxed)))
    }

    fn count(&self, id: u32) {
        for (kind, count) in EventKind::ALL.iter().zip(&self.0) {
            if kind.id() == id {
                count.fetch_add(1, Relaxed);
            }
        }
    }
}

/// The way into the journal.
pub struct Journal {
    records: mpsc::Sender<Record>,
    thread: JoinHandle<()>,
    told: Arc<Told>,
}

impl Journal {
    /// Opens the events file in `directory`, which keeps at most about `kept` bytes of events.
    pub fn open(directory: &Path, kept: u64) -> Result<Self> {
        let mut store = Store::open(directory, kept)?;
        let (records, receiver) = mpsc::channel();
        let told = Arc::new(Told::default());
        let counts = told.clone();
        let thread = thread::Builder::new()
            .name("heartbeat-log".to_owned())
            .spawn(move || {
                privilege::shed("the journal");
                write_all(&receiver, &mut store, &counts);
            })
            .context("start the journal's thread")?;
        Ok(Journal {
            records,
            thread,
            told,
        })
    }

    /// Takes an event; it is told once it is on the disk.
    pub fn tell(&self, record: Record) {
        if self.records.send(record).is_err() {
            log::error!("the journal's thread is gone: an event is not kept");
        }
    }

    /// How many events were told.
    pub fn told(&self) -> Arc<Told> {
        self.told.clone()
    }

    /// Writes what is left and stops.
    pub fn close(self) {
        drop(self.records);
        if self.thread.join().is_err() {
            log::error!("the journal's thread had panicked");
        }
    }
}

fn write_all(records: &Receiver<Record>, store: &mut Store, told: &Told) {
    while let Ok(first) = records.recv() {
        let mut batch = vec![first];
        batch.extend(records.try_iter());
        store.append(&mut batch);
        for record in &batch {
            told.count(record.id);
            if record.severity == "info" {
                log::info!("{}", record.line());
            } else {
                log::warn!("{}", record.line());
            }
        }
    }
}

struct Store {
    directory: PathBuf,
    file: File,
    length: u64,
    kept: u64,
    next_seq: u64,
    unwritten: VecDeque<String>,
    failing: bool,
}

impl Store {
    fn open(directory: &Path, kept: u64) -> Result<Self> {
        let path = directory.join(FILE);
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("open {}", path.display()))?;
        let length = whole_lines(&mut file).with_context(|| format!("read {}", path.display()))?;
        file.set_len(length)
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
        })
    }

    /// Numbers the records and brings them to the disk, or keeps them for later.
    fn append(&mut self, records: &mut [Record]) {
        for record in records.iter_mut() {
            record.seq = self.next_seq;
            self.next_seq += 1;
            record.evidence.emitted_ns = clock::now().ns();
            match serde_json::to_string(record) {
                Ok(line) => self.unwritten.push_back(line + "\n"),
                Err(error) => log::error!("event {} can't be written as JSON: {error}", record.seq),
            }
        }
        match self.flush() {
            Ok(()) if self.failing => {
                self.failing = false;
                log::info!("events are written to {} again", self.directory.display());
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
                while UNWRITTEN_MAX < self.unwritten.len() {
                    self.unwritten.pop_front();
                }
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
        fs::rename(&path, self.directory.join(OLD_FILE))?;
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
