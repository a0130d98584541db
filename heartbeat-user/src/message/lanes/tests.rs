use super::*;

const B: NodeId = NodeId::new(2).expect("not 0");
const C: NodeId = NodeId::new(3).expect("not 0");
const SIZE: usize = 4;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_ns((1 + ms) * 1_000_000).expect("not 0")
}

fn push(lanes: &mut Lanes<u32>, ms: u64, to: NodeId, body: &str, asker: u32) {
    assert_eq!(lanes.push(at(ms), to, body.into(), asker), Ok(()));
}

/// What leaves at a moment: whom to, number, attempt, and what.
fn sent(lanes: &mut Lanes<u32>, ms: u64) -> Vec<(u16, u64, u32, String)> {
    let mut sent = Vec::new();
    while let Some(piece) = lanes.next(at(ms), SIZE) {
        let text = String::from_utf8_lossy(piece.content()).into_owned();
        let place = format!("{}/{} {text}", piece.place, piece.of);
        sent.push((piece.to.number(), piece.number, piece.attempt, place));
    }
    sent
}

fn piece(to: u16, number: u64, attempt: u32, text: &str) -> (u16, u64, u32, String) {
    (to, number, attempt, text.to_owned())
}

#[test]
fn each_peer_has_a_lane_and_one_parcel_on_its_way() {
    let mut lanes = Lanes::default();
    push(&mut lanes, 0, B, "abcdefghij", 10);
    push(&mut lanes, 0, B, "next", 20);
    push(&mut lanes, 0, C, "", 30);
    assert_eq!(
        sent(&mut lanes, 0),
        [
            piece(2, 1, 0, "0/3 abcd"),
            piece(2, 1, 0, "1/3 efgh"),
            piece(2, 1, 0, "2/3 ij"),
            piece(3, 3, 0, "0/1 "),
        ]
    );
    assert_eq!(lanes.settle(B, 2), None, "it has not been sent");
    assert_eq!(lanes.settle(C, 1), None, "it is another's");
    assert_eq!(lanes.settle(B, 1), Some(10));
    assert_eq!(lanes.settle(B, 1), None);
    assert_eq!(sent(&mut lanes, 1), [piece(2, 2, 0, "0/1 next")]);
    assert_eq!(lanes.settle(B, 2), Some(20));
    assert_eq!(lanes.settle(C, 3), Some(30));
    assert_eq!(lanes.due(), None);
}

#[test]
fn what_nobody_answers_is_sent_again_and_given_up() {
    let mut lanes = Lanes::default();
    push(&mut lanes, 0, B, "abc", 10);
    push(&mut lanes, 50, B, "def", 20);
    let (mut attempts, mut expired) = (Vec::new(), Vec::new());
    while let Some(due) = lanes.due() {
        let ms = due.ns() / 1_000_000 - 1;
        expired.extend(lanes.expire(due).into_iter().map(|asker| (ms, asker)));
        attempts.extend(
            sent(&mut lanes, ms)
                .iter()
                .map(|piece| (ms, piece.1, piece.2)),
        );
    }
    let mut expected: Vec<(u64, u64, u32)> = [0, 100, 300, 700, 1500, 3100, 4700]
        .into_iter()
        .zip(0..)
        .map(|(ms, attempt)| (ms, 1, attempt))
        .collect();
    expected.push((5000, 2, 0));
    assert_eq!(attempts, expected);
    assert_eq!(expired, [(5000, 10), (5050, 20)]);
}

#[test]
fn one_parcel_too_many_is_refused_at_once() {
    let mut lanes = Lanes::default();
    (0..PARCELS_MAX as u32).for_each(|asker| push(&mut lanes, 0, B, "x", asker));
    assert_eq!(lanes.push(at(0), C, b"x".to_vec(), 99), Err(99));
    let given_up: Vec<u32> = (0..PARCELS_MAX as u32).collect();
    assert_eq!(lanes.give_up(|peer| peer == B), given_up);
    push(&mut lanes, 0, C, "x", 99);
    assert_eq!(lanes.due(), Some(at(0)));
}
