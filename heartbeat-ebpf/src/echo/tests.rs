use super::*;
use crate::wire::{Header, Kind};

fn datagram(kind: Kind) -> Header {
    Header {
        kind,
        flags: 0,
        key_id: 1,
        sender: 2,
        cluster: 3,
        receiver: 4,
        network: 5,
        interval_ms: 1200,
        agent_age_ms: 0,
        config_digest: 0,
        incarnation: 5,
        sequence: 0,
        sent: 0,
        heard: 77,
    }
}

fn request(incarnation: u64, sent: u64) -> Words {
    Header {
        incarnation,
        sent,
        ..datagram(Kind::EchoRequest)
    }
    .words()
}

fn by_group(sequence: u64) -> Words {
    Header {
        receiver: 0,
        sequence,
        flags: flags::MULTICAST,
        ..datagram(Kind::Heartbeat)
    }
    .words()
}

#[test]
fn one_request_an_interval_is_answered_and_never_the_same_twice() {
    let echo = Echo::default();
    let answer = |sent, now_ns| echo.answer(&request(5, sent), now_ns, 500, 0);
    assert_eq!(answer(100, 1_000), Answer::Newest);
    assert_eq!(answer(200, 1_400), Answer::TooSoon);
    assert_eq!(answer(100, 9_000), Answer::None, "a recording");
    assert_eq!(answer(101, 9_000), Answer::Newest);
}

#[test]
fn a_new_run_answers_its_first_request_at_once() {
    let echo = Echo::default();
    let answer = |sent, now_ns, begun_ns| echo.answer(&request(5, sent), now_ns, 500, begun_ns);
    assert_eq!(answer(100, 1_000, 10), Answer::Newest);
    assert_eq!(answer(101, 1_100, 10), Answer::TooSoon);
    assert_eq!(answer(102, 1_200, 1_150), Answer::Newest);
    assert_eq!(answer(103, 1_300, 1_150), Answer::TooSoon);
}

#[test]
fn the_first_request_of_a_higher_incarnation_does_not_wait() {
    let echo = Echo::default();
    assert_eq!(echo.answer(&request(5, 100), 1_000, 500, 0), Answer::Newest);
    assert_eq!(echo.answer(&request(6, 1), 1_001, 500, 0), Answer::Newest);
    assert_eq!(echo.answer(&request(6, 2), 1_002, 500, 0), Answer::TooSoon);
}

#[test]
fn recordings_of_older_incarnations_share_one_answer_and_take_none_from_the_living() {
    let echo = Echo::default();
    assert_eq!(echo.answer(&request(9, 1), 1_000, 500, 0), Answer::Newest);
    assert_eq!(
        echo.answer(&request(4, 900), 1_001, 500, 0),
        Answer::Outdated
    );
    assert_eq!(echo.answer(&request(8, 900), 1_100, 500, 0), Answer::None);
    assert_eq!(echo.answer(&request(9, 2), 1_500, 500, 0), Answer::Newest);
    assert_eq!(
        echo.answer(&request(4, 900), 1_501, 500, 0),
        Answer::Outdated
    );
    assert_eq!(echo.asker_incarnation.get(), 9);
}

#[test]
fn an_agent_that_went_back_is_told_the_highest_incarnation_it_ever_asked_as() {
    let (slot, echo) = (Slot::default(), Echo::default());
    echo.answer(&request(9, 1), 1_000, 500, 0);
    assert_eq!(echo.highest_known(&slot, 9), 0, "it was not heard yet");
    assert_eq!(echo.highest_known(&slot, 4), 9);
    echo.propose(12, 1);
    assert_eq!(echo.highest_known(&slot, 4), 12);
    slot.incarnation.set(15);
    assert_eq!(echo.highest_known(&slot, 4), 15);
}

#[test]
fn only_the_living_tell_what_they_heard_and_miss() {
    let (slot, echo) = (Slot::default(), Echo::default());
    let asked = Header {
        flags: flags::MISSED,
        sequence: 40,
        ..datagram(Kind::EchoRequest)
    };
    assert!(
        !echo.learn(&slot, &asked.words(), 10, 500),
        "a recording, for all we know"
    );
    assert_eq!((slot.heard.get(), echo.missed.get()), (0, 0));
    echo.confirmed.set(5);
    assert!(echo.learn(&slot, &asked.words(), 10, 500));
    assert_eq!((slot.heard.get(), echo.missed.get()), (40, 10));
    slot.incarnation.set(6);
    let well = Header {
        incarnation: 6,
        flags: 0,
        sequence: 41,
        ..asked
    };
    assert!(!echo.learn(&slot, &well.words(), 20, 500));
    assert_eq!((slot.heard.get(), echo.missed.get()), (41, 10));
}

#[test]
fn a_remark_that_comes_too_soon_for_an_answer_is_taken_and_is_news_once_an_interval() {
    let (slot, echo) = (Slot::default(), Echo::default());
    slot.incarnation.set(5);
    let missing = |sent| {
        let asked = Header {
            flags: flags::MISSED,
            sequence: 40,
            sent,
            ..datagram(Kind::EchoRequest)
        };
        asked.words()
    };
    assert_eq!(echo.answer(&request(5, 100), 1_000, 500, 0), Answer::Newest);
    let soon = missing(101);
    assert_eq!(echo.answer(&soon, 1_200, 500, 0), Answer::TooSoon);
    assert!(echo.remark(&slot, &soon, 1_200, 500));
    assert_eq!((echo.missed.get(), slot.heard.get()), (1_200, 0));
    assert!(!echo.remark(&slot, &missing(102), 1_300, 500), "no news");
    assert_eq!(echo.missed.get(), 1_300, "and yet it is noted");
    assert!(echo.remark(&slot, &missing(103), 1_800, 500));
    assert_eq!(echo.answer(&missing(100), 9_000, 500, 0), Answer::None);
}

#[test]
fn the_group_counts_as_heard_up_to_one_heartbeat_back() {
    let (slot, echo) = (Slot::default(), Echo::default());
    slot.incarnation.set(5);
    assert!(!echo.hears_group(&slot, 5), "nothing came by it");
    for (newest, expected) in [(7, true), (8, true), (9, false)] {
        slot.sequence.set(newest);
        echo.note_group(&by_group(7), 100);
        assert_eq!(echo.hears_group(&slot, 5), expected, "{newest}");
    }
    assert!(!echo.hears_group(&slot, 6), "of another incarnation");
    echo.forget_group();
    slot.sequence.set(1);
    assert!(!echo.hears_group(&slot, 5));
}

#[test]
fn a_copy_by_the_group_that_was_heard_before_moves_nothing() {
    let echo = Echo::default();
    echo.note_group(&by_group(7), 100);
    echo.note_group(&by_group(7), 200);
    echo.note_group(&by_group(6), 300);
    assert_eq!(
        (echo.group_sequence.get(), echo.group_arrival.get()),
        (7, 100)
    );
    let unicast = datagram(Kind::Heartbeat).words();
    echo.note_group(&unicast, 400);
    assert_eq!(echo.group_arrival.get(), 100);
}

#[test]
fn an_older_candidate_does_not_displace_a_newer_one() {
    let echo = Echo::default();
    echo.propose(9, 1);
    echo.propose(8, 2);
    assert_eq!(echo.candidate.get(), 9);
    assert_eq!(echo.candidate_arrival.get(), 1);
}
