//! The journal: events on the disk before anybody is told.
//!
//! An event that a page or a metric showed and that a crash then forgot would be worse than none, so a thread
//! of its own appends, syncs, and only then logs and counts, and only then does the next run of the agent
//! remember that it was told. It is a thread because a sync may take longer than an interval, and the main
//! loop must not wait for a disk. All that queued up meanwhile is written and synced together.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use heartbeat_core::event::EventKind;
use tokio::sync::watch;

use crate::announce::{Announcer, Line, Telling};
use crate::{clock, privilege};
use newest::Newest;
use store::Store;

mod newest;
mod store;

/// The file that is written to.
pub const FILE: &str = "events.jsonl";
/// The one before it.
pub const OLD_FILE: &str = "events.1.jsonl";
/// A disk that took none is tried again this often.
const RETRY: Duration = Duration::from_secs(1);

/// How many events of each kind were told in this run.
#[derive(Debug, Default)]
pub struct Told([AtomicU64; EventKind::ALL.len()]);

impl Told {
    /// Each kind's number and count.
    pub fn counts(&self) -> impl Iterator<Item = (EventKind, u64)> {
        EventKind::ALL
            .iter()
            .copied()
            .zip(self.0.iter().map(|count| count.load(Relaxed)))
    }

    fn count(&self, id: u32) {
        for (kind, count) in EventKind::ALL.iter().zip(&self.0) {
            if kind.id() == id {
                count.fetch_add(1, Relaxed);
            }
        }
    }
}

/// Events of one turn of the loop.
#[derive(Default)]
pub struct Batch {
    /// What is to be told.
    pub tellings: Vec<Telling>,
    /// What is to be done when they, and all before, are on the disk.
    pub afterwards: Option<Box<dyn FnOnce() + Send>>,
}

/// The way into the journal.
pub struct Journal {
    batches: mpsc::Sender<Batch>,
    thread: JoinHandle<()>,
    told: Arc<Told>,
    newest: Arc<Newest>,
    synced: watch::Receiver<u64>,
}

impl Journal {
    /// Opens the events file in `directory`, which keeps at most about `kept` bytes of events.
    pub fn open(directory: &Path, kept: u64) -> Result<Self> {
        let store = Store::open(directory, kept)?;
        let (batches, receiver) = mpsc::channel();
        let told = Arc::new(Told::default());
        let newest = Arc::new(Newest::default());
        let (synced_sender, synced) = watch::channel(store.synced());
        let writer = Writer {
            store,
            told: told.clone(),
            newest: newest.clone(),
            synced: synced_sender,
            announcer: Announcer::default(),
        };
        let thread = thread::Builder::new()
            .name("heartbeat-log".to_owned())
            .spawn(move || {
                privilege::shed("the journal");
                writer.run(&receiver);
            })
            .context("start the journal's thread")?;
        Ok(Journal {
            batches,
            thread,
            told,
            newest,
            synced,
        })
    }

    /// Takes events; they are told once they are on the disk.
    pub fn tell(&self, batch: Batch) {
        let empty = batch.tellings.is_empty() && batch.afterwards.is_none();
        if !empty && self.batches.send(batch).is_err() {
            log::error!("the journal's thread is gone: an event is not kept");
        }
    }

    /// How many events were told.
    pub fn told(&self) -> Arc<Told> {
        self.told.clone()
    }

    /// The events that tell of what is lost or has stalled now.
    pub fn newest(&self) -> &Newest {
        &self.newest
    }

    /// The number of the newest event that is on the disk, 0 where there is none; closed with the journal.
    pub fn synced(&self) -> watch::Receiver<u64> {
        self.synced.clone()
    }

    /// Writes what is left and stops.
    pub fn close(self) {
        drop(self.batches);
        if self.thread.join().is_err() {
            log::error!("the journal's thread had panicked");
        }
    }
}

/// The thread's side.
struct Writer {
    store: Store,
    told: Arc<Told>,
    newest: Arc<Newest>,
    synced: watch::Sender<u64>,
    announcer: Announcer,
}

impl Writer {
    fn run(mut self, batches: &Receiver<Batch>) {
        loop {
            match self.next(batches) {
                Ok(first) => {
                    let queued: Vec<Batch> =
                        std::iter::once(first).chain(batches.try_iter()).collect();
                    self.write(queued);
                }
                Err(RecvTimeoutError::Timeout) => {
                    if self.store.failing {
                        self.write(Vec::new());
                    }
                    print(self.announcer.due(clock::now()));
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if self.store.failing {
            self.write(Vec::new());
        }
        print(self.announcer.finish());
    }

    /// The next events, or the moment at which something waits.
    fn next(&self, batches: &Receiver<Batch>) -> Result<Batch, RecvTimeoutError> {
        let line = self
            .announcer
            .deadline()
            .map(|deadline| deadline.since(clock::now()));
        let retry = self.store.failing.then_some(RETRY);
        match [line, retry].into_iter().flatten().min() {
            Some(wait) => batches.recv_timeout(wait),
            None => batches.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    fn write(&mut self, batches: Vec<Batch>) {
        let (mut tellings, mut afterwards) = (Vec::new(), Vec::new());
        for batch in batches {
            tellings.extend(batch.tellings);
            afterwards.extend(batch.afterwards);
        }
        self.store.append(&mut tellings);
        self.synced.send_replace(self.store.synced());
        for then in afterwards {
            then();
        }
        for telling in tellings {
            self.told.count(telling.record.id);
            self.newest.note(&telling.record);
            print(self.announcer.take(clock::now(), telling));
        }
    }
}

fn print(lines: Vec<Line>) {
    for (level, text) in lines {
        log::log!(level, "{text}");
    }
}
