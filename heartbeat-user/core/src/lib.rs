//! The pure core: facts and `now` go in, events and requests come out.
//!
//! Everything here can be run a million times a second by a test, because nothing here can reach the world:
//! there is no clock, socket, async, map, log, randomness, float or hash-ordered collection, and the crate is
//! `no_std`. The agent, the property tests and whatever replays a recording drive one function,
//! [`node::Node::handle`].
//!
//! The contract:
//!
//! 1. One mutator. Input goes in with `now`, actions come out, then [`node::Node::next_deadline`] says when
//!    to come back at the latest.
//! 2. `now` never goes back; equal `now` is allowed.
//! 3. Inputs are levels, not edges: a sweep carries what the kernel knows of each path, so a repeated or
//!    merged sweep does no harm and a late one tells the same story. Gaps, the only history, may be told late
//!    or twice.
//! 4. State is a value: `Clone + Eq + Debug`, integers only. Equal states with equal inputs give equal
//!    actions.
//! 5. Bounded: at most eight actions a path and sweep beside three a gap.
//!
//! In the order in which a fact meets them: [`arrival`] is what is known, [`timing`] when it is too late,
//! [`path`] what follows for one path, [`peer`] for what a node says of itself, [`group`] for a network's
//! multicast group, [`inquiry`] what is still to be asked, [`node`] all of them together, [`action`] what it asks for, [`flapping`] how
//! loudly it is told, [`event`] in which words, [`memory`] what the next run must know of it. [`config`]
//! holds what an operator decided; [`starvation`] judges this node itself, and [`incidents`] remembers what happened to
//! it. Why something was missed is found by [`inquest`], [`stall`] and [`account`], and judged by [`cause`].
//! [`strain`] warns before a path is lost.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod account;
pub mod action;
pub mod arrival;
pub mod carrying;
pub mod cause;
pub mod clique;
pub mod config;
pub mod event;
pub mod flapping;
pub mod group;
pub mod incidents;
pub mod inquest;
pub mod inquiry;
pub mod interface;
pub mod lease;
pub mod membership;
pub mod memory;
pub mod message;
pub mod node;
pub mod nodes;
pub mod path;
pub mod peer;
pub mod quarantine;
pub mod regroup;
pub mod settle;
pub mod stall;
pub mod standing;
pub mod starvation;
pub mod strain;
pub mod terms;
pub mod timing;
pub mod view;
pub mod voters;

mod watch;

pub use heartbeat_ebpf::ids::{Incarnation, NetworkId, NodeId};
pub use heartbeat_ebpf::time::Timestamp;
