//! Heartbeats that come by the network's group, beside their copies or alone.

use anyhow::Result;
use heartbeat_ebpf::echo::Echo;
use heartbeat_ebpf::slot::{Announced, Slot};
use heartbeat_ebpf::verdict::Verdict;
use heartbeat_ebpf::wake::ARRIVAL;
use heartbeat_ebpf::wire::{Header, Kind, flags};
use heartbeat_tests::lab::clock::monotonic_ns;
use heartbeat_tests::program::Program;
use heartbeat_tests::program::path::{FIRST, INCARNATION, Path};
use heartbeat_tests::suite::Test;

pub const TESTS: &[Test] = &[
    (
        "of two copies of a heartbeat the first is the arrival, whichever way it came, and the other a copy",
        both_copies,
    ),
    (
        "a copy is no duplicate, disarms nothing, writes no record and moves no stamp",
        no_trace,
    ),
    (
        "a heartbeat heard twice that went to us alone stays a duplicate",
        unmarked,
    ),
    (
        "what comes by the group is noted once, and the copies that come unicast are not",
        noted,
    ),
    (
        "heartbeats by the group alone are heard like any other, and leave what the peer heard of ours",
        group_alone,
    ),
    (
        "the group's facts begin anew with an incarnation, and an unconfirmed one has none",
        incarnations,
    ),
    (
        "a recording by the group below the window is a replay and notes nothing",
        recording,
    ),
];

fn header(path: &Path, sequence: u64) -> Header {
    Header {
        sequence,
        flags: flags::MULTICAST,
        ..path.header(Kind::Heartbeat)
    }
}

fn unicast(program: &Program, path: &Path, sequence: u64) -> Result<Verdict> {
    let verdict = program.verdict(&path.send(&header(path, sequence)))?;
    Ok(verdict.expect("a heartbeat is not foreign"))
}

fn by_group(program: &Program, path: &Path, sequence: u64) -> Result<Verdict> {
    let verdict = program.verdict(&path.send_to_group(&header(path, sequence)))?;
    Ok(verdict.expect("a heartbeat is not foreign"))
}

/// Sequence by the group, and whether a stamp is with it.
fn facts(echo: &Echo) -> (u64, bool) {
    (echo.group_sequence.get(), echo.group_arrival.get() != 0)
}

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

fn both_copies() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let slot = &program.slots[path.slot];
        for step in [1, 3, 5] {
            let (one, other) = (FIRST + step, FIRST + step + 1);
            assert_eq!(unicast(&program, &path, one)?, Verdict::Heartbeat);
            assert_eq!(by_group(&program, &path, one)?, Verdict::Copy, "{path:?}");
            assert_eq!(by_group(&program, &path, other)?, Verdict::Heartbeat);
            assert_eq!(unicast(&program, &path, other)?, Verdict::Copy);
        }
        assert_eq!(tally(slot), [7, 0, 0, 0]);
        assert_eq!(unicast(&program, &path, FIRST + 9)?, Verdict::Heartbeat);
        assert_eq!(by_group(&program, &path, FIRST + 8)?, Verdict::Reordered);
        assert_eq!(unicast(&program, &path, FIRST + 8)?, Verdict::Copy);
        assert_eq!(tally(slot), [9, 1, 1, 0]);
    }
    Ok(())
}

fn no_trace() -> Result<()> {
    let mut program = Program::hearing()?;
    for path in Path::all() {
        assert_eq!(by_group(&program, &path, FIRST + 1)?, Verdict::Heartbeat);
        let control = &program.controls[path.slot];
        control.armed.set(ARRIVAL);
        control.notable_gap.set(1);
        let before = program.slots.snapshot(path.slot);
        for _ in 0..3 {
            assert_eq!(unicast(&program, &path, FIRST + 1)?, Verdict::Copy);
        }
        assert_eq!(program.slots.snapshot(path.slot), before);
        assert_eq!(control.armed.get(), ARRIVAL);
        assert_eq!(program.wakes(), []);
        let next = unicast(&program, &path, FIRST + 2)?;
        assert_eq!(next, Verdict::Heartbeat);
        assert_eq!(program.wakes().len(), 1, "the witness");
    }
    Ok(())
}

fn unmarked() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let slot = &program.slots[path.slot];
        let plain = path.heartbeat(FIRST);
        assert_eq!(program.verdict(&plain)?, Some(Verdict::Duplicate));
        assert_eq!(tally(slot), [1, 0, 0, 1]);
        assert_eq!(unicast(&program, &path, FIRST)?, Verdict::Copy);
        assert_eq!(tally(slot), [1, 0, 0, 1]);
    }
    Ok(())
}

fn noted() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let echo = &program.echoes[path.slot];
        assert_eq!(unicast(&program, &path, FIRST + 1)?, Verdict::Heartbeat);
        assert_eq!(facts(echo), (0, false), "nothing came by the group");
        let earliest = monotonic_ns();
        by_group(&program, &path, FIRST + 1)?;
        let stamp = echo.group_arrival.get();
        assert!((earliest..=monotonic_ns()).contains(&stamp));
        by_group(&program, &path, FIRST + 1)?;
        unicast(&program, &path, FIRST + 2)?;
        let now = (echo.group_sequence.get(), echo.group_arrival.get());
        assert_eq!(now, (FIRST + 1, stamp), "heard before, or not by it");
        by_group(&program, &path, FIRST + 2)?;
        assert_eq!(echo.group_sequence.get(), FIRST + 2);
        assert!(stamp < echo.group_arrival.get());
    }
    Ok(())
}

fn group_alone() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let slot = &program.slots[path.slot];
        let heard = slot.heard.get();
        assert_ne!(heard, 0);
        for step in 1..=20 {
            let verdict = by_group(&program, &path, FIRST + step)?;
            assert_eq!(verdict, Verdict::Heartbeat);
        }
        assert_eq!(tally(slot), [21, 0, 0, 0]);
        assert_eq!(slot.heard.get(), heard);
        let flags = Announced::unpack(slot.announced.get()).flags;
        assert_eq!(flags, flags::MULTICAST);
        assert_eq!(facts(&program.echoes[path.slot]), (FIRST + 20, true));
    }
    Ok(())
}

fn incarnations() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let echo = &program.echoes[path.slot];
        by_group(&program, &path, FIRST + 500)?;
        let next = Header {
            incarnation: INCARNATION + 1,
            ..header(&path, 1)
        };
        let frame = path.send_to_group(&next);
        assert_eq!(program.verdict(&frame)?, Some(Verdict::Candidate));
        assert_eq!(facts(echo), (FIRST + 500, true));
        program.confirm(&path, INCARNATION + 1);
        let unicast = path.send(&next);
        assert_eq!(program.verdict(&unicast)?, Some(Verdict::Heartbeat));
        assert_eq!(facts(echo), (0, false), "of this incarnation none came");
        assert_eq!(program.verdict(&frame)?, Some(Verdict::Copy));
        assert_eq!(facts(echo), (1, true));
        assert_eq!(by_group(&program, &path, FIRST + 501)?, Verdict::Replay);
        assert_eq!(facts(echo), (1, true));
    }
    Ok(())
}

fn recording() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let echo = &program.echoes[path.slot];
        for step in 1..=65 {
            unicast(&program, &path, FIRST + step)?;
        }
        assert_eq!(by_group(&program, &path, FIRST + 1)?, Verdict::Replay);
        assert_eq!(facts(echo), (0, false));
        assert_eq!(by_group(&program, &path, FIRST + 2)?, Verdict::Copy);
        assert_eq!(facts(echo), (FIRST + 2, true), "63 back is inside");
    }
    Ok(())
}
