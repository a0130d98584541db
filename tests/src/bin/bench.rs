//! `cargo xtask bench`: what a frame, a sweep and a verdict cost on this machine.
//!
//! Exit status: 0 every promise that was checked is kept, 1 one is broken or a measurement failed, 2 it cannot
//! run here, 128 and the signal's number when interrupted.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use heartbeat_tests::bench::report::Report;
use heartbeat_tests::bench::{frames, lateness, paths, plain, receive, regroup, sweep};
use heartbeat_tests::generator::shape::OBSERVER;
use heartbeat_tests::lab::interrupt;
use heartbeat_tests::lab::requirements;
use heartbeat_tests::program;

/// Measures the XDP program, the agent's sweep, receiving by other means, the lateness of events, how soon nodes
/// agree that one is gone, and an agent with as many paths as it takes.
#[derive(Debug, Parser)]
#[command(name = "bench", bin_name = "cargo xtask bench")]
struct Arguments {
    /// Measure this alone; may be given several times.
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// Write the figures to this file too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measure nothing: be the plain receiver that `paths` compares with, by this configuration.
    #[arg(long, value_name = "FILE", hide = true)]
    plain_receiver: Option<PathBuf>,
}

/// What can be measured by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Part {
    /// Nanoseconds per frame in the XDP program.
    Frames,
    /// The sweep of all slots, mapped and by system calls.
    Sweep,
    /// The same heartbeats by XDP, recvfrom and tokio.
    Receive,
    /// From deadline to event, by real agents.
    Lateness,
    /// From the last survivor's suspicion to the removal of a node on all of them.
    Regroup,
    /// An agent with 4096 paths: time, memory, answers.
    Paths,
}

const PARTS: [Part; 6] = [
    Part::Frames,
    Part::Sweep,
    Part::Receive,
    Part::Lateness,
    Part::Regroup,
    Part::Paths,
];

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if cfg!(debug_assertions) {
        eprintln!("A debug build measures nothing worth knowing: run `cargo xtask bench`.");
        return ExitCode::from(2);
    }
    if let Some(configuration) = &arguments.plain_receiver {
        let received = plain::run(configuration, OBSERVER, paths::SPAN);
        return interrupt::exit("The plain receiver", received.map(|()| true));
    }
    let parts: Vec<Part> = PARTS
        .into_iter()
        .filter(|part| arguments.only.is_empty() || arguments.only.contains(part))
        .collect();
    if let Some(reason) = parts.iter().find_map(|part| part.missing()) {
        eprintln!("The benchmarks cannot run: {reason}.");
        return ExitCode::from(2);
    }
    interrupt::exit("The benchmarks", run(&parts, &arguments))
}

/// Whether every promise that was checked is kept.
fn run(parts: &[Part], arguments: &Arguments) -> Result<bool> {
    interrupt::install()?;
    let mut report = Report::begin()?;
    for part in parts {
        eprintln!("measuring {} ...", part.what());
        part.measure(&mut report)
            .with_context(|| format!("measure {}", part.what()))?;
    }
    if let Some(file) = &arguments.json {
        report.write_json(file)?;
    }
    report.conclude()
}

impl Part {
    /// What is missing here to measure it: one sentence, or nothing.
    fn missing(self) -> Option<String> {
        program::missing_for_bench().or_else(|| match self {
            Part::Frames | Part::Sweep => None,
            Part::Receive => requirements::missing_for_networks(),
            Part::Lateness | Part::Regroup | Part::Paths => requirements::missing_for_agents(),
        })
    }

    fn what(self) -> &'static str {
        match self {
            Part::Frames => "frames in the XDP program",
            Part::Sweep => "the sweep of all slots",
            Part::Receive => "the same heartbeats received by other means",
            Part::Lateness => "the lateness of real agents, for about a minute",
            Part::Regroup => "regroups of real agents, for about five minutes",
            Part::Paths => "an agent with 4096 paths, for about two minutes",
        }
    }

    fn measure(self, report: &mut Report) -> Result<()> {
        match self {
            Part::Frames => frames::run(report),
            Part::Sweep => sweep::run(report),
            Part::Receive => receive::run(report),
            Part::Lateness => lateness::run(report),
            Part::Regroup => regroup::run(report),
            Part::Paths => paths::run(report),
        }
    }
}
