//! Processor time of an agent and of another subject over the same windows.

use std::time::Duration;

use anyhow::Result;

use super::cast::{Reading, Subject};
use crate::bench::series::Series;
use crate::bench::usage;
use crate::lab::interrupt;

/// Windows for each pair.
pub const WINDOWS: usize = 5;

/// What each part took, nanoseconds a second; one value a window.
#[derive(Default)]
pub struct Costs {
    /// The agent's main loop.
    pub main: Series,
    /// Its sender.
    pub sender: Series,
    /// Its XDP program.
    pub xdp: Series,
    /// The program, and the agent's process but for its sender.
    pub receiving: Series,
    /// The generator that the agent hears.
    pub feeding: Series,
    /// The same of the other subject, which has no XDP program or next to nothing in it.
    pub other: Parts,
}

/// See [`Costs`].
#[derive(Default)]
pub struct Parts {
    /// See [`Costs`].
    pub main: Series,
    /// See [`Costs`].
    pub sender: Series,
    /// The process but for its sender.
    pub receiving: Series,
    /// The process.
    pub all: Series,
    /// See [`Costs`].
    pub feeding: Series,
}

impl Costs {
    /// Measures both, windows of this length one after the other.
    pub fn of(
        agent: &mut Subject,
        program: u32,
        other: &mut Subject,
        window: Duration,
    ) -> Result<Self> {
        let mut costs = Costs::default();
        let mut look =
            || -> Result<_> { Ok((agent.read()?, usage::of_program(program)?, other.read()?)) };
        // What one of them did to start belongs to no window.
        interrupt::sleep(window)?;
        let mut before = look()?;
        for _ in 0..WINDOWS {
            interrupt::sleep(window)?;
            let after = look()?;
            costs.add([before.0, after.0], after.1 - before.1);
            costs.other.add([before.2, after.2]);
            before = after;
        }
        Ok(costs)
    }

    fn add(&mut self, readings: [Reading; 2], xdp: Duration) {
        let [before, after] = readings;
        let window = after.at.duration_since(before.at);
        let xdp = rate(xdp, window);
        let spent = |of: fn(&Reading) -> Duration| rate(of(&after) - of(&before), window);
        let (all, sender) = (spent(|at| at.process.all), spent(|at| at.process.named));
        self.main.push_ns(spent(|at| at.process.main));
        self.sender.push_ns(sender);
        self.xdp.push_ns(xdp);
        self.receiving.push_ns(all.saturating_sub(sender) + xdp);
        self.feeding.push_ns(spent(|at| at.feeding));
    }

    /// What the agent takes more than the other, the senders left out: they do the same in both, and what they take
    /// differs more from window to window than what is looked for.
    pub fn beyond_other(&self) -> Series {
        let pairs = self.receiving.values().zip(self.other.receiving.values());
        pairs
            .map(|(own, other)| own.saturating_sub(other))
            .collect()
    }
}

impl Parts {
    fn add(&mut self, readings: [Reading; 2]) {
        let [before, after] = readings;
        let window = after.at.duration_since(before.at);
        let spent = |of: fn(&Reading) -> Duration| rate(of(&after) - of(&before), window);
        let (all, sender) = (spent(|at| at.process.all), spent(|at| at.process.named));
        self.main.push_ns(spent(|at| at.process.main));
        self.sender.push_ns(sender);
        self.receiving.push_ns(all.saturating_sub(sender));
        self.all.push_ns(all);
        self.feeding.push_ns(spent(|at| at.feeding));
    }
}

/// Nanoseconds a second.
fn rate(spent: Duration, window: Duration) -> u64 {
    (spent.as_secs_f64() / window.as_secs_f64() * 1e9) as u64
}
