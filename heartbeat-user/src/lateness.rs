//! How late the agent itself is: its main loop, and its sender.
//!
//! A monitor that can't tell its own lateness from other people's silence accuses the wrong ones. Verdicts
//! come from stamps, so a late loop judges right, if late; but an operator must see when this host is too busy
//! to judge in time (334309), and a late sender is what its peers will call a missed heartbeat.
//!
//! The awkward case is the sender, which must never wait for a thread of lower priority that holds a lock and
//! does not get to run. So nothing here has one.

mod recent;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use prometheus::{Histogram, HistogramOpts};

use crate::clock;
use recent::Recent;

pub use heartbeat_core::starvation::Part;

/// Lateness of both parts, and the time that sweeps take; shared by the threads that measure and show it.
pub struct Lateness {
    main: Measured,
    sender: Measured,
    sweeps: Histogram,
}

/// Lateness of one part.
struct Measured {
    all: Histogram,
    recent: Recent,
    /// The largest since somebody asked, ns.
    worst: AtomicU64,
}

impl Lateness {
    /// Nothing recorded yet.
    pub fn new() -> prometheus::Result<Self> {
        Ok(Lateness {
            main: Measured::new(
                "heartbeat_agent_lateness_seconds",
                "How late the agent's main loop woke up; restarts at 0 with the agent.",
            )?,
            sender: Measured::new(
                "heartbeat_sender_lateness_seconds",
                "How late the agent's sender was with a round of heartbeats; restarts at 0 with the agent.",
            )?,
            sweeps: histogram(
                "heartbeat_sweep_duration_seconds",
                "Time one sweep of all slots and what followed from it took; restarts at 0 with the agent.",
                &[
                    1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 1e-2, 0.1,
                ],
            )?,
        })
    }

    /// Records how late a part was: from the moment it wanted to act to the moment it did.
    pub fn record(&self, part: Part, late: Duration) {
        self.of(part).all.observe(late.as_secs_f64());
        self.worsen(part, late);
    }

    /// Records that what was recorded last turned out to be so late.
    pub fn worsen(&self, part: Part, late: Duration) {
        let measured = self.of(part);
        measured.recent.record(clock::now(), late);
        let ns = u64::try_from(late.as_nanos()).unwrap_or(u64::MAX);
        measured.worst.fetch_max(ns, Relaxed);
    }

    /// Records what a sweep took.
    pub fn swept(&self, took: Duration) {
        self.sweeps.observe(took.as_secs_f64());
    }

    /// A part's largest lateness of the last minute.
    pub fn max_1m(&self, part: Part) -> Duration {
        self.of(part).recent.max(clock::now())
    }

    /// A part's largest lateness since this was last asked; zero where nothing was recorded.
    pub fn take_worst(&self, part: Part) -> Duration {
        Duration::from_nanos(self.of(part).worst.swap(0, Relaxed))
    }

    /// All histograms, for the metrics page.
    pub fn histograms(&self) -> [Histogram; 3] {
        [&self.main.all, &self.sender.all, &self.sweeps].map(Clone::clone)
    }

    fn of(&self, part: Part) -> &Measured {
        match part {
            Part::Loop => &self.main,
            Part::Sender => &self.sender,
        }
    }
}

impl Measured {
    fn new(name: &str, help: &str) -> prometheus::Result<Self> {
        let buckets = [
            1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1.0, 5.0,
        ];
        Ok(Measured {
            all: histogram(name, help, &buckets)?,
            recent: Recent::default(),
            worst: AtomicU64::new(0),
        })
    }
}

fn histogram(name: &str, help: &str, buckets: &[f64]) -> prometheus::Result<Histogram> {
    Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_its_own_worst_and_it_is_told_once() {
        let lateness = Lateness::new().unwrap();
        lateness.record(Part::Loop, Duration::from_millis(3));
        lateness.record(Part::Loop, Duration::from_millis(2));
        lateness.record(Part::Sender, Duration::from_millis(7));
        assert_eq!(lateness.take_worst(Part::Loop), Duration::from_millis(3));
        assert_eq!(lateness.take_worst(Part::Loop), Duration::ZERO);
        assert_eq!(lateness.take_worst(Part::Sender), Duration::from_millis(7));
        assert_eq!(lateness.max_1m(Part::Loop), Duration::from_millis(3));
        assert_eq!(lateness.max_1m(Part::Sender), Duration::from_millis(7));
    }

    #[test]
    fn both_parts_and_the_sweeps_are_shown() {
        let lateness = Lateness::new().unwrap();
        lateness.record(Part::Loop, Duration::from_millis(3));
        lateness.record(Part::Sender, Duration::from_millis(7));
        lateness.record(Part::Sender, Duration::from_millis(7));
        lateness.swept(Duration::from_micros(7));
        let counts = lateness
            .histograms()
            .map(|histogram| histogram.get_sample_count());
        assert_eq!(counts, [1, 2, 1]);
    }
}
