//! A terminal with `heartbeat status --watch` on it.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ExitStatus, Stdio};

use anyhow::{Context, Result, bail, ensure};
use heartbeat_tests::lab::cast::A;
use heartbeat_tests::lab::{Lab, wait};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{Termios, tcgetattr};
use nix::unistd::{Pid, getpgrp};
use vt100::Parser;

use super::LIMIT;

/// What the keys send.
pub const DOWN: &str = "\x1b[B";
pub const RIGHT: &str = "\x1b[C";
pub const ENTER: &str = "\r";
pub const ESCAPE: &str = "\x1b";
pub const CTRL_C: &str = "\x03";

/// The terminal, and the command on it.
pub struct Terminal {
    master: File,
    slave: OwnedFd,
    before: Termios,
    child: Child,
    parser: Parser,
    raw: Vec<u8>,
}

impl Terminal {
    /// Watches node-a on a terminal of this size.
    pub fn watch(lab: &Lab, rows: u16, columns: u16) -> Result<Self> {
        Self::run(lab, &["status", "--watch"], (rows, columns), None)
    }

    /// Runs a command with node-a's socket; `no_color` is the variable NO_COLOR.
    pub fn run(
        lab: &Lab,
        arguments: &[&str],
        (rows, columns): (u16, u16),
        no_color: Option<&str>,
    ) -> Result<Self> {
        let size = size(rows, columns);
        let pair = openpty(Some(&size), None).context("open a terminal")?;
        let stdio = || pair.slave.try_clone().map(Stdio::from);
        let mut command = lab.heartbeat(A)?;
        command.env_remove("NO_COLOR").env("TERM", "xterm-256color");
        if let Some(value) = no_color {
            command.env("NO_COLOR", value);
        }
        command
            .args(arguments)
            .arg("--socket")
            .arg(lab.files().socket(A))
            .stdin(stdio()?)
            .stdout(stdio()?)
            .stderr(stdio()?);
        // Who leads a process group can't begin a session.
        command.process_group(getpgrp().as_raw());
        // SAFETY: between fork and exec, only these two system calls are made.
        unsafe {
            command.pre_exec(|| {
                // A session of its own, or the kernel would not tell it of another size.
                if libc::setsid() < 0 || libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let before = tcgetattr(&pair.slave)?;
        let child = command.spawn().context("start the watch")?;
        let (rows, columns) = emulated(rows, columns)?;
        Ok(Terminal {
            master: pair.master.into(),
            slave: pair.slave,
            before,
            child,
            parser: Parser::new(rows, columns, 0),
            raw: Vec::new(),
        })
    }

    /// Types.
    pub fn press(&mut self, keys: &str) -> Result<()> {
        Ok(self.master.write_all(keys.as_bytes())?)
    }

    /// What the screen shows now.
    pub fn screen(&mut self) -> Result<String> {
        self.read()?;
        Ok(self.parser.screen().contents())
    }

    /// Waits until the screen shows this, and returns all of it.
    pub fn wait_for(&mut self, text: &str) -> Result<String> {
        let what = format!("the screen to show {text:?}");
        let shown = wait::until(&what, LIMIT, || {
            let screen = self.screen()?;
            Ok(screen.contains(text).then_some(screen))
        });
        match shown {
            Ok(screen) => Ok(screen),
            Err(error) => bail!("{error:#}; it shows\n{}", self.screen()?),
        }
    }

    /// Waits until the screen does not show this.
    pub fn wait_without(&mut self, text: &str) -> Result<()> {
        wait::until(&format!("{text:?} to vanish"), LIMIT, || {
            Ok((!self.screen()?.contains(text)).then_some(()))
        })
    }

    /// The text that is reversed, which is what is chosen.
    pub fn chosen(&mut self) -> Result<String> {
        self.read()?;
        let screen = self.parser.screen();
        let (rows, columns) = screen.size();
        let cells = (0..rows.get()).flat_map(|row| (0..columns.get()).map(move |at| (row, at)));
        let cells = cells.filter_map(|(row, at)| screen.cell(row, at));
        Ok(cells
            .filter(|cell| cell.inverse())
            .map(|cell| {
                if cell.contents().is_empty() {
                    " "
                } else {
                    cell.contents()
                }
            })
            .collect())
    }

    /// All that was written, escape codes included.
    pub fn raw(&mut self) -> Result<String> {
        self.read()?;
        Ok(String::from_utf8_lossy(&self.raw).into_owned())
    }

    /// Gives the terminal another size, as a window manager does.
    pub fn resize(&mut self, rows: u16, columns: u16) -> Result<()> {
        self.read()?;
        let size = size(rows, columns);
        // SAFETY: TIOCSWINSZ reads a winsize from the given place, which outlives the call.
        let set =
            unsafe { libc::ioctl(self.master.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
        ensure!(set == 0, "{}", std::io::Error::last_os_error());
        let (rows, columns) = emulated(rows, columns)?;
        self.parser.set_size(rows, columns);
        Ok(())
    }

    /// Sends the command a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill(
            Pid::from_raw(i32::try_from(self.child.id())?),
            signal,
        )?)
    }

    /// Waits for the end of the command.
    pub fn end(&mut self) -> Result<ExitStatus> {
        wait::until("the watch to end", LIMIT, || {
            // Whoever does not read may keep it from writing its last.
            self.read()?;
            Ok(self.child.try_wait()?)
        })
    }

    /// Errors unless the watch ended well and the terminal is as it was before.
    pub fn check_given_back(&mut self) -> Result<()> {
        let status = self.end()?;
        ensure!(status.code() == Some(0), "it ended with {status:?}");
        self.read()?;
        let after = tcgetattr(&self.slave)?;
        ensure!(
            after == self.before,
            "before {:?}, after {after:?}",
            self.before
        );
        let screen = self.parser.screen();
        ensure!(
            !screen.alternate_screen(),
            "the other screen is still shown"
        );
        ensure!(!screen.hide_cursor(), "the cursor is hidden");
        Ok(())
    }

    /// Whether keys go to the command one by one and unseen.
    pub fn is_taken(&self) -> Result<bool> {
        Ok(tcgetattr(&self.slave)? != self.before)
    }

    fn read(&mut self) -> Result<()> {
        loop {
            let mut ready = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
            if poll(&mut ready, PollTimeout::ZERO)? == 0 {
                return Ok(());
            }
            let mut chunk = [0; 65_536];
            let length = self.master.read(&mut chunk)?;
            self.parser.process(&chunk[..length]);
            self.raw.extend_from_slice(&chunk[..length]);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Both fail only for a process that has already ended and been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(rows: u16, columns: u16) -> Winsize {
    Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

fn emulated(rows: u16, columns: u16) -> Result<(NonZeroU16, NonZeroU16)> {
    let size = NonZeroU16::new(rows).zip(NonZeroU16::new(columns));
    size.context("a terminal has rows and columns")
}
