//! What the agent is told at once, and what is written down for later.

use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use heartbeat_ebpf::trail::Beat;
use heartbeat_ebpf::verdict::Verdict;
use heartbeat_ebpf::wake::{ARRIVAL, CANDIDATE, Reason, Record};
use heartbeat_ebpf::wire::{Header, Kind};
use heartbeat_tests::lab::wait;
use heartbeat_tests::program::Program;
use heartbeat_tests::program::path::{FIRST, INCARNATION, Path};
use heartbeat_tests::suite::Test;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::gettid;

pub const TESTS: &[Test] = &[
    (
        "an armed path's next heartbeat writes one record and disarms it, and those after it write none",
        armed_arrival,
    ),
    (
        "what is no arrival leaves a path armed for one",
        still_armed,
    ),
    (
        "an armed path's next candidate writes one record, and arrivals stay armed for themselves",
        armed_candidate,
    ),
    (
        "a gap is written down only where it is longer than the notable one",
        notable_gaps,
    ),
    (
        "a gap that ends on an armed path is one record, not two",
        gap_on_an_armed_path,
    ),
    (
        "an accepted echo reply is written down, a refused one is not",
        echo_reply,
    ),
    (
        "an armed arrival wakes a sleeping agent, and a gap alone does not",
        waking,
    ),
    (
        "a full ring loses records and no heartbeat, and works again once read",
        full_ring,
    ),
];

const IDENTITY: u64 = 0x0002_0064_dead_beef;

fn hear(program: &Program, path: &Path, sequence: u64) -> Result<()> {
    let verdict = program.verdict(&path.heartbeat(sequence))?;
    assert_eq!(verdict, Some(Verdict::Heartbeat));
    Ok(())
}

fn armed_arrival() -> Result<()> {
    let mut program = Program::hearing()?;
    for path in Path::all() {
        program.slots[path.slot].identity.set(IDENTITY);
        let previous = program.slots[path.slot].last_arrival.get();
        hear(&program, &path, FIRST + 1)?;
        assert_eq!(program.wakes(), [], "not armed");
        program.controls[path.slot].armed.set(ARRIVAL);
        let before = program.slots[path.slot].last_arrival.get();
        let beat = Beat::newest(&program.slots[path.slot]);
        assert!(previous < before);
        hear(&program, &path, FIRST + 4)?;
        let expected = Record {
            reason: Reason::Arrival as u32,
            slot: u32::try_from(path.slot)?,
            identity: IDENTITY,
            start_ns: before,
            end_ns: program.slots[path.slot].last_arrival.get(),
            arrivals: 3,
            before: beat,
            beat: Beat::newest(&program.slots[path.slot]),
        };
        assert_eq!(
            (beat.sequence, expected.beat.sequence),
            (FIRST + 1, FIRST + 4)
        );
        assert_eq!(program.wakes(), [expected]);
        assert_eq!(program.controls[path.slot].armed.get(), 0);
        hear(&program, &path, FIRST + 5)?;
        assert_eq!(program.wakes(), []);
    }
    Ok(())
}

fn still_armed() -> Result<()> {
    let mut program = Program::hearing()?;
    for path in Path::all() {
        hear(&program, &path, FIRST + 2)?;
        program.controls[path.slot].armed.set(ARRIVAL);
        let heartbeat = path.header(Kind::Heartbeat);
        let duplicate = path.heartbeat(FIRST + 2);
        let reordered = path.heartbeat(FIRST + 1);
        let replay = path.heartbeat(FIRST - 100);
        let candidate = path.send(&Header {
            incarnation: INCARNATION + 1,
            ..heartbeat
        });
        let request = path.send(&path.header(Kind::EchoRequest));
        let mut forged = path.heartbeat(FIRST + 3);
        *forged.last_mut().expect("a frame is not empty") ^= 1;
        for frame in [duplicate, reordered, replay, candidate, request, forged] {
            program.run(&frame)?;
        }
        assert_eq!(program.wakes(), []);
        assert_eq!(program.controls[path.slot].armed.get(), ARRIVAL);
        hear(&program, &path, FIRST + 3)?;
        assert_eq!(program.wakes().len(), 1);
    }
    Ok(())
}

fn armed_candidate() -> Result<()> {
    let mut program = Program::hearing()?;
    for path in Path::all() {
        let candidate = path.send(&Header {
            incarnation: INCARNATION + 1,
            sequence: 7,
            ..path.header(Kind::Heartbeat)
        });
        program.run(&candidate)?;
        assert_eq!(program.wakes(), [], "not armed");
        let control = &program.controls[path.slot];
        control.armed.set(ARRIVAL | CANDIDATE);
        program.run(&candidate)?;
        program.run(&candidate)?;
        let armed = program.controls[path.slot].armed.get();
        assert_eq!(armed, ARRIVAL);
        let records = program.wakes();
        let [record] = records[..] else {
            panic!("{records:?}");
        };
        assert_eq!(record.reason, Reason::Candidate as u32);
        assert_eq!(record.beat.incarnation, INCARNATION + 1);
        assert_eq!((record.start_ns, record.beat.sequence), (0, 7));
        let arrival = program.echoes[path.slot].candidate_arrival.get();
        assert!(0 < record.end_ns && record.end_ns <= arrival);
    }
    Ok(())
}

/// The clock moves between two frames, so a notable gap of 1 ns is always exceeded and one of a minute never.
fn notable_gaps() -> Result<()> {
    let mut program = Program::hearing()?;
    for path in Path::all() {
        let mut sequence = FIRST;
        for (notable_ns, records) in [(0, 0), (60_000_000_000, 0), (1, 1), (1, 1)] {
            program.controls[path.slot].notable_gap.set(notable_ns);
            sequence += 1;
            let start_ns = program.slots[path.slot].last_arrival.get();
            hear(&program, &path, sequence)?;
            let written = program.wakes();
            assert_eq!(written.len(), records, "{notable_ns} ns");
            for record in written {
                assert_eq!(record.reason, Reason::Gap as u32);
                assert_eq!(record.start_ns, start_ns);
                let end_ns = program.slots[path.slot].last_arrival.get();
                assert_eq!((record.end_ns, record.beat.sequence), (end_ns, sequence));
            }
        }
        program.hear_first(&path)?;
        program.forget(&path);
        program.controls[path.slot].notable_gap.set(1);
        program.confirm(&path, INCARNATION);
        hear(&program, &path, FIRST)?;
        assert_eq!(program.wakes(), [], "the first arrival ends no gap");
    }
    Ok(())
}

fn gap_on_an_armed_path() -> Result<()> {
    let mut program = Program::hearing()?;
    for path in Path::all() {
        let control = &program.controls[path.slot];
        control.notable_gap.set(1);
        control.armed.set(ARRIVAL);
        hear(&program, &path, FIRST + 1)?;
        let records = program.wakes();
        let [record] = records[..] else {
            panic!("{records:?}");
        };
        assert_eq!(record.reason, Reason::Gap as u32);
        assert_eq!(program.controls[path.slot].armed.get(), 0);
    }
    Ok(())
}

fn echo_reply() -> Result<()> {
    let mut program = Program::hearing()?;
    for path in Path::all() {
        let reply = path.header(Kind::EchoReply);
        let frame = path.send(&reply);
        program.run(&frame)?;
        assert_eq!(program.wakes(), [], "no nonce is outstanding");
        program.controls[path.slot].nonce.set(reply.heard);
        program.run(&frame)?;
        program.run(&frame)?;
        let records = program.wakes();
        let [record] = records[..] else {
            panic!("{records:?}");
        };
        assert_eq!(record.reason, Reason::EchoReply as u32);
        assert_eq!(record.slot, u32::try_from(path.slot)?);
        assert_eq!(record.beat.incarnation, INCARNATION);
    }
    Ok(())
}

fn waking() -> Result<()> {
    const SHORT: Duration = Duration::from_millis(300);
    const LONG: Duration = Duration::from_secs(30);
    let mut program = Program::hearing()?;
    let path = Path::plain();
    program.controls[path.slot].notable_gap.set(1);
    let slept = sleep_through(&program, SHORT, || hear(&program, &path, FIRST + 1))?;
    assert!(SHORT <= slept, "a gap woke the agent after {slept:?}");
    assert_eq!(program.wakes().len(), 1, "it was written down all the same");
    program.controls[path.slot].armed.set(ARRIVAL);
    let slept = sleep_through(&program, LONG, || hear(&program, &path, FIRST + 2))?;
    assert!(slept < LONG, "an armed arrival did not wake the agent");
    Ok(())
}

/// How long a thread sleeps on the ring, at most `limit`, while `deed` is done after it fell asleep.
fn sleep_through(
    program: &Program,
    limit: Duration,
    deed: impl FnOnce() -> Result<()>,
) -> Result<Duration> {
    let sleeper = AtomicU64::new(0);
    let timeout = PollTimeout::try_from(limit).context("a time to wait")?;
    thread::scope(|scope| {
        let thread = scope.spawn(|| -> Result<Duration> {
            let mut ring = [PollFd::new(program.ring().as_fd(), PollFlags::POLLIN)];
            let start = Instant::now();
            sleeper.store(gettid().as_raw() as u64, Ordering::Release);
            poll(&mut ring, timeout).context("wait for the ring")?;
            Ok(start.elapsed())
        });
        wait::until("a thread to fall asleep", Duration::from_secs(10), || {
            let thread = sleeper.load(Ordering::Acquire);
            let state = std::fs::read_to_string(format!("/proc/self/task/{thread}/stat"));
            Ok(state.ok().filter(|stat| stat.contains(") S ")))
        })?;
        deed()?;
        thread.join().expect("the sleeper does not panic")
    })
}

fn full_ring() -> Result<()> {
    let mut program = Program::hearing()?;
    let path = Path::plain();
    program.controls[path.slot].notable_gap.set(1);
    for step in 1..=5_500 {
        program.run(&path.heartbeat(FIRST + step))?;
    }
    let slot = &program.slots[path.slot];
    assert_eq!((slot.arrivals.get(), slot.lost.get()), (5_501, 0));
    let written = program.wakes();
    assert!((4_000..5_500).contains(&written.len()), "{}", written.len());
    let in_order = written.iter().zip(FIRST + 1..);
    assert!(
        in_order
            .clone()
            .all(|(record, sequence)| record.beat.sequence == sequence)
    );
    hear(&program, &path, FIRST + 5_501)?;
    assert_eq!(program.wakes().len(), 1);
    Ok(())
}
