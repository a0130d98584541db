//! One node at a time, and the next only when the last is well on both sides of its paths.
//!
//! What runs comes before what is new: peers of a new node have to know it before it can be well. The awkward case
//! is the cluster that is not well to begin with: a roll would then wait for a path that something else has broken,
//! or take away the last good one. So losses stop it, unless all of them are of one node that is to be changed,
//! which may be how it is mended and is changed first.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::deployment::{Deployment, rollout_now};
use crate::host::Host;
use crate::plan::{Action, Plan, text};
use crate::staging::Staged;
use crate::standing::{Path, Standing, named};
use crate::wanted::Wanted;

/// A roll-out that begins.
pub struct Roll<'a> {
    deployment: &'a Deployment,
    wanted: &'a Wanted,
    /// What is to be done, in this order.
    steps: Vec<(Plan, Staged)>,
    /// Hosts whose agents run; more with each step.
    running: Vec<Host>,
    /// Paths that are not waited for, nor are their other ends: a new run is believed only after question and
    /// answer, so that a path which fails one way fails both ways from a restart on.
    excused: BTreeSet<Path>,
}

/// Between two looks at the cluster.
const PERIOD: Duration = Duration::from_millis(300);

impl<'a> Roll<'a> {
    /// Looks whether the cluster is well enough to begin.
    pub fn new(
        deployment: &'a Deployment,
        wanted: &'a Wanted,
        plans: Vec<Plan>,
        staged: Vec<Option<Staged>>,
    ) -> Result<Self> {
        let runs = |plan: &&Plan| plan.survey.pid.is_some();
        let running = plans.iter().filter(runs).map(|plan| plan.host.clone());
        let running: Vec<Host> = running.collect();
        let steps = plans.into_iter().zip(staged);
        let steps = steps.filter_map(|(plan, staged)| Some((plan, staged?)));
        let mut roll = Roll {
            deployment,
            wanted,
            steps: steps.filter(|(plan, _)| !plan.is_done()).collect(),
            running,
            excused: BTreeSet::new(),
        };
        let standing = roll.standing();
        roll.steps
            .sort_by_key(|(plan, _)| plan.action == Action::Start);
        roll.judge(&standing)?;
        Ok(roll)
    }

    /// Refuses a cluster that is not well, or says what is excused.
    fn judge(&mut self, standing: &Standing) -> Result<()> {
        let lost = standing.lost();
        if self.deployment.arguments.despite_losses {
            self.running.retain(|host| standing.has(&host.node));
            self.excused = lost;
            return Ok(());
        }
        let changes = |node: &str| self.steps.iter().any(|(plan, _)| plan.host.node == node);
        let silent = self.running.iter().map(|host| host.node.as_str());
        let silent: Vec<&str> = silent
            .filter(|node| !standing.has(node) && !changes(node))
            .collect();
        ensure!(
            silent.is_empty(),
            "nothing was changed: the agents of {} do not answer; mend that first, or say --despite-losses",
            silent.join(", ")
        );
        let mut at_fault = self.steps.iter().map(|(plan, _)| &plan.host.node);
        let at_fault = at_fault.position(|node| lost.iter().all(|path| involves(path, node)));
        if lost.is_empty() {
            return Ok(());
        }
        let Some(first) = at_fault else {
            bail!(
                "nothing was changed: the cluster is not well to begin with: {}; mend that first (`heartbeat \
                 diagnose` there), or say --despite-losses",
                named(&lost)
            );
        };
        self.steps[..=first].rotate_right(1);
        Ok(())
    }

    /// Does it all.
    pub fn run(mut self) -> Result<()> {
        let rollout = rollout_now()?;
        let mut steps = std::mem::take(&mut self.steps);
        let names: Vec<String> = steps
            .iter()
            .map(|(plan, _)| plan.host.node.clone())
            .collect();
        let last = names.len() - 1;
        for (index, (plan, staged)) in steps.iter_mut().enumerate() {
            let stopped = || stopped(self.deployment, &names, index);
            let node = plan.host.node.as_str();
            println!("{node}: {}", text::change(plan));
            staged
                .install(plan, self.wanted, rollout)
                .with_context(stopped)?;
            if !self.running.contains(&plan.host) {
                self.running.push(plan.host.clone());
            }
            // The last one ends it for all: what only some nodes knew until now has to be up as well.
            let took = self.wait((index < last).then_some(node));
            let took = took.with_context(stopped)?;
            staged.settle().with_context(stopped)?;
            println!("{node}: well after {:.1} s", took.as_secs_f64());
        }
        let but = match self.excused.len() {
            0 => String::new(),
            count => format!(", but for {count} that were lost before"),
        };
        println!(
            "All paths between {} nodes are up{but}.",
            self.running.len()
        );
        Ok(())
    }

    fn standing(&self) -> Standing {
        let running: Vec<&Host> = self.running.iter().collect();
        Standing::of(&self.deployment.ssh, &running, &self.wanted.socket())
    }

    /// Waits until the paths of a node are up on both sides, or those of all nodes.
    fn wait(&self, node: Option<&str>) -> Result<Duration> {
        let running: Vec<&Host> = self.running.iter().collect();
        wait(self.deployment, self.wanted, &running, node, &self.excused)
    }
}

/// Waits until the agents on these hosts answer, and the paths among them are up, those to `node` if it is one's
/// turn; returns how long that took.
pub fn wait(
    deployment: &Deployment,
    wanted: &Wanted,
    running: &[&Host],
    node: Option<&str>,
    excused: &BTreeSet<Path>,
) -> Result<Duration> {
    let begun = Instant::now();
    loop {
        let standing = Standing::of(&deployment.ssh, running, &wanted.socket());
        let asked = running.iter().map(|host| host.node.as_str());
        let asked = asked.filter(|name| node.is_none_or(|node| node == *name));
        let silent: Vec<&str> = asked.filter(|name| !standing.has(name)).collect();
        let mut lost: BTreeSet<Path> = standing.lost();
        lost.retain(|path| {
            !is_excused(path, excused) && node.is_none_or(|node| involves(path, node))
        });
        if silent.is_empty() && lost.is_empty() {
            return Ok(begun.elapsed());
        }
        if deployment.arguments.patience() <= begun.elapsed() {
            let seconds = deployment.arguments.patience;
            ensure!(
                silent.is_empty(),
                "the agent of {} does not answer after {seconds} s",
                silent.join(", ")
            );
            bail!("not up after {seconds} s: {}", named(&lost));
        }
        thread::sleep(PERIOD);
    }
}

fn is_excused(path: &Path, excused: &BTreeSet<Path>) -> bool {
    let (observer, peer, network) = path.clone();
    excused.contains(path) || excused.contains(&(peer, observer, network))
}

fn involves((observer, peer, _): &Path, node: &str) -> bool {
    observer == node || peer == node
}

/// How far it came, and the way back. `index` is the node that failed, of all in their order.
fn stopped(deployment: &Deployment, names: &[String], index: usize) -> String {
    let list = |names: &[String]| match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    let (done, rest) = names.split_at(index);
    let (failed, rest) = rest.split_at(rest.len().min(1));
    format!(
        "stopped{}\n  done: {}\n  not begun: {}\n  to go back: {}\n  why",
        failed
            .first()
            .map(|failed| format!(" at {failed}"))
            .unwrap_or_default(),
        list(done),
        list(rest),
        deployment.arguments.command("--rollback")
    )
}
