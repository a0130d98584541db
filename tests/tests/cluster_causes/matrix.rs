//! Faults of every kind, drawn from a seed.

use std::env;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::Lab;
use heartbeat_tests::lab::plan::{Node, Plan};
use heartbeat_tests::matrix::fault::{Draw, Kind};
use heartbeat_tests::matrix::tally::Tally;
use heartbeat_tests::matrix::trial;
use heartbeat_tests::program::random::Random;
use heartbeat_tests::suite::{Test, in_running_lab, is_long};

pub const TESTS: &[Test] = &[(
    "the causes of real faults are found, and none is told for sure that is not true",
    causes_are_found,
)];

/// A number that repeats a run; another one each time unless it is given.
const SEED: &str = "HEARTBEAT_SEED";
/// Only faults whose name begins like this.
const ONLY: &str = "HEARTBEAT_FAULT";
/// Labs side by side, beside the one with cards.
const LABS: usize = 2;

fn plan() -> Plan {
    Plan::nodes(3)
        .two_networks()
        .timing(Duration::from_millis(100), 3)
        .restart_grace(Duration::from_secs(4))
        .regroup_after(100)
        .quarantine("\"off\"")
}

/// The same with cards that can fail, and with groups.
fn with_cards() -> Plan {
    plan().cards().multicast("auto")
}

fn causes_are_found() -> Result<()> {
    let seed = match env::var(SEED) {
        Ok(seed) => seed
            .parse()
            .with_context(|| format!("{SEED} is a number"))?,
        Err(_) => heartbeat_user::random::bytes::<8>().map(u64::from_ne_bytes)?,
    };
    let rounds = if is_long() { 20 } else { 2 };
    let takes_cards = |draw: &Draw| draw.kind.takes_cards();
    let (of_cards, others): (Vec<Draw>, Vec<Draw>) =
        draws(seed, rounds).into_iter().partition(takes_cards);
    let (of_cards, others) = (Mutex::new(of_cards), Mutex::new(others));
    let tally = Mutex::new(Tally::default());
    thread::scope(|scope| {
        let lab = || in_running_lab(plan(), |lab| work(lab, &others, &tally));
        let card_lab = || in_running_lab(with_cards(), |lab| work(lab, &of_cards, &tally));
        let mut threads: Vec<_> = (0..LABS).map(|_| scope.spawn(lab)).collect();
        threads.push(scope.spawn(card_lab));
        let joined = threads.into_iter().map(|thread| {
            let panicked = |panic| std::panic::resume_unwind(panic);
            thread.join().unwrap_or_else(panicked)
        });
        joined.collect::<Result<Vec<()>>>()
    })?;
    let tally = tally.into_inner().unwrap_or_default();
    eprintln!("{SEED}={seed}\n{tally}");
    let [right, unknown, all] = tally.pure_counts();
    let found = tally.mistakes();
    ensure!(
        95 * all <= 100 * right,
        "less than 95 % are right; {SEED}={seed}\n{tally}\n{found}"
    );
    ensure!(
        10 * unknown <= all,
        "more than 10 % are not known; {SEED}={seed}\n{tally}\n{found}"
    );
    ensure!(
        tally.confidently_wrong() == 0,
        "sure and wrong; {SEED}={seed}\n{tally}\n{found}"
    );
    ensure!(
        tally.strays() == 0,
        "undisturbed paths were lost; {SEED}={seed}\n{tally}\n{found}"
    );
    Ok(())
}

/// So many faults of each kind, in an order that the seed decides.
fn draws(seed: u64, rounds: usize) -> Vec<Draw> {
    let mut random = Random::new(seed);
    let nodes: Vec<Node> = plan().all_nodes().collect();
    let only = env::var(ONLY).unwrap_or_default();
    let mut draws = Vec::new();
    for _ in 0..rounds {
        for kind in Kind::ALL {
            let draw = trial::draw(kind, &nodes, &mut random);
            let at = random.below(draws.len() + 1);
            draws.insert(at, draw);
        }
    }
    draws.retain(|draw| format!("{:?}", draw.kind).starts_with(&only));
    draws
}

fn work(lab: &mut Lab, draws: &Mutex<Vec<Draw>>, tally: &Mutex<Tally>) -> Result<()> {
    loop {
        let Some(draw) = draws.lock().ok().and_then(|mut draws| draws.pop()) else {
            return Ok(());
        };
        let trial = trial::run(lab, draw)?;
        if let Ok(mut tally) = tally.lock() {
            tally.add(trial);
        }
    }
}
