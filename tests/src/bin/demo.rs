//! `cargo xtask demo`: real agents in a real network on this machine, and seven faults.
//!
//! Exit status: 0 everything went as expected, 1 something differed or broke, 2 it cannot run here,
//! 128 and the signal's number when interrupted. In every case but `--keep` nothing is left behind.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use heartbeat_tests::demo::play::{self, Stage};
use heartbeat_tests::demo::report;
use heartbeat_tests::demo::scenario::Scenario;
use heartbeat_tests::demo::screen::Screen;
use heartbeat_tests::demo::summary;
use heartbeat_tests::demo::text::{Line, Style};
use heartbeat_tests::lab::interrupt;
use heartbeat_tests::lab::leftovers::{self, Sweep};
use heartbeat_tests::lab::plan::Plan;
use heartbeat_tests::lab::{Lab, binary, requirements};

/// Shows heartbeats, faults and what is reported of them, on this machine alone.
#[derive(Debug, Parser)]
#[command(name = "demo", bin_name = "cargo xtask demo")]
struct Arguments {
    /// How many nodes, 2 to 9.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(2..=9))]
    nodes: u8,
    /// Between two heartbeats, such as 300ms or 1.2s; 100ms to 5s.
    #[arg(long, default_value = "1.2s", value_parser = parse_interval)]
    interval: Duration,
    /// Lines only, nothing redrawn; the default where standard output is no terminal.
    #[arg(long)]
    plain: bool,
    /// Leave nodes and agents running and say how to look at them.
    #[arg(long)]
    keep: bool,
    /// Remove what --keep or a killed demo left, and do nothing else.
    #[arg(long, conflicts_with_all = ["nodes", "interval", "plain", "keep"])]
    clean: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let missing = if arguments.clean {
        requirements::missing_for_networks()
    } else {
        requirements::missing_for_agents()
    };
    if let Some(reason) = missing {
        eprintln!("The demo cannot run: {reason}.");
        return ExitCode::from(2);
    }
    interrupt::exit("The demo", run(&arguments))
}

/// Whether everything went as expected.
fn run(arguments: &Arguments) -> Result<bool> {
    interrupt::install()?;
    if arguments.clean {
        println!(
            "{}",
            report::swept(&leftovers::sweep(Sweep::OrphansAndKept)?)
        );
        return Ok(true);
    }
    let mut screen = Screen::new(arguments.plain);
    let plan = Plan::nodes(arguments.nodes.into())
        .two_networks()
        .timing(arguments.interval, LOST_AFTER);
    screen.print(&report::introduction(&plan, screen.columns()));
    let mut lab = play::open(plan, &mut screen)?;
    let good = play_all(&mut lab, &mut screen)?;
    close(lab, &mut screen, arguments.keep)?;
    Ok(good)
}

/// Missed heartbeats that end a path: the default of the configuration.
const LOST_AFTER: u32 = 2;

fn play_all(lab: &mut Lab, screen: &mut Screen) -> Result<bool> {
    let mut outcomes = Vec::new();
    for (number, scenario) in (1..).zip(Scenario::ALL) {
        outcomes.push(Stage::new(lab, screen).play(number, scenario)?);
    }
    screen.print(&summary::summary(&outcomes, screen.glyphs().horizontal));
    Ok(outcomes.iter().all(|outcome| outcome.is_good()))
}

fn close(lab: Lab, screen: &mut Screen, keep: bool) -> Result<()> {
    if keep {
        let binary = binary::find()?.display().to_string();
        screen.print(&report::kept(&lab, &binary, "cargo xtask demo --clean"));
        lab.keep()?;
        return Ok(());
    }
    screen.draw(&[Line::new().then(Style::Faint, "Removing agents, namespaces and files ...")]);
    drop(lab);
    screen.say(
        Style::Plain,
        "Agents, namespaces, pins and files are removed.",
    );
    screen.say(
        Style::Faint,
        "To look around in a lab that stays: cargo xtask demo --keep",
    );
    Ok(())
}

fn parse_interval(text: &str) -> Result<Duration> {
    let (number, unit_ms) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 1.0),
        (None, Some(number)) => (number, 1000.0),
        (None, None) => bail!("an interval ends in ms or s"),
    };
    let number: f64 = number.parse().context("an interval begins with a number")?;
    let interval = Duration::try_from_secs_f64(number * unit_ms / 1000.0)?;
    if interval < Duration::from_millis(100) || Duration::from_secs(5) < interval {
        bail!("the demo takes intervals from 100ms to 5s");
    }
    Ok(interval)
}
