//! The terminal: taken at the beginning, and given back as it was, however this ends.
//!
//! A terminal that is left in raw mode shows nothing of what its owner types, who then closes it. So it is given
//! back by the value's end, which covers errors, keys and signals, and by the panic hook, since what a panic says must
//! be readable, and a panic in another thread would leave this one drawing.

use std::io::{self, Stdout};
use std::panic;
use std::process;
use std::sync::Once;
use std::time::Instant;

use anyhow::{Context, Result};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

use super::draw;
use super::state::State;
use crate::commands::status::Colours;

/// How a Rust program ends that has panicked.
const PANICKED: i32 = 101;

/// The whole screen.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    colours: Colours,
}

impl Screen {
    /// Takes the terminal.
    pub fn open(colours: Colours) -> Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(give_back_on_panic);
        enable_raw_mode().context("take the terminal")?;
        // From here on the value's end gives it back.
        let backend = CrosstermBackend::new(io::stdout());
        let terminal = Terminal::new(backend).inspect_err(|_| give_back());
        let screen = Screen {
            terminal: terminal.context("take the terminal")?,
            colours,
        };
        execute!(io::stdout(), EnterAlternateScreen).context("take the terminal")?;
        Ok(screen)
    }

    /// Draws what has changed.
    pub fn draw(&mut self, state: &mut State, now: Instant) -> io::Result<()> {
        if state.wants_clearing() {
            self.terminal.clear()?;
        }
        let colours = self.colours;
        self.terminal
            .draw(|frame| draw::draw(frame, state, colours, now))
            .map(drop)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back as it was. Doing so twice does no harm.
pub fn give_back() {
    // Whoever closed the terminal does not want it back.
    let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}

fn give_back_on_panic() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        give_back();
        before(panic);
        process::exit(PANICKED);
    }));
}

#[cfg(test)]
mod tests;
