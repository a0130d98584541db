extern crate std;
use core::num::NonZeroU32;
use core::time::Duration;
use std::string::ToString;
use std::vec;

use heartbeat_ebpf::ids::{NetworkId, NodeId};

use super::*;
use crate::config::PathConfig;
use crate::timing::{Timing, Tolerance};

fn node(paths: u16) -> Node {
    let path = |peer: u16| PathConfig {
        peer: NodeId::new(peer).expect("not zero"),
        peer_name: std::format!("node-{peer}"),
        network: NetworkId::new(1).expect("not zero"),
        network_label: "Private Network".to_string(),
        timing: Timing {
            interval: Duration::from_millis(100),
            lost_after: NonZeroU32::new(3).expect("not zero"),
            tolerance: Tolerance::Fixed(Duration::from_millis(12)),
            restored_after: NonZeroU32::MIN,
        },
    };
    Node::new(Config {
        node: NodeId::new(100).expect("not zero"),
        name: "node-100".to_string(),
        paths: (1..=paths).map(path).collect(),
    })
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_ns(ms * 1_000_000).expect("not zero")
}

fn heard(path: u32, last_ms: u64) -> Arrival {
    Arrival {
        path: PathIndex(path),
        last: Timestamp::from_ns(last_ms * 1_000_000),
        previous: None,
        arrivals: 1,
        announced_interval: None,
        candidate: None,
        armed: true,
        armed_for_candidate: true,
    }
}

fn sweep(node: &mut Node, now: u64, arrivals: &[Arrival]) -> Vec<Action> {
    let mut actions = Vec::new();
    node.handle(
        at(now),
        Input::Sweep {
            arrivals,
            gaps: &[],
        },
        &mut actions,
    );
    actions
}

#[test]
fn the_texts_are_those_of_the_knowledge_base_article() {
    let mut node = node(1);
    let actions = sweep(&mut node, 100, &[heard(0, 100)]);
    let [Action::Emit(restored)] = actions[..] else {
        panic!("{actions:?}")
    };
    let actions = sweep(&mut node, 600, &[heard(0, 100)]);
    let Some(Action::Emit(lost)) = actions.first() else {
        panic!("{actions:?}")
    };
    assert_eq!(
        restored.message(node.config()).expect("a path"),
        "The node (re)established communication with cluster node 'node-1' on network 'Private Network'."
    );
    assert_eq!(
        lost.message(node.config()).expect("a path"),
        "The node lost communication with cluster node 'node-1' on network 'Private Network'."
    );
    assert_eq!((restored.kind().id(), lost.kind().id()), (1122, 1123));
}

#[test]
fn the_next_deadline_is_the_earliest_of_all_paths() {
    let mut node = node(3);
    assert_eq!(node.next_deadline(), None, "nothing heard, nothing to miss");
    sweep(
        &mut node,
        300,
        &[heard(0, 300), heard(1, 100), heard(2, 200)],
    );
    assert_eq!(node.next_deadline(), Some(at(412)));
    sweep(
        &mut node,
        413,
        &[heard(0, 300), heard(1, 100), heard(2, 200)],
    );
    assert_eq!(node.next_deadline(), Some(at(512)));
}

#[test]
fn silent_paths_are_armed_once_an_interval_at_most() {
    let mut node = node(1);
    let disarmed = Arrival {
        last: None,
        armed: false,
        armed_for_candidate: false,
        ..heard(0, 0)
    };
    assert_eq!(
        sweep(&mut node, 100, &[disarmed]),
        vec![Action::Arm(PathIndex(0))]
    );
    assert_eq!(sweep(&mut node, 150, &[disarmed]), vec![]);
    assert_eq!(
        node.next_deadline(),
        Some(at(200)),
        "it comes back to arm again"
    );
    assert_eq!(
        sweep(&mut node, 200, &[disarmed]),
        vec![Action::Arm(PathIndex(0))]
    );
}

#[test]
fn a_candidate_is_asked_about_once_an_interval_while_it_is_heard() {
    let mut node = node(1);
    let candidate = |heard_ms| Arrival {
        last: None,
        candidate: Some((Incarnation(7), at(heard_ms))),
        ..heard(0, 0)
    };
    assert_eq!(
        sweep(&mut node, 100, &[candidate(100)]),
        vec![Action::Echo(PathIndex(0))]
    );
    assert_eq!(sweep(&mut node, 150, &[candidate(100)]), vec![]);
    assert_eq!(node.next_deadline(), Some(at(200)));
    assert_eq!(
        sweep(&mut node, 200, &[candidate(200)]),
        vec![Action::Echo(PathIndex(0))]
    );
    assert_eq!(
        sweep(&mut node, 900, &[candidate(200)]),
        vec![],
        "it fell silent"
    );
    assert_eq!(node.next_deadline(), None);
}

#[test]
fn an_arrival_of_an_unknown_path_changes_nothing() {
    let mut node = node(1);
    let before = node.clone();
    assert_eq!(sweep(&mut node, 100, &[heard(5, 100)]), vec![]);
    assert_eq!(node, before);
}
