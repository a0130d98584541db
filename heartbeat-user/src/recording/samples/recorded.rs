//! A core that is told whatever comes, and recorded as the agent's is.

use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use heartbeat_core::action::Action;
use heartbeat_core::arrival::Gap;
use heartbeat_core::config::PathIndex;
use heartbeat_core::message::Message;
use heartbeat_core::node::{Input, Node as Core};
use heartbeat_ebpf::ids::{Incarnation, NodeId};

use super::{BEGUN, RUN, Sample, at, config, text};
use crate::record::Record;
use crate::recording::lines::Ending;
use crate::recording::recorder::numbers;
use crate::recording::replay::{Replay, Step};
use crate::recording::{FILE_BYTES_MAX, Origin, Recorder};

/// [`BEGUN`] in wall time.
const WALL: Duration = Duration::from_secs(1_795_352_405);

/// A core that is told and recorded.
pub struct Recorded {
    pub core: Core,
    recorder: Recorder,
    text: String,
    now: u64,
    events: Vec<Record>,
}

impl Recorded {
    pub fn new(file: &Path) -> Self {
        Recorded::at_most(file, FILE_BYTES_MAX)
    }

    pub fn at_most(file: &Path, bytes_max: u64) -> Self {
        let text = text(false);
        let core = Core::new(config(&text), RUN);
        let origin = Origin {
            config: core.config(),
            text: &text,
            incarnation: RUN,
            now: at(BEGUN),
            wall: WALL,
        };
        let recorder = Recorder::start(file, bytes_max, origin).expect("a recorder");
        Recorded {
            core,
            recorder,
            text,
            now: BEGUN,
            events: Vec::new(),
        }
    }

    /// Tells it, as the agent does.
    pub fn tell(&mut self, after: u64, sample: &Sample) {
        self.now += after;
        let paths = self.core.config().paths.len();
        let here = |path: PathIndex| path.position() < paths;
        match sample {
            Sample::Adopt(left) => {
                let left: Vec<_> = left
                    .iter()
                    .copied()
                    .filter(|(one, _)| here(one.path))
                    .collect();
                self.handle(&Input::Adopt(&left));
            }
            Sample::Sweep(arrivals, gaps) => {
                let gaps: Vec<Gap> = gaps.iter().copied().filter(|gap| here(gap.path)).collect();
                let arrivals = &arrivals[..paths];
                self.handle(&Input::Sweep {
                    arrivals,
                    gaps: &gaps,
                });
            }
            Sample::Configure(smaller) => {
                self.text = text(*smaller);
                self.handle(&Input::Configure(config(&self.text)));
            }
            Sample::Reborn(incarnation) => self.handle(&Input::Reborn(*incarnation)),
            Sample::Late(part, late, waited) => self.handle(&Input::Late {
                part: *part,
                late: *late,
                waited: *waited,
            }),
            Sample::Refused(path, count) if here(*path) => {
                self.handle(&Input::Refused(*path, *count));
            }
            Sample::Refused(..) => {}
            Sample::Dropped(network, drops, lately) => {
                self.handle(&Input::Dropped(*network, *drops, *lately));
            }
            Sample::Paused(pause, ahead) => self.handle(&Input::Paused(*pause, *ahead)),
            Sample::Promised(epoch) => self.handle(&Input::Promised(*epoch)),
            Sample::Message(from, incarnation, message) => {
                self.message(*from, *incarnation, message)
            }
            Sample::Soundness(network, state) => self.handle(&Input::Soundness(*network, *state)),
            Sample::Witness(network, state) => self.handle(&Input::Witness(*network, *state)),
            Sample::Depart(departure) => self.handle(&Input::Depart(*departure)),
        }
    }

    /// Tells it of a configuration that does not change and yet has another text.
    pub fn say(&mut self, after: u64, text: &str) {
        self.now += after;
        self.text = text.to_owned();
        let config = self.core.config().clone();
        self.handle(&Input::Configure(config));
    }

    /// As it comes from the wire, where only what a configured node has sent can come from.
    fn message(&mut self, from: NodeId, incarnation: Incarnation, message: &Message) {
        let nodes = numbers(self.core.config());
        let message = Message::decode(&message.encode(&nodes), &nodes);
        let (true, Some(message)) = (nodes.contains(&from), message) else {
            return;
        };
        self.handle(&Input::Message {
            from,
            incarnation,
            message: &message,
        });
    }

    fn handle(&mut self, input: &Input<'_>) {
        let mut actions = Vec::new();
        self.recorder.record(at(self.now), input, &self.text);
        self.core.handle(at(self.now), input.clone(), &mut actions);
        let wall = WALL + Duration::from_nanos(self.now - BEGUN);
        for action in actions {
            if let Action::Emit(event, _) = action
                && let Some(record) = Record::new(&event, self.core.config(), wall)
            {
                self.events.push(Record {
                    seq: self.events.len() as u64 + 1,
                    maintenance: None,
                    ..record
                });
            }
        }
    }

    /// What the core came to, and the events as JSON.
    pub fn close(self) -> (Core, Vec<String>) {
        self.recorder.close();
        let lines = self.events.iter().map(serde_json::to_string);
        let lines: Result<_, _> = lines.collect();
        (self.core, lines.expect("records are JSON"))
    }
}

/// What became of bytes.
type Replayed<'a> = (Replay<Cursor<&'a [u8]>>, Vec<String>, Ending);

/// Replays bytes to their end: the replay, its events as JSON, and how it ended.
pub fn replayed(bytes: &[u8]) -> Result<Replayed<'_>> {
    let mut replay = Replay::open(Cursor::new(bytes))?;
    let mut events = Vec::new();
    loop {
        match replay.step()? {
            Step::Events(records) => {
                let lines = records.iter().map(serde_json::to_string);
                events.extend(lines.collect::<Result<Vec<_>, _>>()?);
            }
            Step::Ended(ending) => return Ok((replay, events, ending)),
        }
    }
}
