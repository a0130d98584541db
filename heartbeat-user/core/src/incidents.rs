//! What happened to this node itself lately, as far as it bears on who hears whom.
//!
//! A node that was not scheduled, whose interface was down or whose kernel refused to send is why its peers missed it,
//! and nobody but itself can say so. The awkward case is that they ask afterwards, about a moment that is over. So the
//! last incidents are kept, each with the time it took.

use alloc::collections::VecDeque;
use core::time::Duration;

use heartbeat_ebpf::time::Timestamp;

use crate::cause::OwnSide;
use crate::config::{NetworkIndex, PathIndex};
use crate::interface::Soundness;
use crate::starvation::Part;

/// Incidents that are kept; older ones give way.
pub const KEPT: usize = 256;

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// A part of the agent was late for all of that time, and waited for a CPU for so long of it.
    Late(Part, Duration),
    /// The whole machine stood still.
    Paused,
    /// Our interface to a network was down.
    InterfaceDown(NetworkIndex),
    /// Our kernel refused so many heartbeats on a path.
    Refused(PathIndex, u32),
    /// Our interface to a network, or what is behind it, dropped frames.
    Dropped(NetworkIndex, Drops),
}

/// How many frames were dropped: which way a frame went decides who missed it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Drops {
    /// Of those that came, by the interface or by the stack before XDP.
    pub received: u32,
    /// Of those that were to be sent, by the interface.
    pub unsent: u32,
}

/// One incident; of what lasts, the end is moved on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Incident {
    what: What,
    from: Timestamp,
    until: Timestamp,
}

/// The last incidents, oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Incidents {
    kept: VecDeque<Incident>,
    /// Since when each interface is down, by network.
    down: alloc::vec::Vec<Option<Timestamp>>,
}

impl Incidents {
    /// Notes what happened from `from` until `until`.
    pub fn note(&mut self, what: What, from: Timestamp, until: Timestamp) {
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(Incident { what, from, until });
    }

    /// Our interface to a network is in this state at `now`.
    pub fn sound(&mut self, now: Timestamp, network: NetworkIndex, soundness: Soundness) {
        let place = network.position();
        if self.down.len() <= place {
            self.down.resize(place + 1, None);
        }
        match soundness {
            Soundness::Failed => {
                self.down[place].get_or_insert(now);
            }
            Soundness::Sound | Soundness::Unknown => {
                if let Some(from) = self.down[place].take() {
                    self.note(What::InterfaceDown(network), from, now);
                }
            }
        }
    }

    /// Everything of a network and a path that overlaps this time; `until` is no later than now.
    pub fn within(
        &self,
        from: Timestamp,
        until: Timestamp,
        network: NetworkIndex,
        path: PathIndex,
    ) -> OwnSide {
        let mut side = OwnSide::default();
        for incident in &self.kept {
            let overlap = incident.overlap(from, until);
            if let Some(overlap) = overlap {
                incident.what.add(overlap, network, path, &mut side);
            }
        }
        let down = self.down.get(network.position()).copied().flatten();
        if let Some(since) = down.filter(|since| *since <= until) {
            side.interface_down += until.since(since.max(from)).max(Duration::from_nanos(1));
        }
        side
    }

    /// Forgets what belongs to paths and networks, whose places have changed.
    pub fn reconfigure(&mut self) {
        self.kept.retain(|incident| match incident.what {
            What::Late(..) | What::Paused => true,
            What::InterfaceDown(_) | What::Refused(..) | What::Dropped(..) => false,
        });
        self.down.clear();
    }
}

impl Incident {
    /// How long of it lies in this time; `None`: it does not touch it.
    fn overlap(&self, from: Timestamp, until: Timestamp) -> Option<Duration> {
        let (from, until) = (from.max(self.from), until.min(self.until));
        (from <= until).then(|| until.since(from))
    }
}

impl What {
    fn add(self, overlap: Duration, network: NetworkIndex, path: PathIndex, side: &mut OwnSide) {
        match self {
            What::Late(part, waited) => {
                let late = match part {
                    Part::Loop => &mut side.late,
                    Part::Sender => &mut side.sender_late,
                };
                *late = overlap.max(*late);
                side.waited = waited.max(side.waited);
            }
            What::Paused => side.paused += overlap,
            What::InterfaceDown(of) if of == network => side.interface_down += overlap,
            What::Refused(of, count) if of == path => side.refused += count,
            What::Dropped(of, drops) if of == network => {
                side.dropped = side.dropped.saturating_add(drops.received);
                side.unsent = side.unsent.saturating_add(drops.unsent);
            }
            What::InterfaceDown(_) | What::Refused(..) | What::Dropped(..) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORK: NetworkIndex = NetworkIndex(1);
    const PATH: PathIndex = PathIndex(3);

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_ns(ms * 1_000_000).expect("not zero")
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn only_what_overlaps_counts_and_only_as_far_as_it_does() {
        let mut incidents = Incidents::default();
        incidents.note(What::Late(Part::Sender, ms(80)), at(100), at(300));
        incidents.note(What::Paused, at(250), at(400));
        incidents.note(What::Refused(PATH, 3), at(260), at(260));
        incidents.note(What::Refused(PathIndex(0), 9), at(260), at(260));
        let drops = Drops {
            received: 5,
            unsent: 2,
        };
        incidents.note(What::Dropped(NETWORK, drops), at(500), at(600));
        let elsewhere = What::Dropped(NetworkIndex(0), drops);
        incidents.note(elsewhere, at(500), at(600));
        let side = incidents.within(at(200), at(350), NETWORK, PATH);
        let expected = OwnSide {
            sender_late: ms(100),
            waited: ms(80),
            paused: ms(100),
            refused: 3,
            ..OwnSide::default()
        };
        assert_eq!(side, expected);
        let later = incidents.within(at(401), at(700), NETWORK, PATH);
        let told = (later.dropped, later.unsent, later.paused);
        assert_eq!(told, (5, 2, ms(0)));
    }

    #[test]
    fn an_interface_that_is_still_down_counts_until_now() {
        let mut incidents = Incidents::default();
        incidents.sound(at(100), NETWORK, Soundness::Failed);
        incidents.sound(at(150), NETWORK, Soundness::Failed);
        let down = |incidents: &Incidents, from, until| {
            incidents
                .within(at(from), at(until), NETWORK, PATH)
                .interface_down
        };
        assert_eq!(down(&incidents, 50, 300), ms(200));
        incidents.sound(at(300), NETWORK, Soundness::Sound);
        assert_eq!(down(&incidents, 200, 900), ms(100));
        assert_eq!(down(&incidents, 400, 900), ms(0));
    }

    #[test]
    fn old_incidents_give_way() {
        let mut incidents = Incidents::default();
        for step in 1..=KEPT as u64 + 1 {
            incidents.note(What::Paused, at(step * 10), at(step * 10 + 1));
        }
        assert_eq!(incidents.kept.len(), KEPT);
        assert_eq!(incidents.within(at(1), at(12), NETWORK, PATH).paused, ms(0));
    }
}
