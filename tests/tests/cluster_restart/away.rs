//! Away for longer than the detection time: what happened meanwhile is told once, by the stamps.

use std::time::Duration;

use anyhow::{Result, ensure};
use heartbeat_tests::lab::clock::monotonic_ns;
use heartbeat_tests::lab::event::{PATH_LOST, PATH_RESTORED};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::{Network, Node};
use heartbeat_tests::lab::transcript::{self, Expected, Path};
use heartbeat_tests::lab::{Lab, interrupt, wait};
use heartbeat_tests::suite::{Test, in_running_lab};

use super::{A, B, C, INTERVAL, LIMIT, PRIVATE, PUBLIC, QUIET, plan};

pub const TESTS: &[Test] = &[(
    "an agent that was away tells what happened meanwhile, once, even if it is killed again",
    away,
)];

/// Long enough to be told.
const CUT: Duration = Duration::from_millis(700);

fn away() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let mut feed = Feed::from_now(lab)?;
        lab.kill_agent(A)?;
        let gone_ns = monotonic_ns();
        interrupt::sleep(2 * INTERVAL)?;
        let healed = lab.drop_between(B, A, PRIVATE)?;
        interrupt::sleep(CUT)?;
        ensure!(0 < healed.heal()?.dropped, "the first cut dropped nothing");
        let stays = lab.drop_between(C, A, PUBLIC)?;
        interrupt::sleep(CUT)?;
        let back_ns = monotonic_ns();
        lab.start_agent(A)?;
        let told = [expected_of_others(lab), expected_of_a(lab)].concat();
        feed.wait_for(&told, LIMIT)?;
        feed.nothing_but(&told, QUIET)?;
        happened_between(lab, &feed, gone_ns, back_ns)?;

        let mut feed = Feed::from_now(lab)?;
        lab.kill_agent(A)?;
        lab.start_agent(A)?;
        wait::until("node-a to hear node-b", LIMIT, || {
            Ok((state(lab, A, (B, PRIVATE), "up")? == 1.0).then_some(()))
        })?;
        says_nothing(lab, &mut feed)?;
        let lost = state(lab, A, (C, PUBLIC), "lost")?;
        ensure!(lost == 1.0, "node-a forgot that node-c is lost");
        ensure!(0 < stays.heal()?.dropped, "the second cut dropped nothing");
        let (about_c, about_a) = (lab.plan().path(A, C, PUBLIC), lab.plan().path(C, A, PUBLIC));
        feed.wait_for_path(&about_c, PATH_RESTORED, LIMIT)?;
        ensure!(
            feed.about(&about_c, PATH_LOST).count() == 0,
            "node-a lost node-c twice"
        );
        feed.wait_for_path(&about_a, PATH_RESTORED, LIMIT)?;
        lab.wait_all_up()
    })
}

/// The others lost node-a, which was silent for so long. Node-c can't confirm its new run where its own echo
/// requests are cut.
fn expected_of_others(lab: &Lab) -> Vec<Expected> {
    let unconfirmed = lab.plan().path(C, A, PUBLIC);
    let both = lab.plan().all_networks();
    let others: Vec<Path> = both
        .flat_map(|network| lab.plan().paths_to(A, network))
        .filter(|path| *path != unconfirmed)
        .collect();
    [
        Expected::lost_and_restored(others),
        Expected::lost([unconfirmed]),
    ]
    .concat()
}

fn expected_of_a(lab: &Lab) -> Vec<Expected> {
    [
        Expected::lost_and_restored([lab.plan().path(A, B, PRIVATE)]),
        Expected::lost([lab.plan().path(A, C, PUBLIC)]),
    ]
    .concat()
}

/// The stamps in the evidence are those of the time without an agent, not of its return.
fn happened_between(lab: &Lab, feed: &Feed, gone_ns: u64, back_ns: u64) -> Result<()> {
    for path in [
        lab.plan().path(A, B, PRIVATE),
        lab.plan().path(A, C, PUBLIC),
    ] {
        let last_ns = feed.first(&path, PATH_LOST)?.evidence("last_arrival_ns")?;
        ensure!(
            gone_ns < last_ns && last_ns < back_ns,
            "{path}: lost after {last_ns}, but the cut was between {gone_ns} and {back_ns}"
        );
    }
    let restored = feed.first(&lab.plan().path(A, B, PRIVATE), PATH_RESTORED)?;
    let outage = Duration::from_nanos(restored.evidence("outage_ns")?);
    ensure!(
        // An interval before the cut and one after it, and what a busy machine adds.
        CUT - INTERVAL <= outage && outage <= CUT + 10 * INTERVAL,
        "{restored}: an outage of {outage:?} instead of about {CUT:?}"
    );
    Ok(())
}

/// The restarted agent repeats nothing. Of it the others may tell, by how long its restart took.
fn says_nothing(lab: &Lab, feed: &mut Feed) -> Result<()> {
    interrupt::sleep(lab.plan().detection_time() + QUIET)?;
    feed.read()?;
    let observer = A.to_string();
    let mut said = feed
        .events()
        .iter()
        .filter(|event| event.observer == observer && transcript::is_judged(event));
    if let Some(event) = said.next() {
        anyhow::bail!("the restarted agent says {event} again");
    }
    Ok(())
}

fn state(lab: &Lab, observer: Node, about: (Node, Network), state: &str) -> Result<f64> {
    let labels = [
        ("peer", &*about.0.to_string()),
        ("network", lab.plan().label(about.1)),
        ("state", state),
    ];
    lab.metrics(observer)?
        .value("heartbeat_path_state", &labels)
}
