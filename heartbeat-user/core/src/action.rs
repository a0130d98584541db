//! What a node asks for: the only way in which the core reaches the world.

use heartbeat_ebpf::ids::Incarnation;

use crate::config::{NetworkIndex, PathIndex};
use crate::event::Event;
use crate::flapping::Voice;
use crate::inquiry::{Arm, Ask};
use crate::memory::Memory;
use crate::message::Message;
use crate::nodes::NodeSet;
use crate::view::Epoch;

/// What a node asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "actions live for one turn, and most of a bad one are events"
)]
pub enum Action {
    /// Tell this.
    Emit(Event, Voice),
    /// Keep this for the next run, once everything emitted before is on the disk.
    Remember(PathIndex, Memory),
    /// Be woken.
    Arm(PathIndex, Arm),
    /// Ask this peer's kernel, with a fresh nonce.
    Echo(PathIndex, Ask),
    /// How heartbeats are to be sent has changed: see [`crate::node::Node::carriage`] and [`crate::node::Node::is_sent_unicast`].
    Carry,
    /// Go on with an incarnation above this one: peers know it.
    Outgrow(Incarnation),
    /// Send this message to each of these nodes. Comes after every [`Action::Promise`] that it depends on.
    Post {
        /// Whom to.
        to: NodeSet,
        /// Over which networks.
        over: Over,
        /// What.
        message: Message,
    },
    /// Keep this epoch where it outlives the agent, before anything that follows is sent.
    Promise(Epoch),
    /// Ask the witnesses on this network, and tell the core with [`crate::node::Input::Witness`].
    Probe(NetworkIndex),
}

/// Over which networks a message goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Over {
    /// The best that works: see [`crate::node::Node::best_path`].
    Best,
    /// Every one that counts.
    All,
}
