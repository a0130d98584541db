//! The kernel's log: the lines that tell of trouble, and when.
//!
//! Whatever a driver finds out about its device it says here and nowhere else. The awkward case is a log of hundreds of
//! thousands of lines: it is read without waiting, and of those that tell of trouble only the newest are kept.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;

use crate::clock;
use crate::diagnose::facts::LogLine;
use crate::diagnose::reading::Reading;
use crate::diagnose::rules;

const LOG: &str = "/dev/kmsg";
/// Bytes of a record: the kernel's own limit is 8 KiB.
const RECORD_MAX: usize = 16 * 1024;
/// Records that are read.
const RECORDS_MAX: usize = 200_000;
/// Lines that are kept.
const LINES_MAX: usize = 500;

/// The lines that a rule knows.
pub fn look() -> Reading<Vec<LogLine>> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(LOG);
    let mut file = match file {
        Ok(file) => file,
        Err(error) => return Reading::of_io(LOG, Err(error)),
    };
    let booted = clock::wall().as_secs_f64() - clock::now().ns() as f64 / 1e9;
    let mut lines = VecDeque::new();
    let mut buffer = vec![0; RECORD_MAX];
    for _ in 0..RECORDS_MAX {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => {
                let record = String::from_utf8_lossy(&buffer[..length]);
                lines.extend(parse(&record, booted).filter(|line| rules::is_telling(&line.text)));
                if LINES_MAX < lines.len() {
                    lines.pop_front();
                }
            }
            // The record was overwritten before it could be read; the next is there.
            Err(error)
                if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::Interrupted) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Reading::of_io(LOG, Err(error)),
        }
    }
    Reading::Known(lines.into())
}

/// A record such as `6,214009,51812083655,-;the text`, whose third number is µs since boot; a line of properties may
/// follow.
fn parse(record: &str, booted: f64) -> Option<LogLine> {
    let (head, text) = record.split_once(';')?;
    let micros: f64 = head.split(',').nth(2)?.parse().ok()?;
    Some(LogLine {
        at_unix_seconds: booted + micros / 1e6,
        text: text.lines().next()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_a_time_and_a_text() {
        let record = "4,214009,1500000,-;NETDEV WATCHDOG: eth1 (e1000e): transmit queue 0 timed out\n SUBSYSTEM=net\n";
        let line = parse(record, 1000.0).expect("a record");
        assert!((line.at_unix_seconds - 1001.5).abs() < 1e-6);
        assert_eq!(
            line.text,
            "NETDEV WATCHDOG: eth1 (e1000e): transmit queue 0 timed out"
        );
        for odd in ["", ";", "1,2;x", "1,2,x,-;y"] {
            assert!(parse(odd, 0.0).is_none(), "{odd}");
        }
    }
}
