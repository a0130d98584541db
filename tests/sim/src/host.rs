//! One machine: its clock, its power, its kernel's records, its disk, and the agent that runs on it or not.
//!
//! What outlives what is the point of keeping them apart. An agent that is killed leaves the kernel's records
//! and its pinned promise; a host that loses power leaves only the disk, and on it the highest incarnation and
//! the epochs set aside.

use std::collections::VecDeque;
use std::rc::Rc;

use heartbeat_core::interface::Soundness;
use heartbeat_core::message::Message;
use heartbeat_core::node::Node;
use heartbeat_core::view::Epoch;
use heartbeat_core::{Incarnation, Timestamp};

use crate::clock::Clock;
use crate::kernel::Kernel;
use crate::lanes::Way;
use crate::shape::{Shape, Variation};

/// Epochs that are set aside on the disk at once.
const SET_ASIDE: u64 = 64;

/// One machine.
#[derive(Debug)]
pub struct Host {
    /// Its CLOCK_MONOTONIC.
    pub clock: Clock,
    /// Whether it runs.
    pub power: Power,
    /// How many faults keep the whole machine still.
    pub frozen: u32,
    /// What XDP keeps.
    pub kernel: Kernel,
    /// The agent, if one runs.
    pub agent: Option<Agent>,
    /// What the sender sends, if it does; it outlives the agent's loop by a farewell.
    pub sending: Option<Sending>,
    /// Runs of the agent so far.
    pub runs: u32,
    /// How its configuration differs.
    pub variation: Variation,
    /// Where its paths lead: peer and network.
    pub paths: Vec<(usize, usize)>,
    /// Its networks, in the order in which its core counts them.
    pub networks: Vec<usize>,
    /// How many faults keep each of its cables out, by network.
    pub unplugged: Vec<u32>,
    /// How many faults make its loop late.
    pub slow: u32,
    /// The newest incarnation on the disk.
    pub incarnation: u64,
    /// No epoch above this was promised; on the disk.
    ceiling: Epoch,
    /// Places of paths, by network and peer.
    places: Vec<Option<u32>>,
    nodes: usize,
}

/// Whether a machine runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Power {
    /// It does.
    On,
    /// It does not.
    Off,
}

/// One run of the agent.
#[derive(Debug)]
pub struct Agent {
    /// The real core.
    pub core: Node,
    /// How many faults keep it still.
    pub paused: u32,
    /// Datagrams that its socket holds.
    pub inbox: VecDeque<(Way, Rc<Letter>)>,
    /// The turn that counts; earlier ones were given up.
    pub ticket: u32,
    /// When the next turn is wanted, ns of the world.
    pub due: u64,
    /// The loop does nothing before, ns of the world.
    pub busy: u64,
    /// It does not turn before, ns of the world.
    pub rested: u64,
    /// How late the sender was since the last turn, ns.
    pub sender_late: u64,
    /// Messages sent so far.
    pub posted: u64,
    /// What was taken from each peer: incarnation, highest number, window under it.
    pub taken: Vec<(u64, u64, u64)>,
    /// Since when the question that is open on each path is asked, on the host's clock.
    pub questions: Vec<Option<Timestamp>>,
    /// When a message was last taken, ns of the world.
    pub last_message: u64,
    /// What its reports say of the voters.
    pub voters: u32,
}

/// What the sender does.
#[derive(Clone, Copy, Debug)]
pub struct Sending {
    /// Rounds of an earlier plan are given up.
    pub ticket: u32,
    /// Flags in every heartbeat.
    pub flags: u8,
    /// Rounds in quick succession that are still to come, on each network: by two bits.
    pub lead: u64,
    /// Whether nothing comes after them.
    pub last: bool,
    /// Networks whose round was due while the sender stood still.
    pub held: u64,
    /// Since when, ns of the world.
    pub held_since: u64,
}

/// A datagram with a body.
#[derive(Debug)]
pub struct Letter {
    /// The run that sent it.
    pub incarnation: u64,
    /// Its number among all of that run.
    pub number: u64,
    /// What it carries.
    pub body: Body,
}

/// What a message datagram carries.
#[derive(Debug)]
pub enum Body {
    /// The core's own word.
    Control(Message),
    /// A user's message.
    Parcel,
}

impl Host {
    /// A machine that is switched on and has never run an agent.
    pub fn new(shape: &Shape, node: usize, clock: Clock) -> Self {
        let paths: Vec<(usize, usize)> = shape.paths(node).collect();
        let on = |network: &usize| shape.is_attached(*network, node);
        let networks: Vec<usize> = (0..shape.networks.len()).filter(on).collect();
        let mut places = vec![None; shape.networks.len() * shape.nodes()];
        for (place, (peer, network)) in paths.iter().enumerate() {
            places[network * shape.nodes() + peer] = Some(place as u32);
        }
        let mut host = Host {
            clock,
            power: Power::On,
            frozen: 0,
            kernel: Kernel::default(),
            agent: None,
            sending: None,
            runs: 0,
            variation: shape.variations[node],
            unplugged: vec![0; shape.networks.len()],
            slow: 0,
            incarnation: 0,
            ceiling: Epoch(0),
            places,
            nodes: shape.nodes(),
            paths,
            networks,
        };
        host.clear_kernel(shape);
        host
    }

    /// Fresh records, as after a boot.
    pub fn clear_kernel(&mut self, shape: &Shape) {
        self.kernel = Kernel::new(self.paths.len(), shape.networks.len());
        for (control, (_, network)) in self.kernel.controls.iter().zip(&self.paths) {
            let network = &shape.networks[*network];
            control
                .notable_gap
                .set(network.interval * u64::from(network.lost_after));
        }
    }

    /// The place of the path to a peer over a network.
    pub fn place(&self, peer: usize, network: usize) -> Option<usize> {
        self.places[network * self.nodes + peer].map(|place| place as usize)
    }

    /// Whether its kernel judges frames: it has power, does not stand still, and an agent has run since it booted.
    pub fn stamps(&self) -> bool {
        self.power == Power::On && self.frozen == 0 && self.kernel.incarnation != 0
    }

    /// The agent, if it can do anything now.
    pub fn active(&self) -> Option<&Agent> {
        let awake = self.power == Power::On && self.frozen == 0;
        self.agent
            .as_ref()
            .filter(|agent| awake && agent.paused == 0)
    }

    /// Keeps a promised epoch where it outlives the agent, and what is set aside where it outlives the boot.
    pub fn promise(&mut self, epoch: Epoch) {
        self.kernel.promised = Some(epoch);
        if self.ceiling < epoch {
            self.ceiling = Epoch(epoch.0 + SET_ASIDE);
        }
    }

    /// What a new run must go on above.
    pub fn promised(&self) -> Epoch {
        self.kernel.promised.unwrap_or(self.ceiling)
    }

    /// Forgets every promise, which no real host may.
    pub fn forget_promises(&mut self) {
        self.kernel.promised = None;
        self.ceiling = Epoch(0);
    }

    /// The incarnation of a run that begins now.
    pub fn next_incarnation(&mut self, now: u64) -> Incarnation {
        self.incarnation = (self.incarnation + 1).max(1_000 + now / 1_000_000);
        Incarnation(self.incarnation)
    }

    /// What the kernel says of an interface.
    pub fn soundness(&self, network: usize) -> Soundness {
        match self.unplugged[network] {
            0 => Soundness::Sound,
            _ => Soundness::Failed,
        }
    }
}

impl Agent {
    /// A run that has not turned yet.
    pub fn new(core: Node, nodes: usize, paths: usize) -> Self {
        Agent {
            core,
            paused: 0,
            inbox: VecDeque::new(),
            ticket: 0,
            due: u64::MAX,
            busy: 0,
            rested: 0,
            sender_late: 0,
            posted: 0,
            taken: vec![(0, 0, 0); nodes],
            questions: vec![None; paths],
            last_message: 0,
            voters: 0,
        }
    }
}
