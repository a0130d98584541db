//! The table at the end of the demo: each scenario with its events and its lateness.
//!
//! It is what stays on the screen, so it fits into 80 columns and repeats what matters of everything above.

use super::lateness::{Spread, in_ms};
use super::report::Outcome;
use super::text::{Line, Style, count};
use crate::lab::event::{PATH_LOST, PATH_RESTORED};

/// All scenarios in one table, and the verdict.
pub fn summary(outcomes: &[Outcome], horizontal: char) -> Vec<Line> {
    let mut lines = heading(horizontal);
    lines.extend(outcomes.iter().map(row));
    lines.push(Line::new());
    lines.push(conclusion(outcomes));
    lines
}

/// What the columns add up to.
const COLUMNS: usize = 79;

/// The heads of the columns, which must stand as [`row`] sets them.
fn heading(horizontal: char) -> Vec<Line> {
    let faint = |text| Line::new().then(Style::Faint, text);
    vec![
        faint(format!(
            "{:<15}{:>6}{:>10}   {:>21}   {:>21}",
            "", "", "", "judged, ms late", "written, ms late"
        )),
        faint(format!(
            "{:<15}{:>6}{:>10}   {:>10}{:>11}   {:>10}{:>11}",
            "scenario", "lost", "restored", "median", "max", "median", "max"
        )),
        faint(horizontal.to_string().repeat(COLUMNS)),
    ]
}

fn row(outcome: &Outcome) -> Line {
    let spread = |spread: Option<Spread>| match spread {
        Some(Spread { median, max }) => format!("   {:>10}{:>11}", in_ms(median), in_ms(max)),
        None => format!("   {:>10}{:>11}", "-", "-"),
    };
    let style = if outcome.is_good() {
        Style::Good
    } else {
        Style::Bad
    };
    Line::new()
        .then(style, format!("{:<15}", outcome.scenario.title()))
        .then(
            Style::Plain,
            format!(
                "{:>6}{:>10}{}{}",
                outcome.count(PATH_LOST),
                outcome.count(PATH_RESTORED),
                spread(outcome.lateness.judged()),
                spread(outcome.lateness.written()),
            ),
        )
}

fn conclusion(outcomes: &[Outcome]) -> Line {
    match outcomes.iter().filter(|outcome| !outcome.is_good()).count() {
        0 => Line::new().then(
            Style::Good,
            format!(
                "All {} went as expected.",
                count(outcomes.len(), "scenario")
            ),
        ),
        bad => Line::new().then(
            Style::Bad,
            format!(
                "{bad} of {} did NOT go as expected.",
                count(outcomes.len(), "scenario")
            ),
        ),
    }
}
