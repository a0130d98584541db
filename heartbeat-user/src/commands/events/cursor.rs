//! The cursor: the number of the last event that was handled, in a file.
//!
//! The file is replaced as a whole and synced, so it holds a number whenever the machine dies. The awkward
//! case is two of us with one file, say a unit that was started beside a forgotten terminal: each would skip
//! what the other handled. So a lock beside the file lets one in; it goes with its process.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// A cursor file that nobody else uses.
#[derive(Debug)]
pub struct Cursor {
    path: PathBuf,
    seq: u64,
    _lock: File,
}

impl Cursor {
    /// Takes the file; one that is not there yet stands before the oldest event.
    pub fn open(path: &Path) -> Result<Self> {
        if path.file_name().is_none() {
            bail!("--cursor {} is not the name of a file", path.display());
        }
        let lock = lock(&beside(path, ".lock"))?;
        let seq = match fs::read_to_string(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => {
                return Err(error).with_context(|| format!("read the cursor {}", path.display()));
            }
            Ok(text) => text.trim().parse().ok().with_context(|| {
                format!(
                    "{} holds no event's number: is it a cursor file? Remove it to begin with the oldest event",
                    path.display()
                )
            })?,
        };
        Ok(Cursor {
            path: path.to_owned(),
            seq,
            _lock: lock,
        })
    }

    /// The last event that was handled, 0 where there is none.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Moves on to this event, and is on the disk.
    pub fn store(&mut self, seq: u64) -> Result<()> {
        let new = beside(&self.path, ".new");
        let mut file = File::create(&new).with_context(|| format!("create {}", new.display()))?;
        writeln!(file, "{seq}").with_context(|| format!("write {}", new.display()))?;
        file.sync_all()
            .with_context(|| format!("sync {}", new.display()))?;
        fs::rename(&new, &self.path).with_context(|| format!("replace {}", self.path.display()))?;
        let directory = match self.path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .with_context(|| format!("sync {}", directory.display()))?;
        self.seq = seq;
        Ok(())
    }
}

/// The file of this name with an ending.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn lock(path: &Path) -> Result<File> {
    let file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .open(path)
        .with_context(|| {
            format!(
                "create {}: does its directory exist, and may you write there?",
                path.display()
            )
        })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "another `heartbeat events` uses this cursor ({} is locked): end it, or give this one a cursor of its own",
            path.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("lock {}", path.display()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_stands_where_it_was_left() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("cursor");
        let mut cursor = Cursor::open(&path).expect("free");
        assert_eq!(cursor.seq(), 0);
        cursor.store(17).expect("writable");
        drop(cursor);
        assert_eq!(fs::read_to_string(&path).expect("there"), "17\n");
        // A program that another test starts may hold the lock between its fork and its exec.
        let again = (0..100).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(20));
            Cursor::open(&path).ok()
        });
        assert_eq!(again.expect("free").seq(), 17);
    }

    #[test]
    fn two_cannot_use_one_cursor() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("cursor");
        let first = Cursor::open(&path).expect("free");
        let error = Cursor::open(&path).expect_err("taken").to_string();
        assert!(error.contains("another `heartbeat events`"), "{error}");
        drop(first);
        assert!(Cursor::open(&path).is_ok());
    }

    #[test]
    fn another_file_is_not_taken_for_a_cursor() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("hosts");
        fs::write(&path, "127.0.0.1 localhost\n").expect("writable");
        let error = format!("{:#}", Cursor::open(&path).expect_err("no number"));
        assert!(error.contains("holds no event's number"), "{error}");
        assert!(Cursor::open(Path::new("/")).is_err());
    }
}
