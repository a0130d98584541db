//! How late the agent's own loop is.
//!
//! A monitor that can't tell its own lateness from other people's silence accuses the wrong ones. Verdicts do
//! not depend on these figures, for they come from stamps; but an operator must see when this host is too
//! busy to judge in time.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use heartbeat_ebpf::time::Timestamp;
use prometheus::{Histogram, HistogramOpts};

use crate::clock;

/// Window of the maximum.
const WINDOW: Duration = Duration::from_secs(60);
/// The window moves in steps of this.
const STEP: Duration = Duration::from_secs(1);

/// Histograms of lateness and of the time that sweeps take; shared with metrics.
pub struct Lateness {
    /// From the moment the loop wanted to wake to the moment it did, s.
    pub lateness: Histogram,
    /// What one sweep with all that follows took, s.
    pub sweeps: Histogram,
    maxima: Mutex<VecDeque<(Timestamp, Duration)>>,
}

impl Lateness {
    /// Nothing recorded yet.
    pub fn new() -> prometheus::Result<Self> {
        let histogram = |name: &str, help: &str, buckets: &[f64]| {
            Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))
        };
        Ok(Lateness {
            lateness: histogram(
                "heartbeat_agent_lateness_seconds",
                "How late the agent's main loop woke up; restarts at 0 with the agent.",
                &[
                    1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5,
                    1.0, 5.0,
                ],
            )?,
            sweeps: histogram(
                "heartbeat_sweep_duration_seconds",
                "Time one sweep of all slots and what followed from it took; restarts at 0 with the agent.",
                &[
                    1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 1e-2, 0.1,
                ],
            )?,
            maxima: Mutex::default(),
        })
    }

    /// Records one awakening.
    pub fn record(&self, late: Duration) {
        self.lateness.observe(late.as_secs_f64());
        let now = clock::now();
        let Ok(mut maxima) = self.maxima.lock() else {
            return;
        };
        match maxima.back_mut() {
            Some((since, largest)) if now.since(*since) < STEP => *largest = late.max(*largest),
            _ => maxima.push_back((now, late)),
        }
        while maxima
            .front()
            .is_some_and(|(since, _)| WINDOW < now.since(*since))
        {
            maxima.pop_front();
        }
    }

    /// Records what a sweep took.
    pub fn swept(&self, took: Duration) {
        self.sweeps.observe(took.as_secs_f64());
    }

    /// The largest lateness of the last minute.
    pub fn max_1m(&self) -> Duration {
        let now = clock::now();
        let recent = |(since, _): &&(Timestamp, Duration)| now.since(*since) <= WINDOW;
        let largest =
            |maxima: &VecDeque<_>| maxima.iter().filter(recent).map(|(_, late)| *late).max();
        self.maxima
            .lock()
            .ok()
            .and_then(|maxima| largest(&maxima))
            .unwrap_or_default()
    }
}
