//! The kernel's records, as the agent sees them.
//!
//! The records that are read or written often are mapped, so that a sweep of all paths needs no system call;
//! those that change with the configuration alone are written by system calls. What is mapped read-only can't
//! be harmed by this process.

use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use anyhow::{Context, Result};
use aya::maps::{Array, HashMap, Map, MapData, PerCpuArray, RingBuf};
use heartbeat_ebpf::echo::Echo;
use heartbeat_ebpf::map::{NETWORKS_MAX, Network, Node, PATHS_MAX, STEPS_MAX};
use heartbeat_ebpf::slot::Slot;
use heartbeat_ebpf::trail::{self, STEPS, Step};
use heartbeat_ebpf::wake::Control;
use memmap2::{MmapOptions, MmapRaw};

use crate::pins::Pins;

/// A mapped BPF array of records whose every field is a [`heartbeat_ebpf::word::Word`].
pub struct Records<T> {
    memory: MmapRaw,
    count: usize,
    record: PhantomData<T>,
}

/// Whether this process may write to the records.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

impl<T> Records<T> {
    fn map(data: &MapData, count: usize, access: Access) -> Result<Self> {
        let mut options = MmapOptions::new();
        options.len(count * size_of::<T>());
        let fd = data.fd().as_fd().as_raw_fd();
        let memory = match access {
            Access::Read => options.map_raw_read_only(fd),
            Access::Write => options.map_raw(fd),
        };
        Ok(Records {
            memory: memory?,
            count,
            record: PhantomData,
        })
    }

    /// All records. Those mapped read-only must not be written: that ends the process.
    pub fn all(&self) -> &[T] {
        // SAFETY: the mapping is page-aligned, `count` records long and lives as long as `self`; the records
        // consist of atomic words, so that others may write them at any time.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr().cast::<T>(), self.count) }
    }
}

/// The mapped records; shared with the sender's thread.
pub struct Shared {
    slots: Records<Slot>,
    echoes: Records<Echo>,
    controls: Records<Control>,
    trail: Records<Step>,
    node: Records<Node>,
    networks: Records<Network>,
}

impl Shared {
    /// What XDP knows of each path; read-only.
    pub fn slots(&self) -> &[Slot] {
        self.slots.all()
    }

    /// What XDP knows of each path's echoes; read-only.
    pub fn echoes(&self) -> &[Echo] {
        self.echoes.all()
    }

    /// What the agent asks of XDP, by slot.
    pub fn controls(&self) -> &[Control] {
        self.controls.all()
    }

    /// The newest heartbeats of a slot's path, in no order; read-only.
    pub fn trail(&self, slot: u32) -> &[Step] {
        let first = trail::index(slot, 0) as usize;
        &self.trail.all()[first..first + STEPS]
    }

    /// This node, as XDP sees it.
    pub fn node(&self) -> &Node {
        &self.node.all()[0]
    }

    /// The networks, as XDP sees them, by index.
    pub fn networks(&self) -> &[Network] {
        self.networks.all()
    }
}

/// All pinned maps; the keys, which are never pinned, are the loaded program's.
pub struct Maps {
    /// The mapped ones.
    pub shared: Arc<Shared>,
    /// The slots again, to clear one and write its identity.
    pub slot_writer: Array<MapData, [u64; 16]>,
    /// The echo records again, to clear one.
    pub echo_writer: Array<MapData, [u64; 16]>,
    /// The trail again, to clear that of a slot.
    pub trail_writer: Array<MapData, [u64; 4]>,
    /// Own addresses, see [`heartbeat_ebpf::map::Local`].
    pub locals: HashMap<MapData, [u64; 2], u64>,
    /// First network of a device.
    pub devices: HashMap<MapData, u32, u32>,
    /// Where heartbeats come in, see [`heartbeat_ebpf::map::PathEntry`].
    pub paths: HashMap<MapData, [u32; 4], [u64; 3]>,
    /// Counters, see [`heartbeat_ebpf::map::frames_index`].
    pub frames: PerCpuArray<MapData, u64>,
    /// Records, see [`heartbeat_ebpf::wake::Record`].
    pub wakes: RingBuf<MapData>,
}

impl Maps {
    /// Opens what is pinned, whichever run's program writes to it now.
    pub fn open(pins: &Pins) -> Result<Self> {
        let map = |name: &str| {
            MapData::from_pin(pins.path(name))
                .with_context(|| format!("open the pinned map {name}"))
        };
        let (slots, echoes, trail) = (map("SLOTS")?, map("ECHOES")?, map("TRAIL")?);
        let shared = Shared {
            slots: Records::map(&slots, PATHS_MAX, Access::Read).context("map SLOTS")?,
            echoes: Records::map(&echoes, PATHS_MAX, Access::Read).context("map ECHOES")?,
            controls: Records::map(&map("CONTROLS")?, PATHS_MAX, Access::Write)
                .context("map CONTROLS")?,
            trail: Records::map(&trail, STEPS_MAX, Access::Read).context("map TRAIL")?,
            node: Records::map(&map("NODE")?, 1, Access::Write).context("map NODE")?,
            networks: Records::map(&map("NETWORKS")?, NETWORKS_MAX, Access::Write)
                .context("map NETWORKS")?,
        };
        Ok(Maps {
            shared: Arc::new(shared),
            slot_writer: Array::try_from(Map::Array(slots))?,
            echo_writer: Array::try_from(Map::Array(echoes))?,
            trail_writer: Array::try_from(Map::Array(trail))?,
            locals: HashMap::try_from(Map::HashMap(map("LOCALS")?))?,
            devices: HashMap::try_from(Map::HashMap(map("DEVICES")?))?,
            paths: HashMap::try_from(Map::HashMap(map("PATHS")?))?,
            frames: PerCpuArray::try_from(Map::PerCpuArray(map("FRAMES")?))?,
            wakes: RingBuf::try_from(Map::RingBuf(map("WAKES")?))?,
        })
    }
}

impl Maps {
    /// A descriptor that becomes readable when XDP wakes the agent.
    pub fn wake_descriptor(&self) -> Result<OwnedFd> {
        // SAFETY: the ring buffer outlives this borrow of its descriptor.
        let wakes = unsafe { BorrowedFd::borrow_raw(self.wakes.as_raw_fd()) };
        wakes
            .try_clone_to_owned()
            .context("duplicate the ring buffer's descriptor")
    }
}
