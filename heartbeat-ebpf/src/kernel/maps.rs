//! The maps themselves, and the only code that dereferences their values.
//!
//! The values are records of atomics, so a shared reference to a live map value is sound however many CPUs
//! and the mapped agent write it; BTF maps, so that their shape can be read by any loader.

use aya_ebpf::btf_maps::{Array, HashMap, PerCpuArray, RingBuf};
use aya_ebpf::macros::btf_map;

use crate::echo::Echo;
use crate::map::{
    FRAMES_MAX, KEYS_MAX, LOCALS_MAX, NETWORKS_MAX, NO_NETWORK, Network, Node, PATH_KEYS_MAX,
    PATHS_MAX, STEPS_MAX, WAKES_BYTES, frames_index,
};
use crate::slot::Slot;
use crate::trail::{Beat, Step, index};
use crate::verdict::Verdict;
use crate::wake::{Control, Reason, Record};
use crate::wire::Words;

const MMAPABLE: usize = 0x400;

#[btf_map]
static SLOTS: Array<Slot, PATHS_MAX, MMAPABLE> = Array::new();
#[btf_map]
static ECHOES: Array<Echo, PATHS_MAX, MMAPABLE> = Array::new();
#[btf_map]
static CONTROLS: Array<Control, PATHS_MAX, MMAPABLE> = Array::new();
#[btf_map]
static TRAIL: Array<Step, STEPS_MAX, MMAPABLE> = Array::new();
#[btf_map]
static NODE: Array<Node, 1, MMAPABLE> = Array::new();
#[btf_map]
static NETWORKS: Array<Network, NETWORKS_MAX, MMAPABLE> = Array::new();
#[btf_map]
pub(super) static LOCALS: HashMap<[u64; 2], u64, LOCALS_MAX> = HashMap::new();
#[btf_map]
static DEVICES: HashMap<u32, u32, LOCALS_MAX> = HashMap::new();
#[btf_map]
pub(super) static PATHS: HashMap<[u32; 4], [u64; 3], PATH_KEYS_MAX> = HashMap::new();
#[btf_map]
pub(super) static KEYS: Array<[u64; 5], KEYS_MAX> = Array::new();
#[btf_map]
static FRAMES: PerCpuArray<u64, FRAMES_MAX> = PerCpuArray::new();
#[btf_map]
static WAKES: RingBuf<Record, WAKES_BYTES> = RingBuf::new();

const NO_WAKEUP: u64 = 1;
const FORCE_WAKEUP: u64 = 2;

macro_rules! shared {
    ($(#[$doc:meta])* $name:ident, $map:ident, $value:ty) => {
        $(#[$doc])*
        #[inline(always)]
        pub(super) fn $name(index: u32) -> Option<&'static $value> {
            // SAFETY: the value lives as long as the program, and all its fields are atomics.
            $map.get_ptr(index).map(|value| unsafe { &*value })
        }
    };
}

shared!(slot, SLOTS, Slot);
shared!(echo, ECHOES, Echo);
shared!(control, CONTROLS, Control);
shared!(network, NETWORKS, Network);
shared!(step, TRAIL, Step);

/// Keeps a heartbeat in its path's trail.
#[inline(always)]
pub(super) fn keep(index_of_slot: u32, slot: &Slot, words: &Words, now_ns: u64) {
    if let Some(step) = step(index(index_of_slot, slot.arrivals.get())) {
        step.record(words, now_ns);
    }
}

#[inline(always)]
pub(super) fn node() -> Option<&'static Node> {
    // SAFETY: as above.
    NODE.get_ptr(0).map(|value| unsafe { &*value })
}

/// Raises the counter of a verdict on this CPU.
#[inline(always)]
pub(super) fn count(network: u32, verdict: Verdict) {
    if let Some(counter) = FRAMES.get_ptr_mut(frames_index(network, verdict)) {
        // SAFETY: the pointer is to this CPU's value.
        unsafe { *counter += 1 }
    }
}

/// The first network of this device, for frames that are not addressed to us.
#[inline(always)]
pub(super) fn network_of_device(interface: u32) -> u32 {
    // SAFETY: the value is one word, read at once.
    match unsafe { DEVICES.get(&interface) } {
        Some(index) => *index,
        None => NO_NETWORK,
    }
}

/// Writes a record, in which `before` is the heartbeat before; the agent is woken only where it
/// asked for that.
#[inline(always)]
pub(super) fn record(
    reason: Reason,
    index: u32,
    slot: &Slot,
    words: &Words,
    before: &Beat,
    start_ns: u64,
    end_ns: u64,
    wake: bool,
) {
    let Some(mut entry) = WAKES.reserve(0) else {
        return;
    };
    let record: *mut Record = entry.as_mut_ptr();
    // SAFETY: the reservation is as large as a record; each field is written once, in place.
    unsafe {
        (&raw mut (*record).reason).write(reason as u32);
        (&raw mut (*record).slot).write(index);
        (&raw mut (*record).identity).write(slot.identity.get());
        (&raw mut (*record).start_ns).write(start_ns);
        (&raw mut (*record).end_ns).write(end_ns);
        (&raw mut (*record).arrivals).write(slot.arrivals.get());
        write(&raw mut (*record).before, before);
        write(&raw mut (*record).beat, &Beat::of(words));
    }
    entry.submit(if wake { FORCE_WAKEUP } else { NO_WAKEUP });
}

/// Writes a beat word by word.
///
/// # Safety
/// `to` points to memory as large as a beat.
#[inline(always)]
unsafe fn write(to: *mut Beat, beat: &Beat) {
    // SAFETY: the caller vouches for `to`.
    unsafe {
        (&raw mut (*to).incarnation).write(beat.incarnation);
        (&raw mut (*to).sequence).write(beat.sequence);
        (&raw mut (*to).sent).write(beat.sent);
        (&raw mut (*to).announced).write(beat.announced);
    }
}

/// Forgets the newest sequence of slot 0, so that the same frame is new again: for benchmarks alone.
#[inline(always)]
pub fn rewind() {
    if let Some(slot) = slot(0) {
        slot.sequence.set(slot.sequence.get() - 1);
        slot.window.set(0);
    }
}
