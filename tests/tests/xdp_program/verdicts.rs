//! Every verdict, provoked on every path.

use std::net::IpAddr;

use anyhow::{Context, Result, ensure};
use heartbeat_ebpf::verdict::{Fate, Verdict};
use heartbeat_ebpf::wire::{Header, Kind, flags};
use heartbeat_tests::frames::DESTINATION;
use heartbeat_tests::program::Program;
use heartbeat_tests::program::counts::Growth;
use heartbeat_tests::program::path::{FIRST, INCARNATION, Path, seal};
use heartbeat_tests::suite::Test;

pub const TESTS: &[Test] = &[(
    "every verdict raises its own counter by one and no other, and what is refused leaves no trace",
    every_verdict,
)];

fn every_verdict() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        for verdict in Verdict::ALL {
            program.hear_first(&path)?;
            provoke(*verdict, &program, &path)
                .with_context(|| format!("{verdict:?} on {path:?}"))?;
        }
    }
    Ok(())
}

fn provoke(verdict: Verdict, program: &Program, path: &Path) -> Result<()> {
    let frame = frame_for(verdict, program, path)?;
    let (before, records) = (program.counts()?, records(program));
    let ran = program.run(&frame)?;
    let network = match verdict {
        Verdict::Transit => 0,
        _ => path.index.into(),
    };
    let growth = Growth {
        network,
        verdict,
        by: 1,
    };
    ensure!(
        program.counts()?.since(&before) == [growth],
        "counted as {:?}",
        program.counts()?.since(&before)
    );
    ensure!(ran.fate == verdict.fate(), "{:?}", ran.fate);
    ensure!(
        (ran.frame == frame) == (ran.fate != Fate::Reply),
        "the frame was changed, or not changed"
    );
    let untouched = records == self::records(program);
    ensure!(
        untouched != writes(verdict),
        "records touched: {}",
        !untouched
    );
    Ok(())
}

/// Whether this verdict leaves anything in the records of its path. The copy here is the one that came by the
/// group, which is noted. The message here is an echo request that
/// asks for the agent, which counts as answered.
fn writes(verdict: Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Heartbeat
            | Verdict::Reordered
            | Verdict::Duplicate
            | Verdict::Copy
            | Verdict::Candidate
            | Verdict::Echo
            | Verdict::EchoReply
            | Verdict::Message
    )
}

/// The records of all paths, word by word.
fn records(program: &Program) -> Vec<Vec<u64>> {
    let of = |path: Path| {
        [
            program.slots.snapshot(path.slot),
            program.echoes.snapshot(path.slot),
            program.controls.snapshot(path.slot),
        ]
    };
    Path::all().into_iter().flat_map(of).collect()
}

/// Prepares the path, on which one heartbeat was heard, and builds the frame that must get this verdict.
fn frame_for(verdict: Verdict, program: &Program, path: &Path) -> Result<Vec<u8>> {
    let heartbeat = path.header(Kind::Heartbeat);
    let request = Header {
        sent: 9,
        ..path.header(Kind::EchoRequest)
    };
    let next = Header {
        sequence: FIRST + 1,
        ..heartbeat
    };
    let sealed = seal(&next);
    let with_byte = |at: usize, value: u8| {
        let mut payload = sealed;
        payload[at] = value;
        path.frame().payload(payload).bytes()
    };
    Ok(match verdict {
        Verdict::Transit => path.frame_to(path.stranger()).payload(sealed).bytes(),
        Verdict::Heartbeat => path.send(&next),
        Verdict::Reordered => {
            program.run(&path.heartbeat(FIRST + 2))?;
            path.send(&next)
        }
        Verdict::Duplicate => path.send(&heartbeat),
        Verdict::Copy => path.send_to_group(&heartbeat),
        Verdict::Replay => path.heartbeat(FIRST - 64),
        Verdict::Candidate => path.send(&Header {
            incarnation: INCARNATION + 1,
            ..next
        }),
        Verdict::Echo => path.send(&request),
        Verdict::EchoLimited => {
            program.run(&path.send(&request))?;
            path.send(&Header {
                sent: 10,
                ..request
            })
        }
        Verdict::EchoReply => {
            program.controls[path.slot].nonce.set(77);
            path.send(&path.header(Kind::EchoReply))
        }
        Verdict::EchoUnexpected => path.send(&path.header(Kind::EchoReply)),
        Verdict::Message => path.send(&Header {
            flags: flags::BY_AGENT,
            ..request
        }),
        Verdict::Fragment => path.frame().fragment(0, true).payload(sealed).bytes(),
        Verdict::Options => with_options(path, &sealed),
        Verdict::Length => path.frame().payload(&sealed[..63]).bytes(),
        Verdict::Magic => with_byte(0, b'h'),
        Verdict::Version => with_byte(2, 2),
        Verdict::Kind => with_byte(3, 5),
        Verdict::Cluster => path.send(&Header {
            cluster: next.cluster + 1,
            ..next
        }),
        Verdict::Receiver => path.send(&Header {
            receiver: 3,
            ..next
        }),
        Verdict::Path => path.send(&Header { sender: 3, ..next }),
        Verdict::Source => {
            let frame = path.tagged(&path.vlans).ip(path.stranger(), path.here);
            frame.udp(3343).payload(sealed).bytes()
        }
        Verdict::Authentication => path.send(&Header { key_id: 0, ..next }),
        Verdict::Key => path.send(&Header { key_id: 9, ..next }),
        Verdict::Tag => with_byte(63, !sealed[63]),
        Verdict::Interval => path.send(&Header {
            interval_ms: 9,
            ..next
        }),
    })
}

fn with_options(path: &Path, payload: &[u8]) -> Vec<u8> {
    let frame = match path.here {
        IpAddr::V4(_) => path.frame().options(&[1; 4]),
        IpAddr::V6(_) => path.frame().extension(DESTINATION, 1),
    };
    frame.payload(payload).bytes()
}
