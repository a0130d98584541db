//! An agent at its limit: 4 096 paths, fed by a generator, none of them lost but those that fall silent.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use heartbeat_tests::generator::answers::{self, Answer};
use heartbeat_tests::generator::configuration::{Sending, Timing};
use heartbeat_tests::generator::shape::{PeerPath, Shape};
use heartbeat_tests::generator::stage::Stage;
use heartbeat_tests::generator::{Conduct, Generator};
use heartbeat_tests::lab::event::{AGENT_RESUMED, AGENT_STALLED, Event, PATH_LOST, PATH_RESTORED};
use heartbeat_tests::lab::metrics::Metrics;
use heartbeat_tests::lab::{interrupt, requirements};
use heartbeat_tests::suite::{Suite, Test};

const SHAPE: Shape = Shape::FULL;
/// Paths that fall silent.
const SILENCED: usize = 10;
/// No generator plays longer.
const SPAN: Duration = Duration::from_secs(120);
/// How long it may take until every path is up.
const UP_LIMIT: Duration = Duration::from_secs(40);
/// Numbers of events.
const OPERATOR: u32 = 334312;
const CONFIG_DIFFERS: u32 = 334305;
/// What an operator finds pleasant, with room for a busy machine and a debug build.
const START_LIMIT: Duration = Duration::from_secs(15);
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

const TESTS: &[Test] = &[
    (
        "of 4096 paths at 1.2 s every heartbeat is counted, none is lost, and ten that fall silent are reported",
        slow,
    ),
    (
        "of 4096 paths at 100 ms every heartbeat is counted, none is lost, and ten that fall silent are reported",
        quick,
    ),
];

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 1,
        tests: &[TESTS],
    }
    .run()
}

fn slow() -> Result<()> {
    tell(Timing {
        interval: Duration::from_millis(1200),
        lost_after: 2,
    })
}

/// Ten in a row, because a machine that is busy otherwise may keep generator and agent waiting for a while.
fn quick() -> Result<()> {
    tell(Timing {
        interval: Duration::from_millis(100),
        lost_after: 10,
    })
}

fn tell(timing: Timing) -> Result<()> {
    let mut stage = Stage::build(SHAPE, timing, Sending::ToEach)?;
    let told = story(&mut stage);
    told.map_err(|error| anyhow!("{error:#}\n--- the agent's log\n{}", stage.log_tail()))
}

fn story(stage: &mut Stage) -> Result<()> {
    let interval = stage.timing().interval;
    let started = stage.start_agent()?;
    ensure!(started < START_LIMIT, "the first answer took {started:?}");
    let mut generator = stage.generate(Conduct::Speaking, SPAN)?;
    let up = wait_all_up(stage, &mut generator)?;
    println!("{interval:?}: answers after {started:?}, all paths up after {up:?}");

    every_heartbeat_is_counted(stage, &generator)?;
    for answer in answers::all(stage)? {
        is_pleasant(interval, answer)?;
    }
    silent_ones_are_reported(stage, &mut generator)?;
    a_reload_disturbs_no_path(stage)?;

    generator.check()?;
    let rounds = generator.rounds_heard();
    ensure!(
        rounds.iter().all(|round| 0 < *round),
        "not heard of the agent on every network: {rounds:?}"
    );
    let pause = generator.longest_pause();
    println!("{interval:?}: longest pause of the generator {pause:?}");
    let sent = generator.stop()?;
    nothing_is_missing(&sent, &stage.metrics()?)
}

/// Waits until every path was reported as up, once.
fn wait_all_up(stage: &mut Stage, generator: &mut Generator) -> Result<Duration> {
    let begin = Instant::now();
    loop {
        interrupt::sleep(Duration::from_millis(100))?;
        stage.check_agent()?;
        generator.check()?;
        let events = but_for_pauses(stage.events().all()?, stage, generator)?;
        if events.len() == SHAPE.paths() {
            one_each(&events, PATH_RESTORED, SHAPE.all())?;
            return Ok(begin.elapsed());
        }
        ensure!(
            events.len() < SHAPE.paths() && begin.elapsed() < UP_LIMIT,
            "{} events, {} echo requests answered, longest pause of the generator {:?}",
            events.len(),
            generator.answered(),
            generator.longest_pause()
        );
    }
}

/// The arrivals of each path grow as the generator's count does, but for what is on its way meanwhile.
fn every_heartbeat_is_counted(stage: &Stage, generator: &Generator) -> Result<()> {
    let read = || -> Result<_> {
        let before = generator.sent();
        let arrivals = by_path(&stage.metrics()?, "heartbeat_arrivals_total")?;
        Ok((before, arrivals, generator.sent()))
    };
    let first = read()?;
    interrupt::sleep(4 * stage.timing().interval.max(Duration::from_millis(500)))?;
    let second = read()?;
    for (place, path) in SHAPE.all().enumerate() {
        let arrived = second.1[place] - first.1[place];
        // One heartbeat may be counted by the generator and still be on its way.
        let least = (second.0[place] - first.2[place]).saturating_sub(1);
        let most = second.2[place] - first.0[place] + 1;
        ensure!(
            (least.max(1)..=most).contains(&arrived),
            "{path:?}: {arrived} arrivals, {least} to {most} sent"
        );
    }
    Ok(())
}

/// Ten paths, each of another peer and another network, are reported; no other is, before or after.
fn silent_ones_are_reported(stage: &mut Stage, generator: &mut Generator) -> Result<()> {
    let mark = stage.events().mark()?;
    let told = but_for_pauses(stage.events().all()?, stage, generator)?.len();
    ensure!(
        told == SHAPE.paths(),
        "{told} events, of which {} tell that paths are up; longest pause of the generator {:?}",
        SHAPE.paths(),
        generator.longest_pause()
    );
    let silenced = |at: u16| PeerPath {
        peer: 6 * at + 1,
        network: 63 - 5 * at,
    };
    let silenced: Vec<PeerPath> = (0..SILENCED as u16).map(silenced).collect();
    silenced.iter().for_each(|path| generator.silence(*path));
    let limit = 2 * stage.timing().detection() + ANSWER_LIMIT;
    let begin = Instant::now();
    while but_for_pauses(stage.events().since(mark)?, stage, generator)?.len() < SILENCED {
        ensure!(begin.elapsed() < limit, "fewer than {SILENCED} paths lost");
        interrupt::sleep(Duration::from_millis(20))?;
        stage.check_agent()?;
        generator.check()?;
    }
    interrupt::sleep(stage.timing().detection())?;
    let events = but_for_pauses(stage.events().since(mark)?, stage, generator)?;
    one_each(&events, PATH_LOST, silenced.into_iter()).with_context(|| {
        let pause = generator.longest_pause();
        format!("the longest pause of the generator was {pause:?}")
    })
}

/// Events without those that tell, truly, that the generator answered while it sent nothing.
fn but_for_pauses(events: Vec<Event>, stage: &Stage, generator: &Generator) -> Result<Vec<Event>> {
    let (pauses, others): (Vec<_>, Vec<_>) = events
        .into_iter()
        .partition(|event| [AGENT_STALLED, AGENT_RESUMED].contains(&event.id));
    let longest = generator.longest_pause();
    ensure!(
        pauses.is_empty() || stage.timing().interval / 8 < longest,
        "{} events of pauses, of which the longest was {longest:?}",
        pauses.len()
    );
    Ok(others)
}

fn is_pleasant(interval: Duration, Answer { what, took, bytes }: Answer) -> Result<()> {
    println!("{interval:?}: {what}: {took:?}, {bytes} bytes");
    ensure!(took < ANSWER_LIMIT, "{what} took {took:?}");
    Ok(())
}

/// A file that says the same, then one that judges all paths otherwise. That peers run another one then, is said.
fn a_reload_disturbs_no_path(stage: &mut Stage) -> Result<()> {
    let (mark, timing) = (stage.events().mark()?, stage.timing());
    is_pleasant(
        timing.interval,
        answers::reload(stage, "reload, unchanged")?,
    )?;
    stage.configure(Timing {
        lost_after: timing.lost_after + 1,
        ..timing
    })?;
    is_pleasant(timing.interval, answers::reload(stage, "reload, changed")?)?;
    interrupt::sleep(stage.timing().detection())?;
    stage.check_agent()?;
    let events = stage.events().since(mark)?;
    let of = |ids: &[u32]| {
        events
            .iter()
            .filter(|event| ids.contains(&event.id))
            .count()
    };
    ensure!(
        of(&[OPERATOR]) == 2,
        "{} reloads were told",
        of(&[OPERATOR])
    );
    ensure!(
        of(&[CONFIG_DIFFERS]) == usize::from(SHAPE.peers),
        "{} peers were told to run another configuration",
        of(&[CONFIG_DIFFERS])
    );
    ensure!(of(&[PATH_LOST, PATH_RESTORED]) == 0, "a path was disturbed");
    Ok(())
}

/// The events are one of this number for each of these paths, and nothing else.
fn one_each(events: &[Event], id: u32, paths: impl Iterator<Item = PeerPath>) -> Result<()> {
    let key = |event: &Event| Some([event.peer.clone()?, event.network.clone()?]);
    let mut found: Vec<_> = events
        .iter()
        .filter(|event| event.id == id)
        .filter_map(key)
        .collect();
    let mut wanted: Vec<_> = paths.map(PeerPath::labels).collect();
    found.sort_unstable();
    wanted.sort_unstable();
    let strange = events.iter().find(|event| event.id != id);
    ensure!(
        strange.is_none(),
        "{} was not expected",
        strange.expect("it is there")
    );
    ensure!(
        found == wanted,
        "{} events of {id} instead of {}, among them {:?}",
        found.len(),
        wanted.len(),
        found.iter().find(|path| !wanted.contains(path))
    );
    Ok(())
}

/// After the end, to the last heartbeat: what was sent was recorded, or waited for its incarnation's echo.
fn nothing_is_missing(sent: &[u64], metrics: &Metrics) -> Result<()> {
    let arrivals = by_path(metrics, "heartbeat_arrivals_total")?;
    for name in [
        "heartbeat_heartbeats_lost_total",
        "heartbeat_reordered_total",
        "heartbeat_duplicates_total",
        "heartbeat_send_errors_total",
    ] {
        let odd = by_path(metrics, name)?.into_iter().max();
        ensure!(odd == Some(0), "{name} is {odd:?}");
    }
    let verdicts = verdicts(metrics);
    let of = |verdict| verdicts.get(verdict).copied().unwrap_or(0);
    let sum = |counts: &[u64]| counts.iter().sum::<u64>();
    ensure!(
        of("heartbeat") == sum(&arrivals) && of("heartbeat") + of("candidate") == sum(sent),
        "{} sent, {} recorded, by verdict: {verdicts:?}",
        sum(sent),
        sum(&arrivals)
    );
    for ((sent, arrived), path) in sent.iter().zip(&arrivals).zip(SHAPE.all()) {
        ensure!(
            0 < *arrived && arrived < sent,
            "{path:?}: {sent} sent, {arrived} recorded"
        );
    }
    Ok(())
}

/// Frames of all networks by verdict, where there are any.
fn verdicts(metrics: &Metrics) -> BTreeMap<String, u64> {
    let mut verdicts = BTreeMap::new();
    for sample in metrics.matching("heartbeat_frames_total", &[]) {
        if let Some(verdict) = sample.labels.get("verdict").filter(|_| sample.value != 0.0) {
            *verdicts.entry(verdict.clone()).or_default() += sample.value as u64;
        }
    }
    verdicts
}

/// A counter of every path, in the order of the shape.
fn by_path(metrics: &Metrics, name: &str) -> Result<Vec<u64>> {
    let mut found = BTreeMap::new();
    for sample in metrics.matching(name, &[]) {
        let label = |label| sample.labels.get(label).cloned().unwrap_or_default();
        found.insert([label("peer"), label("network")], sample.value as u64);
    }
    let value = |path: PeerPath| found.get(&path.labels()).copied();
    let values: Option<Vec<u64>> = SHAPE.all().map(value).collect();
    values.with_context(|| format!("{name} has not all paths"))
}
