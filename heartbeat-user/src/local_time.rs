//! The time of day where the reader sits.
//!
//! What is kept and what programs read is in UTC; what a person compares with the clock on the wall is not. The
//! C library knows the zone, and asking it is the only part of this that is not plain arithmetic.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// Whose time is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Zone {
    /// This host's, or that of the variable TZ.
    Local,
    /// Nobody's in particular.
    Utc,
}

/// Hours, minutes and seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimeOfDay {
    hours: u8,
    minutes: u8,
    seconds: u8,
}

impl TimeOfDay {
    /// Of a moment in RFC 3339; `None` for anything else.
    pub fn of(rfc3339: &str, zone: Zone) -> Option<Self> {
        let at = humantime::parse_rfc3339(rfc3339).ok()?;
        Some(Self::at(at, zone))
    }

    /// Of a moment.
    pub fn at(at: SystemTime, zone: Zone) -> Self {
        let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let utc = |seconds: u64| TimeOfDay {
            hours: (seconds / 3_600 % 24) as u8,
            minutes: (seconds / 60 % 60) as u8,
            seconds: (seconds % 60) as u8,
        };
        match zone {
            Zone::Utc => utc(seconds),
            Zone::Local => local(seconds).unwrap_or_else(|| utc(seconds)),
        }
    }

    /// `12:04`.
    pub fn short(self) -> String {
        format!("{:02}:{:02}", self.hours, self.minutes)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:02}", self.short(), self.seconds)
    }
}

fn local(seconds: u64) -> Option<TimeOfDay> {
    let seconds = libc::time_t::try_from(seconds).ok()?;
    let mut parts = std::mem::MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are to values that outlive the call, and it writes to nothing but the second.
    let told = unsafe { libc::localtime_r(&raw const seconds, parts.as_mut_ptr()) };
    if told.is_null() {
        return None;
    }
    // SAFETY: it was zeroed, which is a valid `tm`, and then written by the call.
    let parts = unsafe { parts.assume_init() };
    Some(TimeOfDay {
        hours: parts.tm_hour as u8,
        minutes: parts.tm_min as u8,
        seconds: parts.tm_sec as u8,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_day_is_told_to_the_second_or_the_minute() {
        let time = TimeOfDay::of("2026-11-22T12:04:31.987654Z", Zone::Utc).expect("a time");
        assert_eq!(
            (time.to_string(), time.short()),
            ("12:04:31".into(), "12:04".into())
        );
        assert_eq!(TimeOfDay::of("yesterday", Zone::Utc), None);
    }

    #[test]
    fn the_zone_of_this_host_is_that_of_date() {
        let text = "2026-07-01T03:00:59Z";
        let told = std::process::Command::new("date")
            .args(["-d", text, "+%H:%M:%S"])
            .output()
            .expect("date");
        let time = TimeOfDay::of(text, Zone::Local).expect("a time");
        assert_eq!(
            format!("{time}\n"),
            String::from_utf8_lossy(&told.stdout).into_owned()
        );
    }
}
