//! `--trace-frames`: refused frames, one line each, at a bounded rate.
//!
//! The XDP program writes its lines through aya-log; without the option they are not even in the loaded
//! program. A flood must not turn into a flood of lines, so a second takes a limited number and the next one
//! says how many were left out.

use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result};
use aya_log::EbpfLogger;
use heartbeat_ebpf::time::Timestamp;
use log::{Log, Metadata, Record};

use crate::clock;
use crate::watch;
use crate::xdp::Program;

/// Lines a second.
const LINES_MAX: u64 = 50;

/// Starts printing the program's lines, in a task of its own.
pub fn start(program: &mut Program) -> Result<()> {
    let logger = EbpfLogger::init_with_logger(program.ebpf(), Limited::default())
        .context("read the XDP program's log")?;
    let mut logger = watch::readable(logger, "the XDP program's log")?;
    tokio::spawn(async move {
        while let Ok(mut ready) = logger.readable_mut().await {
            ready.get_inner_mut().flush();
            ready.clear_ready();
        }
    });
    Ok(())
}

/// Passes on a limited number of lines a second.
#[derive(Default)]
struct Limited(Mutex<Second>);

#[derive(Default)]
struct Second {
    began: Option<Timestamp>,
    lines: u64,
    left_out: u64,
}

impl Second {
    /// Whether one more line may be printed, and how many were left out before it.
    fn admit(&mut self, now: Timestamp) -> Option<u64> {
        if self
            .began
            .is_none_or(|began| Duration::from_secs(1) <= now.since(began))
        {
            let left_out = std::mem::take(&mut self.left_out);
            (self.began, self.lines) = (Some(now), 1);
            return Some(left_out);
        }
        if self.lines < LINES_MAX {
            self.lines += 1;
            return Some(0);
        }
        self.left_out += 1;
        None
    }
}

impl Log for Limited {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let Some(left_out) = self
            .0
            .lock()
            .ok()
            .and_then(|mut second| second.admit(clock::now()))
        else {
            return;
        };
        if 0 < left_out {
            log::info!("frames: {left_out} lines left out");
        }
        log::info!("frame {}", record.args());
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_and_counted() {
        let at = |ms: u64| Timestamp::from_ns(ms * 1_000_000).expect("not zero");
        let mut second = Second::default();
        let admitted = (0..200)
            .filter(|_| second.admit(at(1_000)).is_some())
            .count() as u64;
        assert_eq!(admitted, LINES_MAX);
        assert_eq!(second.admit(at(2_000)), Some(200 - LINES_MAX));
    }
}
