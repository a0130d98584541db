use std::net::Ipv4Addr;

use expect_test::{Expect, expect};

use super::*;
use crate::config::XdpMode;
use crate::key::KeyRing;

mod membership;

const EXAMPLE: &str = include_str!("../../cluster.toml");

fn interface(name: &str, driver: &str) -> Interface {
    Interface {
        name: name.to_owned(),
        index: 4,
        up: true,
        mtu: 1500,
        driver: Some(driver.to_owned()),
        xdp_program: None,
        master: None,
        bonded: Vec::new(),
        vlan: None,
    }
}

fn keys() -> KeyRing {
    let line = |id| format!("{id}:{}\n", "0".repeat(64));
    KeyRing::parse(&(line(1) + &line(2)), "cluster.key").expect("two keys")
}

/// What to expect where program 17 is our own.
fn outlook(address: IpAddr, owner: Option<Interface>, wanted: XdpMode) -> Outlook {
    Outlook::of(address, owner, wanted, &[17]).expect("no look is needed")
}

#[track_caller]
fn check(text: &str, node: &str, interfaces: Vec<Option<Interface>>, expected: Expect) {
    let cluster = Cluster::parse(text, "cluster.toml").expect("valid");
    let node = cluster.local_node(Some(node), &[]).expect("configured");
    let ports = node.addresses.values().zip(interfaces);
    let outlooks = ports.map(|(address, owner)| outlook(*address, owner, XdpMode::Auto));
    let text = plan::text(&cluster, node, Some(&keys()), &outlooks.collect::<Vec<_>>());
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    expected.assert_eq(&text);
}

#[test]
fn a_plan_shows_the_node_its_networks_and_its_paths() {
    check(
        EXAMPLE,
        "node-b",
        vec![
            Some(interface("eth1", "ixgbe")),
            Some(interface("eth0", "e1000e")),
        ],
        expect![[r#"
              cluster     prod-db of 3 nodes and 2 networks, digest 32ba838f
              this node   node-b, id 2, 4 paths
              key         /etc/heartbeat-ebpf/cluster.key, id 1 signs, 2 verifies too
              membership  a node that is silent on every network that counts is suspected:
                          Private Network, Public Network
              promise     nobody accepts a view without a node within 6s of its last report
              quorum      2 of 3 votes
              stalled     a node whose host answers while its agent does not is suspected
                          after 60s
              restart     peers wait 10s for an agent that said it restarts
              metrics     http://127.0.0.1:13343/metrics
              socket      /run/heartbeat-ebpf/heartbeat.sock
              state       /var/lib/heartbeat-ebpf/node-b
              pins        /sys/fs/bpf/heartbeat-ebpf/1/prod-db/node-b

            Private Network
              network     private, id 1, 10.77.1.0/24, internal
              interval    1.2s, up again after 1 heartbeat
              lost after  2 x 1.2s + 0.15s = 2.55s
              suspected   6 x 1.2s + 0.15s = 7.35s
              sent        to each peer, and to the group 239.255.181.102 alone once all
                          confirm it
              interface   10.77.1.2 on eth1, ixgbe, MTU 1500, up
              XDP         native expected
              paths       10.77.1.2 -> 10.77.1.1  node-a
                          10.77.1.2 -> 10.77.1.3  node-c

            Public Network
              network     public, id 2, 10.77.2.0/24, mixed
              interval    1.2s, up again after 1 heartbeat
              lost after  2 x 1.2s + 0.15s = 2.55s
              suspected   6 x 1.2s + 0.15s = 7.35s
              sent        to each peer, and to the group 239.255.181.103 alone once all
                          confirm it
              interface   10.77.2.2 on eth0, e1000e, MTU 1500, up
              XDP         generic expected: driver e1000e has no native XDP
              paths       10.77.2.2 -> 10.77.2.1  node-a
                          10.77.2.2 -> 10.77.2.3  node-c

            This host is ready.
        "#]],
    );
}

#[test]
fn what_keeps_the_agent_from_working_is_marked() {
    let text = EXAMPLE
        .replace("# interval = \"1.2s\"", "interval = \"10ms\"")
        .replace("# lost_after = 2", "lost_after = 3")
        .replace("role = \"mixed\"", "role = \"client\"")
        .replace("# metrics = \"127.0.0.1:13343\"", "metrics = \"off\"");
    check(
        &text,
        "node-a",
        vec![
            None,
            Some(Interface {
                xdp_program: Some(u32::MAX),
                ..interface("eth0", "veth")
            }),
        ],
        expect![[r#"
              cluster     prod-db of 3 nodes and 2 networks, digest cdd0d2bd
              this node   node-a, id 1, 4 paths
              key         /etc/heartbeat-ebpf/cluster.key, id 1 signs, 2 verifies too
              membership  a node that is silent on every network that counts is suspected:
                          Private Network
              promise     nobody accepts a view without a node within 50ms of its last
                          report
              quorum      2 of 3 votes
              stalled     a node whose host answers while its agent does not is suspected
                          after 60s
              restart     peers wait 10s for an agent that said it restarts
              metrics     off
              socket      /run/heartbeat-ebpf/heartbeat.sock
              state       /var/lib/heartbeat-ebpf/node-a
              pins        /sys/fs/bpf/heartbeat-ebpf/1/prod-db/node-a

            Private Network
              network     private, id 1, 10.77.1.0/24, internal
              interval    10ms, up again after 1 heartbeat
              lost after  3 x 10ms + 2ms = 32ms
              suspected   6 x 10ms + 2ms = 62ms
              sent        to each peer, and to the group 239.255.181.102 alone once all
                          confirm it
              interface   none of this host has 10.77.1.1
              XDP         ! not attached until one has it
              paths       10.77.1.1 -> 10.77.1.2  node-b
                          10.77.1.1 -> 10.77.1.3  node-c

            Public Network
              network     public, id 2, 10.77.2.0/24, client, does not count for liveness
              interval    10ms, up again after 1 heartbeat
              lost after  3 x 10ms + 2ms = 32ms
              sent        to each peer, and to the group 239.255.181.103 alone once all
                          confirm it
              interface   10.77.2.1 on eth0, veth, MTU 1500, up
              XDP         ! will be refused: interface eth0 already has XDP program id
                          4294967295, which is never displaced
              paths       10.77.2.1 -> 10.77.2.2  node-b
                          10.77.2.1 -> 10.77.2.3  node-c

            ! Private Network is the only network that counts: when it fails, every node is
              on its own. A second one that fails apart from it mends that.
            This host is not ready for: Private Network, Public Network.
        "#]],
    );
}

#[test]
fn long_addresses_and_names_keep_their_columns() {
    let text = r#"
[cluster]
name = "six"
[networks.n]
id = 1
label = "A network with quite a long name"
subnet = "2001:db8:1:2::/64"
role = "mixed"
[nodes.one]
id = 1
addresses = { n = "2001:db8:1:2::1" }
[nodes.another-one]
id = 2
addresses = { n = "2001:db8:1:2:aaaa:bbbb:cccc:2" }
[nodes.three]
id = 3
addresses = { n = "2001:db8:1:2::3" }
"#;
    let vlan = Interface {
        vlan: Some((0, 77)),
        mtu: 9000,
        ..interface("eth0.77", "802.1Q VLAN Support")
    };
    check(
        text,
        "one",
        vec![Some(vlan)],
        expect![[r#"
              cluster     six of 3 nodes and 1 network, digest 38732581
              this node   one, id 1, 2 paths
              key         /etc/heartbeat-ebpf/cluster.key, id 1 signs, 2 verifies too
              membership  a node that is silent on every network that counts is suspected: A
                          network with quite a long name
              promise     nobody accepts a view without a node within 6s of its last report
              quorum      2 of 3 votes
              stalled     a node whose host answers while its agent does not is suspected
                          after 60s
              restart     peers wait 10s for an agent that said it restarts
              metrics     http://127.0.0.1:13343/metrics
              socket      /run/heartbeat-ebpf/heartbeat.sock
              state       /var/lib/heartbeat-ebpf/one
              pins        /sys/fs/bpf/heartbeat-ebpf/1/six/one

            A network with quite a long name
              network     n, id 1, 2001:db8:1:2::/64, mixed
              interval    1.2s, up again after 1 heartbeat
              lost after  2 x 1.2s + 0.15s = 2.55s
              suspected   6 x 1.2s + 0.15s = 7.35s
              sent        to each peer, and to the group ff15::916e:2311 alone once all
                          confirm it
              interface   2001:db8:1:2::1 on eth0.77, VLAN 77 of another interface, MTU
                          9000, up
              XDP         generic expected: a VLAN device has no native XDP
              paths       2001:db8:1:2::1 -> 2001:db8:1:2:aaaa:bbbb:cccc:2  another-one
                          2001:db8:1:2::1 -> 2001:db8:1:2::3                three

            ! A network with quite a long name is the only network that counts: when it
              fails, every node is on its own. A second one that fails apart from it mends
              that.
            This host is ready.
        "#]],
    );
}

#[test]
fn programs_read_the_same_findings() {
    let cluster = Cluster::parse(EXAMPLE, "cluster.toml").expect("valid");
    let node = cluster.local_node(Some("node-b"), &[]).expect("configured");
    let owners = [Some(interface("eth1", "ixgbe")), None];
    let ports = node.addresses.values().zip(owners);
    let outlooks: Vec<_> = ports
        .map(|(address, owner)| outlook(*address, owner, XdpMode::Auto))
        .collect();
    let findings = Findings::of(&cluster, node, Some(&keys()), &outlooks);
    let line = findings.line().expect("plain values");
    let read: Findings = serde_json::from_str(&line).expect("the same shape");
    assert_eq!(read, findings);
    assert_eq!(
        (read.node.as_str(), &read.keys[..]),
        ("node-b", &[1, 2][..])
    );
    let [first, second] = &read.networks[..] else {
        panic!("two networks: {read:?}");
    };
    assert_eq!(first.interface.as_deref(), Some("eth1"));
    assert_eq!((first.xdp.as_str(), first.ready), ("native expected", true));
    assert_eq!((second.interface.as_deref(), second.ready), (None, false));
}

fn xdp(interface: Interface, wanted: XdpMode) -> String {
    let outlook = outlook(Ipv4Addr::new(10, 0, 0, 1).into(), Some(interface), wanted);
    format!(
        "{} {}",
        if outlook.ready {
            "ready:"
        } else {
            "not ready:"
        },
        outlook.xdp
    )
}

#[test]
fn the_mode_to_expect_follows_driver_and_wish() {
    let mut text = String::new();
    for driver in ["virtio_net", "bridge", "newdriver"] {
        for wanted in [XdpMode::Auto, XdpMode::Native, XdpMode::Generic] {
            text += &format!(
                "{driver} {wanted:?} {}\n",
                xdp(interface("eth0", driver), wanted)
            );
        }
    }
    let jumbo = Interface {
        mtu: 9000,
        ..interface("eth0", "ice")
    };
    text += &format!("jumbo {}\n", xdp(jumbo, XdpMode::Auto));
    let own = Interface {
        xdp_program: Some(17),
        ..interface("eth0", "ice")
    };
    text += &format!("own {}\n", xdp(own, XdpMode::Auto));
    let unknown = Interface {
        driver: None,
        ..interface("eth0", "")
    };
    text += &format!("none {}\n", xdp(unknown, XdpMode::Auto));
    expect![[r#"
        virtio_net Auto ready: native expected
        virtio_net Native ready: native expected
        virtio_net Generic ready: generic, as configured
        bridge Auto ready: generic expected: driver bridge has no native XDP
        bridge Native not ready: native as configured will be refused: driver bridge has none; "auto" would use generic
        bridge Generic ready: generic, as configured
        newdriver Auto ready: driver newdriver: native will be tried, then generic
        newdriver Native ready: driver newdriver: native will be tried, and nothing else
        newdriver Generic ready: generic, as configured
        jumbo ready: native expected, if the driver takes fragments: MTU 9000 needs them
        own ready: this node's own program (id 17) is attached and goes on
        none ready: unknown driver: native will be tried, then generic
    "#]].assert_eq(&text);
}

#[test]
fn a_bond_is_as_good_as_its_ports() {
    let bond = interface("bond0", "bonding");
    let expected = |drivers: &[&str]| {
        let ports: Vec<_> = drivers
            .iter()
            .map(|driver| interface("eth0", driver))
            .collect();
        outlook::expected(&bond, XdpMode::Auto, &ports).0
    };
    assert_eq!(expected(&["ixgbe", "ice"]), "native expected");
    assert_eq!(
        expected(&["ixgbe", "tg3"]),
        "generic expected: its port eth0 (tg3) has no native XDP"
    );
    assert_eq!(
        expected(&[]),
        "driver bonding: native will be tried, then generic"
    );
}

#[test]
fn a_node_without_its_key_is_a_mistake() {
    let path = std::env::temp_dir().join(format!("heartbeat-check-{}.toml", std::process::id()));
    let text = EXAMPLE.replace(
        "# key_file = \"/etc/heartbeat-ebpf/",
        "key_file = \"/nonexistent/",
    );
    std::fs::write(&path, text).expect("writable");
    let options = Options {
        config: path,
        node: Some("node-a".to_owned()),
        key: None,
        form: Form::Text,
    };
    let error = run(&options).expect_err("no key");
    std::fs::remove_file(&options.config).expect("removable");
    assert!(
        format!("{error:#}").starts_with("read the cluster key /nonexistent/cluster.key"),
        "{error:#}"
    );
}
