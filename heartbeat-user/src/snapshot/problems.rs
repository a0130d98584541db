//! What is wrong, a sentence each, and the command that says more.
//!
//! The terminal and the page tell the same things in the same words, so both have them from here.

use heartbeat_core::cause::Class;

use super::words::{ago, quoted};
use super::{AgentState, AgentView, NetworkView, PathView, Snapshot, standing};

/// Something that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// What.
    pub sentence: String,
    /// What to type to be told why, where an event says it.
    pub explain: Option<String>,
}

impl From<String> for Problem {
    fn from(sentence: String) -> Self {
        Problem {
            sentence,
            explain: None,
        }
    }
}

/// Everything that is wrong, a sentence each.
pub fn problems(snapshot: &Snapshot) -> Vec<String> {
    let sentences = told(snapshot).into_iter();
    sentences.map(|problem| problem.sentence).collect()
}

/// Everything that is wrong, by networks, peers and this node.
pub fn told(snapshot: &Snapshot) -> Vec<Problem> {
    let network = |network: &NetworkView| {
        network
            .problem
            .as_ref()
            .map(|problem| format!("{}: {problem}", network.network))
    };
    let mut problems: Vec<Problem> = Vec::new();
    let networks = snapshot.networks.iter().filter_map(network);
    problems.extend(networks.map(Problem::from));
    problems.extend(standing::problems(snapshot).into_iter().map(Problem::from));
    problems.extend(snapshot.agents_that(AgentState::Stalled).map(stall));
    let stalled = |path: &&PathView| {
        let agent = snapshot.agent(&path.peer);
        agent.is_some_and(|agent| agent.state == AgentState::Stalled)
    };
    // What an agent does not send, no cable lost.
    let paths = snapshot.paths.iter();
    problems.extend(paths.filter(|path| !stalled(path)).flat_map(of_path));
    problems.extend(of_settings(snapshot).into_iter().map(Problem::from));
    problems
}

fn stall(agent: &AgentView) -> Problem {
    let peer = &agent.peer;
    let sentence = match agent.kept_seconds {
        Some(kept) if 0.0 < kept => {
            format!("{peer} agent silent, host answers: kept as member for {kept:.0} s more")
        }
        _ => format!("{peer} agent does not do its work, host answers"),
    };
    let by_peer = || format!("heartbeat explain --peer={}", quoted(peer));
    Problem {
        sentence,
        explain: Some(agent.told.map_or_else(by_peer, explain)),
    }
}

fn explain(seq: u64) -> String {
    format!("heartbeat explain {seq}")
}

fn of_path(path: &PathView) -> Vec<Problem> {
    let mut problems: Vec<Problem> = strain(path).map(Problem::from).into_iter().collect();
    problems.extend((path.state == "lost").then(|| silence(path)));
    let whose = format!("{} on {}", path.peer, path.network);
    if path.candidate && path.state != "up" {
        problems.push(Problem::from(format!(
            "{whose}: it is heard, but no echo has confirmed this run of its agent"
        )));
    }
    if let Some(error) = path.send_error.as_ref().filter(|_| path.state != "up") {
        problems.push(Problem::from(format!(
            "{whose}: sending failed, last with: {error}"
        )));
    }
    problems
}

fn silence(path: &PathView) -> Problem {
    let silent = path
        .silent_seconds
        .map_or_else(String::new, |seconds| format!(" for {}", ago(seconds)));
    let whose = format!("{} on {}", path.peer, path.network);
    let told = path.told.as_ref();
    let one_way = Some(Class::LostToUs.label());
    let sentence = match told.and_then(|told| told.cause.as_deref()) {
        Some(_) if told.and_then(|told| told.class.as_deref()) == one_way => {
            format!("{whose} hears us, but we do not hear it")
        }
        Some(cause) => format!("{whose}: no heartbeat{silent}; {cause}"),
        None => format!("{whose}: no heartbeat{silent}"),
    };
    // With the equals sign, because a label may begin with a dash.
    let by_name = || {
        format!(
            "heartbeat explain --peer={} --network={}",
            quoted(&path.peer),
            quoted(&path.network)
        )
    };
    Problem {
        sentence,
        explain: Some(told.map_or_else(by_name, |told| explain(told.seq))),
    }
}

/// What two configurations or two keys bring about, and how this node is scheduled.
fn of_settings(snapshot: &Snapshot) -> Vec<String> {
    let mut problems = Vec::new();
    problems.extend(
        snapshot
            .config_differs
            .iter()
            .filter(|(_, differs)| **differs)
            .map(|(peer, _)| format!("{peer} runs another configuration than this node: compare the files, then `heartbeat reload`")),
    );
    problems.extend(
        snapshot
            .networks
            .iter()
            .filter_map(|network| refusals(snapshot, network)),
    );
    if snapshot.scheduling == "normal" {
        problems.push(
            "the sender runs at normal priority: under load peers may miss our heartbeats"
                .to_owned(),
        );
    }
    problems
}

/// What strains a path that is up; the worst, if there is more.
fn strain(path: &PathView) -> Option<String> {
    let worst = path.strains.first().filter(|_| path.state == "up")?;
    let minute = &path.last_minute;
    let strain = match worst.as_str() {
        "losing" => format!("losing {} of {} heartbeats", minute.lost, minute.expected),
        "late" => format!("late, gaps up to {}", short(minute.largest_gap_seconds)),
        "unheard" => "the peer misses our heartbeats".to_owned(),
        other => other.to_owned(),
    };
    Some(format!("{} on {}: {strain}", path.peer, path.network))
}

/// A time that is told in seconds once it is one.
fn short(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{:.0} ms", 1e3 * seconds)
    } else {
        format!("{seconds:.1} s")
    }
}

/// What XDP refused on a network where somebody is not heard: a wrong key looks like silence otherwise.
fn refusals(snapshot: &Snapshot, network: &NetworkView) -> Option<String> {
    let silent = |path: &PathView| path.network == network.network && path.state != "up";
    if !snapshot.paths.iter().any(silent) {
        return None;
    }
    let refused: Vec<String> = SUSPICIOUS
        .iter()
        .filter_map(|verdict| network.frames.get_key_value(*verdict))
        .filter(|(_, count)| 0 < **count)
        .map(|(verdict, count)| format!("{count} {verdict}"))
        .collect();
    let told = || {
        format!(
            "{}: frames refused since the program was attached: {}",
            network.network,
            refused.join(", ")
        )
    };
    (!refused.is_empty()).then(told)
}

/// Verdicts that a mistake in somebody's configuration or key causes.
const SUSPICIOUS: [&str; 10] = [
    "tag",
    "key",
    "authentication",
    "cluster",
    "receiver",
    "path",
    "source",
    "version",
    "length",
    "interval",
];
