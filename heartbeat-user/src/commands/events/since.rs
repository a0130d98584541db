//! `--since`: from which moment on.
//!
//! Operators think in both ways, "since the change at 13:05" and "the last ten minutes", so both are taken:
//! RFC 3339, with any offset, and a duration back from now. Events are compared by the wall time that they
//! carry, one by one: a clock that was set back does not end the search.

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use crate::commands::orders::long;

const ALLOWED: &str = "say a time such as 2026-11-22T13:05:00Z or \"2026-11-22 13:05:00+01:00\", a duration back such as 10m, 2h or 3d, or now";

/// A moment of wall time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Since(SystemTime);

#[derive(Deserialize)]
struct Timed<'a> {
    time: &'a str,
}

impl Since {
    /// Whether an event is of this moment or later; one without a time is.
    pub fn covers(self, line: &str) -> bool {
        let time = serde_json::from_str(line)
            .ok()
            .and_then(|event: Timed<'_>| humantime::parse_rfc3339(event.time).ok());
        time.is_none_or(|time| self.0 <= time)
    }

    /// Whether this moment is not before `moment`.
    pub fn is_not_before(self, moment: SystemTime) -> bool {
        moment <= self.0
    }

    fn parse(text: &str, now: SystemTime) -> Option<Self> {
        let text = text.trim();
        if text == "now" {
            return Some(Since(now));
        }
        let back = long(text).and_then(|back| now.checked_sub(back));
        back.or_else(|| moment(text)).map(Since)
    }
}

impl FromStr for Since {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Since::parse(text, SystemTime::now()).ok_or(ALLOWED)
    }
}

/// RFC 3339 with any offset; without one it is UTC, as everything that we print.
fn moment(text: &str) -> Option<SystemTime> {
    if !text.is_ascii() {
        return None;
    }
    let zone_at = text.len().checked_sub("+01:00".len())?;
    let (local, zone) = text.split_at(zone_at);
    let sign = zone.chars().next()?;
    // The date has dashes of its own, but no colon.
    if !matches!(sign, '+' | '-') || !zone.contains(':') {
        return humantime::parse_rfc3339_weak(text).ok();
    }
    let (hours, minutes) = zone[1..].split_once(':')?;
    let number = |digits: &str, most: u64| -> Option<u64> {
        let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse().ok()?;
        (all_digits && number <= most).then_some(number)
    };
    let offset = Duration::from_secs(number(hours, 23)? * 3600 + number(minutes, 59)? * 60);
    let local = humantime::parse_rfc3339_weak(local).ok()?;
    match sign {
        '+' => local.checked_sub(offset),
        _ => local.checked_add(offset),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> SystemTime {
        humantime::parse_rfc3339(text).expect(text)
    }

    #[test]
    fn times_and_durations_back_are_understood() {
        let now = at("2026-11-22T13:00:00Z");
        for (text, moment) in [
            ("2026-11-22T12:05:00Z", "2026-11-22T12:05:00Z"),
            ("2026-11-22T12:05:00.5Z", "2026-11-22T12:05:00.5Z"),
            ("2026-11-22 12:05:00", "2026-11-22T12:05:00Z"),
            ("2026-11-22T12:05:00+01:00", "2026-11-22T11:05:00Z"),
            ("2026-11-22 12:05:00-05:30", "2026-11-22T17:35:00Z"),
            ("10m", "2026-11-22T12:50:00Z"),
            ("2d", "2026-11-20T13:00:00Z"),
            ("0s", "2026-11-22T13:00:00Z"),
            ("now", "2026-11-22T13:00:00Z"),
        ] {
            assert_eq!(Since::parse(text, now), Some(Since(at(moment))), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_is_allowed() {
        for text in [
            "",
            "yesterday",
            "10",
            "2026-13-01T00:00:00Z",
            "2026-11-22T12:05:00+25:00",
        ] {
            assert_eq!(text.parse::<Since>(), Err(ALLOWED), "{text}");
        }
    }

    #[test]
    fn events_are_compared_one_by_one() {
        let since = Since(at("2026-11-22T13:00:00Z"));
        assert!(since.covers(r#"{"time":"2026-11-22T13:00:00.000000Z"}"#));
        assert!(!since.covers(r#"{"time":"2026-11-22T12:59:59.999999Z"}"#));
        assert!(since.covers("{}"));
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(text in any::<String>(), digits in "[-0-9+:TZ. d]{0,30}") {
            let _ = text.parse::<Since>();
            let _ = digits.parse::<Since>();
        }
    }
}
