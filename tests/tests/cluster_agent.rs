//! The agent among others: who may run, who is believed, what stays when it stops.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use heartbeat_tests::lab::agent::{Agent, log_tail};
use heartbeat_tests::lab::cast::{A, B, C, PRIVATE};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::objects::Objects;
use heartbeat_tests::lab::plan::{Node, Plan};
use heartbeat_tests::lab::transcript::{Expected, Path};
use heartbeat_tests::lab::{Lab, binary, interrupt, requirements, wait};
use heartbeat_tests::suite::{Suite, Test, in_lab, in_running_lab};

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
        "detach leaves nothing behind, but refuses while an agent runs",
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
        threads: 2,
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
    in_lab(plan().multicast("auto"), |lab| {
        let before = memberships(lab, A)?;
        lab.start_agents()?;
        lab.wait_all_up()?;
        let refused = lab.try_detach_node(A)?;
        ensure!(
            !refused.status.success(),
            "detach went ahead under a running agent"
        );
        lab.stop_agent(A)?;
        let objects = Objects::of(lab, A)?;
        let left = objects.remaining()?;
        ensure!(
            10 < left.len() && objects.attachments.len() == 2,
            "stopping the agent took its objects away: {left:?}"
        );
        let joined = memberships(lab, A)?;
        lab.detach_node(A)?;
        // The kernel frees what nobody refers to any more when its readers are done.
        wait::until("the kernel to free everything", LIMIT, || {
            Ok(objects.remaining()?.is_empty().then_some(()))
        })?;
        let pins = lab.pins_of(A)?;
        ensure!(pins.is_empty(), "these pins of node-a are left: {pins:?}");
        let after = memberships(lab, A)?;
        ensure!(
            after == before,
            "memberships before:\n{before}and after:\n{after}"
        );
        ensure!(
            joined.matches("239.255.").count() >= 2 && !before.contains("239.255."),
            "node-a was in no group to leave:\n{joined}"
        );
        Ok(())
    })
}

/// Every IPv4 group that the node's kernel is in, and the addresses that hold some of them, a line each.
fn memberships(lab: &Lab, node: Node) -> Result<String> {
    let mut text = String::new();
    for what in ["maddress", "address"] {
        let mut ip = lab.node(node).command("ip")?;
        let shown = ip.args(["-4", "-o", what, "show"]).output()?;
        let said = String::from_utf8_lossy(&shown.stderr);
        ensure!(shown.status.success(), "ip {what}: {said}");
        text += &String::from_utf8(shown.stdout)?;
    }
    Ok(text)
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
