//! `cargo xtask model`: searches, tells the way to a law that is broken, and shows what was seen.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use heartbeat_model::bounds::Bounds;
use heartbeat_model::mutant::{Mutant, Trial};
use heartbeat_model::scopes::{self, LONG, QUICK, Scope};
use heartbeat_model::search::{Effort, Exhausted, Found, Width, search};
use heartbeat_model::story;

/// Takes the membership of the pure core through whatever can go wrong within bounds, in every order.
#[derive(Parser)]
#[command(name = "cargo xtask model", bin_name = "cargo xtask model")]
struct Options {
    /// Searches larger spaces, for minutes.
    #[arg(long)]
    long: bool,
    /// Searches clusters of so many nodes alone.
    #[arg(long, value_parser = clap::value_parser!(u8).range(2..=4))]
    nodes: Option<u8>,
    /// Ends each search after so many states.
    #[arg(long)]
    states: Option<usize>,
    /// Breaks what the protocol stands on, and tells how a law is broken.
    #[arg(long)]
    mutant: Option<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(name) = &options.mutant {
        return tell_mutant(name);
    }
    let least = if options.long { scopes::LEAST } else { 0 };
    let all: &[Scope] = if options.long { &LONG } else { &QUICK };
    let of_size = |scope: &&Scope| {
        options
            .nodes
            .is_none_or(|nodes| scope.bounds.nodes == usize::from(nodes))
    };
    let chosen = all.iter().filter(of_size);
    let searched = chosen
        .map(|scope| run_scope(*scope, options.states, least))
        .fold(true, |all, one| all & one);
    let caught = Mutant::TRIALS
        .iter()
        .map(run_trial)
        .fold(true, |all, one| all & one);
    ExitCode::from(u8::from(!(searched && caught)))
}

/// Searches, and says whether all is well.
fn run_scope(mut scope: Scope, states: Option<usize>, least: usize) -> bool {
    scope.effort.most = states.unwrap_or(scope.effort.most);
    let started = Instant::now();
    let found = search(&scope.bounds, Mutant::None, scope.effort);
    println!(
        "{}: {} in {:.1} s",
        scope.bounds,
        shown(&found),
        started.elapsed().as_secs_f64()
    );
    println!("    {}", found.coverage);
    if let Some((law, way)) = &found.broken {
        println!(
            "broken: {law}\n{}",
            story::tell(&scope.bounds, Mutant::None, way)
        );
        return false;
    }
    let gaps = match states {
        Some(_) => Vec::new(),
        None => scopes::gaps(&scope, &found, least),
    };
    gaps.iter().for_each(|gap| println!("    {gap}"));
    gaps.is_empty()
}

fn shown(found: &Found) -> String {
    let extent = match found.exhausted {
        Exhausted::Yes => String::from("which are all"),
        Exhausted::No => format!("went on from {} of them", found.followed),
    };
    format!(
        "{} states, {extent}, {} steps deep; rest from {} within {} intervals;",
        found.states, found.depth, found.calmed, found.slowest
    )
}

/// A mutant that is not found out after so many states will not be.
const MOST: usize = 200_000;

/// Searches until the law is broken.
fn try_mutant(trial: &Trial) -> Found {
    let effort = Effort {
        width: Width::All,
        calm_one_in: 1,
        most: MOST,
    };
    search(&trial.bounds, trial.mutant, effort)
}

fn run_trial(trial: &Trial) -> bool {
    let found = try_mutant(trial);
    match &found.broken {
        Some((law, _)) => println!("{}: broke after {} states: {law}", trial.name, found.states),
        None => println!(
            "{}: not found in {} states: {}",
            trial.name, found.states, trial.law
        ),
    }
    found.broken.is_some()
}

fn tell_mutant(name: &str) -> ExitCode {
    let Some(trial) = Mutant::TRIALS.iter().find(|trial| trial.name == name) else {
        let names: Vec<&str> = Mutant::TRIALS.iter().map(|trial| trial.name).collect();
        eprintln!("model: no such mutant; there are {}", names.join(", "));
        return ExitCode::from(2);
    };
    let found = try_mutant(trial);
    let Some((law, way)) = found.broken else {
        println!("nothing was broken in {} states", found.states);
        return ExitCode::SUCCESS;
    };
    let bounds: &Bounds = &trial.bounds;
    println!(
        "{bounds}: broke after {} states: {law}\n{}",
        found.states,
        story::tell(bounds, trial.mutant, &way)
    );
    ExitCode::FAILURE
}
