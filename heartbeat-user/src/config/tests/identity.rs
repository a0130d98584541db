//! Who is who: the cluster's hash and digest, and which node this host is.

use std::net::IpAddr;

use super::*;

fn addresses(list: &[&str]) -> Vec<IpAddr> {
    list.iter()
        .map(|text| text.parse().expect("valid"))
        .collect()
}

#[test]
fn the_hash_is_the_first_four_bytes_of_sha_256() {
    // printf abc | sha256sum
    let cluster = parsed(&EXAMPLE.replace("\"prod-db\"", "\"abc\""));
    assert_eq!(cluster.hash, 0xba78_16bf);
}

/// A change of this number means that a rolling upgrade reports 334305 between releases.
#[test]
fn the_digest_of_the_example_never_changes() {
    assert_eq!(example().digest, 851_084_175);
}

#[test]
fn the_digest_ignores_what_may_differ_between_hosts() {
    let same = [
        EXAMPLE.replace(
            "\n[agent]",
            "\n[agent]\nxdp = \"generic\"\nsocket = \"/run/other.sock\"\nraise_ksoftirqd = true",
        ),
        EXAMPLE.replace("# key_file = \"/etc/", "key_file = \"/elsewhere/"),
        EXAMPLE.replace(
            "role = \"mixed\"",
            "role = \"mixed\"\nxdp = \"native\"\ninterval = \"1.2s\"",
        ),
        EXAMPLE.replace("\n\n", "\n# a comment\n\n"),
    ];
    for text in same {
        assert_eq!(parsed(&text).digest, example().digest);
    }
}

#[test]
fn the_digest_follows_what_must_agree() {
    let different = [
        EXAMPLE.replace("# interval = \"1.2s\"", "interval = \"1.3s\""),
        EXAMPLE.replace("# lost_after = 2", "lost_after = 3"),
        EXAMPLE.replace("# regroup_after = 6", "regroup_after = 7"),
        EXAMPLE.replace("# tolerance = \"auto\"", "tolerance = \"150ms\""),
        EXAMPLE.replace("# restored_after = 1", "restored_after = 2"),
        EXAMPLE.replace("# multicast = \"auto\"", "multicast = \"off\""),
        EXAMPLE.replace("# multicast = \"auto\"", "multicast = \"on\""),
        EXAMPLE.replace("role = \"mixed\"", "role = \"mixed\"\nmulticast = \"on\""),
        EXAMPLE.replace("# authentication = \"key\"", "authentication = \"off\""),
        EXAMPLE.replace("# restart_grace = \"10s\"", "restart_grace = \"20s\""),
        EXAMPLE.replace("# priority = 100", "priority = 99"),
        EXAMPLE.replace("\"Public Network\"", "\"Other Network\""),
        EXAMPLE.replace("role = \"mixed\"", "role = \"client\""),
        EXAMPLE.replace("10.77.2.0/24", "10.77.2.0/25"),
        EXAMPLE.replace("id = 3", "id = 4"),
        EXAMPLE.replace("10.77.2.3", "10.77.2.4"),
        EXAMPLE.replace("node-c", "node-d"),
        EXAMPLE
            .replace("networks.public", "networks.front")
            .replace("public =", "front ="),
        EXAMPLE.replace("prod-db", "test-db"),
    ];
    let mut digests: Vec<u32> = different.iter().map(|text| parsed(text).digest).collect();
    digests.push(example().digest);
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), different.len() + 1);
}

#[test]
fn a_host_recognises_itself_by_any_of_its_addresses() {
    let cluster = example();
    let local = addresses(&["127.0.0.1", "10.77.2.2", "192.0.2.1"]);
    assert_eq!(
        cluster.local_node(None, &local).expect("one").name,
        "node-b"
    );
    assert_eq!(
        cluster
            .local_node(Some("node-c"), &local)
            .expect("named")
            .name,
        "node-c"
    );
}

#[test]
fn a_host_that_is_no_node_or_several_asks_for_a_name() {
    let cluster = example();
    let error = |name, list: &[&str]| {
        cluster
            .local_node(name, &addresses(list))
            .expect_err("undecided")
            .to_string()
    };
    assert_eq!(
        error(None, &["192.0.2.1"]),
        "find out which node this host is: it has the addresses 192.0.2.1, of which the configuration gives \
         none to a node (node-a: 10.77.1.1 10.77.2.1, node-b: 10.77.1.2 10.77.2.2, node-c: 10.77.1.3 \
         10.77.2.3); mend an address, or say which with --node NAME"
    );
    assert_eq!(
        error(None, &["10.77.1.1", "10.77.1.2"]),
        "find out which node this host is: it has addresses of node-a: 10.77.1.1 10.77.2.1, node-b: \
         10.77.1.2 10.77.2.2; say which with --node NAME"
    );
    assert_eq!(
        error(Some("node-x"), &[]),
        "find node 'node-x' in the configuration: it has only node-a, node-b, node-c"
    );
}
