//! One change of a reload, and the line that tells it.

use std::fmt;
use std::net::IpAddr;

use heartbeat_ebpf::ids::{NetworkId, NodeId};

/// One change. Nodes are called by their names and networks by their labels; by the new ones, where they have
/// both. Its `Display` is one line without a full stop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// A value has become another.
    Setting {
        /// Whose and which: `network 'Private Network': interval`.
        what: String,
        /// What it was.
        from: String,
        /// What it is now.
        to: String,
    },
    /// The cluster has another network.
    NetworkAdded {
        /// Its number.
        id: NetworkId,
        /// Its label.
        network: String,
    },
    /// The cluster has one network less.
    NetworkRemoved {
        /// Its number.
        id: NetworkId,
        /// Its label.
        network: String,
    },
    /// The cluster has another node.
    NodeAdded {
        /// Its number.
        id: NodeId,
        /// Its name.
        node: String,
    },
    /// The cluster has one node less.
    NodeRemoved {
        /// Its number.
        id: NodeId,
        /// Its name.
        node: String,
    },
    /// A node has come to a network; the node, the network or both may be new.
    InterfaceAdded {
        /// The node's name.
        node: String,
        /// The network's label.
        network: String,
        /// Its address there.
        address: IpAddr,
    },
    /// A node has gone from a network; the node, the network or both may be gone.
    InterfaceRemoved {
        /// The node's name.
        node: String,
        /// The network's label.
        network: String,
        /// Its address there.
        address: IpAddr,
    },
    /// A node has another address on a network.
    AddressChanged {
        /// The node's name.
        node: String,
        /// The network's label.
        network: String,
        /// What it was.
        from: IpAddr,
        /// What it is now.
        to: IpAddr,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Setting { what, from, to } => write!(f, "{what} {from} -> {to}"),
            Change::NetworkAdded { id, network } => {
                write!(f, "network '{network}' (id {id}) added")
            }
            Change::NetworkRemoved { id, network } => {
                write!(f, "network '{network}' (id {id}) removed")
            }
            Change::NodeAdded { id, node } => write!(f, "node '{node}' (id {id}) added"),
            Change::NodeRemoved { id, node } => write!(f, "node '{node}' (id {id}) removed"),
            Change::InterfaceAdded {
                node,
                network,
                address,
            } => write!(f, "node '{node}': {address} on '{network}' added"),
            Change::InterfaceRemoved {
                node,
                network,
                address,
            } => write!(f, "node '{node}': {address} on '{network}' removed"),
            Change::AddressChanged {
                node,
                network,
                from,
                to,
            } => write!(f, "node '{node}': {from} -> {to} on '{network}'"),
        }
    }
}
