extern crate std;
use core::num::NonZeroU32;
use std::format;
use std::string::String;
use std::vec;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use heartbeat_ebpf::ids::Incarnation;

use super::*;
use crate::arrival::Beat;
use crate::memory::{Memory, Told};
use crate::timing::Tolerance;

mod departures;

const INDEX: PathIndex = PathIndex(0);
const GRACE: Duration = Duration::from_secs(2);

fn timing(restored_after: u32) -> Timing {
    Timing {
        interval: Duration::from_millis(100),
        lost_after: NonZeroU32::new(3).expect("not zero"),
        tolerance: Tolerance::Fixed(Duration::from_millis(12)),
        restored_after: NonZeroU32::new(restored_after).expect("not zero"),
    }
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_ns(ms * 1_000_000).expect("not zero")
}

/// What XDP would have written for these arrivals (ms, ascending, distinct) up to `now`.
fn slot(arrivals: &[u64], now: u64) -> Arrival {
    let heard: Vec<u64> = arrivals.iter().copied().filter(|ms| *ms <= now).collect();
    let back = |n: usize| heard.len().checked_sub(n).map(|i| at(heard[i]));
    Arrival {
        path: INDEX,
        last: back(1),
        previous: back(2),
        arrivals: heard.len() as u64,
        lost: 0,
        reordered: 0,
        duplicates: 0,
        sequence: 0,
        sent: 0,
        agent_age: Duration::ZERO,
        unheard: None,
        announced_interval: Some(Duration::from_millis(100)),
        incarnation: Incarnation(1),
        departure: None,
        digest: None,
        candidate: None,
        reply: None,
        missed: None,
        armed: true,
        armed_for_candidate: true,
    }
}

/// The gaps that ended after `since` and until `now`.
fn gaps(arrivals: &[u64], since: u64, now: u64) -> Vec<Gap> {
    let notable = timing(1).notable_gap().as_millis() as u64;
    let ended = arrivals
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| since < pair[1] && pair[1] <= now && notable < pair[1] - pair[0]);
    ended
        .map(|(index, pair)| Gap {
            path: INDEX,
            start: at(pair[0]),
            end: at(pair[1]),
            arrivals: index as u64 + 2,
            departure: None,
            before: Beat::default(),
            after: Beat::default(),
        })
        .collect()
}

fn run(arrivals: &[u64], sweeps: &[u64], restored_after: u32) -> Vec<Event> {
    let mut path = Path::new(INDEX, timing(restored_after), GRACE);
    let (mut events, mut since) = (Vec::new(), 0);
    for now in sweeps {
        for gap in gaps(arrivals, since, *now) {
            path.gap(at(*now), &gap, &mut events);
        }
        path.sweep(at(*now), &slot(arrivals, *now), None, &mut events);
        since = *now;
    }
    events
}

fn told(events: &[Event]) -> String {
    let ms = |t: &Timestamp| t.ns() / 1_000_000;
    let line = |event: &Event| match event {
        Event::PathRestored {
            judged,
            arrival,
            outage: None,
            ..
        } => {
            format!("{} 1122 first heard at {}\n", ms(judged), ms(arrival))
        }
        Event::PathRestored {
            judged,
            arrival,
            outage: Some(outage),
            ..
        } => format!(
            "{} 1122 heard at {} after {} ms{}\n",
            ms(judged),
            ms(arrival),
            outage.length.as_millis(),
            if outage.blip { ", a blip" } else { "" }
        ),
        Event::PathLost {
            judged,
            last_arrival,
            deadline,
            missed,
            ..
        } => format!(
            "{} 1123 last heard at {}, deadline {}, missed {missed}\n",
            ms(judged),
            ms(last_arrival),
            ms(deadline)
        ),
        other => panic!("a path alone tells only of losses, not {other:?}"),
    };
    events.iter().map(line).collect()
}

fn check(arrivals: &[u64], sweeps: &[u64], expected: Expect) {
    expected.assert_eq(&told(&run(arrivals, sweeps, 1)));
}

#[test]
fn a_path_never_heard_is_not_reported_lost() {
    check(&[], &[1000, 2000, 9000], expect![[""]]);
}

#[test]
fn a_path_is_lost_only_after_its_deadline_and_restored_with_the_length_of_its_outage() {
    check(
        &[100, 200, 900],
        &[100, 200, 512, 513, 900],
        expect![[r#"
            100 1122 first heard at 100
            513 1123 last heard at 200, deadline 512, missed 3
            900 1122 heard at 900 after 700 ms
        "#]],
    );
}

#[test]
fn a_late_look_tells_the_same_story() {
    check(
        &[100, 200, 900, 1000, 1100],
        &[100, 30_000],
        expect![[r#"
            100 1122 first heard at 100
            30000 1123 last heard at 200, deadline 512, missed 7
            30000 1122 heard at 900 after 700 ms
            30000 1123 last heard at 1100, deadline 1412, missed 289
        "#]],
    );
}

#[test]
fn a_stop_of_half_a_minute_accuses_no_peer_that_kept_sending() {
    let arrivals: Vec<u64> = (1..=300).map(|n| n * 100).collect();
    check(
        &arrivals,
        &[100, 30_000],
        expect![[r#"
            100 1122 first heard at 100
        "#]],
    );
}

#[test]
fn a_gap_told_again_or_late_is_not_reported_again() {
    let arrivals = [100, 900, 1000];
    let mut path = Path::new(INDEX, timing(1), GRACE);
    let mut events = Vec::new();
    path.sweep(at(100), &slot(&arrivals, 100), None, &mut events);
    path.sweep(at(600), &slot(&arrivals, 600), None, &mut events);
    path.sweep(at(1000), &slot(&arrivals, 1000), None, &mut events);
    let late = gaps(&arrivals, 0, 1000);
    assert_eq!(late.len(), 1, "the witness: there was a gap to tell");
    path.gap(at(1010), &late[0], &mut events);
    path.gap(at(1020), &late[0], &mut events);
    expect![[r#"
            100 1122 first heard at 100
            600 1123 last heard at 100, deadline 412, missed 5
            1000 1122 heard at 900 after 800 ms
        "#]]
    .assert_eq(&told(&events));
}

#[test]
fn a_gap_that_ended_after_the_slot_was_read_is_no_second_loss() {
    let arrivals = [100, 900];
    let mut path = Path::new(INDEX, timing(1), GRACE);
    let mut events = Vec::new();
    path.sweep(at(100), &slot(&arrivals, 100), None, &mut events);
    path.gap(at(910), &gaps(&arrivals, 100, 900)[0], &mut events);
    path.sweep(at(910), &slot(&arrivals, 890), None, &mut events);
    path.sweep(at(1000), &slot(&arrivals, 1000), None, &mut events);
    expect![[r#"
        100 1122 first heard at 100
        910 1123 last heard at 100, deadline 412, missed 8
        910 1122 heard at 900 after 800 ms
    "#]]
    .assert_eq(&told(&events));
}

#[test]
fn an_adopted_path_is_judged_from_its_stamps_and_not_welcomed_again() {
    let arrivals = [100, 200, 900, 1000];
    let mut path = Path::new(INDEX, timing(1), GRACE);
    let mut events = Vec::new();
    path.adopt(&slot(&arrivals, 1000), told_up());
    for gap in gaps(&arrivals, 200, 1000) {
        path.gap(at(1100), &gap, &mut events);
    }
    path.sweep(at(1100), &slot(&arrivals, 1100), None, &mut events);
    expect![[r#"
        1100 1123 last heard at 200, deadline 512, missed 7
        1100 1122 heard at 900 after 700 ms
    "#]]
    .assert_eq(&told(&events));
}

fn told_up() -> Memory {
    Memory {
        told: Told::Up,
        ..Memory::default()
    }
}

#[test]
fn a_path_heard_first_while_no_agent_ran_is_told_by_the_next_one() {
    let mut path = Path::new(INDEX, timing(1), GRACE);
    let mut events = Vec::new();
    path.adopt(&slot(&[100], 150), Memory::default());
    path.sweep(at(150), &slot(&[100], 150), None, &mut events);
    expect![[r#"
        150 1122 first heard at 100
    "#]]
    .assert_eq(&told(&events));
}

#[test]
fn a_pause_of_the_machine_gives_every_path_one_detection_time() {
    let mut path = Path::new(INDEX, timing(1), GRACE);
    let mut events = Vec::new();
    path.sweep(at(100), &slot(&[100], 100), None, &mut events);
    path.hold(at(1000));
    path.sweep(at(1312), &slot(&[100], 1312), None, &mut events);
    assert_eq!(path.state(), PathState::Up);
    path.sweep(at(1313), &slot(&[100], 1313), None, &mut events);
    assert_eq!(path.state().label(), "lost");
}

#[test]
fn with_restored_after_three_a_lost_path_needs_three_heartbeats() {
    let events = run(&[100, 900, 1000, 1100], &[100, 600, 900, 1000, 1100], 3);
    expect![[r#"
            100 1122 first heard at 100
            600 1123 last heard at 100, deadline 412, missed 5
            1100 1122 heard at 900 after 800 ms
        "#]]
    .assert_eq(&told(&events));
}

#[test]
fn a_sender_with_a_longer_interval_is_judged_by_it() {
    let mut path = Path::new(INDEX, timing(1), GRACE);
    let mut events = Vec::new();
    let slow = |now| Arrival {
        announced_interval: Some(Duration::from_secs(1)),
        ..slot(&[100], now)
    };
    path.sweep(at(100), &slow(100), None, &mut events);
    assert_eq!(path.deadline(), Some(at(100 + 3012)));
    path.sweep(at(3112), &slow(3112), None, &mut events);
    assert_eq!(events.len(), 1, "only the first 1122");
    path.sweep(at(3113), &slow(3113), None, &mut events);
    assert_eq!(events.len(), 2);
}

/// The outages as (last arrival, end if it ended): what really happened, whoever looked when.
fn outages(arrivals: &[u64], end: u64) -> Vec<(u64, Option<u64>)> {
    let detection = timing(1).detection(None).as_millis() as u64;
    let mut told: Vec<_> = arrivals
        .windows(2)
        .filter(|pair| detection < pair[1] - pair[0])
        .map(|pair| (pair[0], Some(pair[1])))
        .collect();
    if let Some(last) = arrivals.last().filter(|last| detection < end - **last) {
        told.push((*last, None));
    }
    told
}

fn reported(events: &[Event]) -> Vec<(u64, Option<u64>)> {
    let ms = |t: &Timestamp| t.ns() / 1_000_000;
    let mut told: Vec<(u64, Option<u64>)> = vec![];
    for event in events {
        match event {
            Event::PathLost { last_arrival, .. } => told.push((ms(last_arrival), None)),
            Event::PathRestored {
                arrival,
                outage: Some(outage),
                ..
            } => {
                let open = told.last_mut().expect("1122 with an outage follows a 1123");
                assert_eq!(open.0, ms(&outage.last_arrival));
                assert_eq!(open.1.replace(ms(arrival)), None);
            }
            Event::PathRestored { outage: None, .. } => assert_eq!(told.len(), 0),
            other => panic!("a path alone tells only of losses, not {other:?}"),
        }
    }
    told
}

proptest! {
    /// Whenever the agent looks, often, rarely or after a long stop, it reports exactly what happened.
    #[test]
    fn the_moment_of_looking_changes_no_outage(
        steps in proptest::collection::vec(prop_oneof![6 => 80u64..120, 2 => 250u64..400, 1 => 400u64..5_000], 0..60),
        looks in proptest::collection::vec(prop_oneof![4 => 1u64..150, 1 => 500u64..9_000], 0..60),
    ) {
        let mut arrivals = vec![1_000];
        arrivals.extend(steps.iter().scan(1_000, |ms, step| { *ms += step; Some(*ms) }));
        let mut sweeps = vec![1_000];
        sweeps.extend(looks.iter().scan(1_000, |ms, look| { *ms += look; Some(*ms) }));
        let end = arrivals[arrivals.len() - 1].max(sweeps[sweeps.len() - 1]) + 200;
        sweeps.push(end);
        let events = run(&arrivals, &sweeps, 1);
        prop_assert_eq!(reported(&events), outages(&arrivals, end));
    }

    /// Whenever the agent dies and another goes on from what it left, exactly what happened is reported, once.
    #[test]
    fn no_restart_of_the_agent_changes_an_outage(
        steps in proptest::collection::vec(prop_oneof![6 => 80u64..120, 2 => 250u64..400, 1 => 400u64..5_000], 0..60),
        looks in proptest::collection::vec((prop_oneof![4 => 1u64..150, 1 => 500u64..9_000], any::<bool>()), 0..60),
    ) {
        let mut arrivals = vec![1_000];
        arrivals.extend(steps.iter().scan(1_000, |ms, step| { *ms += step; Some(*ms) }));
        let mut path = Path::new(INDEX, timing(1), GRACE);
        let (mut events, mut since, mut now) = (Vec::new(), 0, 1_000);
        let end = arrivals[arrivals.len() - 1] + 200;
        let last = (end + 10_000, false);
        for (look, restart) in [(0, false)].into_iter().chain(looks).chain([last]) {
            if restart {
                let memory = path.memory();
                path = Path::new(INDEX, timing(1), GRACE);
                path.adopt(&slot(&arrivals, now + look / 2), memory);
            }
            now += look;
            for gap in gaps(&arrivals, since, now) {
                path.gap(at(now), &gap, &mut events);
            }
            path.sweep(at(now), &slot(&arrivals, now), None, &mut events);
            since = now;
        }
        prop_assert_eq!(reported(&events), outages(&arrivals, now));
    }

    /// No event before its deadline, and none of a path that was never silent for long.
    #[test]
    fn no_one_is_accused_early(
        steps in proptest::collection::vec(1u64..=312, 1..80),
        looks in proptest::collection::vec(1u64..2_000, 1..80),
    ) {
        let mut arrivals = vec![1_000];
        arrivals.extend(steps.iter().scan(1_000, |ms, step| { *ms += step; Some(*ms) }));
        let last = arrivals[arrivals.len() - 1];
        let sweeps: Vec<u64> = looks.iter().scan(999, |ms, look| { *ms += look; Some(*ms) })
            .filter(|ms| *ms <= last + 312).collect();
        let lost = run(&arrivals, &sweeps, 1).iter().filter(|e| matches!(e, Event::PathLost { .. })).count();
        prop_assert_eq!(lost, 0);
    }
}
