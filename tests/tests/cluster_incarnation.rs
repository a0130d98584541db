//! Runs of an agent that are not newer than the last one, and recordings of one that is gone.
//!
//! A restored state directory takes an agent's number back, as a clock that was set back would where nothing
//! is stored: what it sends then looks like a recording of itself. It must find that out and go above. A
//! recording must get nowhere, even at a node that knows nothing, because it was just booted.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use heartbeat_ebpf::wire::Kind;
use heartbeat_tests::lab::cast::{A, B, C, PRIVATE};
use heartbeat_tests::lab::event::{INCARNATION_REFUSED, PATH_RESTORED};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::{Network, Node, Plan};
use heartbeat_tests::lab::recording::Recorder;
use heartbeat_tests::lab::transcript::{self, Expected};
use heartbeat_tests::lab::{Lab, interrupt, requirements};
use heartbeat_tests::suite::{Suite, Test, in_lab, in_running_lab};

const INTERVAL: Duration = Duration::from_millis(100);
/// What may pass until something happens on a busy machine.
const LIMIT: Duration = Duration::from_secs(10);
/// How long nothing else may come.
const QUIET: Duration = Duration::from_secs(1);
/// One way between two far sites: an echo comes back when three more were asked.
const FAR: Duration = Duration::from_millis(200);
/// How far ahead a clock was when it is set back.
const AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

const TESTS: &[Test] = &[
    (
        "an agent whose state directory was restored notices, goes above and is up again",
        restored_state,
    ),
    (
        "a recording of a dead node brings nobody back at a node that was just booted",
        recording,
    ),
    (
        "a new run is believed between sites whose round trip is longer than the interval",
        far_sites,
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

fn plan() -> Plan {
    Plan::nodes(3).two_networks().timing(INTERVAL, 3)
}

/// Where an agent keeps the number of its run.
fn incarnation_file(lab: &Lab, node: Node) -> std::path::PathBuf {
    lab.files().state(node).join("incarnation")
}

fn stored_incarnation(lab: &Lab, node: Node) -> Result<u64> {
    let path = incarnation_file(lab, node);
    let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    Ok(text.trim().parse()?)
}

fn copy_files(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("read {}", from.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Sum of the frames of these verdicts that a node counted on the private network.
fn frames(lab: &Lab, node: Node, verdict: &str) -> Result<f64> {
    let labels = [("network", lab.plan().label(PRIVATE)), ("verdict", verdict)];
    lab.metrics(node)?.value("heartbeat_frames_total", &labels)
}

/// Starts all agents, node-b's as if its clock were a day ahead, with a copy of its state from before; then
/// kills it and puts the copy back.
fn set_back(lab: &mut Lab) -> Result<u64> {
    lab.start_agents()?;
    lab.wait_all_up()?;
    lab.kill_agent(B)?;
    let (state, copy) = (lab.files().state(B), lab.name().directory().join("copy"));
    copy_files(&state, &copy)?;
    let ahead = SystemTime::now().duration_since(UNIX_EPOCH)? + AHEAD;
    fs::write(incarnation_file(lab, B), format!("{}\n", ahead.as_nanos()))?;
    lab.start_agent(B)?;
    lab.wait_all_up_again()?;
    lab.kill_agent(B)?;
    let reached = stored_incarnation(lab, B)?;
    fs::remove_dir_all(&state).context("remove the state directory")?;
    copy_files(&copy, &state)?;
    ensure!(
        stored_incarnation(lab, B)? < reached,
        "the restored state is not older"
    );
    Ok(reached)
}

fn restored_state() -> Result<()> {
    in_lab(plan(), |lab| {
        let reached = set_back(lab)?;
        let mut feed = Feed::from_now(lab)?;
        let replays = [frames(lab, A, "replay")?, frames(lab, C, "replay")?];
        lab.start_agent(B)?;
        let refused = feed.wait_for_event(B, INCARNATION_REFUSED, B, LIMIT)?;
        ensure!(refused.network.is_none(), "{refused} names a network");
        lab.wait_all_up_again()?;
        feed.read()?;
        let said = feed.said(B, INCARNATION_REFUSED, B).count();
        ensure!(said == 1, "node-b went above {said} times");
        ensure!(
            reached < stored_incarnation(lab, B)?,
            "node-b is not above its earlier run"
        );
        blamed_for_nothing(&feed)?;
        ensure!(
            replays[0] < frames(lab, A, "replay")? && replays[1] < frames(lab, C, "replay")?,
            "nobody refused the older run, so nothing was tried"
        );
        Ok(())
    })
}

/// Node-b has heard the others all the time, and each of them lost it at most once and has it back.
fn blamed_for_nothing(feed: &Feed) -> Result<()> {
    let (own, about) = ("node-b", Some("node-b"));
    for event in feed
        .events()
        .iter()
        .filter(|event| transcript::is_judged(event))
    {
        ensure!(event.observer != own, "node-b says {event}");
        ensure!(event.peer.as_deref() == about, "{event} was not expected");
    }
    Ok(())
}

/// Node-b is dead, not only its agent: nothing of it answers any more, and nobody hears it.
fn recording() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let switch = lab.switch(PRIVATE).clone();
        let recorder = Recorder::listen(&switch, B, A)?;
        lab.restart_agent(B)?;
        lab.wait_all_up_again()?;
        interrupt::sleep(QUIET)?;
        let recording = recorder.end()?;
        lab.kill_agent(B)?;
        lab.detach_node(B)?;
        let _dead = [lab.drop_from(B, PRIVATE)?, lab.drop_from(B, Network(1))?];
        lab.stop_agent(A)?;
        lab.detach_node(A)?;
        let mut feed = Feed::from_now(lab)?;
        lab.start_agent(A)?;
        let heartbeats = recording.count(Kind::Heartbeat);
        ensure!(
            10 <= heartbeats && 0 < recording.count(Kind::EchoReply),
            "the recording holds too little: {heartbeats} heartbeats"
        );
        let sent = recording.play(&switch, INTERVAL / 2)?;
        interrupt::sleep(QUIET)?;
        ensure!(
            heartbeats as f64 <= frames(lab, A, "candidate")?,
            "node-a did not take the recorded heartbeats for those of a candidate"
        );
        stays_unknown(lab, &mut feed)?;
        println!("{sent} recorded frames were played, {heartbeats} of them heartbeats");
        Ok(())
    })
}

/// Node-a knows nothing of node-b, and hears node-c as ever.
fn stays_unknown(lab: &mut Lab, feed: &mut Feed) -> Result<()> {
    let metrics = lab.metrics(A)?;
    for network in lab.plan().all_networks() {
        let labels = [
            ("peer", "node-b"),
            ("network", lab.plan().label(network)),
            ("state", "unknown"),
        ];
        let unknown = metrics.value("heartbeat_path_state", &labels)?;
        ensure!(unknown == 1.0, "node-b is not unknown to node-a");
    }
    feed.read()?;
    let restored = feed.said(A, PATH_RESTORED, B).count();
    ensure!(restored == 0, "the recording restored {restored} paths");
    let to_c = Expected::restored(
        lab.plan()
            .all_networks()
            .map(|network| lab.plan().path(A, C, network)),
    );
    let about_c: Vec<_> = feed
        .events()
        .iter()
        .filter(|event| event.peer.as_deref() == Some("node-c"))
        .cloned()
        .collect();
    let differences = transcript::differences(&to_c, &about_c);
    ensure!(differences.is_empty(), "node-c as well: {differences:?}");
    Ok(())
}

fn far_sites() -> Result<()> {
    in_lab(plan(), |lab| {
        let away = |lab: &Lab, from, to| lab.move_away(from, to, PRIVATE, FAR);
        let ways = [away(lab, A, B)?, away(lab, B, A)?];
        lab.start_agents()?;
        lab.wait_all_up()?;
        lab.kill_agent(B)?;
        lab.start_agent(B)?;
        lab.wait_all_up_again()?;
        let replies = ways.each_ref().map(|way| way.replies());
        ensure!(
            2 <= replies[0] && 2 <= replies[1],
            "only {replies:?} echoes took the long way"
        );
        let late = frames(lab, A, "echo_unexpected")?;
        ensure!(
            0.0 < late,
            "every echo came before the next was asked: the way is not long"
        );
        ways.into_iter().try_for_each(|way| way.come_near())
    })
}
