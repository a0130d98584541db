//! Text with tones, for whatever shows it: a pipe, a terminal's lines, a whole screen.
//!
//! It is read at night by somebody who may not tell red from green, on a dark terminal or a light one. So there are
//! only the terminal's own two colours, bold and faint; red and magenta repeat what a word says already, and green
//! and yellow, of which one half of all terminals shows too little, are not used.

use ratatui::text::Span as Measure;

/// How a piece of text is to be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    /// As it is.
    Plain,
    /// A name or a heading.
    Strong,
    /// Something is broken.
    Bad,
    /// Something is worth a look.
    Warn,
    /// Nothing to look at.
    Quiet,
}

/// Whether lines that are printed have tones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// For files and pipes.
    Plain,
    /// For terminals.
    Colour,
}

/// One line, piece by piece.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Line(pub Vec<(String, Tone)>);

impl Line {
    /// A line of one piece.
    pub fn of(text: impl Into<String>, tone: Tone) -> Self {
        Line::default().and(text, tone)
    }

    /// The line with one piece more.
    pub fn and(mut self, text: impl Into<String>, tone: Tone) -> Self {
        self.0.push((text.into(), tone));
        self
    }

    /// Columns that it takes.
    pub fn width(&self) -> usize {
        self.0.iter().map(|(text, _)| width(text)).sum()
    }

    /// As it is printed, with its end.
    pub fn printed(&self, style: Style) -> String {
        let mut line = String::new();
        for (text, tone) in &self.0 {
            match (style, tone.code()) {
                (Style::Plain, _) | (Style::Colour, None) => line += text,
                (Style::Colour, Some(code)) => {
                    // What is only space has no tone.
                    let word = text.trim_end();
                    line += &format!("\x1b[{code}m{word}\x1b[0m{}", &text[word.len()..]);
                }
            }
        }
        line.truncate(line.trim_end().len());
        line + "\n"
    }
}

impl Tone {
    const fn code(self) -> Option<&'static str> {
        match self {
            Tone::Plain => None,
            Tone::Strong => Some("1"),
            Tone::Bad => Some("1;31"),
            Tone::Warn => Some("1;35"),
            Tone::Quiet => Some("2"),
        }
    }
}

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    Measure::raw(text).width()
}

/// The text with spaces behind it, up to a width.
pub fn left(text: &str, to: usize) -> String {
    text.to_owned() + &" ".repeat(to.saturating_sub(width(text)))
}

/// The text with spaces before it, up to a width.
pub fn right(text: &str, to: usize) -> String {
    " ".repeat(to.saturating_sub(width(text))) + text
}

/// As much of a text as fits, with a sign where some is missing.
pub fn cut(text: &str, to: usize) -> String {
    if width(text) <= to {
        return text.to_owned();
    }
    let mut short = String::new();
    for letter in text.chars() {
        if to.saturating_sub(1) < width(&short) + width(letter.encode_utf8(&mut [0; 4])) {
            break;
        }
        short.push(letter);
    }
    short + "~"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tones_are_codes_on_a_terminal_and_nothing_elsewhere() {
        let line = Line::of("node-b", Tone::Plain)
            .and("  LOST  ", Tone::Bad)
            .and("  ", Tone::Plain);
        assert_eq!(line.width(), 16);
        assert_eq!(line.printed(Style::Plain), "node-b  LOST\n");
        assert_eq!(
            line.printed(Style::Colour),
            "node-b\x1b[1;31m  LOST\x1b[0m\n"
        );
    }

    #[test]
    fn wide_letters_take_the_columns_that_they_take() {
        assert_eq!((width("網路"), cut("網路一", 5)), (4, "網路~".to_owned()));
        assert_eq!(
            (left("網", 4), right("網", 4)),
            ("網  ".into(), "  網".into())
        );
        assert_eq!(cut("node-b", 6), "node-b");
    }
}
