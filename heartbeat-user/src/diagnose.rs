//! `heartbeat diagnose`: which of the known causes of missed heartbeats this host shows.
//!
//! An expert who is called at night reads the same forty places of a host, one after the other, and knows for each
//! what is odd. Both halves of that are kept apart here. [`collect`] reads and judges nothing: what it finds is a
//! value, [`facts::Facts`], which can be printed, kept and judged elsewhere. [`rules`] judge and read nothing: each
//! is a small pure function over facts. [`weigh`] then asks which findings fit what has happened lately, and
//! [`render`] says it in a terminal.
//!
//! The awkward case is what could not be read. A host that hides its firewall from whoever asks is not a host without
//! a firewall, so every fact is a [`reading::Reading`]: a value, or why there is none, and that is said as well.

pub mod collect;
pub mod facts;
pub mod finding;
pub mod programs;
pub mod reading;
pub mod render;
pub mod rules;
pub mod weigh;

#[cfg(test)]
mod tests;
