//! One running agent, and what can happen to it.
//!
//! It ends with its lab, whatever happens: dropping it kills it, also while it is stopped by a signal.
//! Its process id is written down as well, for the case that the lab's own process is killed and nothing
//! is dropped at all.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::configuration::Files;
use super::namespace::Namespace;
use super::plan::Node;
use super::wait;

/// A `heartbeat run` that this process started.
#[derive(Debug)]
pub struct Agent {
    node: Node,
    log: PathBuf,
    /// Absent once the agent was handed over to a lab that outlives this process.
    child: Option<Child>,
    paused: bool,
}

impl Agent {
    /// Starts `heartbeat run` for the node inside its namespace; the log is continued.
    pub fn start(binary: &Path, namespace: &Namespace, files: &Files, node: Node) -> Result<Self> {
        let log = files.log(node);
        let output = append(&log)?;
        let child = namespace
            .command(binary)?
            .arg("run")
            .arg("--config")
            .arg(files.configuration(node))
            .args(["--node", &node.to_string()])
            .stdin(Stdio::null())
            .stdout(
                output
                    .try_clone()
                    .context("duplicate the log's descriptor")?,
            )
            .stderr(output)
            .spawn()
            .with_context(|| format!("start {} for {node}", binary.display()))?;
        let agent = Agent {
            node,
            log,
            child: Some(child),
            paused: false,
        };
        writeln!(append(&files.processes())?, "{}", agent.pid())
            .context("write down the agent's process id")?;
        Ok(agent)
    }

    /// Its process id.
    pub fn pid(&self) -> Pid {
        let id = self
            .child
            .as_ref()
            .expect("an agent handed over is not used any more")
            .id();
        Pid::from_raw(i32::try_from(id).expect("Linux process ids fit 22 bits"))
    }

    /// Its thread with this name.
    pub fn thread(&self, name: &str) -> Result<Pid> {
        let tasks = format!("/proc/{}/task", self.pid());
        for task in fs::read_dir(&tasks).with_context(|| format!("read {tasks}"))? {
            let task = task?.path();
            if fs::read_to_string(task.join("comm"))?.trim() == name {
                let number = task.file_name().and_then(|number| number.to_str());
                let number = number.context("a thread without a number")?.parse()?;
                return Ok(Pid::from_raw(number));
            }
        }
        bail!("process {} has no thread {name}", self.pid())
    }

    /// SIGSTOP: it does nothing any more, its host lives on.
    pub fn pause(&mut self) -> Result<()> {
        self.paused = true;
        self.signal(Signal::SIGSTOP)
    }

    /// SIGCONT.
    pub fn resume(&mut self) -> Result<()> {
        self.paused = false;
        self.signal(Signal::SIGCONT)
    }

    /// Whether it was paused and not resumed.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        kill(self.pid(), signal).with_context(|| format!("send {signal} to {}", self.node))
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        let child = self
            .child
            .as_mut()
            .expect("an agent handed over is not used any more");
        child.try_wait().context("ask whether the agent has ended")
    }

    /// Waits for its end, at most `limit`.
    pub fn wait_for_end(&mut self, limit: Duration) -> Result<ExitStatus> {
        let what = format!("the end of the agent of {}", self.node);
        wait::until(&what, limit, || self.ended())
    }

    /// SIGKILL, and waits for the end: at once, so that a quick restart can follow.
    pub fn kill(&mut self) -> Result<()> {
        let child = self
            .child
            .as_mut()
            .expect("an agent handed over is not used any more");
        child
            .kill()
            .and_then(|()| child.wait())
            .with_context(|| format!("kill the agent of {}", self.node))?;
        Ok(())
    }

    /// An error with the end of its log if it has ended, which nobody asked for.
    pub fn check_running(&mut self) -> Result<()> {
        let Some(status) = self.ended()? else {
            return Ok(());
        };
        let how = match status.signal() {
            Some(signal) => format!("was killed by signal {signal}"),
            None => format!("ended with status {}", status.code().unwrap_or_default()),
        };
        bail!(
            "the agent of {} {how}; it said:\n{}",
            self.node,
            log_tail(&self.log)
        );
    }

    /// Leaves it running; from now on somebody else has to end it.
    pub fn hand_over(mut self) {
        self.child = None;
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // Both fail only for a process that has already ended and been waited for.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn append(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("open {} to append", path.display()))
}

/// The last lines of a log, indented, or a remark that there are none.
pub fn log_tail(path: &Path) -> String {
    const LINES: usize = 15;
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return "    (nothing)".to_owned();
    }
    let tail = &lines[lines.len().saturating_sub(LINES)..];
    tail.iter()
        .map(|line| format!("    {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}
