//! The machine that the guest runs on: qemu, emulating all of it in software.
//!
//! Emulation needs neither root nor the host's consent, and boots in seconds. The awkward case is a guest that hangs,
//! whose qemu would stay for ever: the whole run has a limit by the clock, and however it ends, this one process
//! is ended with it, by its handle.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::command;

use super::console::Console;

/// Within which a guest must be done; it takes two minutes on a quiet machine.
const LIMIT: Duration = Duration::from_secs(600);

/// A guest that panics leaves, and no firmware waits for a key.
const KERNEL_ARGUMENTS: &str = "console=ttyS0 quiet panic=-1";

/// A line of a console longer than this is cut: nobody means us by it.
const LINE_MAX: usize = 4096;

/// A running qemu, which ends when this goes.
struct Machine(Child);

impl Drop for Machine {
    fn drop(&mut self) {
        // It may have ended by itself, and then both calls say so.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Boots the kernel with this initial root, and hears what the guest says until it leaves or its time is up.
/// All that comes is kept in `record`.
pub fn boot(kernel: &Path, initramfs: &Path, record: &Path) -> Result<Console> {
    let deadline = Instant::now() + LIMIT;
    let mut record =
        File::create(record).with_context(|| format!("create {}", record.display()))?;
    let mut machine = Machine(
        qemu(kernel, initramfs)
            .spawn()
            .context("start qemu-system-x86_64")?,
    );
    let output = machine.0.stdout.take().context("qemu has no console")?;
    let lines = lines(output);
    let mut console = Console::default();
    while let Ok(line) = next(&lines, deadline) {
        writeln!(record, "{line}").context("keep the console's record")?;
        console.hear(&line);
    }
    Ok(console)
}

/// The next line, until the console is closed or the time is up.
fn next(lines: &Receiver<String>, deadline: Instant) -> Result<String, RecvTimeoutError> {
    lines.recv_timeout(deadline.saturating_duration_since(Instant::now()))
}

fn qemu(kernel: &Path, initramfs: &Path) -> Command {
    let mut qemu = command::command("qemu-system-x86_64");
    qemu.args(["-accel", "tcg,thread=multi", "-M", "q35", "-cpu", "max"]);
    qemu.args(["-m", "1024", "-smp", "2", "-nographic", "-nodefaults"]);
    qemu.args(["-no-reboot", "-serial", "stdio"]);
    qemu.args(["-append", KERNEL_ARGUMENTS]);
    qemu.arg("-kernel").arg(kernel);
    qemu.arg("-initrd").arg(initramfs);
    qemu.stdin(Stdio::null()).stdout(Stdio::piped());
    qemu
}

/// The lines of a console, whatever bytes they are made of.
fn lines(output: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::sync_channel(64);
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = &line[..line.len().min(LINE_MAX)];
            let line = String::from_utf8_lossy(line).trim_end().to_owned();
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_lines_that_are_not_endless() {
        let mut bytes = b"one\r\n\xff two\n".to_vec();
        bytes.extend([b'x'; 2 * LINE_MAX]);
        let lines: Vec<String> = lines(std::io::Cursor::new(bytes)).iter().collect();
        assert_eq!(lines[..2], ["one", "\u{fffd} two"]);
        assert_eq!((lines.len(), lines[2].len()), (3, LINE_MAX));
    }

    #[test]
    fn a_console_that_stays_silent_is_left_at_the_deadline() {
        let (sender, lines) = mpsc::sync_channel(1);
        let started = Instant::now();
        let heard = next(&lines, started + Duration::from_millis(50));
        assert_eq!(heard, Err(RecvTimeoutError::Timeout));
        assert!(Duration::from_millis(50) <= started.elapsed());
        drop(sender);
    }
}
