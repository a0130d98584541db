use heartbeat_ebpf::frame::{Address, Flaw, Vlan, walk};

use super::*;

const HERE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const THERE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const HERE_6: Ipv6Addr = Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, 1);
const THERE_6: Ipv6Addr = Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, 2);

#[test]
fn a_built_frame_is_found_with_what_it_was_told() {
    let frame = Frame::ethernet()
        .service_vlan(5)
        .vlan(9)
        .ipv4(THERE, HERE)
        .udp(3343)
        .payload([0x55; 64])
        .bytes();
    assert_eq!(frame.len(), 22 + 20 + 8 + 64);
    let found = walk(&frame[..]).expect("port 3343");
    assert_eq!(found.vlan, Vlan(5 | 9 << 16));
    assert_eq!(found.source, Address::v4(THERE.octets()));
    assert_eq!(
        (found.payload, found.udp_length, found.flaw),
        (50, 72, None)
    );
}

#[test]
fn checksums_of_both_families_hold() {
    let four = Frame::ethernet()
        .ipv4(THERE, HERE)
        .options(&[1; 8])
        .udp(3343);
    let four = four.payload([7; 65]).bytes();
    assert_eq!(checksum::of(&four[14..42]), 0);
    assert!(checksum::udp_holds(&four[26..34], &four[42..]));
    let six = Frame::ethernet().ipv6(THERE_6, HERE_6).udp(3343);
    let six = six.payload([7; 64]).bytes();
    assert!(checksum::udp_holds(&six[22..54], &six[54..]));
}

#[test]
fn fragments_and_extension_headers_are_seen_as_such() {
    let plain = Frame::ethernet()
        .ipv6(THERE_6, HERE_6)
        .udp(3343)
        .payload([0; 64]);
    let flaw = |frame: &Frame| walk(&frame.bytes()[..]).map(|found| found.flaw);
    assert_eq!(flaw(&plain), Some(None));
    let first = plain.clone().fragment(0, true);
    assert_eq!(flaw(&first), Some(Some(Flaw::Fragment)));
    assert_eq!(flaw(&plain.clone().fragment(8, true)), None);
    let chain = plain.extension(HOP_BY_HOP, 1).extension(DESTINATION, 3);
    assert_eq!(flaw(&chain), Some(Some(Flaw::Options)));
}
