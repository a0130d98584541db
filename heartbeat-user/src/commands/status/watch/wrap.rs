//! Lines that are longer than the screen is wide.

use crate::commands::status::text::{Line, Tone, width};

/// The line in as many as it takes; those after the first are indented.
pub fn wrap(line: &Line, room: usize) -> Vec<Line> {
    const INDENT: &str = "  ";
    let mut lines = vec![Line::default()];
    let mut used = 0;
    for (text, tone) in &line.0 {
        for word in text.split_inclusive(' ') {
            let taken = width(word.trim_end());
            if room < used + taken && 0 < taken && 0 < used {
                lines.push(Line::of(INDENT, Tone::Plain));
                used = INDENT.len();
            }
            used += width(word);
            push(&mut lines, word, *tone);
        }
    }
    lines
}

/// Appends a word to the last line, in the piece before it where that has the same tone.
fn push(lines: &mut [Line], word: &str, tone: Tone) {
    let Some(line) = lines.last_mut() else { return };
    match line.0.last_mut() {
        Some((text, last)) if *last == tone => text.push_str(word),
        _ => line.0.push((word.to_owned(), tone)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::status::text::Style;

    #[test]
    fn a_long_line_goes_on_below_and_keeps_its_tones() {
        let line = Line::of("! ", Tone::Bad)
            .and("node-b on Private Network: no heartbeat", Tone::Plain)
            .and("  explain 7", Tone::Strong);
        let lines = wrap(&line, 24);
        let printed: String = lines
            .iter()
            .map(|line| line.printed(Style::Plain))
            .collect();
        assert_eq!(
            printed,
            "! node-b on Private\n  Network: no heartbeat\n  explain 7\n"
        );
        assert!(
            lines
                .iter()
                .all(|line| line.0.iter().all(|(text, _)| !text.is_empty()))
        );
        assert_eq!(wrap(&line, 200).len(), 1);
        assert!(!wrap(&line, 1).is_empty());
    }
}
