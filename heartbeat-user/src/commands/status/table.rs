//! The table: peers by networks, and what is known of their agents.
//!
//! It has to fit a terminal of 80 columns with two networks. The awkward case is a cluster with eight of them and
//! long names: where the terminal is too narrow, the networks that do not fit follow in a second table below, and
//! names are cut; into a file everything goes as wide as it is.

use std::collections::{BTreeMap, BTreeSet};

use super::cell::{self, Cell};
use super::text::{Line, Tone, cut, left, right, width};
use crate::local_time::Zone;
use crate::snapshot::words::heading;
use crate::snapshot::{HourView, PathView, Snapshot};

const PEER_MIN: usize = 7;
/// Of a peer's name where room is short.
const PEER_MAX: usize = 20;
const MEMBER: usize = 6;
const NETWORK: usize = 13;
const FIGURE: usize = 7;
const AGENT: usize = 14;
const GAP: &str = "  ";

/// How many columns there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Room {
    /// As many as it takes.
    Endless,
    /// So many.
    Columns(usize),
}

/// A path's place: its row, and its network's place.
pub type Place = (usize, usize);

/// A table, or a part of one that has as many networks as fit.
pub struct Part {
    /// The line above.
    pub header: Line,
    /// A line for each peer.
    pub rows: Vec<Line>,
    /// Places of the networks in it.
    pub networks: Vec<usize>,
    /// Where in a row the cell of its first network is, in pieces of the line; each further one is two behind.
    pub first_cell: usize,
}

/// Peers in the order of their rows: those with a path, and nodes that share no network with this one.
pub fn peers(snapshot: &Snapshot) -> Vec<&str> {
    let paths = snapshot.paths.iter().map(|path| path.peer.as_str());
    let nodes = snapshot.membership.nodes.iter();
    let others = nodes.map(|node| node.node.as_str());
    let all: BTreeSet<&str> = paths.chain(others).collect();
    all.into_iter()
        .filter(|peer| *peer != snapshot.node)
        .collect()
}

/// The table, in as many parts as the room asks for.
pub fn parts(snapshot: &Snapshot, zone: Zone, room: Room) -> Vec<Part> {
    let peers = peers(snapshot);
    let longest = peers.iter().map(|peer| width(peer)).max().unwrap_or(0);
    let columns = Columns {
        peer: match room {
            Room::Endless => longest.max(PEER_MIN),
            Room::Columns(_) => longest.clamp(PEER_MIN, PEER_MAX),
        },
        headings: headings(snapshot),
        rows: rows(snapshot),
        snapshot,
        zone,
    };
    let all: Vec<usize> = (0..snapshot.networks.len()).collect();
    let Room::Columns(room) = room else {
        return vec![columns.part(&peers, &all, Which::First)];
    };
    let mut parts = Vec::new();
    let mut rest = &all[..];
    loop {
        let which = if parts.is_empty() {
            Which::First
        } else {
            Which::Later
        };
        let fits = columns.fitting(rest, room, which);
        let (now, later) = rest.split_at(fits);
        parts.push(columns.part(&peers, now, which));
        rest = later;
        if rest.is_empty() {
            return parts;
        }
    }
}

/// Whether a part has the columns of the peers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    First,
    Later,
}

type Row<'a> = BTreeMap<&'a str, &'a PathView>;

struct Columns<'a> {
    peer: usize,
    headings: Vec<String>,
    rows: BTreeMap<&'a str, Row<'a>>,
    snapshot: &'a Snapshot,
    zone: Zone,
}

impl Columns<'_> {
    fn of(&self, network: usize) -> usize {
        width(&self.headings[network]).max(NETWORK)
    }

    /// Networks that fit into a part; one always does.
    fn fitting(&self, networks: &[usize], room: usize, which: Which) -> usize {
        let mut used = self.peer
            + match which {
                Which::First => MEMBER + 2 * FIGURE + AGENT + 4 * GAP.len(),
                Which::Later => 0,
            };
        let fits = |network: &&usize| {
            used += GAP.len() + self.of(**network);
            used <= room
        };
        networks
            .iter()
            .take_while(fits)
            .count()
            .max(1)
            .min(networks.len())
    }

    fn part(&self, peers: &[&str], networks: &[usize], which: Which) -> Part {
        let rows = peers.iter().map(|peer| self.row(peer, networks, which));
        Part {
            header: self.header(networks, which),
            rows: rows.collect(),
            networks: networks.to_vec(),
            first_cell: match which {
                Which::First => 3,
                Which::Later => 2,
            },
        }
    }

    fn header(&self, networks: &[usize], which: Which) -> Line {
        let mut text = left("PEER", self.peer);
        let first = which == Which::First;
        if first {
            text += &format!("{GAP}{}", left("MEMBER", MEMBER));
        }
        for network in networks {
            let heading = left(&self.headings[*network], self.of(*network));
            text += &format!("{GAP}{heading}");
        }
        if first {
            text += &format!("{GAP}LOSS 1H{GAP}GAP MAX{GAP}AGENT");
        }
        Line::of(text, Tone::Strong)
    }

    fn row(&self, peer: &str, networks: &[usize], which: Which) -> Line {
        let snapshot = self.snapshot;
        let agent = snapshot.agent(peer);
        let paths = self.rows.get(peer);
        let mut line = Line::of(left(&cut(peer, self.peer), self.peer), Tone::Plain);
        if which == Which::First {
            let member = cell::member(snapshot, peer);
            let text = format!("{GAP}{}", left(member.text, MEMBER));
            line = line.and(text, member.tone);
        }
        for network in networks {
            let label = snapshot.networks[*network].network.as_str();
            let path = paths.and_then(|paths| paths.get(label)).copied();
            let Cell { text, tone } = cell::path(path, agent);
            // A piece of its own, so that a whole screen can point at it.
            let text = left(&text, self.of(*network));
            line = line.and(GAP, Tone::Plain).and(text, tone);
        }
        if which == Which::First {
            let agent = cell::agent(snapshot, agent, peer, self.zone);
            line = line
                .and(self.figures(peer), Tone::Plain)
                .and(format!("{GAP}{}", agent.text), agent.tone);
        }
        line
    }

    /// Loss and longest gap of the last hour, of all networks together.
    fn figures(&self, peer: &str) -> String {
        let paths = self.rows.get(peer).into_iter().flat_map(Row::values);
        let counted = paths.filter(|path| path.state != "left");
        let hour = counted.fold(HourView::default(), |hour, path| hour.and(path.last_hour));
        let loss = hour.loss().unwrap_or_else(|| "-".to_owned());
        let gap = match hour.largest_gap_seconds {
            0.0 => "-".to_owned(),
            gap => cell::gap(gap),
        };
        format!("{GAP}{}{GAP}{}", right(&loss, FIGURE), right(&gap, FIGURE))
    }
}

fn rows(snapshot: &Snapshot) -> BTreeMap<&str, Row<'_>> {
    let mut rows: BTreeMap<&str, Row<'_>> = BTreeMap::new();
    for path in &snapshot.paths {
        let row = rows.entry(&path.peer).or_default();
        row.insert(&path.network, path);
    }
    rows
}

/// Short names of the networks, unless they would be the same.
fn headings(snapshot: &Snapshot) -> Vec<String> {
    let labels = snapshot.networks.iter().map(|network| &network.network);
    let short: Vec<String> = labels
        .clone()
        .map(|label| cut(&heading(label), NETWORK))
        .collect();
    let different: BTreeSet<&String> = short.iter().collect();
    match different.len() == short.len() {
        true => short,
        false => labels.map(|label| label.to_uppercase()).collect(),
    }
}
