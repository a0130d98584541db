//! `heartbeat reload`, `leave` and `maintenance`: what the agent is told to do.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Result;

use super::{Exit, client, status};
use crate::config::duration;
use crate::control::{Command, MAINTENANCE_MAX};
use crate::request::Scope;
use crate::snapshot::MaintenanceView;

/// Has the agent read its configuration again; prints what that changes.
pub fn reload(socket: &Path) -> Result<Exit> {
    order(socket, &Command::Reload)
}

/// Has the agent say farewell to its peers and end.
pub fn leave(socket: &Path) -> Result<Exit> {
    order(socket, &Command::Leave)
}

/// Begins a maintenance.
pub fn begin(socket: &Path, scope: Scope, lasting: Lasting, why: String) -> Result<Exit> {
    let command = Command::Maintenance {
        on: true,
        seconds: Some(lasting.0.as_secs()),
        why: Some(why),
        peer: scope.peer,
        network: scope.network,
    };
    order(socket, &command)
}

/// Ends a maintenance.
pub fn end(socket: &Path, scope: Scope) -> Result<Exit> {
    let command = Command::Maintenance {
        on: false,
        seconds: None,
        why: None,
        peer: scope.peer,
        network: scope.network,
    };
    order(socket, &command)
}

/// Prints the maintenances that are on.
pub fn show(socket: &Path) -> Result<Exit> {
    let (_, snapshot) = status::ask(socket)?;
    if snapshot.maintenance.is_empty() {
        client::print("no maintenance")?;
    }
    for maintenance in &snapshot.maintenance {
        client::print(&line(maintenance))?;
    }
    Ok(Exit::Well)
}

fn order(socket: &Path, command: &Command) -> Result<Exit> {
    client::order(socket, command).map(|()| Exit::Well)
}

/// One maintenance in a sentence.
pub fn line(maintenance: &MaintenanceView) -> String {
    let scope = Scope {
        peer: maintenance.peer.clone(),
        network: maintenance.network.clone(),
    };
    let MaintenanceView { until, why, by, .. } = maintenance;
    format!("maintenance of {scope} until {until}: {why} (by {by})")
}

/// How long a maintenance lasts: whole seconds, up to 30 days.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lasting(Duration);

impl FromStr for Lasting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let allowed = Duration::from_secs(1)..=MAINTENANCE_MAX;
        long(text)
            .filter(|duration| allowed.contains(duration))
            .map(Lasting)
            .ok_or_else(|| "say 1s to 30d, such as 2h or 30m".to_owned())
    }
}

impl fmt::Display for Lasting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&duration::text(self.0))
    }
}

/// A duration as the configuration writes it, or whole days: `2d`.
pub fn long(text: &str) -> Option<Duration> {
    match text.strip_suffix('d') {
        Some(days) if !days.is_empty() && days.bytes().all(|byte| byte.is_ascii_digit()) => {
            let seconds = days.parse::<u64>().ok()?.checked_mul(24 * 3600)?;
            Some(Duration::from_secs(seconds))
        }
        _ => duration::parse(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_maintenance_lasts_a_second_to_thirty_days() {
        let seconds = |text: &str| text.parse::<Lasting>().map(|lasting| lasting.0.as_secs());
        assert_eq!(seconds("2h"), Ok(7200));
        assert_eq!(seconds("30d"), Ok(30 * 24 * 3600));
        for text in [
            "",
            "2",
            "0s",
            "31d",
            "99999999999999999999d",
            "d",
            "-1h",
            "1.5d",
            "500ms",
        ] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_maintenance_is_told_in_a_sentence() {
        let maintenance = MaintenanceView {
            peer: Some("node-b".to_owned()),
            network: None,
            why: "new switch".to_owned(),
            until: "2026-11-22T14:00:00Z".to_owned(),
            by: "root (uid 0, process 123)".to_owned(),
        };
        assert_eq!(
            line(&maintenance),
            "maintenance of all paths to node-b until 2026-11-22T14:00:00Z: new switch (by root (uid 0, process 123))"
        );
    }
}
