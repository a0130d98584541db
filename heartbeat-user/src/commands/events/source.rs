//! Where events come from: the agent, and the same agent again after it was away.
//!
//! A follower must see every event once and in order, over restarts of the agent, rotations of its file, and
//! connections that the agent ended because we were slow. All of these look alike from here: the connection
//! ends, and a new one begins after the last number that was handled. Numbers that were skipped are events
//! that nobody keeps any more, which is said.

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::Event;
use crate::commands::client::{self, Busy, Connection, NoAgent, Part};
use crate::control::Command;

/// Between two attempts to reach an agent that is away.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// Attempts in a row that bring nothing until a reading that has an end is given up.
const ATTEMPTS: u32 = 20;

/// When a reading is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// With the newest event there is.
    Newest,
    /// Never: only by an error.
    Ended,
}

#[derive(Deserialize)]
struct Numbered {
    seq: u64,
}

/// Hands over all events after a number.
pub fn read(
    socket: &Path,
    after: u64,
    until: Until,
    each: impl FnMut(Event<'_>) -> Result<()>,
) -> Result<()> {
    let mut source = Source {
        socket,
        after,
        until,
        each,
    };
    match until {
        Until::Newest => source.all(),
        Until::Ended => source.follow(),
    }
}

struct Source<'a, F> {
    socket: &'a Path,
    after: u64,
    until: Until,
    each: F,
}

impl<F: FnMut(Event<'_>) -> Result<()>> Source<'_, F> {
    /// Everything that is there. The agent may leave us while we are slow, but not for ever without a step.
    fn all(&mut self) -> Result<()> {
        let mut attempts = 0;
        loop {
            let before = self.after;
            let Err(error) = self.visit(&mut Link::default()) else {
                return Ok(());
            };
            attempts = if before < self.after { 0 } else { attempts + 1 };
            let absent = error.is::<NoAgent>() && before == self.after;
            if absent || !is_passing(&error) || ATTEMPTS < attempts {
                return Err(error);
            }
            thread::sleep(PAUSE_MIN);
        }
    }

    /// Everything, and what is to come.
    fn follow(&mut self) -> Result<()> {
        let mut link = Link::default();
        loop {
            if let Err(error) = self.visit(&mut link) {
                if !is_passing(&error) {
                    return Err(error);
                }
                link.broken(self.after, &error);
            }
            thread::sleep(link.pause);
            link.pause = (2 * link.pause).min(PAUSE_MAX);
        }
    }

    /// One connection, to its end.
    fn visit(&mut self, link: &mut Link) -> Result<()> {
        let (follow, patience) = match self.until {
            Until::Newest => (false, Some(client::PATIENCE)),
            Until::Ended => (true, None),
        };
        let command = Command::Events {
            follow,
            after_seq: self.after,
        };
        let mut connection = Connection::open(self.socket, &command, patience)?;
        loop {
            match connection.next()? {
                Part::Data(line) => self.hand_over(&line)?,
                Part::Following => link.stands(self.after),
                Part::Done => return Ok(()),
                Part::Line(_) => bail!(NOT_UNDERSTOOD),
            }
        }
    }

    fn hand_over(&mut self, line: &str) -> Result<()> {
        let Numbered { seq } = serde_json::from_str(line).context(NOT_UNDERSTOOD)?;
        if seq <= self.after {
            return Ok(());
        }
        if 0 < self.after && self.after + 1 < seq {
            eprintln!(
                "heartbeat: the events {} to {} are not kept any more",
                self.after + 1,
                seq - 1
            );
        }
        (self.each)(Event { seq, line })?;
        self.after = seq;
        Ok(())
    }
}

/// What a follower was told of its connection, so that each change is told once.
struct Link {
    state: State,
    pause: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Standing,
    Broken,
}

impl Default for Link {
    fn default() -> Self {
        Link {
            state: State::New,
            pause: PAUSE_MIN,
        }
    }
}

impl Link {
    fn stands(&mut self, after: u64) {
        if self.state == State::Broken {
            eprintln!("heartbeat: connected to the agent, after event {after}");
        }
        self.state = State::Standing;
        self.pause = PAUSE_MIN;
    }

    fn broken(&mut self, after: u64, error: &anyhow::Error) {
        match self.state {
            State::Standing => {
                eprintln!(
                    "heartbeat: the connection ended after event {after}; waiting for the agent"
                );
            }
            State::New => eprintln!("heartbeat: {error:#}. Waiting for it"),
            State::Broken => {}
        }
        self.state = State::Broken;
    }
}

const NOT_UNDERSTOOD: &str = "the agent's answer is not understood: is it of another release?";

/// Whether waiting may help.
fn is_passing(error: &anyhow::Error) -> bool {
    error.is::<NoAgent>() || error.is::<Busy>()
}
