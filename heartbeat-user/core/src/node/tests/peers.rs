//! What a peer says of itself, and what a configuration makes of it.

use super::*;

/// Two paths to one peer, over two networks.
fn two_networks() -> Node {
    let mut config = config(2);
    config.networks.push(NetworkConfig {
        id: NetworkId::new(2).expect("not zero"),
        label: "Public Network".to_string(),
        ..config.networks[0].clone()
    });
    config.paths[1].peer = config.paths[0].peer;
    config.paths[1].network = config.networks[1].id;
    Node::new(config, Incarnation(50))
}

fn says(departure: Departure, arrival: Arrival) -> Arrival {
    Arrival {
        departure: Some(departure),
        ..arrival
    }
}

#[test]
fn a_goodbye_heard_on_one_network_holds_on_the_other_and_is_told_once() {
    let mut node = two_networks();
    sweep(&mut node, 100, &[heard(0, 100), heard(1, 100)]);
    let gone = [says(Departure::Restarting, heard(0, 200)), heard(1, 190)];
    let peer = NodeId::new(1).expect("not zero");
    assert_eq!(
        told(&sweep(&mut node, 200, &gone)),
        vec![(334_304, Subject::Peer(peer))]
    );
    assert_eq!(told(&sweep(&mut node, 2199, &gone)), vec![]);
    for path in [0, 1] {
        let state = node.path(PathIndex(path)).expect("it exists").state();
        assert_eq!(state.label(), "restarting");
    }
    let back = Arrival {
        incarnation: Incarnation(2),
        ..heard(0, 2200)
    };
    let lost = sweep(&mut node, 2201, &[back, heard(1, 190)]);
    assert_eq!(
        told(&lost),
        vec![(1123, Subject::Path(PathIndex(1)))],
        "the other network stays silent past the grace"
    );
}

#[test]
fn without_authentication_no_goodbye_is_believed_and_nothing_is_asked() {
    let mut node = Node::new(
        Config {
            authentication: Authentication::Off,
            ..config(1)
        },
        Incarnation(50),
    );
    sweep(&mut node, 100, &[heard(0, 100)]);
    let gone = [says(Departure::Leaving, heard(0, 200))];
    assert_eq!(sweep(&mut node, 400, &gone), vec![]);
    let actions = sweep(&mut node, 600, &gone);
    assert_eq!(told(&actions), vec![(1123, Subject::Path(PathIndex(0)))]);
    let asked = |action: &Action| matches!(action, Action::Echo(..));
    assert!(!actions.iter().any(asked));
}

#[test]
fn a_peer_with_another_configuration_is_told_once_for_each_difference() {
    let mut node = node(1);
    let runs = |ms, digest: u32| Arrival {
        digest: Some(digest >> 8),
        ..heard(0, ms)
    };
    let peer = NodeId::new(1).expect("not zero");
    let differs = vec![(334_305, Subject::Peer(peer))];
    sweep(&mut node, 100, &[heard(0, 100)]);
    assert!(!node.differs(peer));
    assert_eq!(
        told(&sweep(&mut node, 200, &[runs(200, 0x1234_5678)])),
        differs
    );
    assert!(node.differs(peer));
    assert_eq!(
        told(&sweep(&mut node, 300, &[runs(300, 0x1234_5678)])),
        vec![]
    );
    assert_eq!(
        told(&sweep(&mut node, 400, &[runs(400, 0x2234_5678)])),
        differs
    );
    assert_eq!(told(&sweep(&mut node, 500, &[runs(500, DIGEST)])), vec![]);
    assert!(!node.differs(peer));
    let ours = Config {
        digest: 0x7777_7777,
        ..config(1)
    };
    node.handle(at(510), Input::Configure(ours), &mut Vec::new());
    assert_eq!(told(&sweep(&mut node, 520, &[runs(500, DIGEST)])), differs);
}

#[test]
fn a_reload_keeps_the_state_of_every_path_that_stays() {
    let mut node = node(3);
    let mut arrivals = [heard(0, 500), heard(1, 100), heard(2, 500)];
    sweep(&mut node, 500, &arrivals);
    let mut smaller = config(4);
    smaller.paths.remove(0);
    node.handle(at(510), Input::Configure(smaller), &mut Vec::new());
    for (position, arrival) in arrivals.iter_mut().enumerate() {
        arrival.path = PathIndex(position as u32);
    }
    let state = |node: &Node, index| {
        node.path(PathIndex(index))
            .expect("it exists")
            .state()
            .label()
    };
    assert_eq!(state(&node, 0), "lost", "node-2, which was path 1");
    assert_eq!(state(&node, 1), "up", "node-3, which was path 2");
    assert_eq!(state(&node, 2), "unknown", "node-4 is new");
    assert!(node.path(PathIndex(3)).is_none());
    let actions = sweep(
        &mut node,
        520,
        &[
            heard(0, 100),
            heard(1, 500),
            Arrival {
                last: None,
                ..heard(2, 0)
            },
        ],
    );
    assert_eq!(told(&actions), vec![], "nothing has happened");
}
