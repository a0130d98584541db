//! What an echo request tells of its asker, and askers that went back.

use std::time::Duration;

use anyhow::Result;
use heartbeat_ebpf::trail::Beat;
use heartbeat_ebpf::verdict::{Fate, Verdict};
use heartbeat_ebpf::wake::{Reason, Record};
use heartbeat_ebpf::wire::{Header, Kind, Words, flags};
use heartbeat_tests::lab::clock::monotonic_ns;
use heartbeat_tests::lab::wait;
use heartbeat_tests::program::Program;
use heartbeat_tests::program::path::{FIRST, INCARNATION, Path};
use heartbeat_tests::program::tables::HostTables;
use heartbeat_tests::suite::Test;

pub const TESTS: &[Test] = &[
    (
        "an answered request says what the peer has heard of ours, a refused one does not",
        heard,
    ),
    (
        "a peer that misses our heartbeats is heard to say so, answered or too soon, and the agent is told",
        missed,
    ),
    (
        "nothing is learned from the request of an incarnation that may be a recording",
        recorded_words,
    ),
    (
        "the reply says whether the asker's newest heartbeats came by the group",
        group_confirmed,
    ),
    (
        "an asker of an older incarnation gets an answer that names the highest one known",
        went_back,
    ),
    (
        "recordings of earlier incarnations get one answer an interval and take none from the living",
        recordings,
    ),
    (
        "a recording played before the living ask for the first time does not keep them waiting",
        recording_first,
    ),
];

const IDENTITY: u64 = 0x0002_0064_dead_beef;

fn request(path: &Path, sent: u64) -> Header {
    Header {
        sent,
        ..path.header(Kind::EchoRequest)
    }
}

fn ask(program: &Program, path: &Path, request: &Header) -> Result<Verdict> {
    let verdict = program.verdict(&path.send(request))?;
    Ok(verdict.expect("a request is not foreign"))
}

/// Runs a request that is answered and returns the reply's payload.
fn answer(program: &Program, path: &Path, request: &Header) -> Result<Words> {
    let ran = program.run(&path.send(request))?;
    assert_eq!(ran.fate, Fate::Reply, "{path:?}");
    let bytes = ran.frame.last_chunk().expect("a reply has a payload");
    Ok(Words::from_bytes(bytes))
}

fn heard() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let slot = &program.slots[path.slot];
        assert_eq!(slot.heard.get(), 77, "as the heartbeat said");
        for (sent, sequence, flags, verdict, heard) in [
            (9, 4_000, 0, Verdict::Echo, 4_000),
            (10, 4_001, 0, Verdict::EchoLimited, 4_000),
            (9, 4_002, 0, Verdict::EchoLimited, 4_000),
        ] {
            let asked = Header {
                sequence,
                flags,
                ..request(&path, sent)
            };
            assert_eq!(ask(&program, &path, &asked)?, verdict);
            assert_eq!(slot.heard.get(), heard);
        }
        program.networks[path.index.into()].interval_ms.set(0);
        let by_agent = Header {
            sequence: 4_003,
            flags: flags::BY_AGENT,
            ..request(&path, 11)
        };
        assert_eq!(ask(&program, &path, &by_agent)?, Verdict::Message);
        assert_eq!(slot.heard.get(), 4_003);
    }
    Ok(())
}

fn missed() -> Result<()> {
    let mut program = Program::hearing()?;
    for path in Path::all() {
        program.slots[path.slot].identity.set(IDENTITY);
        assert_eq!(
            ask(&program, &path, &request(&path, 9))?,
            Verdict::Echo,
            "the witness: a request that misses nothing"
        );
        assert_eq!(program.wakes(), []);
        assert_eq!(program.echoes[path.slot].missed.get(), 0);
        for (sent, wakes) in [(10, 1), (11, 0)] {
            let soon = Header {
                flags: flags::MISSED,
                ..request(&path, sent)
            };
            let earliest = monotonic_ns();
            assert_eq!(ask(&program, &path, &soon)?, Verdict::EchoLimited);
            assert_eq!(program.wakes().len(), wakes, "news once an interval");
            assert!(earliest <= program.echoes[path.slot].missed.get());
        }
        program.networks[path.index.into()].interval_ms.set(0);
        let missing = Header {
            flags: flags::MISSED,
            sequence: 41,
            ..request(&path, 10)
        };
        let earliest = monotonic_ns();
        assert_eq!(ask(&program, &path, &missing)?, Verdict::Echo);
        let stamp = program.echoes[path.slot].missed.get();
        assert!((earliest..=monotonic_ns()).contains(&stamp));
        let expected = Record {
            reason: Reason::Missed as u32,
            slot: u32::try_from(path.slot)?,
            identity: IDENTITY,
            start_ns: 0,
            end_ns: stamp,
            arrivals: 1,
            before: Beat::newest(&program.slots[path.slot]),
            beat: Beat::of(&missing.words()),
        };
        assert_eq!(program.wakes(), [expected]);
        assert_eq!(ask(&program, &path, &missing)?, Verdict::EchoLimited);
        assert_eq!(program.wakes(), [], "the same again is a recording");
        let by_agent = Header {
            flags: flags::MISSED | flags::BY_AGENT,
            ..request(&path, 11)
        };
        assert_eq!(ask(&program, &path, &by_agent)?, Verdict::Message);
        assert_eq!(program.wakes().len(), 1);
    }
    Ok(())
}

fn recorded_words() -> Result<()> {
    let mut program = Program::seeded(&HostTables::authenticated())?;
    for path in Path::all() {
        let (slot, echo) = (path.slot, path.slot);
        let missing = |sent, incarnation| Header {
            flags: flags::MISSED,
            sequence: 50,
            incarnation,
            ..request(&path, sent)
        };
        assert_eq!(
            ask(&program, &path, &missing(1, INCARNATION))?,
            Verdict::Echo
        );
        assert_eq!(program.slots[slot].heard.get(), 0);
        assert_eq!(program.echoes[echo].missed.get(), 0);
        assert_eq!(program.wakes(), []);
        program.confirm(&path, INCARNATION);
        let again = missing(2, INCARNATION);
        assert_eq!(ask(&program, &path, &again)?, Verdict::Echo);
        assert_eq!(program.slots[slot].heard.get(), 50);
        assert_eq!(program.wakes().len(), 1);
        let older = missing(3, INCARNATION - 1);
        assert_eq!(ask(&program, &path, &older)?, Verdict::Echo);
        assert_eq!(program.wakes(), [], "answered, and not believed");
    }
    Ok(())
}

fn group_confirmed() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        program.networks[path.index.into()].interval_ms.set(0);
        let heartbeat = |sequence| Header {
            flags: flags::MULTICAST,
            sequence,
            ..path.header(Kind::Heartbeat)
        };
        let mut sent = 0;
        let mut told = |incarnation| -> Result<u8> {
            sent += 1;
            let asked = Header {
                incarnation,
                ..request(&path, sent)
            };
            Ok(answer(&program, &path, &asked)?.flags())
        };
        assert_eq!(told(INCARNATION)?, 0, "nothing came by the group");
        program.run(&path.send_to_group(&heartbeat(FIRST + 1)))?;
        assert_eq!(told(INCARNATION)?, flags::MULTICAST);
        program.run(&path.send(&heartbeat(FIRST + 2)))?;
        assert_eq!(told(INCARNATION)?, flags::MULTICAST, "the one before did");
        program.run(&path.send(&heartbeat(FIRST + 3)))?;
        assert_eq!(told(INCARNATION)?, 0, "it is too long ago");
        program.run(&path.send_to_group(&heartbeat(FIRST + 3)))?;
        assert_eq!(told(INCARNATION)?, flags::MULTICAST);
        assert_eq!(told(INCARNATION + 1)?, 0, "that run was never heard");
    }
    Ok(())
}

fn went_back() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let ask = |incarnation, sent| {
            let asked = Header {
                incarnation,
                ..request(&path, sent)
            };
            answer(&program, &path, &asked)
        };
        program.networks[path.index.into()].interval_ms.set(0);
        assert_eq!(ask(INCARNATION, 1)?.sent(), INCARNATION);
        let back = ask(INCARNATION - 10, 1)?;
        assert_eq!(back.sent(), INCARNATION);
        assert_eq!(back.heard(), path.header(Kind::EchoRequest).heard);
        assert_eq!(
            ask(INCARNATION + 7, 1)?.sent(),
            INCARNATION,
            "its own is no news to it"
        );
        assert_eq!(
            ask(INCARNATION, 2)?.sent(),
            INCARNATION + 7,
            "asked as, though never heard as"
        );
    }
    Ok(())
}

/// Whatever is played in between, the living are answered once their interval is over; the stamps say so.
fn recordings() -> Result<()> {
    const INTERVAL_NS: u64 = 20_000_000;
    let program = Program::hearing()?;
    for path in Path::all() {
        let echo = &program.echoes[path.slot];
        let recorded = |incarnation, sent| Header {
            incarnation: INCARNATION - incarnation,
            ..request(&path, sent)
        };
        assert_eq!(ask(&program, &path, &request(&path, 1))?, Verdict::Echo);
        let answered = echo.answered.get();
        assert_eq!(ask(&program, &path, &recorded(1, 500))?, Verdict::Echo);
        for (incarnation, sent) in [(1, 500), (1, 501), (2, 900), (9, 1)] {
            let verdict = ask(&program, &path, &recorded(incarnation, sent))?;
            assert_eq!(verdict, Verdict::EchoLimited);
        }
        assert_eq!(echo.answered.get(), answered, "a budget of its own");
        let outdated = echo.outdated.get();
        assert!(answered < outdated);
        program.networks[path.index.into()].interval_ms.set(20);
        wait::until("an answer to the living", Duration::from_secs(30), || {
            ask(&program, &path, &recorded(1, 502))?;
            let due = answered + INTERVAL_NS <= monotonic_ns();
            let living = ask(&program, &path, &request(&path, 2))? == Verdict::Echo;
            assert!(living || !due, "a recording took the answer");
            Ok(living.then_some(()))
        })?;
        assert!(answered + INTERVAL_NS <= echo.answered.get());
        wait::until("another to a recording", Duration::from_secs(30), || {
            ask(&program, &path, &recorded(1, 502))?;
            Ok((outdated < echo.outdated.get()).then_some(()))
        })?;
        assert!(outdated + INTERVAL_NS <= echo.outdated.get());
        assert_eq!(echo.asker_incarnation.get(), INCARNATION);
    }
    Ok(())
}

fn recording_first() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let recorded = Header {
            incarnation: INCARNATION - 1,
            ..request(&path, 800)
        };
        assert_eq!(ask(&program, &path, &recorded)?, Verdict::Echo);
        assert_eq!(ask(&program, &path, &request(&path, 1))?, Verdict::Echo);
        assert_eq!(
            ask(&program, &path, &request(&path, 2))?,
            Verdict::EchoLimited,
            "one an interval from now on"
        );
    }
    Ok(())
}
