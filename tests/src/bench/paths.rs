//! One agent at its limit: 4 096 paths, beside an idle agent and a plain receiver.
//!
//! Four subjects live side by side and are measured over the same windows, so that what disturbs the machine
//! disturbs all of them: an agent that hears 4 096 paths, the same that hears none, one with a single path, and
//! a [`plain`](super::plain) receiver. The awkward case is the wire: between namespaces the sender's thread carries
//! the frame through the receiver's driver, so that what a receiver costs below its process is found in the
//! generator's time. Hence the generator's time is shown too: what differs there is the stack below a socket.

use std::time::Duration;

use anyhow::{Context, Result};
use aya::sys::{Stats, enable_stats};

use super::check::{Check, Limit};
use super::report::Report;
use super::series::Series;
use super::table::{Row, Table, Unit};
use super::usage;
use crate::generator::answers;
use crate::generator::configuration::Timing;
use crate::lab::interrupt;

mod cast;

use cast::{Cast, Reading};

/// No generator and no plain receiver lives longer.
pub const SPAN: Duration = Duration::from_secs(180);
/// Windows at each timing.
const WINDOWS: usize = 7;
/// Times that each answer is asked for.
const QUESTIONS: usize = 5;
/// What 4 096 paths may cost beyond the idle agent at 1.2 s, per cent of a core.
const BEYOND_IDLE_MAX: f64 = 1.0;
/// Nanoseconds a second that are one per cent.
const PER_CENT: f64 = 1e7;

/// Measures, prints and checks.
pub fn run(report: &mut Report) -> Result<()> {
    let slow = Timing {
        interval: Duration::from_millis(1200),
        lost_after: 2,
    };
    let quick = Timing {
        interval: Duration::from_millis(100),
        lost_after: 10,
    };
    let _stats = enable_stats(Stats::RunTime).context("have the kernel time its programs")?;
    let beyond = measure(report, "paths_1200ms", slow, 4 * slow.interval)?;
    report.check(Check::new(
        "4096 paths at 1.2 s beyond idle, % of a core",
        beyond / PER_CENT,
        Limit::AtMost(BEYOND_IDLE_MAX),
    ));
    measure(report, "paths_100ms", quick, Duration::from_secs(2))?;
    Ok(())
}

/// One timing. Returns what the fed agent costs beyond the idle one, nanoseconds a second.
fn measure(
    report: &mut Report,
    name: &'static str,
    timing: Timing,
    window: Duration,
) -> Result<f64> {
    let mut cast = Cast::assemble(timing)?;
    let mut costs = Costs::default();
    let mut before = cast.read()?;
    for _ in 0..WINDOWS {
        interrupt::sleep(window)?;
        let after = cast.read()?;
        costs.add(&before, &after);
        before = after;
    }
    let beyond = costs.beyond_idle.figures().context("it was measured")?;
    report.add(costs.table(name, timing));
    report.add(memory(&cast)?);
    report.add(operator(&cast)?);
    cast.conclude()?;
    Ok(beyond.median as f64)
}

/// Processor time by what it was spent on, nanoseconds a second.
#[derive(Default)]
struct Costs {
    main: Series,
    sender: Series,
    xdp: Series,
    /// XDP, and the agent's process without its sender.
    receiving: Series,
    idle_main: Series,
    idle_sender: Series,
    beyond_idle: Series,
    single: Series,
    plain: Series,
    feeding: Series,
    feeding_plain: Series,
}

impl Costs {
    fn add(&mut self, before: &Reading, after: &Reading) {
        let window = after.at.duration_since(before.at);
        let spent = |of: fn(&Reading) -> Duration| -> u64 {
            let spent = of(after).saturating_sub(of(before));
            (spent.as_secs_f64() / window.as_secs_f64() * 1e9) as u64
        };
        let xdp = spent(|at| at.xdp);
        let fed = spent(|at| at.fed.all) + xdp;
        self.main.push_ns(spent(|at| at.fed.main));
        self.sender.push_ns(spent(|at| at.fed.named));
        self.xdp.push_ns(xdp);
        let receiving = spent(|at| at.fed.all.saturating_sub(at.fed.named)) + xdp;
        self.receiving.push_ns(receiving);
        self.idle_main.push_ns(spent(|at| at.idle.main));
        self.idle_sender.push_ns(spent(|at| at.idle.named));
        let beyond = fed.saturating_sub(spent(|at| at.idle.all));
        self.beyond_idle.push_ns(beyond);
        self.single.push_ns(spent(|at| at.single.all));
        self.plain.push_ns(spent(|at| at.plain.all));
        self.feeding.push_ns(spent(|at| at.feeding));
        self.feeding_plain.push_ns(spent(|at| at.feeding_plain));
    }

    fn table(self, name: &'static str, timing: Timing) -> Table {
        let base = &self.receiving;
        let row = |name: &str, series: &Series| Row::against(name, series.clone(), base);
        Table {
            name,
            title: format!(
                "Processor time a second, 4096 paths at {} ms: {WINDOWS} windows (10 ms are 1 %)",
                timing.interval.as_millis()
            ),
            unit: Unit::Milliseconds,
            rows: vec![
                row("agent: main loop", &self.main),
                row("agent: XDP program", &self.xdp),
                row("agent: all but sending", base),
                row("plain tokio receiver", &self.plain),
                row("agent: sender", &self.sender),
                row("idle agent: main loop", &self.idle_main),
                row("idle agent: sender", &self.idle_sender),
                row("agent beyond the idle one", &self.beyond_idle),
                row("agent with one path, all of it", &self.single),
                row("generator towards the agent", &self.feeding),
                row("generator towards tokio", &self.feeding_plain),
            ],
            remark: "The ratio is to all that the agent does but sending. The generator's time holds the \
                     receiver's side up to XDP or up to the socket."
                .to_owned(),
        }
    }
}

fn memory(cast: &Cast) -> Result<Table> {
    let subjects = [
        ("agent", &cast.fed),
        ("idle agent", &cast.idle),
        ("agent with one path", &cast.single),
        ("plain tokio receiver", &cast.plain),
    ];
    let mut rows = Vec::new();
    for (name, subject) in subjects {
        let bytes = usage::memory(subject.pid()?)?;
        rows.push(Row::new(name, [bytes].into_iter().collect()));
    }
    Ok(Table {
        name: "paths_memory",
        title: "Memory, before the first question".to_owned(),
        unit: Unit::Mebibytes,
        rows,
        remark: "The agent's memory is locked, so that all of it is there.".to_owned(),
    })
}

/// How long an operator waits.
fn operator(cast: &Cast) -> Result<Table> {
    let started = [&cast.fed, &cast.idle].map(|subject| subject.started.as_nanos() as u64);
    let mut rows = vec![Row::new(
        "start until it answers",
        started.into_iter().collect(),
    )];
    let mut sizes = Vec::new();
    for question in 0..QUESTIONS {
        for (row, answer) in (1..).zip(answers::all(&cast.fed.stage)?) {
            if question == 0 {
                rows.push(Row::new(answer.what, Series::default()));
                sizes.push(format!("{} {} KiB", answer.what, answer.bytes / 1024));
            }
            rows[row].series.push(answer.took);
        }
    }
    Ok(Table {
        name: "paths_operator",
        title: format!("What an operator waits for, {QUESTIONS} times"),
        unit: Unit::Milliseconds,
        rows,
        remark: format!(
            "Sizes: {}. All paths were up {:.2} s after the first heartbeat, for {:.0} ms of processor time since \
             the start.",
            sizes.join(", "),
            cast.up_after.as_secs_f64(),
            cast.rise.as_secs_f64() * 1e3
        ),
    })
}
