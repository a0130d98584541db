use std::io;
use std::process::Command;
use std::thread;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use proptest::prelude::*;

use super::netlink::attribute;
use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().expect("valid")
}

/// A struct ifinfomsg with these flags and attributes.
fn link_message(index: u32, flags: u32, attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut message = vec![0; 4];
    message.extend(index.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    message.extend([0; 4]);
    message.extend(attributes.concat());
    message
}

#[test]
fn loopback_is_found_without_any_privilege() {
    let local = local_addresses().expect("netlink");
    if !local.contains(&ip("127.0.0.1")) {
        return;
    }
    let lo = owner_of(ip("127.0.0.1")).expect("netlink").expect("owned");
    assert_eq!((lo.name.as_str(), lo.index, lo.vlan), ("lo", 1, None));
    assert_eq!(lo.driver, None);
    assert_eq!(name_of(1).expect("netlink").as_deref(), Some("lo"));
    assert_eq!(ports_of(&lo).expect("netlink"), []);
    assert_eq!(owner_of(ip("203.0.113.7")).expect("netlink"), None);
}

#[test]
fn a_watch_without_news_is_drained_at_once() {
    let watch = watch().expect("netlink");
    drain(&watch).expect("nothing to read");
}

#[test]
fn a_vlan_device_knows_its_parent_unless_that_is_elsewhere() {
    let id = attribute(2, &attribute(1, &77_u16.to_ne_bytes()));
    let info = |kind: &[u8]| attribute(18 | 0x8000, &[attribute(1, kind), id.clone()].concat());
    let parent = attribute(5, &3_u32.to_ne_bytes());
    let vlan = |attributes: &[Vec<u8>]| {
        link::decode(&link_message(9, 0, attributes))
            .expect("whole")
            .vlan
    };
    assert_eq!(vlan(&[parent.clone(), info(b"vlan\0")]), Some((3, 77)));
    assert_eq!(vlan(&[parent.clone(), info(b"macvlan\0")]), None);
    assert_eq!(vlan(&[info(b"vlan\0")]), None);
    let elsewhere = attribute(37, &0_u32.to_ne_bytes());
    assert_eq!(vlan(&[parent, elsewhere, info(b"vlan\0")]), None);
}

#[test]
fn an_attached_program_is_seen_in_every_mode() {
    let program = |xdp: Vec<u8>| {
        link::decode(&link_message(9, 0, &[attribute(43, &xdp)]))
            .expect("whole")
            .xdp_program
    };
    let attached = |mode: u8| attribute(2, &[mode]);
    assert_eq!(program(attached(0)), None);
    assert_eq!(
        program([attached(1), attribute(4, &17_u32.to_ne_bytes())].concat()),
        Some(17)
    );
    assert_eq!(
        program([attached(4), attribute(6, &18_u32.to_ne_bytes())].concat()),
        Some(18)
    );
}

#[test]
fn an_interface_is_up_with_a_carrier_only() {
    let up = |flags| {
        link::decode(&link_message(9, flags, &[]))
            .expect("whole")
            .up
    };
    assert!(up(0x1_0041));
    assert!(!up(0x1));
    assert!(!up(0x1_0040));
}

#[test]
fn our_own_end_of_a_point_to_point_address_counts() {
    let message = |attributes: &[Vec<u8>]| {
        let mut bytes = vec![2, 32, 0, 0];
        bytes.extend(7_u32.to_ne_bytes());
        bytes.extend(attributes.concat());
        address::decode(&bytes).map(|owned| (owned.index, owned.address))
    };
    let (local, peer) = (attribute(2, &[10, 0, 0, 1]), attribute(1, &[10, 0, 0, 2]));
    assert_eq!(
        message(&[peer.clone(), local.clone()]),
        Some((7, ip("10.0.0.1")))
    );
    assert_eq!(message(&[local, peer.clone()]), Some((7, ip("10.0.0.1"))));
    assert_eq!(message(&[peer]), Some((7, ip("10.0.0.2"))));
    assert_eq!(message(&[]), None);
}

proptest! {
    #[test]
    fn no_message_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        link::decode(&bytes);
        address::decode(&bytes);
        prop_assert!(netlink::attributes(&bytes).count() <= bytes.len() / 4);
    }
}

/// Runs `test` on a thread with a network namespace of its own, or says why not.
fn in_namespace(test: impl FnOnce() + Send + 'static) {
    let thread = thread::spawn(move || match unshare(CloneFlags::CLONE_NEWNET) {
        Ok(()) => test(),
        Err(error) => eprintln!("skipped: no network namespace can be made here ({error})"),
    });
    thread.join().expect("the test in its namespace");
}

/// Runs `ip` in the namespace of this thread; `false` where there is none.
fn run(arguments: &str) -> bool {
    match Command::new("ip").args(arguments.split(' ')).output() {
        Ok(output) => {
            assert!(output.status.success(), "ip {arguments}: {output:?}");
            true
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            eprintln!("skipped: iproute2 is not installed");
            false
        }
        Err(error) => panic!("ip {arguments}: {error}"),
    }
}

/// Whether the watch becomes readable within so many milliseconds.
fn has_news(watch: &OwnedFd, limit_ms: u16) -> bool {
    use std::os::fd::AsFd;
    let mut polled = [PollFd::new(watch.as_fd(), PollFlags::POLLIN)];
    poll(&mut polled, PollTimeout::from(limit_ms)).expect("poll") > 0
}

#[test]
fn a_namespace_shows_its_own_interfaces() {
    in_namespace(|| {
        if !run("link add va mtu 1400 type veth peer name vb") {
            return;
        }
        run("addr add 10.77.1.1/24 dev va label va:1");
        run("addr add 2001:db8::1/64 dev va nodad");
        run("link set va up");
        let owner = |address| owner_of(ip(address)).expect("netlink");
        let va = owner("10.77.1.1").expect("owned");
        assert_eq!((va.name.as_str(), va.mtu, va.up), ("va", 1400, false));
        assert_eq!(va.driver.as_deref(), Some("veth"));
        assert_eq!(
            (va.xdp_program, va.master.as_deref(), va.vlan),
            (None, None, None)
        );
        run("link set vb up");
        assert!(owner("2001:db8::1").expect("owned").up);
        assert_eq!(
            owner("127.0.0.1"),
            None,
            "loopback is down in a new namespace"
        );
        let owners = owners(&[ip("10.77.1.2"), ip("10.77.1.1")]).expect("netlink");
        assert_eq!(
            owners.iter().map(Option::is_some).collect::<Vec<_>>(),
            [false, true]
        );
    });
}

#[test]
fn a_port_knows_its_bridge_and_a_bridge_its_ports() {
    in_namespace(|| {
        if !run("link add br0 type bridge") {
            return;
        }
        run("link add va type veth peer name vb");
        run("link set va master br0");
        run("addr add 10.77.1.1/24 dev br0");
        run("addr add 10.77.2.1/24 dev va");
        let bridge = owner_of(ip("10.77.1.1")).expect("netlink").expect("owned");
        assert_eq!(bridge.driver.as_deref(), Some("bridge"));
        let va = owner_of(ip("10.77.2.1")).expect("netlink").expect("owned");
        assert_eq!(va.master.as_deref(), Some("br0"));
        assert_eq!(ports_of(&bridge).expect("netlink"), [va]);
    });
}

#[test]
fn changes_make_a_watch_readable_until_it_is_drained() {
    in_namespace(|| {
        let watch = watch().expect("netlink");
        if !run("link add va type veth peer name vb") {
            return;
        }
        assert!(has_news(&watch, 5_000), "a new link");
        let settled = |what: &str| {
            drain(&watch).expect("netlink");
            assert!(!has_news(&watch, 200), "after {what}");
        };
        settled("a new link");
        for change in [
            "addr add 10.77.1.1/24 dev va",
            "addr add 2001:db8::1/64 dev va nodad",
            "link set va up",
            "addr del 10.77.1.1/24 dev va",
        ] {
            run(change);
            assert!(has_news(&watch, 5_000), "{change}");
            drain(&watch).expect("netlink");
        }
    });
}
