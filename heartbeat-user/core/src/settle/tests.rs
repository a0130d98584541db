extern crate std;

use alloc::vec::Vec;
use core::num::NonZeroU32;

use proptest::prelude::*;

use super::*;
use crate::timing::Tolerance;

const SETTLE: Duration = Duration::from_millis(10);

fn at(ms: u64) -> Timestamp {
    Timestamp::from_ns(ms * 1_000_000).expect("not zero")
}

/// What settled, and when, where each state was judged at its moment.
fn settled(judged: &[(u64, Option<char>)]) -> (Settling<char>, Vec<(u64, char)>) {
    let mut settling = Settling::default();
    let mut told = Vec::new();
    for (ms, state) in judged {
        let settled = settling.judge(at(*ms), *state, SETTLE);
        told.extend(settled.map(|settled| (*ms, settled.state)));
    }
    (settling, told)
}

#[test]
fn a_state_holds_after_it_was_judged_so_for_the_time_to_settle() {
    let (settling, told) = settled(&[(1, Some('a')), (10, Some('a'))]);
    assert_eq!((settling.held(), settling.due()), (None, Some(at(11))));
    assert_eq!(told, []);
    let (settling, told) = settled(&[(1, Some('a')), (10, Some('a')), (11, Some('a'))]);
    assert_eq!((settling.held(), settling.due()), (Some('a'), None));
    assert_eq!(told, [(11, 'a')]);
}

#[test]
fn what_flutters_within_the_time_to_settle_changes_nothing() {
    let flutter = (20..400).map(|ms| (ms, Some(if ms % 9 == 0 { 'a' } else { 'b' })));
    let judged: Vec<_> = [(1, Some('a')), (11, Some('a'))]
        .into_iter()
        .chain(flutter)
        .collect();
    let (settling, told) = settled(&judged);
    assert_eq!(told, [(11, 'a')]);
    assert!(
        settling.due().is_some(),
        "it was judged otherwise in the end"
    );
}

#[test]
fn what_never_comes_to_rest_is_told_in_the_end() {
    let flutter = (20..=60).map(|ms| (ms, Some(if ms % 9 == 0 { 'b' } else { 'c' })));
    let judged: Vec<_> = [(1, Some('a')), (11, Some('a'))]
        .into_iter()
        .chain(flutter)
        .collect();
    assert_eq!(settled(&judged).1, [(11, 'a'), (60, 'c')]);
}

#[test]
fn where_nothing_is_known_what_held_goes_on_and_what_was_coming_begins_anew() {
    let known = [(1, Some('a')), (11, Some('a')), (20, Some('b')), (29, None)];
    let (settling, told) = settled(&known);
    assert_eq!((settling.held(), settling.due()), (Some('a'), None));
    assert_eq!(told, [(11, 'a')]);
    let later: Vec<_> = known
        .into_iter()
        .chain([(30, Some('b')), (39, Some('b'))])
        .collect();
    assert_eq!(settled(&later).0.due(), Some(at(40)));
}

#[test]
fn what_is_held_at_once_needs_no_time_and_ends_what_was_coming() {
    let (mut settling, _) = settled(&[(1, Some('a'))]);
    settling.hold('b');
    assert_eq!((settling.held(), settling.due()), (Some('b'), None));
}

#[test]
fn without_a_time_to_settle_every_change_is_told_with_what_it_replaced() {
    let mut settling = Settling::default();
    let mut judge = |ms, state| settling.judge(at(ms), Some(state), Duration::ZERO);
    let change = |before, state| Some(Settled { before, state });
    assert_eq!(judge(1, 'a'), change(None, 'a'));
    assert_eq!(judge(1, 'b'), change(Some('a'), 'b'));
    assert_eq!(judge(2, 'b'), None);
}

#[test]
fn at_the_defaults_a_state_settles_in_one_interval_and_its_tolerance() {
    let timing = Timing {
        interval: Duration::from_millis(1200),
        lost_after: NonZeroU32::new(2).expect("not zero"),
        tolerance: Tolerance::Auto,
        restored_after: NonZeroU32::MIN,
    };
    assert_eq!(Settle::Auto.lasting(&timing), Duration::from_millis(1350));
    assert_eq!(Settle::Fixed(SETTLE).lasting(&timing), SETTLE);
}

proptest! {
    #[test]
    fn what_settles_was_judged_all_along_or_something_else_than_before_was_for_the_limit(
        judged in proptest::collection::vec((1u64..8, proptest::option::weighted(0.9, 0u8..3)), 1..60),
    ) {
        let mut settling = Settling::default();
        let mut now = 1;
        let mut seen: Vec<(u64, Option<u8>)> = Vec::new();
        for (step, state) in judged {
            now += step;
            seen.push((now, state));
            let held = settling.held();
            let told = settling.judge(at(now), state, SETTLE);
            // How long, up to now, this was judged, and how long anything but what was held.
            let since = |keeps: &dyn Fn(Option<u8>) -> bool| {
                let run = seen.iter().rev().take_while(|(_, state)| keeps(*state));
                run.last().map_or(0, |(first, _)| now - first)
            };
            let same = since(&|other| other == state);
            let other = since(&|other| other.is_some() && other != held);
            let rests = 10 <= same || 10 * u64::from(LONGEST) <= other;
            let news = state.is_some() && state != held;
            prop_assert_eq!(told.is_some(), news && rests);
            prop_assert_eq!(settling.held(), told.map_or(held, |told| Some(told.state)));
            prop_assert_eq!(settling.due().is_some(), news && !rests);
            prop_assert!(settling.due().is_none_or(|due| at(now) < due));
            if told.is_some() {
                // What comes next is measured from here on.
                seen.clear();
                seen.push((now, state));
            }
        }
    }
}
