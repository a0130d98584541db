//! `cargo xtask sim`: runs seeds, tells a failing one, and shows what was met.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use heartbeat_sim::check::{Property, Violation};
use heartbeat_sim::mutant::Mutant;
use heartbeat_sim::scenario::{self, Scenario};
use heartbeat_sim::seeds::{self, Found};
use heartbeat_sim::transcript::Detail;
use heartbeat_sim::world::Plan;

/// Runs clusters of the pure core with faults that seeds decide, and checks what must always hold.
#[derive(Parser)]
#[command(name = "cargo xtask sim", bin_name = "cargo xtask sim")]
struct Options {
    /// How many seeds to run.
    #[arg(long, default_value_t = 10_000, conflicts_with = "seed")]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0, conflicts_with = "seed")]
    first: u64,
    /// Runs one seed and tells its story.
    #[arg(long)]
    seed: Option<u64>,
    /// Tells one of the named scenarios; `list` lists them.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["seeds", "first", "seed", "mutant", "mutants"])]
    scenario: Option<String>,
    /// Shrinks the script of that seed before it is told, if it fails.
    #[arg(long, requires = "seed")]
    shrink: bool,
    /// Writes messages down too; given twice, reports as well.
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Runs a world in which something is broken on purpose.
    #[arg(long)]
    mutant: Option<String>,
    /// Runs every such world until what is broken is found, or fails.
    #[arg(long, conflicts_with_all = ["seed", "mutant"])]
    mutants: bool,
    /// Looks at these properties only, such as `S1,S4`.
    #[arg(long, value_delimiter = ',', value_parser = property)]
    only: Vec<Property>,
    /// Does not look at these.
    #[arg(long, value_delimiter = ',', value_parser = property)]
    without: Vec<Property>,
}

fn property(name: &str) -> Result<Property, String> {
    let known = || {
        Property::ALL
            .map(|property| format!("{property:?}"))
            .join(", ")
    };
    Property::named(name).ok_or_else(|| format!("there are {}", known()))
}

impl Options {
    fn detail(&self) -> Detail {
        match self.verbose {
            0 => Detail::Story,
            1 => Detail::Messages,
            _ => Detail::Everything,
        }
    }

    fn looked_at(&self, mutant: Mutant) -> Vec<Property> {
        let wanted = match self.only.is_empty() {
            true => mutant.properties(),
            false => self.only.clone(),
        };
        wanted
            .into_iter()
            .filter(|property| !self.without.contains(property))
            .collect()
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let mutant = match options.mutant.as_deref().map(Mutant::named) {
        None => Mutant::None,
        Some(Some(mutant)) => mutant,
        Some(None) => {
            let names: Vec<&str> = Mutant::ALL.iter().map(|(_, name, ..)| *name).collect();
            eprintln!("sim: no such mutant; there are {}", names.join(", "));
            return ExitCode::from(2);
        }
    };
    if options.mutants {
        return catch_mutants();
    }
    if let Some(name) = &options.scenario {
        return tell_scenario(name, &options);
    }
    match options.seed {
        Some(seed) => tell_seed(seed, mutant, &options),
        None => run_seeds(mutant, &options),
    }
}

/// Prints the story of a named scenario, or what there is to tell.
fn tell_scenario(name: &str, options: &Options) -> ExitCode {
    if name == "list" {
        for Scenario { name, sentence, .. } in scenario::ALL {
            println!("{name:<28} {sentence}");
        }
        return ExitCode::SUCCESS;
    }
    let Some(scenario) = Scenario::named(name) else {
        eprintln!("sim: no such scenario; `--scenario list` lists them");
        return ExitCode::from(2);
    };
    let story = scenario.tell(options.detail());
    print!("{story}");
    ExitCode::from(u8::from(story.violation.is_some()))
}

/// Breaks one thing after the other, and shows that the checks notice.
fn catch_mutants() -> ExitCode {
    let mut missed = 0;
    for (mutant, name, property, seeds) in Mutant::ALL {
        let Found { failure, .. } = seeds::run(0, seeds, mutant, &[property]);
        match failure {
            Some((seed, violation)) => println!("{name}: caught at seed {seed}: {violation}"),
            None => {
                println!("{name}: {property:?} was not violated in {seeds} seeds");
                missed += 1;
            }
        }
    }
    ExitCode::from(u8::from(0 < missed))
}

fn tell_seed(seed: u64, mutant: Mutant, options: &Options) -> ExitCode {
    let plan = seeds::plan(seed, mutant, &options.looked_at(mutant));
    let violation = tell(&plan, options, options.shrink);
    ExitCode::from(u8::from(violation.is_some()))
}

/// Prints the story of a plan, of its shrunk form where that is wanted.
fn tell(plan: &Plan, options: &Options, shrink: bool) -> Option<Violation> {
    let mut plan = plan.clone();
    let failed = seeds::tell(&plan, Detail::Nothing).violation;
    if let Some(violation) = failed.filter(|_| shrink) {
        plan = seeds::shrink(&plan, violation.property);
    }
    println!("{}", plan.shape);
    let outcome = seeds::tell(&plan, options.detail());
    for line in outcome.transcript.lines() {
        println!("{line}");
    }
    match &outcome.violation {
        Some(violation) => println!("{violation}"),
        None => println!("nothing was violated"),
    }
    outcome.violation
}

fn run_seeds(mutant: Mutant, options: &Options) -> ExitCode {
    let started = Instant::now();
    let Found { coverage, failure } = seeds::run(
        options.first,
        options.seeds,
        mutant,
        &options.looked_at(mutant),
    );
    print!("{coverage}");
    let took = started.elapsed();
    println!("{} runs in {:.1} s", coverage.runs, took.as_secs_f64());
    if let Some((seed, violation)) = failure {
        println!("seed {seed}: {violation}\n");
        tell(
            &seeds::plan(seed, mutant, &options.looked_at(mutant)),
            options,
            true,
        );
        println!("again: cargo xtask sim --seed {seed}");
        return ExitCode::FAILURE;
    }
    let gaps = coverage.gaps();
    for gap in &gaps {
        println!("seldom met: {gap}");
    }
    ExitCode::from(u8::from(!gaps.is_empty()))
}
