//! What was told of a path, in the words beside its slot.
//!
//! The words live and die with the slot, so they are never another path's. They are written when the events
//! that they stand for are on the disk, by whoever brought them there; by then the slot may have been given
//! away, so its identity is looked at again.

use heartbeat_core::memory::{Memory, Told};
use heartbeat_ebpf::time::Timestamp;
use heartbeat_ebpf::wake::Control;

use crate::maps::Shared;

/// What an earlier run left, or this one last wrote.
pub fn read(control: &Control) -> Memory {
    Memory {
        told: Told::from_code(control.told_state.get()),
        since: Timestamp::from_ns(control.told_last_arrival.get()),
        arrivals: control.told_arrivals.get(),
        told_until: Timestamp::from_ns(control.told_until.get()),
    }
}

/// Writes it beside the slot, if that still belongs to this identity.
pub fn write(shared: &Shared, slot: u32, identity: u64, memory: Memory) {
    let slot = slot as usize;
    if shared.slots()[slot].identity.get() != identity {
        return;
    }
    let ns = |at: Option<Timestamp>| at.map_or(0, Timestamp::ns);
    let control = &shared.controls()[slot];
    control.told_last_arrival.set(ns(memory.since));
    control.told_arrivals.set(memory.arrivals);
    control.told_until.set(ns(memory.told_until));
    control.told_state.set(memory.told.code());
}
