//! The shared maps: their names, shapes and limits.
//!
//! XDP never inserts: every key is seeded by the agent from the configuration, so that a stranger's frame
//! can fill nothing. Keys are plain words without padding, because a hash map compares bytes.
//!
//! | map | index or key | value | written by |
//! |---|---|---|---|
//! | `SLOTS` | slot | [`crate::slot::Slot`] | XDP |
//! | `ECHOES` | slot | [`crate::echo::Echo`] | XDP |
//! | `CONTROLS` | slot | [`crate::wake::Control`] | agent; XDP clears |
//! | `TRAIL` | [`crate::trail::index`] | [`crate::trail::Step`] | XDP |
//! | `NODE` | 0 | [`Node`] | agent |
//! | `NETWORKS` | entry of a network | [`Network`] | agent, its sender |
//! | `LOCALS` | address of ours, or group | [`Local`] | agent |
//! | `DEVICES` | interface index | entry of a network | agent |
//! | `PATHS` | [`PathKey`] | [`PathEntry`] | agent |
//! | `KEYS` | 0, 1 | [`Keys`] | agent, never pinned |
//! | `FRAMES` | [`frames_index`], per CPU | a count | XDP |
//! | `WAKES` | ring buffer | [`crate::wake::Record`] | XDP |
//!
//! A network keeps its entry across restarts and reloads: it is found by its number, never by its place in
//! the configuration, or a network put before another one would take over its sequence and its counters.

use crate::frame::{Address, Vlan};
use crate::tag::Subkey;
use crate::trail::STEPS;
use crate::verdict::{VERDICTS_MAX, Verdict};
use crate::word::Word;

/// Number of this set of shapes; part of the pin path.
pub const ABI: u32 = 1;
/// Paths on one node.
pub const PATHS_MAX: usize = 4096;
/// Networks of one cluster.
pub const NETWORKS_MAX: usize = 64;
/// Index in `FRAMES` for frames of no known network.
pub const NO_NETWORK: u32 = NETWORKS_MAX as u32;
/// Keys of `PATHS`: a path may be reached through a VLAN device and through its parent.
pub const PATH_KEYS_MAX: usize = 4 * PATHS_MAX;
/// Keys of `LOCALS`: an address and a group a network.
pub const LOCALS_MAX: usize = 2 * NETWORKS_MAX;
/// Counters of `FRAMES`: one a network and verdict. Not one record a network, because the verifier allows no
/// variable offset into a value without CAP_PERFMON.
pub const FRAMES_MAX: usize = (NETWORKS_MAX + 1) * VERDICTS_MAX;
/// Steps of all trails.
pub const STEPS_MAX: usize = PATHS_MAX * STEPS;
/// Bytes of the ring buffer: 4 600 records.
pub const WAKES_BYTES: usize = 512 * 1024;
/// Keys that are valid at the same time.
pub const KEYS_MAX: usize = 2;

/// Names of all maps but the log's, as the object and the pins call them.
pub const NAMES: [&str; 12] = [
    "SLOTS", "ECHOES", "CONTROLS", "TRAIL", "NODE", "NETWORKS", "LOCALS", "DEVICES", "PATHS",
    "KEYS", "FRAMES", "WAKES",
];

/// Where `FRAMES` counts a verdict on the network with this entry (or [`NO_NETWORK`]).
#[inline(always)]
pub const fn frames_index(network: u32, verdict: Verdict) -> u32 {
    network * VERDICTS_MAX as u32 + verdict as u32
}

/// This node, for XDP; mapped by the agent.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct Node {
    /// Cluster hash, node number, and whether frames must be authentic; see [`Node::pack`].
    pub identity: Word,
    /// This run of the agent.
    pub incarnation: Word,
    /// When the agent's main loop last made progress, CLOCK_MONOTONIC ns.
    pub progress: Word,
    /// Digest of the configuration.
    pub config_digest: Word,
    /// When this run, or its incarnation, began, CLOCK_MONOTONIC ns.
    pub begun: Word,
    /// The highest epoch of the membership that this node has promised; 0: none. For the next run of the agent:
    /// XDP does not read it.
    pub promised: Word,
    /// Zero.
    pub reserved: [Word; 2],
}

const _: () = assert!(size_of::<Node>() == 64);

impl Node {
    /// The identity word.
    pub const fn pack(cluster: u32, node: u16, authenticated: bool) -> u64 {
        (cluster as u64) << 32 | (node as u64) << 16 | authenticated as u64
    }
}

/// One network, for XDP; 32 bytes, mapped by the agent. The sender counts `sent`.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Network {
    /// The number of the network whose entry this is; 0: free.
    pub identity: Word,
    /// The last sequence sent on it; 0: none yet. Never falls while maps last, for peers would take what
    /// follows for a replay: a free entry keeps it.
    pub sent: Word,
    /// Our interval on it, ms.
    pub interval_ms: Word,
    /// Zero.
    pub reserved: Word,
}

const _: () = assert!(size_of::<Network>() == 32);

/// What one of our own addresses stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Local {
    /// Network number.
    pub network: u16,
    /// Its entry in `NETWORKS` and `FRAMES`, below [`NETWORKS_MAX`].
    pub index: u8,
    /// Whether the address is the network's multicast group.
    pub group: bool,
}

impl Local {
    /// As the map keeps it.
    pub const fn pack(self) -> u64 {
        (self.network as u64) << 32 | (self.index as u64) << 8 | self.group as u64
    }

    /// From the map's word.
    #[inline(always)]
    pub const fn unpack(word: u64) -> Self {
        Local {
            network: (word >> 32) as u16,
            index: (word >> 8) as u8,
            group: word & 1 != 0,
        }
    }
}

/// Where a path's heartbeats come in: interface, VLAN tags, sender, network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PathKey(pub [u32; 4]);

impl PathKey {
    /// The key of what this interface hears with these tags from `sender` on `network`.
    #[inline(always)]
    pub const fn new(interface: u32, vlan: Vlan, sender: u16, network: u16) -> Self {
        PathKey([interface, vlan.0, sender as u32, network as u32])
    }
}

/// A path's slot and the one source address it accepts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PathEntry {
    /// Index of the slot, below [`PATHS_MAX`].
    pub slot: u32,
    /// The peer's address.
    pub source: Address,
}

impl PathEntry {
    /// As the map keeps it.
    pub const fn pack(self) -> [u64; 3] {
        [self.slot as u64, self.source.0[0], self.source.0[1]]
    }

    /// From the map's words.
    #[inline(always)]
    pub const fn unpack(words: [u64; 3]) -> Self {
        PathEntry {
            slot: words[0] as u32,
            source: Address([words[1], words[2]]),
        }
    }
}

/// The subkeys of one cluster key that XDP needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keys {
    /// 1 ..= 255; 0: no key here.
    pub id: u8,
    /// For heartbeats and headers of messages.
    pub heartbeat: Subkey,
    /// For echoes.
    pub echo: Subkey,
}

impl Keys {
    /// As the map keeps it.
    pub const fn pack(self) -> [u64; 5] {
        let ([h0, h1], [e0, e1]) = (self.heartbeat.0, self.echo.0);
        [self.id as u64, h0, h1, e0, e1]
    }

    /// From the map's words.
    #[inline(always)]
    pub const fn unpack(words: [u64; 5]) -> Self {
        let [id, h0, h1, e0, e1] = words;
        Keys {
            id: id as u8,
            heartbeat: Subkey([h0, h1]),
            echo: Subkey([e0, e1]),
        }
    }
}
