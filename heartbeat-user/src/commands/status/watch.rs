//! `heartbeat status --watch`: the view again every second.
//!
//! On a terminal each view takes the place of the last, drawn over it and not after a clearing, so that
//! nothing flickers; it is cut to the terminal's height, because a view that scrolls hides its own head.
//! Anywhere else the views follow each other without escape codes. An agent that restarts is what one may be
//! watching for: that it is away is shown, and the watch goes on.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use super::table::Style;
use super::{Exit, Form, ask, render};
use crate::commands::client::{Busy, NoAgent};

/// Between two views.
const PERIOD: Duration = Duration::from_secs(1);
/// Moves to the upper left.
const HOME: &str = "\x1b[H";
/// Clears everything.
const CLEAR: &str = "\x1b[2J";
/// Clears the rest of the line.
const CLEAR_LINE: &str = "\x1b[K";
/// Clears everything below.
const CLEAR_BELOW: &str = "\x1b[J";

/// Shows the view until Ctrl-C, which ends it well, or until nobody reads it any more.
pub fn run(socket: &Path, form: Form) -> Result<Exit> {
    end_on_interrupt()?;
    let terminal = io::stdout().is_terminal();
    // Whether anybody answers at all should be told at once.
    let mut text = look(socket, form)?;
    if terminal && form == Form::Table {
        show(CLEAR);
    }
    loop {
        let next = Instant::now() + PERIOD;
        let shown = match (terminal, form) {
            (true, Form::Table) => over(&text, size()),
            (false, Form::Table) => text + "\n",
            (_, Form::Brief | Form::Json) => text,
        };
        if !show(&shown) {
            return Ok(Exit::Well);
        }
        thread::sleep(next.saturating_duration_since(Instant::now()));
        text = match look(socket, form) {
            Err(error) if error.is::<NoAgent>() || error.is::<Busy>() => absent(&error, form),
            seen => seen?,
        };
    }
}

fn look(socket: &Path, form: Form) -> Result<String> {
    let (line, snapshot) = ask(socket)?;
    Ok(render(form, &line, &snapshot, Style::of_terminal()))
}

/// What takes the place of a view that there is not. A reader of JSON is told on standard error.
fn absent(error: &anyhow::Error, form: Form) -> String {
    match form {
        Form::Table | Form::Brief => format!("{error:#}\n"),
        Form::Json => {
            eprintln!("heartbeat: {error:#}");
            String::new()
        }
    }
}

/// Whether it could be shown.
fn show(text: &str) -> bool {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .is_ok()
}

/// Ctrl-C ends the watch, and well, whatever it waits for at that moment.
fn end_on_interrupt() -> Result<()> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start an event loop")?;
    let mut interrupt = {
        let _entered = runtime.enter();
        signal(SignalKind::interrupt()).context("listen to Ctrl-C")?
    };
    thread::spawn(move || {
        runtime.block_on(interrupt.recv());
        process::exit(Exit::Well as i32);
    });
    Ok(())
}

/// Rows and columns of the terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Size {
    rows: usize,
    columns: usize,
}

/// The terminal's size; that of the first terminals where it does not say.
fn size() -> Size {
    let mut size = libc::winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: TIOCGWINSZ writes a winsize to the given place, which outlives the call.
    let told = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    if told != 0 || size.ws_row == 0 || size.ws_col == 0 {
        return Size {
            rows: 24,
            columns: 80,
        };
    }
    Size {
        rows: size.ws_row.into(),
        columns: size.ws_col.into(),
    }
}

/// The text drawn over whatever was there, cut to what the terminal shows.
fn over(text: &str, size: Size) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let room = size.rows.saturating_sub(1);
    let rows = |line: &&str| width(line).div_ceil(size.columns).max(1);
    let fitting = |limit: usize| {
        let mut used = 0;
        lines
            .iter()
            .take_while(|line| {
                used += rows(line);
                used <= limit
            })
            .count()
    };
    let mut shown = fitting(room);
    if shown < lines.len() {
        shown = fitting(room.saturating_sub(1));
    }
    let mut drawn = HOME.to_owned();
    for line in &lines[..shown] {
        drawn += line;
        drawn += CLEAR_LINE;
        drawn += "\n";
    }
    if shown < lines.len() {
        let _ = write!(drawn, "... {} more lines{CLEAR_LINE}", lines.len() - shown);
    }
    drawn + CLEAR_BELOW
}

/// Characters that a line shows: all but its colours.
fn width(line: &str) -> usize {
    let mut colour = false;
    let visible = |letter: &char| {
        let hidden = colour || *letter == '\x1b';
        colour = hidden && *letter != 'm';
        !hidden
    };
    line.chars().filter(visible).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Size = Size {
        rows: 4,
        columns: 10,
    };

    #[test]
    fn colours_have_no_width() {
        assert_eq!(width("\x1b[31mLOST\x1b[0m  1.2 s"), 11);
        assert_eq!(width(""), 0);
    }

    #[test]
    fn a_view_that_fits_is_drawn_over_the_last() {
        let drawn = over("one\ntwo\n", SMALL);
        assert_eq!(drawn, "\x1b[Hone\x1b[K\ntwo\x1b[K\n\x1b[J");
    }

    #[test]
    fn a_view_that_does_not_fit_says_how_much_is_missing() {
        let drawn = over("1\n2\n3\n4\n5\n", SMALL);
        assert_eq!(
            drawn,
            "\x1b[H1\x1b[K\n2\x1b[K\n... 3 more lines\x1b[K\x1b[J"
        );
        let wrapped = over(&format!("{}\n2\n3\n", "x".repeat(20)), SMALL);
        assert!(
            wrapped.ends_with("... 2 more lines\x1b[K\x1b[J"),
            "{wrapped}"
        );
        let none = over(
            "1\n2\n",
            Size {
                rows: 1,
                columns: 1,
            },
        );
        assert!(none.contains("2 more lines"), "{none}");
    }
}
