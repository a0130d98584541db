//! Every length: of the frame, and of what it carries.

use anyhow::Result;
use heartbeat_ebpf::frame;
use heartbeat_ebpf::verdict::Verdict;
use heartbeat_ebpf::wire::{Kind, LENGTH, MESSAGE_MAC_LENGTH};
use heartbeat_tests::program::path::{FIRST, Path, seal};
use heartbeat_tests::program::{FRAME_MIN, Program, is_refusal};
use heartbeat_tests::suite::Test;

pub const TESTS: &[Test] = &[
    (
        "the kernel itself refuses frames below 14 bytes, and runs the program on all others",
        fewer_than_a_header,
    ),
    (
        "a heartbeat's frame cut to any of 0 to 100 bytes is dropped, or passes as foreign",
        cut_frames,
    ),
    (
        "of all payloads of 0 to 100 bytes only 64 are a heartbeat",
        payloads,
    ),
    (
        "bytes behind the datagram, as short frames are padded, change nothing",
        padding,
    ),
];

fn fewer_than_a_header() -> Result<()> {
    let program = Program::hearing()?;
    let before = program.counts()?;
    for path in Path::all() {
        let whole = path.heartbeat(FIRST + 1);
        for length in 0..FRAME_MIN {
            let error = program.run(&whole[..length]).unwrap_err();
            assert!(is_refusal(&error), "{length} bytes: {error:#}");
        }
        program.run(&whole[..FRAME_MIN])?;
    }
    assert_eq!(program.counts()?, before);
    let next = Path::plain().heartbeat(FIRST + 1);
    assert_eq!(program.verdict(&next)?, Some(Verdict::Heartbeat));
    Ok(())
}

/// Where the UDP header's length field ends, the datagram is known to be one to port 3343; before, it is not.
fn cut_frames() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let whole = path.heartbeat(FIRST + 1);
        let found = frame::walk(&whole[..]).expect("it is one to port 3343");
        let known = found.payload as usize - 2;
        let records = [
            program.slots.snapshot(path.slot),
            program.echoes.snapshot(path.slot),
        ];
        for length in FRAME_MIN..=100.min(whole.len() - 1) {
            let expected = (known <= length).then_some(Verdict::Length);
            let verdict = program.verdict(&whole[..length])?;
            assert_eq!(verdict, expected, "{path:?} cut to {length}");
        }
        let after = [
            program.slots.snapshot(path.slot),
            program.echoes.snapshot(path.slot),
        ];
        assert_eq!(after, records);
        assert_eq!(program.verdict(&whole)?, Some(Verdict::Heartbeat));
    }
    Ok(())
}

fn payloads() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        for kind in [Kind::Heartbeat, Kind::Message] {
            let mut header = path.header(kind);
            header.sequence = FIRST + 1;
            for length in 0..=100 {
                let mut payload = seal(&header).to_vec();
                payload.resize(length, 0);
                let expected = match kind {
                    Kind::Heartbeat if length == LENGTH => Verdict::Heartbeat,
                    Kind::Message if LENGTH + MESSAGE_MAC_LENGTH <= length => Verdict::Message,
                    _ => Verdict::Length,
                };
                let verdict = program.verdict(&path.frame().payload(payload).bytes())?;
                assert_eq!(verdict, Some(expected), "{kind:?} of {length} on {path:?}");
            }
        }
    }
    Ok(())
}

fn padding() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        for padding in 1..=46 {
            let sequence = FIRST + padding;
            let mut frame = path.heartbeat(sequence);
            frame.extend((0..padding).map(|_| 0xa5));
            assert_eq!(program.verdict(&frame)?, Some(Verdict::Heartbeat));
            assert_eq!(program.slots[path.slot].sequence.get(), sequence);
        }
    }
    Ok(())
}
