//! The kernel, what it was told and what it said, and the clocks.

use serde::{Deserialize, Serialize};

use crate::diagnose::reading::Reading;

/// The kernel.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Kernel {
    /// Its release, as uname -r prints it.
    pub release: String,
    /// Its command line.
    pub command_line: Reading<String>,
    /// From which level on messages go to the console: 1 ..= 15.
    pub console_level: Option<u8>,
    /// Lines of its log that tell of trouble, newest last.
    pub log: Reading<Vec<LogLine>>,
}

/// A line of the kernel's log.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LogLine {
    /// When it was written, seconds since 1970.
    pub at_unix_seconds: f64,
    /// What it says.
    pub text: String,
}

/// Clocks.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Clocks {
    /// What the kernel reads time from: `tsc`.
    pub source: Reading<String>,
    /// What it could read time from.
    pub sources: Vec<String>,
    /// Whether something disciplines the wall clock.
    pub synchronised: Reading<bool>,
    /// How far the wall clock may be off, by the kernel's own estimate, in seconds.
    pub error_seconds: f64,
    /// How long the machine was suspended since boot, in seconds.
    pub suspended_seconds: f64,
    /// The same between the two looks.
    pub suspended_lately_seconds: f64,
    /// How far the wall clock stepped between the two looks, in seconds.
    pub stepped_seconds: f64,
    /// Wall clock less the clock that nobody sets, for comparing.
    pub wall_ahead_seconds: f64,
}

impl Clocks {
    /// Notes what changed since an earlier look.
    pub fn since(&mut self, earlier: &Clocks) {
        self.suspended_lately_seconds = self.suspended_seconds - earlier.suspended_seconds;
        self.stepped_seconds =
            self.wall_ahead_seconds - earlier.wall_ahead_seconds - self.suspended_lately_seconds;
    }
}
