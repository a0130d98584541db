use proptest::prelude::*;

use super::*;
use crate::wire::{Header, Kind};

fn heartbeat(incarnation: u64, sequence: u64) -> Words {
    Header {
        kind: Kind::Heartbeat,
        flags: 0,
        key_id: 1,
        sender: 2,
        cluster: 3,
        receiver: 1,
        network: 1,
        interval_ms: 100,
        agent_age_ms: 4,
        config_digest: 0x1234_5678,
        incarnation,
        sequence,
        sent: sequence * 10,
        heard: 9,
    }
    .words()
}

fn confirmed(incarnation: u64) -> (Slot, Echo) {
    let (slot, echo) = (Slot::default(), Echo::default());
    echo.confirmed.set(incarnation);
    (slot, echo)
}

fn hear(slot: &Slot, echo: &Echo, sequence: u64, now_ns: u64) -> Verdict {
    slot.record(echo, &heartbeat(7, sequence), now_ns, false).0
}

#[test]
fn an_unconfirmed_incarnation_leaves_no_trace_in_the_slot() {
    let (slot, echo) = (Slot::default(), Echo::default());
    let (verdict, arrived) = slot.record(&echo, &heartbeat(7, 1), 100, false);
    assert_eq!((verdict, arrived), (Verdict::Candidate, None));
    assert_eq!(slot.last_arrival.get(), 0);
    assert_eq!(slot.arrivals.get(), 0);
    assert_eq!(echo.candidate.get(), 7);
    assert_eq!(echo.candidate_arrival.get(), 100);
}

#[test]
fn without_authentication_a_new_incarnation_is_taken_as_it_comes() {
    let (slot, echo) = (Slot::default(), Echo::default());
    assert_eq!(
        slot.record(&echo, &heartbeat(7, 1), 100, true).0,
        Verdict::Heartbeat
    );
    assert_eq!(slot.incarnation.get(), 7);
}

#[test]
fn a_confirmed_incarnation_starts_a_new_window_and_keeps_the_counts() {
    let (slot, echo) = confirmed(7);
    assert_eq!(hear(&slot, &echo, 500, 100), Verdict::Heartbeat);
    assert_eq!(slot.lost.get(), 0, "the first sequence of a run may be any");
    echo.confirmed.set(8);
    assert_eq!(
        slot.record(&echo, &heartbeat(8, 1), 200, false).0,
        Verdict::Heartbeat
    );
    assert_eq!(
        slot.record(&echo, &heartbeat(7, 501), 300, false).0,
        Verdict::Replay
    );
    assert_eq!(slot.arrivals.get(), 2);
    assert_eq!(slot.lost.get(), 0);
    assert_eq!(slot.last_arrival.get(), 200);
}

#[test]
fn overtaken_heartbeats_refill_the_lost_count_and_do_not_move_the_last_arrival_back() {
    let (slot, echo) = confirmed(7);
    hear(&slot, &echo, 1, 100);
    hear(&slot, &echo, 4, 400);
    assert_eq!(slot.lost.get(), 2);
    assert_eq!(hear(&slot, &echo, 2, 410), Verdict::Reordered);
    assert_eq!(hear(&slot, &echo, 2, 420), Verdict::Duplicate);
    assert_eq!(slot.lost.get(), 1);
    assert_eq!(slot.last_arrival.get(), 400);
    assert_eq!(slot.previous_arrival.get(), 100);
}

#[test]
fn heartbeats_older_than_the_first_of_a_run_refill_nothing() {
    let (slot, echo) = confirmed(7);
    hear(&slot, &echo, 500, 100);
    assert_eq!(hear(&slot, &echo, 499, 110), Verdict::Duplicate);
    assert_eq!((slot.lost.get(), slot.arrivals.get()), (0, 1));
}

#[test]
fn no_incarnation_at_all_is_refused() {
    let (slot, echo) = (Slot::default(), Echo::default());
    let (verdict, arrived) = slot.record(&echo, &heartbeat(0, 1), 100, false);
    assert_eq!((verdict, arrived), (Verdict::Replay, None));
    assert_eq!(slot.last_arrival.get(), 0);
}

#[test]
fn the_largest_gap_gives_way_after_a_minute() {
    let (slot, echo) = confirmed(7);
    hear(&slot, &echo, 1, 1_000);
    hear(&slot, &echo, 2, 5_001_000);
    hear(&slot, &echo, 3, 5_002_000);
    assert_eq!(slot.largest_gap.get(), 5_000_000);
    hear(&slot, &echo, 4, 5_001_000 + LARGEST_GAP_KEPT_NS);
    hear(&slot, &echo, 5, 5_001_001 + LARGEST_GAP_KEPT_NS);
    assert_eq!(slot.largest_gap.get(), LARGEST_GAP_KEPT_NS - 1_000);
}

#[test]
fn what_the_sender_announced_is_kept() {
    let (slot, echo) = confirmed(7);
    hear(&slot, &echo, 1, 100);
    let announced = Announced::unpack(slot.announced.get());
    let expected = Announced {
        agent_age_ms: 4,
        interval_ms: 100,
        flags: 0,
        digest: 0x0012_3456,
    };
    assert_eq!(announced, expected);
    assert_eq!(slot.heard.get(), 9);
}

proptest! {
    /// Each accepted heartbeat is an arrival, and what is neither arrived nor lost was never skipped.
    #[test]
    fn arrivals_and_losses_add_up_to_the_numbers_passed(steps in proptest::collection::vec(0u64..150, 1..300)) {
        let (slot, echo) = confirmed(7);
        hear(&slot, &echo, 1_000, 1);
        let (mut now_ns, mut last) = (1, 1);
        for step in steps {
            now_ns += 1;
            let sequence = (slot.sequence.get() + step / 4).saturating_sub(step % 4 * 9);
            let verdict = hear(&slot, &echo, sequence, now_ns);
            let arrival = slot.last_arrival.get();
            prop_assert!(last <= arrival);
            last = arrival;
            if verdict == Verdict::Heartbeat {
                prop_assert_eq!(arrival, now_ns);
            }
            let passed = slot.sequence.get() - 1_000 + 1;
            prop_assert_eq!(slot.arrivals.get() + slot.lost.get(), passed);
            prop_assert_eq!(slot.writing.get() & 0xffff, 0);
        }
    }
}
