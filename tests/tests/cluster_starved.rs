//! Agents that do not get to run accuse nobody, and what really happened meanwhile they report all the same.
//!
//! Every other detector in user space calls its peers lost when it is itself not scheduled. So each story here has
//! two witnesses that the agents were badly off: the hogs count the processor time they got, and a plain tokio
//! heartbeat beside the agents is under the same load. In the middle of it a path is cut for real.

use std::path::Path as FilePath;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::hog::{BusyTime, Hogs, Pressure, Usage, Window, above};
use heartbeat_tests::lab::clock::monotonic_ns;
use heartbeat_tests::lab::event::{Event, PATH_LOST, PATH_RESTORED, SELF_STARVED};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::{Network, Node, Plan};
use heartbeat_tests::lab::tap::{Silence, Tap};
use heartbeat_tests::lab::transcript::{Expected, Path};
use heartbeat_tests::lab::{Lab, interrupt, requirements};
use heartbeat_tests::suite::{Suite, Test, in_running_lab};
use heartbeat_tests::tokio_control::{Seen, pair::Pair};

const A: Node = Node(0);
const B: Node = Node(1);
const C: Node = Node(2);
const PRIVATE: Network = Network(0);
const PUBLIC: Network = Network(1);

const INTERVAL: Duration = Duration::from_millis(100);
const LOST_AFTER: u32 = 3;
/// How long the hogs run.
const LOAD: Duration = Duration::from_secs(30);
/// From the call to the hogs' first turn.
const RUN_UP: Duration = Duration::from_secs(1);
/// How long an agent is stopped.
const STOP: Duration = Duration::from_secs(5);
/// What may pass until an event on a busy machine.
const LIMIT: Duration = Duration::from_secs(10);
/// How long nothing else may come.
const QUIET: Duration = Duration::from_secs(1);
/// What the hogs have to get of the processor time there is.
const SHARE_MIN: f64 = 0.9;

const TESTS: &[Test] = &[
    (
        "under two hogs on every CPU at normal priority nobody is accused, and a real cut is reported",
        normal_hogs,
    ),
    (
        "under SCHED_FIFO hogs on every CPU nobody is accused, a real cut is reported, and a tokio heartbeat fails",
        fifo_hogs,
    ),
    (
        "an agent that is stopped for a while accuses nobody, is all that others report, and tells of cuts truly",
        stopped_in_turn,
    ),
    (
        "an agent measures its own lateness and says once that it could not judge in time",
        own_lateness,
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
    Plan::nodes(3).two_networks().timing(INTERVAL, LOST_AFTER)
}

fn helper() -> &'static FilePath {
    FilePath::new(env!("CARGO_BIN_EXE_load"))
}

fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).expect("the durations here are short")
}

fn seconds(ns: u64) -> f64 {
    Duration::from_nanos(ns).as_secs_f64()
}

/// What was measured while the hogs ran.
struct Load {
    window: Window,
    usage: Usage,
    /// Busy time of the whole machine, the hogs' included.
    busy: Duration,
    control: Vec<Seen>,
    largest_gap_ns: u64,
}

impl Load {
    /// The hogs' part of what all others left them: other work on this machine makes a hog no milder.
    fn share_of_rest(&self) -> f64 {
        let others = self.busy.saturating_sub(self.usage.cpu());
        let rest = self.usage.offered(self.window).saturating_sub(others);
        self.usage.cpu().as_secs_f64() / rest.as_secs_f64()
    }

    fn largest_gap_of_control(&self) -> Duration {
        let gaps = self.control.iter().map(Seen::largest_gap);
        gaps.max().unwrap_or_default()
    }

    fn print(&self, name: &str) {
        println!(
            "{name}: {} hogs used {:.1} % of {} CPUs ({:.1} % of what all else left); largest gap on the wire \
             {:.1} ms; the tokio heartbeat's largest gap {:.1} ms, {} losses",
            self.usage.eaten.len(),
            100.0 * self.usage.share(self.window),
            self.usage.cpus,
            100.0 * self.share_of_rest(),
            1e3 * seconds(self.largest_gap_ns),
            1e3 * self.largest_gap_of_control().as_secs_f64(),
            self.control.iter().map(|seen| seen.losses).sum::<u64>(),
        );
    }
}

fn normal_hogs() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let load = under_load(lab, Pressure::Normal, 2)?;
        load.print("normal priority");
        let share = load.share_of_rest();
        ensure!(
            SHARE_MIN <= share,
            "the hogs used only {share:.2} of what all else left"
        );
        Ok(())
    })
}

fn fifo_hogs() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let load = under_load(lab, Pressure::Fifo, 1)?;
        load.print("SCHED_FIFO");
        let share = load.usage.share(load.window);
        ensure!(SHARE_MIN <= share, "the hogs used only {share:.2}");
        let (gap, detection) = (load.largest_gap_of_control(), plan().detection_time());
        ensure!(
            detection < gap,
            "the tokio heartbeat got through with gaps of at most {gap:?}: this load proves nothing"
        );
        let losses: u64 = load.control.iter().map(|seen| seen.losses).sum();
        ensure!(0 < losses, "the tokio heartbeat accused nobody");
        Ok(())
    })
}

/// Runs hogs, the control beside them, and a cut from C to A in the middle, and judges what was reported.
fn under_load(lab: &mut Lab, pressure: Pressure, on_each: usize) -> Result<Load> {
    let window = Window::after(RUN_UP, LOAD);
    let mut feed = Feed::from_now(lab)?;
    let before = arrivals(lab)?;
    let control = Pair::start(helper(), lab, PRIVATE, [A, B], window.end_ns)?;
    let hogs = Hogs::start(helper(), pressure, on_each, window)?;
    let meanwhile = above(|| cut_meanwhile(lab, window))?;
    let load = Load {
        window,
        usage: hogs.wait()?,
        busy: meanwhile.busy,
        control: control.wait()?,
        largest_gap_ns: meanwhile.largest_gap_ns,
    };
    let cut = lab.plan().path(A, C, PRIVATE);
    let expected = Expected::lost_and_restored([cut.clone()]);
    feed.wait_for(&expected, LIMIT)
        .and_then(|()| feed.nothing_but(&expected, QUIET))
        .inspect_err(|_| load.print("broken"))?;
    is_told_truly(&feed, &cut, &meanwhile.cut)?;
    let told_ns = feed.first(&cut, PATH_LOST)?.evidence("emitted_ns")?;
    ensure!(
        window.contains(told_ns),
        "the cut was reported only after the load"
    );
    lab.check_agents()?;
    heard_throughout(&before, &arrivals(lab)?)?;
    Ok(load)
}

/// What happened while the hogs ran.
struct Meanwhile {
    /// What the cut path showed on the wire.
    cut: Silence,
    largest_gap_ns: u64,
    busy: Duration,
}

/// The events of a cut path have their stamps where the wire fell silent and was heard again.
fn is_told_truly(feed: &Feed, path: &Path, silence: &Silence) -> Result<()> {
    let lost = feed.first(path, PATH_LOST)?;
    let last_ns = lost.evidence("last_arrival_ns")?;
    is_near(lost, last_ns, silence.start_ns)?;
    let deadline_ns = lost.evidence("deadline_ns")?;
    let detection_ns = deadline_ns - last_ns;
    ensure!(
        detection_ns == ns(plan().detection_time()),
        "{lost} has its deadline {detection_ns} ns after the last arrival"
    );
    ensure!(
        deadline_ns <= lost.evidence("judged_ns")?,
        "{lost} was judged before its deadline"
    );
    let restored = feed.first(path, PATH_RESTORED)?;
    let end_ns = last_ns + restored.evidence("outage_ns")?;
    is_near(restored, end_ns, silence.end_ns)
}

fn is_near(event: &Event, told_ns: u64, true_ns: u64) -> Result<()> {
    let off_ns = told_ns.abs_diff(true_ns);
    ensure!(
        off_ns <= ns(INTERVAL / 2),
        "{event} is {:.3} s from what the wire showed",
        seconds(off_ns)
    );
    Ok(())
}

/// The longest silence that a tap heard.
fn longest(tap: Tap) -> Result<Silence> {
    let silences = tap.silences()?.into_iter();
    silences
        .max_by_key(Silence::length_ns)
        .context("a tap heard nothing")
}

/// Listens to the private network and cuts C from A for a while. This runs above the hogs.
fn cut_meanwhile(lab: &Lab, window: Window) -> Result<Meanwhile> {
    let listen = |(from, to)| Tap::listen(lab.switch(PRIVATE), from, to);
    let cut = listen((C, A))?;
    let healthy = healthy_pairs(lab.plan())
        .map(listen)
        .collect::<Result<Vec<_>>>()?;
    sleep_until(window.begin_ns)?;
    let busy = BusyTime::now()?;
    interrupt::sleep(window.length() / 3)?;
    let fault = lab.drop_between(C, A, PRIVATE)?;
    interrupt::sleep(window.length() / 4)?;
    ensure!(0 < fault.heal()?.dropped, "the switch dropped nothing");
    sleep_until(window.end_ns)?;
    let busy = BusyTime::now()?.since(busy);
    let mut largest_gap_ns = 0;
    for tap in healthy {
        largest_gap_ns = largest_gap_ns.max(longest(tap)?.length_ns());
    }
    Ok(Meanwhile {
        cut: longest(cut)?,
        largest_gap_ns,
        busy,
    })
}

/// All directions but the one that is cut.
fn healthy_pairs(plan: &Plan) -> impl Iterator<Item = (Node, Node)> {
    let to = |to| plan.peers(to).map(move |from| (from, to));
    let pairs = plan.all_nodes().flat_map(to);
    pairs.filter(|pair| *pair != (C, A))
}

fn sleep_until(moment_ns: u64) -> Result<()> {
    let left = moment_ns.saturating_sub(monotonic_ns());
    Ok(interrupt::sleep(Duration::from_nanos(left))?)
}

/// Heartbeats that each node has heard from all others on both networks.
fn arrivals(lab: &Lab) -> Result<Vec<f64>> {
    lab.plan()
        .all_nodes()
        .map(|node| {
            let metrics = lab.metrics(node)?;
            let paths = metrics.matching("heartbeat_arrivals_total", &[]);
            Ok(paths.map(|path| path.value).sum())
        })
        .collect()
}

/// Nodes that hear nothing accuse nobody either; so they must have heard nearly all of it.
fn heard_throughout(before: &[f64], after: &[f64]) -> Result<()> {
    let due = LOAD.as_secs_f64() / INTERVAL.as_secs_f64() * 4.0;
    for (before, after) in before.iter().zip(after) {
        let heard = after - before;
        ensure!(
            0.75 * due <= heard,
            "a node heard only {heard} of about {due} heartbeats"
        );
    }
    Ok(())
}

/// One turn for each node, and what must be told of it.
fn stopped_in_turn() -> Result<()> {
    in_running_lab(plan(), |lab| {
        for stopped in lab.plan().all_nodes() {
            let mut others = lab.plan().peers(stopped);
            let healthy = [others.next(), others.next()].map(|node| node.expect("three nodes"));
            stop_one(lab, stopped, healthy)
                .with_context(|| format!("while {stopped} was stopped"))?;
        }
        Ok(())
    })
}

/// Stops the agent of one node. Meanwhile its path to `near` is cut on the private network, and that from `far` to
/// `near` on the public one; the first comes back only after the agent goes on.
fn stop_one(lab: &mut Lab, stopped: Node, [near, far]: [Node; 2]) -> Result<()> {
    let plan = lab.plan().clone();
    let own = plan.path(stopped, near, PRIVATE);
    let theirs = plan.path(near, far, PUBLIC);
    let own_tap = Tap::listen(lab.switch(PRIVATE), near, stopped)?;
    let their_tap = Tap::listen(lab.switch(PUBLIC), far, near)?;
    let mut feed = Feed::from_now(lab)?;
    let before = arrivals(lab)?[stopped.0];
    lab.pause_agent(stopped)?;
    interrupt::sleep(STOP / 5)?;
    let own_cut = lab.drop_between(near, stopped, PRIVATE)?;
    let their_cut = lab.drop_between(far, near, PUBLIC)?;
    interrupt::sleep(STOP / 5 * 2)?;
    their_cut.heal()?;
    interrupt::sleep(STOP / 5 * 2)?;
    let resumed_ns = monotonic_ns();
    lab.resume_agent(stopped)?;
    feed.wait_for_lost(&own)?;
    own_cut.heal()?;

    let about_stopped = plan
        .all_networks()
        .flat_map(|network| plan.paths_to(stopped, network));
    let expected = Expected::lost_and_restored(about_stopped.chain([own.clone(), theirs.clone()]));
    feed.wait_for(&expected, LIMIT)?;
    feed.nothing_but(&expected, QUIET)?;
    is_told_truly(&feed, &theirs, &longest(their_tap)?)?;
    let silence = longest(own_tap)?;
    is_told_truly(&feed, &own, &silence)?;
    ensure!(
        silence.start_ns < resumed_ns,
        "the cut came after the agent went on"
    );
    let judged_ns = feed.first(&own, PATH_LOST)?.evidence("judged_ns")?;
    ensure!(
        resumed_ns <= judged_ns,
        "a stopped agent judged at {judged_ns}"
    );
    // Two peers on two networks, less the one path that was cut.
    let due = 3.0 * STOP.as_secs_f64() / INTERVAL.as_secs_f64();
    let heard = arrivals(lab)?[stopped.0] - before;
    ensure!(
        0.75 * due <= heard,
        "{stopped} heard only {heard} of {due} heartbeats while its agent was stopped"
    );
    Ok(())
}

/// Waiting for one path, whatever the others do.
trait WaitForLost {
    fn wait_for_lost(&mut self, path: &Path) -> Result<()>;
}

impl WaitForLost for Feed {
    fn wait_for_lost(&mut self, path: &Path) -> Result<()> {
        heartbeat_tests::lab::wait::until(&format!("a 1123 of {path}"), LIMIT, || {
            self.read()?;
            Ok(self.about(path, PATH_LOST).next().map(drop))
        })
    }
}

fn own_lateness() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let calm = lateness(lab)?;
        ensure!(
            calm.iter().all(|late| *late < STOP.as_secs_f64() / 2.0),
            "before anything happened the agent was {calm:?} s late"
        );
        let (status, _) = lab.status(A)?;
        let scheduling = status["scheduling"].as_str().unwrap_or_default();
        ensure!(
            ["deadline", "fifo", "normal"].contains(&scheduling),
            "status does not say at which priority the sender runs: {scheduling:?}"
        );
        let mut feed = Feed::from_now(lab)?;
        lab.pause_agent(A)?;
        interrupt::sleep(STOP)?;
        lab.resume_agent(A)?;
        let told = feed.wait_for_event(A, SELF_STARVED, A, LIMIT)?;
        ensure!(told.severity == "warning", "{told} is {}", told.severity);
        interrupt::sleep(3 * QUIET)?;
        feed.read()?;
        for node in lab.plan().all_nodes() {
            let times = feed.said(node, SELF_STARVED, node).count();
            let due = usize::from(node == A);
            ensure!(times == due, "{node} told {times} times that it was late");
        }
        let late = lateness(lab)?;
        let least = STOP.as_secs_f64() * 0.8;
        ensure!(
            late.iter().all(|late| least <= *late),
            "after a stop of {STOP:?} loop and sender were {late:?} s late"
        );
        Ok(())
    })
}

/// The largest lateness of main loop and sender of A's agent, in seconds.
fn lateness(lab: &Lab) -> Result<[f64; 2]> {
    let metrics = lab.metrics(A)?;
    Ok([
        metrics.value("heartbeat_agent_lateness_max_1m_seconds", &[])?,
        metrics.value("heartbeat_sender_lateness_max_1m_seconds", &[])?,
    ])
}
