extern crate std;

use std::collections::BTreeMap;

use expect_test::expect;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::account::{Account, Question, Silence};
use crate::interface::{Soundness, Witness};
use crate::message::Caution;
use crate::regroup::Stage;
use crate::view::Choice;

fn ids(numbers: impl IntoIterator<Item = u16>) -> Vec<NodeId> {
    let id = |number| NodeId::new(number).expect("not zero");
    numbers.into_iter().map(id).collect()
}

fn network(number: u16) -> NetworkId {
    NetworkId::new(number).expect("not zero")
}

fn set(nodes: &[u16]) -> NodeSet {
    nodes.iter().map(|node| NodeIndex(*node)).collect()
}

fn sets(nodes: usize) -> impl Strategy<Value = NodeSet> {
    vec(any::<bool>(), nodes).prop_map(|held| {
        let held = held.into_iter().zip(0..).filter(|(held, _)| *held);
        held.map(|(_, node)| NodeIndex(node)).collect()
    })
}

fn value<T: Code + std::fmt::Debug>() -> impl Strategy<Value = T> {
    select(T::ALL)
}

fn views(nodes: usize) -> impl Strategy<Value = View> {
    let runs = vec(any::<u64>(), nodes);
    (
        any::<u64>(),
        sets(nodes),
        runs,
        sets(nodes),
        sets(nodes),
        value(),
    )
        .prop_map(|(epoch, members, runs, acceptors, joined, choice)| View {
            epoch: Epoch(epoch),
            members: members
                .iter()
                .map(|node| (node, Incarnation(runs[node.position()])))
                .collect(),
            acceptors: acceptors.and(&members),
            joined: joined.and(&members),
            choice,
        })
}

fn rows_of(nodes: usize) -> impl Strategy<Value = Vec<Row>> {
    let row = (value(), value(), sets(nodes));
    btree_map(1u16.., row, 0..4).prop_map(|rows| {
        let row = |(number, (soundness, witness, heard))| Row {
            network: network(number),
            soundness,
            witness,
            heard,
        };
        rows.into_iter().map(row).rev().collect()
    })
}

fn reports(nodes: usize) -> impl Strategy<Value = Report> {
    let numbers = (any::<u64>(), any::<u64>(), any::<u32>(), any::<u64>());
    let echoes = vec(prop_oneof![Just(0), any::<u64>()], nodes);
    let view = proptest::option::of((any::<u64>().prop_map(Epoch), sets(nodes)));
    let words = (value::<Stage>(), value::<Caution>());
    (
        numbers,
        echoes,
        view,
        words,
        sets(nodes),
        sets(nodes),
        rows_of(nodes),
    )
        .prop_map(
            |(
                (stamp, promise, voters, promised),
                echoes,
                view,
                (stage, caution),
                reaches,
                quarantined,
                rows,
            )| Report {
                stamp,
                echoes,
                promise: Duration::from_nanos(promise),
                voters,
                promised: Epoch(promised),
                view,
                stage,
                reaches,
                quarantined,
                caution,
                rows,
            },
        )
}

fn silences() -> impl Strategy<Value = Vec<Silence>> {
    btree_map(1u16.., any::<(u64, u64)>(), 0..4).prop_map(|silences| {
        let silence = |(number, (from, until))| Silence {
            network: network(number),
            from,
            until,
        };
        silences.into_iter().map(silence).rev().collect()
    })
}

fn questions() -> impl Strategy<Value = Question> {
    (any::<u64>(), silences()).prop_map(|(incarnation, silences)| Question {
        incarnation: Incarnation(incarnation),
        silences,
    })
}

fn accounts() -> impl Strategy<Value = Vec<Account>> {
    let span = || any::<u64>().prop_map(Duration::from_nanos);
    let spans = (span(), span(), span(), span(), span());
    (silences(), spans, value(), any::<(u32, u32)>()).prop_map(
        |(silences, spans, interface, (refused, unsent))| {
            let account = |of| Account {
                of,
                unheard: spans.0,
                late: spans.1,
                sender_late: spans.2,
                waited: spans.3,
                paused: spans.4,
                interface,
                refused,
                unsent,
            };
            silences.into_iter().map(account).collect()
        },
    )
}

fn messages(nodes: usize) -> impl Strategy<Value = Message> {
    prop_oneof![
        4 => reports(nodes).prop_map(Message::Report),
        1 => views(nodes).prop_map(Message::Proposal),
        1 => any::<u64>().prop_map(|epoch| Message::Accept(Epoch(epoch))),
        1 => views(nodes).prop_map(Message::Install),
        1 => questions().prop_map(Message::Question),
        1 => accounts().prop_map(Message::Accounts),
    ]
}

/// Nodes of a sender, and a message of it.
fn sent() -> impl Strategy<Value = (Vec<NodeId>, Message)> {
    let some = btree_set(1u16..=300, 0..80).prop_map(ids);
    some.prop_flat_map(|nodes| (Just(nodes.clone()), messages(nodes.len())))
}

/// What becomes of a set when other nodes count it.
fn moved(nodes: &NodeSet, from: &[NodeId], to: &[NodeId]) -> NodeSet {
    let place = |node: NodeIndex| to.iter().position(|id| *id == from[node.position()]);
    let known = nodes.iter().filter_map(place);
    known.map(|place| NodeIndex(place as u16)).collect()
}

fn moved_view(view: &View, from: &[NodeId], to: &[NodeId]) -> Option<View> {
    let mut members = Vec::new();
    for (node, incarnation) in &view.members {
        let place = moved(&[*node].into_iter().collect(), from, to);
        members.push((place.lowest()?, *incarnation));
    }
    Some(View {
        epoch: view.epoch,
        members,
        acceptors: moved(&view.acceptors, from, to),
        joined: moved(&view.joined, from, to),
        choice: view.choice,
    })
}

fn moved_report(report: &Report, from: &[NodeId], to: &[NodeId]) -> Report {
    let echoes: BTreeMap<NodeId, u64> = from.iter().copied().zip(report.echoes.clone()).collect();
    let mut moved_report = report.clone();
    moved_report.echoes = to
        .iter()
        .map(|id| echoes.get(id).copied().unwrap_or(0))
        .collect();
    moved_report.reaches = moved(&report.reaches, from, to);
    moved_report.quarantined = moved(&report.quarantined, from, to);
    for row in &mut moved_report.rows {
        row.heard = moved(&row.heard, from, to);
    }
    if let Some((_, members)) = &mut moved_report.view {
        *members = moved(members, from, to);
    }
    moved_report
}

fn moved_message(message: &Message, from: &[NodeId], to: &[NodeId]) -> Option<Message> {
    Some(match message {
        Message::Report(report) => Message::Report(moved_report(report, from, to)),
        Message::Proposal(view) => Message::Proposal(moved_view(view, from, to)?),
        Message::Accept(epoch) => Message::Accept(*epoch),
        Message::Install(view) => Message::Install(moved_view(view, from, to)?),
        Message::Question(_) | Message::Accounts(_) => message.clone(),
    })
}

proptest! {
    #[test]
    fn what_is_encoded_is_what_is_decoded((nodes, message) in sent()) {
        let bytes = message.encode(&nodes);
        prop_assert!(bytes.len() <= LENGTH_MAX);
        prop_assert_eq!(Message::decode(&bytes, &nodes), Some(message));
    }

    #[test]
    fn another_cluster_of_nodes_counts_anew_and_leaves_out_whom_it_does_not_know(
        (nodes, message) in sent(),
        theirs in btree_set(1u16..=300, 0..200).prop_map(ids),
    ) {
        let moved = moved_message(&message, &nodes, &theirs);
        prop_assert_eq!(Message::decode(&message.encode(&nodes), &theirs), moved);
    }

    #[test]
    fn a_message_that_is_cut_or_lengthened_is_none((nodes, message) in sent(), cut in any::<prop::sample::Index>()) {
        let mut bytes = message.encode(&nodes);
        prop_assert_eq!(Message::decode(&bytes[..cut.index(bytes.len())], &nodes), None);
        bytes.push(0);
        prop_assert_eq!(Message::decode(&bytes, &nodes), None);
    }

    #[test]
    fn a_changed_byte_makes_another_message_or_none(
        (nodes, message) in sent(),
        at in any::<prop::sample::Index>(),
        change in 1u8..,
    ) {
        let mut bytes = message.encode(&nodes);
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        // A changed number of a node may make it one that the receiver does not know.
        let names_a_node = match &message {
            Message::Report(_) => (2..4 + 2 * nodes.len()).contains(&at),
            Message::Proposal(_) | Message::Install(_) => 13 <= at && (at - 13) % 11 < 2,
            Message::Accept(_) | Message::Question(_) | Message::Accounts(_) => false,
        };
        if let Some(other) = Message::decode(&bytes, &nodes) && !names_a_node {
            prop_assert_eq!(other.encode(&nodes), bytes, "two encodings of one message");
        }
    }

    #[test]
    fn any_bytes_are_a_message_or_none(bytes in vec(any::<u8>(), 0..300), kind in 0u8..8) {
        let nodes = ids(1..=9);
        let ours = [&[VERSION, kind], &bytes[..]].concat();
        for bytes in [&bytes, &ours] {
            let Some(message) = Message::decode(bytes, &nodes) else { continue };
            prop_assert_eq!(Message::decode(&message.encode(&nodes), &nodes), Some(message));
        }
    }
}

fn report_of(nodes: &[NodeId], rows: u16) -> Report {
    let everybody = NodeSet::first(nodes.len());
    let row = |number| Row {
        network: network(number),
        heard: everybody.clone(),
        soundness: Soundness::Sound,
        witness: Witness::Unknown,
    };
    Report {
        stamp: 7,
        echoes: alloc::vec![9; nodes.len()],
        promise: Duration::from_secs(6),
        voters: 0x4848_4848,
        promised: Epoch(3),
        view: Some((Epoch(3), everybody.clone())),
        stage: Stage::Stabilized,
        reaches: everybody.clone(),
        quarantined: everybody.clone(),
        caution: Caution::None,
        rows: (1..=rows).map(row).collect(),
    }
}

#[test]
fn the_largest_message_has_the_longest_encoding() {
    let nodes = ids(1..=1024);
    let report = Message::Report(report_of(&nodes, 64));
    assert_eq!(report.encode(&nodes).len(), LENGTH_MAX);
    assert_eq!(
        Message::decode(&report.encode(&nodes), &nodes),
        Some(report)
    );
}

#[test]
fn more_nodes_or_rows_than_there_may_be_are_none() {
    let nodes = ids(1..=1025);
    let report = Message::Report(report_of(&nodes, 1));
    assert_eq!(Message::decode(&report.encode(&nodes), &nodes), None);
    let nodes = ids(1..=3);
    let report = Message::Report(report_of(&nodes, 65));
    assert_eq!(Message::decode(&report.encode(&nodes), &nodes), None);
}

#[test]
fn another_version_or_kind_is_none() {
    let bytes = Message::Accept(Epoch(1)).encode(&[]);
    assert!(Message::decode(&bytes, &[]).is_some());
    for (at, value) in [(0, 0), (0, 2), (1, 0), (1, 5)] {
        let mut other = bytes.clone();
        other[at] = value;
        assert_eq!(Message::decode(&other, &[]), None);
    }
}

#[test]
fn a_report_of_three_nodes_looks_like_this() {
    let nodes = ids([1, 2, 5]);
    let mut report = report_of(&nodes, 2);
    report.echoes[0] = 0;
    report.rows[1].heard = set(&[0, 2]);
    report.quarantined = NodeSet::new();
    let bytes = Message::Report(report).encode(&nodes);
    expect![[r#"
        01 01 00 03 00 01 00 02 00 05 00 00 00 00 00 00
        00 07 00 00 00 01 65 a0 bc 00 48 48 48 48 00 00
        00 00 00 00 00 03 00 00 07 00 06 00 00 00 00 00
        00 00 09 00 00 00 00 00 00 00 09 01 00 00 00 00
        00 00 00 03 07 02 00 01 01 00 07 00 02 01 00 05
    "#]]
    .assert_eq(&hex(&bytes));
}

#[test]
fn a_proposal_of_two_members_looks_like_this() {
    let view = View {
        epoch: Epoch(258),
        members: alloc::vec![
            (NodeIndex(0), Incarnation(10)),
            (NodeIndex(2), Incarnation(11))
        ],
        acceptors: set(&[0]),
        joined: set(&[0, 2]),
        choice: Choice::Greedy,
    };
    let bytes = Message::Proposal(view).encode(&ids([1, 2, 5]));
    expect![[r#"
        01 02 00 00 00 00 00 00 01 02 01 00 02 00 01 03
        00 00 00 00 00 00 00 0a 00 05 02 00 00 00 00 00
        00 00 0b
    "#]]
    .assert_eq(&hex(&bytes));
}

/// Sixteen bytes a line.
fn hex(bytes: &[u8]) -> std::string::String {
    let line = |line: &[u8]| {
        let bytes: Vec<_> = line.iter().map(|byte| std::format!("{byte:02x}")).collect();
        bytes.join(" ") + "\n"
    };
    bytes.chunks(16).map(line).collect()
}
