//! How late the agents were.
//!
//! A path's deadline is a fact: the last arrival and the missed heartbeats after it. How long after it
//! the agent judged, and how long until the event was written, is the product's own doing, and what a
//! comparison with other detectors should look at.

use std::time::Duration;

use anyhow::Result;

use crate::lab::event::{Event, PATH_LOST};

/// Lateness of a set of lost paths against their deadlines.
#[derive(Clone, Debug, Default)]
pub struct Lateness {
    judged: Vec<Duration>,
    written: Vec<Duration>,
}

impl Lateness {
    /// Of all 1123 among these events.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Self> {
        let mut lateness = Lateness::default();
        for event in events.into_iter().filter(|event| event.id == PATH_LOST) {
            let deadline = event.evidence("deadline_ns")?;
            let after = |stamp: u64| Duration::from_nanos(stamp.saturating_sub(deadline));
            lateness.judged.push(after(event.evidence("judged_ns")?));
            lateness.written.push(after(event.evidence("emitted_ns")?));
        }
        lateness.judged.sort_unstable();
        lateness.written.sort_unstable();
        Ok(lateness)
    }

    /// From the deadline to the verdict: median and maximum, if anything was lost.
    pub fn judged(&self) -> Option<Spread> {
        Spread::of(&self.judged)
    }

    /// From the deadline to the event: median and maximum, if anything was lost.
    pub fn written(&self) -> Option<Spread> {
        Spread::of(&self.written)
    }
}

/// Median and maximum of some durations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spread {
    /// Half of them are at most this.
    pub median: Duration,
    /// All of them are at most this.
    pub max: Duration,
}

impl Spread {
    fn of(sorted: &[Duration]) -> Option<Self> {
        Some(Spread {
            median: sorted[sorted.len().checked_sub(1)? / 2],
            max: *sorted.last()?,
        })
    }
}

/// Milliseconds with two decimals, which is as fine as it gets here, without unit.
pub fn in_ms(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_of_nothing_is_nothing() {
        assert_eq!(Spread::of(&[]), None);
        let ms = Duration::from_millis;
        assert_eq!(
            Spread::of(&[ms(1), ms(2), ms(9)]),
            Some(Spread {
                median: ms(2),
                max: ms(9)
            })
        );
        assert_eq!(
            Spread::of(&[ms(1), ms(2)]),
            Some(Spread {
                median: ms(1),
                max: ms(2)
            })
        );
    }
}
