//! Benchmarks: what the promises about cost and speed are held against.
//!
//! The machines that run this are small, shared and noisy, so no absolute figure is asserted. What is compared is
//! measured in turns (A B C, A B C, ...), a ratio is the median of the turns' ratios, and every figure comes with
//! its minimum, median, 99th percentile and maximum. A benchmark proves that it measured what it says: counters
//! say that every frame was recorded, slots say what was swept.
//!
//! [`frames`] measures the XDP program, [`sweep`] the agent's look at the slots, [`receive`] the same heartbeats
//! through sockets, [`lateness`] real agents, [`regroup`] how soon they agree that one of them is gone, [`paths`] one at its limit
//! beside a [`plain`] receiver; [`series`] are the figures, [`table`] and [`report`] show them, [`check`] compares them with what is promised, [`usage`] asks the kernel, [`machine`] says where they come from.

pub mod check;
pub mod frames;
pub mod lateness;
pub mod machine;
pub mod paths;
pub mod plain;
pub mod receive;
pub mod regroup;
pub mod report;
pub mod series;
pub mod sweep;
pub mod table;
pub mod usage;
