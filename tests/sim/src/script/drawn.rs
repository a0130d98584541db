//! Scripts drawn by a seed: one to six faults, some of them for good, and then quiet.

use heartbeat_core::nodes::{NodeIndex, NodeSet};

use super::{Episode, Fault, Harm, Lanes, Trouble, Ways};
use crate::random::Random;
use crate::shape::{Shape, Variation};

/// Intervals until the first fault may begin: a cluster has formed by then.
const BEFORE: u64 = 12;
/// Faults begin within so many intervals.
const WITHIN: u64 = 50;
/// None lasts longer than so many.
const LONGEST: u64 = 24;

/// The script of a seed.
pub fn draw(random: &mut Random, shape: &Shape) -> Vec<Episode> {
    let interval = shape.longest_interval();
    let count = random.between(1, 6);
    (0..count)
        .map(|_| {
            let fault = fault(random, shape);
            let begin = interval * BEFORE + random.below(interval * WITHIN);
            let most = random_length(random);
            let length = interval / 2 + random.below(interval * most);
            let lasts = is_for_good(random, &fault);
            Episode {
                begin,
                end: (!lasts).then_some(begin + length),
                fault,
            }
        })
        .collect()
}

/// Short ones as often as long ones: what just reaches a threshold is worth most.
fn random_length(random: &mut Random) -> u64 {
    *random.pick(&[4, 8, 12, LONGEST])
}

/// A node that is gone may stay away; everything else heals.
fn is_for_good(random: &mut Random, fault: &Fault) -> bool {
    match fault {
        Fault::At(_, Trouble::Kill | Trouble::PowerOff | Trouble::Leave) => random.happens(300),
        Fault::At(..) | Fault::Between(..) | Fault::Blackout => false,
    }
}

fn fault(random: &mut Random, shape: &Shape) -> Fault {
    let node = random.below(shape.nodes() as u64) as usize;
    match random.below(100) {
        0..28 => Fault::Between(cut(random, shape), Harm::Cut),
        28..34 => {
            let share = *random.pick(&[50, 200, 400, 700]);
            Fault::Between(any_lanes(random, shape), Harm::Loss(share))
        }
        34..42 => {
            let share = *random.pick(&[200, 500, 900, 1000]);
            Fault::Between(any_lanes(random, shape), Harm::MessageLoss(share))
        }
        42..47 => {
            let most = shape.longest_interval() * random.between(1, 20) / 10;
            Fault::Between(any_lanes(random, shape), Harm::Delay(most))
        }
        47..50 => {
            let share = *random.pick(&[100, 500]);
            Fault::Between(any_lanes(random, shape), Harm::Duplication(share))
        }
        50..58 => Fault::At(node, Trouble::Kill),
        58..66 => Fault::At(node, Trouble::PowerOff),
        66..72 => Fault::At(node, Trouble::Restart),
        72..77 => Fault::At(node, Trouble::Leave),
        77..83 => Fault::At(node, Trouble::Pause),
        83..88 => Fault::At(node, Trouble::Freeze),
        88..92 => Fault::At(node, Trouble::Slow),
        92..95 => Fault::At(node, cable(random, shape, node)),
        95..98 => Fault::At(node, reconfigured(random)),
        _ => Fault::Blackout,
    }
}

fn cable(random: &mut Random, shape: &Shape, node: usize) -> Trouble {
    let on: Vec<usize> = (0..shape.networks.len())
        .filter(|network| shape.is_attached(*network, node))
        .collect();
    Trouble::Cable(*random.pick(&on))
}

fn reconfigured(random: &mut Random) -> Trouble {
    Trouble::Reconfigure(Variation {
        slower: random.between(1, 2) as u32,
        patience: random.between(0, 2) as u32,
    })
}

/// The cuts that real clusters see: a pair, a node, two sides, a network.
fn cut(random: &mut Random, shape: &Shape) -> Lanes {
    let count = shape.nodes();
    let all = NodeSet::first(count);
    let one = random.below(count as u64) as usize;
    let ways = match random.below(3) {
        0 => Ways::One,
        _ => Ways::Both,
    };
    let networks = some_networks(random, shape);
    let (from, to) = match random.below(10) {
        0..4 => {
            let two = (one + 1 + random.below(count as u64 - 1) as usize) % count;
            (single(one), single(two))
        }
        4..6 => (single(one), all.without(&single(one))),
        6..9 => {
            let side = some_nodes(random, count);
            (side.clone(), all.without(&side))
        }
        _ => (all.clone(), all),
    };
    Lanes {
        networks,
        from,
        to,
        ways,
    }
}

fn any_lanes(random: &mut Random, shape: &Shape) -> Lanes {
    let count = shape.nodes();
    let all = NodeSet::first(count);
    let (from, to) = match random.below(3) {
        0 => (all.clone(), all),
        1 => (some_nodes(random, count), all),
        _ => (some_nodes(random, count), some_nodes(random, count)),
    };
    Lanes {
        networks: some_networks(random, shape),
        from,
        to,
        ways: *random.pick(&[Ways::One, Ways::Both]),
    }
}

/// All networks as often as one of them.
fn some_networks(random: &mut Random, shape: &Shape) -> u64 {
    let count = shape.networks.len() as u64;
    match random.below(2) {
        0 => (1 << count) - 1,
        _ => 1 << random.below(count),
    }
}

/// At least one node, and not all.
fn some_nodes(random: &mut Random, count: usize) -> NodeSet {
    let bits = random.between(1, (1 << count) - 2);
    let nodes = (0..count).filter(|node| bits >> node & 1 == 1);
    nodes.map(|node| NodeIndex(node as u16)).collect()
}

fn single(node: usize) -> NodeSet {
    [NodeIndex(node as u16)].into_iter().collect()
}
