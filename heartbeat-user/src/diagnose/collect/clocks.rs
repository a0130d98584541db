//! Reading the kernel's own facts and the clocks.

use super::files;
use crate::clock;
use crate::diagnose::facts::{Clocks, Kernel};
use crate::diagnose::reading::Reading;

const CLOCK_SOURCE: &str = "/sys/devices/system/clocksource/clocksource0";

/// The kernel; its log is read apart.
pub fn kernel() -> Kernel {
    let release = files::text("/proc/sys/kernel/osrelease");
    let printk = files::text("/proc/sys/kernel/printk");
    let level = printk
        .known()
        .and_then(|text| text.split_ascii_whitespace().next()?.parse().ok());
    Kernel {
        release: release.known().cloned().unwrap_or_default(),
        command_line: files::text("/proc/cmdline"),
        console_level: level,
        log: Reading::default(),
    }
}

/// One look.
pub fn look() -> Clocks {
    let sources = files::text(&format!("{CLOCK_SOURCE}/available_clocksource"));
    let (synchronised, error_seconds) = discipline();
    let reading = clock::reading();
    let monotonic = reading.before.ns() as f64 / 1e9;
    let boot = reading.boot.as_secs_f64();
    Clocks {
        source: files::text(&format!("{CLOCK_SOURCE}/current_clocksource")),
        sources: sources.known().map_or_else(Vec::new, |text| {
            text.split_ascii_whitespace().map(str::to_owned).collect()
        }),
        synchronised,
        error_seconds,
        suspended_seconds: (boot - monotonic).max(0.0),
        wall_ahead_seconds: reading.wall.as_secs_f64() - monotonic,
        ..Clocks::default()
    }
}

/// Whether something disciplines the wall clock, and the kernel's estimate of how far it may be off.
fn discipline() -> (Reading<bool>, f64) {
    // SAFETY: all of a struct timex may be zero; `modes` of zero asks and sets nothing.
    let mut timex: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a whole struct timex that lives until the call returns.
    let state = unsafe { libc::adjtimex(&raw mut timex) };
    if state < 0 {
        let error = std::io::Error::last_os_error();
        return (Reading::Unreadable(format!("adjtimex: {error}")), 0.0);
    }
    let synchronised = state != libc::TIME_ERROR && timex.status & libc::STA_UNSYNC == 0;
    (Reading::Known(synchronised), timex.esterror as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_host_has_clocks() {
        let clocks = look();
        assert!(
            clocks.synchronised.known().is_some(),
            "{:?}",
            clocks.synchronised
        );
        assert!(0.0 < clocks.wall_ahead_seconds);
        assert!(!kernel().release.is_empty());
    }
}
