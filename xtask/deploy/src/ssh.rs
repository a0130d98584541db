//! The operator's own ssh: one connection for one script.
//!
//! ssh knows keys, agents, jumps and names that no library of ours would; so the program itself is started, which
//! asks nothing and gives up in time. A host that hangs after it answered would stop the roll for ever: whatever
//! takes longer than its limit is ended.

use std::io::{Read, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::host::Host;
use crate::shell;

/// How hosts are reached.
#[derive(Clone, Debug)]
pub struct Ssh {
    /// Another file than ~/.ssh/config.
    pub config: Option<PathBuf>,
    /// The user to log in as, unless ssh's configuration decides.
    pub user: Option<String>,
}

/// What one host may say: snapshots of large clusters are the most.
const OUTPUT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Between two looks whether it has ended.
const PERIOD: Duration = Duration::from_millis(10);
/// The exit status of ssh's own failures.
const SSH_FAILED: i32 = 255;

impl Ssh {
    /// Runs a script as root on the host, with `input` on its standard input, and returns what it prints.
    ///
    /// # Errors
    /// It was not reached, ended with another status than 0, or took longer than `limit`.
    pub fn run(&self, host: &Host, script: &str, input: &[u8], limit: Duration) -> Result<String> {
        let mut child = self.command(host, script).spawn().context(
            "start `ssh`: is the OpenSSH client installed? (`apt-get install openssh-client`)",
        )?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut stdin), Some(stdout), Some(stderr)) = pipes else {
            bail!("ssh has no pipes");
        };
        thread::scope(|scope| {
            let out = scope.spawn(|| read(stdout));
            let err = scope.spawn(|| read(stderr));
            // One that ends before it has read everything says why on its standard error.
            scope.spawn(move || stdin.write_all(input).ok());
            let ended = wait(&mut child, limit);
            let joined =
                |read: thread::ScopedJoinHandle<'_, String>| read.join().unwrap_or_default();
            let (out, err) = (joined(out), joined(err));
            let code = ended?.with_context(|| {
                format!(
                    "it took longer than {} s, and was given up",
                    limit.as_secs()
                )
            })?;
            ensure!(code == 0, reason(code, &err));
            Ok(out)
        })
    }

    fn command(&self, host: &Host, script: &str) -> Command {
        let mut ssh = Command::new("ssh");
        ssh.args(["-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"]);
        ssh.args(["-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"]);
        if let Some(config) = &self.config {
            ssh.arg("-F").arg(config);
        }
        if let Some(user) = &self.user {
            ssh.arg("-l").arg(user);
        }
        ssh.arg("--")
            .arg(&host.destination)
            .arg(shell::as_root(script));
        ssh.stdin(Stdio::piped());
        ssh.stdout(Stdio::piped()).stderr(Stdio::piped());
        ssh
    }
}

/// The exit status, or `None` where it had to be ended.
fn wait(child: &mut Child, limit: Duration) -> Result<Option<i32>> {
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait().context("wait for ssh")? {
            return Ok(Some(status.code().unwrap_or(SSH_FAILED)));
        }
        if end <= Instant::now() {
            child.kill().context("end ssh")?;
            child.wait().context("wait for ssh")?;
            return Ok(None);
        }
        thread::sleep(PERIOD);
    }
}

fn read(pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    // What was read before an error is all there is to show.
    let _ = pipe.take(OUTPUT_BYTES_MAX).read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Why it failed, with what to do.
fn reason(code: i32, err: &str) -> anyhow::Error {
    let said: Vec<&str> = err
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let said = said.join("; ");
    if said.contains("sudo: a password is required") || said.contains("sudo: not found") {
        return anyhow!("{said}: log in as root, or let this user run sudo without a password");
    }
    match code {
        SSH_FAILED => anyhow!("not reached by ssh: {said}"),
        _ if said.is_empty() => anyhow!("a script ended with status {code} and said nothing"),
        _ => anyhow!("{said}"),
    }
}
