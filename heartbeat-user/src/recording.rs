//! A recording: all that the core was told, to be judged again elsewhere.
//!
//! The core has no outside, so that the same inputs lead to the same events, on any machine and as often as one
//! likes: a verdict that nobody understands can be sent to somebody who does. The awkward case is the recorder
//! itself, which must not disturb what it records. So the loop waits neither for a disk nor for memory: a thread
//! writes what it finds in a bounded queue, and where that is full the recording ends and says so. It does not
//! go on with a hole, for then it would tell a story that nobody has seen.
//!
//! ```text
//!   loop ── Agent::tell_core ──> core          commands::replay ──> events
//!                 └─> Recorder ─> queue ─> Writer ─> file ─> Lines ─> Replay (a core of its own)
//! ```
//!
//! The file has one JSON object a line, `{"at":NS,"what":{...}}`: see [`line::What`]. The first is `begin`, with
//! the configuration as it was read; the last, where the recording ended in order, is `end`. Of a sweep only what
//! differs from the one before is written ([`levels`]), so that a heartbeat takes about 100 bytes. Nothing in it
//! is secret but what the configuration says of the network: keys are in a file of their own.

pub mod facts;
pub mod levels;
pub mod line;
pub mod lines;
mod recorder;
pub mod replay;
mod words;
mod writer;

pub use recorder::{Origin, Recorder};

/// What the first line names: another number is another form.
pub const FORMAT: u32 = 1;
/// Bytes of a file; the recording ends where it would grow beyond.
pub const FILE_BYTES_MAX: u64 = 1 << 30;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
