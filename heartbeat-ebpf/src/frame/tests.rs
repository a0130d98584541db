extern crate std;
use core::net::Ipv4Addr;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

/// An IPv4 datagram to port 3343 with 64 bytes of payload, behind these tags.
fn ipv4_frame(tags: &[[u8; 4]]) -> Vec<u8> {
    let mut frame = [[2, 0, 0, 0, 0, 2], [2, 0, 0, 0, 0, 1]].concat();
    frame.extend(tags.iter().flatten());
    frame.extend([
        8, 0, 0x45, 0, 0, 92, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
    ]);
    frame.extend([0x10, 0, 0x0d, 0x0f, 0, 72, 0, 0]);
    frame.extend([0x55; 64]);
    frame
}

fn ipv6_frame(extensions: &[u8], first: u8) -> Vec<u8> {
    let mut frame = [[2, 0, 0, 0, 0, 2], [2, 0, 0, 0, 0, 1]].concat();
    frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
    frame.extend(((72 + extensions.len()) as u16).to_be_bytes());
    frame.extend([first, 64]);
    frame.extend([[0xfd; 16], [0xfe; 16]].concat());
    frame.extend(extensions);
    frame.extend([0x10, 0, 0x0d, 0x0f, 0, 72, 0, 0]);
    frame.extend([0x55; 64]);
    frame
}

fn flaw(frame: &[u8]) -> Option<Flaw> {
    walk(frame).expect("port 3343").flaw
}

#[test]
fn a_plain_datagram_is_found_with_its_addresses() {
    let found = walk(&ipv4_frame(&[])[..]).expect("port 3343");
    assert_eq!(
        found.source,
        Address::from(core::net::IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)))
    );
    assert_eq!(found.destination, Address::v4([10, 0, 0, 2]));
    assert_eq!((found.l3, found.payload, found.udp_length), (14, 42, 72));
    assert_eq!((found.vlan, found.flaw), (Vlan(0), None));
}

#[test]
fn tags_are_told_outer_and_inner_and_a_third_is_foreign() {
    let tags = [[0x88, 0xa8, 0xe0, 5], [0x81, 0, 0, 9], [0x81, 0, 0, 1]];
    let one = walk(&ipv4_frame(&tags[..1])[..]).expect("one tag");
    assert_eq!((one.vlan, one.payload), (Vlan(5), 46));
    let two = walk(&ipv4_frame(&tags[..2])[..]).expect("two tags");
    assert_eq!((two.vlan, two.payload), (Vlan(5 | 9 << 16), 50));
    assert_eq!(walk(&ipv4_frame(&tags)[..]), None);
}

#[test]
fn a_priority_tag_is_no_vlan() {
    let found = walk(&ipv4_frame(&[[0x81, 0, 0xe0, 0]])[..]).expect("port 3343");
    assert_eq!(found.vlan, Vlan(0));
}

#[test]
fn an_ipv6_datagram_is_found() {
    let found = walk(&ipv6_frame(&[], UDP)[..]).expect("port 3343");
    assert_eq!(found.source, Address::v6([0xfd; 8], [0xfd; 8]));
    assert_eq!((found.payload, found.flaw), (62, None));
}

#[test]
fn an_ipv6_packet_to_a_mapped_address_is_foreign() {
    let mut frame = ipv6_frame(&[], UDP);
    frame[38..54].copy_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2]);
    assert_eq!(walk(&frame[..]), None);
    frame[49] = 0xfe;
    assert!(walk(&frame[..]).is_some());
}

#[test]
fn first_fragments_are_flawed_and_later_ones_foreign() {
    let mut frame = ipv4_frame(&[]);
    frame[20] = 0x20;
    assert_eq!(flaw(&frame), Some(Flaw::Fragment));
    frame[21] = 1;
    assert_eq!(walk(&frame[..]), None);
    let first = [UDP, 0, 0, 1, 0, 0, 0, 7];
    assert_eq!(flaw(&ipv6_frame(&first, FRAGMENT)), Some(Flaw::Fragment));
    let later = [UDP, 0, 0, 9, 0, 0, 0, 7];
    assert_eq!(walk(&ipv6_frame(&later, FRAGMENT)[..]), None);
}

#[test]
fn options_and_extension_headers_are_flawed_up_to_four() {
    let mut frame = ipv4_frame(&[]);
    frame[14] = 0x46;
    frame[17] = 96;
    let at = 34;
    frame.splice(at..at, [1, 1, 1, 1]);
    assert_eq!(flaw(&frame), Some(Flaw::Options));
    let hop = [DESTINATION, 0, 0, 0, 0, 0, 0, 0];
    let last = [UDP, 0, 0, 0, 0, 0, 0, 0];
    let chain = |n: usize| [hop.repeat(n - 1), last.to_vec()].concat();
    assert_eq!(
        flaw(&ipv6_frame(&chain(1), HOP_BY_HOP)),
        Some(Flaw::Options)
    );
    assert_eq!(
        flaw(&ipv6_frame(&chain(4), HOP_BY_HOP)),
        Some(Flaw::Options)
    );
    assert_eq!(walk(&ipv6_frame(&chain(5), HOP_BY_HOP)[..]), None);
}

#[test]
fn lengths_that_contradict_each_other_are_flawed() {
    for (offset, value) in [(17, 91), (17, 93), (39, 71), (39, 73)] {
        let mut frame = ipv4_frame(&[]);
        frame[offset] = value;
        assert_eq!(flaw(&frame), Some(Flaw::Length), "byte {offset} = {value}");
    }
}

#[test]
fn other_ports_and_protocols_are_foreign() {
    for (offset, value) in [
        (12, 9),
        (23, 6),
        (36, 0x0e),
        (37, 0x0e),
        (14, 0x65),
        (14, 0x44),
    ] {
        let mut frame = ipv4_frame(&[]);
        frame[offset] = value;
        assert_eq!(walk(&frame[..]), None, "byte {offset} = {value}");
    }
}

proptest! {
    #[test]
    fn no_frame_panics_and_what_is_found_lies_behind_its_headers(
        mut frame in proptest::collection::vec(any::<u8>(), 0..140),
        ether in 0usize..6,
        next in prop_oneof![Just(0u8), Just(17), Just(43), Just(44), Just(60)],
    ) {
        let kinds = [[8u8, 0], [0x86, 0xdd], [0x81, 0], [0x88, 0xa8], [8, 6], [0, 0]];
        if 22 < frame.len() {
            frame[12..14].copy_from_slice(&kinds[ether]);
            frame[20] = next;
        }
        if let Some(found) = walk(&frame[..]) {
            prop_assert!(found.l3 < found.payload);
            prop_assert!(found.payload as usize <= frame.len() + 2);
        }
    }

    #[test]
    fn every_truncation_of_a_frame_is_found_or_foreign(length in 0usize..107, which in 0usize..3) {
        let whole = match which {
            0 => ipv4_frame(&[]),
            1 => ipv4_frame(&[[0x81, 0, 0, 5]]),
            _ => ipv6_frame(&[], UDP),
        };
        let cut = &whole[..length.min(whole.len())];
        let udp_length_end = walk(&whole[..]).expect("port 3343").payload as usize - 2;
        prop_assert_eq!(walk(cut).is_some(), udp_length_end <= cut.len());
    }
}
