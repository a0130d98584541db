//! The disk's side of a recording.
//!
//! What waits is written together, and handed to the kernel whenever nothing waits, so that a recording can be
//! replayed while it is made. It is not synced: it tells of the agent, not of the machine, and a machine that
//! dies takes no more than its last second. The awkward case is a name that is taken. An earlier run's recording
//! may be what its operator is after, so it is kept as the one before; anything else is left alone, for the agent
//! may be root and the name mistyped.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, ensure};

use super::line::{End, Line, What};
use super::recorder::size;

/// Added to the name of an earlier recording.
const EARLIER: &str = ".1";
/// How every recording begins.
const OPENING: &[u8] = br#"{"at":"#;
/// Room for the last line.
const END_BYTES_MAX: u64 = 128;

/// The thread's side.
pub(super) struct Writer {
    path: PathBuf,
    file: BufWriter<File>,
    written: u64,
    bytes_max: u64,
    waiting: Arc<AtomicUsize>,
    ending: Arc<OnceLock<Line>>,
}

impl Writer {
    /// Takes the place of an earlier recording. `waiting` counts the bytes of the queue, `ending` is what to
    /// write when that is closed.
    pub fn create(
        path: &Path,
        bytes_max: u64,
        waiting: Arc<AtomicUsize>,
        ending: Arc<OnceLock<Line>>,
    ) -> Result<Self> {
        let mut earlier = path.as_os_str().to_owned();
        earlier.push(EARLIER);
        let earlier = PathBuf::from(earlier);
        if is_recording(path)? {
            is_recording(&earlier)?;
            fs::rename(path, &earlier)
                .with_context(|| format!("keep {} as {}", path.display(), earlier.display()))?;
        }
        let file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(path)
            .with_context(|| format!("create {}", path.display()))?;
        Ok(Writer {
            path: path.to_owned(),
            file: BufWriter::new(file),
            written: 0,
            bytes_max,
            waiting,
            ending,
        })
    }

    /// Writes the first line.
    pub fn begin(&mut self, line: &Line) -> Result<()> {
        self.write(line)?;
        self.file
            .flush()
            .with_context(|| format!("write {}", self.path.display()))
    }

    /// Writes until the queue is closed, the file is full, or the disk takes no more.
    pub fn run(mut self, lines: &Receiver<Line>) {
        match self.write_all(lines) {
            Ok(Full::No) => {}
            Ok(Full::Yes) => log::warn!(
                "the recording in {} ends: it has {} bytes, and may have no more than {}",
                self.path.display(),
                self.written,
                self.bytes_max
            ),
            Err(error) => log::error!("the recording ends: {error:#}"),
        }
    }

    fn write_all(&mut self, lines: &Receiver<Line>) -> Result<Full> {
        while let Some(line) = self.next(lines)? {
            self.waiting.fetch_sub(size(&line.what), Relaxed);
            if let Full::Yes = self.write(&line)? {
                let what = What::End(End::Limit);
                self.end(&Line { what, ..line })?;
                return Ok(Full::Yes);
            }
        }
        let ending = self.ending.clone();
        ending.get().map_or(Ok(()), |line| self.end(line))?;
        Ok(Full::No)
    }

    /// The next line, or `None` after the last.
    fn next(&mut self, lines: &Receiver<Line>) -> Result<Option<Line>> {
        match lines.try_recv() {
            Ok(line) => Ok(Some(line)),
            Err(TryRecvError::Disconnected) => Ok(None),
            Err(TryRecvError::Empty) => {
                self.file
                    .flush()
                    .with_context(|| format!("write {}", self.path.display()))?;
                Ok(lines.recv().ok())
            }
        }
    }

    /// Writes a line, if that leaves room for the last one.
    fn write(&mut self, line: &Line) -> Result<Full> {
        let bytes = bytes(line)?;
        if self.bytes_max < self.written + bytes.len() as u64 + END_BYTES_MAX {
            return Ok(Full::Yes);
        }
        self.put(&bytes)?;
        Ok(Full::No)
    }

    fn end(&mut self, line: &Line) -> Result<()> {
        self.put(&bytes(line)?)?;
        self.file
            .flush()
            .with_context(|| format!("write {}", self.path.display()))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.file
            .write_all(bytes)
            .with_context(|| format!("write {}", self.path.display()))?;
        self.written += bytes.len() as u64;
        Ok(())
    }
}

/// Whether the file was as long as it may be.
enum Full {
    Yes,
    No,
}

fn bytes(line: &Line) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(line).context("write a line as JSON")?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Whether a recording has this name; an error where something else has.
fn is_recording(path: &Path) -> Result<bool> {
    let kind = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        found => found.with_context(|| format!("look at {}", path.display()))?,
    };
    let mut opening = Vec::new();
    if kind.is_file() {
        File::open(path)
            .and_then(|file| file.take(OPENING.len() as u64).read_to_end(&mut opening))
            .with_context(|| format!("read {}", path.display()))?;
    }
    ensure!(
        kind.is_file() && OPENING.starts_with(&opening),
        "{} is no recording and is left alone: move it away, or name another file in [agent] record",
        path.display()
    );
    Ok(true)
}

#[cfg(test)]
mod tests;
