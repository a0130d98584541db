//! Tags: what holds, what does not, and what happens where there are none.

use std::hash::Hasher;

use anyhow::Result;
use heartbeat_ebpf::tag::Subkey;
use heartbeat_ebpf::verdict::{Fate, Verdict};
use heartbeat_ebpf::wire::{Header, Kind, LENGTH};
use heartbeat_tests::program::Program;
use heartbeat_tests::program::path::{FIRST, INCARNATION, Path, seal, subkey};
use heartbeat_tests::program::tables::{HostTables, keys};
use heartbeat_tests::suite::Test;
use siphasher::sip::SipHasher24;

pub const TESTS: &[Test] = &[
    (
        "a tag made by another implementation of SipHash-2-4 is accepted",
        an_independent_tag,
    ),
    (
        "no heartbeat with any one of its 512 bits flipped is accepted, and each is counted",
        || flipped_bits(Kind::Heartbeat),
    ),
    (
        "no echo request with any one of its 512 bits flipped is answered, and each is counted",
        || flipped_bits(Kind::EchoRequest),
    ),
    (
        "no echo reply with any one of its 512 bits flipped is believed, and each is counted",
        || flipped_bits(Kind::EchoReply),
    ),
    (
        "no message with any one bit of its header flipped is passed up, and each is counted",
        || flipped_bits(Kind::Message),
    ),
    (
        "a heartbeat under the echo subkey is refused, and an echo under the heartbeat subkey",
        exchanged_subkeys,
    ),
    (
        "without authentication plain heartbeats are believed, incarnations as they come, and nothing else",
        unauthenticated,
    ),
    (
        "a plain heartbeat is refused where frames are authenticated",
        plain_where_keyed,
    ),
];

fn an_independent_tag() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        for step in 1..=20 {
            let header = Header {
                sequence: FIRST + step,
                sent: step.wrapping_mul(0x9e37_79b9_7f4a_7c15),
                ..path.header(Kind::Heartbeat)
            };
            let mut payload = header.encode(None);
            let Subkey([low, high]) = keys(1).heartbeat;
            let mut hasher = SipHasher24::new_with_keys(low, high);
            hasher.write(&payload[..56]);
            payload[56..].copy_from_slice(&hasher.finish().to_be_bytes());
            let frame = path.frame().payload(payload).bytes();
            assert_eq!(program.verdict(&frame)?, Some(Verdict::Heartbeat));
        }
    }
    Ok(())
}

fn flipped_bits(kind: Kind) -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        program.controls[path.slot].nonce.set(77);
        let records = records(&program, &path);
        let before = program.counts()?;
        let whole = payload(&path, kind);
        for bit in 0..LENGTH * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let ran = program.run(&path.frame().payload(flipped).bytes())?;
            assert_eq!(ran.fate, Fate::Drop, "bit {bit} on {path:?}");
            let touched = records != self::records(&program, &path);
            assert!(!touched, "bit {bit} on {path:?}");
        }
        let grown = program.counts()?.since(&before);
        assert_eq!(grown.iter().map(|growth| growth.by).sum::<u64>(), 512);
        let accepted = grown.iter().find(|growth| !is_refusal(growth.verdict));
        assert_eq!(accepted, None);
        let frame = path.frame().payload(whole).bytes();
        let expected = match kind {
            Kind::Heartbeat => Verdict::Heartbeat,
            Kind::EchoRequest => Verdict::Echo,
            Kind::EchoReply => Verdict::EchoReply,
            Kind::Message => Verdict::Message,
        };
        assert_eq!(program.verdict(&frame)?, Some(expected));
    }
    Ok(())
}

/// A payload of this kind that is believed.
fn payload(path: &Path, kind: Kind) -> Vec<u8> {
    let mut payload = seal(&Header {
        sequence: FIRST + 1,
        ..path.header(kind)
    })
    .to_vec();
    if kind == Kind::Message {
        payload.extend([0x77; 40]);
    }
    payload
}

fn records(program: &Program, path: &Path) -> [Vec<u64>; 3] {
    [
        program.slots.snapshot(path.slot),
        program.echoes.snapshot(path.slot),
        program.controls.snapshot(path.slot),
    ]
}

/// Verdicts on what does not hold.
fn is_refusal(verdict: Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Length
            | Verdict::Magic
            | Verdict::Version
            | Verdict::Kind
            | Verdict::Cluster
            | Verdict::Receiver
            | Verdict::Path
            | Verdict::Authentication
            | Verdict::Key
            | Verdict::Tag
    )
}

fn exchanged_subkeys() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        for kind in [
            Kind::Heartbeat,
            Kind::EchoRequest,
            Kind::EchoReply,
            Kind::Message,
        ] {
            let header = path.header(kind);
            let other = match subkey(&header) {
                Some(own) if own == keys(1).echo => keys(1).heartbeat,
                _ => keys(1).echo,
            };
            let mut payload = header.encode(Some(&other)).to_vec();
            if kind == Kind::Message {
                payload.extend([0; 16]);
            }
            let frame = path.frame().payload(payload).bytes();
            assert_eq!(program.verdict(&frame)?, Some(Verdict::Tag), "{kind:?}");
        }
    }
    Ok(())
}

fn unauthenticated() -> Result<()> {
    let program = Program::seeded(&HostTables::unauthenticated())?;
    for path in Path::all() {
        let plain = |kind, incarnation| Header {
            key_id: 0,
            incarnation,
            ..path.header(kind)
        };
        let verdict = |payload: Vec<u8>| program.verdict(&path.frame().payload(payload).bytes());
        for incarnation in [INCARNATION, INCARNATION + 5] {
            let heartbeat = plain(Kind::Heartbeat, incarnation).encode(None);
            assert_eq!(verdict(heartbeat.into())?, Some(Verdict::Heartbeat));
            assert_eq!(program.slots[path.slot].incarnation.get(), incarnation);
        }
        let old = plain(Kind::Heartbeat, INCARNATION + 4).encode(None);
        assert_eq!(verdict(old.into())?, Some(Verdict::Replay));
        for kind in [Kind::EchoRequest, Kind::EchoReply, Kind::Message] {
            let mut payload = plain(kind, INCARNATION + 5).encode(None).to_vec();
            if kind == Kind::Message {
                payload.extend([0; 16]);
            }
            assert_eq!(verdict(payload)?, Some(Verdict::Authentication), "{kind:?}");
        }
        let mut tagged = plain(Kind::Heartbeat, INCARNATION + 5).encode(None);
        tagged[63] = 1;
        assert_eq!(verdict(tagged.into())?, Some(Verdict::Authentication));
        let keyed = seal(&path.header(Kind::Heartbeat));
        assert_eq!(verdict(keyed.into())?, Some(Verdict::Authentication));
    }
    Ok(())
}

fn plain_where_keyed() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let mut header = path.header(Kind::Heartbeat);
        header.sequence = FIRST + 1;
        header.key_id = 0;
        let frame = path.send(&header);
        assert_eq!(program.verdict(&frame)?, Some(Verdict::Authentication));
        header.key_id = 1;
        let frame = path.send(&header);
        assert_eq!(program.verdict(&frame)?, Some(Verdict::Heartbeat));
    }
    Ok(())
}
