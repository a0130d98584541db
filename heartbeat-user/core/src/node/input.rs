//! What a node is told: everything that verdicts rest on comes in here.

use core::time::Duration;

use heartbeat_ebpf::ids::{Incarnation, NodeId};

use crate::arrival::{Arrival, Departure, Gap};
use crate::config::{Config, NetworkIndex, PathIndex};
use crate::incidents::Drops;
use crate::interface::{Soundness, Witness};
use crate::memory::Memory;
use crate::message::Message;
use crate::starvation::Part;
use crate::view::Epoch;

/// What a node is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input<'a> {
    /// What an earlier run of the agent left, on the same boot: these paths were heard before, and are judged
    /// on from their stamps and from what that run told. Comes first, if at all.
    Adopt(&'a [(Arrival, Memory)]),
    /// One reading of the kernel's records. `now` was read before the slots were, so that no arrival can be
    /// missing that had happened by then.
    Sweep {
        /// Every path, or those that are monitored now.
        arrivals: &'a [Arrival],
        /// The gaps written down since the last sweep, oldest first.
        gaps: &'a [Gap],
    },
    /// The configuration was replaced. Paths with the same identity go on.
    Configure(Config),
    /// This run has another incarnation now.
    Reborn(Incarnation),
    /// A part of this agent was late.
    Late {
        /// Which.
        part: Part,
        /// By how much.
        late: Duration,
        /// How long of that it waited for a CPU, as far as the kernel tells.
        waited: Duration,
    },
    /// Our own kernel refused so many heartbeats on a path since this was last told.
    Refused(PathIndex, u32),
    /// Our interface to a network, or what is behind it, dropped so many frames in this last time.
    Dropped(NetworkIndex, Drops, Duration),
    /// The whole machine may have paused, for so long.
    Paused(Pause, Duration),
    /// What an earlier run of the agent has promised, or what was set aside for this one; comes before the first
    /// sweep.
    Promised(Epoch),
    /// A message came, and what carried it has proved who sent it: `from` is configured, and this incarnation
    /// of it the confirmed one.
    Message {
        /// Who sent it.
        from: NodeId,
        /// Which run of it.
        incarnation: Incarnation,
        /// What it says.
        message: &'a Message,
    },
    /// This node's interface to a network works or does not, as the kernel tells: a level.
    Soundness(NetworkIndex, Soundness),
    /// Witnesses on a network were asked, and answer or do not.
    Witness(NetworkIndex, Witness),
    /// This node is about to say that it goes: it has no part in the membership from now on.
    Depart(Departure),
}

/// What speaks for a pause of the whole machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pause {
    /// CLOCK_BOOTTIME ran ahead of CLOCK_MONOTONIC: it was suspended.
    Suspended,
    /// The wall clock ran ahead: it was suspended from outside, or the clock was set.
    WallClock,
}
