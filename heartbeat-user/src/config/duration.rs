//! Durations and sizes as an operator writes them: `10ms`, `1.2s`, `64MiB`.
//!
//! A bare number is refused, because no two monitors agree on its unit. The arithmetic is in whole
//! nanoseconds: `1.2` is not a binary fraction, and an interval that is not exactly what the file says would
//! differ between nodes.

use std::time::Duration;

const UNITS: [(&str, u128); 5] = [
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60 * 1_000_000_000),
    ("h", 3_600 * 1_000_000_000),
];

/// The duration that `text` means, exactly; `None` for anything else.
pub fn parse(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| c != '.' && !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit_at);
    let (_, unit_ns) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, fraction),
        None => (number, "0"),
    };
    // Twelve digits of any unit fit 128 bits with room for nine more after the point.
    let short = |digits: &str, most: usize| (1..=most).contains(&digits.len());
    if !short(whole, 12) || !short(fraction, 9) {
        return None;
    }
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let scaled = (whole.parse::<u128>().ok()? * scale + fraction.parse::<u128>().ok()?) * unit_ns;
    let exact = scaled.is_multiple_of(scale);
    exact
        .then_some(u64::try_from(scaled / scale).ok())
        .flatten()
        .map(Duration::from_nanos)
}

/// A duration as [`parse`] reads it, in the unit that suits it and without trailing zeros: `2.55s`, `10ms`.
pub fn text(duration: Duration) -> String {
    text_like(duration, duration)
}

/// The same in the unit that suits `other`, so that the terms of a sum can be compared: `0.15s`.
pub fn text_like(duration: Duration, other: Duration) -> String {
    let (unit, unit_ns) = match other.as_nanos() {
        0 => ("s", 1_000_000_000),
        1..1_000_000 => ("us", 1_000),
        1_000_000..1_000_000_000 => ("ms", 1_000_000),
        _ => ("s", 1_000_000_000),
    };
    let (whole, rest) = (duration.as_nanos() / unit_ns, duration.as_nanos() % unit_ns);
    let digits = format!("{whole}.{:09}", rest * (1_000_000_000 / unit_ns));
    let number = digits.trim_end_matches('0').trim_end_matches('.');
    format!("{number}{unit}")
}

/// The number of bytes that `text` means, as `64MiB`; `None` for anything else.
pub fn parse_size(text: &str) -> Option<u64> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit_at);
    let shift = match unit {
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// A number of bytes as [`parse_size`] reads it, in the largest unit that is exact: `64MiB`. Less than a KiB,
/// or part of one, is printed in bytes, as nothing else is.
pub fn size_text(bytes: u64) -> String {
    let (shift, unit) = match bytes.trailing_zeros() {
        _ if bytes == 0 => (0, "B"),
        0..10 => (0, "B"),
        10..20 => (10, "KiB"),
        20..30 => (20, "MiB"),
        _ => (30, "GiB"),
    };
    format!("{}{unit}", bytes >> shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_exact() {
        assert_eq!(parse("1.2s"), Some(Duration::from_millis(1200)));
        assert_eq!(parse("0.5s"), Some(Duration::from_millis(500)));
        assert_eq!(parse("10ms"), Some(Duration::from_millis(10)));
        assert_eq!(parse("250us"), Some(Duration::from_micros(250)));
        assert_eq!(parse("1.5h"), Some(Duration::from_secs(5400)));
        assert_eq!(parse("2m"), Some(Duration::from_secs(120)));
        assert_eq!(parse("0.000000001s"), Some(Duration::from_nanos(1)));
        assert_eq!(parse("0.0001us"), None);
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            "s",
            "5",
            "1.s",
            ".5s",
            "1,2s",
            "-1s",
            "1 s",
            "1.2.3s",
            "1e3s",
            "1sec",
            "9999999999999s",
            "999999999999h",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_printed_is_read_again() {
        for text in [
            "0s",
            "2.55s",
            "10ms",
            "32.5ms",
            "250us",
            "7200s",
            "0.001us",
            "1.000000001s",
        ] {
            let duration = parse(text).expect("valid");
            assert_eq!(super::text(duration), text);
        }
    }

    #[test]
    fn terms_of_a_sum_have_one_unit() {
        let sum = Duration::from_millis(2550);
        assert_eq!(text_like(Duration::from_millis(150), sum), "0.15s");
        assert_eq!(text_like(Duration::ZERO, sum), "0s");
        assert_eq!(
            text_like(Duration::from_micros(2500), Duration::from_millis(32)),
            "2.5ms"
        );
    }

    #[test]
    fn sizes_are_printed_as_they_are_read() {
        for text in ["64MiB", "65KiB", "1024KiB", "1GiB", "1025MiB", "2000GiB"] {
            let bytes = parse_size(text).expect("valid");
            assert_eq!(parse_size(&size_text(bytes)), Some(bytes), "{text}");
        }
        assert_eq!(size_text(64 << 20), "64MiB");
        assert_eq!(size_text(1024 << 30), "1024GiB");
        assert_eq!([0, 1500].map(size_text), ["0B", "1500B"]);
    }

    #[test]
    fn sizes_have_binary_units() {
        assert_eq!(parse_size("64MiB"), Some(64 << 20));
        assert_eq!(parse_size("1KiB"), Some(1024));
        assert_eq!(parse_size("2GiB"), Some(2 << 30));
        for text in [
            "",
            "64",
            "MiB",
            "64MB",
            "1.5MiB",
            "99999999999999GiB",
            "+1KiB",
        ] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }
}
