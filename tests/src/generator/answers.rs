//! How long the agent takes to answer its operator.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::stage::Stage;

/// One answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answer {
    /// What was asked for.
    pub what: &'static str,
    /// From the question to the end of the answer; a command's start included.
    pub took: Duration,
    /// Length of the answer.
    pub bytes: usize,
}

/// Asks everything once.
pub fn all(stage: &Stage) -> Result<Vec<Answer>> {
    let socket = stage.socket().display().to_string();
    Ok(vec![
        command(stage, "status", &["status", "--socket", &socket])?,
        command(
            stage,
            "status --json",
            &["status", "--json", "--socket", &socket],
        )?,
        page(stage, "/metrics")?,
    ])
}

/// Has the agent take the configuration as it is now.
pub fn reload(stage: &Stage, what: &'static str) -> Result<Answer> {
    let socket = stage.socket().display().to_string();
    command(stage, what, &["reload", "--socket", &socket])
}

/// Runs a command of the binary, which must end well or say that something is degraded.
fn command(stage: &Stage, what: &'static str, arguments: &[&str]) -> Result<Answer> {
    let begin = Instant::now();
    let output = stage
        .heartbeat()?
        .args(arguments)
        .output()
        .with_context(|| format!("run heartbeat {what}"))?;
    let took = begin.elapsed();
    ensure!(
        matches!(output.status.code(), Some(0 | 1)) && !output.stdout.is_empty(),
        "heartbeat {what} ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(Answer {
        what,
        took,
        bytes: output.stdout.len(),
    })
}

fn page(stage: &Stage, path: &'static str) -> Result<Answer> {
    let begin = Instant::now();
    let text = stage.page(path)?;
    Ok(Answer {
        what: path,
        took: begin.elapsed(),
        bytes: text.len(),
    })
}
