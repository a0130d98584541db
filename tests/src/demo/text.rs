//! Lines of styled text with a known width.
//!
//! A live display moves the cursor up by as many lines as it drew, so no line may ever be longer than the
//! terminal is wide. Escape sequences have no width and would spoil every count; they are therefore added at
//! the very end, to pieces that were measured and cut without them.

use std::time::Duration;

/// What a piece of text means; the screen decides how that looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Nothing special.
    Plain,
    /// As it should be.
    Good,
    /// As it should not be.
    Bad,
    /// Worth a glance.
    Strong,
    /// Frame, label or remark.
    Faint,
}

/// One line.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Line(Vec<(Style, String)>);

impl Line {
    /// An empty line.
    pub fn new() -> Self {
        Line::default()
    }

    /// The line with more text at its end.
    pub fn then(mut self, style: Style, text: impl Into<String>) -> Self {
        self.0.push((style, text.into()));
        self
    }

    /// The line with all of another at its end.
    pub fn join(mut self, other: Line) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The line filled up with spaces to this many columns.
    pub fn padded(self, columns: usize) -> Self {
        let missing = columns.saturating_sub(self.width());
        self.then(Style::Plain, " ".repeat(missing))
    }

    /// Columns it takes. All characters used here take one.
    pub fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text.chars().count()).sum()
    }

    /// As text of at most this many columns, each piece passed through `paint`.
    pub fn render(&self, columns: usize, paint: impl Fn(Style, &str) -> String) -> String {
        let mut left = columns;
        let mut text = String::new();
        for (style, piece) in &self.0 {
            let cut: String = piece.chars().take(left).collect();
            left -= cut.chars().count();
            text += &paint(*style, &cut);
        }
        text
    }
}

/// A label in its column, then text that is wrapped beside it; one line for each piece.
pub fn labelled(label: &str, text: &str, style: Style, columns: usize) -> Vec<Line> {
    let room = columns.saturating_sub(LABEL_COLUMNS).max(20);
    let mut labels = std::iter::once(label).chain(std::iter::repeat(""));
    wrap(text, room)
        .into_iter()
        .map(|piece| {
            let label = labels.next().unwrap_or_default();
            Line::new()
                .then(
                    Style::Faint,
                    format!("    {label:<width$}", width = LABEL_COLUMNS - 4),
                )
                .then(style, piece)
        })
        .collect()
}

/// Where the text beside a label begins.
const LABEL_COLUMNS: usize = 14;

/// Breaks text between words into pieces of at most so many columns.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        let width = line.chars().count();
        if width == 0 {
            line.push_str(word);
        } else if width + 1 + word.chars().count() <= columns {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// A duration of the scale of heartbeats, such as `2.55 s` or `300 ms`.
pub fn duration(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1000.0;
    if ms < 1000.0 {
        return format!("{} ms", trimmed(ms, 1));
    }
    format!("{} s", trimmed(ms / 1000.0, 2))
}

fn trimmed(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A word with its number: `1 path`, `4 paths`.
pub fn count(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_before_it_is_painted() {
        let line = Line::new().then(Style::Good, "abc").then(Style::Bad, "def");
        assert_eq!(line.width(), 6);
        assert_eq!(line.render(4, |_, text| format!("<{text}>")), "<abc><d>");
    }

    #[test]
    fn text_is_wrapped_between_words_and_a_long_word_stands_alone() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(
            wrap("a incomprehensible b", 8),
            ["a", "incomprehensible", "b"]
        );
    }

    #[test]
    fn durations_have_the_digits_that_matter() {
        assert_eq!(duration(Duration::from_millis(2550)), "2.55 s");
        assert_eq!(duration(Duration::from_millis(1200)), "1.2 s");
        assert_eq!(duration(Duration::from_micros(37_500)), "37.5 ms");
        assert_eq!(duration(Duration::from_millis(300)), "300 ms");
    }
}
