//! What is kept of the exchange with each peer.

use std::collections::BTreeMap;

use heartbeat_ebpf::ids::{Incarnation, NodeId};

use super::assembly::{Assembly, Fragment};
use super::datagram::{Class, Datagram};
use super::parcel::{Outcome, Settled, Standing};
use super::verdict::Verdict;
use super::window::Window;

/// Bytes of incomplete messages that are kept of all peers together.
const HELD_MAX: usize = 4 * 1024 * 1024;

/// One peer.
#[derive(Clone, Debug, Default)]
pub struct Correspondent {
    /// The number of the last datagram to it.
    sent: u64,
    window: Window,
    control: Assembly,
    parcel: Assembly,
    settings: Assembly,
    settled: Settled,
}

/// All peers.
#[derive(Clone, Debug, Default)]
pub struct Correspondents {
    peers: BTreeMap<NodeId, Correspondent>,
    /// What the numbers of datagrams to a peer begin after: one that was gone and comes back takes a number that it
    /// had for a replay.
    floor: u64,
    held: usize,
}

impl Correspondents {
    /// The number of the first of so many datagrams to a peer.
    pub fn number(&mut self, peer: NodeId, datagrams: u64) -> u64 {
        let floor = self.floor;
        let known = self.peers.entry(peer);
        let sent = &mut known.or_insert_with(|| Correspondent::after(floor)).sent;
        let first = *sent + 1;
        *sent += datagrams;
        first
    }

    /// Why a datagram of a peer is not to be taken, as far as its number tells.
    pub fn refuse(&self, peer: NodeId, run: Incarnation, sequence: u64) -> Option<Verdict> {
        self.peers.get(&peer)?.window.refuse(run, sequence)
    }

    /// Takes an authentic, new datagram of a peer, and returns the message that it completes.
    pub fn take(&mut self, peer: NodeId, datagram: &Datagram<'_>) -> Option<Vec<u8>> {
        let floor = self.floor;
        let known = self.peers.entry(peer);
        let known = known.or_insert_with(|| Correspondent::after(floor));
        let before = known.held();
        let run = Incarnation(datagram.header.incarnation);
        let earlier = known.window.run() != run;
        if !known.window.take(run, datagram.header.sequence) {
            return None;
        }
        if earlier {
            known.control.forget();
            known.parcel.forget();
            known.settings.forget();
        }
        let message = known.assemble(datagram);
        self.held = self.held - before + known.held();
        if HELD_MAX < self.held {
            self.forget_incomplete();
        }
        message
    }

    /// Where a peer's parcel stands: one that has come before is not judged anew.
    pub fn standing(&self, peer: NodeId, run: Incarnation, number: u64) -> Standing {
        let known = self.peers.get(&peer);
        known.map_or(Standing::New, |known| known.settled.standing(run, number))
    }

    /// Keeps what became of a peer's parcel.
    pub fn settle(&mut self, peer: NodeId, run: Incarnation, number: u64, outcome: Outcome) {
        if let Some(known) = self.peers.get_mut(&peer) {
            known.settled.note(run, number, outcome);
        }
    }

    /// Forgets all peers but these.
    pub fn keep_only(&mut self, peers: &[NodeId]) {
        let gone = self.peers.extract_if(.., |peer, _| !peers.contains(peer));
        for (_, gone) in gone {
            self.floor = self.floor.max(gone.sent);
            self.held -= gone.held();
        }
    }

    /// Only holders of the key can bring this about; what was sent again comes whole later.
    fn forget_incomplete(&mut self) {
        for known in self.peers.values_mut() {
            known.control.forget();
            known.parcel.forget();
            known.settings.forget();
        }
        self.held = 0;
    }
}

impl Correspondent {
    fn after(floor: u64) -> Self {
        Correspondent {
            sent: floor,
            ..Correspondent::default()
        }
    }

    fn assemble(&mut self, datagram: &Datagram<'_>) -> Option<Vec<u8>> {
        let fragment = Fragment {
            number: datagram.envelope.number,
            place: datagram.envelope.fragment,
            of: datagram.envelope.fragments,
            content: datagram.content,
        };
        match datagram.envelope.class {
            Class::Control => self.control.add(fragment),
            Class::Parcel => self.parcel.add(fragment),
            Class::Settings => self.settings.add(fragment),
            // They are a few words, and never cut.
            Class::Receipt | Class::Inquiry => {
                (fragment.of == 1).then(|| fragment.content.to_vec())
            }
        }
    }

    fn held(&self) -> usize {
        self.control.bytes() + self.parcel.bytes() + self.settings.bytes()
    }
}

#[cfg(test)]
mod tests;
