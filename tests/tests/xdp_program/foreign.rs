//! What is not ours passes, byte for byte.

use std::net::{Ipv4Addr, Ipv6Addr};

use anyhow::{Context, Result};
use heartbeat_ebpf::map::NO_NETWORK;
use heartbeat_ebpf::verdict::Verdict;
use heartbeat_ebpf::wire::Kind;
use heartbeat_tests::frames::{DESTINATION, Frame, HOP_BY_HOP, ROUTING};
use heartbeat_tests::program::counts::Growth;
use heartbeat_tests::program::path::{FIRST, Path, seal};
use heartbeat_tests::program::tables::HostTables;
use heartbeat_tests::program::{Program, ensure_untouched};
use heartbeat_tests::suite::Test;

pub const TESTS: &[Test] = &[
    (
        "a frame that is no datagram to port 3343 passes byte for byte and is not counted",
        foreign_frames,
    ),
    (
        "other hosts' cluster heartbeats pass byte for byte and count as transit of their device",
        transit,
    ),
    (
        "an IPv6 packet to an IPv4-mapped address of this node passes as foreign",
        mapped_addresses,
    ),
    (
        "jumbo frames of others pass byte for byte, and one to this node is judged",
        jumbo_frames,
    ),
];

fn foreign_frames() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        for (what, frame) in foreign(&path) {
            let verdict = program
                .verdict(&frame)
                .with_context(|| format!("{what} on {path:?}"))?;
            assert_eq!(verdict, None, "{what} on {path:?}");
        }
        let witness = program.verdict(&path.heartbeat(FIRST + 1))?;
        assert_eq!(witness, Some(Verdict::Heartbeat));
    }
    Ok(())
}

/// Frames to this node, each with a valid heartbeat in it, that miss being a datagram to port 3343 by one thing.
fn foreign(path: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let payload = seal(&path.header(Kind::Heartbeat));
    let frame = path.frame().payload(payload);
    let mut frames = vec![
        ("a port one higher", frame.clone().udp(3344)),
        ("a port one lower", frame.clone().udp(3342)),
        (
            "from the port, to another",
            frame.clone().udp_between(3343, 53),
        ),
        ("TCP to the port", frame.clone().tcp(3343)),
        ("ICMP", frame.clone().protocol(1)),
        ("ICMPv6", frame.clone().protocol(58)),
        ("UDP-Lite", frame.clone().protocol(136)),
        ("a later fragment", frame.clone().fragment(1, true)),
        ("the last fragment", frame.clone().fragment(185, false)),
        (
            "ARP",
            path.tagged(&path.vlans).ethertype(0x0806).payload(payload),
        ),
        (
            "LLDP",
            path.tagged(&path.vlans).ethertype(0x88cc).payload(payload),
        ),
        ("nothing", path.tagged(&path.vlans).ethertype(0)),
    ];
    if path.here.is_ipv6() {
        let five = (0..4).fold(frame.clone(), |frame, _| frame.extension(DESTINATION, 1));
        frames.push(("five extension headers", five.extension(ROUTING, 2)));
        let unknown = frame.clone().extension(HOP_BY_HOP, 1).extension(135, 1);
        frames.push(("an unknown extension header", unknown));
    }
    let mut frames: Vec<_> = frames
        .into_iter()
        .map(|(what, frame)| (what, frame.bytes()))
        .collect();
    let three = Frame::ethernet().vlan(1).vlan(2).vlan(3);
    let three = three.ip(path.there, path.here).udp(3343).payload(payload);
    frames.push(("three tags", three.bytes()));
    frames.push(("a wrong IP version", with_version(path, frame.bytes())));
    frames
}

fn with_version(path: &Path, mut frame: Vec<u8>) -> Vec<u8> {
    frame[14 + 4 * path.vlans.len()] ^= 0x30;
    frame
}

fn transit() -> Result<()> {
    for (device, network) in [(Some(20), 20), (Some(63), 63), (None, NO_NETWORK)] {
        let mut tables = HostTables::authenticated();
        tables.devices = device.map(|index| (1, index)).into_iter().collect();
        let program = Program::seeded(&tables)?;
        for path in Path::all() {
            for frame in in_transit(&path) {
                let before = program.counts()?;
                ensure_untouched(&program.run(&frame)?, &frame)?;
                let verdict = Verdict::Transit;
                let grown = program.counts()?.since(&before);
                assert_eq!(
                    grown,
                    [Growth {
                        network,
                        verdict,
                        by: 1
                    }]
                );
            }
            program.hear_first(&path)?;
        }
    }
    Ok(())
}

/// Datagrams to port 3343 of others, good ones and such as would be refused if they were ours.
fn in_transit(path: &Path) -> Vec<Vec<u8>> {
    let payload = seal(&path.header(Kind::Heartbeat));
    let frame = path.frame_to(path.stranger()).payload(payload);
    let odd = match path.here.is_ipv4() {
        true => frame.clone().options(&[1; 8]),
        false => frame.clone().extension(HOP_BY_HOP, 1),
    };
    let broadcast = match path.here.is_ipv4() {
        true => path.frame_to(Ipv4Addr::BROADCAST.into()),
        false => path.frame_to(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1).into()),
    };
    vec![
        frame.bytes(),
        broadcast.payload(payload).bytes(),
        odd.bytes(),
        frame.clone().fragment(0, true).bytes(),
        frame.clone().payload([0xff; 1400]).bytes(),
        frame.clone().payload([]).bytes(),
        frame.clone().claim_udp_length(9).bytes(),
        frame.resized(14 + 4 * path.vlans.len() + 48),
    ]
}

fn mapped_addresses() -> Result<()> {
    let program = Program::hearing()?;
    let path = Path::plain();
    let mapped = |address| match address {
        std::net::IpAddr::V4(address) => address.to_ipv6_mapped(),
        std::net::IpAddr::V6(address) => address,
    };
    let payload = seal(&heartbeat_ebpf::wire::Header {
        sequence: FIRST + 1,
        ..path.header(Kind::Heartbeat)
    });
    let imitation = Frame::ethernet().ipv6(mapped(path.there), mapped(path.here));
    let imitation = imitation.udp(3343).payload(payload).bytes();
    assert_eq!(program.verdict(&imitation)?, None);
    let real = path.frame().payload(payload).bytes();
    assert_eq!(program.verdict(&real)?, Some(Verdict::Heartbeat));
    Ok(())
}

fn jumbo_frames() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        for (frame, expected) in [
            (path.frame().tcp(3343), None),
            (path.frame_to(path.stranger()), Some(Verdict::Transit)),
            (path.frame(), Some(Verdict::Magic)),
        ] {
            let frame = frame.payload([0xee; 8_900]).bytes();
            assert_eq!(program.verdict(&frame)?, expected, "{path:?}");
        }
    }
    Ok(())
}
