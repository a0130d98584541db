//! The keys, and what they mean.

use ratatui::crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};

/// Rows that a page has, for the keys that turn pages.
const PAGE: isize = 10;

/// What is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Key {
    /// To end the watch.
    Quit,
    /// To go so many rows down and networks to the right.
    Move(isize, isize),
    /// To look into what is chosen.
    Enter,
    /// To go back.
    Back,
    /// To be told the keys.
    Help,
    /// To have everything drawn anew.
    Redraw,
}

/// What somebody typed, if it means anything.
pub fn read(event: &Event) -> Option<Key> {
    let Event::Key(key) = event else { return None };
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match key.code {
            KeyCode::Char('c') => Some(Key::Quit),
            KeyCode::Char('l') => Some(Key::Redraw),
            _ => None,
        };
    }
    Some(match key.code {
        KeyCode::Char('q' | 'Q') => Key::Quit,
        KeyCode::Up | KeyCode::Char('k') => Key::Move(-1, 0),
        KeyCode::Down | KeyCode::Char('j') => Key::Move(1, 0),
        KeyCode::Left | KeyCode::Char('h') => Key::Move(0, -1),
        KeyCode::Right | KeyCode::Char('l') => Key::Move(0, 1),
        KeyCode::PageUp => Key::Move(-PAGE, 0),
        KeyCode::PageDown => Key::Move(PAGE, 0),
        KeyCode::Home => Key::Move(isize::MIN, 0),
        KeyCode::End => Key::Move(isize::MAX, 0),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc | KeyCode::Backspace => Key::Back,
        KeyCode::Char('?') => Key::Help,
        _ => return None,
    })
}
