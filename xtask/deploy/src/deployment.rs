//! The whole story of a roll-out: look, plan, show, roll, tell Prometheus.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};

use crate::arguments::Arguments;
use crate::host::{Host, hosts, on_each};
use crate::plan::{self, Plan, text};
use crate::roll::Roll;
use crate::ssh::Ssh;
use crate::staging::Staged;
use crate::survey::Survey;
use crate::targets;
use crate::wanted::Wanted;
use crate::{rollback, rotate};

/// Who deploys where.
pub struct Deployment {
    /// What the operator asked for.
    pub arguments: Arguments,
    /// How hosts are reached.
    pub ssh: Ssh,
    /// All of them.
    pub hosts: Vec<Host>,
}

/// What became of a roll-out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Hosts were changed.
    Changed,
    /// Everything was in place.
    Unchanged,
}

/// Does what the command line says.
pub fn run(arguments: &Arguments) -> Result<()> {
    let wanted = Wanted::read(arguments)?;
    let deployment = Deployment {
        hosts: hosts(&wanted.cluster, arguments)?,
        ssh: Ssh {
            config: arguments.ssh_config.clone(),
            user: arguments.user.clone(),
        },
        arguments: arguments.clone(),
    };
    if arguments.rollback {
        return rollback::run(&deployment, &wanted);
    }
    if arguments.rotate_key {
        return rotate::run(&deployment, wanted);
    }
    deployment.bring(&wanted)?;
    if !arguments.dry_run {
        targets::write(&wanted.cluster, arguments)?;
    }
    Ok(())
}

impl Deployment {
    /// Makes all chosen hosts what is wanted.
    pub fn bring(&self, wanted: &Wanted) -> Result<Outcome> {
        let plans = self.plans(wanted)?;
        let staged = self.stage(&plans, wanted)?;
        print!("{}", text::text(&plans, &staged));
        if self.arguments.dry_run {
            println!("Nothing was changed.");
            return Ok(Outcome::Unchanged);
        }
        if plans.iter().all(Plan::is_done) {
            println!("Everything is in place.");
            return Ok(Outcome::Unchanged);
        }
        if let (Some(key), true) = (&wanted.key, wanted.key_is_new) {
            key.write()?;
            println!("Made the cluster's key: {}. Keep it.", key.path.display());
        }
        Roll::new(self, wanted, plans, staged)?.run()?;
        Ok(Outcome::Changed)
    }

    /// Looks at every host. A host that is not to be changed may be out of reach.
    pub fn surveys(&self, wanted: &Wanted) -> Result<Vec<(Host, Survey)>> {
        let surveys = on_each(&self.hosts, |host| Survey::of(&self.ssh, host, wanted));
        let (mut known, mut refused) = (Vec::new(), Vec::new());
        for (host, survey) in self.hosts.iter().zip(surveys) {
            match survey {
                Ok(survey) => known.push((host.clone(), survey)),
                Err(error) if host.chosen => refused.push((host, format!("{error:#}"))),
                Err(error) => eprintln!("{}: {error:#} (not chosen, and left out)", host.node),
            }
        }
        refuse(&refused)?;
        Ok(known)
    }

    fn plans(&self, wanted: &Wanted) -> Result<Vec<Plan>> {
        let surveys = self.surveys(wanted)?;
        let mut refused = Vec::new();
        for (host, survey) in surveys.iter().filter(|(host, _)| host.chosen) {
            let objections = plan::objections(survey, wanted);
            refused.extend(objections.into_iter().map(|objection| (host, objection)));
        }
        refuse(&refused)?;
        let plans = surveys.into_iter();
        Ok(plans
            .map(|(host, survey)| Plan::of(&host, survey, wanted))
            .collect())
    }

    /// Brings the files to all chosen hosts, and has the agent look there; in the order of the plans.
    fn stage(&self, plans: &[Plan], wanted: &Wanted) -> Result<Vec<Option<Staged>>> {
        let staged = on_each(plans, |plan| {
            let chosen = plan.host.chosen;
            chosen
                .then(|| Staged::bring(&self.ssh, plan, wanted))
                .transpose()
        });
        let (mut known, mut refused) = (Vec::new(), Vec::new());
        for (plan, staged) in plans.iter().zip(staged) {
            match staged {
                Ok(staged) => known.push(staged),
                Err(error) => refused.push((&plan.host, format!("{error:#}"))),
            }
        }
        for (plan, staged) in plans.iter().zip(&known).filter(|(plan, _)| !plan.is_done()) {
            let findings = staged.iter().map(|staged| &staged.findings);
            let objections = findings.flat_map(plan::not_ready);
            refused.extend(objections.map(|objection| (&plan.host, objection)));
        }
        refuse(&refused)?;
        Ok(known)
    }
}

/// The name of a roll-out that begins now: milliseconds since 1970.
pub fn rollout_now() -> Result<u64> {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("read the clock")?;
    u64::try_from(since.as_millis()).context("read the clock")
}

/// All that speaks against the hosts, each with its name; nothing was changed yet.
fn refuse(objections: &[(&Host, String)]) -> Result<()> {
    if objections.is_empty() {
        return Ok(());
    }
    let lines = objections
        .iter()
        .map(|(host, why)| format!("  {}: {why}", host.node));
    let lines: Vec<String> = lines.collect();
    bail!("nothing was changed on any host:\n{}", lines.join("\n"))
}
