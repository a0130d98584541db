//! Early warnings of paths, with what the peer's other paths say to them.
//!
//! A peer whose sender is late is late on all its networks, and whoever looks for a bad cable then looks for nothing.
//! The awkward case is that its paths do not reach their bounds in the same sweep, so half a bound counts as company.

use alloc::vec::Vec;
use core::time::Duration;

use heartbeat_ebpf::time::Timestamp;

use super::Node;
use crate::config::PathIndex;
use crate::event::Event;
use crate::path::PathState;
use crate::strain::{Spread, Strain, Strains, Warning};

impl Node {
    /// What strains one of its paths, or `None` past the last.
    pub fn strains(&self, index: PathIndex) -> Option<&Strains> {
        let watched = self.paths.get(index.position());
        watched.map(|watched| &watched.strains)
    }

    /// Tells 334313 of these paths.
    pub(super) fn warn(&mut self, now: Timestamp, strained: Vec<(PathIndex, Strain)>) {
        for (path, strain) in strained {
            let spread = self.spread(path, strain);
            let strains = &mut self.paths[path.position()].strains;
            strains.tell(now);
            self.events.push(Event::PathLate {
                path,
                judged: now,
                warning: Warning {
                    strain,
                    tally: strains.last_minute(),
                    spread,
                },
            });
        }
    }

    /// What a part of this agent that was late may have caused is nobody else's strain: half an interval is what
    /// makes a heartbeat late.
    pub(super) fn excuse(&mut self, late: Duration) {
        for watched in &mut self.paths {
            if watched.path.judged_interval() / 2 < late {
                watched.strains.excuse();
            }
        }
    }

    fn spread(&self, path: PathIndex, strain: Strain) -> Spread {
        let peer = self.paths[path.position()].peer;
        let others = self.paths.iter().enumerate().filter(|(place, watched)| {
            let up = matches!(watched.path.state(), PathState::Up);
            up && watched.peer == peer && *place != path.position()
        });
        let (alike, count) = others.fold((true, 0), |(alike, count), (_, watched)| {
            (alike && watched.strains.hints_at(strain), count + 1)
        });
        if alike && 0 < count {
            Spread::Peer
        } else {
            Spread::Path
        }
    }
}
