//! What the agent has told the kernel, read from the maps.

use super::maps::{KEYS, LOCALS, PATHS, node};
use crate::admit::Tables;
use crate::frame::Address;
use crate::map::{Keys, Local, PathEntry, PathKey};

pub(super) struct MapTables;

impl Tables for MapTables {
    #[inline(always)]
    fn local(&self, address: Address) -> Option<Local> {
        // SAFETY: the value is one word, read at once.
        unsafe { LOCALS.get(&address.0) }.map(|word| Local::unpack(*word))
    }

    #[inline(always)]
    fn path(&self, key: PathKey) -> Option<PathEntry> {
        // SAFETY: an element may be reused by another key while it is read, as in every BPF hash map; a
        // wrong slot or address then fails the source check or records one arrival elsewhere, and the
        // agent changes this map only when the configuration or an interface changes.
        unsafe { PATHS.get(&key.0) }.map(|words| PathEntry::unpack(*words))
    }

    #[inline(always)]
    fn keys(&self, id: u8) -> Option<Keys> {
        let first = Keys::unpack(*KEYS.get(0)?);
        if first.id == id {
            return Some(first);
        }
        let second = Keys::unpack(*KEYS.get(1)?);
        (second.id == id).then_some(second)
    }

    #[inline(always)]
    fn identity(&self) -> u64 {
        match node() {
            Some(node) => node.identity.get(),
            None => 0,
        }
    }
}
