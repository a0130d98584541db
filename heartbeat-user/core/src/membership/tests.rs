extern crate std;
use core::time::Duration;
use std::collections::BTreeSet;
use std::string::String;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::message::Message;
use crate::voters::tests::voters;

mod greedy;
mod rules;
mod stories;

const INTERVAL: Duration = Duration::from_millis(1200);
const STEP: Duration = Duration::from_millis(25);
const SUSPICION: Duration = Duration::from_millis(7350);

/// Nodes that hear each other as `cuts` allow, with messages that take one step.
pub(super) struct Parlour {
    now: Timestamp,
    votes: Vec<u32>,
    nodes: Vec<Option<Membership>>,
    /// From one node to another nothing comes.
    cuts: BTreeSet<(usize, usize)>,
    /// When each node was last heard by each other.
    heard: Vec<Vec<Option<Timestamp>>>,
    runs: Vec<u64>,
    left: BTreeSet<usize>,
    wire: Vec<(usize, Incarnation, usize, Message)>,
    story: Vec<String>,
    begun: Timestamp,
    views: usize,
}

pub(super) fn at(ms: u64) -> Timestamp {
    Timestamp::from_ns(ms * 1_000_000).expect("not zero")
}

fn terms(me: usize, votes: &[u32]) -> Terms {
    Terms {
        me: NodeIndex(me as u16),
        nodes: votes.len(),
        voters: voters(votes, 0),
        interval: INTERVAL,
        promise: INTERVAL * 5,
        margin: Duration::from_millis(150),
        opening: Duration::from_millis(1500),
        stale: INTERVAL * 3,
        rows_stale: Duration::from_millis(2550),
        attempt: Duration::from_millis(50),
        caution: SUSPICION,
        quarantine: None,
        steps: crate::clique::STEPS,
    }
}

/// Nodes that are all in one view.
fn formed(nodes: usize) -> Parlour {
    let mut parlour = Parlour::new(nodes);
    parlour.run_for(Duration::from_secs(5));
    assert_eq!(
        parlour.quorate().len(),
        nodes,
        "{}",
        parlour.story.join("\n")
    );
    parlour.told();
    parlour
}

impl Parlour {
    pub(super) fn new(nodes: usize) -> Self {
        Parlour::of(&vec![1; nodes])
    }

    /// Nodes with so many votes each; the first is the tie breaker.
    fn of(votes: &[u32]) -> Self {
        let (nodes, begun) = (votes.len(), at(1_000));
        let member = |me| Membership::new(terms(me, votes), Incarnation(1), begun);
        Parlour {
            votes: votes.to_vec(),
            now: begun,
            nodes: (0..nodes).map(|me| Some(member(me))).collect(),
            cuts: BTreeSet::new(),
            heard: vec![vec![None; nodes]; nodes],
            runs: vec![1; nodes],
            left: BTreeSet::new(),
            wire: Vec::new(),
            story: Vec::new(),
            begun,
            views: 0,
        }
    }

    fn cut(&mut self, from: usize, to: usize) {
        self.cuts.insert((from, to));
    }

    fn cut_both(&mut self, one: usize, two: usize) {
        self.cut(one, two);
        self.cut(two, one);
    }

    fn heal(&mut self) {
        self.cuts.clear();
    }

    pub(super) fn crash(&mut self, node: usize) {
        self.nodes[node] = None;
    }

    /// A new run of a node, which knows what the one before has promised.
    fn restart(&mut self, node: usize) {
        let count = self.nodes.len();
        self.runs[node] += 1;
        let mut member = Membership::new(
            terms(node, &self.votes),
            Incarnation(self.runs[node]),
            self.now,
        );
        member.promised_before(Epoch(100));
        self.nodes[node] = Some(member);
        self.heard[node] = vec![None; count];
    }

    pub(super) fn run_for(&mut self, span: Duration) {
        let end = self.now.after(span);
        while self.now < end {
            self.step();
        }
    }

    fn step(&mut self) {
        self.now = self.now.after(STEP);
        let (now, count) = (self.now, self.nodes.len());
        for to in 0..count {
            for from in (0..count).filter(|from| *from != to) {
                if self.nodes[from].is_some() && !self.cuts.contains(&(from, to)) {
                    self.heard[to][from] = Some(now);
                }
                let sight = self.sight(to, from);
                if let Some(member) = &mut self.nodes[to] {
                    member.see(now, NodeIndex(from as u16), sight);
                }
            }
        }
        let mut outcomes: Vec<(usize, Outcome)> = Vec::new();
        for (from, run, to, message) in core::mem::take(&mut self.wire) {
            if self.cuts.contains(&(from, to)) {
                continue;
            }
            if let Some(member) = &mut self.nodes[to] {
                let mut out = Outcome::default();
                member.hear(now, NodeIndex(from as u16), run, &message, &mut out);
                outcomes.push((to, out));
            }
        }
        for (me, member) in self.nodes.iter_mut().enumerate() {
            if let Some(member) = member {
                let mut out = Outcome::default();
                member.turn(now, &mut out);
                outcomes.push((me, out));
            }
        }
        for (me, out) in outcomes {
            self.carry_out(me, out);
        }
        self.check();
    }

    fn sight(&self, to: usize, from: usize) -> Sight {
        let last = self.heard[to][from];
        let silent = last.is_none_or(|last| INTERVAL * 2 < self.now.since(last));
        Sight {
            incarnation: last.map(|_| Incarnation(self.runs[from])),
            heard: u64::from(!silent),
            counted: u64::from(!silent),
            suspect_from: last.map(|last| last.after(SUSPICION)),
            departure: self
                .left
                .contains(&from)
                .then_some(crate::arrival::Departure::Leaving),
        }
    }

    fn carry_out(&mut self, me: usize, out: Outcome) {
        for post in out.posts {
            for to in post.to.iter() {
                let run = Incarnation(self.runs[me]);
                self.wire
                    .push((me, run, to.position(), post.message.clone()));
            }
        }
        for news in out.news {
            let ms = self.now.since(self.begun).as_millis();
            let names = |set: &NodeSet| {
                let names: Vec<String> = set
                    .iter()
                    .map(|node| std::format!("{}", node.0 + 1))
                    .collect();
                names.join(",")
            };
            let line = match &news {
                News::Installed {
                    view,
                    joined,
                    removed,
                } => {
                    self.views += 1;
                    std::format!(
                        "view {} of {} (joined {}; removed {})",
                        view.epoch,
                        names(&view.set()),
                        names(joined),
                        names(removed)
                    )
                }
                News::QuorumLost(epoch) => std::format!("lost the quorum of view {epoch}"),
                News::Quarantined(node, _) => std::format!("keeps out {}", node.0 + 1),
            };
            self.story
                .push(std::format!("{ms} ms, node {}: {line}", me + 1));
        }
    }

    /// At most one view is acted by at any moment, and equal epochs have equal members.
    fn check(&self) {
        let members = self.nodes.iter().flatten();
        let views: Vec<(&View, bool)> = members
            .filter_map(|member| Some((member.view()?, member.is_quorate(self.now))))
            .collect();
        for (one, _) in &views {
            for (two, _) in &views {
                assert!(one.epoch != two.epoch || one.members == two.members);
            }
        }
        let mut quorate: Vec<Epoch> = views
            .iter()
            .filter(|(_, quorate)| *quorate)
            .map(|(view, _)| view.epoch)
            .collect();
        quorate.dedup();
        assert!(quorate.len() <= 1, "{quorate:?}\n{}", self.story.join("\n"));
    }

    /// All nodes, by clocks that show the same whenever it is.
    pub(super) fn offsets(&self) -> Vec<Membership> {
        let reach = Duration::from_secs(30);
        let by = offset::Offset::new(self.now, at(100_000), reach).expect("it is late enough");
        let mut nodes: Vec<Membership> = self.nodes.iter().flatten().cloned().collect();
        nodes.iter_mut().for_each(|node| node.offset(&by));
        nodes
    }

    fn quorate(&self) -> Vec<usize> {
        let acts = |node: &usize| {
            self.nodes[*node]
                .as_ref()
                .is_some_and(|member| member.is_quorate(self.now))
        };
        (0..self.nodes.len()).filter(acts).collect()
    }

    fn told(&mut self) -> String {
        let mut story = core::mem::take(&mut self.story).join("\n");
        story.push('\n');
        story
    }
}
