//! Many nodes: that they form one view and lose members as few nodes do, and what that costs.
//!
//! Every node hears every other on every network and takes reports of all, so that work grows with the square of
//! the nodes even where nothing happens, and with more than that where something is done for every pair and
//! every message. That shows at no size that drawn runs have. What is measured is the time that this thread
//! used, not what passed, because tests run beside each other.

use std::env;
use std::time::Duration;

use heartbeat_sim::check::Property;
use heartbeat_sim::mutant::Mutant;
use heartbeat_sim::scenario::setting::{EVERYWHERE, at, cut, defaults, for_good, lasting, nodes};
use heartbeat_sim::script::{Episode, Trouble};
use heartbeat_sim::transcript::Detail;
use heartbeat_sim::world::{Outcome, Plan, World};
use nix::time::{ClockId, clock_gettime};

/// What this thread has used so far.
fn used() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)
        .expect("every Linux has it")
        .into()
}

/// A run that violates nothing, and the time that it took to simulate.
fn run(nodes: usize, script: Vec<Episode>) -> (Outcome, Duration) {
    let plan = Plan {
        seed: 1,
        shape: defaults(nodes, 2),
        script,
        mutant: Mutant::None,
        looked_at: Property::ALL.to_vec(),
        detail: Detail::Story,
        least: 0,
    };
    let begun = used();
    let outcome = World::new(plan).run();
    let took = used() - begun;
    assert_eq!(outcome.violation, None);
    let simulated = Duration::from_nanos(outcome.ended);
    println!("{nodes} nodes: {simulated:.1?} of the world in {took:.1?}");
    (outcome, took)
}

/// How often any node told an event.
fn told(outcome: &Outcome, event: &str) -> usize {
    let lines = outcome.transcript.lines().iter();
    lines.filter(|line| line.contains(event)).count()
}

#[test]
fn sixty_four_nodes_are_simulated_faster_than_they_live() {
    let script = vec![
        lasting(20, 35, at(63, Trouble::PowerOff)),
        lasting(45, 60, cut(EVERYWHERE, nodes(0..40), nodes(40..64))),
    ];
    let (outcome, took) = run(64, script);
    assert_eq!(told(&outcome, "1135 MemberRemoved"), 63 + 40 * 24);
    assert_eq!(told(&outcome, "1177 QuorumLost"), 24);
    let simulated = Duration::from_nanos(outcome.ended);
    assert!(
        took <= simulated,
        "{simulated:?} of the world took {took:?}"
    );
}

/// With `cargo xtask test --long`, which sets the variable, as many as a configuration may name.
#[test]
fn many_more_nodes_form_one_view_and_survive_the_loss_of_one() {
    let count = if env::var_os("HEARTBEAT_LONG").is_some() {
        256
    } else {
        128
    };
    let script = vec![for_good(20, at(count - 1, Trouble::PowerOff))];
    let (outcome, _) = run(count, script);
    assert_eq!(told(&outcome, "1135 MemberRemoved"), count - 1);
    assert_eq!(told(&outcome, "1177 QuorumLost"), 0);
}
