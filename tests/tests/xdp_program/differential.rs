//! The kernel's judge against the host's.
//!
//! Directed tests try what their author thought of. Here both judges get the same thousands of frames: valid ones,
//! ones wrong in one or several fields, headers that contradict each other, single bits flipped, cut frames, and
//! noise. After each they must agree on its fate and its verdict, on everything countable in the slot, and on
//! what the echoes have taught.

use std::collections::{BTreeMap, BTreeSet};
use std::env;

use anyhow::{Context, Result, ensure};
use heartbeat_ebpf::echo::Echo;
use heartbeat_ebpf::map::NO_NETWORK;
use heartbeat_ebpf::slot::Slot;
use heartbeat_ebpf::verdict::{Fate, Verdict};
use heartbeat_tests::lab::clock::monotonic_ns;
use heartbeat_tests::lab::interrupt;
use heartbeat_tests::program::counts::Growth;
use heartbeat_tests::program::judge::HostJudge;
use heartbeat_tests::program::path::{INCARNATION, Path};
use heartbeat_tests::program::random::Random;
use heartbeat_tests::program::scramble;
use heartbeat_tests::program::tables::{HostTables, keys};
use heartbeat_tests::program::{Program, ensure_untouched, open};
use heartbeat_tests::suite::Test;

pub const TESTS: &[Test] = &[
    (
        "kernel and host agree on every one of thousands of random and mutated frames",
        || authenticated("heartbeat"),
    ),
    ("so do the traced program and the host", || {
        authenticated("heartbeat_traced")
    }),
    (
        "they agree without authentication too",
        without_authentication,
    ),
];

/// Repeats one run.
const SEED_VARIABLE: &str = "HEARTBEAT_SEED";
const FRAMES: u32 = 8_000;
/// Above the slots of all paths.
const SLOTS: usize = 64;

fn authenticated(program: &'static str) -> Result<()> {
    let tables = HostTables {
        keys: [Some(keys(1)), Some(keys(2))],
        ..HostTables::authenticated()
    };
    let met = agree_on_all(&tables, program)?;
    let missed: Vec<_> = Verdict::ALL
        .iter()
        .filter(|verdict| !met.contains(&(**verdict as u32)))
        .collect();
    ensure!(missed.is_empty(), "no frame led to {missed:?}");
    Ok(())
}

fn without_authentication() -> Result<()> {
    let met = agree_on_all(&HostTables::unauthenticated(), "heartbeat")?;
    for verdict in [Verdict::Heartbeat, Verdict::Replay, Verdict::Authentication] {
        ensure!(
            met.contains(&(verdict as u32)),
            "no frame led to {verdict:?}"
        );
    }
    Ok(())
}

/// Runs the frames of a fixed seed and of a new one; returns the verdicts met.
fn agree_on_all(tables: &HostTables, program: &'static str) -> Result<BTreeSet<u32>> {
    let seeds = match env::var(SEED_VARIABLE) {
        Ok(seed) => vec![
            seed.parse()
                .with_context(|| format!("read {SEED_VARIABLE}={seed}"))?,
        ],
        Err(_) => vec![1, monotonic_ns()],
    };
    let mut met = BTreeSet::new();
    for seed in seeds {
        agree(tables, program, seed, &mut met)
            .with_context(|| format!("to see it again, set {SEED_VARIABLE}={seed}"))?;
    }
    Ok(met)
}

fn agree(
    tables: &HostTables,
    program: &'static str,
    seed: u64,
    met: &mut BTreeSet<u32>,
) -> Result<()> {
    let mut program = Program::of(open(heartbeat_user::object::program()?)?, program)?;
    program.seed(tables)?;
    let host = HostJudge::new(tables.clone(), SLOTS);
    let start = program.counts()?;
    let mut random = Random::new(seed);
    let mut counted = BTreeMap::new();
    for number in 0..FRAMES {
        interrupt::check()?;
        let path = random.one_of(&Path::all()).clone();
        disturb(&mut random, &program, &host, &path);
        let frame = scramble::frame(&mut random, &path, host.slot(path.slot));
        let verdict = host.judge(&frame, monotonic_ns());
        same(&program, &frame, verdict).with_context(|| format!("frame {number}: {frame:02x?}"))?;
        if let Some((network, verdict)) = verdict {
            *counted.entry((network, verdict as u32)).or_insert(0) += 1;
        }
        same_records(&program, &host, &path).with_context(|| format!("after frame {number}"))?;
    }
    let grown = program.counts()?.since(&start);
    let grown = grown
        .iter()
        .map(|growth| ((growth.network, growth.verdict as u32), growth.by));
    ensure!(
        grown.eq(counted.clone()),
        "the kernel has counted other frames too"
    );
    met.extend(counted.keys().map(|(_, verdict)| *verdict));
    Ok(())
}

/// Now and then, what an agent does: asks for an echo, or takes an incarnation for confirmed.
fn disturb(random: &mut Random, program: &Program, host: &HostJudge, path: &Path) {
    if random.one_in(8) {
        let nonce = scramble::NONCES[random.below(3)];
        program.controls[path.slot].nonce.set(nonce);
        host.control(path.slot).nonce.set(nonce);
    }
    if random.one_in(16) {
        let incarnation = INCARNATION + random.below(4) as u64;
        program.confirm(path, incarnation);
        host.echo(path.slot).confirmed.set(incarnation);
    }
}

/// Fails unless the kernel does with the frame what the host says, and counts it where the host says.
fn same(program: &Program, frame: &[u8], ours: Option<(u32, Verdict)>) -> Result<()> {
    let network = ours.map_or(NO_NETWORK, |(network, _)| network);
    let before = program.counts_of(network)?;
    let ran = program.run(frame)?;
    let grown = program.counts_of(network)?.since(&before);
    let expected = ours.map(|(network, verdict)| Growth {
        network,
        verdict,
        by: 1,
    });
    ensure!(
        grown.iter().eq(&expected),
        "counted as {grown:?} by the kernel, {expected:?} by the host"
    );
    let fate = ours.map_or(Fate::Pass, |(_, verdict)| verdict.fate());
    ensure!(
        ran.fate == fate,
        "{:?} by the kernel, {ours:?} by the host",
        ran.fate
    );
    if fate == Fate::Pass {
        ensure_untouched(&ran, frame)?;
    }
    Ok(())
}

fn same_records(program: &Program, host: &HostJudge, path: &Path) -> Result<()> {
    let (kernel, ours) = (
        slot_facts(&program.slots[path.slot]),
        slot_facts(host.slot(path.slot)),
    );
    ensure!(
        kernel == ours,
        "slot: {kernel:?} by the kernel, {ours:?} by the host"
    );
    let (kernel, ours) = (
        echo_facts(&program.echoes[path.slot]),
        echo_facts(host.echo(path.slot)),
    );
    ensure!(
        kernel == ours,
        "echo: {kernel:?} by the kernel, {ours:?} by the host"
    );
    Ok(())
}

/// All of a slot but the times.
fn slot_facts(slot: &Slot) -> [u64; 11] {
    [
        &slot.sent,
        &slot.sequence,
        &slot.window,
        &slot.incarnation,
        &slot.writing,
        &slot.arrivals,
        &slot.lost,
        &slot.reordered,
        &slot.duplicates,
        &slot.heard,
        &slot.announced,
    ]
    .map(|word| word.get())
}

/// All of an echo record but the times, of which it says whether there are any.
fn echo_facts(echo: &Echo) -> ([u64; 9], [bool; 6]) {
    let words = [
        &echo.candidate,
        &echo.confirmed,
        &echo.nonce,
        &echo.announced,
        &echo.last_sent,
        &echo.known,
        &echo.asker_incarnation,
        &echo.asker_sent,
        &echo.group_sequence,
    ];
    let times = [
        &echo.candidate_arrival,
        &echo.reply_arrival,
        &echo.answered,
        &echo.group_arrival,
        &echo.missed,
        &echo.outdated,
    ];
    (
        words.map(|word| word.get()),
        times.map(|time| time.get() != 0),
    )
}
