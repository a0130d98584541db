//! Who is measured: three agents and a plain receiver, each on a stage of its own.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::SPAN;
use crate::bench::plain::Received;
use crate::bench::usage::{self, Usage};
use crate::generator::configuration::Timing;
use crate::generator::shape::{Shape, network_key};
use crate::generator::stage::Stage;
use crate::generator::{Conduct, Generator};
use crate::lab::interrupt;

/// How long it may take until all paths are up.
const UP_LIMIT: Duration = Duration::from_secs(30);
/// Between two looks at that.
const LOOK: Duration = Duration::from_millis(50);
/// Name of the agent's sender thread.
const SENDER: &str = "heartbeat-tx";

/// All of them.
pub struct Cast {
    /// An agent that hears 4 096 paths.
    pub fed: Subject,
    /// The same that hears nobody.
    pub idle: Subject,
    /// An agent that hears one path.
    pub single: Subject,
    /// The ordinary receiver, which hears 4 096 paths.
    pub plain: Subject,
    /// Processor time of the fed agent until its last path was up.
    pub rise: Duration,
    /// From the start of the generator until then.
    pub up_after: Duration,
    program: u32,
}

/// One process, and those it hears.
pub struct Subject {
    /// Where it lives.
    pub stage: Stage,
    /// How long an agent took until it answered.
    pub started: Duration,
    generator: Generator,
    receiver: Option<Receiver>,
}

/// What one look at everybody shows.
pub struct Reading {
    /// When.
    pub at: Instant,
    /// Of each process.
    pub fed: Usage,
    /// See [`Cast`].
    pub idle: Usage,
    /// See [`Cast`].
    pub single: Usage,
    /// See [`Cast`].
    pub plain: Usage,
    /// Of the fed agent's XDP program.
    pub xdp: Duration,
    /// Of the generator that feeds the agent.
    pub feeding: Duration,
    /// Of the one that feeds the plain receiver.
    pub feeding_plain: Duration,
}

impl Cast {
    /// Starts everybody and waits until all paths are up.
    pub fn assemble(timing: Timing) -> Result<Self> {
        let mut fed = Subject::agent(Shape::FULL, timing, Conduct::Speaking)?;
        let begin = Instant::now();
        let up = fed.stage.shape().paths();
        while fed.stage.events().all()?.len() < up {
            ensure!(begin.elapsed() < UP_LIMIT, "not all paths came up");
            interrupt::sleep(LOOK)?;
            fed.check()?;
        }
        let (up_after, rise) = (begin.elapsed(), fed.usage()?.all);
        Ok(Cast {
            program: usage::program_on(fed.stage.here(), &network_key(0))?,
            fed,
            up_after,
            rise,
            idle: Subject::agent(Shape::FULL, timing, Conduct::Silent)?,
            single: Subject::agent(Shape::SINGLE, timing, Conduct::Speaking)?,
            plain: Subject::plain(timing)?,
        })
    }

    /// Looks at everybody.
    pub fn read(&mut self) -> Result<Reading> {
        for subject in [
            &mut self.fed,
            &mut self.idle,
            &mut self.single,
            &mut self.plain,
        ] {
            subject.check()?;
        }
        Ok(Reading {
            at: Instant::now(),
            fed: self.fed.usage()?,
            idle: self.idle.usage()?,
            single: self.single.usage()?,
            plain: self.plain.usage()?,
            xdp: usage::of_program(self.program)?,
            feeding: self.fed.feeding()?,
            feeding_plain: self.plain.feeding()?,
        })
    }

    /// Ends everybody. Fails where somebody did not do what was measured.
    pub fn conclude(mut self) -> Result<()> {
        let paths = Shape::FULL.paths();
        let events = self.fed.stage.events().all()?.len();
        ensure!(events == paths, "{events} events instead of {paths}");
        let events = self.idle.stage.events().all()?.len();
        ensure!(events == 0, "the idle agent told {events} events");
        let receiver = self.plain.receiver.take().context("it was started")?;
        let sent: u64 = self.plain.generator.stop()?.iter().sum();
        let received = receiver.stop()?;
        ensure!(
            received.heartbeats + received.missed == sent && received.refused == 0,
            "the plain receiver got {received:?} of {sent}"
        );
        ensure!(received.up == paths, "the plain receiver has {received:?}");
        Ok(())
    }
}

impl Subject {
    fn agent(shape: Shape, timing: Timing, conduct: Conduct) -> Result<Self> {
        let mut stage = Stage::build(shape, timing)?;
        Ok(Subject {
            started: stage.start_agent()?,
            generator: stage.generate(conduct, SPAN)?,
            stage,
            receiver: None,
        })
    }

    fn plain(timing: Timing) -> Result<Self> {
        let stage = Stage::build(Shape::FULL, timing)?;
        let (begin, receiver) = (Instant::now(), Receiver::start(&stage)?);
        Ok(Subject {
            started: begin.elapsed(),
            generator: stage.generate(Conduct::Speaking, SPAN)?,
            stage,
            receiver: Some(receiver),
        })
    }

    /// Its process.
    pub fn pid(&self) -> Result<i32> {
        match &self.receiver {
            Some(receiver) => Ok(receiver.pid()),
            None => self.stage.agent_pid(),
        }
    }

    fn usage(&self) -> Result<Usage> {
        usage::of(self.pid()?, SENDER)
    }

    fn feeding(&self) -> Result<Duration> {
        let here = i32::try_from(std::process::id()).context("a process id")?;
        usage::of_thread(here, self.generator.thread_id())
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
