//! One agent at its limit: 4 096 paths, beside others over the same windows.
//!
//! The agent that hears 4 096 paths is measured together with, in turn, a [`plain`](super::plain) receiver of the
//! same heartbeats, the same agent that hears none, one that sends to groups, and one with a single path. Two at a time, so that what
//! disturbs the machine disturbs both, and that both find room on it. The awkward case is the wire: between namespaces
//! the sender's thread carries the frame through the receiver's driver, so that what a receiver costs below its
//! process is found in the generator's time. Hence that is shown too: what differs there is the stack below a socket.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aya::sys::{Stats, enable_stats};

use super::check::{Check, Limit};
use super::report::Report;
use super::series::Series;
use super::table::{Row, Table, Unit};
use super::usage;
use crate::generator::Conduct;
use crate::generator::answers;
use crate::generator::configuration::{Sending, Timing};
use crate::generator::shape::{Shape, network_key};
use crate::lab::event::{AGENT_RESUMED, AGENT_STALLED};

mod cast;
mod costs;

use cast::{Rise, Subject};
use costs::{Costs, WINDOWS};

/// No generator and no plain receiver lives longer.
pub const SPAN: Duration = Duration::from_secs(240);
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
    let beyond = measure(report, "paths_1200ms", slow, 3 * slow.interval)?;
    report.check(Check::new(
        "4096 paths at 1.2 s beyond idle, % of a core",
        beyond / PER_CENT,
        Limit::AtMost(BEYOND_IDLE_MAX),
    ));
    measure(report, "paths_100ms", quick, Duration::from_secs(2))?;
    Ok(())
}

/// One timing. Returns what the agent costs beyond the idle one, nanoseconds a second.
fn measure(
    report: &mut Report,
    name: &'static str,
    timing: Timing,
    window: Duration,
) -> Result<f64> {
    let agent = |shape, sending, conduct| Subject::agent(shape, timing, sending, conduct);
    let mut fed = agent(Shape::FULL, Sending::ToEach, Conduct::Speaking)?;
    let rise = fed.rise()?;
    let program = usage::program_on(fed.stage.here(), &network_key(0))?;
    let mut memory = vec![memory_row("agent", &fed)?];
    let mut beside = |name, other: &mut Subject| -> Result<Costs> {
        let costs = Costs::of(&mut fed, program, other, window)?;
        memory.push(memory_row(name, other)?);
        Ok(costs)
    };

    let mut other = Subject::plain(timing)?;
    let plain = beside("plain tokio receiver", &mut other)?;
    let share = heard(other)?;

    let mut other = agent(Shape::FULL, Sending::ToEach, Conduct::Silent)?;
    let idle = beside("idle agent", &mut other)?;
    told(&other, 0)?;
    let idle_started = other.started;
    drop(other);

    let mut other = agent(Shape::FULL, Sending::ToGroup, Conduct::Speaking)?;
    other.multicast()?;
    let group = beside("agent that sends to groups", &mut other)?;
    drop(other);

    let mut other = agent(Shape::SINGLE, Sending::ToEach, Conduct::Speaking)?;
    other.rise()?;
    let single = beside("agent with one path", &mut other)?;
    drop(other);

    let late = told(&fed, Shape::FULL.paths())?;
    let costs = [&plain, &idle, &group, &single];
    report.add(table(name, timing, costs, share, &late));
    let started = [fed.started, idle_started];
    report.add(operator(&mut fed, rise, started)?);
    memory.push(memory_row("agent, after these questions", &fed)?);
    report.add(memory_table(memory));
    let beyond = idle.beyond_other().figures().context("it was measured")?;
    Ok(beyond.median as f64)
}

/// How far the generator was behind, and what the agent rightly said of it.
struct Behind {
    longest_pause: Duration,
    stalls: usize,
}

/// Fails where an agent has told more or less than so many events: it did not do what was measured. What it says of
/// peers that did not send, while their kernel answers, is true if the generator was behind by as much.
fn told(subject: &Subject, expected: usize) -> Result<Behind> {
    let events = subject.stage.events().all()?;
    let mut numbers = BTreeMap::new();
    for event in &events {
        *numbers.entry(event.id).or_insert(0_usize) += 1;
    }
    let of = |id| numbers.get(&id).copied().unwrap_or(0);
    let (stalls, stalled_and_back) = (of(AGENT_STALLED), of(AGENT_STALLED) + of(AGENT_RESUMED));
    let longest_pause = subject.longest_pause();
    let asked = subject.stage.timing().interval * 3 / 2;
    ensure!(
        events.len() == expected + stalled_and_back && (stalls == 0 || asked <= longest_pause),
        "{} events instead of {expected}; by number: {numbers:?}; the generator let a path wait {longest_pause:?}",
        events.len()
    );
    Ok(Behind {
        longest_pause,
        stalls,
    })
}

/// The share of its heartbeats that the plain receiver got.
fn heard(plain: Subject) -> Result<f64> {
    let (received, sent) = plain.received()?;
    ensure!(
        received.refused == 0 && received.heartbeats <= sent,
        "the plain receiver got {received:?} of {sent}"
    );
    Ok(received.heartbeats as f64 / sent as f64)
}

fn table(
    name: &'static str,
    timing: Timing,
    [plain, idle, group, single]: [&Costs; 4],
    share: f64,
    behind: &Behind,
) -> Table {
    let base = &plain.receiving;
    let row = |name: &str, series: &Series| Row::against(name, series.clone(), base);
    let alone = |name: &str, series: &Series| Row::new(name, series.clone());
    Table {
        name,
        title: format!(
            "Processor time a second, 4096 paths at {} ms: {WINDOWS} windows (10 ms are 1 %)",
            timing.interval.as_millis()
        ),
        unit: Unit::Milliseconds,
        rows: vec![
            row("agent: main loop", &plain.main),
            row("agent: XDP program", &plain.xdp),
            row("agent: all but sending", base),
            row("plain tokio receiver", &plain.other.all),
            row("generator towards the agent", &plain.feeding),
            row("generator towards tokio", &plain.other.feeding),
            alone("agent: sender", &idle.sender),
            alone("idle agent: main loop", &idle.other.main),
            alone("idle agent: sender", &idle.other.sender),
            alone("agent beyond idle, no senders", &idle.beyond_other()),
            alone("sending to groups: main loop", &group.other.main),
            alone("sending to groups: sender", &group.other.sender),
            alone("agent with one path, all of it", &single.other.all),
        ],
        remark: format!(
            "The ratio is to all that the agent does but sending. The generator's time holds the receiver's side \
             up to XDP or up to the socket. The plain receiver got {:.1} % of its heartbeats. The generator let a \
             path of the agent wait up to {} ms, and the agent told {} stalls.",
            100.0 * share,
            behind.longest_pause.as_millis(),
            behind.stalls
        ),
    }
}

fn memory_row(name: &str, subject: &Subject) -> Result<Row> {
    let bytes = usage::memory(subject.pid()?)?;
    Ok(Row::new(name, [bytes].into_iter().collect()))
}

fn memory_table(rows: Vec<Row>) -> Table {
    Table {
        name: "paths_memory",
        title: "Memory".to_owned(),
        unit: Unit::Mebibytes,
        rows,
        remark: "The agent's memory is locked, so that all of it is there.".to_owned(),
    }
}

/// How long an operator waits. In the end the configuration is another one.
fn operator(fed: &mut Subject, rise: Rise, started: [Duration; 2]) -> Result<Table> {
    let started = started.map(|started| started.as_nanos() as u64);
    let started = Row::new("start until it answers", started.into_iter().collect());
    let (mut rows, mut sizes) = (vec![started], Vec::new());
    for question in 0..QUESTIONS {
        for (row, answer) in (1..).zip(answers::all(&fed.stage)?) {
            if question == 0 {
                rows.push(Row::new(answer.what, Series::default()));
                sizes.push(format!("{} {} KiB", answer.what, answer.bytes / 1024));
            }
            rows[row].series.push(answer.took);
        }
    }
    let timing = fed.stage.timing();
    let mut reload = Row::new("reload, all paths changed", Series::default());
    for question in 0..QUESTIONS as u32 {
        fed.stage.configure(Timing {
            lost_after: timing.lost_after + 1 + question,
            ..timing
        })?;
        reload
            .series
            .push(answers::reload(&fed.stage, "reload")?.took);
    }
    rows.push(reload);
    Ok(Table {
        name: "paths_operator",
        title: format!("What an operator waits for, {QUESTIONS} times"),
        unit: Unit::Milliseconds,
        rows,
        remark: format!(
            "Sizes: {}. All paths were up {:.2} s after the first heartbeat, for {:.0} ms of processor time \
             since the start.",
            sizes.join(", "),
            rise.took.as_secs_f64(),
            rise.processor.as_secs_f64() * 1e3
        ),
    })
}
