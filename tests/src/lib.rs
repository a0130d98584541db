//! Everything that needs more than one module: the [`lab`], and the cluster tests, demo and
//! benchmarks that are built on it.
//!
//! Unit and property tests lie beside what they test; here is what takes real network namespaces, real
//! agents or the real XDP program. The README of this package says which level a test belongs to and
//! what it needs.

pub mod bench;
pub mod cable;
pub mod demo;
pub mod flood;
pub mod frames;
pub mod generator;
pub mod hog;
pub mod hosts;
pub mod lab;
pub mod listener;
pub mod matrix;
pub mod program;
pub mod scrape;
pub mod suite;
pub mod tokio_control;
