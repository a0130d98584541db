use super::*;
use heartbeat_ebpf::ids::Incarnation;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_ns(ms * 1_000_000).expect("not zero")
}

fn member(path: u32) -> Member {
    Member {
        path: PathIndex(path),
        up_since: at(1),
        reply: None,
        missed: None,
        interval: Duration::from_millis(100),
    }
}

fn replied(path: u32, ms: u64, heard: HeardBy) -> Member {
    Member {
        reply: Some(Reply {
            at: at(ms),
            known: Incarnation(1),
            heard,
            incarnation: Incarnation(1),
            sequence: 0,
            agent_age: Duration::ZERO,
        }),
        ..member(path)
    }
}

/// A group that both members have confirmed at 200 ms.
fn trusted() -> Group {
    let mut group = Group::new(GroupUse::Allowed);
    assert_eq!(group.judge(at(100), &[]), None);
    let heard = [
        replied(0, 150, HeardBy::Group),
        replied(1, 160, HeardBy::Group),
    ];
    assert_eq!(group.judge(at(200), &heard), None);
    assert_eq!(group.carriage(), Carriage::Group);
    group
}

#[test]
fn a_group_that_must_not_be_used_is_never_tried() {
    let mut group = Group::new(GroupUse::Never);
    group.judge(at(100), &[replied(0, 150, HeardBy::Group)]);
    assert_eq!(group.carriage(), Carriage::Unicast);
}

#[test]
fn unicast_goes_on_until_every_peer_that_is_up_has_confirmed_the_group() {
    let mut group = Group::new(GroupUse::Allowed);
    group.judge(at(100), &[]);
    assert_eq!(group.carriage(), Carriage::Both);
    let one = [replied(0, 150, HeardBy::Group), member(1)];
    assert_eq!(group.judge(at(200), &one), None);
    assert_eq!(group.carriage(), Carriage::Both);
    let early = [
        replied(0, 150, HeardBy::Group),
        replied(1, 90, HeardBy::Group),
    ];
    group.judge(at(300), &early);
    assert_eq!(
        group.carriage(),
        Carriage::Both,
        "a reply from before the trial proves nothing"
    );
    group.judge(at(400), &[]);
    assert_eq!(group.carriage(), Carriage::Both, "nobody has confirmed");
    trusted();
}

#[test]
fn one_missed_heartbeat_brings_unicast_back_at_once_and_a_confirmation_the_group() {
    let mut group = trusted();
    let missed = Member {
        missed: Some(at(500)),
        ..replied(0, 150, HeardBy::Group)
    };
    let other = replied(1, 160, HeardBy::Group);
    assert_eq!(group.judge(at(501), &[missed, other]), None);
    assert_eq!(group.carriage(), Carriage::Both);
    let again = [
        Member {
            missed: Some(at(500)),
            ..replied(0, 800, HeardBy::Group)
        },
        replied(1, 810, HeardBy::Group),
    ];
    assert_eq!(group.judge(at(811), &again), None);
    assert_eq!(group.carriage(), Carriage::Group);
    assert_eq!(group.judge(at(900), &again), None);
    assert_eq!(
        group.carriage(),
        Carriage::Group,
        "the old remark is done with"
    );
}

#[test]
fn a_group_that_fails_where_unicast_works_is_told_once_and_rests() {
    let mut group = trusted();
    let missed = |ms, heard| Member {
        missed: Some(at(500)),
        ..replied(0, ms, heard)
    };
    group.judge(at(501), &[missed(150, HeardBy::Group)]);
    let early = [missed(600, HeardBy::Unicast)];
    assert_eq!(
        group.judge(at(601), &early),
        None,
        "too early to be certain"
    );
    let late = [missed(720, HeardBy::Unicast)];
    assert_eq!(group.judge(at(721), &late), Some(PathIndex(0)));
    assert_eq!(group.carriage(), Carriage::Unicast);
    assert_eq!(group.judge(at(800), &late), None);
    let rested = group.deadline().expect("it rests");
    assert_eq!(rested, at(721).after(REST));
    group.judge(rested, &late);
    assert_eq!(group.carriage(), Carriage::Both, "it may try again");
}

#[test]
fn a_silence_that_unicast_shares_is_not_the_groups() {
    let mut group = trusted();
    let missed = Member {
        missed: Some(at(500)),
        ..replied(0, 150, HeardBy::Group)
    };
    group.judge(at(501), &[missed]);
    assert_eq!(group.judge(at(60_000), &[missed]), None);
    assert_eq!(group.carriage(), Carriage::Both);
}

#[test]
fn a_peer_that_comes_up_has_to_confirm_first() {
    let mut group = trusted();
    let old = replied(0, 150, HeardBy::Group);
    let young = Member {
        up_since: at(700),
        ..replied(1, 160, HeardBy::Group)
    };
    assert_eq!(group.judge(at(701), &[old, young]), None);
    assert_eq!(group.carriage(), Carriage::Both);
}
