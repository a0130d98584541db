//! What a node asks for: the only way in which the core reaches the world.

use heartbeat_ebpf::ids::Incarnation;

use crate::config::PathIndex;
use crate::event::Event;
use crate::flapping::Voice;
use crate::inquiry::{Arm, Ask};
use crate::memory::Memory;

/// What a node asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
}
