//! What is to be done on one host, or why nothing may be.
//!
//! All of it follows from the survey and the findings: a second run finds every file in place and does nothing.
//! The awkward case is a roll-out that was interrupted between the files and the service: the files match, and the
//! agent that runs is another one. So the host remembers that a roll-out has begun until it was seen to be well.

use heartbeat_user::check::Findings;

use crate::files::Kind;
use crate::host::Host;
use crate::survey::Survey;
use crate::wanted::{File, Scope, Wanted};

pub mod text;

/// What the service has to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Nothing: all is in place.
    Nothing,
    /// Read its files again.
    Reload,
    /// End and begin again, announced to the peers.
    Restart,
    /// Begin.
    Start,
}

/// What is to be done on a host.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    /// Where.
    pub host: Host,
    /// What was found there.
    pub survey: Survey,
    /// Files that are not there, or hold something else.
    pub changes: Vec<File>,
    /// What the service has to do then.
    pub action: Action,
}

/// The oldest kernel that the XDP program runs on.
const KERNEL_MIN: (u32, u32) = (6, 1);
/// Clocks that differ by more are told of, in seconds: times of events are compared by people.
const CLOCK_ODD: f64 = 1.0;
/// Clocks that differ by more are refused: the next setting of this one may make runs look older than they are.
const CLOCK_WRONG: f64 = 60.0;

impl Action {
    /// As scripts call it.
    pub fn word(self) -> &'static str {
        match self {
            Action::Nothing => "nothing",
            Action::Reload => "reload",
            Action::Restart => "restart",
            Action::Start => "start",
        }
    }

    /// What undoes it, when the files are back.
    pub fn undone_by(self) -> &'static str {
        match self {
            Action::Start => "stop",
            other => other.word(),
        }
    }
}

impl Plan {
    /// What makes the host what is wanted.
    pub fn of(host: &Host, survey: Survey, wanted: &Wanted) -> Self {
        let files = wanted.files(survey.manager);
        let changes = files
            .into_iter()
            .filter(|file| wanted.scope.covers(file.kind) && !survey.has(file));
        let changes: Vec<File> = changes.collect();
        let restarts = |file: &File| matches!(file.kind, Kind::Binary | Kind::Service | Kind::Pins);
        let action = if survey.pid.is_none() {
            Action::Start
        } else if survey.pending || changes.iter().any(restarts) {
            Action::Restart
        } else if !changes.is_empty() {
            Action::Reload
        } else {
            Action::Nothing
        };
        Plan {
            host: host.clone(),
            survey,
            changes,
            action,
        }
    }

    /// Whether the host is left alone.
    pub fn is_done(&self) -> bool {
        !self.host.chosen || self.action == Action::Nothing
    }
}

/// Why the host can't be a node, before anything was brought there; empty: nothing speaks against it.
pub fn objections(survey: &Survey, wanted: &Wanted) -> Vec<String> {
    let mut objections: Vec<String> = survey.lacking.iter().map(|what| lacking(what)).collect();
    if !is_new_enough(&survey.kernel) {
        let (major, minor) = KERNEL_MIN;
        objections.push(format!(
            "its kernel is {}: Linux {major}.{minor} or later is needed",
            survey.kernel
        ));
    }
    if survey.machine != std::env::consts::ARCH {
        let ours = std::env::consts::ARCH;
        objections.push(format!(
            "it is {}, and the agent was built for {ours}",
            survey.machine
        ));
    }
    if let Some(package) = &survey.package {
        objections.push(format!(
            "its agent belongs to the package {package}: upgrade that, or remove it first"
        ));
    }
    if survey.pid.is_none() && wanted.scope == Scope::Key {
        objections.push("its agent does not run, and a key is replaced while all do".to_owned());
    }
    if survey.pid.is_none() {
        objections.extend(survey.taken.iter().map(|port| taken(port, wanted)));
    }
    if survey.clock.0.abs() - survey.clock.1 > CLOCK_WRONG {
        objections.push(format!(
            "its clock is {:+.0} s from this one: set both first",
            survey.clock.0
        ));
    }
    if survey.pid.is_some()
        && let Some(Err(error)) = wanted
            .key
            .as_ref()
            .map(|key| key.refuse_abrupt(&survey.keys))
    {
        objections.push(error.to_string());
    }
    objections
}

/// Why the agent, asked there, would not work.
pub fn not_ready(findings: &Findings) -> Vec<String> {
    let late = findings.networks.iter().filter(|network| !network.ready);
    late.map(|network| match &network.interface {
        Some(interface) => format!("{} on {interface}: {}", network.network, network.xdp),
        None => format!(
            "{}: none of its interfaces has {}",
            network.network, network.address
        ),
    })
    .collect()
}

/// What is odd and keeps nobody from anything.
pub fn remarks(survey: &Survey) -> Option<String> {
    let (ahead, doubt) = survey.clock;
    (ahead.abs() - doubt > CLOCK_ODD)
        .then(|| format!("its clock is {ahead:+.1} s from this one: times of events will not fit"))
}

fn lacking(what: &str) -> String {
    match what {
        "bpffs" => "no BPF file system is mounted on /sys/fs/bpf: `mount -t bpf bpf /sys/fs/bpf`"
            .to_owned(),
        tool => format!("it has no `{tool}`"),
    }
}

fn taken(port: &str, wanted: &Wanted) -> String {
    match (port, wanted.cluster.agent.metrics) {
        ("tcp", Some(address)) => format!("TCP port {} is taken: give [agent] metrics another one", address.port()),
        _ => "UDP port 3343 is taken: an agent or another program that was started by hand has it (`ss -lunp`)".to_owned(),
    }
}

fn is_new_enough(release: &str) -> bool {
    let mut numbers = release
        .split(|other: char| !other.is_ascii_digit())
        .map(str::parse);
    let mut next = || numbers.next().and_then(Result::ok).unwrap_or(0);
    KERNEL_MIN <= (next(), next())
}

#[cfg(test)]
mod tests;
