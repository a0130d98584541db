//! Groups: who is a member, for how long, and where datagrams to one go.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_ebpf::ids::NetworkId;
use heartbeat_ebpf::wire::LENGTH;
use heartbeat_tests::cable::{Cable, End, INTERFACE};
use heartbeat_tests::lab::{batch, wait};
use heartbeat_tests::listener::{Heard, Listener};
use heartbeat_tests::suite::Test;
use heartbeat_user::group::{self, Family, Left};
use heartbeat_user::interface;
use heartbeat_user::socket::{Route, Sockets};

pub const TESTS: &[Test] = &[
    (
        "a membership outlives the process that asked for it, and ends when the group is left",
        outlives_its_process,
    ),
    ("joining and leaving again changes nothing", again),
    (
        "a group's address is not the source of anybody's traffic, nor the interface's own",
        no_source,
    ),
    (
        "a datagram to the group reaches the other end with one hop to live, and does not come back",
        reaches_the_other_end,
    ),
    (
        "a group reaches the other end after its interface was set down and joined anew",
        interface_set_down,
    ),
    (
        "one group too many is an error that names the limit",
        too_many,
    ),
    (
        "the groups of some networks are left in both families, and no others",
        leave_all,
    ),
];

const CLUSTER: &str = "prod-db";
const LIMIT: Duration = Duration::from_secs(10);

fn network(number: u16) -> NetworkId {
    NetworkId::new(number).expect("not 0")
}

fn groups() -> [IpAddr; 2] {
    [Family::V4, Family::V6].map(|family| group::address(CLUSTER, network(1), family))
}

/// Index of the cable's interface in the namespace of the calling thread.
fn wire() -> Result<u32> {
    let owner = interface::owner_of(End::Near.addresses()[0])?
        .or(interface::owner_of(End::Far.addresses()[0])?);
    Ok(owner
        .context("no interface has an address of the cable")?
        .index)
}

fn join(cable: &Cable, end: End, group: IpAddr) -> Result<()> {
    cable.end(end).enter(|| group::join(wire()?, group))
}

fn leave(cable: &Cable, end: End, group: IpAddr) -> Result<()> {
    cable.end(end).enter(|| group::leave(wire()?, group))
}

/// Whether the kernel tells of the membership where administrators look for it.
fn is_member(cable: &Cable, end: End, group: IpAddr) -> Result<bool> {
    let (file, shown) = match group {
        IpAddr::V4(group) => {
            let number = u32::from_ne_bytes(group.octets());
            ("/proc/net/igmp", format!("{number:08X}"))
        }
        IpAddr::V6(group) => ("/proc/net/igmp6", format!("{:032x}", group.to_bits())),
    };
    Ok(cable.printed(end, "cat", &[file])?.contains(&shown))
}

/// The child joins after it was forked and before it becomes `true`, which ends at once.
fn outlives_its_process() -> Result<()> {
    let cable = Cable::lay()?;
    for group in groups() {
        assert!(!is_member(&cable, End::Near, group)?);
        let mut child = Command::new("true");
        // SAFETY: the closure runs in a copy of this process that has one thread, the calling one; the C library
        // keeps its allocator usable there.
        unsafe {
            child.pre_exec(move || {
                wire()
                    .and_then(|wire| group::join(wire, group))
                    .map_err(io::Error::other)
            });
        }
        let status = cable.end(End::Near).enter(|| Ok(child.status()?))?;
        ensure!(status.success(), "the child that joined: {status}");
        assert!(is_member(&cable, End::Near, group)?, "{group}");
        leave(&cable, End::Near, group)?;
        assert!(!is_member(&cable, End::Near, group)?, "{group}");
    }
    Ok(())
}

fn again() -> Result<()> {
    let cable = Cable::lay()?;
    for group in groups() {
        let addresses = |cable: &Cable| cable.printed(End::Near, "ip", &["-o", "addr"]);
        let before = addresses(&cable)?;
        join(&cable, End::Near, group)?;
        let once = cable.printed(End::Near, "ip", &["-o", "maddr"])?;
        assert_ne!(addresses(&cable)?, before);
        join(&cable, End::Near, group)?;
        assert_eq!(cable.printed(End::Near, "ip", &["-o", "maddr"])?, once);
        leave(&cable, End::Near, group)?;
        leave(&cable, End::Near, group)?;
        assert_eq!(addresses(&cable)?, before);
        assert!(!is_member(&cable, End::Near, group)?);
    }
    Ok(())
}

/// The worst case: the interface's own address goes and comes back, and is the younger one then.
fn no_source() -> Result<()> {
    let cable = Cable::lay()?;
    let [v4, v6] = End::Near.addresses();
    for group in groups() {
        join(&cable, End::Near, group)?;
    }
    let script = format!(
        "addr del {v4}/24 dev {INTERFACE}\n\
         addr add {v4}/24 dev {INTERFACE}\n\
         addr del {v6}/64 dev {INTERFACE}\n\
         addr add {v6}/64 dev {INTERFACE} nodad\n\
         route add default dev {INTERFACE}\n\
         route add ::/0 dev {INTERFACE}\n"
    );
    batch::ip(cable.end(End::Near), &script)?;
    for (to, own) in [("192.0.2.1", v4), ("2001:db8::1", v6)] {
        let route = cable.printed(End::Near, "ip", &["route", "get", to])?;
        assert!(route.contains(&format!("src {own}")), "{route}");
    }
    let shown = cable.printed(
        End::Near,
        "ip",
        &["-o", "-4", "addr", "show", "label", INTERFACE],
    )?;
    assert!(shown.contains(&v4.to_string()), "{shown}");
    assert!(!shown.contains("239.255."), "{shown}");
    Ok(())
}

/// A payload that is told from others by its first byte.
fn payload(number: u8) -> [u8; LENGTH] {
    [number; LENGTH]
}

fn send(cable: &Cable, from: End, sockets: &Sockets, to: IpAddr, number: u8) -> Result<()> {
    let [v4, v6] = from.addresses();
    let route = Route {
        local: if to.is_ipv4() { v4 } else { v6 },
        remote: to,
        interface: cable.end(from).enter(wire)?,
    };
    sockets
        .send(&route, &payload(number))
        .with_context(|| format!("send to {to}"))
}

/// Both ends have joined. At the near one a listener would get what comes back; what the far one's agent would
/// get is asked of sockets like its own. The witness is a datagram of each kind that does arrive.
fn reaches_the_other_end() -> Result<()> {
    const QUIET: Duration = Duration::from_millis(300);
    let cable = Cable::lay()?;
    for (group, family) in groups().into_iter().zip([Family::V4, Family::V6]) {
        for end in [End::Near, End::Far] {
            join(&cable, end, group)?;
        }
        let near = cable.end(End::Near).enter(Sockets::open)?;
        let here = cable.end(End::Near).enter(|| Listener::open(family))?;
        let there = cable.end(End::Far).enter(|| Listener::open(family))?;
        send(&cable, End::Near, &near, group, 1)?;
        let heard = there.hear(LIMIT)?;
        let expected = Heard {
            payload: payload(1).to_vec(),
            hops: 1,
        };
        assert_eq!(heard, Some(expected), "{group}");
        assert_eq!(here.hear(QUIET)?, None, "it came back");
        drop(there);
        let far = cable.end(End::Far).enter(Sockets::open)?;
        let [v4, v6] = End::Far.addresses();
        let unicast = if group.is_ipv4() { v4 } else { v6 };
        send(&cable, End::Near, &near, group, 2)?;
        send(&cable, End::Near, &near, unicast, 3)?;
        let received = wait::until("a datagram", LIMIT, || Ok(far.receive(0)))?;
        assert_eq!(
            received.payload,
            payload(3),
            "what went to a group is not for it"
        );
        send(&cable, End::Far, &far, group, 4)?;
        let heard = here.hear(LIMIT)?.context("the way back")?;
        assert_eq!(heard.payload, payload(4));
    }
    Ok(())
}

/// IPv6 addresses go when an interface is set down, IPv4 ones do not; local routes come back for either.
fn interface_set_down() -> Result<()> {
    let cable = Cable::lay()?;
    for (group, family) in groups().into_iter().zip([Family::V4, Family::V6]) {
        for end in [End::Near, End::Far] {
            join(&cable, end, group)?;
            let [_, v6] = end.addresses();
            let script = format!(
                "link set {INTERFACE} down\n\
                 link set {INTERFACE} up\n\
                 addr replace {v6}/64 dev {INTERFACE} nodad\n"
            );
            batch::ip(cable.end(end), &script)?;
            join(&cable, end, group)?;
            assert!(is_member(&cable, end, group)?);
        }
        let near = cable.end(End::Near).enter(Sockets::open)?;
        let there = cable.end(End::Far).enter(|| Listener::open(family))?;
        let heard = wait::until("a datagram to the group", LIMIT, || {
            send(&cable, End::Near, &near, group, 1)?;
            there.hear(Duration::from_millis(100))
        })?;
        assert_eq!(heard.payload, payload(1));
    }
    Ok(())
}

fn too_many() -> Result<()> {
    let cable = Cable::lay()?;
    let group = |number| group::address(CLUSTER, network(number), Family::V4);
    cable.end(End::Near).enter(|| {
        std::fs::write("/proc/sys/net/ipv4/igmp_max_memberships", "1")?;
        group::join(wire()?, group(1))?;
        let error = group::join(wire()?, group(2)).expect_err("one too many");
        let told = format!("{error:#}");
        assert!(told.contains("net.ipv4.igmp_max_memberships"), "{told}");
        group::leave(wire()?, group(1))?;
        group::join(wire()?, group(2))
    })
}

fn leave_all() -> Result<()> {
    let cable = Cable::lay()?;
    let [v4, v6] = groups();
    let second = group::address(CLUSTER, network(2), Family::V4);
    let third = group::address(CLUSTER, network(3), Family::V4);
    let other = group::address("another", network(1), Family::V4);
    for group in [v4, v6, second, third, other] {
        join(&cable, End::Near, group)?;
    }
    let leave = || group::leave_all(CLUSTER, &[network(1), network(2)]);
    let left = cable.end(End::Near).enter(leave)?;
    let ended: BTreeSet<IpAddr> = left.ended.iter().map(|ended| ended.group).collect();
    assert_eq!(ended, BTreeSet::from([v4, v6, second]));
    assert_eq!(left.kept, []);
    for group in [v4, v6, second] {
        assert!(!is_member(&cable, End::Near, group)?, "{group}");
    }
    for group in [third, other] {
        assert!(is_member(&cable, End::Near, group)?, "{group}");
    }
    assert_eq!(cable.end(End::Near).enter(leave)?, Left::default());
    Ok(())
}
