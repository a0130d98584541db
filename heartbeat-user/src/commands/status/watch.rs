//! `heartbeat status --watch`: the view on a whole screen, with keys.
//!
//! One thread draws, and whatever comes (keys, views, events, signals) comes to it through one channel, so that no
//! two things happen to the screen at once. The awkward case is the agent that is away, or hangs: that is what one
//! may be watching for, so the last view stays, its age is shown, and the watch goes on.

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::{Exit, ask, colours};
use screen::Screen;
use sources::Sources;
use state::{Next, State};

pub(super) mod draw;
mod help;
mod keys;
mod look;
mod screen;
pub(super) mod sources;
pub(super) mod state;
mod wrap;

/// Between two views, if nothing happens.
const PERIOD: Duration = Duration::from_secs(1);

/// Shows the view until q, Ctrl-C or a signal, which all end it well, or until nobody looks any more.
///
/// # Errors
/// There is no terminal, or no agent answers in the first place.
pub fn run(socket: &Path) -> Result<Exit> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        bail!(
            "--watch needs a terminal to draw on and keys to obey. For programs there are `heartbeat status --json`, and `heartbeat events --follow`, which prints what happens when it happens"
        );
    }
    // Whether anybody answers at all is told before the screen is taken.
    let (_, first) = ask(socket)?;
    let mut state = State::new(first, Instant::now());
    let sources = Sources::start(socket)?;
    let mut screen = Screen::open(colours())?;
    loop {
        if screen.draw(&mut state, Instant::now()).is_err() {
            return Ok(Exit::Well);
        }
        let mut next = sources.next(PERIOD);
        // Whatever else has come is taken before the screen is drawn again.
        while let Ok(input) = next {
            match state.take(input, Instant::now()) {
                Next::GoOn => {}
                Next::End => return Ok(Exit::Well),
            }
            next = sources.next(Duration::ZERO);
        }
        if matches!(next, Err(RecvTimeoutError::Disconnected)) {
            return Ok(Exit::Well);
        }
    }
}
