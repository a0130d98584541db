//! Who is believed, before any tag is looked at: interface, VLAN, sender, source, network, receiver, group.

use anyhow::Result;
use heartbeat_ebpf::frame::Vlan;
use heartbeat_ebpf::verdict::Verdict;
use heartbeat_ebpf::wire::{Header, Kind};
use heartbeat_tests::frames::Frame;
use heartbeat_tests::program::path::{FIRST, INCARNATION, Path, seal};
use heartbeat_tests::program::tables::{HostTables, PEER};
use heartbeat_tests::program::{INTERFACE, Program};
use heartbeat_tests::suite::Test;

pub const TESTS: &[Test] = &[
    (
        "a heartbeat is refused where its path leads to another interface",
        another_interface,
    ),
    (
        "a heartbeat is refused with any other VLAN tags than its path's",
        another_vlan,
    ),
    (
        "a priority tag is no VLAN, outside or inside",
        priority_tags,
    ),
    (
        "one path may be reached through a VLAN device and through its parent, into one slot",
        two_keys_one_slot,
    ),
    (
        "a sender's heartbeat is refused from any other address, even another peer's",
        another_source,
    ),
    (
        "a heartbeat for one network is refused at this node's address on another",
        another_network,
    ),
    (
        "to the group only heartbeats without receiver are believed, and to an address only those with it",
        group_and_address,
    ),
    (
        "a multicast heartbeat is an arrival and leaves alone what the peer has heard of us",
        multicast,
    ),
    (
        "an announced interval is believed from 10 ms to 60 s",
        intervals,
    ),
];

/// Nothing but the interface in the tables differs between the two programs.
fn another_interface() -> Result<()> {
    let elsewhere = {
        let mut tables = HostTables::authenticated();
        tables.paths.clear();
        for path in Path::all() {
            tables.add(&path, INTERFACE + 1, path.vlan(), PEER);
        }
        Program::seeded(&tables)?
    };
    let here = Program::seeded(&HostTables::authenticated())?;
    for path in Path::all() {
        for program in [&elsewhere, &here] {
            program.confirm(&path, INCARNATION);
        }
        let frame = path.heartbeat(FIRST);
        assert_eq!(elsewhere.verdict(&frame)?, Some(Verdict::Path));
        assert_eq!(here.verdict(&frame)?, Some(Verdict::Heartbeat));
    }
    Ok(())
}

fn another_vlan() -> Result<()> {
    let program = Program::hearing()?;
    let tags: [&[u16]; 7] = [&[], &[7], &[8], &[5], &[5, 9], &[9, 5], &[5, 7]];
    for path in Path::all() {
        let payload = seal(&Header {
            sequence: FIRST + 1,
            ..path.header(Kind::Heartbeat)
        });
        for vlans in tags {
            let frame = path.tagged(vlans).ip(path.there, path.here).udp(3343);
            let expected = match vlans == path.vlans {
                true => Verdict::Heartbeat,
                false => Verdict::Path,
            };
            let verdict = program.verdict(&frame.payload(payload).bytes())?;
            assert_eq!(verdict, Some(expected), "{vlans:?} on {path:?}");
        }
    }
    Ok(())
}

fn priority_tags() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all().iter().filter(|path| path.vlans.len() < 2) {
        let tagged = match path.vlans[..] {
            [] => [
                Frame::ethernet().vlan(0),
                Frame::ethernet().service_vlan(0).vlan(0),
            ],
            [one, ..] => [
                Frame::ethernet().vlan(one).vlan(0),
                Frame::ethernet().service_vlan(one),
            ],
        };
        for (step, frame) in (1..).zip(tagged) {
            let payload = seal(&Header {
                sequence: FIRST + step,
                ..path.header(Kind::Heartbeat)
            });
            let frame = frame.ip(path.there, path.here).udp(3343).payload(payload);
            assert_eq!(program.verdict(&frame.bytes())?, Some(Verdict::Heartbeat));
        }
    }
    Ok(())
}

fn two_keys_one_slot() -> Result<()> {
    let path = Path::plain();
    let mut tables = HostTables::authenticated();
    tables.add(&path, INTERFACE, Vlan(7), PEER);
    let program = Program::seeded(&tables)?;
    program.hear_first(&path)?;
    let payload = seal(&Header {
        sequence: FIRST + 1,
        ..path.header(Kind::Heartbeat)
    });
    let frame = path.tagged(&[7]).ip(path.there, path.here).udp(3343);
    let frame = frame.payload(payload).bytes();
    assert_eq!(program.verdict(&frame)?, Some(Verdict::Heartbeat));
    assert_eq!(program.slots[path.slot].arrivals.get(), 2);
    Ok(())
}

/// Node 3 lives at the stranger's address.
fn another_source() -> Result<()> {
    let mut tables = HostTables::authenticated();
    for path in Path::all() {
        let third = Path {
            slot: path.slot + 100,
            there: path.stranger(),
            ..path
        };
        tables.add(&third, INTERFACE, third.vlan(), 3);
    }
    let program = Program::seeded(&tables)?;
    for path in Path::all() {
        program.hear_first(&path)?;
        let heartbeat = Header {
            sequence: FIRST + 1,
            ..path.header(Kind::Heartbeat)
        };
        let from = |from, header: &Header| {
            let frame = path.tagged(&path.vlans).ip(from, path.here).udp(3343);
            frame.payload(seal(header)).bytes()
        };
        let third = Header {
            sender: 3,
            ..heartbeat
        };
        for (frame, expected) in [
            (from(path.stranger(), &heartbeat), Verdict::Source),
            (from(path.there, &third), Verdict::Source),
            (from(path.here, &heartbeat), Verdict::Source),
            (from(path.stranger(), &third), Verdict::Candidate),
            (from(path.there, &heartbeat), Verdict::Heartbeat),
        ] {
            assert_eq!(program.verdict(&frame)?, Some(expected), "{path:?}");
        }
    }
    Ok(())
}

fn another_network() -> Result<()> {
    let program = Program::hearing()?;
    let paths = Path::all();
    for path in &paths {
        for other in &paths {
            let payload = seal(&Header {
                sequence: FIRST + 1,
                ..other.header(Kind::Heartbeat)
            });
            let expected = match other.network == path.network {
                true => Verdict::Heartbeat,
                false => Verdict::Path,
            };
            let verdict = program.verdict(&path.frame().payload(payload).bytes())?;
            assert_eq!(verdict, Some(expected), "{other:?} on {path:?}");
        }
    }
    Ok(())
}

fn group_and_address() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        for kind in [
            Kind::EchoRequest,
            Kind::EchoReply,
            Kind::Message,
            Kind::Heartbeat,
        ] {
            let valid = Header {
                sequence: FIRST + 1,
                ..path.header(kind)
            };
            let to_all = Header {
                receiver: 0,
                ..valid
            };
            let body = [0; 16];
            let send = |to, header: &Header| {
                let payload = match kind {
                    Kind::Message => [&seal(header)[..], &body].concat(),
                    _ => seal(header).to_vec(),
                };
                path.frame_to(to).payload(payload).bytes()
            };
            let to_group = program.verdict(&send(path.group, &valid))?;
            assert_eq!(to_group, Some(Verdict::Receiver), "{kind:?}");
            let to_address = program.verdict(&send(path.here, &to_all))?;
            assert_eq!(to_address, Some(Verdict::Receiver), "{kind:?}");
            let multicast = program.verdict(&send(path.group, &to_all))?;
            let expected = match kind {
                Kind::Heartbeat => Verdict::Heartbeat,
                _ => Verdict::Receiver,
            };
            assert_eq!(multicast, Some(expected), "{kind:?}");
        }
    }
    Ok(())
}

fn multicast() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let slot = &program.slots[path.slot];
        let heard = slot.heard.get();
        let arrival = slot.last_arrival.get();
        let header = Header {
            receiver: 0,
            heard: 0,
            sequence: FIRST + 1,
            ..path.header(Kind::Heartbeat)
        };
        let frame = path.frame_to(path.group).payload(seal(&header)).bytes();
        assert_eq!(program.verdict(&frame)?, Some(Verdict::Heartbeat));
        assert_eq!(slot.heard.get(), heard);
        assert!(arrival < slot.last_arrival.get());
        let unicast = path.heartbeat(FIRST + 1);
        assert_eq!(program.verdict(&unicast)?, Some(Verdict::Duplicate));
    }
    Ok(())
}

fn intervals() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let intervals = [0, 1, 9, 10, 11, 1200, 59_999, 60_000, 60_001, u16::MAX];
        for (sequence, interval_ms) in (FIRST + 1..).zip(intervals) {
            let frame = path.send(&Header {
                interval_ms,
                sequence,
                ..path.header(Kind::Heartbeat)
            });
            let expected = match (10..=60_000).contains(&interval_ms) {
                true => Verdict::Heartbeat,
                false => Verdict::Interval,
            };
            assert_eq!(program.verdict(&frame)?, Some(expected), "{interval_ms} ms");
        }
    }
    Ok(())
}
