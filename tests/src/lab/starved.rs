//! A sender that wants to run and does not get a CPU.
//!
//! Sender and loop of an agent have a reservation that no load on the machine takes from them, so nothing that a test
//! may do to a machine starves them. What an operator can do is take the reservation away; so that is done: the thread
//! becomes the least important one of a CPU on which another works all the time. There is no way back to a reservation
//! from outside, so the agent is started anew afterwards.

use std::fs;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::libc;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

use super::Lab;
use super::plan::Node;
use crate::hog::{self, Eaten, Pressure, Window};

/// What the agent calls the thread that sends.
const SENDER: &str = "heartbeat-tx";

/// A starved sender; its agent must be started anew.
#[derive(Debug)]
pub struct Starved {
    hog: JoinHandle<Result<Eaten>>,
}

impl Lab {
    /// Starves the sender of the node's agent for so long, from now on.
    pub fn starve_sender(&mut self, node: Node, length: Duration) -> Result<Starved> {
        let sender = thread_of(self.agent(node)?.pid(), SENDER)?;
        let cpu = *hog::cpus()?.first().context("there is no CPU")?;
        let window = Window::after(Duration::ZERO, length);
        let hog = thread::spawn(move || hog::spin(Pressure::Normal, cpu, window));
        idle_on(sender, cpu).with_context(|| format!("starve the sender of {node}"))?;
        Ok(Starved { hog })
    }
}

impl Starved {
    /// Waits until there is no load any more.
    pub fn wait(self) -> Result<()> {
        let ended = self.hog.join();
        let panicked = |panic| std::panic::resume_unwind(panic);
        ended.unwrap_or_else(panicked).map(drop)
    }
}

/// The thread of this name.
fn thread_of(process: Pid, name: &str) -> Result<Pid> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).context("list threads")?;
    for task in tasks {
        let task = task?;
        if fs::read_to_string(task.path().join("comm"))?.trim() == name {
            let id = task.file_name().to_string_lossy().parse()?;
            return Ok(Pid::from_raw(id));
        }
    }
    anyhow::bail!("process {process} has no thread {name}")
}

/// Makes a thread run on this CPU alone, and only when nobody else wants it. In this order: one with a reservation may
/// not be kept from any CPU.
fn idle_on(thread: Pid, cpu: usize) -> Result<()> {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: the parameters outlive the call.
    let result = unsafe {
        libc::sched_setscheduler(thread.as_raw(), libc::SCHED_IDLE, &raw const parameters)
    };
    Errno::result(result).context("take the reservation away")?;
    let mut cpus = CpuSet::new();
    cpus.set(cpu).context("name the CPU")?;
    sched_setaffinity(thread, &cpus).context("keep it on a CPU")
}
