//! What a round consists of: one datagram an entry, all laid out beforehand.
//!
//! The awkward case is a round of thousands of datagrams in a thread that may not page-fault: every buffer is
//! made, and written to, when the entries are replaced, and used again round after round.

use std::collections::HashSet;
use std::sync::Arc;

use heartbeat_ebpf::tag::Subkey;
use heartbeat_ebpf::time::Timestamp;
use heartbeat_ebpf::wire::Header;

use super::Entry;
use super::timetable::{Due, News, Wanted};
use crate::clock;
use crate::maps::Shared;
use crate::socket::batch::Batch;
use crate::socket::{Route, Sockets};

/// The entries, by network, and their buffers.
pub struct Rounds {
    sockets: Sockets,
    shared: Arc<Shared>,
    signature: Option<Subkey>,
    flags: u8,
    entries: Vec<Entry>,
    batch: Batch,
    chosen: Vec<usize>,
}

impl Rounds {
    /// No entries yet.
    pub fn new(sockets: Sockets, shared: Arc<Shared>) -> Self {
        Rounds {
            sockets,
            shared,
            signature: None,
            flags: 0,
            entries: Vec::new(),
            batch: Batch::new(&[]),
            chosen: Vec::new(),
        }
    }

    /// Replaces the entries, and says which networks want rounds and where something is new.
    pub fn replace(&mut self, entries: Vec<Entry>, signature: Option<Subkey>) -> Vec<Wanted> {
        let mut entries = entries;
        entries.sort_by_key(|entry| entry.network);
        let wanted = compare(&self.entries, &entries);
        let routes: Vec<Route> = entries.iter().map(|entry| entry.route).collect();
        self.batch = Batch::new(&routes);
        for (entry, payload) in entries.iter().zip(&mut self.batch.payloads) {
            *payload = entry.template.encode(None);
        }
        self.chosen = Vec::with_capacity(entries.len());
        self.signature = signature;
        self.entries = entries;
        wanted
    }

    /// Sets a flag in every header from now on.
    pub fn raise(&mut self, flag: u8) {
        self.flags |= flag;
    }

    /// Sends one round on each of these networks.
    pub fn send(&mut self, due: &[Due]) {
        self.chosen.clear();
        for Due { network, .. } in due {
            self.shared.networks()[*network].sent.add(1);
            let begin = self
                .entries
                .partition_point(|entry| entry.network < *network);
            let end = self
                .entries
                .partition_point(|entry| entry.network <= *network);
            self.chosen.extend(begin..end);
        }
        self.fill();
        let results = self.batch.send(&self.sockets, &self.chosen);
        for position in &self.chosen {
            for sent in &self.entries[*position].sent {
                sent.count(results[*position]);
            }
        }
    }

    /// When the main loop last made progress, ns; 0: never.
    pub fn progress(&self) -> u64 {
        self.shared.node().progress.get()
    }

    fn fill(&mut self) {
        let now = clock::now();
        let progress = Timestamp::from_ns(self.progress()).unwrap_or(now);
        let age_ms = u16::try_from(now.since(progress).as_millis()).unwrap_or(u16::MAX);
        for position in &self.chosen {
            let entry = &self.entries[*position];
            let heard = match entry.slot {
                Some(slot) => self.shared.slots()[slot].sequence.get(),
                None => entry.template.heard,
            };
            let header = Header {
                flags: entry.template.flags | self.flags,
                agent_age_ms: age_ms,
                sequence: self.shared.networks()[entry.network].sent.get(),
                sent: now.ns(),
                heard,
                ..entry.template
            };
            self.batch.payloads[*position] = header.encode(self.signature.as_ref());
        }
    }
}

/// What the networks of `new` want, where both are sorted by network. Something is new to a network's peers
/// where an entry goes to another place or carries another incarnation than any before; what else changes in
/// a header can wait for the next round, and nobody waits for an entry that is gone.
fn compare(old: &[Entry], new: &[Entry]) -> Vec<Wanted> {
    let told = |entry: &Entry| {
        let (route, template) = (&entry.route, &entry.template);
        let place = (route.local, route.remote, route.interface);
        (
            entry.network,
            place,
            template.receiver,
            template.incarnation,
        )
    };
    let known: HashSet<_> = old.iter().map(told).collect();
    let wanted = |group: &[Entry]| Wanted {
        network: group[0].network,
        interval: group[0].interval,
        news: if group.iter().all(|entry| known.contains(&told(entry))) {
            News::Nothing
        } else {
            News::Something
        },
    };
    new.chunk_by(|a, b| a.network == b.network)
        .map(wanted)
        .collect()
}

#[cfg(test)]
mod tests;
