//! What a cluster looks like: its nodes, its networks, and the numbers they are judged by.
//!
//! The awkward part is that no run may be an exception: three nodes with equal clocks and equal intervals hide
//! what two kinds of networks, a node without votes or a longer interval on one node show. So a seed draws all
//! of it, within what a configuration file may say.

use std::fmt;

use heartbeat_core::config::{Quarantine, Role};
use heartbeat_core::nodes::{NodeIndex, NodeSet};

use crate::random::Random;
use crate::script::{letter, letters};

mod configuration;

pub use configuration::{network_id, node_id};

/// Nanoseconds of a millisecond.
pub const MS: u64 = 1_000_000;

/// A cluster.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Each node's votes; a node's place here is its [`NodeIndex`].
    pub votes: Vec<u32>,
    /// Its networks.
    pub networks: Vec<Network>,
    /// Missed heartbeats until a node is suspected.
    pub regroup_after: u32,
    /// Until a node is suspected whose host answers, ns.
    pub stalled_after: u64,
    /// How long a restarting agent is waited for, ns.
    pub restart_grace: u64,
    /// Who goes on when the votes split in half.
    pub tie_breaker: usize,
    /// When a node is kept out.
    pub quarantine: Option<Quarantine>,
    /// How each node's own configuration differs.
    pub variations: Vec<Variation>,
    /// Whether each node has most of the votes by its own configuration, which no real one may.
    pub counts_for_itself: bool,
}

/// One network.
#[derive(Clone, Debug)]
pub struct Network {
    /// What it counts for.
    pub role: Role,
    /// Between two heartbeats, ns.
    pub interval: u64,
    /// Missed heartbeats that end a path.
    pub lost_after: u32,
    /// Who has an interface on it.
    pub attached: NodeSet,
    /// Which network carries messages: the lowest first.
    pub priority: u16,
}

/// How one node's configuration differs from the cluster's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Variation {
    /// Its intervals are so many times as long.
    pub slower: u32,
    /// It suspects so many missed heartbeats later.
    pub patience: u32,
}

impl Variation {
    /// Not at all.
    pub const NONE: Variation = Variation {
        slower: 1,
        patience: 0,
    };
}

impl Shape {
    /// A plain cluster: every node on every network with one vote, all networks count, intervals of 100 ms.
    pub fn plain(nodes: usize, networks: usize) -> Self {
        let network = |place: usize| Network {
            role: Role::Counts,
            interval: 100 * MS,
            lost_after: 3,
            attached: NodeSet::first(nodes),
            priority: 100 + place as u16,
        };
        Shape {
            votes: vec![1; nodes],
            networks: (0..networks).map(network).collect(),
            regroup_after: 6,
            stalled_after: 3_000 * MS,
            restart_grace: 2_000 * MS,
            tie_breaker: 0,
            quarantine: None,
            variations: vec![Variation::NONE; nodes],
            counts_for_itself: false,
        }
    }

    /// Any cluster of three to seven nodes.
    pub fn drawn(random: &mut Random) -> Self {
        let nodes = *random.pick(&[3, 3, 3, 4, 4, 4, 5, 5, 6, 7]);
        let networks = *random.pick(&[1, 1, 2, 2, 2, 3]);
        let mut shape = Shape::plain(nodes, networks);
        shape.draw_networks(random);
        shape.regroup_after = 2 + random.between(2, 5) as u32;
        let least = shape
            .networks
            .iter()
            .map(|network| network.lost_after)
            .max();
        shape.regroup_after = shape.regroup_after.max(least.unwrap_or(2) + 1);
        for variation in &mut shape.variations {
            if random.happens(80) {
                variation.slower = 2;
            }
            variation.patience = if random.happens(80) { 2 } else { 0 };
        }
        shape.draw_votes(random);
        let suspicion = shape.suspicion_most();
        shape.stalled_after = suspicion * random.between(12, 30) / 10;
        shape.restart_grace = suspicion * random.between(5, 20) / 10;
        if random.happens(150) {
            shape.quarantine = Some(Quarantine {
                exits: random.between(1, 2) as u32,
                within: std::time::Duration::from_secs(3600),
                lasting: std::time::Duration::from_secs(7200),
            });
        }
        shape
    }

    fn draw_networks(&mut self, random: &mut Random) {
        let nodes = self.votes.len();
        let interval = *random.pick(&[20, 50, 100, 100, 200, 600, 1200]) * MS;
        let count = self.networks.len();
        for (place, network) in self.networks.iter_mut().enumerate() {
            network.interval = interval * if random.happens(100) { 2 } else { 1 };
            network.lost_after = random.between(2, 4) as u32;
            network.priority = random.between(1, 3) as u16 * 50;
            if place == 0 {
                continue;
            }
            if random.happens(200) {
                network.role = Role::Client;
            }
            if 2 < nodes && random.happens(100) {
                network
                    .attached
                    .remove(NodeIndex(random.below(nodes as u64) as u16));
            }
        }
        debug_assert!(0 < count);
    }

    fn draw_votes(&mut self, random: &mut Random) {
        let nodes = self.votes.len() as u64;
        if random.happens(200) {
            self.votes[random.below(nodes) as usize] = *random.pick(&[0, 2, 3]);
        }
        let voters: Vec<usize> = (0..self.votes.len())
            .filter(|node| 0 < self.votes[*node])
            .collect();
        self.tie_breaker = voters[0];
        if random.happens(300) {
            self.tie_breaker = *random.pick(&voters);
        }
    }

    /// How many nodes.
    pub fn nodes(&self) -> usize {
        self.votes.len()
    }

    /// A node's name.
    pub fn name(&self, node: usize) -> String {
        match u8::try_from(node).ok().filter(|node| *node < 26) {
            Some(node) => format!("node-{}", char::from(b'a' + node)),
            None => format!("node-{node}"),
        }
    }

    /// Whether a node has an interface on a network.
    pub fn is_attached(&self, network: usize, node: usize) -> bool {
        self.networks[network]
            .attached
            .contains(NodeIndex(node as u16))
    }

    /// The networks that count and that both of these are on.
    pub fn between(&self, one: usize, two: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.networks.len()).filter(move |network| {
            self.networks[*network].role == Role::Counts
                && self.is_attached(*network, one)
                && self.is_attached(*network, two)
        })
    }

    /// A node's interval on a network as it is configured, ns.
    pub fn interval(&self, network: usize, node: usize) -> u64 {
        self.networks[network].interval * u64::from(self.variations[node].slower)
    }

    /// No node of such a [`Variation::patience`] suspects another on a network before so long a silence, ns.
    pub fn suspicion_least(&self, network: usize, patience: u32) -> u64 {
        let missed = self.regroup_after + patience;
        self.networks[network].interval * u64::from(missed)
    }

    /// Every node that looks suspects another after so long a silence, ns.
    pub fn suspicion_most(&self) -> u64 {
        let patience = self.variations.iter().map(|variation| variation.patience);
        let missed = self.regroup_after + patience.max().unwrap_or(0);
        let interval = self.longest_interval();
        interval * u64::from(missed) + tolerance(interval)
    }

    /// The longest interval of any node on any network, ns.
    pub fn longest_interval(&self) -> u64 {
        let slower = self.variations.iter().map(|variation| variation.slower);
        let slower = u64::from(slower.max().unwrap_or(1));
        let intervals = self.networks.iter().map(|network| network.interval);
        intervals.max().unwrap_or(0) * slower
    }

    /// Whether these nodes have quorum, counted in the plainest way.
    pub fn is_quorum(&self, nodes: impl Fn(usize) -> bool) -> bool {
        let all: u32 = self.votes.iter().sum();
        let have: u32 = (0..self.nodes())
            .filter(|node| nodes(*node))
            .map(|node| self.votes[node])
            .sum();
        all < 2 * have || (all == 2 * have && nodes(self.tie_breaker))
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |ns: u64| ns / MS;
        writeln!(
            f,
            "{} nodes, votes {:?}, tie breaker {}, regroup after {}, stalled after {} ms, grace {} ms, quarantine {}",
            self.nodes(),
            self.votes,
            letter(self.tie_breaker),
            self.regroup_after,
            ms(self.stalled_after),
            ms(self.restart_grace),
            if self.quarantine.is_some() {
                "on"
            } else {
                "off"
            },
        )?;
        for (node, variation) in self.variations.iter().enumerate() {
            if *variation != Variation::NONE {
                writeln!(f, "{} {variation:?}", letter(node))?;
            }
        }
        for (place, network) in self.networks.iter().enumerate() {
            let (interval, lost_after) = (ms(network.interval), network.lost_after);
            let attached = letters(&network.attached);
            writeln!(
                f,
                "net-{} {:?} {interval} ms, lost after {lost_after}: {attached}",
                place + 1,
                network.role
            )?;
        }
        Ok(())
    }
}

/// What is added to a deadline, ns.
pub fn tolerance(interval: u64) -> u64 {
    (interval / 8).max(2 * MS)
}
