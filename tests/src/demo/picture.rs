//! One frame of the live display: who hears whom, what was reported, what is being waited for.
//!
//! It has to fit, whatever the terminal and however many nodes: the events go beside the panels where there is
//! room, else below them, and where rows are few the oldest events give way.

use std::time::Duration;

use super::panel;
use super::screen::{Glyphs, Screen};
use super::text::{Line, Style};
use super::watch::Row;
use crate::lab::plan::Plan;

/// Events that are shown at most.
const EVENTS_MAX: usize = 8;
/// Columns of an event's line.
const EVENT_COLUMNS: usize = 58;
/// Rows beside panels and events: the bar, and an empty one above and below the panels.
const OTHER_ROWS: usize = 3;
/// Rows above the live display that are left to the scenario's head.
const HEAD_ROWS: usize = 5;
/// Columns of the bar of a wait.
const BAR_COLUMNS: usize = 20;

/// What a frame shows.
#[derive(Debug)]
pub struct Picture<'a> {
    /// Which nodes and networks there are.
    pub plan: &'a Plan,
    /// What each node says of its paths.
    pub rows: Vec<Row>,
    /// All events of the scenario so far, oldest first.
    pub events: Vec<Line>,
    /// What it is waiting for.
    pub wait: Wait,
}

/// A wait and how far it has come.
#[derive(Debug)]
pub struct Wait {
    /// What for.
    pub what: String,
    /// How long already.
    pub elapsed: Duration,
    /// When it should be over.
    pub due: Duration,
}

impl Picture<'_> {
    /// The frame as lines that fit this screen.
    pub fn lines(self, screen: &Screen) -> Vec<Line> {
        let panels = panel::panels(self.plan, &self.rows, screen.glyphs());
        let mut lines = vec![Line::new()];
        lines.extend(beside(
            panels,
            &self.events,
            screen.columns(),
            screen.rows(),
        ));
        lines.push(Line::new());
        lines.push(self.wait.bar(screen.glyphs()));
        lines
    }
}

fn beside(panels: Vec<Line>, events: &[Line], columns: usize, rows: usize) -> Vec<Line> {
    let newest = |count: usize| events[events.len().saturating_sub(count)..].iter().cloned();
    let width = panels.iter().map(Line::width).max().unwrap_or_default();
    if columns < width + EVENT_COLUMNS {
        let room = rows.saturating_sub(panels.len() + OTHER_ROWS + HEAD_ROWS);
        return panels
            .into_iter()
            .chain(newest(room.min(EVENTS_MAX)))
            .collect();
    }
    let rows = panels.len().max(EVENTS_MAX);
    let (mut left, mut right) = (panels.into_iter(), newest(EVENTS_MAX));
    let row = |_| {
        let left = left.next().unwrap_or_default().padded(width);
        left.join(right.next().unwrap_or_default())
    };
    (0..rows).map(row).collect()
}

impl Wait {
    fn bar(&self, glyphs: Glyphs) -> Line {
        let seconds = self.elapsed.as_secs_f64();
        let share = (seconds / self.due.as_secs_f64()).min(1.0);
        // Not negative and at most BAR_COLUMNS, so the conversion loses nothing but the fraction.
        let full = (share * BAR_COLUMNS as f64) as usize;
        let part = |glyph: char, columns: usize| glyph.to_string().repeat(columns);
        Line::new()
            .then(Style::Strong, part(glyphs.full, full))
            .then(Style::Faint, part(glyphs.empty, BAR_COLUMNS - full))
            .then(Style::Plain, format!(" {seconds:>4.1} s  {}", self.what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: usize, width: usize) -> Vec<Line> {
        (0..count)
            .map(|n| Line::new().then(Style::Plain, format!("{n:<width$}")))
            .collect()
    }

    #[test]
    fn events_go_beside_the_panels_where_there_is_room() {
        assert_eq!(
            beside(lines(6, 59), &lines(3, 40), 120, 40).len(),
            EVENTS_MAX
        );
        assert_eq!(beside(lines(6, 59), &lines(3, 40), 80, 40).len(), 9);
    }

    #[test]
    fn old_events_give_way_where_rows_are_few() {
        let shown = beside(lines(12, 77), &lines(20, 40), 80, 23);
        assert_eq!(shown.len() + OTHER_ROWS + HEAD_ROWS, 23);
        let newest = shown.last().unwrap().render(80, |_, text| text.to_owned());
        assert!(newest.starts_with("19"));
    }
}
