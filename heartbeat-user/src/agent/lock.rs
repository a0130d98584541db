//! One agent a node: two would fight over slots, nonces and the incarnation.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use anyhow::{Context, Result, bail};
use nix::fcntl::{Flock, FlockArg};

const FILE: &str = "lock";

/// Held while an agent runs for a node, and by whoever changes what only a stopped agent leaves alone.
pub struct Lock {
    _file: Flock<File>,
}

impl Lock {
    /// Takes the lock of the node whose state is in `directory`, or says who holds it.
    pub fn take(directory: &Path) -> Result<Self> {
        let path = directory.join(FILE);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .with_context(|| format!("open {}", path.display()))?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(mut file) => {
                file.set_len(0).context("write the lock file")?;
                file.rewind().context("write the lock file")?;
                writeln!(file, "{}", std::process::id()).context("write the lock file")?;
                Ok(Lock { _file: file })
            }
            Err((mut file, _)) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)
                    .context("read the lock file")?;
                bail!(
                    "an agent for this node runs already (process {}, {}): stop it first",
                    holder.trim(),
                    path.display()
                )
            }
        }
    }
}
