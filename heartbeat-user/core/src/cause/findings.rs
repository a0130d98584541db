//! What is known of a silence when its cause is judged: facts alone, each possibly missing.

use core::time::Duration;

use crate::account::Account;
use crate::interface::Soundness;

/// What is known of one silence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Findings {
    /// How long it has lasted, or lasted.
    pub silence: Duration,
    /// The interval that the path is judged by.
    pub interval: Duration,
    /// How long a silence may last.
    pub detection: Duration,
    /// What the peer's kernel answered on this path during it.
    pub echo: Echoed,
    /// Echo requests on it that nobody answered, before the last one.
    pub unanswered: u32,
    /// The other networks to the same peer.
    pub elsewhere: Elsewhere,
    /// The other peers on the same network.
    pub company: Company,
    /// This node's own side.
    pub own: OwnSide,
    /// What the heartbeats before and after it say; `None`: it lasts.
    pub numbers: Option<Numbers>,
    /// What the peer says of its side.
    pub account: Option<Account>,
    /// Whether the peer's last report says that its own interface to the network works.
    pub peer_interface: Soundness,
    /// What other nodes see on the network.
    pub views: Views,
}

/// What became of echo requests that were sent during a silence.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Echoed {
    /// None was sent.
    #[default]
    NotAsked,
    /// No answer came.
    Unanswered,
    /// The host answers, and its agent has sent heartbeats that did not arrive.
    Sending,
    /// The host answers, and its agent has sent nothing since the last heartbeat that arrived.
    Idle,
}

impl Echoed {
    /// Whether an answer came.
    pub const fn is_answered(self) -> bool {
        match self {
            Echoed::NotAsked | Echoed::Unanswered => false,
            Echoed::Sending | Echoed::Idle => true,
        }
    }
}

/// The other networks to the same peer: how many of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Elsewhere {
    /// Were heard all along.
    pub heard: u8,
    /// Were silent at the same time.
    pub silent: u8,
    /// Were silent, and the host answered there.
    pub answering: u8,
    /// Were silent, the host answered there, and said that nothing was sent.
    pub idle: u8,
    /// Were silent, were asked there, and nobody answered.
    pub unanswered: u8,
}

/// The other peers on the same network: how many of those that were heard before.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Company {
    /// Were heard all along.
    pub heard: u16,
    /// Were silent at the same time.
    pub silent: u16,
}

/// This node's own side during a silence.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct OwnSide {
    /// For how long of it, from its beginning, this run of the agent was not there.
    pub absent: Duration,
    /// For how long of it our interface to the network was down.
    pub interface_down: Duration,
    /// The most by which our loop was late.
    pub late: Duration,
    /// The most by which our sender was late.
    pub sender_late: Duration,
    /// How long of the worse lateness our threads waited for a CPU.
    pub waited: Duration,
    /// For how long of it the whole machine stood still.
    pub paused: Duration,
    /// Frames that came meanwhile, and that our interface or stack dropped.
    pub dropped: u32,
    /// Frames that our interface was to send meanwhile, and dropped.
    pub unsent: u32,
    /// Heartbeats to the peer on this path that our own kernel refused meanwhile.
    pub refused: u32,
    /// How many of our heartbeats the peer had not heard when it sent the one after the silence; `None`: not known.
    pub unheard: Option<u64>,
}

/// What the heartbeats before and after a silence say.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Numbers {
    /// Which run sent the one after it.
    pub run: Run,
    /// Numbers between the two: rounds that were sent, or tried.
    pub skipped: u64,
    /// Time between the two on the sender's clock.
    pub sent: Duration,
    /// By how much heartbeats after the silence came closer together than they were sent: a burst.
    pub burst: Duration,
    /// Heartbeats that came late and out of order since.
    pub reordered: u64,
}

/// Which run of the peer's agent sent the heartbeat after a silence.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Run {
    /// The same as before.
    #[default]
    Same,
    /// Another one that the earlier had announced.
    Announced,
    /// Another one, on a clock that went on.
    Another,
    /// Another one, on a clock that began anew: the host has booted.
    Rebooted,
}

/// What the reports of other nodes say of the network, about the peer and about this node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Views {
    /// Other nodes that hear the peer there.
    pub hear_peer: u16,
    /// Other nodes that say whom they hear there, and not the peer.
    pub miss_peer: u16,
    /// Other nodes that hear this node there.
    pub hear_us: u16,
    /// Other nodes that say whom they hear there, and not this node.
    pub miss_us: u16,
}
