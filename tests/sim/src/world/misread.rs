//! What an agent reads wrongly, where that is what is broken.

use std::time::Duration;

use heartbeat_core::Timestamp;
use heartbeat_core::arrival::Arrival;

use super::World;
use crate::mutant::Mutant;

/// Intervals by which stamps are taken for older than they are: more than any path may be silent.
const OLDER: u32 = 100;
/// Arrivals for each that is counted as lost.
const COUNTED: u64 = 16;

impl World {
    /// What the first node's agent makes of its paths.
    pub(super) fn misread(&mut self, arrivals: &mut [Arrival]) {
        match self.plan.mutant {
            Mutant::Blind if self.quiet.is_formed() => {
                let paths = &self.hosts[0].paths;
                let first = paths[0].0;
                let count = paths.iter().filter(|(peer, _)| *peer == first).count();
                blind(&mut arrivals[..count], &mut self.blinded);
            }
            Mutant::OldStamps if self.quiet.is_formed() => arrivals.iter_mut().for_each(age),
            Mutant::Miscounts => {
                for arrival in arrivals {
                    arrival.lost += arrival.arrivals / COUNTED;
                }
            }
            _ => {}
        }
    }
}

/// Shows these paths as they were when they were first looked at like this.
fn blind(arrivals: &mut [Arrival], seen: &mut [Option<Arrival>]) {
    for (arrival, seen) in arrivals.iter_mut().zip(seen) {
        *arrival = *seen.get_or_insert(*arrival);
    }
}

fn age(arrival: &mut Arrival) {
    let interval = arrival.announced_interval.unwrap_or(Duration::from_secs(1));
    let by = u64::try_from((interval * OLDER).as_nanos()).unwrap_or(u64::MAX);
    for stamp in [&mut arrival.last, &mut arrival.previous] {
        *stamp = stamp.and_then(|stamp| Timestamp::from_ns(stamp.ns().saturating_sub(by).max(1)));
    }
}
