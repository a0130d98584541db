//! The pages on the screen.
//!
//! The head and the keys stay, what is between them gives way: on a small terminal the table scrolls with the cursor,
//! and what is wrong keeps a third of the room, because it is what one came for. The awkward case is a terminal of
//! three lines, where something is shown all the same.

use std::time::Instant;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text;
use ratatui::widgets::Paragraph;

use super::state::{Page, State};
use super::wrap::wrap;
use super::{help, look};
use crate::commands::status::Colours;
use crate::commands::status::head::head;
use crate::commands::status::table::{self, Part, Room};
use crate::commands::status::text::{Line, Tone};
use crate::commands::status::view;
use crate::local_time::Zone;

/// What the screen shows, from top to bottom.
pub struct Sheet {
    /// Its lines, no more than fit.
    pub lines: Vec<Line>,
    /// The piece of a line that is chosen.
    pub chosen: Option<(usize, usize)>,
}

/// Draws the page that is shown.
pub fn draw(frame: &mut Frame<'_>, state: &mut State, colours: Colours, now: Instant) {
    let area = frame.area();
    let sheet = sheet(state, Zone::Local, area, now);
    let line = |(at, line): (usize, &Line)| {
        let piece = |(place, (text, tone)): (usize, &(String, Tone))| {
            let mut style = style(*tone, colours);
            if sheet.chosen == Some((at, place)) {
                style = style.add_modifier(Modifier::REVERSED);
            }
            text::Span::styled(text.clone(), style)
        };
        text::Line::from_iter(line.0.iter().enumerate().map(piece))
    };
    let lines: Vec<text::Line<'_>> = sheet.lines.iter().enumerate().map(line).collect();
    frame.render_widget(Paragraph::new(lines), area);
}

fn style(tone: Tone, colours: Colours) -> Style {
    let (modifier, colour) = match tone {
        Tone::Plain => (Modifier::empty(), None),
        Tone::Strong => (Modifier::BOLD, None),
        Tone::Bad => (Modifier::BOLD, Some(Color::Red)),
        Tone::Warn => (Modifier::BOLD, Some(Color::Magenta)),
        Tone::Quiet => (Modifier::DIM, None),
    };
    let style = Style::new().add_modifier(modifier);
    match (colours, colour) {
        (Colours::Wanted, Some(colour)) => style.fg(colour),
        (Colours::Wanted, None) | (Colours::Unwanted, _) => style,
    }
}

/// What the screen shows, in this much room.
pub fn sheet(state: &mut State, zone: Zone, area: Rect, now: Instant) -> Sheet {
    let (columns, rows) = (usize::from(area.width), usize::from(area.height));
    let foot = foot(state, now);
    let room = rows.saturating_sub(1);
    let mut sheet = match state.page {
        Page::Table => paths(state, zone, columns, room),
        Page::Path => scrolled(look::lines(state, zone), state, columns, room),
        Page::Help => scrolled(help::lines(), state, columns, room),
    };
    sheet.lines.resize(room, Line::default());
    sheet.lines.push(foot);
    sheet
}

/// The keys, or what is more urgent.
fn foot(state: &State, now: Instant) -> Line {
    if let Some(age) = state.age(now) {
        let why = state.away.as_deref().unwrap_or("no answer");
        // The first words say it; the command says the rest when it is typed.
        let why = why.split_once(':').map_or(why, |(first, _)| first);
        return Line::of(
            format!("AGENT AWAY: this is {} s old; {why}", age.as_secs()),
            Tone::Bad,
        );
    }
    let keys = match state.page {
        Page::Table => "arrows choose a path  Enter looks into it  ? help  q quit",
        Page::Path => "Esc back  arrows scroll  ? help  q quit",
        Page::Help => "Esc back  q quit",
    };
    Line::of(keys, Tone::Quiet)
}

/// A page that is read from its top, as far as it was scrolled.
fn scrolled(lines: Vec<Line>, state: &mut State, columns: usize, room: usize) -> Sheet {
    let lines: Vec<Line> = lines.iter().flat_map(|line| wrap(line, columns)).collect();
    state.scrolled = state.scrolled.min(lines.len().saturating_sub(room));
    Sheet {
        lines: lines.into_iter().skip(state.scrolled).take(room).collect(),
        chosen: None,
    }
}

/// The page of all paths.
fn paths(state: &State, zone: Zone, columns: usize, room: usize) -> Sheet {
    let snapshot = &state.snapshot;
    let mut lines = head(snapshot, zone);
    lines.truncate(room);
    let left = room - lines.len();
    let below = view::wrong(snapshot)
        .into_iter()
        .chain(view::notes(snapshot, zone));
    let below: Vec<Line> = below.flat_map(|line| wrap(&line, columns)).collect();
    let parts = table::parts(snapshot, zone, Room::Columns(columns));
    let (table, chosen) = table_lines(parts, state.place());
    // What is wrong gets what the table leaves, and a third of the room in any case.
    let for_below = below
        .len()
        .min((left / 3).max(left.saturating_sub(table.len())));
    let (table, chosen) = window(table, chosen, left - for_below);
    let above = lines.len();
    lines.extend(table);
    lines.extend(first(below, for_below));
    Sheet {
        lines,
        chosen: chosen.map(|(line, piece)| (above + line, piece)),
    }
}

/// All lines of the table, and where the cursor is in them.
fn table_lines(parts: Vec<Part>, place: table::Place) -> (Vec<Line>, Option<(usize, usize)>) {
    let (mut lines, mut chosen) = (Vec::new(), None);
    for part in parts {
        lines.push(part.header);
        let column = part.networks.iter().position(|network| *network == place.1);
        if let Some(column) = column.filter(|_| place.0 < part.rows.len()) {
            chosen = Some((lines.len() + place.0, part.first_cell + 2 * column));
        }
        lines.extend(part.rows);
    }
    (lines, chosen)
}

/// As many lines as there is room for, with the first line and the chosen one among them.
fn window(
    mut lines: Vec<Line>,
    chosen: Option<(usize, usize)>,
    room: usize,
) -> (Vec<Line>, Option<(usize, usize)>) {
    let line = chosen.map_or(0, |(line, _)| line);
    let hidden = (line + 1).saturating_sub(room).min(line.saturating_sub(1));
    // The head of the columns stays.
    lines.drain(1.min(lines.len())..(1 + hidden).min(lines.len()));
    lines.truncate(room);
    let shown = |(line, piece): (usize, usize)| (line - hidden, piece);
    (lines, chosen.map(shown).filter(|(line, _)| *line < room))
}

/// The first of them; the last says how many more there are.
fn first(mut lines: Vec<Line>, room: usize) -> Vec<Line> {
    let hidden = lines.len().saturating_sub(room);
    if 0 < hidden {
        lines.truncate(room.saturating_sub(1));
        let more = format!("... {} more lines: `heartbeat status`", hidden + 1);
        lines.extend((0 < room).then(|| Line::of(more, Tone::Strong)));
    }
    lines
}
