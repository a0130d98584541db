//! Whether to ignore, to watch or to act, and on what.
//!
//! The knowledge base article's rules: a loss followed by its end can generally be ignored if nothing else failed with
//! it and whoever was gone was gone on purpose or for the lack of communication alone; a failed or unreachable
//! interface after a loss means that a problem may exist.

use super::case::{Case, Sequel};

/// From so many losses of one path on, its ends do not console anybody.
const OFTEN: usize = 3;

/// What to do, in one sentence.
pub fn of(case: &Case<'_>) -> String {
    let class = case.best().evidence.class.as_deref().unwrap_or("unknown");
    let look = look(class);
    if case.event.maintenance {
        return "ignore: it happened under maintenance".to_owned();
    }
    if case.loss.is_none() {
        return format!("watch: {look}");
    }
    if case.sequel() == Sequel::GoesOn {
        let lasts = case.lasts().map_or(String::new(), |lasts| {
            format!("lasts {:.1} s and ", lasts.as_secs_f64())
        });
        return format!("act: it {lasts}goes on. {look}");
    }
    if let Some(verdict) = case.verdict {
        return format!(
            "act: {} {} followed, so a problem may exist. {look}",
            verdict.id, verdict.name
        );
    }
    if matches!(class, "agent-restarted" | "peer-left") {
        return "ignore: another run of the agent, and nothing else failed".to_owned();
    }
    if OFTEN <= case.losses {
        return format!("act: {} losses of this path are kept. {look}", case.losses);
    }
    let blip = case.end.is_some_and(|end| end.evidence.blip == Some(true));
    if blip {
        "ignore, unless it comes again: it was short, and nothing else failed with it".to_owned()
    } else {
        format!("watch: it is over, and was no short one. {look}")
    }
}

/// What to look at for a cause of this class.
fn look(class: &str) -> &'static str {
    match class {
        "agent-stalled" => "Look at the agent on the peer: is it stopped, or hung on a disk?",
        "starved-there" => "Look at the load of the peer: who takes its CPUs?",
        "starved-here" => "Look at the load of this host: who takes its CPUs?",
        "agent-restarted" => "Look at the peer's log: why did its agent end?",
        "peer-left" => "Nothing is wrong with the network",
        "host-down" => "Look at the peer's console: why did it go down?",
        "host-silent" => "Power of the peer, or all of its cables",
        "paused-there" => "Snapshots, backups or migration of the peer's virtual machine",
        "paused-here" => "Snapshots, backups or migration of this virtual machine",
        "lost-to-us" => "One direction: port, cable, VLAN or filter between the two",
        "lost-to-them" => "The way to the peer: port, cable, VLAN or filter between the two",
        "lost-both-ways" => "Port, cable, VLAN or spanning tree between the two",
        "delayed" => "Queues on the way: congestion, flow control, a busy switch",
        "disordered" => "Several ways between the two: link aggregation, routing",
        "interface-down-here" => "Cable, port and settings of this node's own interface",
        "interface-down-there" => "Cable, port and settings of the peer's interface",
        "dropped-here" => "Ring, driver and softnet counters of this host",
        "dropped-there" => "Filters, routes and send errors on the peer",
        "group-only" => "IGMP or MLD snooping without a querier on the switch",
        _ => "Not known: compare both ends",
    }
}
