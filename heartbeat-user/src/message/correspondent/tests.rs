use super::super::datagram::{Class, Datagram, seal, tests};
use super::super::fragment;
use super::*;

const PEER: NodeId = NodeId::new(2).expect("not 0");
const OTHER: NodeId = NodeId::new(3).expect("not 0");

/// Takes what a peer's run says with a datagram of this number.
fn take(
    all: &mut Correspondents,
    (peer, run, sequence): (NodeId, u64, u64),
    (class, place, of): (Class, u16, u16),
    content: &[u8],
) -> Option<Vec<u8>> {
    let envelope = tests::envelope(class, sequence - u64::from(place), place, of);
    let bytes = seal(
        &tests::header(run, sequence),
        &envelope,
        content,
        &tests::key('a'),
    );
    all.take(peer, &Datagram::read(&bytes).expect("sound"))
}

#[test]
fn a_message_over_two_networks_is_taken_once() {
    let mut all = Correspondents::default();
    let whole = (Class::Control, 0, 1);
    assert_eq!(
        take(&mut all, (PEER, 7, 1), whole, b"a"),
        Some(b"a".to_vec())
    );
    assert_eq!(
        all.refuse(PEER, Incarnation(7), 1),
        Some(Verdict::Duplicate)
    );
    assert_eq!(take(&mut all, (PEER, 7, 1), whole, b"a"), None);
    assert_eq!(all.refuse(OTHER, Incarnation(7), 1), None);
    assert_eq!(all.refuse(PEER, Incarnation(8), 1), None);
}

#[test]
fn fragments_of_one_run_do_not_complete_a_message_of_another() {
    let mut all = Correspondents::default();
    assert_eq!(
        take(&mut all, (PEER, 7, 1), (Class::Control, 0, 2), b"a"),
        None
    );
    assert_eq!(
        take(&mut all, (PEER, 8, 2), (Class::Control, 1, 2), b"b"),
        None
    );
    assert_eq!(
        take(&mut all, (PEER, 8, 1), (Class::Control, 0, 2), b"c"),
        Some(b"cb".to_vec())
    );
}

#[test]
fn classes_do_not_mix() {
    let mut all = Correspondents::default();
    assert_eq!(
        take(&mut all, (PEER, 7, 1), (Class::Control, 0, 2), b"a"),
        None
    );
    assert_eq!(
        take(&mut all, (PEER, 7, 2), (Class::Parcel, 1, 2), b"b"),
        None
    );
    assert_eq!(
        take(&mut all, (PEER, 7, 3), (Class::Receipt, 0, 2), b"c"),
        None
    );
}

#[test]
fn numbers_to_a_peer_never_come_twice_even_if_it_was_gone_meanwhile() {
    let mut all = Correspondents::default();
    assert_eq!(all.number(PEER, 3), 1);
    assert_eq!(all.number(PEER, 1), 4);
    assert_eq!(all.number(OTHER, 1), 1);
    all.keep_only(&[OTHER]);
    assert_eq!(all.number(PEER, 1), 5);
    assert_eq!(all.number(OTHER, 1), 2);
}

#[test]
fn what_is_held_of_all_peers_together_is_bounded() {
    let mut all = Correspondents::default();
    let content = vec![0; fragment::size(1500)];
    for peer in 1..=500 {
        let peer = NodeId::new(peer).expect("not 0");
        for place in 0..40 {
            take(
                &mut all,
                (peer, 7, 1 + u64::from(place)),
                (Class::Parcel, place, 50),
                &content,
            );
        }
        assert!(all.held <= HELD_MAX);
        let really: usize = all.peers.values().map(Correspondent::held).sum();
        assert_eq!(all.held, really);
    }
    all.keep_only(&[]);
    assert_eq!(all.held, 0);
}
