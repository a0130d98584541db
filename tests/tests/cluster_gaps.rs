//! The detector against a witness: at 10 ms, every silence beyond the deadline is reported, and no other.
//!
//! At this speed the machine disturbs by itself, so the test does not say when a path must be lost; a packet
//! socket at the switch port does. Where the witness and the agent could honestly differ, within a few
//! milliseconds around the deadline, nothing is claimed.

use std::hint;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::cast::{A, B, PRIVATE};
use heartbeat_tests::lab::event::{Event, PATH_LOST, PATH_RESTORED};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::Plan;
use heartbeat_tests::lab::tap::{Silence, Tap};
use heartbeat_tests::lab::{Lab, interrupt, requirements};
use heartbeat_tests::suite::{Suite, Test, in_running_lab};

/// Where witness and agent may differ: between them lies a softirq.
const MARGIN_NS: u64 = 5_000_000;
/// Cuts long enough to be reported.
const CUTS: u32 = 12;

const TESTS: &[Test] = &[(
    "at 10 ms times 3 every 1123 has its silence and every silence its 1123",
    every_silence_is_reported,
)];

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 1,
        tests: &[TESTS],
    }
    .run()
}

fn every_silence_is_reported() -> Result<()> {
    let plan = Plan::nodes(3)
        .network("private", "Private Network")
        .timing(Duration::from_millis(10), 3);
    in_running_lab(plan, |lab| {
        let tap = Tap::listen(lab.switch(PRIVATE), B, A)?;
        // The witness must have heard the heartbeat before the first silence.
        interrupt::sleep(Duration::from_millis(200))?;
        let mut feed = Feed::from_now(lab)?;
        let dropped = with_disturbance(|| short_cuts(lab))?;
        ensure!(0 < dropped, "the switch dropped nothing");
        feed.read()?;
        let silences = tap.silences()?;
        let path = lab.plan().path(A, B, PRIVATE);
        let detection_ns = u64::try_from(lab.plan().detection_time().as_nanos())?;
        let lost: Vec<&Event> = feed.about(&path, PATH_LOST).collect();
        let restored: Vec<&Event> = feed.about(&path, PATH_RESTORED).collect();
        ensure!(
            CUTS as usize <= lost.len(),
            "{CUTS} long cuts, but only {} x 1123",
            lost.len()
        );
        ensure!(
            lost.len() == restored.len(),
            "{} x 1123, {} x 1122",
            lost.len(),
            restored.len()
        );
        for (lost, restored) in lost.iter().zip(&restored) {
            has_its_silence(lost, restored, &silences, detection_ns)?;
        }
        silences
            .iter()
            .filter(|silence| detection_ns + MARGIN_NS < silence.length_ns())
            .try_for_each(|silence| has_its_event(silence, &lost))
    })
}

/// Cuts of 60 ms and of 5 ms in turn, with time to recover.
fn short_cuts(lab: &Lab) -> Result<u64> {
    let mut dropped = 0;
    for _ in 0..CUTS {
        for cut_ms in [60, 5] {
            let cut = lab.drop_between(B, A, PRIVATE)?;
            interrupt::sleep(Duration::from_millis(cut_ms))?;
            dropped += cut.heal()?.dropped;
            interrupt::sleep(Duration::from_millis(100))?;
        }
    }
    Ok(dropped)
}

/// Does `work` while another thread takes what it gets of a processor.
fn with_disturbance<T>(work: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                hint::spin_loop();
            }
        });
        let done = work();
        over.store(true, Ordering::Relaxed);
        done
    })
}

/// A 1123 and the 1122 after it tell of one silence that the witness saw too.
fn has_its_silence(
    lost: &Event,
    restored: &Event,
    silences: &[Silence],
    detection_ns: u64,
) -> Result<()> {
    let start_ns = lost.evidence("last_arrival_ns")?;
    let outage_ns = restored.evidence("outage_ns")?;
    ensure!(
        detection_ns < outage_ns,
        "{restored}: an outage of only {outage_ns} ns"
    );
    let distance_ns = |silence: &&Silence| silence.start_ns.abs_diff(start_ns);
    let silence = silences
        .iter()
        .min_by_key(distance_ns)
        .context("the switch saw no heartbeats")?;
    ensure!(
        distance_ns(&silence) <= MARGIN_NS,
        "{lost}: the switch saw no silence that began at {start_ns}; the nearest is {silence:?}"
    );
    ensure!(
        silence.length_ns().abs_diff(outage_ns) <= 2 * MARGIN_NS,
        "{restored}: an outage of {outage_ns} ns, at the switch {} ns",
        silence.length_ns()
    );
    Ok(())
}

fn has_its_event(silence: &Silence, lost: &[&Event]) -> Result<()> {
    let starts: Vec<u64> = lost
        .iter()
        .map(|event| event.evidence("last_arrival_ns"))
        .collect::<Result<_>>()?;
    ensure!(
        starts
            .iter()
            .any(|start_ns| silence.start_ns.abs_diff(*start_ns) <= MARGIN_NS),
        "a silence of {} ns from {} on has no 1123",
        silence.length_ns(),
        silence.start_ns
    );
    Ok(())
}
