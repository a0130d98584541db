//! The fault-injection matrix: real faults whose cause is known here and not to the agents, and what they said.
//!
//! A classifier that was tried on the faults its author thought of proves little. So who is hit, on which network, for
//! how long and when are drawn from a seed; and what counts is not only how often it is right, but that it never says
//! "sure" and is wrong.

pub mod fault;
pub mod inject;
pub mod starve;
pub mod tally;
pub mod trial;
