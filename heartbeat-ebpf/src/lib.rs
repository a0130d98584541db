//! The contract between the XDP program and the agent.
//!
//! Kernel and agent must agree on every byte they share: the datagram on the wire, the walk that finds it
//! in a frame, the verdict on it, and the map records that carry the facts up. Two descriptions of one
//! thing drift apart, so there is one: this library is compiled into the XDP program and into the agent,
//! the tests, the fuzzer and the benchmarks. It has no dependencies on the host, needs no allocator and
//! reads no clock.
//!
//! In the order in which a heartbeat meets them: [`frame`] finds the datagram, [`wire`] reads it,
//! [`admit`] decides whether it is believed, [`tag`] whether it is authentic, [`slot`] (with [`window`])
//! records it, [`trail`] keeps the newest ones, [`echo`] answers and confirms, [`wake`] tells the agent. [`verdict`] names every outcome, [`map`] every shared
//! record, [`word`] how all CPUs share one, [`ids`] and [`time`] the units.
//!
//! Byte order: the wire is big-endian, map records are in the host's order. Version rule: release N speaks
//! to, and adopts the pins of, release N-1; whatever would break that changes [`wire::VERSION`] or
//! [`map::ABI`].
#![no_std]
#![cfg_attr(target_arch = "bpf", feature(asm_experimental_arch))]

pub mod admit;
pub mod echo;
pub mod frame;
pub mod ids;
pub mod map;
pub mod slot;
pub mod tag;
pub mod time;
pub mod trail;
pub mod verdict;
pub mod wake;
pub mod window;
pub mod wire;
pub mod word;

#[cfg(target_arch = "bpf")]
pub mod kernel;
