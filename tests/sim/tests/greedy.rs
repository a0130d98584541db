//! Cuts for which the search for the largest fully connected set gives up.
//!
//! Drawn clusters are far too small for that: sixty nodes with pairs cut at random are still decided exactly. What
//! defeats the search are many cut pairs of which no three lie together, so that no bound tells how many of the
//! nodes have to go. Every node then has to come to the same second-best answer by itself, or no view would follow.

use std::collections::BTreeSet;

use heartbeat_core::nodes::NodeIndex;
use heartbeat_sim::check::Property;
use heartbeat_sim::mutant::Mutant;
use heartbeat_sim::random::Random;
use heartbeat_sim::scenario::setting::{cut, defaults, lasting, nodes};
use heartbeat_sim::script::Episode;
use heartbeat_sim::shape::Shape;
use heartbeat_sim::transcript::Detail;
use heartbeat_sim::world::{Plan, World};

/// Nodes that lose many others,
const RIVALS: usize = 56;
/// and each of them so many.
const RIVALS_EACH: usize = 6;
/// Nodes that lose nobody, with as many votes each as make a quorum of what is left.
const SOUND: usize = 8;
const VOTES: u32 = 3;

fn shape() -> Shape {
    let mut shape = defaults(RIVALS + SOUND, 1);
    shape.votes[RIVALS..].fill(VOTES);
    shape
}

/// Pairs that lose each other, no three of which lie together: by node, those above it.
fn pairs() -> Vec<BTreeSet<usize>> {
    let mut random = Random::new(0, 0);
    let mut lost = vec![BTreeSet::new(); RIVALS];
    for _ in 0..20_000 {
        let [one, two] = [(); 2].map(|()| random.below(RIVALS as u64) as usize);
        let full = [one, two]
            .iter()
            .any(|node| lost[*node].len() == RIVALS_EACH);
        if one != two && !full && lost[one].is_disjoint(&lost[two]) {
            lost[one].insert(two);
            lost[two].insert(one);
        }
    }
    let above = |(node, lost): (usize, BTreeSet<usize>)| {
        lost.into_iter().filter(|other| node < *other).collect()
    };
    lost.into_iter().enumerate().map(above).collect()
}

fn script() -> Vec<Episode> {
    let pairs = pairs().into_iter().enumerate();
    pairs
        .map(|(node, others)| lasting(20, 60, cut(1, nodes([node]), nodes(others))))
        .collect()
}

#[test]
fn probe() {
    let plan = Plan {
        seed: 1,
        shape: shape(),
        script: script(),
        mutant: Mutant::None,
        looked_at: Property::ALL.to_vec(),
        detail: Detail::Story,
        least: 0,
    };
    let begun = std::time::Instant::now();
    let outcome = World::new(plan).run();
    println!("{:?} {:?}", outcome.violation, begun.elapsed());
    for line in outcome
        .transcript
        .lines()
        .iter()
        .filter(|l| l.contains("installs") || l.contains("1177"))
    {
        println!("{line}");
    }
}
