//! Replays, duplicates and reordering, and what the slot says of them.

use anyhow::Result;
use heartbeat_ebpf::slot::Slot;
use heartbeat_ebpf::verdict::Verdict;
use heartbeat_ebpf::wire::{Header, Kind};
use heartbeat_tests::lab::clock::monotonic_ns;
use heartbeat_tests::program::Program;
use heartbeat_tests::program::path::{FIRST, INCARNATION, Path};
use heartbeat_tests::suite::Test;

pub const TESTS: &[Test] = &[
    (
        "each heartbeat is stamped when it arrives, and the slot keeps what it said",
        stamps,
    ),
    (
        "numbers skipped are lost, and one that comes late is reordered and refills the count",
        reordered,
    ),
    (
        "late heartbeats are taken 63 back and refused 64 back",
        edge_of_the_window,
    ),
    (
        "a heartbeat heard twice, newest or inside the window, is a duplicate each time",
        duplicates,
    ),
    (
        "a jump far ahead empties the window, and all before it is replay",
        far_jump,
    ),
    (
        "what is older than the first heartbeat heard refills nothing",
        before_the_first,
    ),
    (
        "a recording of a whole run, played again, moves no stamp",
        a_recording,
    ),
];

/// Arrivals, lost, reordered, duplicates.
fn tally(slot: &Slot) -> [u64; 4] {
    let words = [
        &slot.arrivals,
        &slot.lost,
        &slot.reordered,
        &slot.duplicates,
    ];
    words.map(|word| word.get())
}

fn hear(program: &Program, path: &Path, sequence: u64) -> Result<Verdict> {
    let verdict = program.verdict(&path.heartbeat(sequence))?;
    Ok(verdict.expect("a heartbeat is not foreign"))
}

fn stamps() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let slot = &program.slots[path.slot];
        let previous = slot.last_arrival.get();
        let earliest = monotonic_ns();
        let header = Header {
            sequence: FIRST + 1,
            sent: 123_456_789,
            heard: 4_321,
            ..path.header(Kind::Heartbeat)
        };
        assert_eq!(
            program.verdict(&path.send(&header))?,
            Some(Verdict::Heartbeat)
        );
        let arrival = slot.last_arrival.get();
        assert!((earliest..=monotonic_ns()).contains(&arrival));
        assert_eq!(slot.previous_arrival.get(), previous);
        assert_eq!(slot.sent.get(), 123_456_789);
        assert_eq!(slot.sequence.get(), FIRST + 1);
        assert_eq!(slot.incarnation.get(), INCARNATION);
        assert_eq!(slot.heard.get(), 4_321);
        let announced = heartbeat_ebpf::slot::Announced::unpack(slot.announced.get());
        assert_eq!((announced.interval_ms, announced.agent_age_ms), (1200, 3));
        assert_eq!(slot.largest_gap.get(), arrival - previous);
        assert_eq!(slot.largest_gap_end.get(), arrival);
        assert_eq!(slot.writing.get() & 0xffff, 0, "no writer is left inside");
        assert_eq!(slot.identity.get(), 0, "the identity is the agent's");
        assert_eq!(tally(slot), [2, 0, 0, 0]);
    }
    Ok(())
}

fn reordered() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let slot = &program.slots[path.slot];
        assert_eq!(hear(&program, &path, FIRST + 4)?, Verdict::Heartbeat);
        assert_eq!(tally(slot), [2, 3, 0, 0]);
        let stamp = slot.last_arrival.get();
        for (late, left) in [(2, 2), (1, 1), (3, 0)] {
            assert_eq!(hear(&program, &path, FIRST + late)?, Verdict::Reordered);
            assert_eq!(slot.lost.get(), left);
        }
        assert_eq!(slot.last_arrival.get(), stamp);
        assert_eq!(slot.sequence.get(), FIRST + 4);
        assert_eq!(tally(slot), [5, 0, 3, 0]);
    }
    Ok(())
}

fn edge_of_the_window() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let slot = &program.slots[path.slot];
        let newest = FIRST + 200;
        assert_eq!(hear(&program, &path, newest)?, Verdict::Heartbeat);
        assert_eq!(hear(&program, &path, newest - 63)?, Verdict::Reordered);
        assert_eq!(hear(&program, &path, newest - 64)?, Verdict::Replay);
        assert_eq!(tally(slot), [3, 198, 1, 0]);
        assert_eq!(hear(&program, &path, newest + 1)?, Verdict::Heartbeat);
        assert_eq!(hear(&program, &path, newest - 63)?, Verdict::Replay);
        assert_eq!(hear(&program, &path, newest - 62)?, Verdict::Reordered);
    }
    Ok(())
}

fn duplicates() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let slot = &program.slots[path.slot];
        let stamp = slot.last_arrival.get();
        for count in 1..=3 {
            assert_eq!(hear(&program, &path, FIRST)?, Verdict::Duplicate);
            assert_eq!(tally(slot), [1, 0, 0, count]);
        }
        assert_eq!(slot.last_arrival.get(), stamp);
        assert_eq!(hear(&program, &path, FIRST + 9)?, Verdict::Heartbeat);
        assert_eq!(hear(&program, &path, FIRST + 5)?, Verdict::Reordered);
        assert_eq!(hear(&program, &path, FIRST + 5)?, Verdict::Duplicate);
        assert_eq!(tally(slot), [3, 7, 1, 4]);
    }
    Ok(())
}

fn far_jump() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let far = FIRST + 1_000_000;
        assert_eq!(hear(&program, &path, far)?, Verdict::Heartbeat);
        assert_eq!(hear(&program, &path, FIRST)?, Verdict::Replay);
        assert_eq!(hear(&program, &path, far - 64)?, Verdict::Replay);
        assert_eq!(hear(&program, &path, far)?, Verdict::Duplicate);
        assert_eq!(hear(&program, &path, u64::MAX)?, Verdict::Heartbeat);
        assert_eq!(hear(&program, &path, u64::MAX)?, Verdict::Duplicate);
    }
    Ok(())
}

fn before_the_first() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let slot = &program.slots[path.slot];
        assert_eq!(hear(&program, &path, FIRST - 1)?, Verdict::Duplicate);
        assert_eq!(hear(&program, &path, FIRST - 63)?, Verdict::Duplicate);
        assert_eq!(hear(&program, &path, FIRST - 64)?, Verdict::Replay);
        assert_eq!(tally(slot), [1, 0, 0, 2]);
        assert_eq!(hear(&program, &path, FIRST + 1)?, Verdict::Heartbeat);
    }
    Ok(())
}

fn a_recording() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let slot = &program.slots[path.slot];
        let recording: Vec<_> = (1..=100).map(|step| path.heartbeat(FIRST + step)).collect();
        for frame in &recording {
            assert_eq!(program.verdict(frame)?, Some(Verdict::Heartbeat));
        }
        let stamp = slot.last_arrival.get();
        for frame in &recording {
            let verdict = program.verdict(frame)?.expect("not foreign");
            assert!(matches!(verdict, Verdict::Duplicate | Verdict::Replay));
        }
        assert_eq!(slot.last_arrival.get(), stamp);
        assert_eq!(tally(slot), [101, 0, 0, 64]);
    }
    Ok(())
}
