//! What really happened: who heard whom, and when, by the world's own time.
//!
//! The core judges by what each node's kernel has stamped and what others say; the checkers judge the core by
//! this. It is kept where the events happen, and knows nothing of what any core believes.

use crate::lanes::Way;
use crate::shape::{Shape, Variation};

/// A silence on one path that was longer than two intervals, on the receiver's clock: the arrival before it
/// and the one after it.
pub type Silence = (u64, u64);

/// How long a disturbance can be what a path is told to be strained by, ns: a minute in which it counts, and another
/// for which strain lasts.
const STRAINS: u64 = 120_000_000_000;

/// Whether heartbeats on a way were lost, delayed or not sent in time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disturbed {
    /// Two of them at least, and not too long ago.
    Lately,
    /// They were not.
    No,
}

/// Who heard whom.
#[derive(Debug)]
pub struct Truth {
    nodes: usize,
    networks: usize,
    /// By network, receiver and sender: when a heartbeat was last recorded, ns of the world; 0: never.
    heard: Vec<u64>,
    /// The same of a message or an echo reply.
    answered: Vec<u64>,
    /// By receiver and sender: when a silence that reached the suspicion time on every network that counts last
    /// ended; 0: never.
    silent_until: Vec<u64>,
    /// By node: how many missed heartbeats later it suspects, by the least patient of its configurations.
    patience: Vec<u32>,
    /// By node: when its agent was last told that it was late itself, ns of the world, and by how much.
    late: Vec<Option<(u64, u64)>>,
    /// By network, receiver and sender: silences that ended.
    silences: Vec<Vec<Silence>>,
    /// By network, receiver and sender: when heartbeats were last disturbed, the last two times, ns of the world;
    /// 0: never.
    disturbed: Vec<[u64; 2]>,
}

impl Truth {
    /// Nobody has heard anybody.
    pub fn new(shape: &Shape) -> Self {
        let (nodes, networks) = (shape.nodes(), shape.networks.len());
        let ways = networks * nodes * nodes;
        Truth {
            nodes,
            networks,
            heard: vec![0; ways],
            answered: vec![0; ways],
            silent_until: vec![0; nodes * nodes],
            patience: shape.variations.iter().map(|one| one.patience).collect(),
            late: vec![None; nodes],
            silences: vec![Vec::new(); ways],
            disturbed: vec![[0; 2]; ways],
        }
    }

    /// `to` recorded a heartbeat of `from`.
    pub fn hear(&mut self, shape: &Shape, now: u64, to: usize, from: usize, network: usize) {
        if self.is_silent(shape, now, to, from) {
            self.silent_until[to * self.nodes + from] = now;
        }
        let way = self.way(network, to, from);
        self.heard[way] = now;
    }

    /// A silence on one path ended; both moments are of the receiver's clock.
    pub fn fell_silent(&mut self, network: usize, to: usize, from: usize, silence: Silence) {
        let way = self.way(network, to, from);
        self.silences[way].push(silence);
    }

    /// A heartbeat on this way was lost, delayed or not sent in time.
    pub fn disturb(&mut self, now: u64, way: Way) {
        let way = self.way(way.network, way.to, way.from);
        self.disturbed[way] = [self.disturbed[way][1], now];
    }

    /// Whether that happened so often and so lately that it may be told.
    pub fn disturbed(&self, now: u64, way: Way) -> Disturbed {
        let [earlier, _] = self.disturbed[self.way(way.network, way.to, way.from)];
        if earlier != 0 && now <= earlier + STRAINS {
            Disturbed::Lately
        } else {
            Disturbed::No
        }
    }

    /// A message, or the reply to an echo request, arrived on its way.
    pub fn answer(&mut self, now: u64, way: Way) {
        let way = self.way(way.network, way.to, way.from);
        self.answered[way] = now;
    }

    /// A node goes by another configuration.
    pub fn reconfigure(&mut self, node: usize, variation: Variation) {
        self.patience[node] = self.patience[node].min(variation.patience);
    }

    /// A node's agent learns by how much it was late: for the suspicion time its word against others may not count.
    pub fn late(&mut self, now: u64, node: usize, by: u64) {
        self.late[node] = Some((now, by));
    }

    /// By how much a node was late that has been cautious since `since`, or may be.
    pub fn lateness(&self, since: u64, node: usize) -> Option<u64> {
        let (_, by) = self.late[node].filter(|(at, _)| since <= *at)?;
        Some(by)
    }

    /// A host lost its records: what was silent before it is forgotten.
    pub fn reboot(&mut self, node: usize) {
        for network in 0..self.networks {
            for from in 0..self.nodes {
                let way = self.way(network, node, from);
                self.silences[way].clear();
            }
        }
    }

    /// When `to` last recorded a heartbeat of `from` on a network, ns of the world; 0: never.
    pub fn heard(&self, network: usize, to: usize, from: usize) -> u64 {
        self.heard[self.way(network, to, from)]
    }

    /// The same, or when a message of it or its answer to an echo request came.
    pub fn answered(&self, network: usize, to: usize, from: usize) -> u64 {
        let way = self.way(network, to, from);
        self.heard[way].max(self.answered[way])
    }

    /// Whether `to` has now heard nothing of `from` for the suspicion time on every network that counts.
    pub fn is_silent(&self, shape: &Shape, now: u64, to: usize, from: usize) -> bool {
        shape.between(to, from).all(|network| {
            let silence = now - self.heard(network, to, from);
            shape.suspicion_least(network, self.patience[to]) <= silence
        })
    }

    /// Whether that was so at any moment since `since`.
    pub fn was_silent(&self, shape: &Shape, since: u64, now: u64, to: usize, from: usize) -> bool {
        let ended = self.silent_until[to * self.nodes + from];
        (0 < ended && since <= ended) || self.is_silent(shape, now, to, from)
    }

    /// The silences of one path that ended, on the receiver's clock.
    pub fn silences(&self, network: usize, to: usize, from: usize) -> &[Silence] {
        &self.silences[self.way(network, to, from)]
    }

    fn way(&self, network: usize, to: usize, from: usize) -> usize {
        (network * self.nodes + to) * self.nodes + from
    }
}
