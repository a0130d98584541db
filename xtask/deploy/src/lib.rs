//! `cargo xtask deploy`: brings the agent to every host of a cluster over the operator's own ssh, and back.
//!
//! A monitor that is rolled out by hand differs from host to host, and the difference shows on the night when it
//! is needed. The awkward case is the roll-out that fails half-way: a cluster whose first nodes have a new key and
//! whose last have not is worse off than before. So every host is looked at before the first is touched, one node
//! changes at a time and must be well, on both sides of its paths, before the next one does, and each host keeps
//! what it had until the next roll-out. What goes over ssh are five small scripts for `sh`; the agent itself,
//! brought along, judges drivers and interfaces.

pub mod arguments;
pub mod deployment;
mod files;
mod host;
mod key;
mod plan;
mod roll;
mod rollback;
mod rotate;
mod shell;
mod ssh;
mod staging;
mod standing;
mod survey;
mod targets;
mod wanted;
