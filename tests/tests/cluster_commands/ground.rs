//! What all stories stand on: the plan, its configuration, events on demand, and commands that run beside.

use std::fs::{self, File, OpenOptions};
use std::io::{self, PipeReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
pub use heartbeat_tests::lab::cast::{A, B, PRIVATE};
use heartbeat_tests::lab::plan::Plan;
use heartbeat_tests::lab::{Lab, wait};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

pub const INTERVAL: Duration = Duration::from_millis(100);
/// What may pass until something happens on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(15);

/// Whoever said nothing for so long has nothing more to say of what happened.
const QUIET: Duration = Duration::from_secs(1);

pub fn plan() -> Plan {
    Plan::nodes(3)
        .network("private", "Private Network")
        .timing(INTERVAL, 3)
}

/// Writes the configurations, with more lines for the `[agent]` table of each.
pub fn configure(lab: &Lab, more: &str) -> Result<()> {
    let key = || {
        let output = lab.run_heartbeat(A, &["key", "generate"])?;
        Ok(String::from_utf8(output.stdout)?)
    };
    lab.files().write(lab.plan(), key)?;
    for node in lab.plan().all_nodes() {
        let path = lab.files().configuration(node);
        let mut file = OpenOptions::new().append(true).open(path)?;
        writeln!(file, "{more}")?;
    }
    Ok(())
}

/// The directory of node-a's events, made before its agent does.
pub fn state(lab: &Lab) -> Result<PathBuf> {
    let events = lab.files().events(A);
    let directory = events.parent().context("events lie in a directory")?;
    fs::create_dir_all(directory)?;
    Ok(directory.to_owned())
}

/// Puts so many events of an earlier life into node-a's file.
pub fn write_history(lab: &Lab, events: u64, padding: usize) -> Result<()> {
    let mut file = File::create(state(lab)?.join("events.jsonl"))?;
    let padding = "x".repeat(padding);
    let lines: String = (1..=events)
        .map(|seq| {
            format!(
                "{{\"seq\":{seq},\"time\":\"2026-01-01T00:00:00.000000Z\",\"id\":1123,\"name\":\"PathLost\",\"severity\":\"warning\",\"observer\":\"node-a\",\"peer\":\"node-b\",\"network\":\"Private Network\",\"message\":\"{padding}\",\"maintenance\":false,\"evidence\":{{\"missed\":3}}}}\n"
            )
        })
        .collect();
    Ok(file.write_all(lines.as_bytes())?)
}

/// Makes four events of node-a: both peers are lost and come back. What the cluster makes of it follows, and is
/// waited for. The counters say when it is done; the events file may be rotated meanwhile, or on a full disk.
pub fn make_events(lab: &Lab) -> Result<()> {
    let (lost, restored) = (count(lab, "1123")?, count(lab, "1122")?);
    let fault = lab.network_down(PRIVATE)?;
    wait::until("node-a to lose both peers", LIMIT, || {
        Ok((lost + 2.0 <= count(lab, "1123")?).then_some(()))
    })?;
    fault.heal()?;
    wait::until("node-a to hear both peers", LIMIT, || {
        Ok((restored + 2.0 <= count(lab, "1122")?).then_some(()))
    })?;
    wait_quiet(lab)
}

/// Waits until node-a has told of nothing for a while: states and members settle after the paths they rest on.
pub fn wait_quiet(lab: &Lab) -> Result<()> {
    let (mut told, mut since) = (-1.0, Instant::now());
    wait::until("node-a to fall silent", LIMIT, || {
        let metrics = lab.metrics(A)?;
        let all = metrics.matching("heartbeat_events_total", &[]);
        let now: f64 = all.map(|events| events.value).sum();
        if now != told {
            (told, since) = (now, Instant::now());
        }
        Ok((QUIET <= since.elapsed()).then_some(()))
    })
}

/// Events of this number that node-a has told of.
pub fn count(lab: &Lab, id: &str) -> Result<f64> {
    lab.metrics(A)?
        .value("heartbeat_events_total", &[("id", id)])
}

/// A `heartbeat` command with node-a's socket.
pub fn heartbeat(lab: &Lab, arguments: &[&str]) -> Result<Command> {
    let mut command = lab.heartbeat(A)?;
    command
        .args(arguments)
        .arg("--socket")
        .arg(lab.files().socket(A));
    Ok(command)
}

/// Runs it to its end.
pub fn run(lab: &Lab, arguments: &[&str]) -> Result<Output> {
    let output = heartbeat(lab, arguments)?.output()?;
    ensure!(
        !text(&output.stderr).contains("panicked"),
        "heartbeat {arguments:?} panicked: {}",
        text(&output.stderr)
    );
    Ok(output)
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The numbers of events, one JSON object a line.
pub fn seqs(lines: &str) -> Result<Vec<u64>> {
    lines
        .lines()
        .map(|line| {
            let event: Value =
                serde_json::from_str(line).with_context(|| format!("understand {line:?}"))?;
            event["seq"].as_u64().context("an event has a number")
        })
        .collect()
}

/// Every event of node-a that the agent tells of, by number.
pub fn told(lab: &Lab) -> Result<Vec<u64>> {
    let output = run(lab, &["events", "--json"])?;
    ensure!(output.status.success(), "{}", text(&output.stderr));
    seqs(&text(&output.stdout))
}

/// Errors unless the numbers go from the first to the last without hole or repetition.
pub fn check_whole(seqs: &[u64]) -> Result<()> {
    let (Some(first), Some(last)) = (seqs.first(), seqs.last()) else {
        bail!("no events");
    };
    let whole: Vec<u64> = (*first..=*last).collect();
    ensure!(seqs == whole, "holes or repetitions: {seqs:?}");
    Ok(())
}

/// A command that runs beside the story, its output in files.
pub struct Beside {
    child: Child,
    pub out: PathBuf,
    pub err: PathBuf,
}

impl Beside {
    pub fn start(lab: &Lab, name: &str, arguments: &[&str]) -> Result<Self> {
        Self::spawn(lab, name, heartbeat(lab, arguments)?)
    }

    /// Prints into a pipe, like one for a pager: whoever does not read from it keeps the command from going on.
    pub fn start_piped(lab: &Lab, name: &str, arguments: &[&str]) -> Result<(Self, PipeReader)> {
        let (reader, writer) = io::pipe()?;
        let beside = Self::spawn_into(lab, name, heartbeat(lab, arguments)?, writer)?;
        Ok((beside, reader))
    }

    pub fn spawn(lab: &Lab, name: &str, command: Command) -> Result<Self> {
        let out = File::create(Self::file(lab, name, "out"))?;
        Self::spawn_into(lab, name, command, out)
    }

    fn spawn_into(
        lab: &Lab,
        name: &str,
        mut command: Command,
        stdout: impl Into<Stdio>,
    ) -> Result<Self> {
        let (out, err) = (Self::file(lab, name, "out"), Self::file(lab, name, "err"));
        let child = command
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(File::create(&err)?)
            .spawn()
            .context("start a command")?;
        Ok(Beside { child, out, err })
    }

    fn file(lab: &Lab, name: &str, ending: &str) -> PathBuf {
        lab.name().directory().join(format!("{name}.{ending}"))
    }

    pub fn output(&self) -> Result<String> {
        Ok(fs::read_to_string(&self.out)?)
    }

    pub fn errors(&self) -> Result<String> {
        Ok(fs::read_to_string(&self.err)?)
    }

    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.child.id())?);
        Ok(kill(pid, signal)?)
    }

    pub fn wait_for_end(&mut self) -> Result<ExitStatus> {
        wait::until("the end of a command", LIMIT, || {
            Ok(self.child.try_wait()?)
        })
    }

    /// Waits until it has printed the events up to this number, as JSON.
    pub fn wait_for_seq(&self, seq: u64) -> Result<()> {
        let what = format!("a follower to print event {seq}");
        wait::until(&what, LIMIT, || {
            let whole = complete(&self.output()?);
            Ok((Some(&seq) <= seqs(&whole)?.last()).then_some(()))
        })
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // Both fail only for a process that has already ended and been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Without a last line that is still being written.
pub fn complete(text: &str) -> String {
    let end = text.rfind('\n').map_or(0, |end| end + 1);
    text[..end].to_owned()
}
