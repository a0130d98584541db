//! The way back: the last roll-out is undone on every host that it changed.
//!
//! Each host keeps what the last roll-out that changed it has replaced, and the name of that roll-out. Hosts that a
//! failed roll-out never reached keep older things, which are none of its business: only hosts with the newest name
//! go back.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::deployment::Deployment;
use crate::host::Host;
use crate::roll;
use crate::shell;
use crate::survey::{SERVICE, Survey};
use crate::wanted::Wanted;

const RESTORE: &str = include_str!("scripts/restore.sh");
/// What ending an agent and starting another may take.
const LIMIT: Duration = Duration::from_secs(120);

/// Puts back what was there before the last roll-out, from its last host to its first.
pub fn run(deployment: &Deployment, wanted: &Wanted) -> Result<()> {
    let surveys = deployment.surveys(wanted)?;
    let Some(newest) = surveys
        .iter()
        .filter_map(|(_, survey)| survey.rollout)
        .max()
    else {
        bail!("no host keeps anything from before a roll-out: there is nothing to go back to");
    };
    let changed = |survey: &Survey| survey.rollout == Some(newest);
    let mut running: Vec<&Host> = surveys
        .iter()
        .filter(|(_, survey)| survey.pid.is_some() && !changed(survey))
        .map(|(host, _)| host)
        .collect();
    for (host, survey) in surveys.iter().rev() {
        if !changed(survey) || !host.chosen {
            continue;
        }
        restore(deployment, wanted, host)?;
        if survey.undo.as_deref() == Some("stop") {
            println!("{}: stopped, and everything is as it was", host.node);
            continue;
        }
        running.push(host);
        let node = Some(host.node.as_str());
        let took = roll::wait(deployment, wanted, &running, node, &BTreeSet::new())
            .with_context(|| format!("{} has its earlier files back and is not well", host.node))?;
        println!(
            "{}: back, and well after {:.1} s",
            host.node,
            took.as_secs_f64()
        );
    }
    Ok(())
}

fn restore(deployment: &Deployment, wanted: &Wanted, host: &Host) -> Result<()> {
    let given = [("socket", &*wanted.socket()), ("node", &host.node)];
    let script = shell::script(&given, &[SERVICE, RESTORE]);
    let restored = deployment.ssh.run(host, &script, &[], LIMIT);
    restored
        .with_context(|| format!("put back what {} had", host.node))
        .map(drop)
}
