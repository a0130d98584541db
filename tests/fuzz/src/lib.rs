//! A second opinion on the frame walk, and frames and messages to start from.
//!
//! The walk that the kernel runs is shaped by the verifier: constant offsets, one copy per header
//! length, as few reads as a foreign frame allows. This one is shaped by the standards alone (IEEE
//! 802.1Q, RFC 791, RFC 8200, RFC 768): it eats a frame from the front, header by header. Where the
//! two differ, one of them misreads the standards, and the fuzzer has the frame that shows it.

mod bytes;
mod sample;
mod slow_walk;
mod talk;

pub use sample::{Shape, sample};
pub use slow_walk::slow_walk;
pub use talk::{Plot, talk};
