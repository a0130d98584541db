//! The agent: effects at the edge of the pure core.
//!
//! The way of one heartbeat through this crate: [`sender`] puts it on the wire through [`socket`]; at its
//! receiver the XDP program ([`object`], put on its devices by [`xdp`] over the [`pins`]) stamps it into a slot
//! of [`maps`], which [`sweep`] reads; the core judges; [`agent`] carries out what follows; [`journal`] keeps
//! the event as a [`record`]; [`snapshot`] is what [`control`] and [`web`] ([`metrics`]) show when they are
//! asked, by a [`request`], which may be an order as well. The [`service`] manager is told by the agent itself. What takes more words than a heartbeat is a
//! [`message`]. A [`witness`] is asked what heartbeats leave open;
//! [`recording`] keeps what the core was told. [`config`],
//! [`key`] and [`interface`] say what this node is; [`arguments`], [`commands`] and [`check`] are what operators
//! type, and [`diagnose`] what they ask when heartbeats are missed.

pub mod agent;
pub mod announce;
pub mod arguments;
mod aside;
pub mod check;
pub mod clock;
pub mod commands;
pub mod config;
pub mod control;
pub mod diagnose;
pub mod drops;
pub mod epoch;
pub mod group;
pub mod incarnation;
pub mod interface;
pub mod journal;
pub mod key;
pub mod ksoftirqd;
pub mod lateness;
pub mod loaded;
pub mod local_time;
pub mod logging;
pub mod maintenance;
pub mod maps;
pub mod message;
pub mod metrics;
pub mod number;
pub mod object;
pub mod pause;
pub mod pins;
pub mod privilege;
pub mod random;
pub mod record;
pub mod recording;
pub mod request;
pub mod sender;
pub mod service;
pub mod snapshot;
pub mod socket;
pub mod sweep;
pub mod trace;
pub mod waiting;
pub mod watch;
pub mod web;
pub mod witness;
pub mod xdp;
