//! Where the demo is seen: a terminal that can be redrawn, or something that takes lines.
//!
//! The live display is a block of lines at the bottom that is replaced by the next one. Everything that
//! shall stay is printed above it. A pipe or a log gets only what stays, and nobody gets escape
//! sequences who did not ask for them: colour needs a terminal, and NO_COLOR turns it off there too.

use std::env;
use std::io::{IsTerminal, Write, stdout};

use nix::libc;

use super::text::{Line, Style};

/// Columns beyond which lines become tiring to read.
const COLUMNS_MAX: usize = 120;

/// Characters that depend on what the terminal can show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Glyphs {
    /// Left upper, right upper, left lower, right lower corner.
    pub corners: [char; 4],
    /// Horizontal stroke.
    pub horizontal: char,
    /// Vertical stroke.
    pub vertical: char,
    /// A path that is up, where there is no room for a word.
    pub up: &'static str,
    /// A path that is lost, where there is no room for a word.
    pub lost: &'static str,
    /// The part of a bar that is over.
    pub full: char,
    /// The part of a bar that is to come.
    pub empty: char,
}

pub(super) const UNICODE: Glyphs = Glyphs {
    corners: ['╭', '╮', '╰', '╯'],
    horizontal: '─',
    vertical: '│',
    up: "●",
    lost: "✗",
    full: '━',
    empty: '╌',
};

pub(super) const ASCII: Glyphs = Glyphs {
    corners: ['+', '+', '+', '+'],
    horizontal: '-',
    vertical: '|',
    up: "o",
    lost: "X",
    full: '#',
    empty: '.',
};

/// The place to print to.
#[derive(Debug)]
pub struct Screen {
    live: bool,
    colour: bool,
    glyphs: Glyphs,
    /// Lines of the block that is drawn now.
    drawn: usize,
}

impl Screen {
    /// Standard output; `plain` forbids to redraw even on a terminal.
    pub fn new(plain: bool) -> Self {
        let terminal =
            stdout().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb");
        let no_colour = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let screen = Screen {
            live: terminal && !plain,
            colour: terminal && !no_colour,
            glyphs: if speaks_utf8() { UNICODE } else { ASCII },
            drawn: 0,
        };
        if screen.live {
            emit(HIDE_CURSOR);
        }
        screen
    }

    /// Whether [`Screen::draw`] shows anything.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Characters to draw with.
    pub fn glyphs(&self) -> Glyphs {
        self.glyphs
    }

    /// Columns to fill: those of the terminal up to 120, or 80 where there is none.
    pub fn columns(&self) -> usize {
        terminal_size().map_or(80, |(columns, _)| columns.min(COLUMNS_MAX))
    }

    /// Rows that the live block may take: the terminal's but one, where the cursor rests.
    pub fn rows(&self) -> usize {
        terminal_size()
            .map_or(24, |(_, rows)| rows)
            .saturating_sub(1)
    }

    /// Prints lines that stay; one that is too long is wrapped by the terminal.
    pub fn print(&mut self, lines: &[Line]) {
        let text = self.erasure() + &self.painted(lines, usize::MAX);
        emit(&text);
    }

    /// Prints one line that stays.
    pub fn say(&mut self, style: Style, text: impl Into<String>) {
        self.print(&[Line::new().then(style, text)]);
    }

    /// Replaces the live block, cut to what the terminal holds; without one, does nothing.
    pub fn draw(&mut self, lines: &[Line]) {
        if !self.live {
            return;
        }
        let lines = &lines[..lines.len().min(self.rows())];
        let text = self.erasure() + &self.painted(lines, self.columns());
        emit(&text);
        self.drawn = lines.len();
    }

    /// Removes the live block.
    pub fn clear(&mut self) {
        let text = self.erasure();
        emit(&text);
    }

    fn erasure(&mut self) -> String {
        match std::mem::take(&mut self.drawn) {
            0 => String::new(),
            lines => format!("\x1b[{lines}F\x1b[J"),
        }
    }

    fn painted(&self, lines: &[Line], columns: usize) -> String {
        let paint = |style, text: &str| match (self.colour, code(style)) {
            (true, Some(code)) => format!("\x1b[{code}m{text}\x1b[0m"),
            _ => text.to_owned(),
        };
        lines
            .iter()
            .map(|line| line.render(columns, paint) + "\n")
            .collect()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.live {
            self.clear();
            emit(SHOW_CURSOR);
        }
    }
}

const HIDE_CURSOR: &str = "\x1b[?25l";
const SHOW_CURSOR: &str = "\x1b[?25h";

fn code(style: Style) -> Option<&'static str> {
    match style {
        Style::Plain => None,
        Style::Good => Some("32"),
        Style::Bad => Some("1;31"),
        Style::Strong => Some("1"),
        Style::Faint => Some("2"),
    }
}

/// If nobody reads any more, the lab must still be taken down: an error here is not one of the demo.
fn emit(text: &str) {
    let mut out = stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn speaks_utf8() -> bool {
    ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(env::var_os)
        .find(|value| !value.is_empty())
        .is_some_and(|value| {
            let value = value.to_string_lossy().to_lowercase();
            value.contains("utf-8") || value.contains("utf8")
        })
}

/// Columns and rows of the terminal behind standard output.
fn terminal_size() -> Option<(usize, usize)> {
    let mut size = libc::winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: TIOCGWINSZ writes one winsize, which is what the pointer leads to.
    let result = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    (result == 0 && 0 < size.ws_col).then(|| (size.ws_col.into(), size.ws_row.into()))
}
