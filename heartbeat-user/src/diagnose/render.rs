//! Findings in a terminal of 80 columns: what is suspicious, first what fits; what could not be read; what is fine.
//!
//! Fifty rules make fifty lines, of which a person wants two. So a suspicion has its line and what to do below it; all
//! that is fine is a list of names; and what is not here at all is not worth more than its name either.

use std::fmt::Write as _;

use super::facts::{Facts, Happening};
use super::finding::{Finding, Verdict, Weight};

const WIDTH: usize = 80;
/// Where sentences begin: behind the longest name of a rule.
const COLUMN: usize = 24;
/// Suspicions that are shown of one rule: many peers may show the same.
const SAME_MAX: usize = 4;

/// The whole answer. `losses` are the recent losses that were asked about.
pub fn text(facts: &Facts, findings: &[Finding], losses: &[&Happening], style: Style) -> String {
    let mut text = head(facts, findings, losses, style);
    let of = |verdict: Verdict| {
        findings
            .iter()
            .filter(move |finding| finding.verdict == verdict)
    };
    let mut shown: Vec<(&str, usize)> = Vec::new();
    for finding in of(Verdict::Suspicious) {
        let count = match shown.iter_mut().find(|(rule, _)| *rule == finding.rule) {
            Some((_, count)) => count,
            None => {
                shown.push((&finding.rule, 0));
                &mut shown.last_mut().expect("it was just put there").1
            }
        };
        *count += 1;
        if *count <= SAME_MAX {
            suspicion(&mut text, finding, style);
        }
    }
    for (rule, count) in shown.iter().filter(|(_, count)| SAME_MAX < *count) {
        let more = format!("... and {} more: `--json` has all", count - SAME_MAX);
        entry(&mut text, "  ", rule, &more);
    }
    for (rule, why) in distinct(of(Verdict::Unreadable)) {
        entry(&mut text, "? ", rule, why);
    }
    list(&mut text, "fine", of(Verdict::Fine));
    list(&mut text, "not here", of(Verdict::Absent));
    text
}

/// Whether words are coloured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// For files and pipes.
    Plain,
    /// For terminals.
    Colour,
}

impl Style {
    fn paint(self, text: &str, code: u8) -> String {
        match self {
            Style::Plain => text.to_owned(),
            Style::Colour => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

const RED: u8 = 31;
const GREEN: u8 = 32;
const YELLOW: u8 = 33;
const BOLD: u8 = 1;

fn head(facts: &Facts, findings: &[Finding], losses: &[&Happening], style: Style) -> String {
    let suspicious = findings
        .iter()
        .filter(|finding| finding.is_suspicious())
        .count();
    let (word, colour) = match suspicious {
        0 => ("nothing suspicious".to_owned(), GREEN),
        count => (format!("{count} suspicious"), RED),
    };
    let window = facts.window_seconds;
    let node = style.paint(&facts.node, BOLD);
    let word = style.paint(&word, colour);
    let happened = match losses {
        [] => "no loss within the hour".to_owned(),
        [only] => format!("one loss within the hour, event {}", only.seq),
        [.., newest] => format!(
            "{} losses within the hour, the newest is event {}",
            losses.len(),
            newest.seq
        ),
    };
    let looked = format!("two looks, {window:.1} s apart");
    format!("{node}: {word}; {happened}\n{looked}\n\n")
}

fn suspicion(text: &mut String, finding: &Finding, style: Style) {
    let (mark, colour) = match finding.weight {
        Some(Weight::Cause) => ("!!", RED),
        Some(Weight::Hint) | None => ("! ", YELLOW),
    };
    let networks = match finding.networks[..] {
        [] => String::new(),
        [..] => format!(" [{}]", finding.networks.join(", ")),
    };
    let fits = match finding.fits[..] {
        [] => String::new(),
        [only] => format!(" (fits event {only})"),
        [.., newest] => format!(" (fits {} events, the newest {newest})", finding.fits.len()),
    };
    entry(
        text,
        &style.paint(mark, colour),
        &finding.rule,
        &format!("{}{networks}{fits}", finding.line),
    );
    if let Some(advice) = &finding.advice {
        entry(text, "  ", "", &format!("-> {advice}"));
    }
}

/// Unreadable things by rule, one line for one reason.
fn distinct<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<(&'a str, &'a str)> {
    let mut all: Vec<(&str, &str)> = Vec::new();
    for finding in findings {
        if all.iter().all(|(_, why)| *why != finding.line) {
            all.push((&finding.rule, &finding.line));
        }
    }
    all
}

/// A mark of two columns, a name, and a sentence that goes on below its beginning.
fn entry(text: &mut String, mark: &str, name: &str, sentence: &str) {
    let mut column = COLUMN;
    // Nothing is kept from writing into a string.
    let _ = write!(text, "{mark} {name:<width$}", width = COLUMN - 3);
    for (number, word) in sentence.split(' ').enumerate() {
        let width = word.chars().count();
        if 0 < number && WIDTH < column + 1 + width {
            let _ = write!(text, "\n{:COLUMN$}", "");
            column = COLUMN;
        } else if 0 < number {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += width;
    }
    text.push('\n');
}

/// The names of rules, each once.
fn list<'a>(text: &mut String, title: &str, findings: impl Iterator<Item = &'a Finding>) {
    let mut names: Vec<&str> = findings.map(|finding| finding.rule.as_str()).collect();
    names.dedup();
    if !names.is_empty() {
        entry(text, "  ", title, &names.join(", "));
    }
}
