//! New runs of a peer's agent, and recordings of old ones.

use anyhow::Result;
use heartbeat_ebpf::verdict::Verdict;
use heartbeat_ebpf::wire::{Header, Kind};
use heartbeat_tests::program::Program;
use heartbeat_tests::program::path::{FIRST, INCARNATION, Path};
use heartbeat_tests::program::tables::HostTables;
use heartbeat_tests::suite::Test;

pub const TESTS: &[Test] = &[
    (
        "a peer never heard is a candidate until an echo reply with our nonce names its incarnation",
        first_contact,
    ),
    (
        "only a reply with the outstanding nonce confirms, and a nonce is used once",
        nonces,
    ),
    (
        "a confirmed new incarnation starts its own numbers, keeps the counts, and ends the old one",
        takeover,
    ),
    (
        "a recording of a dead peer with valid tags never becomes an arrival",
        a_dead_peer,
    ),
    (
        "a reply that names an incarnation other than the candidate confirms that one alone",
        another_is_named,
    ),
    ("the newest of several candidates is kept", newest_candidate),
    ("no incarnation at all is refused", no_incarnation),
];

fn heartbeat(program: &Program, path: &Path, incarnation: u64, sequence: u64) -> Result<Verdict> {
    let frame = path.send(&Header {
        incarnation,
        sequence,
        ..path.header(Kind::Heartbeat)
    });
    Ok(program
        .verdict(&frame)?
        .expect("a heartbeat is not foreign"))
}

fn reply(program: &Program, path: &Path, incarnation: u64, nonce: u64) -> Result<Verdict> {
    let frame = path.send(&Header {
        incarnation,
        heard: nonce,
        ..path.header(Kind::EchoReply)
    });
    Ok(program.verdict(&frame)?.expect("a reply is not foreign"))
}

fn first_contact() -> Result<()> {
    let program = Program::seeded(&HostTables::authenticated())?;
    for path in Path::all() {
        let (slot, echo) = (&program.slots[path.slot], &program.echoes[path.slot]);
        for sequence in 1..=3 {
            let verdict = heartbeat(&program, &path, INCARNATION, sequence)?;
            assert_eq!(verdict, Verdict::Candidate);
        }
        assert!(
            program
                .slots
                .snapshot(path.slot)
                .iter()
                .all(|word| *word == 0)
        );
        assert_eq!(echo.candidate.get(), INCARNATION);
        assert_ne!(echo.candidate_arrival.get(), 0);
        program.controls[path.slot].nonce.set(4_711);
        assert_eq!(
            reply(&program, &path, INCARNATION, 4_711)?,
            Verdict::EchoReply
        );
        assert_eq!(slot.last_arrival.get(), 0, "a reply is no arrival");
        let verdict = heartbeat(&program, &path, INCARNATION, 4)?;
        assert_eq!(verdict, Verdict::Heartbeat);
        assert_eq!(slot.incarnation.get(), INCARNATION);
    }
    Ok(())
}

fn nonces() -> Result<()> {
    let program = Program::seeded(&HostTables::authenticated())?;
    for path in Path::all() {
        let control = &program.controls[path.slot];
        assert_eq!(
            reply(&program, &path, INCARNATION, 0)?,
            Verdict::EchoUnexpected
        );
        assert_eq!(
            reply(&program, &path, INCARNATION, 5)?,
            Verdict::EchoUnexpected
        );
        control.nonce.set(6);
        for wrong in [0, 5, 7, 6 << 32, u64::MAX] {
            let verdict = reply(&program, &path, INCARNATION, wrong)?;
            assert_eq!(verdict, Verdict::EchoUnexpected);
        }
        let verdict = heartbeat(&program, &path, INCARNATION, FIRST)?;
        assert_eq!(verdict, Verdict::Candidate, "nothing was confirmed");
        assert_eq!(control.nonce.get(), 6, "still outstanding");
        assert_eq!(reply(&program, &path, INCARNATION, 6)?, Verdict::EchoReply);
        assert_eq!(control.nonce.get(), 0);
        assert_eq!(
            reply(&program, &path, INCARNATION, 6)?,
            Verdict::EchoUnexpected
        );
        let echo = &program.echoes[path.slot];
        assert_eq!((echo.confirmed.get(), echo.nonce.get()), (INCARNATION, 6));
        assert_ne!(echo.reply_arrival.get(), 0);
        assert_eq!(echo.last_sent.get(), FIRST);
        assert_eq!(echo.known.get(), path.header(Kind::EchoReply).sent);
    }
    Ok(())
}

fn takeover() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let slot = &program.slots[path.slot];
        let next = INCARNATION + 1;
        assert_eq!(heartbeat(&program, &path, next, 1)?, Verdict::Candidate);
        let old = heartbeat(&program, &path, INCARNATION, FIRST + 1)?;
        assert_eq!(old, Verdict::Heartbeat, "the old one still counts");
        program.controls[path.slot].nonce.set(9);
        assert_eq!(reply(&program, &path, next, 9)?, Verdict::EchoReply);
        assert_eq!(heartbeat(&program, &path, next, 2)?, Verdict::Heartbeat);
        let old = heartbeat(&program, &path, INCARNATION, FIRST + 2)?;
        assert_eq!(old, Verdict::Replay);
        assert_eq!((slot.sequence.get(), slot.incarnation.get()), (2, next));
        assert_eq!((slot.arrivals.get(), slot.lost.get()), (3, 0));
    }
    Ok(())
}

/// The receiver has booted since, so it has no window to refuse the recording by, and asks in vain.
fn a_dead_peer() -> Result<()> {
    let program = Program::seeded(&HostTables::authenticated())?;
    for path in Path::all() {
        program.controls[path.slot].nonce.set(1_001);
        let old_reply = path.send(&Header {
            heard: 1_000,
            ..path.header(Kind::EchoReply)
        });
        for sequence in 1..=50 {
            let verdict = heartbeat(&program, &path, INCARNATION, sequence)?;
            assert_eq!(verdict, Verdict::Candidate);
            let verdict = program.verdict(&old_reply)?;
            assert_eq!(verdict, Some(Verdict::EchoUnexpected));
        }
        assert_eq!(program.slots[path.slot].last_arrival.get(), 0);
        assert_eq!(program.slots[path.slot].arrivals.get(), 0);
        assert_eq!(
            reply(&program, &path, INCARNATION, 1_001)?,
            Verdict::EchoReply
        );
        let alive = heartbeat(&program, &path, INCARNATION, 51)?;
        assert_eq!(alive, Verdict::Heartbeat);
    }
    Ok(())
}

fn another_is_named() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let (recorded, real) = (INCARNATION + 1, INCARNATION + 2);
        assert_eq!(heartbeat(&program, &path, recorded, 1)?, Verdict::Candidate);
        program.controls[path.slot].nonce.set(3);
        assert_eq!(reply(&program, &path, real, 3)?, Verdict::EchoReply);
        assert_eq!(heartbeat(&program, &path, recorded, 2)?, Verdict::Candidate);
        assert_eq!(heartbeat(&program, &path, real, 1)?, Verdict::Heartbeat);
        assert_eq!(heartbeat(&program, &path, recorded, 3)?, Verdict::Replay);
    }
    Ok(())
}

fn newest_candidate() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let echo = &program.echoes[path.slot];
        for (incarnation, kept) in [(5, 5), (3, 5), (6, 6), (1, 6)] {
            let verdict = heartbeat(&program, &path, INCARNATION + incarnation, 1)?;
            assert_eq!(verdict, Verdict::Candidate);
            assert_eq!(echo.candidate.get(), INCARNATION + kept);
        }
    }
    Ok(())
}

fn no_incarnation() -> Result<()> {
    let program = Program::seeded(&HostTables::authenticated())?;
    for path in Path::all() {
        assert_eq!(heartbeat(&program, &path, 0, FIRST)?, Verdict::Replay);
        assert_eq!(program.slots[path.slot].last_arrival.get(), 0);
        assert_eq!(heartbeat(&program, &path, 1, FIRST)?, Verdict::Candidate);
    }
    Ok(())
}
