//! Who is measured: agents and a plain receiver, each on a stage of its own.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::SPAN;
use crate::bench::plain::Received;
use crate::bench::usage::{self, Usage};
use crate::generator::configuration::{Sending, Timing};
use crate::generator::shape::Shape;
use crate::generator::stage::Stage;
use crate::generator::{Conduct, Generator};
use crate::lab::interrupt;

/// How long it may take until all paths are up.
const UP_LIMIT: Duration = Duration::from_secs(30);
/// Between two looks at that.
const LOOK: Duration = Duration::from_millis(100);
/// Name of the agent's sender thread.
const SENDER: &str = "heartbeat-tx";

/// One process, and those it hears.
pub struct Subject {
    /// Where it lives.
    pub stage: Stage,
    /// How long an agent took until it answered.
    pub started: Duration,
    generator: Generator,
    receiver: Option<Receiver>,
}

/// What one look at a subject shows.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// When.
    pub at: Instant,
    /// Of its process; the agent's sender apart.
    pub process: Usage,
    /// Of the generator that it hears.
    pub feeding: Duration,
}

/// How an agent's paths came up.
#[derive(Clone, Copy, Debug)]
pub struct Rise {
    /// From the first heartbeat until the last path was up.
    pub took: Duration,
    /// Processor time of the agent since its start.
    pub processor: Duration,
}

impl Subject {
    /// An agent, and peers that speak or only listen.
    pub fn agent(shape: Shape, timing: Timing, sending: Sending, conduct: Conduct) -> Result<Self> {
        let mut stage = Stage::build(shape, timing, sending)?;
        Ok(Subject {
            started: stage.start_agent()?,
            generator: stage.generate(conduct, SPAN)?,
            stage,
            receiver: None,
        })
    }

    /// The ordinary receiver.
    pub fn plain(timing: Timing) -> Result<Self> {
        let stage = Stage::build(Shape::FULL, timing, Sending::ToEach)?;
        let (begin, receiver) = (Instant::now(), Receiver::start(&stage)?);
        Ok(Subject {
            started: begin.elapsed(),
            generator: stage.generate(Conduct::Speaking, SPAN)?,
            stage,
            receiver: Some(receiver),
        })
    }

    /// Waits until an agent has reported all its paths as up.
    pub fn rise(&mut self) -> Result<Rise> {
        let begin = Instant::now();
        while self.stage.events().all()?.len() < self.stage.shape().paths() {
            ensure!(begin.elapsed() < UP_LIMIT, "not all paths came up");
            interrupt::sleep(LOOK)?;
            self.check()?;
        }
        Ok(Rise {
            took: begin.elapsed(),
            processor: self.read()?.process.all,
        })
    }

    /// Waits until an agent sends to every network's group, and to nobody beside.
    pub fn multicast(&mut self) -> Result<()> {
        let begin = Instant::now();
        loop {
            let status = self.stage.status()?;
            let networks = status["networks"]
                .as_array()
                .context("status has networks")?;
            if networks
                .iter()
                .all(|network| network["sending"] == "multicast")
            {
                return Ok(());
            }
            ensure!(begin.elapsed() < UP_LIMIT, "not every group was confirmed");
            interrupt::sleep(LOOK)?;
            self.check()?;
        }
    }

    /// Its process.
    pub fn pid(&self) -> Result<i32> {
        match &self.receiver {
            Some(receiver) => Ok(receiver.pid()),
            None => self.stage.agent_pid(),
        }
    }

    /// The longest that those it hears have let a path wait.
    pub fn longest_pause(&self) -> Duration {
        self.generator.longest_pause()
    }

    /// Looks at it.
    pub fn read(&mut self) -> Result<Reading> {
        self.check()?;
        let here = i32::try_from(std::process::id()).context("a process id")?;
        Ok(Reading {
            at: Instant::now(),
            process: usage::of(self.pid()?, SENDER)?,
            feeding: usage::of_thread(here, self.generator.thread_id())?,
        })
    }

    /// Ends a plain receiver; returns what it received, and how many heartbeats were sent to it.
    pub fn received(self) -> Result<(Received, u64)> {
        let receiver = self.receiver.context("it is a plain receiver")?;
        let received = receiver.stop()?;
        Ok((received, self.generator.stop()?.iter().sum()))
    }

    fn check(&mut self) -> Result<()> {
        self.generator.check()?;
        self.stage.check_agent()
    }
}

/// The process of the plain receiver; dropped, it is killed.
struct Receiver(Child);

impl Receiver {
    /// Starts this program a second time, and waits until it holds the port.
    fn start(stage: &Stage) -> Result<Self> {
        let program = std::env::current_exe().context("find this program")?;
        let mut command = stage.here().command(program)?;
        command.arg("--plain-receiver").arg(stage.configuration());
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let receiver = Receiver(command.spawn().context("start the plain receiver")?);
        interrupt::sleep(Duration::from_secs(1))?;
        Ok(receiver)
    }

    fn pid(&self) -> i32 {
        i32::try_from(self.0.id()).expect("Linux process ids fit 22 bits")
    }

    fn stop(mut self) -> Result<Received> {
        kill(Pid::from_raw(self.pid()), Signal::SIGTERM).context("end the plain receiver")?;
        let output = self.0.stdout.take().context("its output is read")?;
        let said = std::io::read_to_string(output).context("read what the plain receiver says")?;
        self.0.wait().context("wait for the plain receiver")?;
        serde_json::from_str(&said).with_context(|| format!("understand {said:?}"))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // Both fail only for a process that has already ended and been waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
