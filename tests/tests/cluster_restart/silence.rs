//! How long a restarted node was silent on the wire, as each of the others had to see it.
//!
//! The first heartbeats of a new run count for nothing until an echo reply has named it: a recording could hold
//! them. So the silence on a path ends with the first heartbeat that passed the observer's port after that
//! reply did. Taps at all ports run all the time, because whose silence matters changes with each restart.

use std::time::Duration;

use anyhow::{Context, Result};
use heartbeat_ebpf::wire::Kind;
use heartbeat_tests::lab::Lab;
use heartbeat_tests::lab::plan::{Network, Node};
use heartbeat_tests::lab::tap::{Passed, Tap};
use heartbeat_tests::lab::transcript::Path;

/// A silence of a node towards one observer.
pub struct Silence {
    /// On which path.
    pub path: Path,
    /// From the last heartbeat of the old run to the first of the new one that could count.
    pub length: Duration,
    /// The first heartbeat of the new run, in nanoseconds of CLOCK_MONOTONIC.
    pub back_ns: u64,
}

/// Taps on every path of a lab.
pub struct Witness {
    taps: Vec<(Node, Network, Node, Tap)>,
}

impl Witness {
    /// Listens from now on.
    pub fn listen(lab: &Lab) -> Result<Self> {
        let mut taps = Vec::new();
        for network in lab.plan().all_networks() {
            for peer in lab.plan().all_nodes() {
                for observer in lab.plan().peers(peer) {
                    let tap = Tap::listen(lab.switch(network), peer, observer)?;
                    taps.push((peer, network, observer, tap));
                }
            }
        }
        Ok(Witness { taps })
    }

    /// The node's silences between its last run and the one before. All taps forget what they saw.
    pub fn silences_of(&self, lab: &Lab, node: Node) -> Result<Vec<Silence>> {
        let mut silences = Vec::new();
        for (peer, network, observer, tap) in &self.taps {
            if *peer == node {
                let path = lab.plan().path(*observer, node, *network);
                let silence = silence(tap).with_context(|| format!("the silence of {path}"))?;
                silences.push(Silence {
                    path,
                    length: Duration::from_nanos(silence.1 - silence.0),
                    back_ns: silence.2,
                });
            }
            tap.forget();
        }
        Ok(silences)
    }
}

/// The last heartbeat of the old run, the first of the new one that counts, and the first of the new one.
fn silence(tap: &Tap) -> Result<(u64, u64, u64)> {
    let heartbeats = tap.passed(Kind::Heartbeat);
    let newest = heartbeats.iter().map(|one| one.incarnation).max();
    let newest = newest.context("the switch saw no heartbeats")?;
    let of = |passed: &Passed| passed.incarnation == newest;
    let old = heartbeats.iter().rfind(|one| !of(one));
    let first = heartbeats.iter().find(|one| of(one));
    let replies = tap.passed(Kind::EchoReply);
    let reply = replies
        .iter()
        .find(|one| of(one))
        .context("the switch saw no echo reply that names the new run")?;
    let counted = heartbeats
        .iter()
        .find(|one| of(one) && reply.stamp_ns < one.stamp_ns);
    match (old, counted, first) {
        (Some(old), Some(counted), Some(first)) => {
            Ok((old.stamp_ns, counted.stamp_ns, first.stamp_ns))
        }
        _ => anyhow::bail!("the switch did not see heartbeats of both runs"),
    }
}
