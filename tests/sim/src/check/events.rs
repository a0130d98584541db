//! E1 to E4: what is told is true, and in the order in which it must be told.

use std::collections::BTreeSet;

use heartbeat_core::Timestamp;

use super::{Checks, Property};
use crate::script::letter;
use crate::truth::Disturbed;

/// Interfaces that were told to be failed or unreachable and not to be up since: node and network.
pub type Standings = BTreeSet<(usize, usize)>;

/// One event, as far as it is checked.
#[derive(Clone, Copy, Debug)]
pub enum Told {
    /// 1123.
    PathLost {
        /// The last heartbeat before the silence, on the observer's clock.
        last_arrival: Timestamp,
        /// When it became too long.
        deadline: Timestamp,
        /// Until when it had lasted: until now, or until it ended.
        until: Timestamp,
    },
    /// 334313.
    PathLate {
        /// Whose heartbeats are late or lost,
        from: usize,
        /// on their way to whom,
        to: usize,
        /// and whether something was wrong on that way twice at least in the time that counts.
        disturbed: Disturbed,
    },
    /// 1125.
    InterfaceUp(usize, usize),
    /// 1126 or 1127.
    InterfaceDown(usize, usize),
    /// 1135.
    MemberRemoved(usize),
    /// 1177.
    QuorumLost,
}

impl Checks {
    /// A node told something. `networks` are those that it shares with whom it is about.
    pub fn told(&mut self, now: u64, node: usize, told: Told, networks: &[usize]) {
        match told {
            Told::PathLost {
                last_arrival,
                deadline,
                until,
            } => {
                if deadline <= last_arrival || until < deadline {
                    let text = format!("{} told 1123 of a path that was heard", letter(node));
                    self.fail(Property::E1, now, text);
                }
            }
            Told::PathLate {
                from,
                to,
                disturbed,
            } => match disturbed {
                Disturbed::Lately => {}
                Disturbed::No => {
                    let (node, from, to) = (letter(node), letter(from), letter(to));
                    let text = format!("{node} told 334313 of a sound way from {from} to {to}");
                    self.fail(Property::E4, now, text);
                }
            },
            Told::InterfaceUp(other, network) => {
                self.seats[node].told.remove(&(other, network));
            }
            Told::InterfaceDown(other, network) => {
                self.seats[node].told.insert((other, network));
            }
            Told::MemberRemoved(gone) => {
                let seat = &self.seats[node];
                let missing = networks
                    .iter()
                    .find(|network| !seat.told.contains(&(gone, **network)));
                if let Some(network) = missing {
                    let (node, gone) = (letter(node), letter(gone));
                    let network = network + 1;
                    let text = format!("{node} told 1135 of {gone} without 1126 on net-{network}");
                    self.fail(Property::E2, now, text);
                }
            }
            Told::QuorumLost => {
                if !self.seats[node].had_quorum {
                    let text = format!("{} told 1177 and never had quorum", letter(node));
                    self.fail(Property::E3, now, text);
                }
                self.seats[node].had_quorum = false;
            }
        }
    }
}
