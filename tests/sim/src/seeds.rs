//! Many runs, each of a seed of its own, on all cores of this machine.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;

use crate::check::{Property, Violation};
use crate::coverage::Coverage;
use crate::mutant::Mutant;
use crate::random::Random;
use crate::script::{self, Episode};
use crate::shape::Shape;
use crate::transcript::Detail;
use crate::world::{Outcome, Plan, World};

/// Seeds that a thread takes at once.
const PORTION: u64 = 16;

/// What many runs have shown.
#[derive(Debug)]
pub struct Found {
    /// What they met.
    pub coverage: Coverage,
    /// The first seed that failed, and how.
    pub failure: Option<(u64, Violation)>,
}

/// The run of a seed.
pub fn plan(seed: u64, mutant: Mutant, looked_at: &[Property]) -> Plan {
    let shape = Shape::drawn(&mut Random::new(seed, 1));
    let script = script::draw(&mut Random::new(seed, 2), &shape);
    let mut plan = Plan {
        seed,
        shape,
        script,
        mutant,
        looked_at: looked_at.to_vec(),
        detail: Detail::Nothing,
        least: 0,
    };
    mutant.prepare(&mut plan.shape);
    plan
}

/// Runs these seeds, until one fails.
pub fn run(first: u64, count: u64, mutant: Mutant, looked_at: &[Property]) -> Found {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicU64::new(first);
    let failed = AtomicBool::new(false);
    let found = Mutex::new(Found {
        coverage: Coverage::default(),
        failure: None,
    });
    let work = || {
        let mut coverage = Coverage::default();
        while !failed.load(Relaxed) {
            let begin = next.fetch_add(PORTION, Relaxed);
            let end = (begin + PORTION).min(first + count);
            if end <= begin {
                break;
            }
            for seed in begin..end {
                let outcome = World::new(plan(seed, mutant, looked_at)).run();
                coverage.add(&outcome.coverage);
                coverage.runs += 1;
                if let Some(violation) = outcome.violation {
                    failed.store(true, Relaxed);
                    let mut found = found.lock().expect("no thread panics with it");
                    let earlier = found
                        .failure
                        .as_ref()
                        .is_none_or(|(known, _)| seed < *known);
                    if earlier {
                        found.failure = Some((seed, violation));
                    }
                    break;
                }
            }
        }
        found
            .lock()
            .expect("no thread panics with it")
            .coverage
            .add(&coverage);
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    found.into_inner().expect("all threads have ended")
}

/// Leaves out whatever a failing run can do without: faults first, then what they have beyond their beginning.
pub fn shrink(plan: &Plan, property: Property) -> Plan {
    let mut plan = plan.clone();
    let fails = |plan: &Plan| {
        let violation = World::new(plan.clone()).run().violation;
        violation.is_some_and(|violation| violation.property == property)
    };
    loop {
        let without = |left_out: usize| {
            let kept = plan
                .script
                .iter()
                .enumerate()
                .filter(|(place, _)| *place != left_out);
            let script: Vec<Episode> = kept.map(|(_, episode)| episode.clone()).collect();
            Plan {
                script,
                ..plan.clone()
            }
        };
        let smaller = (0..plan.script.len()).map(without).find(|plan| fails(plan));
        match smaller {
            Some(smaller) => plan = smaller,
            None => return plan,
        }
    }
}

/// Runs a plan once more, and writes it down.
pub fn tell(plan: &Plan, detail: Detail) -> Outcome {
    let plan = Plan {
        detail,
        ..plan.clone()
    };
    World::new(plan).run()
}
