//! Echo requests, and the replies that the program makes of them.

use std::time::Duration;

use anyhow::Result;
use heartbeat_ebpf::frame;
use heartbeat_ebpf::slot::Announced;
use heartbeat_ebpf::tag;
use heartbeat_ebpf::verdict::{Fate, Verdict};
use heartbeat_ebpf::wire::{Header, Kind, PORT, Words, flags};
use heartbeat_tests::frames::checksum;
use heartbeat_tests::lab::clock::monotonic_ns;
use heartbeat_tests::lab::wait;
use heartbeat_tests::program::path::{FIRST, INCARNATION, Path, seal};
use heartbeat_tests::program::tables::{CLUSTER, HostTables, NODE, PEER, keys};
use heartbeat_tests::program::{INTERVAL_MS, Program};
use heartbeat_tests::suite::Test;

pub const TESTS: &[Test] = &[
    (
        "a request goes back in place: addresses and ports exchanged, size and tags kept, checksums valid",
        headers_of_the_reply,
    ),
    (
        "the reply tells incarnation, last sequence sent, interval, configuration and the age of progress",
        contents_of_the_reply,
    ),
    (
        "the age of progress is told in milliseconds, ends at 65535 and is never below zero",
        age_of_progress,
    ),
    (
        "the reply names the highest incarnation of the asker that was heard, confirmed or not",
        known_incarnation,
    ),
    (
        "what one program replies, the asker's program believes",
        full_circle,
    ),
    ("a reply is signed with the key of its request", signing_key),
    (
        "one request an interval is answered, on each path for itself",
        rate_limit,
    ),
    (
        "a request is answered once, and none of its incarnation that is older than one answered",
        recorded_requests,
    ),
    (
        "a request that asks for the agent is passed up, as rarely, and its agent's reply is believed",
        by_agent,
    ),
];

const NONCE: u64 = 0x1234_5678_9abc_def0;

fn request(path: &Path, sent: u64) -> Header {
    Header {
        sent,
        heard: NONCE,
        ..path.header(Kind::EchoRequest)
    }
}

/// Runs a request that is answered and returns the reply's payload.
fn answer(program: &Program, path: &Path, request: &Header) -> Result<Words> {
    let frame = path.send(request);
    let ran = program.run(&frame)?;
    assert_eq!(ran.fate, Fate::Reply, "{path:?}");
    let bytes = ran.frame.last_chunk().expect("a reply has a payload");
    Ok(Words::from_bytes(bytes))
}

fn headers_of_the_reply() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        for (padding, from) in [(0, PORT), (18, 40_000)] {
            program.hear_first(&path)?;
            let payload = seal(&request(&path, 9));
            let asked = path.frame().udp_between(from, PORT).payload(payload);
            let mut asked = asked.bytes();
            asked.extend(std::iter::repeat_n(0xa5, padding));
            let slot = &program.slots[path.slot];
            let stamp = (slot.last_arrival.get(), slot.arrivals.get());
            let ran = program.run(&asked)?;
            assert_eq!(ran.fate, Fate::Reply, "{path:?}");
            check_headers(&asked, &ran.frame);
            let after = (slot.last_arrival.get(), slot.arrivals.get());
            assert_eq!(after, stamp, "no arrival");
        }
    }
    Ok(())
}

fn check_headers(asked: &[u8], reply: &[u8]) {
    let found = frame::walk(asked).expect("a request is one to port 3343");
    let (l3, payload) = (found.l3 as usize, found.payload as usize);
    let l4 = payload - 8;
    assert_eq!(reply.len(), asked.len());
    assert_eq!(reply[..6], asked[6..12]);
    assert_eq!(reply[6..12], asked[..6]);
    assert_eq!(reply[12..l3], asked[12..l3], "type and tags");
    let (from, to) = match asked[l3] >> 4 {
        4 => (l3 + 12..l3 + 16, l3 + 16..l3 + 20),
        _ => (l3 + 8..l3 + 24, l3 + 24..l3 + 40),
    };
    assert_eq!(reply[l3..from.start], asked[l3..from.start], "IP header");
    assert_eq!(reply[from.clone()], asked[to.clone()]);
    assert_eq!(reply[to.clone()], asked[from.clone()]);
    if asked[l3] >> 4 == 4 {
        assert_eq!(checksum::of(&reply[l3..l4]), 0, "IP checksum");
    }
    assert_eq!(reply[l4..l4 + 2], asked[l4 + 2..l4 + 4]);
    assert_eq!(reply[l4 + 2..l4 + 4], asked[l4..l4 + 2]);
    assert_eq!(reply[l4 + 4..l4 + 6], asked[l4 + 4..l4 + 6], "UDP length");
    let addresses = &reply[from.start..to.end];
    let datagram = &reply[l4..payload + 64];
    assert!(checksum::udp_holds(addresses, datagram), "UDP checksum");
    assert_eq!(reply[payload + 64..], asked[payload + 64..], "padding");
}

fn contents_of_the_reply() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        let (node, network) = (&program.node[0], &program.networks[path.index.into()]);
        node.incarnation.set(INCARNATION + 1_000);
        node.config_digest.set(0xfeed_f00d);
        node.progress.set(monotonic_ns());
        network.sent.set(987_654);
        let asked = request(&path, 9);
        let words = answer(&program, &path, &asked)?;
        let told = words.header().expect("a reply is a datagram of ours");
        let expected = Header {
            kind: Kind::EchoReply,
            flags: 0,
            key_id: 1,
            sender: NODE,
            cluster: CLUSTER,
            receiver: PEER,
            network: path.network,
            interval_ms: INTERVAL_MS as u16,
            agent_age_ms: told.agent_age_ms,
            config_digest: 0xfeed_f00d,
            incarnation: INCARNATION + 1_000,
            sequence: 987_654,
            sent: INCARNATION,
            heard: NONCE,
        };
        assert_eq!(told, expected);
        assert_eq!(words.tag(), tag::of(&keys(1).echo, &words.0));
    }
    Ok(())
}

fn age_of_progress() -> Result<()> {
    let program = Program::hearing()?;
    let path = Path::plain();
    program.networks[path.index.into()].interval_ms.set(0);
    let ages_ns = [0, 1_000_000, 5_000_000_000, 65_535_000_000, 120_000_000_000];
    for (sent, age_ns) in (10..).zip(ages_ns) {
        let asked = monotonic_ns();
        let progress = asked.saturating_sub(age_ns);
        program.node[0].progress.set(progress);
        let told = answer(&program, &path, &request(&path, sent))?.agent_age_ms();
        let age_at = |now: u64| u16::try_from((now - progress) / 1_000_000).unwrap_or(u16::MAX);
        let possible = age_at(asked)..=age_at(monotonic_ns());
        assert!(possible.contains(&told), "{told} is not in {possible:?}");
    }
    let soon = monotonic_ns() + 60_000_000_000;
    program.node[0].progress.set(soon);
    let told = answer(&program, &path, &request(&path, 20))?.agent_age_ms();
    assert_eq!(told, 0, "another CPU's clock may be ahead");
    Ok(())
}

fn known_incarnation() -> Result<()> {
    let program = Program::seeded(&HostTables::authenticated())?;
    for path in Path::all() {
        let never = answer(&program, &path, &request(&path, 1))?;
        assert_eq!(never.sent(), 0);
        for (sent, incarnation) in [(2, INCARNATION), (3, INCARNATION + 7)] {
            let frame = path.send(&Header {
                incarnation,
                ..path.header(Kind::Heartbeat)
            });
            assert_eq!(program.verdict(&frame)?, Some(Verdict::Candidate));
            let told = answer(&program, &path, &request(&path, sent))?;
            assert_eq!(told.sent(), incarnation);
        }
        program.hear_first(&path)?;
        let confirmed = answer(&program, &path, &request(&path, 4))?;
        assert_eq!(confirmed.sent(), INCARNATION);
    }
    Ok(())
}

fn full_circle() -> Result<()> {
    let program = Program::hearing()?;
    let there = Path::all().map(|path| path.reversed());
    let asker = Program::seeded(&HostTables::of(&there, PEER, NODE))?;
    program.node[0].incarnation.set(42);
    program.node[0].progress.set(monotonic_ns());
    for (path, back) in Path::all().iter().zip(&there) {
        let reply = program.run(&path.send(&request(path, 9)))?.frame;
        assert_eq!(asker.verdict(&reply)?, Some(Verdict::EchoUnexpected));
        asker.controls[back.slot].nonce.set(NONCE);
        assert_eq!(asker.verdict(&reply)?, Some(Verdict::EchoReply), "{path:?}");
        let echo = &asker.echoes[back.slot];
        assert_eq!((echo.confirmed.get(), echo.nonce.get()), (42, NONCE));
        assert_eq!(echo.known.get(), INCARNATION);
        let looped = program.verdict(&reply)?;
        assert_eq!(
            looped,
            Some(Verdict::Transit),
            "a reply is not for who made it"
        );
    }
    Ok(())
}

fn signing_key() -> Result<()> {
    let tables = HostTables {
        keys: [Some(keys(1)), Some(keys(2))],
        ..HostTables::authenticated()
    };
    let program = Program::seeded(&tables)?;
    for path in Path::all() {
        for (sent, key_id) in [(1, 1), (2, 2)] {
            let asked = Header {
                key_id,
                ..request(&path, sent)
            };
            let words = answer(&program, &path, &asked)?;
            assert_eq!(words.key_id(), key_id);
            assert_eq!(words.tag(), tag::of(&keys(key_id).echo, &words.0));
        }
    }
    Ok(())
}

/// No sleep is long enough to be sure, so the interval is shortened to end it, and the stamps say whether it was
/// kept.
fn rate_limit() -> Result<()> {
    const INTERVAL_NS: u64 = 20_000_000;
    let program = Program::hearing()?;
    for path in Path::all() {
        let echo = &program.echoes[path.slot];
        let ask = |sent| program.verdict(&path.send(&request(&path, sent)));
        assert_eq!(ask(1)?, Some(Verdict::Echo));
        let first = echo.answered.get();
        for sent in 2..5 {
            assert_eq!(ask(sent)?, Some(Verdict::EchoLimited));
            assert_eq!(echo.asker_sent.get(), 1, "a refused one is not remembered");
        }
        program.networks[path.index.into()].interval_ms.set(20);
        let mut sent = 5;
        wait::until("a second answer", Duration::from_secs(30), || {
            sent += 1;
            Ok((ask(sent)? == Some(Verdict::Echo)).then_some(()))
        })?;
        assert_eq!(echo.asker_sent.get(), sent);
        assert!(first + INTERVAL_NS <= echo.answered.get());
    }
    Ok(())
}

fn recorded_requests() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        program.networks[path.index.into()].interval_ms.set(0);
        let ask = |incarnation, sent| {
            program.verdict(&path.send(&Header {
                incarnation,
                ..request(&path, sent)
            }))
        };
        for (incarnation, sent, expected) in [
            (INCARNATION, 100, Verdict::Echo),
            (INCARNATION, 100, Verdict::EchoLimited),
            (INCARNATION, 99, Verdict::EchoLimited),
            (INCARNATION, 101, Verdict::Echo),
            (INCARNATION + 1, 5, Verdict::Echo),
            (INCARNATION + 1, 5, Verdict::EchoLimited),
            (INCARNATION + 1, 6, Verdict::Echo),
        ] {
            let verdict = ask(incarnation, sent)?;
            assert_eq!(verdict, Some(expected), "{incarnation} {sent}");
        }
    }
    Ok(())
}

fn by_agent() -> Result<()> {
    let program = Program::hearing()?;
    for path in Path::all() {
        for (sent, expected) in [
            (9, Verdict::Message),
            (9, Verdict::EchoLimited),
            (10, Verdict::EchoLimited),
        ] {
            let asked = Header {
                flags: flags::BY_AGENT,
                ..request(&path, sent)
            };
            assert_eq!(program.verdict(&path.send(&asked))?, Some(expected));
        }
        program.controls[path.slot].nonce.set(NONCE);
        let reply = Header {
            flags: flags::BY_AGENT,
            heard: NONCE,
            sequence: FIRST,
            ..path.header(Kind::EchoReply)
        };
        let verdict = program.verdict(&path.send(&reply))?;
        assert_eq!(verdict, Some(Verdict::EchoReply));
        let word = program.echoes[path.slot].announced.get();
        assert_eq!(Announced::unpack(word).flags, flags::BY_AGENT);
    }
    Ok(())
}
