//! Numbers that a node keeps on its disk, one a file.
//!
//! The awkward cases are a machine that loses its power while a number is written, and a disk without room: a torn
//! write must not leave a smaller number, and what needs no new room must not fail for the lack of it. So every
//! number has as many digits as the largest.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context, Result, anyhow};

/// The number in a file; `None` where there is no file.
pub fn read(path: &Path) -> Result<Option<u64>> {
    match fs::read_to_string(path) {
        Ok(text) => text.trim().parse::<u64>().map(Some).map_err(|_| {
            anyhow!(
                "{} does not hold a number: remove it if the wall clock is right, for then what comes next is newer than all before",
                path.display()
            )
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("read {}", path.display())),
    }
}

/// Puts a number in the place of the one before, synced.
pub fn replace(path: &Path, number: u64) -> Result<()> {
    store(path, number).or_else(|error| overwrite(path, number).map_err(|_| error))
}

/// Replaces the file as a whole: a torn write must not leave a smaller number.
fn store(path: &Path, number: u64) -> Result<()> {
    let temporary = path.with_extension("new");
    let mut file = File::create(&temporary)?;
    file.write_all(line(number).as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    let directory = path.parent().context("find the file's directory")?;
    Ok(File::open(directory)?.sync_all()?)
}

/// A full disk must not keep an agent from starting, and the bytes that are there need no new room. They are
/// as many as before, in one block, so that no number in between comes about.
fn overwrite(path: &Path, number: u64) -> Result<()> {
    let line = line(number);
    if fs::metadata(path)?.len() != line.len() as u64 {
        return Err(anyhow!("the file is not as long as the number"));
    }
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(line.as_bytes())?;
    Ok(file.sync_all()?)
}

/// Always 21 bytes.
fn line(number: u64) -> String {
    format!("{number:020}\n")
}
