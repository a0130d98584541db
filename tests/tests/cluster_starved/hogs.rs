//! Hogs on every CPU: the agents' senders get through, and their verdicts come from stamps.

use std::path::Path as FilePath;
use std::time::Duration;

use anyhow::{Result, ensure};
use heartbeat_tests::hog::{BusyTime, Hogs, Pressure, Usage, Window, above};
use heartbeat_tests::lab::clock::monotonic_ns;
use heartbeat_tests::lab::event::PATH_LOST;
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::{Node, Plan};
use heartbeat_tests::lab::tap::{Silence, Tap};
use heartbeat_tests::lab::transcript::Expected;
use heartbeat_tests::lab::{Lab, interrupt};
use heartbeat_tests::suite::{Test, in_running_lab};
use heartbeat_tests::tokio_control::{Seen, pair::Pair};

use super::{
    A, B, C, INTERVAL, LIMIT, PRIVATE, QUIET, arrivals, is_told_truly, longest, plan, seconds,
};

pub const TESTS: &[Test] = &[
    (
        "under two hogs on every CPU at normal priority nobody is accused, and a real cut is reported",
        normal_hogs,
    ),
    (
        "under SCHED_FIFO hogs on every CPU nobody is accused, a real cut is reported, and a tokio heartbeat fails",
        fifo_hogs,
    ),
];

/// How long the hogs run.
const LOAD: Duration = Duration::from_secs(30);
/// From the call to the hogs' first turn.
const RUN_UP: Duration = Duration::from_secs(1);
/// What the hogs have to get of the processor time there is.
const SHARE_MIN: f64 = 0.9;

fn helper() -> &'static FilePath {
    FilePath::new(env!("CARGO_BIN_EXE_load"))
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
