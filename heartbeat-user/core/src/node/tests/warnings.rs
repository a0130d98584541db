//! Early warnings, of a node that hears one peer on two networks.

use super::*;
use crate::strain::{Spread, Strain, Strains};

const INTERVAL: u64 = 100;

/// Two paths to one peer, swept every 50 ms, and what was told.
struct Story {
    node: Node,
    paths: [Arrival; 2],
    now: u64,
    events: Vec<(Event, Voice)>,
}

impl Story {
    fn new() -> Self {
        let mut config = config(1);
        let (mut network, mut path) = (config.networks[0].clone(), config.paths[0].clone());
        network.id = NetworkId::new(2).expect("not zero");
        (path.network, path.identity) = (network.id, 2);
        config.networks.push(network);
        config.paths.push(path);
        let mut story = Story {
            node: Node::new(config, Incarnation(50)),
            paths: [heard(0, 1000), heard(1, 1000)],
            now: 1000,
            events: Vec::new(),
        };
        story.sweep();
        story
    }

    fn sweep(&mut self) {
        for action in sweep(&mut self.node, self.now, &self.paths) {
            if let Action::Emit(event, voice) = action {
                self.events.push((event, voice));
            }
        }
    }

    /// So many heartbeats, of which every tenth does not come on these paths.
    fn lose(&mut self, count: u64, on: &[usize]) -> &mut Self {
        for number in 1..=count {
            self.now += INTERVAL / 2;
            self.sweep();
            self.now += INTERVAL / 2;
            for (place, path) in self.paths.iter_mut().enumerate() {
                if number % 10 == 5 && on.contains(&place) {
                    path.lost += 1;
                } else {
                    path.previous = path.last;
                    path.last = Some(at(self.now));
                    path.arrivals += 1;
                }
            }
            self.sweep();
        }
        self
    }

    fn be_silent(&mut self) -> &mut Self {
        for _ in 0..10 {
            self.now += INTERVAL / 2;
            self.sweep();
        }
        self
    }

    fn warnings(&self) -> Vec<(PathIndex, Strain, Spread)> {
        let warning = |(event, _): &(Event, Voice)| match event {
            Event::PathLate { path, warning, .. } => Some((*path, warning.strain, warning.spread)),
            _ => None,
        };
        self.events.iter().filter_map(warning).collect()
    }

    fn losses(&self) -> usize {
        let lost = |(event, _): &&(Event, Voice)| event.kind().id() == 1123;
        self.events.iter().filter(lost).count()
    }
}

#[test]
fn a_path_that_loses_is_told_alone_where_the_peers_other_network_does_not() {
    let mut story = Story::new();
    story.lose(600, &[1]);
    let warning = (PathIndex(1), Strain::Losing, Spread::Path);
    assert_eq!(story.warnings(), [warning]);
    assert_eq!(story.losses(), 0);
    assert!(
        story
            .node
            .strains(PathIndex(1))
            .is_some_and(|strains| strains.has(Strain::Losing))
    );
    let event = story.events.last().expect("it was told").0;
    assert_eq!(
        event.message(story.node.config()).expect("a path"),
        "Heartbeats of cluster node 'node-1' on network 'Private Network' get lost: 3 of 25 within a minute."
    );
}

#[test]
fn what_all_networks_of_a_peer_lose_is_told_of_each_as_common() {
    let mut story = Story::new();
    story.lose(600, &[0, 1]);
    let warning = |path| (PathIndex(path), Strain::Losing, Spread::Peer);
    assert_eq!(story.warnings(), [warning(0), warning(1)]);
    assert_eq!(story.losses(), 0);
}

#[test]
fn a_path_that_flaps_is_told_to_flap_and_not_to_lose() {
    let mut story = Story::new();
    for _ in 0..5 {
        story.lose(4, &[]).be_silent();
    }
    story.lose(600, &[0, 1]);
    assert_eq!(story.losses(), 10, "five on each path");
    assert_eq!(story.warnings(), []);
    let lost = story.node.strains(PathIndex(0)).map(Strains::last_minute);
    assert!(lost.is_some_and(|tally| 30 <= tally.lost));
}

#[test]
fn while_this_node_is_late_itself_it_warns_of_nobody() {
    let mut story = Story::new();
    for _ in 0..20 {
        story.lose(20, &[0]);
        let late = Input::Late {
            part: Part::Loop,
            late: Duration::from_millis(60),
            waited: Duration::ZERO,
        };
        story.node.handle(at(story.now), late, &mut Vec::new());
    }
    assert_eq!(story.warnings(), []);
    assert_eq!(story.paths[0].lost, 40, "there was something to warn of");
    story.lose(40, &[0]);
    assert_eq!(story.warnings().len(), 1);
}
