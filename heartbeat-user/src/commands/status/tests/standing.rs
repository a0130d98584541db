//! What is shown of the membership, and of interfaces and networks.

use super::*;

/// All paths are up, and all nodes are members.
fn well() -> Snapshot {
    let mut well = snapshot();
    well.membership = membership(&[]);
    well.agents[1].state = AgentState::Ok;
    for path in &mut well.paths {
        path.state = "up".to_owned();
        path.silent_seconds = Some(0.5);
        path.carries_messages = path.network == "Private Network";
    }
    well
}

/// The states of interfaces to the first network, by node, and of the network.
fn with(mut snapshot: Snapshot, interfaces: [&str; 3], network: &str) -> Snapshot {
    let first = &mut snapshot.networks[0];
    first.state = network.to_owned();
    for (interface, state) in first.interfaces.iter_mut().zip(interfaces) {
        interface.state = state.to_owned();
    }
    snapshot
}

#[test]
fn a_cluster_that_is_well_takes_a_line_more() {
    assert!(!well().degraded());
    expect![[r#"
        prod-db  seen by node-a  12:04:31  OK               1.2s, lost after 2 = 2.55s
        members 3 of 3  quorate  epoch 7 (advisory)         config same on all 3
        PEER     MEMBER  PRIVATE        PUBLIC         LOSS 1H  GAP MAX  AGENT
        node-b   yes     up      0.5s   up      0.5s     0.03%    1.24s  ok
        node-c   yes     up      0.5s   up      0.5s     0.03%    1.24s  ok
    "#]]
    .assert_eq(&table(&well()));
    assert_eq!(brief(&well()), "node-a: all 4 paths up");
}

#[test]
fn a_fault_between_others_is_seen_from_here() {
    let apart = with(well(), ["up", "unreachable", "unreachable"], "partitioned");
    assert!(apart.degraded());
    expect![[r#"
        prod-db  seen by node-a  12:04:31  DEGRADED         1.2s, lost after 2 = 2.55s
        members 3 of 3  quorate  epoch 7 (advisory)         config same on all 3
        PEER     MEMBER  PRIVATE        PUBLIC         LOSS 1H  GAP MAX  AGENT
        node-b   yes     up      0.5s   up      0.5s     0.03%    1.24s  ok
        node-c   yes     up      0.5s   up      0.5s     0.03%    1.24s  ok
        ! Private Network is partitioned: some nodes on it do not reach each other
        ! node-b on Private Network: its interface is unreachable for at least one node; where the fault lies is not determined
        ! node-c on Private Network: its interface is unreachable for at least one node; where the fault lies is not determined
    "#]].assert_eq(&table(&apart));
    assert_eq!(
        brief(&apart),
        "node-a: all 4 paths up, Private Network partitioned"
    );
}

#[test]
fn a_failed_interface_and_a_removed_node_are_named() {
    let mut removed = with(snapshot(), ["up", "up", "failed"], "up");
    removed.membership = membership(&["node-c"]);
    removed.membership.stage = "cleanup two".to_owned();
    expect![[r#"
        prod-db  seen by node-a  12:04:31  DEGRADED         1.2s, lost after 2 = 2.55s
        members 2 of 3  quorate  epoch 7 (advisory)  regroup: cleanup two   config same on all 3
        PEER     MEMBER  PRIVATE        PUBLIC         LOSS 1H  GAP MAX  AGENT
        node-b   yes     up      0.3s   up      0.8s     0.03%    1.24s  ok
        node-c   NO      LOST   14.2s   never heard      0.03%    1.24s  silent
        ! node-c on Private Network: its interface failed; the fault is there and nowhere else
        ! node-c on Private Network: no heartbeat for 14.2 s  explain --peer=node-c --network='Private Network'
    "#]]
    .assert_eq(&table(&removed));
}

#[test]
fn the_own_interface_has_a_row() {
    let failed = with(well(), ["failed", "up", "up"], "up");
    assert!(failed.degraded());
    expect![[r#"
        prod-db  seen by node-a  12:04:31  DEGRADED         1.2s, lost after 2 = 2.55s
        members 3 of 3  quorate  epoch 7 (advisory)         config same on all 3
        PEER     MEMBER  PRIVATE        PUBLIC         LOSS 1H  GAP MAX  AGENT
        node-b   yes     up      0.5s   up      0.5s     0.03%    1.24s  ok
        node-c   yes     up      0.5s   up      0.5s     0.03%    1.24s  ok
        ! node-a on Private Network: its interface failed; the fault is there and nowhere else
    "#]]
    .assert_eq(&table(&failed));
}

#[test]
fn lost_quorum_is_said_first() {
    let mut alone = snapshot();
    alone.membership = membership(&["node-b", "node-c"]);
    assert!(alone.degraded());
    expect![[r#"
        prod-db  seen by node-a  12:04:31  DEGRADED         1.2s, lost after 2 = 2.55s
        members 1 of 3  NO QUORUM  epoch 7 (advisory)       config same on all 3
        PEER     MEMBER  PRIVATE        PUBLIC         LOSS 1H  GAP MAX  AGENT
        node-b   NO      up      0.3s   up      0.8s     0.03%    1.24s  ok
        node-c   NO      LOST   14.2s   never heard      0.03%    1.24s  silent
        ! no quorum: this node reaches too little of the 3 votes to act by view 7, which has 1
        ! node-c on Private Network: no heartbeat for 14.2 s  explain --peer=node-c --network='Private Network'
    "#]]
    .assert_eq(&table(&alone));
    assert_eq!(
        brief(&alone),
        "node-a: 2 of 4 paths up, NO QUORUM, node-c LOST on Private Network, node-c never heard on Public Network"
    );
    let mut removed = well();
    removed.membership = MembershipView {
        view: None,
        quorate: false,
        ..membership(&["node-a", "node-b", "node-c"])
    };
    assert!(removed.degraded());
    expect![[r#"
        prod-db  seen by node-a  12:04:31  DEGRADED         1.2s, lost after 2 = 2.55s
        in no view: this node is no member  epoch 7 (advisory)   config same on all 3
        PEER     MEMBER  PRIVATE        PUBLIC         LOSS 1H  GAP MAX  AGENT
        node-b   NO      up      0.5s   up      0.5s     0.03%    1.24s  ok
        node-c   NO      up      0.5s   up      0.5s     0.03%    1.24s  ok
        ! this node is in no view of the membership, of which the newest is 7: it was removed, or waits to be let in
    "#]].assert_eq(&table(&removed));
    // A cluster that forms has no quorum to miss yet.
    removed.membership.epoch = 0;
    assert!(!removed.degraded());
}

#[test]
fn a_node_that_is_heard_and_no_member_is_explained() {
    let mut kept_out = well();
    kept_out.membership = membership(&["node-c"]);
    expect!["node-c is heard, but is no member of view 7: it waits to be let in, another node does not reach it, or it is kept out (see 1135 and 334311 in `heartbeat events`)"].assert_eq(&problems(&kept_out).join("\n"));
}

#[test]
fn without_a_part_in_the_membership_nothing_is_said_of_it() {
    let mut off = with(well(), ["unknown"; 3], "unknown");
    off.membership.takes_part = false;
    off.networks[1] = off.networks[0].clone();
    off.networks[1].network = "Public Network".to_owned();
    assert!(!off.degraded());
    expect![[r#"
        prod-db  seen by node-a  12:04:31  OK               1.2s, lost after 2 = 2.55s
        no membership: no network counts                    config same on all 3
        PEER     MEMBER  PRIVATE        PUBLIC         LOSS 1H  GAP MAX  AGENT
        node-b   -       up      0.5s   up      0.5s     0.03%    1.24s  ok
        node-c   -       up      0.5s   up      0.5s     0.03%    1.24s  ok
    "#]]
    .assert_eq(&table(&off));
}

#[test]
fn an_interface_whose_node_goes_or_is_under_maintenance_is_not_degraded() {
    let states = ["up", "unreachable", "unreachable"];
    for state in ["left", "restarting"] {
        let mut gone = with(well(), states, "partitioned");
        gone.paths[2].state = state.to_owned();
        assert!(!gone.degraded(), "{state}");
    }
    let mut kept = with(well(), states, "partitioned");
    kept.networks[0].interfaces[2].maintenance = true;
    assert!(!kept.degraded());
    kept.networks[0].interfaces[1].state = "failed".to_owned();
    assert!(kept.degraded());
}

#[test]
fn an_older_agents_snapshot_has_no_membership() {
    let mut value = serde_json::to_value(well()).expect("a snapshot");
    let object = value.as_object_mut().expect("an object");
    object.remove("membership");
    for network in object["networks"].as_array_mut().expect("networks") {
        network.as_object_mut().expect("an object").remove("state");
        network
            .as_object_mut()
            .expect("an object")
            .remove("interfaces");
    }
    let old: Snapshot = serde_json::from_value(value).expect("an older agent's snapshot");
    assert!(!old.membership.takes_part && !old.degraded());
}
