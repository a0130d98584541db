//! Everything that all nodes have to say of a fault, and nothing else.
//!
//! A [`Feed`](super::feed::Feed) of the whole shows what paths do and what the nodes make of it together. Both come
//! from different clocks: a path is lost at its own deadline, an interface when a state has settled, a member when
//! the nodes agree. So an account fixes in which order things are said of one subject, and leaves open who of
//! several is first; what has to come before what in spite of that is asked for by name. What a node says of its
//! own lateness is this machine's doing, and no part of any account.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::event::{
    AGENT_RESTARTING, AGENT_RESUMED, AGENT_STALLED, Event, INTERFACE_FAILED, INTERFACE_UNREACHABLE,
    INTERFACE_UP, LOCAL_INTERFACE_FAILED, MEMBER_JOINED, MEMBER_REMOVED, NETWORK_DOWN, NETWORK_UP,
    NODE_LEFT, PATH_LOST, PATH_RESTORED, QUARANTINED, QUORUM_LOST, SELF_STARVED,
};
use super::plan::{Network, Node, Plan};
use super::transcript::{self, Difference, Path};

/// What kind of thing an event is about: one of each has a state that its events change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Matter {
    /// A path: 1122, 1123.
    Path,
    /// The observer's own interface, as its kernel tells: 1124.
    OwnInterface,
    /// An interface: 1125, 1126, 1127.
    Interface,
    /// A network: 1128, 1129, 1130.
    Network,
    /// Who is a member: 1135, 1177, 334310, 334311.
    Membership,
    /// An agent's coming and going: 334303, 334304.
    Agent,
    /// Whatever else.
    Other,
}

impl Matter {
    /// Every one.
    pub const ALL: [Matter; 7] = [
        Matter::Path,
        Matter::OwnInterface,
        Matter::Interface,
        Matter::Network,
        Matter::Membership,
        Matter::Agent,
        Matter::Other,
    ];

    fn of(id: u32) -> Self {
        match id {
            PATH_RESTORED | PATH_LOST => Matter::Path,
            LOCAL_INTERFACE_FAILED => Matter::OwnInterface,
            INTERFACE_UP..=INTERFACE_FAILED => Matter::Interface,
            NETWORK_UP..=NETWORK_DOWN => Matter::Network,
            MEMBER_REMOVED | QUORUM_LOST | MEMBER_JOINED | QUARANTINED => Matter::Membership,
            NODE_LEFT | AGENT_RESTARTING => Matter::Agent,
            _ => Matter::Other,
        }
    }
}

/// Something that one node says things about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Subject {
    matter: Matter,
    observer: String,
    peer: Option<String>,
    network: Option<String>,
}

impl Subject {
    fn of(event: &Event) -> Self {
        Subject {
            matter: Matter::of(event.id),
            observer: event.observer.clone(),
            peer: event.peer.clone(),
            network: event.network.clone(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", self.observer, self.matter)?;
        if let Some(peer) = &self.peer {
            write!(f, " about {peer}")?;
        }
        if let Some(network) = &self.network {
            write!(f, " on {network}")?;
        }
        Ok(())
    }
}

/// What has to be said, by subject: numbers of events in order.
#[derive(Clone, Debug)]
pub struct Account {
    plan: Plan,
    due: BTreeMap<Subject, Vec<u32>>,
    /// Subjects of which this may be said next, or not.
    open: BTreeMap<Subject, u32>,
    judged: &'static [Matter],
}

impl Account {
    /// Of nothing yet.
    pub fn new(plan: &Plan) -> Self {
        Account {
            plan: plan.clone(),
            due: BTreeMap::new(),
            open: BTreeMap::new(),
            judged: &Matter::ALL,
        }
    }

    /// The same account, of these matters alone.
    pub fn only_of(self, judged: &'static [Matter]) -> Self {
        Account { judged, ..self }
    }

    /// Each of these paths shows this next.
    pub fn paths(&mut self, id: u32, paths: impl IntoIterator<Item = Path>) -> &mut Self {
        for path in paths {
            self.add(id, path.observer, Some(path.peer), Some(path.network));
        }
        self
    }

    /// Each observer says this next of a node's interface.
    pub fn interface(
        &mut self,
        id: u32,
        observers: &[Node],
        node: Node,
        network: Network,
    ) -> &mut Self {
        let label = self.plan.label(network);
        for observer in observers {
            let peer = Some(node.to_string());
            self.add(id, observer.to_string(), peer, Some(label.to_owned()));
        }
        self
    }

    /// Each observer says this next of a node's interfaces on all networks.
    pub fn interfaces(&mut self, id: u32, observers: &[Node], node: Node) -> &mut Self {
        for network in self.plan.all_networks() {
            self.interface(id, observers, node, network);
        }
        self
    }

    /// Each observer says this next of a network.
    pub fn network(&mut self, id: u32, observers: &[Node], network: Network) -> &mut Self {
        let label = self.plan.label(network);
        for observer in observers {
            self.add(id, observer.to_string(), None, Some(label.to_owned()));
        }
        self
    }

    /// Each observer says this next of a node (possibly itself), on no network.
    pub fn node(&mut self, id: u32, observers: &[Node], node: Node) -> &mut Self {
        for observer in observers {
            self.add(id, observer.to_string(), Some(node.to_string()), None);
        }
        self
    }

    /// The observer may say this of a node after everything else that it says of it: it depends on which of two
    /// things that happen at once is first.
    pub fn node_perhaps(&mut self, id: u32, observer: Node, node: Node) -> &mut Self {
        let subject = Subject {
            matter: Matter::of(id),
            observer: observer.to_string(),
            peer: Some(node.to_string()),
            network: None,
        };
        self.open.insert(subject, id);
        self
    }

    fn add(&mut self, id: u32, observer: String, peer: Option<String>, network: Option<String>) {
        let subject = Subject {
            matter: Matter::of(id),
            observer,
            peer,
            network,
        };
        self.due.entry(subject).or_default().push(id);
    }

    /// Every subject of which not that was said which had to be.
    pub fn differences(&self, events: &[Event]) -> Vec<Difference<Subject>> {
        let due = self.due.iter();
        let due = due.map(|(subject, ids)| (subject.clone(), ids.as_slice()));
        let brief = self.brief_stalls(events);
        let told = events.iter().enumerate();
        let told = told.filter(|(at, event)| self.judges(event) && !brief.contains(at));
        let told = told.map(|(_, event)| (Subject::of(event), event.id));
        let mut differences = transcript::compare(due, told);
        differences.retain(|difference| !self.is_left_open(difference));
        differences
    }

    /// The places of stalls that were over before they could cost a path, where none is expected: at a short interval
    /// a busy machine makes some, and it is true that nothing was sent.
    fn brief_stalls(&self, events: &[Event]) -> BTreeSet<usize> {
        let mut begun = BTreeMap::new();
        let mut brief = BTreeSet::new();
        let expects = |ids: &Vec<u32>| ids.contains(&AGENT_STALLED);
        for (at, event) in events.iter().enumerate() {
            let subject = Subject::of(event);
            match event.id {
                AGENT_STALLED if !self.due.get(&subject).is_some_and(expects) => {
                    begun.insert(subject, at);
                }
                AGENT_RESUMED => {
                    let outage = event.evidence["outage_ns"].as_u64();
                    let outage = Duration::from_nanos(outage.unwrap_or(u64::MAX));
                    if let Some(from) = begun.remove(&subject)
                        && outage <= self.plan.detection_time()
                    {
                        brief.extend([from, at]);
                    }
                }
                _ => {}
            }
        }
        brief
    }

    /// How many events of this number have to be.
    pub fn count(&self, id: u32) -> usize {
        let ids = self.due.values().flatten();
        ids.filter(|due| **due == id).count()
    }

    /// Whether the event is one that the account is about.
    pub fn judges(&self, event: &Event) -> bool {
        event.id != SELF_STARVED && self.judged.contains(&Matter::of(event.id))
    }

    /// Whether nothing is different but that something was said that may be.
    fn is_left_open(&self, difference: &Difference<Subject>) -> bool {
        let more = difference.seen.strip_prefix(&*difference.expected);
        let open = self.open.get(&difference.subject);
        more.is_some_and(|more| open.is_some_and(|id| more == [*id]))
    }

    /// Errors if a node said of another that it was removed before it had said of each of its interfaces what is
    /// wrong with it.
    pub fn removals_have_reasons(&self, events: &[Event]) -> Result<()> {
        let mut wrong = BTreeSet::new();
        for event in events {
            let Some(peer) = &event.peer else { continue };
            let about = |label: &str| (event.observer.clone(), peer.clone(), label.to_owned());
            let network = event.network.as_deref().map(about);
            match (event.id, network) {
                (INTERFACE_UNREACHABLE | INTERFACE_FAILED, Some(interface)) => {
                    wrong.insert(interface);
                }
                (INTERFACE_UP, Some(interface)) => {
                    wrong.remove(&interface);
                }
                (MEMBER_REMOVED, _) => {
                    for network in self.plan.all_networks() {
                        let label = self.plan.label(network);
                        ensure!(
                            wrong.contains(&about(label)),
                            "{event} came before a 1126 or 1127 on {label}"
                        );
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::cast::{A, B, C, PRIVATE};
    use super::*;

    fn event(id: u32, peer: Option<&str>, network: Option<&str>) -> Event {
        serde_json::from_value(json!({
            "seq": 1, "time": "", "id": id, "name": "", "severity": "info", "message": "",
            "observer": "node-a", "peer": peer, "network": network,
        }))
        .unwrap()
    }

    fn plan() -> Plan {
        Plan::nodes(3).network("private", "P")
    }

    #[test]
    fn what_one_subject_shows_has_an_order_and_what_two_show_has_none() {
        let mut account = Account::new(&plan());
        let path = account.plan.path(A, B, PRIVATE);
        account.paths(PATH_LOST, [path.clone()]);
        account.interface(INTERFACE_UNREACHABLE, &[A], B, PRIVATE);
        account.interface(INTERFACE_UP, &[A], B, PRIVATE);
        let [lost, wrong, up] = [PATH_LOST, INTERFACE_UNREACHABLE, INTERFACE_UP]
            .map(|id| event(id, Some("node-b"), Some("P")));
        let fine = [wrong.clone(), lost.clone(), up.clone()];
        assert!(account.differences(&fine).is_empty());
        let turned = account.differences(&[lost, up, wrong]);
        assert_eq!(
            turned[0].to_string(),
            "node-a (Interface) about node-b on P: expected 1126, 1125, seen 1125, 1126"
        );
    }

    #[test]
    fn what_nobody_expected_is_a_difference_but_for_lateness() {
        let account = Account::new(&plan());
        let late = event(SELF_STARVED, Some("node-a"), None);
        assert!(account.differences(&[late]).is_empty());
        let surprise = event(QUORUM_LOST, Some("node-a"), None);
        assert_eq!(account.differences(&[surprise]).len(), 1);
    }

    #[test]
    fn a_stall_is_a_difference_unless_it_was_over_before_it_could_cost_a_path() {
        let account = Account::new(&plan());
        let stall = |outage_ns: u64| {
            let stalled = event(AGENT_STALLED, Some("node-b"), None);
            let mut resumed = event(AGENT_RESUMED, Some("node-b"), None);
            resumed.evidence = json!({ "outage_ns": outage_ns });
            account.differences(&[stalled, resumed]).len()
        };
        let detection = plan().detection_time().as_nanos() as u64;
        assert_eq!((stall(detection), stall(detection + 1)), (0, 1));
    }

    #[test]
    fn what_is_left_open_may_be_said_once_and_at_the_end() {
        let mut account = Account::new(&plan());
        account
            .node(QUORUM_LOST, &[A], A)
            .node_perhaps(MEMBER_JOINED, A, A);
        let [lost, joined] = [QUORUM_LOST, MEMBER_JOINED].map(|id| event(id, Some("node-a"), None));
        assert!(account.differences(std::slice::from_ref(&lost)).is_empty());
        assert!(
            account
                .differences(&[lost.clone(), joined.clone()])
                .is_empty()
        );
        assert_eq!(
            account.differences(&[joined.clone(), lost.clone()]).len(),
            1
        );
        assert_eq!(
            account.differences(&[lost, joined.clone(), joined]).len(),
            1
        );
    }

    #[test]
    fn a_removal_without_a_reason_is_found() {
        let mut account = Account::new(&plan());
        account.node(MEMBER_REMOVED, &[A, B], C);
        let removed = event(MEMBER_REMOVED, Some("node-c"), None);
        let reason = event(INTERFACE_FAILED, Some("node-c"), Some("P"));
        let told = [reason, removed.clone()];
        assert!(account.removals_have_reasons(&told).is_ok());
        assert!(account.removals_have_reasons(&[removed]).is_err());
    }
}
