//! The log: one line a message, on standard error.
//!
//! Under systemd standard error goes to the journal, which keeps time and unit itself and reads a severity
//! from a leading `<N>` (sd-daemon(3)); anywhere else each line carries its time.

use std::io::Write as _;

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::clock;

struct Stderr {
    journald: bool,
}

/// Starts logging. Called once.
pub fn start() {
    let journald = std::env::var_os("JOURNAL_STREAM").is_some();
    if log::set_boxed_logger(Box::new(Stderr { journald })).is_ok() {
        log::set_max_level(LevelFilter::Info);
    }
}

impl Log for Stderr {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = if self.journald {
            format!("<{}>{}\n", severity(record.level()), record.args())
        } else {
            let time = clock::rfc3339(clock::wall());
            format!("{time} {:<5} {}\n", record.level(), record.args())
        };
        // Nobody can be told that the log can't be written.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }

    fn flush(&self) {}
}

/// syslog's severities.
fn severity(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}
