//! The demo: seven real faults in a real lab, each with what was expected of the agents and what was seen.
//!
//! It is written for somebody who sees the product for the first time and has two minutes. So it says at
//! each moment what is happening, shows who hears whom while it happens, and keeps of each scenario four
//! lines to read afterwards. It is also a test: it compares all that every node says of paths and members with what
//! must have been reported, and its exit status says whether anything differed.
//!
//! [`scenario`] says what is played and expected, [`play`] plays it, [`watch`] looks at the agents
//! meanwhile, [`lateness`] measures; [`text`], [`screen`], [`panel`], [`picture`], [`report`] and [`summary`]
//! make it readable.

pub mod lateness;
pub mod panel;
pub mod picture;
pub mod play;
pub mod report;
pub mod scenario;
pub mod screen;
pub mod summary;
pub mod text;
pub mod watch;
