extern crate std;
use core::num::NonZeroU32;
use core::time::Duration;
use std::string::ToString;
use std::vec;

use heartbeat_ebpf::ids::{NetworkId, NodeId};

use super::*;
use crate::arrival::{Departure, HeardBy, Reply};
use crate::config::{
    Authentication, GroupUse, MembershipConfig, NetworkConfig, NodeConfig, PathConfig, Role, Settle,
};
use crate::event::Subject;
use crate::flapping::Voice;
use crate::inquiry::{Arm, Ask};
use crate::memory::Told;
use crate::nodes::{NodeIndex, NodeSet};
use crate::starvation::Part;
use crate::timing::{Timing, Tolerance};

mod echoes;
mod inherited;
mod peers;
mod questions;
mod together;
mod warnings;

const DIGEST: u32 = 0xabcd_ef01;

fn config(paths: u16) -> Config {
    let path = |peer: u16| PathConfig {
        identity: u64::from(peer),
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
    Config {
        node: NodeId::new(100).expect("not zero"),
        name: "node-100".to_string(),
        authentication: Authentication::Key,
        digest: DIGEST,
        restart_grace: Duration::from_secs(2),
        networks: vec![NetworkConfig {
            id: NetworkId::new(1).expect("not zero"),
            label: "Private Network".to_string(),
            group: GroupUse::Never,
            // What paths and peers make of it is looked at here; the membership has tests of its own.
            role: Role::Client,
            priority: 100,
            timing: path(1).timing,
            attached: NodeSet::first(usize::from(paths) + 1),
        }],
        nodes: (1..=paths)
            .chain([100])
            .map(|id| NodeConfig {
                id: NodeId::new(id).expect("not zero"),
                name: std::format!("node-{id}"),
                votes: 1,
            })
            .collect(),
        membership: MembershipConfig {
            regroup_after: 6,
            tie_breaker: NodeIndex(0),
            stalled_after: Duration::from_secs(60),
            quarantine: None,
            settle: Settle::Auto,
        },
        paths: (1..=paths).map(path).collect(),
    }
}

fn node(paths: u16) -> Node {
    Node::new(config(paths), Incarnation(50))
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
        lost: 0,
        reordered: 0,
        duplicates: 0,
        sequence: 0,
        sent: 0,
        agent_age: Duration::ZERO,
        unheard: None,
        announced_interval: None,
        incarnation: Incarnation(1),
        departure: None,
        digest: Some(DIGEST >> 8),
        candidate: None,
        reply: Some(Reply {
            at: at(1_000_000),
            known: Incarnation(50),
            heard: HeardBy::Unicast,
            incarnation: Incarnation(1),
            sequence: 1,
            agent_age: Duration::ZERO,
        }),
        missed: None,
        armed: true,
        armed_for_candidate: true,
    }
}

fn sweep(node: &mut Node, now: u64, arrivals: &[Arrival]) -> Vec<Action> {
    let mut actions = Vec::new();
    let gaps = &[];
    node.handle(at(now), Input::Sweep { arrivals, gaps }, &mut actions);
    actions.retain(|action| !matches!(action, Action::Remember(..)));
    actions
}

/// Numbers and subjects of what was told.
fn told(actions: &[Action]) -> Vec<(u32, Subject)> {
    let told = |action: &Action| match action {
        Action::Emit(event, _) => Some((event.kind().id(), event.subject())),
        _ => None,
    };
    actions.iter().filter_map(told).collect()
}

#[test]
fn the_texts_are_those_of_the_knowledge_base_article() {
    let mut node = node(1);
    let actions = sweep(&mut node, 100, &[heard(0, 100)]);
    let [Action::Emit(restored, Voice::Loud)] = actions[..] else {
        panic!("{actions:?}")
    };
    let actions = sweep(&mut node, 600, &[heard(0, 100)]);
    let Some(Action::Emit(lost, Voice::Loud)) = actions.first() else {
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
    let arrivals = [heard(0, 300), heard(1, 100), heard(2, 210)];
    sweep(&mut node, 300, &arrivals);
    assert_eq!(
        node.next_deadline(),
        Some(at(372)),
        "the look for path 2's first missed heartbeat, half an interval after it"
    );
    sweep(&mut node, 373, &arrivals);
    assert_eq!(node.next_deadline(), Some(at(412)), "path 1's loss");
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
        vec![Action::Arm(PathIndex(0), Arm::Arrival)]
    );
    assert_eq!(sweep(&mut node, 150, &[disarmed]), vec![]);
    assert_eq!(
        node.next_deadline(),
        Some(at(200)),
        "it comes back to arm again"
    );
    assert_eq!(
        sweep(&mut node, 200, &[disarmed]),
        vec![Action::Arm(PathIndex(0), Arm::Arrival)]
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
        vec![Action::Echo(PathIndex(0), Ask::Plain)]
    );
    assert_eq!(sweep(&mut node, 150, &[candidate(100)]), vec![]);
    assert_eq!(node.next_deadline(), Some(at(225)));
    assert_eq!(
        sweep(&mut node, 225, &[candidate(200)]),
        vec![Action::Echo(PathIndex(0), Ask::Plain)]
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
    sweep(&mut node, 90, &[]);
    let before = node.clone();
    assert_eq!(sweep(&mut node, 100, &[heard(5, 100)]), vec![]);
    assert_eq!(node, before);
}

#[test]
fn the_first_missed_heartbeat_is_asked_about_at_once_and_then_once_an_answerable_time() {
    let mut node = node(1);
    sweep(&mut node, 100, &[heard(0, 100)]);
    let missed = vec![Action::Echo(PathIndex(0), Ask::Missed)];
    assert_eq!(sweep(&mut node, 212, &[heard(0, 100)]), vec![]);
    assert_eq!(sweep(&mut node, 213, &[heard(0, 100)]), missed);
    assert_eq!(sweep(&mut node, 300, &[heard(0, 100)]), vec![]);
    assert_eq!(sweep(&mut node, 338, &[heard(0, 100)]), missed);
}

#[test]
fn a_new_run_asks_whether_it_is_known_until_somebody_answers() {
    let mut node = node(1);
    let unanswered = |ms| Arrival {
        reply: None,
        ..heard(0, ms)
    };
    let asks = |actions: Vec<Action>| {
        let asked = |action: &&Action| matches!(action, Action::Echo(_, Ask::Plain));
        actions.iter().filter(asked).count()
    };
    let mut asked = 0;
    for ms in (100..=10_000).step_by(50) {
        asked += asks(sweep(&mut node, ms, &[unanswered(ms)]));
    }
    assert!((9..=14).contains(&asked), "asked {asked} times in 10 s");
    assert_eq!(asks(sweep(&mut node, 20_000, &[heard(0, 20_000)])), 0);
}

#[test]
fn an_incarnation_that_peers_have_outgrown_is_told_and_left_once() {
    let mut node = node(1);
    let replied = |at_ms, known| Arrival {
        reply: Some(Reply {
            at: at(at_ms),
            known: Incarnation(known),
            heard: HeardBy::Unicast,
            incarnation: Incarnation(1),
            sequence: 0,
            agent_age: Duration::ZERO,
        }),
        ..heard(0, at_ms)
    };
    sweep(&mut node, 100, &[replied(90, 99)]);
    let actions = sweep(&mut node, 200, &[replied(150, 50)]);
    assert_eq!(told(&actions), vec![], "known as what it is");
    let actions = sweep(&mut node, 300, &[replied(250, 99)]);
    assert_eq!(told(&actions), vec![(334_307, Subject::Observer)]);
    assert!(actions.contains(&Action::Outgrow(Incarnation(99))));
    assert_eq!(sweep(&mut node, 310, &[replied(250, 99)]), vec![]);
    node.handle(at(320), Input::Reborn(Incarnation(100)), &mut Vec::new());
    let actions = sweep(&mut node, 330, &[replied(250, 99)]);
    assert_eq!(told(&actions), vec![]);
}

#[test]
fn what_was_told_is_handed_out_after_the_event_and_only_when_it_changes() {
    let mut node = node(1);
    let mut actions = Vec::new();
    for now in [100, 150, 600, 650] {
        let input = Input::Sweep {
            arrivals: &[heard(0, 100)],
            gaps: &[],
        };
        node.handle(at(now), input, &mut actions);
    }
    let story: Vec<_> = actions
        .iter()
        .filter_map(|action| match action {
            Action::Emit(event, _) => Some(event.kind().id()),
            Action::Remember(_, memory) => Some(memory.told.code() as u32),
            _ => None,
        })
        .collect();
    assert_eq!(
        story,
        vec![1122, Told::Up.code() as u32, 1123, Told::Lost.code() as u32]
    );
}

#[test]
fn the_fifth_loss_makes_a_path_flap_and_later_ones_are_told_in_a_low_voice() {
    let mut node = node(1);
    let mut story = Vec::new();
    for round in 1..=6u64 {
        let arrival = Arrival {
            arrivals: round,
            ..heard(0, round * 1000)
        };
        for now in [round * 1000, round * 1000 + 400] {
            story.extend(sweep(&mut node, now, &[arrival]));
        }
    }
    let losses: Vec<_> = story
        .iter()
        .filter_map(|action| match action {
            Action::Emit(event, voice) if event.kind().id() != 1122 => {
                Some((event.kind().id(), *voice))
            }
            _ => None,
        })
        .collect();
    let mut expected = vec![(1123, Voice::Loud); 5];
    expected.extend([(334_308, Voice::Loud), (1123, Voice::Low)]);
    assert_eq!(losses, expected);
}

#[test]
fn own_lateness_past_the_bound_is_told_of_this_node() {
    let mut node = node(1);
    let mut late = |part, ms| {
        let mut actions = Vec::new();
        let input = Input::Late {
            part,
            late: Duration::from_millis(ms),
            waited: Duration::ZERO,
        };
        node.handle(at(1000), input, &mut actions);
        told(&actions)
    };
    assert_eq!(late(Part::Loop, 312), vec![]);
    assert_eq!(late(Part::Loop, 313), vec![(334_309, Subject::Observer)]);
    assert_eq!(late(Part::Sender, 101), vec![(334_309, Subject::Observer)]);
}

#[test]
fn after_a_pause_of_the_machine_verdicts_wait_if_all_are_silent() {
    let paused = |pause, second_heard| {
        let mut node = node(2);
        let arrivals = [heard(0, 100), heard(1, second_heard)];
        sweep(&mut node, 100, &[heard(0, 100), heard(1, 100)]);
        node.handle(
            at(1000),
            Input::Paused(pause, Duration::from_millis(900)),
            &mut Vec::new(),
        );
        let at_once = told(&sweep(&mut node, 1000, &arrivals)).len();
        (at_once, told(&sweep(&mut node, 1313, &arrivals)).len())
    };
    assert_eq!(paused(Pause::WallClock, 100), (0, 2));
    assert_eq!(paused(Pause::WallClock, 950), (1, 1), "the clock was set");
    assert_eq!(paused(Pause::Suspended, 950), (0, 2));
}
