//! What goes wrong in a run, and when.
//!
//! A script is drawn before the run begins and from a stream of its own, so that any fault of it can be left
//! out and the rest stays as it was: that is what makes a failing run small. Moments are counted in the
//! longest interval of the cluster, so that a script fits any cluster.

use std::fmt;

use heartbeat_core::nodes::NodeSet;

use crate::shape::Variation;

mod drawn;

pub use drawn::draw;

/// One fault of a script.
#[derive(Clone, Debug)]
pub struct Episode {
    /// When it begins, ns of the world.
    pub begin: u64,
    /// When it ends, ns of the world; `None`: never.
    pub end: Option<u64>,
    /// What it is.
    pub fault: Fault,
}

/// Something that goes wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// On the way between nodes.
    Between(Lanes, Harm),
    /// At one node.
    At(usize, Trouble),
    /// All hosts lose power at once and come back.
    Blackout,
}

/// Which ways between nodes.
#[derive(Clone, Debug)]
pub struct Lanes {
    /// Which networks, by bit.
    pub networks: u64,
    /// From these nodes
    pub from: NodeSet,
    /// to these,
    pub to: NodeSet,
    /// or back as well.
    pub ways: Ways,
}

/// Whether the way back suffers too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ways {
    /// It does not.
    One,
    /// It does.
    Both,
}

/// What happens to datagrams on their way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Harm {
    /// All are lost.
    Cut,
    /// So many in a thousand are lost.
    Loss(u16),
    /// So many messages in a thousand are lost; heartbeats and echoes are not.
    MessageLoss(u16),
    /// They take up to so many ns longer, each by itself, so that they overtake each other.
    Delay(u64),
    /// So many in a thousand come twice.
    Duplication(u16),
}

/// What happens to one node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// Its agent is killed, and its kernel goes on. At the end another run begins.
    Kill,
    /// Its host is switched off; at the end it boots.
    PowerOff,
    /// Its agent stops and says that it restarts. At the end another run begins.
    Restart,
    /// Its agent says that it leaves. At the end another run begins.
    Leave,
    /// Its agent is stopped; time and its kernel go on.
    Pause,
    /// Its whole machine stands still; time goes on.
    Freeze,
    /// Its loop is late again and again.
    Slow,
    /// Its cable on this network is out, and its kernel says so.
    Cable(usize),
    /// It runs with another configuration.
    Reconfigure(Variation),
}

/// Kinds of faults, for the coverage.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[expect(missing_docs, reason = "the labels say what they are")]
pub enum Kind {
    OneWay,
    Cut,
    Loss,
    MessageLoss,
    Delay,
    Duplication,
    Kill,
    PowerOff,
    Restart,
    Leave,
    Pause,
    Freeze,
    Slow,
    Cable,
    Reconfigure,
    Blackout,
}

impl Kind {
    /// All of them, with what the coverage calls them.
    pub const ALL: [(Kind, &'static str); 16] = [
        (Kind::OneWay, "one-way cut"),
        (Kind::Cut, "cut"),
        (Kind::Loss, "loss"),
        (Kind::MessageLoss, "message loss"),
        (Kind::Delay, "delay"),
        (Kind::Duplication, "duplication"),
        (Kind::Kill, "agent killed"),
        (Kind::PowerOff, "power off"),
        (Kind::Restart, "announced restart"),
        (Kind::Leave, "leave"),
        (Kind::Pause, "agent paused"),
        (Kind::Freeze, "machine frozen"),
        (Kind::Slow, "slow node"),
        (Kind::Cable, "cable out"),
        (Kind::Reconfigure, "reconfigured"),
        (Kind::Blackout, "blackout"),
    ];
}

impl Fault {
    /// What kind it is.
    pub fn kind(&self) -> Kind {
        match self {
            Fault::Between(lanes, Harm::Cut) => match lanes.ways {
                Ways::One => Kind::OneWay,
                Ways::Both => Kind::Cut,
            },
            Fault::Between(_, Harm::Loss(_)) => Kind::Loss,
            Fault::Between(_, Harm::MessageLoss(_)) => Kind::MessageLoss,
            Fault::Between(_, Harm::Delay(_)) => Kind::Delay,
            Fault::Between(_, Harm::Duplication(_)) => Kind::Duplication,
            Fault::At(_, trouble) => match trouble {
                Trouble::Kill => Kind::Kill,
                Trouble::PowerOff => Kind::PowerOff,
                Trouble::Restart => Kind::Restart,
                Trouble::Leave => Kind::Leave,
                Trouble::Pause => Kind::Pause,
                Trouble::Freeze => Kind::Freeze,
                Trouble::Slow => Kind::Slow,
                Trouble::Cable(_) => Kind::Cable,
                Trouble::Reconfigure(_) => Kind::Reconfigure,
            },
            Fault::Blackout => Kind::Blackout,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Between(lanes, harm) => {
                let way = match lanes.ways {
                    Ways::One => "->",
                    Ways::Both => "<->",
                };
                let (from, to) = (letters(&lanes.from), letters(&lanes.to));
                write!(
                    f,
                    "{harm:?} {from} {way} {to} on {}",
                    networks(lanes.networks)
                )
            }
            Fault::At(node, Trouble::Cable(network)) => {
                write!(f, "cable of {} out on net-{}", letter(*node), network + 1)
            }
            Fault::At(node, trouble) => write!(f, "{trouble:?} {}", letter(*node)),
            Fault::Blackout => f.write_str("blackout"),
        }
    }
}

/// Nodes as a transcript writes them: `abc`.
pub fn letters(nodes: &NodeSet) -> String {
    nodes.iter().map(|node| letter(node.position())).collect()
}

/// One node as a transcript writes it.
pub fn letter(node: usize) -> String {
    match u8::try_from(node).ok().filter(|node| *node < 26) {
        Some(node) => char::from(b'a' + node).to_string(),
        None => format!("<{node}>"),
    }
}

fn networks(bits: u64) -> String {
    let named = (0..64).filter(|network| bits >> network & 1 == 1);
    let named: Vec<String> = named
        .map(|network| format!("net-{}", network + 1))
        .collect();
    named.join(" ")
}
