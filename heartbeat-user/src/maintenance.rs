//! Maintenance: somebody works on it, and its events are not to wake anybody.
//!
//! A flag on the event is all: nothing is suppressed, because what happens during maintenance is worth knowing,
//! too. It ends by itself, for a flag that somebody forgot hides the next real loss. The awkward case is a
//! restart of the agent, which maintenance often brings about: so it is kept in the state directory, with its
//! end in wall time.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::clock;

const FILE: &str = "maintenance.json";
/// Maintenances that are on at the same time.
pub const MAINTENANCES_MAX: usize = 64;

/// One maintenance.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Maintenance {
    /// Whose paths it covers; absent: all peers.
    pub peer: Option<String>,
    /// Label of the network whose paths it covers; absent: all networks.
    pub network: Option<String>,
    /// The operator's reason.
    pub why: String,
    /// Who began it.
    pub by: String,
    /// When it ends, seconds since 1970.
    pub until: u64,
}

/// Those that are on.
pub struct Maintenances {
    path: PathBuf,
    kept: Vec<Maintenance>,
}

impl Maintenances {
    /// Reads what an earlier run kept in `directory`.
    pub fn load(directory: &Path) -> Result<Self> {
        let path = directory.join(FILE);
        let kept = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| {
                format!(
                    "read {}: remove it, and begin the maintenance anew",
                    path.display()
                )
            })?,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
        };
        Ok(Maintenances { path, kept })
    }

    /// Those that have not ended.
    pub fn active(&self) -> impl Iterator<Item = &Maintenance> {
        let now = clock::wall();
        self.kept
            .iter()
            .filter(move |maintenance| now < Duration::from_secs(maintenance.until))
    }

    /// Whether what is about this peer, on this network, is under maintenance. `None`: about no peer, on no
    /// particular network; only what covers all of them covers that.
    pub fn covers(&self, peer: Option<&str>, network: Option<&str>) -> bool {
        let within = |wanted: &Option<String>, given: Option<&str>| {
            wanted.is_none() || wanted.as_deref() == given
        };
        self.active().any(|maintenance| {
            within(&maintenance.peer, peer) && within(&maintenance.network, network)
        })
    }

    /// Begins one, in the place of another with the same scope.
    pub fn begin(&mut self, maintenance: Maintenance) -> Result<()> {
        let scope = |kept: &Maintenance| (kept.peer.clone(), kept.network.clone());
        let mut kept: Vec<Maintenance> = self.active().cloned().collect();
        kept.retain(|other| scope(other) != scope(&maintenance));
        anyhow::ensure!(
            kept.len() < MAINTENANCES_MAX,
            "at most {MAINTENANCES_MAX} maintenances fit: end one first (`heartbeat maintenance off`)"
        );
        kept.push(maintenance);
        self.keep(kept)
    }

    /// Ends those of exactly this scope, or all where it names neither peer nor network. Says how many.
    pub fn end(&mut self, peer: Option<&str>, network: Option<&str>) -> Result<usize> {
        let ends = |kept: &Maintenance| {
            let all = peer.is_none() && network.is_none();
            all || (kept.peer.as_deref() == peer && kept.network.as_deref() == network)
        };
        let active: Vec<Maintenance> = self.active().cloned().collect();
        let before = active.len();
        let kept: Vec<Maintenance> = active.into_iter().filter(|kept| !ends(kept)).collect();
        let ended = before - kept.len();
        self.keep(kept)?;
        Ok(ended)
    }

    /// Replaces the file as a whole, synced, and only then what is known here.
    fn keep(&mut self, kept: Vec<Maintenance>) -> Result<()> {
        let store = || -> Result<()> {
            let temporary = self.path.with_extension("new");
            let mut file = File::create(&temporary)?;
            file.write_all(&serde_json::to_vec(&kept)?)?;
            file.sync_all()?;
            Ok(fs::rename(&temporary, &self.path)?)
        };
        store().with_context(|| format!("write {}", self.path.display()))?;
        self.kept = kept;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(peer: Option<&str>, network: Option<&str>, until: u64) -> Maintenance {
        Maintenance {
            peer: peer.map(str::to_owned),
            network: network.map(str::to_owned),
            why: "a new cable".to_owned(),
            by: "root".to_owned(),
            until,
        }
    }

    fn in_an_hour() -> u64 {
        clock::wall().as_secs() + 3600
    }

    #[test]
    fn it_covers_what_it_names_and_outlives_the_run() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut first = Maintenances::load(directory.path()).expect("nothing there");
        first
            .begin(on(Some("node-b"), None, in_an_hour()))
            .expect("writable");
        let second = Maintenances::load(directory.path()).expect("readable");
        for run in [&first, &second] {
            assert!(run.covers(Some("node-b"), Some("Private")));
            assert!(run.covers(Some("node-b"), None));
            assert!(!run.covers(Some("node-c"), Some("Private")));
            assert!(!run.covers(None, None));
        }
    }

    #[test]
    fn it_ends_by_itself_and_by_order() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut run = Maintenances::load(directory.path()).expect("nothing there");
        run.begin(on(None, Some("Private"), clock::wall().as_secs()))
            .expect("writable");
        assert!(!run.covers(Some("node-b"), Some("Private")), "it is over");
        run.begin(on(None, Some("Private"), in_an_hour()))
            .expect("writable");
        run.begin(on(Some("node-b"), None, in_an_hour()))
            .expect("writable");
        assert_eq!(run.end(Some("node-c"), None).expect("writable"), 0);
        assert_eq!(run.end(None, Some("Private")).expect("writable"), 1);
        assert!(run.covers(Some("node-b"), Some("Private")));
        assert_eq!(run.end(None, None).expect("writable"), 1);
        assert_eq!(run.active().count(), 0);
    }

    #[test]
    fn a_second_one_with_the_same_scope_replaces_the_first() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut run = Maintenances::load(directory.path()).expect("nothing there");
        for more in [0, 60] {
            run.begin(on(Some("node-b"), None, in_an_hour() + more))
                .expect("writable");
        }
        assert_eq!(run.active().count(), 1);
    }
}
