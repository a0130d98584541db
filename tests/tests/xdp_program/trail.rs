//! The trail: what is kept of the newest heartbeats, and of what leaves no step.

use anyhow::Result;
use heartbeat_ebpf::trail::{self, STEPS};
use heartbeat_ebpf::verdict::Verdict;
use heartbeat_ebpf::wire::{Header, Kind};
use heartbeat_tests::program::Program;
use heartbeat_tests::program::path::{FIRST, INCARNATION, Path};
use heartbeat_tests::suite::Test;

pub const TESTS: &[Test] = &[
    (
        "the newest heartbeats are kept one by one, late ones where they came, and older ones give way",
        kept,
    ),
    (
        "duplicates, recordings, forgeries and candidates leave no step",
        not_kept,
    ),
];

/// The numbers that the trail of a path shows, in the order of their arrival.
fn numbers(program: &Program, path: &Path) -> Vec<u64> {
    let first = trail::index(path.slot as u32, 0) as usize;
    let mut steps: Vec<(u64, u64)> = (first..first + STEPS)
        .map(|at| &program.trail[at])
        .map(|step| (step.arrival.get(), step.sequence.get()))
        .filter(|(arrival, _)| *arrival != 0)
        .collect();
    steps.sort_unstable();
    steps.into_iter().map(|(_, sequence)| sequence).collect()
}

fn kept() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        assert_eq!(numbers(&program, &path), [FIRST]);
        for sequence in [FIRST + 1, FIRST + 4, FIRST + 3, FIRST + 5] {
            program.run(&path.heartbeat(sequence))?;
        }
        let expected = [FIRST, FIRST + 1, FIRST + 4, FIRST + 3, FIRST + 5];
        assert_eq!(numbers(&program, &path), expected);
        let newest = FIRST + 5 + 2 * STEPS as u64;
        for sequence in FIRST + 6..=newest {
            program.run(&path.heartbeat(sequence))?;
        }
        let last: Vec<u64> = (newest + 1 - STEPS as u64..=newest).collect();
        assert_eq!(numbers(&program, &path), last);
        let slot = &program.slots[path.slot];
        let at = trail::index(path.slot as u32, slot.arrivals.get()) as usize;
        let step = &program.trail[at];
        let words = [&step.arrival, &step.sent, &step.sequence, &step.announced];
        let slot = [
            &slot.last_arrival,
            &slot.sent,
            &slot.sequence,
            &slot.announced,
        ];
        assert_eq!(words.map(|word| word.get()), slot.map(|word| word.get()));
    }
    Ok(())
}

fn not_kept() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let mut forged = path.heartbeat(FIRST + 1);
        *forged.last_mut().expect("a frame is not empty") ^= 1;
        let heartbeat = path.header(Kind::Heartbeat);
        let candidate = path.send(&Header {
            incarnation: INCARNATION + 1,
            ..heartbeat
        });
        let frames = [
            (path.heartbeat(FIRST), Verdict::Duplicate),
            (path.heartbeat(FIRST - 100), Verdict::Replay),
            (forged, Verdict::Tag),
            (candidate, Verdict::Candidate),
        ];
        for (frame, verdict) in frames {
            assert_eq!(program.verdict(&frame)?, Some(verdict));
        }
        assert_eq!(numbers(&program, &path), [FIRST]);
        program.run(&path.heartbeat(FIRST + 1))?;
        assert_eq!(numbers(&program, &path), [FIRST, FIRST + 1], "the witness");
    }
    Ok(())
}
