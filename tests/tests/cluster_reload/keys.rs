//! The cluster's key, replaced under way: new one second, new one first, old one gone.

use anyhow::{Result, ensure};
use heartbeat_tests::lab::Lab;
use heartbeat_tests::lab::event::PATH_LOST;
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::Node;
use heartbeat_tests::lab::reload::new_key_of_id;
use heartbeat_tests::suite::{Test, in_lab};

use super::{A, B, C, INTERVAL, LIMIT, must_say, operator, plan, reload, roll_out, said};

pub const TESTS: &[Test] = &[
    (
        "a key is replaced in three roll-outs, and no heartbeat is lost",
        three_roll_outs,
    ),
    (
        "another key under the number of the old one is refused",
        other_bytes,
    ),
];

const ALL: [Node; 3] = [A, B, C];

/// What the exchange of keys must not move: heartbeats lost and refused, over all nodes.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Harm {
    lost: f64,
    refused: f64,
}

fn harm(lab: &Lab) -> Result<Harm> {
    let mut harm = Harm {
        lost: 0.0,
        refused: 0.0,
    };
    for node in lab.plan().all_nodes() {
        let metrics = lab.metrics(node)?;
        let sum = |name, labels: &[(&str, &str)]| -> f64 {
            metrics
                .matching(name, labels)
                .map(|sample| sample.value)
                .sum()
        };
        harm.lost += sum("heartbeat_heartbeats_lost_total", &[]);
        for verdict in ["tag", "key"] {
            harm.refused += sum("heartbeat_frames_total", &[("verdict", verdict)]);
        }
    }
    Ok(harm)
}

fn arrivals(lab: &Lab) -> Result<f64> {
    let metrics = lab.metrics(A)?;
    let paths = metrics.matching("heartbeat_arrivals_total", &[]);
    Ok(paths.map(|path| path.value).sum())
}

fn three_roll_outs() -> Result<()> {
    in_lab(plan(3), |lab| {
        let (old, new) = start_with_key(lab)?;
        let mut feed = Feed::from_now(lab)?;
        let (before, heard) = (harm(lab)?, arrivals(lab)?);
        for keys in [&[&*old, &*new][..], &[&*new, &*old], &[&*new]] {
            roll_out(lab, &mut feed, &ALL, |lab, node| {
                lab.files().write_keys(node, keys)
            })?;
            let after = harm(lab)?;
            ensure!(
                after == before,
                "after the roll-out of {} keys: {after:?}, before it all: {before:?}",
                keys.len()
            );
        }
        must_say(&operator(lab, C)?.message, &["key"])?;
        let grown = arrivals(lab)? - heard;
        ensure!(100.0 <= grown, "node-a heard only {grown} heartbeats");
        old_key_is_gone(lab, &mut feed, &old)
    })
}

/// All agents start with one key of a number of its own; returned with its successor.
fn start_with_key(lab: &mut Lab) -> Result<(String, String)> {
    let (old, new) = (new_key_of_id(1)?, new_key_of_id(2)?);
    lab.write_missing_files()?;
    for node in ALL {
        lab.files().write_keys(node, &[&old])?;
    }
    lab.start_agents()?;
    lab.wait_all_up()?;
    Ok((old, new))
}

/// The witness: who still signs with the old key is refused by its number, and is lost.
fn old_key_is_gone(lab: &Lab, feed: &mut Feed, old: &str) -> Result<()> {
    lab.files().write_keys(C, &[old])?;
    reload(lab, C)?;
    for (observer, peer) in [(A, C), (B, C), (C, A), (C, B)] {
        feed.wait_for_event(observer, PATH_LOST, peer, LIMIT)?;
    }
    let metrics = lab.metrics(A)?;
    let refused: f64 = metrics
        .matching("heartbeat_frames_total", &[("verdict", "key")])
        .map(|sample| sample.value)
        .sum();
    ensure!(
        0.0 < refused,
        "node-a refused nothing by the number of its key"
    );
    Ok(())
}

fn other_bytes() -> Result<()> {
    in_lab(plan(3), |lab| {
        start_with_key(lab)?;
        let mut feed = Feed::from_now(lab)?;
        lab.files().write_keys(A, &[&new_key_of_id(1)?])?;
        let output = lab.reload_agent(A)?;
        ensure!(!output.status.success(), "another key under 1 was taken");
        must_say(&said(&output), &["key", "1", "another id"])?;
        feed.nothing_but(&[], 10 * INTERVAL)
    })
}
