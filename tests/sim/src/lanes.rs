//! What happens to a datagram on its way, now.
//!
//! Faults overlap: a pair may be cut by two of them, and the end of one must not heal the other. So the state
//! of each way from one node to another over one network is made anew from all faults that last, whenever one
//! begins or ends.

use heartbeat_core::nodes::NodeSet;

use crate::random::Random;
use crate::script::{Harm, Lanes, Ways};
use crate::shape::{MS, Shape};

/// One way, from one node to another over one network.
#[derive(Clone, Copy, Debug, Default)]
struct Lane {
    cuts: u16,
    loss: u16,
    message_loss: u16,
    duplication: u16,
    delay: u64,
}

/// All ways of a cluster.
#[derive(Debug)]
pub struct Wires {
    nodes: usize,
    lanes: Vec<Lane>,
    latency: u64,
}

/// What is on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Freight {
    /// A heartbeat or an echo.
    Short,
    /// A message.
    Message,
}

/// From whom to whom, over which network.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// The sender.
    pub from: usize,
    /// The receiver.
    pub to: usize,
    /// The network.
    pub network: usize,
}

impl Wires {
    /// All of them sound.
    pub fn new(shape: &Shape) -> Self {
        let nodes = shape.nodes();
        let shortest = shape.networks.iter().map(|network| network.interval).min();
        Wires {
            nodes,
            lanes: vec![Lane::default(); shape.networks.len() * nodes * nodes],
            latency: (shortest.unwrap_or(MS) / 100).min(MS),
        }
    }

    /// Forgets all harm.
    pub fn heal(&mut self) {
        self.lanes.fill(Lane::default());
    }

    /// Adds the harm of one fault.
    pub fn harm(&mut self, lanes: &Lanes, harm: Harm) {
        let networks = self.lanes.len() / (self.nodes * self.nodes);
        for network in (0..networks).filter(|network| lanes.networks >> network & 1 == 1) {
            self.harm_ways(network, &lanes.from, &lanes.to, harm);
            if lanes.ways == Ways::Both {
                self.harm_ways(network, &lanes.to, &lanes.from, harm);
            }
        }
    }

    /// Cuts one node off a network.
    pub fn unplug(&mut self, node: usize, network: usize) {
        for peer in 0..self.nodes {
            for (from, to) in [(node, peer), (peer, node)] {
                self.lane_mut(Way { from, to, network }).cuts += 1;
            }
        }
    }

    /// Whether nothing gets through on a way.
    pub fn is_cut(&self, way: Way) -> bool {
        0 < self.lane(way).cuts
    }

    /// When something sent at `now` arrives: never, once or twice.
    pub fn pass(
        &self,
        random: &mut Random,
        now: u64,
        way: Way,
        freight: Freight,
    ) -> [Option<u64>; 2] {
        let lane = *self.lane(way);
        let lost = match freight {
            Freight::Short => 0,
            Freight::Message => lane.message_loss,
        };
        let is_lost = |random: &mut Random, share: u16| share != 0 && random.happens(share.into());
        if 0 < lane.cuts || is_lost(random, lane.loss) || is_lost(random, lost) {
            return [None, None];
        }
        let first = self.arrival(random, now, &lane);
        let twice = lane.duplication != 0 && random.happens(lane.duplication.into());
        [Some(first), twice.then(|| self.arrival(random, now, &lane))]
    }

    fn arrival(&self, random: &mut Random, now: u64, lane: &Lane) -> u64 {
        let delay = match lane.delay {
            0 => 0,
            most => random.below(most),
        };
        now + self.latency / 4 + random.below(self.latency) + delay
    }

    /// The longest that a datagram takes where nothing is wrong, ns.
    pub fn usual(&self) -> u64 {
        self.latency / 4 + self.latency
    }

    fn harm_ways(&mut self, network: usize, from: &NodeSet, to: &NodeSet, harm: Harm) {
        for from in from.iter().map(|node| node.position()) {
            for to in to.iter().map(|node| node.position()) {
                self.lane_mut(Way { from, to, network }).suffer(harm);
            }
        }
    }

    fn index(&self, way: Way) -> usize {
        (way.network * self.nodes + way.from) * self.nodes + way.to
    }

    fn lane(&self, way: Way) -> &Lane {
        &self.lanes[self.index(way)]
    }

    fn lane_mut(&mut self, way: Way) -> &mut Lane {
        let index = self.index(way);
        &mut self.lanes[index]
    }
}

impl Lane {
    fn suffer(&mut self, harm: Harm) {
        match harm {
            Harm::Cut => self.cuts += 1,
            Harm::Loss(share) => self.loss = self.loss.max(share),
            Harm::MessageLoss(share) => self.message_loss = self.message_loss.max(share),
            Harm::Delay(most) => self.delay = self.delay.max(most),
            Harm::Duplication(share) => self.duplication = self.duplication.max(share),
        }
    }
}
