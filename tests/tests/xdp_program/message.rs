//! Messages: passed up to the agent, if their header holds.

use anyhow::Result;
use heartbeat_ebpf::verdict::Verdict;
use heartbeat_ebpf::wire::{Header, Kind};
use heartbeat_tests::program::Program;
use heartbeat_tests::program::path::{Path, seal};
use heartbeat_tests::suite::Test;

pub const TESTS: &[Test] = &[
    (
        "a message whose header verifies passes up byte for byte, whatever its body",
        bodies,
    ),
    (
        "a message from an unknown sender or with a wrong tag is not passed up",
        refused,
    ),
    (
        "messages leave no trace in the slot and may repeat",
        no_trace,
    ),
];

fn message(path: &Path, header: &Header, body: &[u8]) -> Vec<u8> {
    let payload = [&seal(header)[..], body].concat();
    path.frame().payload(payload).bytes()
}

/// The body's own MAC is the agent's to check.
fn bodies() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let header = path.header(Kind::Message);
        for length in [16, 17, 100, 1_300, 8_000] {
            for byte in [0, 0xff] {
                let frame = message(&path, &header, &vec![byte; length]);
                assert_eq!(program.verdict(&frame)?, Some(Verdict::Message));
            }
        }
    }
    Ok(())
}

fn refused() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let valid = path.header(Kind::Message);
        let unknown = Header { sender: 3, ..valid };
        let verdict = program.verdict(&message(&path, &unknown, &[0; 64]))?;
        assert_eq!(verdict, Some(Verdict::Path));
        let mut payload = [&seal(&valid)[..], &[0; 64]].concat();
        payload[60] ^= 4;
        let verdict = program.verdict(&path.frame().payload(payload).bytes())?;
        assert_eq!(verdict, Some(Verdict::Tag));
        let verdict = program.verdict(&message(&path, &valid, &[0; 64]))?;
        assert_eq!(verdict, Some(Verdict::Message));
    }
    Ok(())
}

fn no_trace() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let before = program.slots.snapshot(path.slot);
        let frame = message(&path, &path.header(Kind::Message), &[1; 32]);
        for _ in 0..3 {
            assert_eq!(program.verdict(&frame)?, Some(Verdict::Message));
        }
        assert_eq!(program.slots.snapshot(path.slot), before);
    }
    Ok(())
}
