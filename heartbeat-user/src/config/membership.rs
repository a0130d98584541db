//! `[membership]`: how the cluster agrees on its members.
//!
//! The awkward case is a default that other keys make wrong: sixty seconds of patience with a stalled agent
//! are longer than any usual silence that makes a node suspected, but not where the interval is a minute. A
//! value that the file sets is a mistake then. The default grows instead, or a file that ran yesterday would
//! be refused for a key that it does not have.

use std::net::IpAddr;
use std::time::Duration;

use heartbeat_core::config::{Quarantine, Settle};
use heartbeat_core::timing::Timing;
use heartbeat_ebpf::ids::NodeId;
use toml::de::DeValue;

use super::cluster::or;
use super::document::{At, Document};
use super::section::Section;
use super::value::{self, Checked};
use super::{Network, Node, duration};

pub(super) use check::check;

mod check;

/// How the cluster agrees on its members.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Membership {
    /// Who goes on when the votes split exactly in half: a node with votes. Where the file says `lowest-id`,
    /// the one that this means.
    pub tie_breaker: NodeId,
    /// Addresses outside the cluster that show whose interface is at fault: sorted, each in the subnet of a
    /// network and no node's; at most 64.
    pub witness: Vec<IpAddr>,
    /// A node whose host answers while its agent does not is suspected only after this long a silence; longer
    /// than [`super::Cluster::suspicion`].
    pub stalled_after: Duration,
    /// When a node is kept out; `None`: never.
    pub quarantine: Option<Quarantine>,
    /// How long a state of an interface or network must hold before its event.
    pub settle: Settle,
}

impl Membership {
    /// That of a file without the section; `None` if no node has votes. The nodes are sorted by id.
    pub(super) fn usual(nodes: &[Node], suspicion: Option<Duration>) -> Option<Membership> {
        let draft = MembershipDraft {
            tie_breaker: None,
            witness: Vec::new(),
            stalled_after: None,
            quarantine: Some(QUARANTINE),
            settle: Settle::Auto,
        };
        draft.finish(nodes, suspicion)
    }

    /// Every key and its value as text; the tie breaker by its number.
    pub(super) fn settings(&self) -> [(&'static str, String); 5] {
        let Membership {
            tie_breaker,
            witness,
            stalled_after,
            quarantine,
            settle,
        } = self;
        [
            ("tie_breaker", tie_breaker.to_string()),
            ("witness", witness_text(witness)),
            ("stalled_after", duration::text(*stalled_after)),
            ("quarantine", quarantine_text(quarantine.as_ref())),
            ("settle", settle_text(*settle)),
        ]
    }
}

fn witness_text(witness: &[IpAddr]) -> String {
    match witness {
        [] => "none".to_owned(),
        _ => {
            let addresses: Vec<String> = witness.iter().map(IpAddr::to_string).collect();
            addresses.join(" ")
        }
    }
}

fn quarantine_text(quarantine: Option<&Quarantine>) -> String {
    quarantine.map_or("off".to_owned(), |quarantine| {
        let [within, lasting] = [quarantine.within, quarantine.lasting].map(duration::text);
        format!("{} exits within {within} for {lasting}", quarantine.exits)
    })
}

fn settle_text(settle: Settle) -> String {
    match settle {
        Settle::Auto => "auto".to_owned(),
        Settle::Fixed(settle) => duration::text(settle),
    }
}

/// What could be read of `[membership]`.
pub(super) struct MembershipDraft {
    /// A name; absent for the lowest id.
    tie_breaker: Option<At<String>>,
    witness: Vec<At<IpAddr>>,
    stalled_after: Option<At<Duration>>,
    quarantine: Option<Quarantine>,
    settle: Settle,
}

/// `quarantine` where the file has none.
const QUARANTINE: Quarantine = Quarantine {
    exits: 3,
    within: Duration::from_secs(3600),
    lasting: Duration::from_secs(7200),
};
/// `tie_breaker` where the file has none.
const LOWEST_ID: &str = "lowest-id";
/// `stalled_after` where the file has none, and the timing allows it.
const STALLED_AFTER: Duration = Duration::from_secs(60);
const STALLED_AFTER_MIN: Duration = Duration::from_secs(1);
const STALLED_AFTER_MAX: Duration = Duration::from_secs(3600);
const QUARANTINE_MIN: Duration = Duration::from_secs(1);
const QUARANTINE_MAX: Duration = Duration::from_secs(168 * 3600);
const SETTLE_MAX: Duration = Duration::from_secs(60);
const WITNESSES_MAX: usize = 64;

/// Reads `[membership]`.
pub(super) fn read(document: &Document<'_>, section: Section<'_, '_>) -> MembershipDraft {
    let stalled_after = value::duration(STALLED_AFTER_MIN..=STALLED_AFTER_MAX);
    let draft = MembershipDraft {
        tie_breaker: section
            .optional("tie_breaker", tie_breaker)
            .filter(|name| name.value != LOWEST_ID),
        witness: section.list("witness", WITNESS, value::address),
        stalled_after: section.optional("stalled_after", stalled_after),
        quarantine: quarantine(&section),
        settle: or(section.optional("settle", settle), Settle::Auto),
    };
    section.finish();
    if let Some(last) = draft.witness.get(WITNESSES_MAX) {
        let count = draft.witness.len();
        let what = format!("read {count} addresses; allowed are {WITNESSES_MAX}");
        document.note(&last.place, what);
    }
    draft
}

const WITNESS: &str = "a list of addresses, as [\"10.77.1.254\"]";
const TIE_BREAKER: &str = "\"lowest-id\" or the name of a node with votes";

fn tie_breaker(value: &DeValue<'_>) -> Checked<String> {
    value::name(value).map_err(|_| TIE_BREAKER.to_owned())
}

fn settle(value: &DeValue<'_>) -> Checked<Settle> {
    if value.as_str() == Some("auto") {
        return Ok(Settle::Auto);
    }
    let or_auto = |range: String| format!("\"auto\" or {range}");
    let fixed = value::duration(Duration::ZERO..=SETTLE_MAX)(value);
    fixed.map(Settle::Fixed).map_err(or_auto)
}

fn quarantine(section: &Section<'_, '_>) -> Option<Quarantine> {
    let allowed = "\"off\" or a table as { exits = 3, within = \"1h\", for = \"2h\" }";
    let section = section.section_unless("quarantine", "off", allowed)?;
    let duration = |key, default| {
        let read = value::duration(QUARANTINE_MIN..=QUARANTINE_MAX);
        or(section.optional(key, read), default)
    };
    let quarantine = Quarantine {
        exits: or(
            section.optional("exits", value::number(1..=100)),
            QUARANTINE.exits,
        ),
        within: duration("within", QUARANTINE.within),
        lasting: duration("for", QUARANTINE.lasting),
    };
    section.finish();
    Some(quarantine)
}

/// The longest silence of any of these networks that makes a node suspected.
fn longest(timings: impl Iterator<Item = Timing>, regroup_after: u32) -> Option<Duration> {
    timings
        .map(|timing| timing.suspicion(None, regroup_after))
        .max()
}

/// The longest silence that makes a node suspected; `None` where no network counts.
pub(super) fn suspicion(networks: &[Network], regroup_after: u32) -> Option<Duration> {
    let counting = networks.iter().filter(|network| network.role.counts());
    longest(counting.map(|network| network.timing), regroup_after)
}

impl MembershipDraft {
    /// The section, if every part of it could be read.
    pub fn finish(self, nodes: &[Node], suspicion: Option<Duration>) -> Option<Membership> {
        let mut witness: Vec<IpAddr> = self.witness.into_iter().map(|at| at.value).collect();
        witness.sort();
        let tie_breaker = match self.tie_breaker {
            Some(name) => nodes.iter().find(|node| node.name == name.value),
            None => lowest(nodes),
        };
        Some(Membership {
            tie_breaker: tie_breaker?.id,
            witness,
            stalled_after: or(self.stalled_after, patience(suspicion)),
            quarantine: self.quarantine,
            settle: self.settle,
        })
    }
}

/// The node with votes that comes first, of nodes sorted by id.
fn lowest(nodes: &[Node]) -> Option<&Node> {
    nodes.iter().find(|node| 0 < node.votes)
}

/// `stalled_after` where the file has none.
fn patience(suspicion: Option<Duration>) -> Duration {
    let twice = suspicion.map_or(Duration::ZERO, |suspicion| suspicion.saturating_mul(2));
    STALLED_AFTER.max(twice)
}
