//! What can happen next.

use std::fmt;

/// One thing that happens.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    /// An interval passes: heartbeats come, and everybody who runs takes a turn.
    Tick,
    /// A message in flight comes; by place.
    Come(usize),
    /// It comes, and will come once more.
    Repeat(usize),
    /// It is late.
    Delay(usize),
    /// It never comes.
    Lose(usize),
    /// A late message comes.
    Late(usize),
    /// A fault.
    Fault(Fault),
    /// All cuts are mended.
    Heal,
    /// A host that is off is there again, with a new run.
    Boot(usize),
    /// A node that stood still goes on, and looks at its paths first, or at its messages.
    Wake(usize, First),
}

/// What a node that wakes looks at first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum First {
    /// What its kernel has stamped.
    Paths,
    /// What lies in its sockets; its paths follow an interval later.
    Messages,
}

/// One fault.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fault {
    /// Nothing comes from the one to the other.
    Cut(usize, usize),
    /// Nothing comes from either to the other.
    CutPair(usize, usize),
    /// Nothing comes from one side to the other; nodes of the second side as bits.
    Split(u8),
    /// The host is off at once.
    Crash(usize),
    /// The agent ends and starts again on the same boot.
    Respawn(usize),
    /// The agent says that it leaves, and ends.
    Leave(usize),
    /// The agent says that it restarts, and ends.
    Restart(usize),
    /// The agent stands still; its kernel stamps and answers.
    Stall(usize),
    /// The whole host stands still.
    Freeze(usize),
}

/// A kind of faults.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// [`Fault::Cut`].
    Cut,
    /// [`Fault::CutPair`].
    CutPair,
    /// [`Fault::Split`].
    Split,
    /// [`Fault::Crash`].
    Crash,
    /// [`Fault::Respawn`].
    Respawn,
    /// [`Fault::Leave`].
    Leave,
    /// [`Fault::Restart`].
    Restart,
    /// [`Fault::Stall`].
    Stall,
    /// [`Fault::Freeze`].
    Freeze,
}

impl Kind {
    /// All.
    pub const ALL: &'static [Kind] = &[
        Kind::Cut,
        Kind::CutPair,
        Kind::Split,
        Kind::Crash,
        Kind::Respawn,
        Kind::Leave,
        Kind::Restart,
        Kind::Stall,
        Kind::Freeze,
    ];

    /// All faults of this kind among so many nodes.
    pub fn faults(self, nodes: usize) -> Vec<Fault> {
        let each = |fault: fn(usize) -> Fault| (0..nodes).map(fault).collect();
        match self {
            Kind::Cut => pairs(nodes, |one, two| one != two, Fault::Cut),
            Kind::CutPair => pairs(nodes, |one, two| one < two, Fault::CutPair),
            // The first node's side is the first.
            Kind::Split => (1..1u8 << (nodes - 1))
                .map(|side| Fault::Split(side << 1))
                .collect(),
            Kind::Crash => each(Fault::Crash),
            Kind::Respawn => each(Fault::Respawn),
            Kind::Leave => each(Fault::Leave),
            Kind::Restart => each(Fault::Restart),
            Kind::Stall => each(Fault::Stall),
            Kind::Freeze => each(Fault::Freeze),
        }
    }
}

fn pairs(
    nodes: usize,
    of: fn(usize, usize) -> bool,
    fault: fn(usize, usize) -> Fault,
) -> Vec<Fault> {
    let all = (0..nodes).flat_map(|one| (0..nodes).map(move |two| (one, two)));
    all.filter(|(one, two)| of(*one, *two))
        .map(|(one, two)| fault(one, two))
        .collect()
}

impl Fault {
    /// Its kind.
    pub fn kind(self) -> Kind {
        match self {
            Fault::Cut(..) => Kind::Cut,
            Fault::CutPair(..) => Kind::CutPair,
            Fault::Split(_) => Kind::Split,
            Fault::Crash(_) => Kind::Crash,
            Fault::Respawn(_) => Kind::Respawn,
            Fault::Leave(_) => Kind::Leave,
            Fault::Restart(_) => Kind::Restart,
            Fault::Stall(_) => Kind::Stall,
            Fault::Freeze(_) => Kind::Freeze,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Cut(from, to) => write!(f, "nothing comes from {} to {}", from + 1, to + 1),
            Fault::CutPair(one, two) => {
                write!(f, "{} and {} are cut off from each other", one + 1, two + 1)
            }
            Fault::Split(side) => {
                let nodes = (0..8).filter(|node| side >> node & 1 == 1);
                let nodes: Vec<String> = nodes.map(|node| (node + 1).to_string()).collect();
                write!(f, "{} cut off from all others", nodes.join(", "))
            }
            Fault::Crash(node) => write!(f, "{} crashes", node + 1),
            Fault::Respawn(node) => {
                write!(f, "the agent of {} is killed and starts again", node + 1)
            }
            Fault::Leave(node) => write!(f, "{} leaves", node + 1),
            Fault::Restart(node) => write!(f, "{} says that it restarts", node + 1),
            Fault::Stall(node) => write!(f, "the agent of {} stands still", node + 1),
            Fault::Freeze(node) => write!(f, "the host of {} stands still", node + 1),
        }
    }
}
