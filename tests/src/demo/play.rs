//! Plays a scenario: break, wait for what must be reported, mend, wait again, compare.
//!
//! A wait ends when everything expected is there, and then goes on for one interval more, because the other
//! half of the claim is that nothing else comes. It never fails by itself: what did not come in time is a
//! difference, and the next scenario is played all the same.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::lateness::Lateness;
use super::picture::{Picture, Wait};
use super::report::{self, Outcome};
use super::scenario::Scenario;
use super::screen::Screen;
use super::text::{Line, Style, count};
use super::watch;
use crate::lab::account::Account;
use crate::lab::clock::monotonic_ns;
use crate::lab::event::{MEMBER_REMOVED, PATH_LOST, PATH_RESTORED};
use crate::lab::feed::Feed;
use crate::lab::plan::Plan;
use crate::lab::{Lab, interrupt};

/// Between two looks at the agents.
const PERIOD: Duration = Duration::from_millis(100);
/// What a busy machine may add to a deadline before the wait for it is given up.
const GRACE: Duration = Duration::from_secs(2);
/// How long the agents may take to agree, at the longest interval.
const AGREED_LIMIT: Duration = Duration::from_secs(60);

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// The losses.
    Broken,
    /// The restorations.
    Mended,
    /// That nothing else comes.
    Quiet,
}

/// A scenario while it is played.
#[derive(Debug)]
struct Run {
    scenario: Scenario,
    broken: Account,
    mended: Account,
    feed: Feed,
    fault_ns: u64,
}

impl Run {
    fn is_complete(&self, phase: Phase) -> bool {
        self.due(phase).differences(self.feed.events()).is_empty()
    }

    fn due(&self, phase: Phase) -> &Account {
        match phase {
            Phase::Broken => &self.broken,
            Phase::Mended | Phase::Quiet => &self.mended,
        }
    }

    /// The phase in words, with how far it has come.
    fn progress(&self, phase: Phase) -> String {
        let of = |id: u32, word: &str| {
            let events = self.feed.events().iter();
            let seen = events.filter(|event| event.id == id).count();
            let due = self.due(phase).count(id);
            format!("{seen} of {due} {word} ({id})")
        };
        match phase {
            Phase::Broken => match self.broken.count(MEMBER_REMOVED) {
                0 => format!("broken: {}", of(PATH_LOST, "lost")),
                _ => format!(
                    "broken: {}, {}",
                    of(PATH_LOST, "lost"),
                    of(MEMBER_REMOVED, "removed")
                ),
            },
            Phase::Mended => format!("mended: {}", of(PATH_RESTORED, "restored")),
            Phase::Quiet => "and nothing else may be reported".to_owned(),
        }
    }

    fn outcome(self) -> Result<Outcome> {
        let events = self.feed.events().iter();
        let judged = events.filter(|event| self.mended.judges(event));
        let events: Vec<_> = judged.cloned().collect();
        Ok(Outcome {
            scenario: self.scenario,
            differences: self.mended.differences(&events),
            lateness: Lateness::of(&events)?,
            events,
        })
    }
}

/// A lab on a screen.
#[derive(Debug)]
pub struct Stage<'a> {
    lab: &'a mut Lab,
    screen: &'a mut Screen,
}

impl<'a> Stage<'a> {
    /// This lab on this screen.
    pub fn new(lab: &'a mut Lab, screen: &'a mut Screen) -> Self {
        Stage { lab, screen }
    }

    /// Plays one scenario, the `number`th, and says on the screen how it went.
    pub fn play(&mut self, number: usize, scenario: Scenario) -> Result<Outcome> {
        let plan = self.lab.plan().clone();
        let columns = self.screen.columns();
        self.screen
            .print(&report::head(number, scenario, &plan, columns));
        let mut run = Run {
            scenario,
            broken: scenario.broken(&plan),
            mended: scenario.mended(&plan),
            feed: Feed::whole(self.lab)?,
            fault_ns: monotonic_ns(),
        };
        self.play_out(&plan, &mut run)?;
        let outcome = run.outcome()?;
        self.screen.print(&report::tail(&outcome, columns));
        Ok(outcome)
    }

    fn play_out(&mut self, plan: &Plan, run: &mut Run) -> Result<()> {
        let remedy = run.scenario.begin(self.lab)?;
        self.wait(run, Phase::Broken, run.scenario.due(plan), GRACE)?;
        let what = run.scenario.remedy(plan);
        self.log(Line::new().then(Style::Plain, format!("  {what}")));
        remedy.apply(self.lab)?;
        self.wait(run, Phase::Mended, plan.interval, run.scenario.recovery())
    }

    /// Waits until everything due is reported, or for `due` and `grace`; then for one interval more.
    fn wait(&mut self, run: &mut Run, phase: Phase, due: Duration, grace: Duration) -> Result<()> {
        let begin = Instant::now();
        while begin.elapsed() < due + grace && !run.is_complete(phase) {
            self.look(run, phase, begin, due)?;
        }
        let begin = Instant::now();
        let due = self.lab.plan().interval;
        while begin.elapsed() < due {
            self.look(run, Phase::Quiet, begin, due)?;
        }
        Ok(())
    }

    /// One look at the agents, one picture, one short sleep.
    fn look(&mut self, run: &mut Run, phase: Phase, begin: Instant, due: Duration) -> Result<()> {
        self.lab.check_agents()?;
        for event in run.feed.read()? {
            self.log(report::event(&event, run.fault_ns));
        }
        if self.screen.is_live() {
            let events = run.feed.events().iter();
            let picture = Picture {
                plan: self.lab.plan(),
                rows: watch::rows(self.lab),
                events: events
                    .map(|event| report::event(event, run.fault_ns))
                    .collect(),
                wait: Wait {
                    what: run.progress(phase),
                    elapsed: begin.elapsed(),
                    due,
                },
            };
            let lines = picture.lines(self.screen);
            self.screen.draw(&lines);
        }
        interrupt::sleep(PERIOD)?;
        Ok(())
    }

    /// A line for those who see no pictures.
    fn log(&mut self, line: Line) {
        if !self.screen.is_live() {
            self.screen
                .print(&[Line::new().then(Style::Plain, "  ").join(line)]);
        }
    }
}

/// Brings all agents up and says so.
pub fn open(plan: Plan, screen: &mut Screen) -> Result<Lab> {
    let begin = Instant::now();
    let (nodes, networks) = (plan.nodes, plan.networks.len());
    let what = format!("Wiring {nodes} nodes and {networks} switches, starting the agents ...");
    screen.draw(&[Line::new().then(Style::Faint, what)]);
    let lab = Lab::running(plan)?;
    let paths = count(nodes * (nodes - 1) * networks, "path");
    let seconds = begin.elapsed().as_secs_f64();
    screen.say(
        Style::Plain,
        format!("All {paths} are up after {seconds:.1} s."),
    );
    let view = lab.wait_all_well(AGREED_LIMIT)?;
    interrupt::sleep(lab.plan().interval)?;
    let seconds = begin.elapsed().as_secs_f64();
    screen.say(
        Style::Plain,
        format!("All nodes are members of one {view} after {seconds:.1} s."),
    );
    screen.print(&[Line::new()]);
    Ok(lab)
}
