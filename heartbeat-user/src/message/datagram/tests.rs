use proptest::prelude::*;

use super::*;
use crate::key::KeyRing;

pub fn key(digit: char) -> Key {
    let line = format!("1:{}", digit.to_string().repeat(64));
    KeyRing::parse(&line, "cluster.key").expect("valid").signing
}

pub fn header(incarnation: u64, sequence: u64) -> Header {
    Header {
        kind: Kind::Heartbeat,
        flags: 0,
        key_id: 0,
        sender: 2,
        cluster: 0xaabb_ccdd,
        receiver: 1,
        network: 3,
        interval_ms: 1200,
        agent_age_ms: 0,
        config_digest: 5,
        incarnation,
        sequence,
        sent: 6,
        heard: 0,
    }
}

pub fn envelope(class: Class, number: u64, fragment: u16, fragments: u16) -> Envelope {
    Envelope {
        for_run: Incarnation(0x1234_5678_9abc_def0),
        class,
        number,
        fragment,
        fragments,
    }
}

#[test]
fn what_was_sealed_is_read_and_proved() {
    let (key, other) = (key('a'), key('b'));
    let envelope = envelope(Class::Parcel, 77, 3, 9);
    let bytes = seal(&header(8, 9), &envelope, b"some words", &key);
    assert_eq!(bytes.len(), OVERHEAD + 10);
    let datagram = Datagram::read(&bytes).expect("well laid out");
    assert_eq!(datagram.envelope, envelope);
    assert_eq!(datagram.content, b"some words");
    assert_eq!(datagram.header.kind, Kind::Message);
    assert_eq!(datagram.header.key_id, key.id);
    assert_eq!(datagram.header.sequence, 9);
    assert!(datagram.is_authentic(&key.message));
    assert!(!datagram.is_authentic(&other.message));
}

/// The same bytes from Python's hmac, so that another release, or another program, makes the same MAC.
#[test]
fn the_mac_of_a_fixed_datagram_never_changes() {
    let key = KeyRing::parse(
        "1:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "cluster.key",
    )
    .expect("valid")
    .signing;
    let bytes = seal(
        &header(8, 9),
        &envelope(Class::Control, 9, 0, 1),
        b"hi",
        &key,
    );
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let (header, rest) = hex.split_at(128);
    assert_eq!(
        &header[..112],
        "4842010400010002".to_owned()
            + "aabbccdd00010003"
            + "04b0000000000005"
            + "0000000000000008"
            + "0000000000000009"
            + "0000000000000006"
            + "000000000000001a"
    );
    let (body, mac) = rest.split_at(52);
    assert_eq!(
        body,
        "123456789abcdef0".to_owned() + "0000000000000009" + "0100000000010000" + "6869"
    );
    assert_eq!(mac, "5ffa842a49721fef1e9a240ad7da527b");
}

proptest! {
    #[test]
    fn a_flipped_bit_anywhere_is_refused(
        content in proptest::collection::vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(),
        bit in 0..8u8,
    ) {
        let key = key('a');
        let envelope = envelope(Class::Control, 1, 0, 1);
        let mut bytes = seal(&header(8, 9), &envelope, &content, &key);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let proved = Datagram::read(&bytes).filter(|datagram| datagram.is_authentic(&key.message));
        prop_assert!(proved.is_none());
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Datagram::read(&bytes).is_none());
    }

    #[test]
    fn a_datagram_cut_short_or_longer_is_refused(
        content in proptest::collection::vec(any::<u8>(), 0..200),
        length in 0..320usize,
    ) {
        let bytes = seal(&header(8, 9), &envelope(Class::Receipt, 1, 0, 1), &content, &key('a'));
        let mut other = bytes.clone();
        other.resize(length, 0);
        prop_assert_eq!(Datagram::read(&other).is_some(), length == bytes.len());
    }
}

#[test]
fn an_envelope_that_says_the_impossible_is_refused() {
    let key = key('a');
    let read = |bytes: &[u8]| Datagram::read(bytes).is_some();
    let most = FRAGMENTS_MAX as u16;
    for (fragment, fragments, sound) in [
        (0, 1, true),
        (most - 1, most, true),
        (0, 0, false),
        (1, 1, false),
        (0, most + 1, false),
        (u16::MAX, u16::MAX, false),
    ] {
        let envelope = envelope(Class::Control, 1, fragment, fragments);
        let bytes = seal(&header(8, 9), &envelope, b"", &key);
        assert_eq!(read(&bytes), sound, "{fragment} of {fragments}");
    }
    let sound = seal(&header(8, 9), &envelope(Class::Control, 1, 0, 1), b"", &key);
    for (at, value) in [(80, 0), (80, 6), (81, 1), (86, 1), (87, 1)] {
        let mut bytes = sound.clone();
        bytes[at] = value;
        assert!(!read(&bytes), "byte {at}");
    }
}
