//! The agent among others: who may run, who is believed, what stays when it stops.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use heartbeat_tests::lab::agent::{Agent, log_tail};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::{Network, Node, Plan};
use heartbeat_tests::lab::transcript::{Expected, Path};
use heartbeat_tests::lab::{Lab, binary, interrupt, requirements, wait};
use heartbeat_tests::suite::{Suite, Test, in_lab, in_running_lab};

const A: Node = Node(0);
const B: Node = Node(1);
const C: Node = Node(2);
const PRIVATE: Network = Network(0);

const INTERVAL: Duration = Duration::from_millis(100);
/// What may pass until something happens on a busy machine.
const LIMIT: Duration = Duration::from_secs(10);

const TESTS: &[Test] = &[
    (
        "a path that was never heard is unknown, not lost",
        never_heard,
    ),
    (
        "a second agent for the same node is refused and disturbs nobody",
        second_agent,
    ),
    (
        "without authentication losses are reported all the same",
        without_authentication,
    ),
    (
        "a node with another key is heard by nobody and counted by its tag",
        wrong_key,
    ),
    (
        "the kernel stamps on while an agent restarts, and nobody is accused",
        restart,
    ),
    (
        "detach removes everything, but not under a running agent",
        detach,
    ),
    (
        "the exit status of status tells well, degraded and absent apart",
        exit_status,
    ),
];

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 1,
        tests: &[TESTS],
    }
    .run()
}

fn plan() -> Plan {
    Plan::nodes(3).two_networks().timing(INTERVAL, 3)
}

fn path_value(lab: &Lab, name: &str, path: (Node, Node)) -> Result<f64> {
    let (observer, peer) = path;
    let labels = [
        ("peer", &*peer.to_string()),
        ("network", lab.plan().label(PRIVATE)),
    ];
    lab.metrics(observer)?.value(name, &labels)
}

fn never_heard() -> Result<()> {
    in_lab(plan(), |lab| {
        let mut feed = Feed::from_now(lab)?;
        lab.start_agent(A)?;
        feed.nothing_but(&[], 10 * INTERVAL)?;
        let sent = path_value(lab, "heartbeat_sent_total", (A, B))?;
        ensure!(5.0 <= sent, "node-a sent only {sent} heartbeats to node-b");
        let labels = [
            ("peer", "node-b"),
            ("network", lab.plan().label(PRIVATE)),
            ("state", "unknown"),
        ];
        let unknown = lab.metrics(A)?.value("heartbeat_path_state", &labels)?;
        ensure!(unknown == 1.0, "the path to node-b is not unknown");
        Ok(())
    })
}

fn second_agent() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let mut feed = Feed::from_now(lab)?;
        let mut second = Agent::start(&binary::find()?, lab.node(A), lab.files(), A)?;
        let status = second.wait_for_end(LIMIT)?;
        ensure!(!status.success(), "a second agent ended with success");
        ensure!(
            log_tail(&lab.files().log(A)).contains("node-a"),
            "it did not say which node is taken"
        );
        feed.nothing_but(&[], 10 * INTERVAL)?;
        lab.check_agents()?;
        lab.metrics(A).map(drop)
    })
}

fn without_authentication() -> Result<()> {
    let plan = Plan {
        authentication: false,
        ..plan()
    };
    in_running_lab(plan, |lab| {
        let paths: Vec<Path> = lab.plan().paths_to(B, PRIVATE).collect();
        let mut feed = Feed::from_now(lab)?;
        let fault = lab.drop_from(B, PRIVATE)?;
        feed.wait_for(&Expected::lost(paths.clone()), LIMIT)?;
        fault.heal()?;
        feed.wait_for(&Expected::lost_and_restored(paths), LIMIT)
    })
}

fn wrong_key() -> Result<()> {
    let plan = Plan {
        wrong_key: Some(B),
        ..plan()
    };
    in_lab(plan, |lab| {
        lab.start_agents()?;
        wait::until("node-a to hear node-c", LIMIT, || {
            Ok((path_value(lab, "heartbeat_path_up", (A, C))? == 1.0).then_some(()))
        })?;
        interrupt::sleep(10 * INTERVAL)?;
        for path in [(A, B), (B, A), (B, C), (C, B)] {
            let up = path_value(lab, "heartbeat_path_up", path)?;
            ensure!(up == 0.0, "{} hears {} in spite of its key", path.0, path.1);
        }
        for node in lab.plan().all_nodes() {
            let labels = [("network", lab.plan().label(PRIVATE)), ("verdict", "tag")];
            let refused = lab
                .metrics(node)?
                .value("heartbeat_frames_total", &labels)?;
            ensure!(
                5.0 <= refused,
                "{node} refused only {refused} frames by their tag"
            );
        }
        Ok(())
    })
}

/// The detection time is long here, so that what keeps peers from accusing is not the point.
fn restart() -> Result<()> {
    in_running_lab(plan().timing(INTERVAL, 60), |lab| {
        let before = path_value(lab, "heartbeat_arrivals_total", (A, B))?;
        let lost = path_value(lab, "heartbeat_heartbeats_lost_total", (A, B))?;
        let mut feed = Feed::from_now(lab)?;
        ensure!(
            lab.stop_agent(A)? == Some(0),
            "SIGTERM did not end the agent with status 0"
        );
        interrupt::sleep(20 * INTERVAL)?;
        lab.start_agent(A)?;
        let grown = path_value(lab, "heartbeat_arrivals_total", (A, B))? - before;
        ensure!(
            20.0 <= grown,
            "the kernel stamped only {grown} heartbeats while no agent ran"
        );
        let lost = path_value(lab, "heartbeat_heartbeats_lost_total", (A, B))? - lost;
        ensure!(
            lost == 0.0,
            "{lost} heartbeats were lost while no agent ran"
        );
        lab.wait_all_up()?;
        feed.nothing_but(&[], 10 * INTERVAL)
    })
}

fn detach() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let file = lab.files().configuration(A).display().to_string();
        let detach = ["detach", "--config", &file, "--node", "node-a"];
        let refused = lab.run_heartbeat(A, &detach)?;
        ensure!(
            !refused.status.success(),
            "detach went ahead under a running agent"
        );
        ensure!(
            shows_xdp(lab)?,
            "node-a has no XDP program while its agent runs"
        );
        lab.stop_agent(A)?;
        ensure!(shows_xdp(lab)?, "stopping the agent detached its program");
        let done = lab.run_heartbeat(A, &detach)?;
        ensure!(
            done.status.success(),
            "detach: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        ensure!(!shows_xdp(lab)?, "node-a has its XDP program still");
        let left = pins_of(lab, "node-a")?;
        ensure!(left.is_empty(), "these pins of node-a are left: {left:?}");
        Ok(())
    })
}

fn shows_xdp(lab: &Lab) -> Result<bool> {
    let shown = lab.node(A).command("ip")?.args(["-o", "link"]).output()?;
    Ok(String::from_utf8(shown.stdout)?.contains("prog/xdp"))
}

/// Paths of everything pinned for a node.
fn pins_of(lab: &Lab, node: &str) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    let mut directories = vec![lab.name().pins()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory)? {
            let path = entry?.path();
            if path.is_dir() {
                directories.push(path);
            } else if path.components().any(|part| part.as_os_str() == node) {
                found.push(path);
            }
        }
    }
    Ok(found)
}

fn exit_status() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let socket = lab.files().socket(A).display().to_string();
        let code = |lab: &Lab| -> Result<Option<i32>> {
            Ok(lab
                .run_heartbeat(A, &["status", "--socket", &socket])?
                .status
                .code())
        };
        ensure!(code(lab)? == Some(0), "a healthy cluster is not told by 0");
        let mut feed = Feed::from_now(lab)?;
        let _fault = lab.drop_between(B, A, PRIVATE)?;
        feed.wait_for(&Expected::lost([lab.plan().path(A, B, PRIVATE)]), LIMIT)?;
        ensure!(code(lab)? == Some(1), "a lost path is not told by 1");
        ensure!(
            lab.status(A)?.1 == 1,
            "the status as JSON has another exit status"
        );
        lab.stop_agent(A)?;
        ensure!(code(lab)? == Some(3), "an absent agent is not told by 3");
        Ok(())
    })
}
