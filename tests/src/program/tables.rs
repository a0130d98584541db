//! What an agent would tell the kernel, in ordinary collections.
//!
//! One value serves twice: [`super::Program::seed`] writes it into the maps, and the host's own judge reads it
//! through the contract's [`Tables`]. So where the two disagree, it is not because they were told different things.

use std::collections::BTreeMap;

use heartbeat_ebpf::admit::Tables;
use heartbeat_ebpf::frame::{Address, Vlan};
use heartbeat_ebpf::map::{KEYS_MAX, Keys, Local, Node, PathEntry, PathKey};
use heartbeat_ebpf::tag::Subkey;

use super::INTERFACE;
use super::path::Path;

/// Hash of the cluster's name in every test.
pub const CLUSTER: u32 = 0xa1b2_c3d4;
/// Number of the node whose kernel judges.
pub const NODE: u16 = 1;
/// Number of its peer.
pub const PEER: u16 = 2;

/// The tables of one node.
#[derive(Clone, Debug)]
pub struct HostTables {
    /// `LOCALS`.
    pub locals: BTreeMap<Address, Local>,
    /// `DEVICES`.
    pub devices: BTreeMap<u32, u32>,
    /// `PATHS`.
    pub paths: BTreeMap<PathKey, PathEntry>,
    /// `KEYS`.
    pub keys: [Option<Keys>; KEYS_MAX],
    /// The identity word of `NODE`.
    pub identity: u64,
}

impl HostTables {
    /// Of the node with every path of [`Path::all`], authenticated with key 1. Frames to nobody count for the
    /// first of its networks.
    pub fn authenticated() -> Self {
        Self::of(&Path::all(), NODE, PEER)
    }

    /// The same without authentication.
    pub fn unauthenticated() -> Self {
        HostTables {
            keys: [None; KEYS_MAX],
            identity: Node::pack(CLUSTER, NODE, false),
            ..Self::authenticated()
        }
    }

    /// Of `node`, which hears `peer` over these paths.
    pub fn of(paths: &[Path], node: u16, peer: u16) -> Self {
        let mut tables = HostTables {
            locals: BTreeMap::new(),
            devices: BTreeMap::from([(INTERFACE, 0)]),
            paths: BTreeMap::new(),
            keys: [Some(keys(1)), None],
            identity: Node::pack(CLUSTER, node, true),
        };
        for path in paths {
            let local = Local {
                network: path.network,
                index: path.index,
                group: false,
            };
            let group = Local {
                group: true,
                ..local
            };
            tables.locals.insert(path.here.into(), local);
            tables.locals.insert(path.group.into(), group);
            tables.add(path, INTERFACE, path.vlan(), peer);
        }
        tables
    }

    /// Has `peer` heard over this path when its frames come in through `interface` with these tags.
    pub fn add(&mut self, path: &Path, interface: u32, vlan: Vlan, peer: u16) {
        let entry = PathEntry {
            slot: u32::try_from(path.slot).expect("few slots"),
            source: path.there.into(),
        };
        let key = PathKey::new(interface, vlan, peer, path.network);
        self.paths.insert(key, entry);
    }
}

/// The subkeys of the key with this id; every id has others.
pub fn keys(id: u8) -> Keys {
    let subkey = |purpose: u8| {
        let bytes = std::array::from_fn(|at| id.wrapping_mul(31) ^ purpose ^ (at as u8) << 3);
        Subkey::from_bytes(&bytes)
    };
    Keys {
        id,
        heartbeat: subkey(1),
        echo: subkey(2),
    }
}

impl Tables for HostTables {
    fn local(&self, address: Address) -> Option<Local> {
        self.locals.get(&address).copied()
    }

    fn path(&self, key: PathKey) -> Option<PathEntry> {
        self.paths.get(&key).copied()
    }

    fn keys(&self, id: u8) -> Option<Keys> {
        let mut live = self.keys.iter().flatten();
        live.find(|keys| keys.id == id).copied()
    }

    fn identity(&self) -> u64 {
        self.identity
    }
}
