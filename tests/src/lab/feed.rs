//! The events of all nodes of a lab from some moment on.
//!
//! Nodes write their events without knowing of each other. Their stamps are of one clock, because the
//! namespaces share a kernel, so the feed can put them in order. What it shows is its scope's choice.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::account::Account;
use super::event::{Event, EventLog, Scope};
use super::plan::Node;
use super::transcript::{self, Difference, Expected, Path};
use super::{Lab, interrupt, wait};

/// All nodes' events from some moment on, as they come.
#[derive(Debug)]
pub struct Feed {
    logs: Vec<(EventLog, u64)>,
    events: Vec<Event>,
}

impl Feed {
    /// From now on, what nodes say by themselves.
    pub fn from_now(lab: &Lab) -> Result<Self> {
        Self::showing(lab, Scope::Own)
    }

    /// From now on, everything but early warnings.
    pub fn whole(lab: &Lab) -> Result<Self> {
        Self::showing(lab, Scope::Whole)
    }

    /// From now on, early warnings too.
    pub fn all(lab: &Lab) -> Result<Self> {
        Self::showing(lab, Scope::All)
    }

    fn showing(lab: &Lab, scope: Scope) -> Result<Self> {
        let marked = |log: EventLog| log.mark().map(|mark| (log.showing(scope), mark));
        let logs = lab.plan().all_nodes().map(|node| marked(lab.events(node)));
        Ok(Feed {
            logs: logs.collect::<Result<_>>()?,
            events: Vec::new(),
        })
    }

    /// Reads what has come since the last time and returns it, in the order in which it was written.
    pub fn read(&mut self) -> Result<Vec<Event>> {
        let mut fresh = Vec::new();
        for (log, mark) in &mut self.logs {
            let events = log.since(*mark)?;
            *mark = events.last().map_or(*mark, |event| event.seq);
            fresh.extend(events);
        }
        fresh.sort_by_key(|event| event.evidence("emitted_ns").unwrap_or_default());
        self.events.extend_from_slice(&fresh);
        Ok(fresh)
    }

    /// Everything read so far.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Everything read so far about one path with this number.
    pub fn about(&self, path: &Path, id: u32) -> impl Iterator<Item = &Event> {
        self.events
            .iter()
            .filter(move |event| event.id == id && path.is_of(event))
    }

    /// The first event about one path with this number, if it was read.
    pub fn first(&self, path: &Path, id: u32) -> Result<&Event> {
        self.about(path, id)
            .next()
            .with_context(|| format!("there is no {id} of {path}"))
    }

    /// Everything read so far that the observer said with this number about a peer (which may be itself), or,
    /// for `None`, about nobody.
    pub fn said(
        &self,
        observer: Node,
        id: u32,
        peer: impl Into<Option<Node>>,
    ) -> impl Iterator<Item = &Event> {
        let observer = observer.to_string();
        let peer = peer.into().map(|node| node.to_string());
        self.events
            .iter()
            .filter(move |event| event.id == id && event.observer == observer && event.peer == peer)
    }

    /// Waits at most `limit` until the observer has said this about a peer (which may be itself), or, for
    /// `None`, about nobody; the first of that kind since the feed began.
    pub fn wait_for_event(
        &mut self,
        observer: Node,
        id: u32,
        peer: impl Into<Option<Node>>,
        limit: Duration,
    ) -> Result<Event> {
        let peer = peer.into();
        let about = peer.map_or_else(String::new, |peer| format!(" about {peer}"));
        wait::until(&format!("a {id} of {observer}{about}"), limit, || {
            self.read()?;
            Ok(self.said(observer, id, peer).next().cloned())
        })
    }

    /// Waits at most `limit` for an event with this number about one path; the first since the feed began.
    pub fn wait_for_path(&mut self, path: &Path, id: u32, limit: Duration) -> Result<Event> {
        wait::until(&format!("a {id} of {path}"), limit, || {
            self.read()?;
            Ok(self.about(path, id).next().cloned())
        })
    }

    /// Waits at most `limit` until the events are what is expected.
    pub fn wait_for(&mut self, expected: &[Expected], limit: Duration) -> Result<()> {
        self.wait_until_none(limit, |events| transcript::differences(expected, events))
    }

    /// Waits for `duration` and makes sure that the events are then what is expected, and nothing else.
    pub fn nothing_but(&mut self, expected: &[Expected], duration: Duration) -> Result<()> {
        interrupt::sleep(duration)?;
        self.read()?;
        none(transcript::differences(expected, &self.events))
    }

    /// Waits at most `limit` until the events are what has to be said, and then as long as `quiet` to make sure
    /// that nothing else is.
    pub fn wait_for_account(
        &mut self,
        account: &Account,
        limit: Duration,
        quiet: Duration,
    ) -> Result<()> {
        self.wait_until_none(limit, |events| account.differences(events))?;
        interrupt::sleep(quiet)?;
        self.read()?;
        none(account.differences(&self.events))?;
        account.removals_have_reasons(&self.events)
    }

    fn wait_until_none<S: fmt::Display>(
        &mut self,
        limit: Duration,
        differences: impl Fn(&[Event]) -> Vec<Difference<S>>,
    ) -> Result<()> {
        let outcome = wait::until("the expected events", limit, || {
            self.read()?;
            Ok(differences(&self.events).is_empty().then_some(()))
        });
        none(differences(&self.events))?;
        outcome
    }
}

/// Errors with all differences, a line each.
fn none<S: fmt::Display>(differences: Vec<Difference<S>>) -> Result<()> {
    let lines: Vec<String> = differences.iter().map(Difference::to_string).collect();
    ensure!(
        lines.is_empty(),
        "the events are not as expected:\n  {}",
        lines.join("\n  ")
    );
    Ok(())
}
