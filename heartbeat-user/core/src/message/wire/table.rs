//! The nodes that a message's sets count by, and the sets themselves.

use alloc::vec::Vec;

use heartbeat_ebpf::ids::NodeId;

use super::NODES_MAX;
use super::read::Reader;
use crate::nodes::{NodeIndex, NodeSet};

/// The sender's nodes by its own count, and which of the receiver's each is.
pub struct Table {
    count: usize,
    /// `None`: both count alike, as they do whenever no new configuration is being rolled out.
    nodes: Option<Vec<Option<NodeIndex>>>,
}

impl Table {
    /// Reads the sender's nodes, which ascend; `nodes` are the receiver's.
    pub fn read(reader: &mut Reader<'_>, nodes: &[NodeId]) -> Option<Table> {
        let count = usize::from(reader.u16()?);
        if NODES_MAX < count {
            return None;
        }
        let mut ids: Vec<NodeId> = Vec::with_capacity(count);
        for _ in 0..count {
            let id = NodeId::new(reader.u16()?)?;
            if ids.last().is_some_and(|last| id <= *last) {
                return None;
            }
            ids.push(id);
        }
        let place = |id| Some(NodeIndex(nodes.binary_search(id).ok()? as u16));
        let nodes = (ids != nodes).then(|| ids.iter().map(place).collect());
        Some(Table { count, nodes })
    }

    /// Which of the receiver's nodes the sender means; `None`: none of them.
    pub fn node(&self, place: u16) -> Option<NodeIndex> {
        match &self.nodes {
            None => Some(NodeIndex(place)),
            Some(nodes) => *nodes.get(usize::from(place))?,
        }
    }

    /// Reads a set, as the receiver counts.
    pub fn set(&self, reader: &mut Reader<'_>) -> Option<NodeSet> {
        let places = self.places(reader)?;
        Some(places.filter_map(|place| self.node(place)).collect())
    }

    /// Reads a set, as the sender counts.
    pub fn places<'a>(
        &self,
        reader: &mut Reader<'a>,
    ) -> Option<impl Iterator<Item = u16> + use<'a>> {
        let bytes = reader.bytes(self.count.div_ceil(8))?;
        let unused = bytes.len() * 8 - self.count;
        if bytes
            .last()
            .is_some_and(|last| last.leading_zeros() < unused as u32)
        {
            return None;
        }
        Some(
            (0..self.count as u16)
                .filter(|place| bytes[usize::from(place / 8)] >> (place % 8) & 1 == 1),
        )
    }
}

/// Writes the nodes that sets count by.
pub fn put(bytes: &mut Vec<u8>, nodes: &[NodeId]) {
    bytes.extend((nodes.len() as u16).to_be_bytes());
    bytes.extend(nodes.iter().flat_map(|node| node.number().to_be_bytes()));
}

/// Writes a set of the first `count` nodes.
pub fn put_set(bytes: &mut Vec<u8>, set: &NodeSet, count: usize) {
    let begin = bytes.len();
    bytes.resize(begin + count.div_ceil(8), 0);
    for node in set.iter().filter(|node| node.position() < count) {
        bytes[begin + node.position() / 8] |= 1 << (node.position() % 8);
    }
}
