//! What Prometheus gets: every series from the start, the truth while something is wrong, and a format that
//! its own tool has nothing against.

use std::io::Write;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_core::interface::{InterfaceState, NetworkState};
use heartbeat_core::strain::Strain;
use heartbeat_ebpf::verdict::Verdict;
use heartbeat_tests::lab::cast::{A, B, PRIVATE, PUBLIC};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::metrics::{Metrics, http_get};
use heartbeat_tests::lab::plan::Plan;
use heartbeat_tests::lab::transcript::Expected;
use heartbeat_tests::lab::{Lab, requirements, wait};
use heartbeat_tests::suite::{NotInstalled, Suite, Test, in_lab, in_running_lab};

/// What may pass until something happens on a busy machine.
const LIMIT: Duration = Duration::from_secs(10);
/// Counters of each path that nothing has moved yet when no peer runs.
const COUNTERS: [&str; 8] = [
    "heartbeat_path_up",
    "heartbeat_path_maintenance",
    "heartbeat_path_lost_total",
    "heartbeat_path_restored_total",
    "heartbeat_arrivals_total",
    "heartbeat_heartbeats_lost_total",
    "heartbeat_reordered_total",
    "heartbeat_duplicates_total",
];
const STATES: [&str; 5] = ["unknown", "up", "lost", "restarting", "left"];

const TESTS: &[Test] = &[
    (
        "every series exists at 0 before anybody is heard",
        from_the_start,
    ),
    (
        "a lost path shows in its gauge, its state and its counters",
        a_lost_path,
    ),
    (
        "the members, the quorum and the states of interfaces are told as they are",
        membership,
    ),
    (
        "an agent says over HTTP that it is well and ready",
        well_and_ready,
    ),
    (
        "every metric that an agent serves stands in the handbook",
        handbook,
    ),
    ("promtool finds nothing to complain about", promtool),
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
    Plan::nodes(3)
        .two_networks()
        .timing(Duration::from_millis(100), 3)
}

fn from_the_start() -> Result<()> {
    in_lab(plan(), |lab| {
        lab.start_agent(A)?;
        let metrics = lab.metrics(A)?;
        for network in lab.plan().all_networks() {
            let label = lab.plan().label(network);
            for peer in lab.plan().peers(A) {
                path_is_at_zero(&metrics, &peer.to_string(), label)?;
            }
            for node in lab.plan().all_nodes() {
                has_states(&metrics, &node.to_string(), label)?;
            }
            for state in NetworkState::ALL.map(NetworkState::label) {
                let labels = [("network", label), ("state", state)];
                metrics.value("heartbeat_network_state", &labels)?;
            }
            for (name, label, value) in [
                (
                    "heartbeat_network_info",
                    "role",
                    lab.plan().role(network).label(),
                ),
                ("heartbeat_xdp_configured", "mode", "auto"),
            ] {
                let labels = [("network", lab.plan().label(network)), (label, value)];
                metrics.value(name, &labels)?;
            }
            for verdict in Verdict::ALL {
                let labels = [("network", label), ("verdict", verdict.label())];
                metrics.value("heartbeat_frames_total", &labels)?;
            }
        }
        let keys = metrics.value("heartbeat_keys", &[])?;
        ensure!(keys == 1.0, "{keys} keys verify, and one was given");
        let quorate = metrics.value("heartbeat_quorate", &[])?;
        ensure!(quorate == 0.0, "one of three nodes has quorum");
        for id in ["1122", "1123"] {
            let count = metrics.value("heartbeat_events_total", &[("id", id)])?;
            ensure!(count == 0.0, "{count} x {id} before anybody was heard");
        }
        Ok(())
    })
}

/// One state of an interface holds. Alone, a node is no member of anything.
fn has_states(metrics: &Metrics, node: &str, network: &str) -> Result<()> {
    let mut held = 0.0;
    for state in InterfaceState::ALL.map(InterfaceState::label) {
        let labels = [("peer", node), ("network", network), ("state", state)];
        held += metrics.value("heartbeat_interface_state", &labels)?;
    }
    ensure!(held == 1.0, "{node} on {network} is in {held} states");
    let member = metrics.value("heartbeat_member", &[("peer", node)])?;
    ensure!(member == 0.0, "{node} is a member before anybody was heard");
    Ok(())
}

fn path_is_at_zero(metrics: &Metrics, peer: &str, network: &str) -> Result<()> {
    let labels = [("peer", peer), ("network", network)];
    for name in COUNTERS {
        let value = metrics.value(name, &labels)?;
        ensure!(value == 0.0, "{name} of {labels:?} starts with {value}");
    }
    for name in [
        "heartbeat_sent_total",
        "heartbeat_send_errors_total",
        "heartbeat_path_largest_gap_seconds",
    ] {
        metrics.value(name, &labels)?;
    }
    for state in STATES {
        let [peer, network] = labels;
        let value = metrics.value("heartbeat_path_state", &[peer, network, ("state", state)])?;
        let expected = f64::from(u8::from(state == "unknown"));
        ensure!(value == expected, "state {state} of {labels:?} is {value}");
    }
    for kind in Strain::ALL.map(Strain::label) {
        let [peer, network] = labels;
        let value = metrics.value("heartbeat_path_late", &[peer, network, ("kind", kind)])?;
        ensure!(value == 0.0, "{labels:?} is {kind} from the start");
    }
    let stamps = metrics
        .matching("heartbeat_path_last_arrival_timestamp_seconds", &labels)
        .count();
    ensure!(
        stamps == 0,
        "there is a last arrival of a peer that was never heard"
    );
    Ok(())
}

/// A metric of the path on which node-a hears node-b on the private network.
fn of_b(lab: &Lab, metrics: &Metrics, name: &str) -> Result<f64> {
    metrics.value(
        name,
        &[("peer", "node-b"), ("network", lab.plan().label(PRIVATE))],
    )
}

fn a_lost_path() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let path = [lab.plan().path(A, B, PRIVATE)];
        let before = lab.metrics(A)?;
        let grown = |lab: &Lab, after: &Metrics, name| -> Result<f64> {
            Ok(of_b(lab, after, name)? - of_b(lab, &before, name)?)
        };
        let mut feed = Feed::from_now(lab)?;
        let fault = lab.drop_between(B, A, PRIVATE)?;
        feed.wait_for(&Expected::lost(path.clone()), LIMIT)?;
        let during = lab.metrics(A)?;
        ensure!(
            of_b(lab, &during, "heartbeat_path_up")? == 0.0,
            "a lost path is up"
        );
        ensure!(
            grown(lab, &during, "heartbeat_path_lost_total")? == 1.0,
            "the loss is not counted once"
        );
        let up = during
            .matching("heartbeat_path_up", &[])
            .filter(|path| path.value == 1.0)
            .count();
        ensure!(up == 3, "of the 3 other paths {up} are up");
        fault.heal()?;
        feed.wait_for(&Expected::lost_and_restored(path), LIMIT)?;
        let after = lab.metrics(A)?;
        ensure!(
            of_b(lab, &after, "heartbeat_path_up")? == 1.0,
            "a restored path is not up"
        );
        ensure!(
            grown(lab, &after, "heartbeat_path_restored_total")? == 1.0,
            "the return is not counted once"
        );
        ensure!(
            3.0 <= grown(lab, &after, "heartbeat_heartbeats_lost_total")?,
            "the dropped heartbeats are not counted"
        );
        let events = after.value("heartbeat_events_total", &[("id", "1123")])?;
        ensure!(events == 1.0, "{events} x 1123 are counted");
        let gap = of_b(lab, &after, "heartbeat_path_largest_gap_seconds")?;
        ensure!(0.3 < gap && gap < 10.0, "the largest gap is {gap} s");
        Ok(())
    })
}

/// From the first view to the removal of a node that nobody hears.
fn membership() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let members = |expected: f64| {
            wait::until(&format!("{expected} members with quorum"), LIMIT, || {
                let metrics = lab.metrics(A)?;
                let members = metrics.matching("heartbeat_member", &[]);
                let members: f64 = members.map(|series| series.value).sum();
                let quorate = metrics.value("heartbeat_quorate", &[])?;
                let epoch = metrics.value("heartbeat_membership_epoch", &[])?;
                Ok((members == expected && quorate == 1.0).then_some(epoch))
            })
        };
        let first = members(3.0)?;
        ensure!(1.0 <= first, "the first view has the number {first}");
        let interface = |node: &str, state: &str| {
            let label = lab.plan().label(PRIVATE);
            let labels = [("peer", node), ("network", label), ("state", state)];
            lab.metrics(A)?.value("heartbeat_interface_state", &labels)
        };
        wait::until("all interfaces to be up", LIMIT, || {
            let up = interface("node-a", "up")? + interface("node-b", "up")?;
            Ok((up == 2.0).then_some(()))
        })?;
        let _one = lab.drop_from(B, PRIVATE)?;
        let _other = lab.drop_from(B, PUBLIC)?;
        let second = members(2.0)?;
        ensure!(first < second, "view {second} came after view {first}");
        let b = lab
            .metrics(A)?
            .value("heartbeat_member", &[("peer", "node-b")])?;
        ensure!(b == 0.0, "node-b is still a member");
        Ok(())
    })
}

fn well_and_ready() -> Result<()> {
    in_running_lab(plan(), |lab| {
        for path in ["/healthz", "/readyz"] {
            http_get(lab.node(A), path, LIMIT)?;
        }
        Ok(())
    })
}

/// The handbook's reference is made from a sample of a page (`tests/handbook`), which may lack what an agent has.
fn handbook() -> Result<()> {
    const PAGE: &str = include_str!("../../heartbeat-user/docs/metrics.md");
    in_running_lab(plan(), |lab| {
        let page = lab.metrics(A)?.text;
        let heads = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        let names: Vec<&str> = heads.filter_map(|head| head.split(' ').next()).collect();
        ensure!(40 < names.len(), "only {} metrics are served", names.len());
        for name in names {
            let row = format!("| `{name}` |");
            ensure!(PAGE.contains(&row), "metrics.md does not have {name}");
        }
        Ok(())
    })
}

fn promtool() -> Result<()> {
    if !requirements::is_installed("promtool") {
        return Err(NotInstalled("promtool").into());
    }
    in_running_lab(plan(), |lab| {
        let text = lab.metrics(A)?.text;
        let mut promtool = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("start promtool")?;
        let mut input = promtool.stdin.take().expect("standard input was asked for");
        input.write_all(text.as_bytes()).context("feed promtool")?;
        drop(input);
        let output = promtool.wait_with_output()?;
        let said = [output.stdout, output.stderr].concat();
        ensure!(
            output.status.success() && said.is_empty(),
            "{}",
            String::from_utf8_lossy(&said)
        );
        Ok(())
    })
}
