use proptest::prelude::*;

use super::*;

fn sample() -> Header {
    Header {
        kind: Kind::Heartbeat,
        flags: flags::RESTARTING,
        key_id: 7,
        sender: 0x0102,
        cluster: 0xa1b2_c3d4,
        receiver: 0x0304,
        network: 0x0506,
        interval_ms: 1200,
        agent_age_ms: 3,
        config_digest: 0x1122_3344,
        incarnation: 0x0a0b_0c0d_0e0f_1011,
        sequence: 0x1213_1415_1617_1819,
        sent: 0x2021_2223_2425_2627,
        heard: 0x3031_3233_3435_3637,
    }
}

#[test]
fn the_bytes_lie_where_the_drawing_says() {
    let bytes = sample().encode(None);
    let expected: [u8; 64] = [
        0x48, 0x42, 1, 1, 2, 7, 1, 2, //
        0xa1, 0xb2, 0xc3, 0xd4, 3, 4, 5, 6, //
        0x04, 0xb0, 0, 3, 0x11, 0x22, 0x33, 0x44, //
        0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, //
        0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, //
        0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, //
        0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, //
        0, 0, 0, 0, 0, 0, 0, 0,
    ];
    assert_eq!(bytes, expected);
}

#[test]
fn the_tag_is_big_endian_at_the_end() {
    let subkey = Subkey([1, 2]);
    let words = Words::from_bytes(&sample().encode(Some(&subkey)));
    assert_eq!(words.tag(), tag::of(&subkey, &words.0));
    assert_eq!(words.to_bytes()[56..], words.tag().to_be_bytes());
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(
        kind in 1u8..=4,
        flags: u8, key_id: u8,
        ids: (u16, u16, u16, u16, u16),
        cluster: u32, config_digest: u32,
        long: (u64, u64, u64, u64),
    ) {
        let header = Header {
            kind: Kind::from_number(kind).expect("1 to 4 are kinds"),
            flags, key_id, cluster, config_digest,
            sender: ids.0, receiver: ids.1, network: ids.2, interval_ms: ids.3, agent_age_ms: ids.4,
            incarnation: long.0, sequence: long.1, sent: long.2, heard: long.3,
        };
        let words = Words::from_bytes(&header.encode(Some(&Subkey([long.0, long.1]))));
        prop_assert_eq!(words.header(), Some(header));
    }

    #[test]
    fn any_bytes_decode_or_are_refused_and_encode_to_themselves(bytes in any::<[[u8; 32]; 2]>()) {
        let mut whole = [0; 64];
        whole[..32].copy_from_slice(&bytes[0]);
        whole[32..].copy_from_slice(&bytes[1]);
        let words = Words::from_bytes(&whole);
        prop_assert_eq!(words.to_bytes(), whole);
        let ours = words.magic() == MAGIC && words.version() == VERSION && Kind::from_number(words.kind()).is_some();
        prop_assert_eq!(words.header().is_some(), ours);
    }
}
