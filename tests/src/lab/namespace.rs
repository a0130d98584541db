//! A network namespace, and how to act inside it.
//!
//! `ip netns exec` is the usual door, but it also remounts /sys, which hides the BPF file system where
//! agents pin their maps. So nothing here goes through it: children enter with `setns` between fork and
//! exec, and our own code enters on a thread that ends with its work, because a thread that has changed
//! its namespace must never be lent to anybody else.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, setns};

/// A named network namespace that somebody else creates and deletes; this is the way in.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    file: File,
}

impl Namespace {
    /// Opens the namespace of this name. It stays alive, if not visible, for as long as this value does.
    pub fn open(name: &str) -> Result<Self> {
        let path = Self::path_of(name);
        let file = File::open(&path)
            .with_context(|| format!("open network namespace {}", path.display()))?;
        Ok(Namespace {
            name: name.to_owned(),
            file,
        })
    }

    /// The name, as `ip netns list` shows it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file that `nsenter --net=` takes.
    pub fn path(&self) -> PathBuf {
        Self::path_of(&self.name)
    }

    fn path_of(name: &str) -> PathBuf {
        Path::new("/run/netns").join(name)
    }

    /// A command that will run inside, in a process group of its own: Ctrl-C in the terminal must reach
    /// the lab's owner, who then ends everything in order, and not every child at once.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Result<Command> {
        let file = self
            .file
            .try_clone()
            .context("duplicate a namespace's descriptor")?;
        let mut command = Command::new(program);
        command.process_group(0);
        // SAFETY: between fork and exec only setns(2) is called, on a descriptor the closure owns; it
        // neither allocates nor takes locks.
        unsafe {
            command.pre_exec(move || {
                setns(file.as_fd(), CloneFlags::CLONE_NEWNET).map_err(io::Error::from)
            });
        }
        Ok(command)
    }

    /// Runs `work` inside, on a thread of its own. Sockets made there belong to the namespace for ever
    /// and may be handed back.
    pub fn enter<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        thread::scope(|scope| {
            let inside = scope.spawn(|| {
                setns(self.file.as_fd(), CloneFlags::CLONE_NEWNET)
                    .with_context(|| format!("enter network namespace {}", self.name))?;
                work()
            });
            inside
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}
