//! Load on every CPU, by processes that end by themselves.
//!
//! A watcher that is starved sees silence where there is none; so the tests starve every agent, and prove that they
//! did: each hog counts the processor time it got. The awkward case is a hog at real-time priority, which keeps the
//! very process that shall end it from running. So a hog looks at the clock itself, never outlives [`SPAN_MAX`], and
//! whoever wants to act meanwhile does so [`above`] the hogs.

use std::env;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::lab::clock::monotonic_ns;

mod machine;
mod priority;
mod spin;

pub use machine::{BusyTime, cpus};
pub use priority::rise_above_hogs;
pub use spin::spin;

/// No hog runs longer, whatever it is told.
pub const SPAN_MAX: Duration = Duration::from_secs(60);

/// At which priority hogs run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Pressure {
    /// As every other process.
    Normal,
    /// SCHED_FIFO 50: whatever runs at normal priority waits for the kernel's mercy.
    Fifo,
}

/// From when to when, in nanoseconds of CLOCK_MONOTONIC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// When the load begins.
    pub begin_ns: u64,
    /// When it ends.
    pub end_ns: u64,
}

impl Window {
    /// One that begins so much later than now and lasts so long.
    pub fn after(delay: Duration, length: Duration) -> Self {
        let begin_ns = monotonic_ns() + ns(delay);
        Window {
            begin_ns,
            end_ns: begin_ns + ns(length),
        }
    }

    /// How long it is.
    pub fn length(self) -> Duration {
        Duration::from_nanos(self.end_ns - self.begin_ns)
    }

    /// Whether a moment lies in it.
    pub fn contains(self, stamp_ns: u64) -> bool {
        (self.begin_ns..self.end_ns).contains(&stamp_ns)
    }
}

fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).expect("the spans here are short")
}

/// What one hog says of itself when it ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Eaten {
    /// When it began, in nanoseconds of CLOCK_MONOTONIC.
    pub begin_ns: u64,
    /// When it ended.
    pub end_ns: u64,
    /// Processor time it used in between, in nanoseconds.
    pub cpu_ns: u64,
}

/// Hogs that were started and not waited for. Dropped early, they are killed.
#[derive(Debug)]
pub struct Hogs {
    children: Vec<Child>,
    cpus: usize,
}

impl Hogs {
    /// Starts `on_each` hogs on every CPU, which wait for the window. `program` is the helper that lies beside
    /// these tests.
    pub fn start(
        program: &Path,
        pressure: Pressure,
        on_each: usize,
        window: Window,
    ) -> Result<Self> {
        let cpus = cpus()?;
        let mut hogs = Hogs {
            children: Vec::new(),
            cpus: cpus.len(),
        };
        for cpu in cpus.iter().flat_map(|cpu| vec![*cpu; on_each]) {
            let hog = hog(program, pressure, cpu, window)
                .spawn()
                .with_context(|| format!("start the hog {}", program.display()))?;
            hogs.children.push(hog);
        }
        Ok(hogs)
    }

    /// Waits until all have ended, and says what they used.
    pub fn wait(mut self) -> Result<Usage> {
        let mut usage = Usage {
            cpus: self.cpus,
            eaten: Vec::new(),
        };
        for hog in self.children.drain(..) {
            let output = hog.wait_with_output().context("wait for a hog")?;
            ensure!(
                output.status.success(),
                "a hog failed: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            let eaten = serde_json::from_slice(&output.stdout)
                .context("understand what a hog says of itself")?;
            usage.eaten.push(eaten);
        }
        Ok(usage)
    }
}

impl Drop for Hogs {
    fn drop(&mut self) {
        for hog in &mut self.children {
            // Both fail only for a process that has already ended and been waited for.
            let _ = hog.kill();
            let _ = hog.wait();
        }
    }
}

fn hog(program: &Path, pressure: Pressure, cpu: usize, window: Window) -> Command {
    let pressure = match pressure {
        Pressure::Normal => "normal",
        Pressure::Fifo => "fifo",
    };
    let mut command = Command::new(program);
    command
        .args(["hog", "--pressure", pressure, "--cpu", &cpu.to_string()])
        .args(["--begin-ns", &window.begin_ns.to_string()])
        .args(["--end-ns", &window.end_ns.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env_clear()
        .envs(env::var_os("PATH").map(|path| ("PATH", path)));
    command
}

/// What all hogs used.
#[derive(Clone, Debug)]
pub struct Usage {
    /// CPUs that there are to use.
    pub cpus: usize,
    /// What each hog says.
    pub eaten: Vec<Eaten>,
}

impl Usage {
    /// Processor time of all hogs together.
    pub fn cpu(&self) -> Duration {
        Duration::from_nanos(self.eaten.iter().map(|hog| hog.cpu_ns).sum())
    }

    /// What the CPUs had to give in the window.
    pub fn offered(&self, window: Window) -> Duration {
        window.length() * u32::try_from(self.cpus).expect("CPUs are few")
    }

    /// The hogs' part of it, 0 to 1.
    pub fn share(&self, window: Window) -> f64 {
        self.cpu().as_secs_f64() / self.offered(window).as_secs_f64()
    }
}

/// Does `work` on a thread that the hogs cannot starve; so are the processes that it starts.
pub fn above<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            rise_above_hogs()?;
            work()
        });
        thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
