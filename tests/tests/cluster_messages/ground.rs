//! What all stories of this suite need.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use heartbeat_tests::lab::plan::{Network, Node, Plan};
use heartbeat_tests::lab::{Lab, wait};
use serde_json::Value;

pub const INTERVAL: Duration = Duration::from_millis(100);
/// What may pass until something happens on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(20);

pub fn plan() -> Plan {
    Plan::nodes(3).two_networks().timing(INTERVAL, 3)
}

/// Delivers as soon as the receiver is a member again.
pub fn deliver_to_member(lab: &Lab, from: Node, to: Node, body: &[u8]) -> Result<()> {
    wait::until(&format!("{to} to be a member"), LIMIT, || {
        let output = send(lab, from, &to.to_string(), body)?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success() || said.contains("member"),
            "{from} to {to}: {said}"
        );
        Ok(output.status.success().then_some(()))
    })
}

/// Sends by the command, and waits for its end.
pub fn send(lab: &Lab, from: Node, to: &str, body: &[u8]) -> Result<Output> {
    let mut child = command(lab, from, &["send", "--to", to])?
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("start heartbeat send")?;
    let mut input = child.stdin.take().context("its standard input")?;
    input.write_all(body).context("write the message")?;
    drop(input);
    child.wait_with_output().context("wait for heartbeat send")
}

/// Sends what must be delivered.
pub fn deliver(lab: &Lab, from: Node, to: Node, body: &[u8]) -> Result<()> {
    let output = send(lab, from, &to.to_string(), body)?;
    ensure!(
        output.status.success() && output.stdout == format!("{to} has it\n").into_bytes(),
        "{from} to {to}: {:?}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// Sends what must not be: errors unless the exit status is this and the reason has these words.
pub fn refused(lab: &Lab, from: Node, to: &str, status: i32, words: &[&str]) -> Result<()> {
    let output = send(lab, from, to, b"in vain")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.code() == Some(status) && output.stdout.is_empty(),
        "{:?}: {said}",
        output.status
    );
    for word in words {
        ensure!(said.contains(word), "{said:?} does not say {word:?}");
    }
    Ok(())
}

/// `heartbeat receive --count N --json` beside the story.
pub struct Receiver {
    child: Child,
    out: PathBuf,
}

impl Receiver {
    pub fn start(lab: &Lab, at: Node, name: &str, count: usize) -> Result<Self> {
        let out = lab.name().directory().join(format!("{name}.out"));
        let child = command(
            lab,
            at,
            &["receive", "--json", "--count", &count.to_string()],
        )?
        .stdin(Stdio::null())
        .stdout(File::create(&out)?)
        .spawn()
        .context("start heartbeat receive")?;
        Ok(Receiver { child, out })
    }

    /// What it received, once it has ended: senders and bodies.
    pub fn wait_for_end(mut self) -> Result<Vec<(String, String)>> {
        let status = wait::until("the end of heartbeat receive", LIMIT, || {
            Ok(self.child.try_wait()?)
        })?;
        ensure!(status.success(), "heartbeat receive: {status}");
        let lines = fs::read_to_string(&self.out)?;
        lines.lines().map(taken_apart).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // Both fail only for a process that has ended and been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program of its own that receives, by the control socket.
pub struct Attached(BufReader<UnixStream>);

impl Attached {
    /// Attaches; returns how many messages waited, too.
    pub fn to(lab: &Lab, node: Node) -> Result<(Self, u64)> {
        let mut stream = UnixStream::connect(lab.files().socket(node))?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.write_all(b"{\"command\":\"receive\"}\n")?;
        let mut attached = Attached(BufReader::new(stream));
        let first: Value = serde_json::from_str(&attached.line()?)?;
        let waiting = first["receiving"].as_u64();
        Ok((attached, waiting.with_context(|| first.to_string())?))
    }

    /// The next message: sender and body.
    pub fn next(&mut self) -> Result<(String, String)> {
        taken_apart(&self.line()?)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line).context("wait for a message")?;
        Ok(line)
    }
}

/// Receives so many messages that wait already.
pub fn receive(lab: &Lab, at: Node, count: usize) -> Result<Vec<(String, String)>> {
    Receiver::start(lab, at, "receive", count)?.wait_for_end()
}

fn taken_apart(line: &str) -> Result<(String, String)> {
    let message: Value = serde_json::from_str(line)?;
    let field = |name: &str| {
        let value = message[name].as_str();
        value
            .map(str::to_owned)
            .with_context(|| format!("{line} has no {name:?}"))
    };
    field("time")?;
    Ok((field("from")?, field("body")?))
}

fn command(lab: &Lab, node: Node, arguments: &[&str]) -> Result<std::process::Command> {
    let mut command = lab.heartbeat(node)?;
    command
        .args(arguments)
        .arg("--socket")
        .arg(lab.files().socket(node));
    Ok(command)
}

/// Datagrams of messages that the node's kernel let through on a network.
pub fn frames(lab: &Lab, node: Node, network: Network) -> Result<f64> {
    let labels = [
        ("network", lab.plan().label(network)),
        ("verdict", "message"),
    ];
    lab.metrics(node)?.value("heartbeat_frames_total", &labels)
}

/// Datagrams of messages with this outcome at the node's agent.
pub fn datagrams(lab: &Lab, node: Node, verdict: &str) -> Result<f64> {
    lab.metrics(node)?
        .value("heartbeat_message_datagrams_total", &[("verdict", verdict)])
}

/// A text of so many bytes in which no part is like another.
pub fn long_text(bytes: usize) -> String {
    let mut text: String = (0..=bytes / 8)
        .map(|number| format!("{number:07} "))
        .collect();
    text.truncate(bytes);
    text
}
