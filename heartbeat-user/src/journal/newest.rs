//! The newest event about each path that is lost and each agent that has stalled, for whoever shows them.
//!
//! A view that says "lost" should say under which number that was told, and the number is given here, in the
//! journal's thread. Only two kinds of events are kept, so there are never more than paths and peers; names that a
//! reload took away go when there are too many.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use heartbeat_core::cause::Class;
use heartbeat_core::event::EventKind;
use heartbeat_ebpf::map::PATHS_MAX;
use heartbeat_ebpf::time::Timestamp;

use crate::record::Record;
use crate::snapshot::ToldView;

/// Entries that are kept.
const MAX: usize = 2 * PATHS_MAX;

type Key = (u32, String, String);

/// What was told, and the last heartbeat before what it tells of.
type Entry = (Option<u64>, ToldView);

/// By kind, peer and network.
#[derive(Debug, Default)]
pub struct Newest(Mutex<BTreeMap<Key, Entry>>);

impl Newest {
    /// The event of this kind about a peer, on this network where it is about a path, that tells of the silence
    /// since `last`; an earlier one is none, nor is one that is not on the disk yet.
    pub fn of(
        &self,
        kind: EventKind,
        (peer, network): (&str, Option<&str>),
        last: Timestamp,
    ) -> Option<ToldView> {
        let key = (
            kind.id(),
            peer.to_owned(),
            network.unwrap_or_default().to_owned(),
        );
        let map = self.map();
        let (since, told) = map.get(&key)?;
        (*since == Some(last.ns())).then(|| told.clone())
    }

    /// Notes an event that is told now.
    pub fn note(&self, record: &Record) {
        let kept = [EventKind::PathLost, EventKind::AgentStalled].map(EventKind::id);
        let Some(peer) = record.peer.as_ref().filter(|_| kept.contains(&record.id)) else {
            return;
        };
        let network = record.network.clone().unwrap_or_default();
        let certain = record
            .evidence
            .class
            .filter(|class| *class != Class::Unknown.label());
        let told = ToldView {
            seq: record.seq,
            cause: record.cause.clone().filter(|_| certain.is_some()),
            class: certain.map(str::to_owned),
        };
        let mut map = self.map();
        if MAX <= map.len() {
            map.clear();
        }
        let entry = (record.evidence.last_arrival_ns, told);
        map.insert((record.id, peer.clone(), network), entry);
    }

    /// Every entry is whole, whoever panicked beside it.
    fn map(&self) -> MutexGuard<'_, BTreeMap<Key, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
