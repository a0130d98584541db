//! The loop's side of a recording: what is told becomes a line, and goes into the queue.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use heartbeat_core::config::Config;
use heartbeat_core::node::Input;
use heartbeat_ebpf::ids::{Incarnation, NodeId};
use heartbeat_ebpf::time::Timestamp;

use super::FORMAT;
use super::facts::Left;
use super::levels::Levels;
use super::line::{Begin, End, Line, What, hex};
use super::writer::Writer;
use crate::privilege;

/// Lines that may wait for the disk.
const QUEUE_LINES_MAX: usize = 4096;
/// About as many bytes may: with thousands of paths a line may be long.
const QUEUE_BYTES_MAX: usize = 32 << 20;

/// Who is recorded, from when on.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// What it judges by.
    pub config: &'a Config,
    /// The file that says so.
    pub text: &'a str,
    /// Which run it is.
    pub incarnation: Incarnation,
    /// When it begins.
    pub now: Timestamp,
    /// The same in wall time, since 1970.
    pub wall: Duration,
}

/// A recording that is being made.
pub struct Recorder {
    file: PathBuf,
    /// Absent once the recording has ended.
    queue: Option<SyncSender<Line>>,
    waiting: Arc<AtomicUsize>,
    ending: Arc<OnceLock<Line>>,
    levels: Levels,
    nodes: Vec<NodeId>,
    last: Timestamp,
    thread: JoinHandle<()>,
}

impl Recorder {
    /// Begins a recording in `file`, at most `bytes_max` long. An earlier one is kept beside it.
    pub fn start(file: &Path, bytes_max: u64, origin: Origin<'_>) -> Result<Self> {
        let (queue, lines) = mpsc::sync_channel(QUEUE_LINES_MAX);
        let waiting = Arc::new(AtomicUsize::new(0));
        let ending = Arc::new(OnceLock::new());
        let mut writer = Writer::create(file, bytes_max, waiting.clone(), ending.clone())?;
        writer.begin(&begin(origin))?;
        let thread = thread::Builder::new()
            .name("heartbeat-rec".to_owned())
            .spawn(move || {
                privilege::shed("the recorder");
                writer.run(&lines);
            })
            .context("start the recorder's thread")?;
        Ok(Recorder {
            file: file.to_owned(),
            queue: Some(queue),
            waiting,
            ending,
            levels: Levels::default(),
            nodes: numbers(origin.config),
            last: origin.now,
            thread,
        })
    }

    /// Takes down what the core is told. `text` is the configuration file that runs.
    pub fn record(&mut self, now: Timestamp, input: &Input<'_>, text: &str) {
        if self.queue.is_none() {
            return;
        }
        self.last = now;
        let what = self.what(input, text);
        let size = size(&what);
        let line = Line { at: now.ns(), what };
        if QUEUE_BYTES_MAX < self.waiting.fetch_add(size, Relaxed) + size {
            return self.overflow();
        }
        match self.queue.as_ref().map(|queue| queue.try_send(line)) {
            Some(Err(TrySendError::Full(_))) => self.overflow(),
            // The writer has said why it ended.
            Some(Err(TrySendError::Disconnected(_))) => self.queue = None,
            Some(Ok(())) | None => {}
        }
    }

    /// Writes what is left, and the end.
    pub fn close(mut self) {
        if self.queue.is_some() {
            self.end(End::Stopped);
        }
        if self.thread.join().is_err() {
            log::error!("the recorder's thread had panicked");
        }
    }

    fn overflow(&mut self) {
        log::error!(
            "the recording in {} ends: the disk does not keep up",
            self.file.display()
        );
        self.end(End::Overflow);
    }

    fn end(&mut self, why: End) {
        let line = Line {
            at: self.last.ns(),
            what: What::End(why),
        };
        // It is said once, for without a queue nothing comes after it.
        let _ = self.ending.set(line);
        self.queue = None;
    }

    fn what(&mut self, input: &Input<'_>, text: &str) -> What {
        match input {
            Input::Adopt(left) => What::Adopt(left.iter().map(Left::of).collect()),
            Input::Sweep { arrivals, gaps } => What::Sweep(self.levels.differ(arrivals, gaps)),
            Input::Configure(config) => {
                self.nodes = numbers(config);
                What::Configure {
                    text: text.to_owned(),
                }
            }
            Input::Reborn(incarnation) => What::Reborn(incarnation.0),
            Input::Late { part, late, waited } => What::Late {
                part: *part,
                ns: late.as_nanos() as u64,
                waited: waited.as_nanos() as u64,
            },
            Input::Refused(path, count) => What::Refused {
                path: path.0,
                count: *count,
            },
            Input::Dropped(network, drops, lately) => What::Dropped {
                network: network.0,
                received: drops.received,
                unsent: drops.unsent,
                lately: lately.as_nanos() as u64,
            },
            Input::Paused(pause, ahead) => What::Paused {
                by: *pause,
                ahead: ahead.as_nanos() as u64,
            },
            Input::Promised(epoch) => What::Promised(epoch.0),
            Input::Message {
                from,
                incarnation,
                message,
            } => What::Message {
                from: from.number(),
                incarnation: incarnation.0,
                bytes: hex(&message.encode(&self.nodes)),
            },
            Input::Soundness(network, state) => What::Soundness {
                network: network.0,
                state: *state,
            },
            Input::Witness(network, state) => What::Witness {
                network: network.0,
                state: *state,
            },
            Input::Depart(departure) => What::Depart((*departure).into()),
        }
    }
}

fn begin(origin: Origin<'_>) -> Line {
    let begin = Begin {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        node: origin.config.name.clone(),
        id: origin.config.node.number(),
        incarnation: origin.incarnation.0,
        wall: origin.wall.as_nanos() as u64,
        text: origin.text.to_owned(),
    };
    Line {
        at: origin.now.ns(),
        what: What::Begin(begin),
    }
}

/// Numbers of the nodes, by their places, as messages need them.
pub(super) fn numbers(config: &Config) -> Vec<NodeId> {
    config.nodes.iter().map(|node| node.id).collect()
}

/// About how many bytes it takes while it waits.
pub(super) fn size(what: &What) -> usize {
    const LINE: usize = size_of::<Line>();
    LINE + match what {
        What::Adopt(left) => size_of_val(left.as_slice()),
        What::Sweep(sweep) => {
            size_of_val(sweep.arrivals.as_slice()) + size_of_val(sweep.gaps.as_slice())
        }
        What::Configure { text } => text.len(),
        What::Message { bytes, .. } => bytes.len(),
        What::Begin(_)
        | What::Reborn(_)
        | What::Late { .. }
        | What::Paused { .. }
        | What::Refused { .. }
        | What::Dropped { .. }
        | What::Promised(_)
        | What::Soundness { .. }
        | What::Witness { .. }
        | What::Depart(_)
        | What::End(_) => 0,
    }
}
