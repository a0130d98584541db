//! Where the figures come from, without which they mean nothing.

use std::fmt;
use std::fs;

use anyhow::{Context, Result};
use serde::Serialize;

/// The machine as it was when the run began.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Machine {
    /// Release of the kernel.
    pub kernel: String,
    /// What the processor calls itself.
    pub processor: String,
    /// Processors that may run this program.
    pub processors: usize,
    /// Processes that wanted to run, on average over 1, 5 and 15 minutes.
    pub load: [f64; 3],
}

impl Machine {
    /// Asks the system.
    pub fn look() -> Result<Self> {
        let release = fs::read_to_string("/proc/sys/kernel/osrelease");
        let release = release.context("read /proc/sys/kernel/osrelease")?;
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").context("read /proc/cpuinfo")?;
        let processors = std::thread::available_parallelism().context("count the processors")?;
        Ok(Machine {
            kernel: release.trim().to_owned(),
            processor: model(&cpuinfo).unwrap_or("unknown processor").to_owned(),
            processors: processors.get(),
            load: load()?,
        })
    }
}

/// The load averages now.
pub fn load() -> Result<[f64; 3]> {
    let text = fs::read_to_string("/proc/loadavg").context("read /proc/loadavg")?;
    let mut words = text.split_whitespace();
    let mut next = || -> Result<f64> {
        let word = words.next().context("/proc/loadavg has three figures")?;
        word.parse().context("a load average is a number")
    };
    Ok([next()?, next()?, next()?])
}

fn model(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim())
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine {
            kernel,
            processor,
            processors,
            load: [one, five, fifteen],
        } = self;
        writeln!(f, "Linux {kernel}, {processors} x {processor}")?;
        write!(f, "load average {one:.2} {five:.2} {fifteen:.2}")
    }
}
