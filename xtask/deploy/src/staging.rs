//! Files on their way: in a folder on the host that only root may enter, where the agent is asked before it is
//! installed.
//!
//! Nobody but the agent itself can say what it would find on the host, and it is not there yet. So it comes with
//! its files, looks, and either goes on from there or leaves with the folder.

use std::time::Duration;

use anyhow::{Context, Result};
use heartbeat_user::check::Findings;

use crate::files::Kind;
use crate::host::Host;
use crate::plan::Plan;
use crate::shell;
use crate::ssh::Ssh;
use crate::survey::SERVICE;
use crate::wanted::Wanted;

/// A host's folder, which goes with this value.
#[derive(Debug)]
pub struct Staged {
    ssh: Ssh,
    host: Host,
    /// Its place; absent where nothing had to come, or once it is removed.
    folder: Option<String>,
    /// What the agent found on the host.
    pub findings: Findings,
}

const STAGE: &str = include_str!("scripts/stage.sh");
const INSTALL: &str = include_str!("scripts/install.sh");
/// What bringing some ten megabytes over a slow line may take.
const STAGING_LIMIT: Duration = Duration::from_secs(600);
/// What ending an agent and starting another may take.
const INSTALL_LIMIT: Duration = Duration::from_secs(120);

impl Staged {
    /// Brings what the plan changes, and has the agent look at the host.
    pub fn bring(ssh: &Ssh, plan: &Plan, wanted: &Wanted) -> Result<Self> {
        let files = wanted.files(plan.survey.manager);
        let place = |kind: Kind| {
            let file = files.iter().find(|file| file.kind == kind)?;
            let comes = plan.changes.contains(file);
            Some(if comes {
                kind.name().to_owned()
            } else {
                file.path.clone()
            })
        };
        let sizes = plan
            .changes
            .iter()
            .map(|file| format!("{} {}", file.kind.name(), file.bytes.len()));
        let given = [
            ("staged", &*sizes.collect::<Vec<_>>().join(" ")),
            (
                "binary",
                &place(Kind::Binary).context("an agent is always wanted")?,
            ),
            (
                "config",
                &place(Kind::Config).context("a configuration is always wanted")?,
            ),
            ("key", &place(Kind::Key).unwrap_or_default()),
            ("node", &plan.host.node),
        ];
        let script = shell::script(&given, &[STAGE]);
        let input: Vec<&[u8]> = plan.changes.iter().map(|file| &*file.bytes).collect();
        let said = ssh.run(&plan.host, &script, &input.concat(), STAGING_LIMIT)?;
        let (folder, findings) = said.split_once('\n').context("it names no folder")?;
        let findings = serde_json::from_str(findings);
        Ok(Staged {
            ssh: ssh.clone(),
            host: plan.host.clone(),
            folder: Some(folder.to_owned()).filter(|folder| !folder.is_empty()),
            findings: findings.context("understand `heartbeat check --json`")?,
        })
    }

    /// Puts the files in their places, and has the service take them.
    pub fn install(&self, plan: &Plan, wanted: &Wanted, rollout: u64) -> Result<()> {
        let manager = plan.survey.manager;
        let changed = plan.changes.iter();
        let changed = changed.map(|file| {
            format!(
                "{} {} {}",
                file.kind.name(),
                file.kind.mode(manager),
                file.path
            )
        });
        let given = [
            ("place", self.folder.as_deref().unwrap_or_default()),
            ("rollout", &rollout.to_string()),
            ("changed", &changed.collect::<Vec<_>>().join(" ")),
            ("action", plan.action.word()),
            ("was", plan.action.undone_by()),
            ("socket", &wanted.socket()),
        ];
        let script = shell::script(&given, &[SERVICE, INSTALL]);
        self.ssh
            .run(&self.host, &script, &[], INSTALL_LIMIT)
            .map(drop)
    }

    /// Notes on the host that its roll-out was seen to end well, and removes the folder.
    pub fn settle(&mut self) -> Result<()> {
        self.clear("rm -f $folder/pending\n")
    }

    /// Removes the folder, if it is still there, and does something else on the way.
    fn clear(&mut self, script: &str) -> Result<()> {
        let remove = match self.folder.take() {
            Some(folder) => format!("rm -rf {}\n", shell::quote(&folder)),
            None => String::new(),
        };
        let script = shell::script(&[], &[SERVICE, script, &remove]);
        let cleared = self.ssh.run(&self.host, &script, &[], INSTALL_LIMIT);
        cleared.map(drop)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        let Some(folder) = self.folder.clone() else {
            return;
        };
        if let Err(error) = self.clear("") {
            eprintln!("{}: {folder} is left there: {error:#}", self.host.node);
        }
    }
}
