//! What the watch knows, and where in it the reader is.
//!
//! The awkward case is a view that changes under the cursor: a reload may take the peer away that it is on. So the
//! cursor is a name and not a place, and a name that is gone leaves it on the nearest place that there is.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::keys::{self, Key};
use super::sources::Input;
use crate::commands::explain::Line as Told;
use crate::commands::status::table::{self, Place};
use crate::snapshot::{PathView, Snapshot};

/// Events that are kept.
const EVENTS_MAX: usize = 5_000;
/// Arrivals that are kept of the path that is looked into.
const ARRIVALS_MAX: usize = 12;
/// A view that is older than this is said to be.
const FRESH: Duration = Duration::from_secs(3);

/// What is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Page {
    /// All paths.
    Table,
    /// One of them.
    Path,
    /// The keys.
    Help,
}

/// Whether the watch goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// It does.
    GoOn,
    /// It ends.
    End,
}

/// A peer and a network's label.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Cursor {
    peer: String,
    network: String,
    /// Where that was last.
    place: Place,
}

/// The newest heartbeat of a path, as a view showed it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Arrival {
    /// When, CLOCK_MONOTONIC ns.
    pub ns: u64,
    /// The same in wall time, seconds since 1970.
    pub wall: f64,
    /// Heartbeats recorded by then.
    pub count: u64,
}

/// All of it.
#[derive(Debug)]
pub struct State {
    /// The last view.
    pub snapshot: Snapshot,
    /// Why there is no newer one.
    pub away: Option<String>,
    /// The events, oldest first.
    pub events: VecDeque<Told>,
    /// What is shown.
    pub page: Page,
    /// Lines of it that are above the screen.
    pub scrolled: usize,
    /// Arrivals of the path that is looked into, oldest first.
    pub arrivals: VecDeque<Arrival>,
    before_help: Page,
    cursor: Cursor,
    seen: Instant,
    clear: bool,
}

impl State {
    /// The first view, at the first path.
    pub fn new(snapshot: Snapshot, now: Instant) -> Self {
        let mut state = State {
            snapshot,
            away: None,
            events: VecDeque::new(),
            page: Page::Table,
            scrolled: 0,
            arrivals: VecDeque::new(),
            before_help: Page::Table,
            cursor: Cursor::default(),
            seen: now,
            clear: false,
        };
        state.go_to((0, 0));
        state
    }

    /// Takes what has come.
    pub fn take(&mut self, input: Input, now: Instant) -> Next {
        match input {
            Input::End => return Next::End,
            Input::Key(event) => return self.press(keys::read(&event)),
            Input::Seen(snapshot) => {
                self.snapshot = *snapshot;
                self.away = None;
                self.seen = now;
                self.note_arrival();
            }
            Input::Away(why) => self.away = Some(why),
            Input::Told(told) => {
                if self.events.len() == EVENTS_MAX {
                    self.events.pop_front();
                }
                self.events.push_back(*told);
            }
        }
        Next::GoOn
    }

    /// How old the view is, where that is worth saying.
    pub fn age(&self, now: Instant) -> Option<Duration> {
        let age = now.saturating_duration_since(self.seen);
        (self.away.is_some() || FRESH < age).then_some(age)
    }

    /// Whether everything is to be drawn anew, once.
    pub fn wants_clearing(&mut self) -> bool {
        std::mem::take(&mut self.clear)
    }

    /// Where the cursor is now.
    pub fn place(&self) -> Place {
        let peers = table::peers(&self.snapshot);
        let (row, network) = self.cursor.place;
        let found = peers.iter().position(|peer| *peer == self.cursor.peer);
        let row = found.unwrap_or(row).min(peers.len().saturating_sub(1));
        let networks = &self.snapshot.networks;
        let mut labels = networks.iter().map(|network| &network.network);
        let found = labels.position(|label| *label == self.cursor.network);
        let network = found.unwrap_or(network);
        (row, network.min(networks.len().saturating_sub(1)))
    }

    /// The names of what the cursor is on.
    pub fn chosen(&self) -> (&str, &str) {
        (&self.cursor.peer, &self.cursor.network)
    }

    /// The path that the cursor is on, if there is one.
    pub fn path(&self) -> Option<&PathView> {
        let (peer, network) = self.chosen();
        let mut paths = self.snapshot.paths.iter();
        paths.find(|path| path.peer == peer && path.network == network)
    }

    fn press(&mut self, key: Option<Key>) -> Next {
        match (key, self.page) {
            (None, _) => {}
            (Some(Key::Quit), _) => return Next::End,
            (Some(Key::Redraw), _) => self.clear = true,
            (Some(Key::Help), Page::Help) => self.show(self.before_help),
            (Some(Key::Help), page) => {
                self.before_help = page;
                self.show(Page::Help);
            }
            (Some(Key::Back), Page::Help) => self.show(self.before_help),
            (Some(Key::Back), Page::Table | Page::Path) => self.show(Page::Table),
            (Some(Key::Enter), Page::Table) => self.look_into(),
            (Some(Key::Enter), Page::Path | Page::Help) => {}
            (Some(Key::Move(rows, networks)), Page::Table) => self.move_by(rows, networks),
            (Some(Key::Move(_, ..=-1)), Page::Path) => self.show(Page::Table),
            (Some(Key::Move(rows, _)), Page::Path | Page::Help) => {
                // What is past the end is taken back when it is drawn.
                self.scrolled = self.scrolled.saturating_add_signed(rows);
            }
        }
        Next::GoOn
    }

    fn show(&mut self, page: Page) {
        self.page = page;
        self.scrolled = 0;
    }

    fn look_into(&mut self) {
        self.go_to(self.place());
        if self.path().is_some() {
            self.arrivals.clear();
            self.note_arrival();
            self.show(Page::Path);
        }
    }

    fn move_by(&mut self, rows: isize, networks: isize) {
        let (row, network) = self.place();
        let last = table::peers(&self.snapshot).len().saturating_sub(1);
        let row = row.saturating_add_signed(rows).min(last);
        let last = self.snapshot.networks.len().saturating_sub(1);
        self.go_to((row, network.saturating_add_signed(networks).min(last)));
    }

    fn go_to(&mut self, place: Place) {
        let peers = table::peers(&self.snapshot);
        let network = self.snapshot.networks.get(place.1);
        self.cursor = Cursor {
            peer: peers
                .get(place.0)
                .map_or_else(String::new, |peer| (*peer).to_owned()),
            network: network.map_or_else(String::new, |network| network.network.clone()),
            place,
        };
    }

    /// Notes the newest heartbeat of the path, if it is a new one.
    fn note_arrival(&mut self) {
        let Some(path) = self.path() else { return };
        let (Some(ns), Some(wall)) = (path.last_arrival_ns, path.last_arrival_unix_seconds) else {
            return;
        };
        let arrival = Arrival {
            ns,
            wall,
            count: path.arrivals,
        };
        if self.arrivals.back().is_some_and(|last| last.ns == ns) {
            return;
        }
        if self.arrivals.len() == ARRIVALS_MAX {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back(arrival);
    }
}
