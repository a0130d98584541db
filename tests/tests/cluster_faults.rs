//! Faults and what must be reported of them, at a tenth of a second so that many fit into a minute.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use heartbeat_tests::lab::cast::{A, B, PRIVATE, PUBLIC};
use heartbeat_tests::lab::fault::Fault;
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::{Node, Plan};
use heartbeat_tests::lab::transcript::{Expected, Path};
use heartbeat_tests::lab::{Lab, requirements};
use heartbeat_tests::suite::{Suite, Test, in_running_lab};

const INTERVAL: Duration = Duration::from_millis(100);
/// What may pass until an event on a busy machine, a carrier's second included.
const LIMIT: Duration = Duration::from_secs(10);
/// How long nothing else may come.
const QUIET: Duration = Duration::from_secs(1);

const TESTS: &[Test] = &[
    (
        "a pulled cable is reported at both ends, on its network only",
        pulled_cable,
    ),
    (
        "a dead network is reported by everybody about everybody",
        dead_network,
    ),
    (
        "a one-way loss is reported by the deaf node alone",
        one_way_loss,
    ),
    ("an IPv6 network is watched like any other", ipv6),
    (
        "a killed agent is reported on all networks, and accuses nobody when it is back",
        killed_agent,
    ),
    (
        "every kernel answers for its incarnation before a path is up",
        echoes,
    ),
    (
        "an interface that is removed and made again is attached again",
        removed_interface,
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

/// The fault makes these paths be reported as lost, its end as restored, and nothing else.
fn check(
    plan: Plan,
    fault: impl FnOnce(&Lab) -> Result<Fault>,
    paths: impl FnOnce(&Plan) -> Vec<Path>,
) -> Result<()> {
    in_running_lab(plan, |lab| {
        let paths = paths(lab.plan());
        let mut feed = Feed::from_now(lab)?;
        let fault = fault(lab)?;
        let lost = Expected::lost(paths.clone());
        feed.wait_for(&lost, LIMIT)?;
        feed.nothing_but(&lost, QUIET)?;
        lab.check_agents()?;
        fault.heal()?;
        let restored = Expected::lost_and_restored(paths);
        feed.wait_for(&restored, LIMIT)?;
        feed.nothing_but(&restored, QUIET)
    })
}

fn pulled_cable() -> Result<()> {
    check(
        plan(),
        |lab| lab.pull_cable(B, PRIVATE),
        |plan| {
            plan.paths_to(B, PRIVATE)
                .chain(plan.paths_from(B, PRIVATE))
                .collect()
        },
    )
}

fn dead_network() -> Result<()> {
    check(
        plan(),
        |lab| lab.network_down(PUBLIC),
        |plan| {
            plan.all_nodes()
                .flat_map(|node| plan.paths_to(node, PUBLIC))
                .collect()
        },
    )
}

fn one_way_loss() -> Result<()> {
    check(
        plan(),
        |lab| lab.drop_between(B, A, PRIVATE),
        |plan| vec![plan.path(A, B, PRIVATE)],
    )
}

fn ipv6() -> Result<()> {
    check(
        Plan::nodes(3)
            .network_v6("six", "Network Six")
            .timing(INTERVAL, 3),
        |lab| lab.drop_from(B, PRIVATE),
        |plan| plan.paths_to(B, PRIVATE).collect(),
    )
}

/// Removing an interface ends the program on it; the agent has to notice the new one and attach again.
fn removed_interface() -> Result<()> {
    check(
        plan(),
        |lab| lab.remove_interface(B, PRIVATE),
        |plan| {
            plan.paths_to(B, PRIVATE)
                .chain(plan.paths_from(B, PRIVATE))
                .collect()
        },
    )
}

fn all_paths_to_b(plan: &Plan) -> Vec<Path> {
    plan.all_networks()
        .flat_map(|network| plan.paths_to(B, network))
        .collect()
}

fn killed_agent() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let paths = all_paths_to_b(lab.plan());
        let mut feed = Feed::from_now(lab)?;
        lab.kill_agent(B)?;
        let lost = Expected::lost(paths.clone());
        feed.wait_for(&lost, LIMIT)?;
        feed.nothing_but(&lost, QUIET)?;
        lab.start_agent(B)?;
        let restored = Expected::lost_and_restored(paths);
        feed.wait_for(&restored, LIMIT)?;
        feed.nothing_but(&restored, QUIET)
    })
}

/// Before it believes a new incarnation, an agent asks for it. The kernel of the asked one answers, through a
/// switch port; its agent would answer only in its stead.
fn echoes() -> Result<()> {
    in_running_lab(plan(), |lab| {
        for node in lab.plan().all_nodes() {
            let (answered, heard) = (frames(lab, node, "echo")?, frames(lab, node, "echo_reply")?);
            ensure!(
                2.0 <= answered,
                "the kernel of {node} answered only {answered} echo requests"
            );
            ensure!(2.0 <= heard, "{node} heard only {heard} echo replies");
        }
        Ok(())
    })
}

/// Frames of one verdict on the private network.
fn frames(lab: &Lab, node: Node, verdict: &str) -> Result<f64> {
    let labels = [("network", lab.plan().label(PRIVATE)), ("verdict", verdict)];
    lab.metrics(node)?.value("heartbeat_frames_total", &labels)
}
