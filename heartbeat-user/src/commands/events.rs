//! `heartbeat events`: the events, oldest first, printed or handed to a command.
//!
//! An event is *handled* when it was printed, or when the command given by `--exec` ended well. With a cursor
//! file its number is on the disk right after that and not before, so each event is handled at least once,
//! whoever is killed in between.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Exit, client};
use cursor::Cursor;
use hook::Hook;
use source::Until;

mod cursor;
mod hook;
mod line;
mod since;
mod source;

pub(super) use line::short;
pub use since::Since;

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether to go on with those to come.
    pub follow: bool,
    /// Whether they are printed as they are kept.
    pub json: bool,
    /// Only those of this time and later.
    pub since: Option<Since>,
    /// The file that holds the number of the last one handled.
    pub cursor: Option<PathBuf>,
    /// A command for each of them.
    pub exec: Option<String>,
}

/// Handles events as the options say.
pub fn run(socket: &Path, options: &Options) -> Result<Exit> {
    let cursor = options.cursor.as_deref().map(Cursor::open).transpose()?;
    let mut handler = Handler {
        cursor,
        hook: options.exec.clone().map(Hook::new),
        since: options.since,
        json: options.json,
        handled: 0,
    };
    let after = handler.cursor.as_ref().map_or(0, Cursor::seq);
    let until = if options.follow {
        Until::Ended
    } else {
        Until::Newest
    };
    source::read(socket, after, until, |event| handler.handle(event))?;
    if handler.handled == 0 && !options.json && options.exec.is_none() {
        let which = if 0 < after || options.since.is_some() {
            "no new events"
        } else {
            "no events yet"
        };
        eprintln!("{which}");
    }
    Ok(Exit::Well)
}

/// Hands over the lines of all events that the agent keeps, oldest first.
pub(crate) fn each(socket: &Path, mut take: impl FnMut(&str)) -> Result<()> {
    source::read(socket, 0, Until::Newest, |event| {
        take(event.line);
        Ok(())
    })
}

/// One event as the agent sent it.
#[derive(Clone, Copy, Debug)]
struct Event<'a> {
    seq: u64,
    line: &'a str,
}

struct Handler {
    cursor: Option<Cursor>,
    hook: Option<Hook>,
    since: Option<Since>,
    json: bool,
    handled: u64,
}

impl Handler {
    fn handle(&mut self, event: Event<'_>) -> Result<()> {
        if self.since.is_some_and(|since| !since.covers(event.line)) {
            return Ok(());
        }
        match &self.hook {
            Some(hook) => hook.handle(event),
            None if self.json => client::print(event.line)?,
            None => client::print(&short(event.line))?,
        }
        self.handled += 1;
        match &mut self.cursor {
            Some(cursor) => cursor
                .store(event.seq)
                .with_context(|| format!("remember event {}", event.seq)),
            None => Ok(()),
        }
    }
}
