//! The two ends of the control, on two nodes of a lab.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Seen;
use crate::lab::Lab;
use crate::lab::plan::{Network, Node};

/// Their port, which the XDP program lets pass like any other that is not its own.
const PORT: u16 = 4343;

/// Both ends; killed when dropped early.
#[derive(Debug)]
pub struct Pair {
    ends: Vec<Child>,
}

impl Pair {
    /// Starts one end on each of two nodes, with the timing of the lab's agents. `program` is the helper that lies
    /// beside these tests.
    pub fn start(
        program: &Path,
        lab: &Lab,
        network: Network,
        nodes: [Node; 2],
        end_ns: u64,
    ) -> Result<Self> {
        let mut pair = Pair { ends: Vec::new() };
        let [one, other] = nodes;
        for (local, peer) in [(one, other), (other, one)] {
            let of = |node| format!("{}:{PORT}", lab.plan().address(node, network));
            let milliseconds = |duration: Duration| duration.as_millis().to_string();
            let end = lab
                .node(local)
                .command(program)?
                .args(["control", "--local", &of(local), "--peer", &of(peer)])
                .args(["--interval-ms", &milliseconds(lab.plan().interval)])
                .args(["--detection-ms", &milliseconds(lab.plan().detection_time())])
                .args(["--end-ns", &end_ns.to_string()])
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .with_context(|| format!("start the control {}", program.display()))?;
            pair.ends.push(end);
        }
        Ok(pair)
    }

    /// Waits until both have ended, and returns what they saw.
    pub fn wait(mut self) -> Result<Vec<Seen>> {
        let seen = |end: Child| {
            let output = end.wait_with_output().context("wait for the control")?;
            ensure!(
                output.status.success(),
                "the control failed: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            serde_json::from_slice(&output.stdout).context("understand what the control says")
        };
        self.ends.drain(..).map(seen).collect()
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for end in &mut self.ends {
            // Both fail only for a process that has already ended and been waited for.
            let _ = end.kill();
            let _ = end.wait();
        }
    }
}
