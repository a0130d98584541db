//! Whatever a core may be told, in any order.

use std::time::Duration;

use heartbeat_core::arrival::{Arrival, Beat, Departure, Gap, HeardBy, Reply};
use heartbeat_core::config::{Config, NetworkIndex, PathIndex};
use heartbeat_core::incidents::Drops;
use heartbeat_core::interface::{Soundness, Witness};
use heartbeat_core::memory::{Memory, Told};
use heartbeat_core::message::{Caution, Message, Report, Row};
use heartbeat_core::node::Pause;
use heartbeat_core::nodes::{NodeIndex, NodeSet};
use heartbeat_core::regroup::Stage;
use heartbeat_core::starvation::Part;
use heartbeat_core::view::{Choice, Epoch, View};
use heartbeat_ebpf::ids::{Incarnation, NetworkId, NodeId};
use heartbeat_ebpf::time::Timestamp;
use proptest::collection::vec as list;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use crate::config::Cluster;

mod recorded;

pub use recorded::{Recorded, replayed};

/// Three nodes on two networks.
pub const TEXT: &str = include_str!("../../cluster.toml");
/// When recordings begin.
pub const BEGUN: u64 = 1_000_000_000_000;
/// Which run is recorded.
pub const RUN: Incarnation = Incarnation(1_795_352_405_123_456_789);
const PATHS: usize = 4;

/// What one input is made of.
#[derive(Clone, Debug)]
pub enum Sample {
    Adopt(Vec<(Arrival, Memory)>),
    Sweep(Vec<Arrival>, Vec<Gap>),
    /// Whether it leaves a node out.
    Configure(bool),
    Reborn(Incarnation),
    Late(Part, Duration, Duration),
    Refused(PathIndex, u32),
    Dropped(NetworkIndex, Drops, Duration),
    Paused(Pause, Duration),
    Promised(Epoch),
    Message(NodeId, Incarnation, Message),
    Soundness(NetworkIndex, Soundness),
    Witness(NetworkIndex, Witness),
    Depart(Departure),
}

/// The configuration, with all nodes or without the last.
pub fn text(smaller: bool) -> String {
    let end = TEXT.find("[nodes.node-c]").filter(|_| smaller);
    let rest = TEXT.find("[membership]").unwrap_or(TEXT.len());
    end.map_or_else(
        || TEXT.to_owned(),
        |end| format!("{}{}", &TEXT[..end], &TEXT[rest..]),
    )
}

/// As node-a judges by it.
pub fn config(text: &str) -> Config {
    let cluster = Cluster::parse(text, "cluster.toml").expect("the example is valid");
    cluster.core(&cluster.nodes[0])
}

pub fn at(ns: u64) -> Timestamp {
    Timestamp::from_ns(ns).expect("not zero")
}

/// Inputs, and how long after the one before each comes.
pub fn samples() -> impl Strategy<Value = Vec<(u64, Sample)>> {
    list((0..400_000_000_u64, sample()), 0..60)
}

fn sample() -> impl Strategy<Value = Sample> {
    let network = || (0..2_u32).prop_map(NetworkIndex);
    let departure = select(&[Departure::Restarting, Departure::Leaving][..]);
    prop_oneof![
        1 => list(left(), PATHS).prop_map(numbered_left),
        20 => (list(arrival(), PATHS), list(gap(), 0..3)).prop_map(|(arrivals, gaps)| {
            Sample::Sweep(numbered(arrivals), gaps)
        }),
        1 => any::<bool>().prop_map(Sample::Configure),
        1 => any::<u64>().prop_map(|run| Sample::Reborn(Incarnation(run))),
        1 => (select(&[Part::Loop, Part::Sender][..]), 0..5_000_000_000_u64)
            .prop_map(|(part, ns)| Sample::Late(part, Duration::from_nanos(ns), Duration::from_nanos(ns / 2))),
        1 => (0..PATHS as u32, 1..9_u32).prop_map(|(path, count)| Sample::Refused(PathIndex(path), count)),
        1 => (0..2_u32, 0..9_u32, 0..9_u32).prop_map(|(network, received, unsent)| {
            Sample::Dropped(NetworkIndex(network), Drops { received, unsent }, Duration::from_secs(1))
        }),
        1 => select(&[Pause::Suspended, Pause::WallClock][..]).prop_map(|pause| Sample::Paused(pause, Duration::from_secs(2))),
        1 => (0..9_u64).prop_map(|epoch| Sample::Promised(Epoch(epoch))),
        6 => (1..=4_u16, 1..4_u64, message()).prop_map(|(from, run, message)| {
            Sample::Message(NodeId::new(from).expect("not zero"), Incarnation(run), message)
        }),
        1 => (network(), select(&[Soundness::Unknown, Soundness::Sound, Soundness::Failed][..]))
            .prop_map(|(network, state)| Sample::Soundness(network, state)),
        1 => (network(), select(&[Witness::Unknown, Witness::Answers, Witness::Silent][..]))
            .prop_map(|(network, state)| Sample::Witness(network, state)),
        1 => departure.prop_map(Sample::Depart),
    ]
}

fn numbered(mut arrivals: Vec<Arrival>) -> Vec<Arrival> {
    for (place, arrival) in arrivals.iter_mut().enumerate() {
        arrival.path = PathIndex(place as u32);
    }
    arrivals
}

fn numbered_left(mut left: Vec<(Arrival, Memory)>) -> Sample {
    for (place, (arrival, _)) in left.iter_mut().enumerate() {
        arrival.path = PathIndex(place as u32);
    }
    Sample::Adopt(left)
}

/// A moment in the first minute, in steps, so that equal ones and changes of one part come up.
fn moment() -> impl Strategy<Value = Timestamp> {
    (0..120_u64).prop_map(|half| at(BEGUN + half * 100_000_000))
}

/// One path's arrival.
pub fn arrival() -> impl Strategy<Value = Arrival> {
    let goes = of(select(&[Departure::Restarting, Departure::Leaving][..]));
    let heard = select(&[HeardBy::Unicast, HeardBy::Group][..]);
    let reply =
        (moment(), 0..3_u64, heard, 0..9_u64).prop_map(|(at, known, heard, sequence)| Reply {
            at,
            known: Incarnation(known),
            heard,
            incarnation: Incarnation(known),
            sequence,
            agent_age: Duration::from_millis(sequence * 30),
        });
    let candidate = (1..4_u64, moment()).prop_map(|(run, at)| (Incarnation(run), at));
    let interval = select(vec![
        None,
        Some(Duration::from_millis(100)),
        Some(Duration::from_secs(2)),
    ]);
    (
        (
            of(moment()),
            of(moment()),
            (0..5_u64, 0..2_u64),
            interval,
            0..3_u64,
            goes,
        ),
        (
            of(0..3_u32),
            of(candidate),
            of(reply),
            of(moment()),
            any::<(bool, bool)>(),
        ),
        (beat(), 0..3_u64),
    )
        .prop_map(|(often, rarely, (beat, others))| Arrival {
            path: PathIndex(0),
            last: often.0,
            previous: often.1,
            arrivals: often.2.0,
            lost: often.2.1,
            reordered: others,
            duplicates: others / 2,
            sequence: beat.sequence,
            sent: beat.sent,
            agent_age: beat.agent_age,
            unheard: beat.sequence.checked_sub(9),
            announced_interval: often.3,
            incarnation: Incarnation(often.4),
            departure: often.5,
            digest: rarely.0,
            candidate: rarely.1,
            reply: rarely.2,
            missed: rarely.3,
            armed: rarely.4.0,
            armed_for_candidate: rarely.4.1,
        })
}

fn beat() -> impl Strategy<Value = Beat> {
    (0..3_u64, 0..60_u64, 0..9_u64).prop_map(|(run, sequence, age)| Beat {
        incarnation: Incarnation(run),
        sequence,
        sent: BEGUN + sequence * 100_000_000,
        agent_age: Duration::from_millis(age * 50),
    })
}

fn left() -> impl Strategy<Value = (Arrival, Memory)> {
    let told = (0..5_u64).prop_map(Told::from_code);
    let memory = (told, of(moment()), 0..5_u64, of(moment()));
    let memory = memory.prop_map(|(told, since, arrivals, told_until)| Memory {
        told,
        since,
        arrivals,
        told_until,
    });
    (arrival(), memory)
}

fn gap() -> impl Strategy<Value = Gap> {
    let goes = of(select(&[Departure::Restarting, Departure::Leaving][..]));
    (
        0..PATHS as u32,
        moment(),
        1..5_000_000_000_u64,
        0..5_u64,
        goes,
        (beat(), beat()),
    )
        .prop_map(|(path, start, length, arrivals, departure, beats)| Gap {
            path: PathIndex(path),
            start,
            end: start.after(Duration::from_nanos(length)),
            arrivals,
            departure,
            before: beats.0,
            after: beats.1,
        })
}

fn nodes() -> impl Strategy<Value = NodeSet> {
    list(0..3_u16, 0..4).prop_map(|nodes| nodes.into_iter().map(NodeIndex).collect())
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        report().prop_map(Message::Report),
        view().prop_map(Message::Proposal),
        (0..9_u64).prop_map(|epoch| Message::Accept(Epoch(epoch))),
        view().prop_map(Message::Install),
    ]
}

fn view() -> impl Strategy<Value = View> {
    (0..9_u64, nodes(), nodes(), nodes(), 1..4_u64).prop_map(
        |(epoch, members, accept, joined, run)| View {
            epoch: Epoch(epoch),
            acceptors: accept.and(&members),
            joined: joined.and(&members),
            members: members
                .iter()
                .map(|node| (node, Incarnation(run)))
                .collect(),
            choice: Choice::Exact,
        },
    )
}

fn report() -> impl Strategy<Value = Report> {
    let row = (1..3_u16, nodes()).prop_map(|(network, heard)| Row {
        network: NetworkId::new(network).expect("not zero"),
        heard,
        soundness: Soundness::Sound,
        witness: Witness::Unknown,
    });
    (
        (
            BEGUN..BEGUN + 60_000_000_000,
            list(0..BEGUN, 3),
            0..9_u64,
            any::<bool>(),
        ),
        (of((0..9_u64, nodes())), nodes(), nodes(), list(row, 0..3)),
    )
        .prop_map(|(one, two)| Report {
            stamp: one.0,
            echoes: one.1,
            promise: Duration::from_millis(500),
            voters: 7,
            promised: Epoch(one.2),
            view: two.0.map(|(epoch, members)| (Epoch(epoch), members)),
            stage: Stage::Stabilized,
            reaches: two.1,
            quarantined: two.2,
            caution: if one.3 {
                Caution::Cautious
            } else {
                Caution::None
            },
            rows: two.3,
        })
}
