//! Messages as bytes.
//!
//! What carries a message proves who wrote it, so a wrong byte here is a mistake and no attack; it may cost the
//! message and nothing else. The awkward case is a configuration that is rolled out node by node: the sender's
//! third node is not the receiver's. So sets travel with the numbers of the nodes that they count by, and are
//! counted anew by the receiver's own; nodes that it does not know fall out of sets, and make a view none. Every
//! message has one encoding: what is decoded, encodes to the same bytes again.
//!
//! ```text
//! version u8 = 1, kind u8, then                                   big-endian, no padding
//!   1 report    nodes u16, id u16 each                            ascending: what sets count by
//!               stamp u64, promise u64 (ns), voters u32, promised u64, stage u8, caution u8
//!               reaches SET, quarantined SET
//!               echoed SET, echo u64 for each of its nodes        never 0
//!               0, or 1, epoch u64, members SET                   the view
//!               rows u8, and for each: network u16, soundness u8, witness u8, heard SET
//!   2 proposal  epoch u64, choice u8, members u16, and for each:  ascending
//!                 id u16, 1: accepts | 2: joined u8, incarnation u64
//!   3 accept    epoch u64
//!   4 install   as a proposal
//!   5 question  incarnation u64, silences u8, and for each: SILENCE
//!   6 accounts  accounts u8, and for each: SILENCE, then in ns unheard u64, late u64, sender late u64, waited u64,
//!               paused u64, then interface u8, refused u32, unsent u32
//! SILENCE       network u16, from u64, until u64                  each network once
//! SET           a bit for each node of the table, its first in the lowest bit of the first byte
//! ```

use alloc::vec::Vec;
use core::time::Duration;

use heartbeat_ebpf::ids::{Incarnation, NetworkId, NodeId};
use heartbeat_ebpf::map::NETWORKS_MAX;

use super::{Message, Report, Row};
use crate::nodes::{NodeIndex, NodeSet};
use crate::view::{Epoch, View};

mod code;
mod inquest;
mod read;
mod table;

use code::Code;
use read::Reader;
use table::Table;

/// The one version there is. A receiver takes no other.
pub const VERSION: u8 = 1;
/// Most nodes of a table or members of a view: as many as a cluster may have.
pub const NODES_MAX: usize = 1024;
/// Most rows of a report: as many as networks may be configured.
pub const ROWS_MAX: usize = NETWORKS_MAX;
/// No message is longer: a report of so many nodes that has all it can have.
pub const LENGTH_MAX: usize =
    44 + 2 * NODES_MAX + 4 * SET_MAX + 8 * NODES_MAX + ROWS_MAX * (4 + SET_MAX);
const SET_MAX: usize = NODES_MAX / 8;

const REPORT: u8 = 1;
const PROPOSAL: u8 = 2;
const ACCEPT: u8 = 3;
const INSTALL: u8 = 4;
const QUESTION: u8 = 5;
const ACCOUNTS: u8 = 6;

/// Remarks on a member of a view.
const ACCEPTS: u8 = 1;
const JOINED: u8 = 2;

impl Message {
    /// As bytes; `nodes` are the numbers of the configured nodes, ascending, as [`NodeIndex`] counts them. At most
    /// [`LENGTH_MAX`].
    pub fn encode(&self, nodes: &[NodeId]) -> Vec<u8> {
        let mut bytes = alloc::vec![VERSION];
        match self {
            Message::Report(report) => {
                bytes.push(REPORT);
                put_report(&mut bytes, report, nodes);
            }
            Message::Proposal(view) => {
                bytes.push(PROPOSAL);
                put_view(&mut bytes, view, nodes);
            }
            Message::Accept(epoch) => {
                bytes.push(ACCEPT);
                bytes.extend(epoch.0.to_be_bytes());
            }
            Message::Install(view) => {
                bytes.push(INSTALL);
                put_view(&mut bytes, view, nodes);
            }
            Message::Question(question) => {
                bytes.push(QUESTION);
                inquest::put_question(&mut bytes, question);
            }
            Message::Accounts(accounts) => {
                bytes.push(ACCOUNTS);
                inquest::put_accounts(&mut bytes, accounts);
            }
        }
        bytes
    }

    /// From bytes, counted by the receiver's own `nodes`; `None` for anything that is not exactly one message of
    /// this version.
    pub fn decode(bytes: &[u8], nodes: &[NodeId]) -> Option<Message> {
        let mut reader = Reader::new(bytes);
        if LENGTH_MAX < bytes.len() || reader.u8()? != VERSION {
            return None;
        }
        let message = match reader.u8()? {
            REPORT => Message::Report(report(&mut reader, nodes)?),
            PROPOSAL => Message::Proposal(view(&mut reader, nodes)?),
            ACCEPT => Message::Accept(Epoch(reader.u64()?)),
            INSTALL => Message::Install(view(&mut reader, nodes)?),
            QUESTION => Message::Question(inquest::question(&mut reader)?),
            ACCOUNTS => Message::Accounts(inquest::accounts(&mut reader)?),
            _ => return None,
        };
        reader.is_empty().then_some(message)
    }
}

fn put_report(bytes: &mut Vec<u8>, report: &Report, nodes: &[NodeId]) {
    table::put(bytes, nodes);
    let put_set = |bytes: &mut Vec<u8>, set: &NodeSet| table::put_set(bytes, set, nodes.len());
    bytes.extend(report.stamp.to_be_bytes());
    let promise = u64::try_from(report.promise.as_nanos()).unwrap_or(u64::MAX);
    bytes.extend(promise.to_be_bytes());
    bytes.extend(report.voters.to_be_bytes());
    bytes.extend(report.promised.0.to_be_bytes());
    bytes.extend([report.stage.code(), report.caution.code()]);
    put_set(bytes, &report.reaches);
    put_set(bytes, &report.quarantined);
    put_echoes(bytes, &report.echoes, nodes.len());
    bytes.push(report.view.is_some().into());
    if let Some((epoch, members)) = &report.view {
        bytes.extend(epoch.0.to_be_bytes());
        put_set(bytes, members);
    }
    bytes.push(report.rows.len() as u8);
    for row in &report.rows {
        bytes.extend(row.network.number().to_be_bytes());
        bytes.extend([row.soundness.code(), row.witness.code()]);
        put_set(bytes, &row.heard);
    }
}

fn put_echoes(bytes: &mut Vec<u8>, echoes: &[u64], nodes: usize) {
    let echoed = echoes.iter().take(nodes).zip(0u16..);
    let echoed = echoed.filter(|(echo, _)| **echo != 0);
    let places: NodeSet = echoed.clone().map(|(_, place)| NodeIndex(place)).collect();
    table::put_set(bytes, &places, nodes);
    bytes.extend(echoed.flat_map(|(echo, _)| echo.to_be_bytes()));
}

fn report(reader: &mut Reader<'_>, nodes: &[NodeId]) -> Option<Report> {
    let table = Table::read(reader, nodes)?;
    Some(Report {
        stamp: reader.u64()?,
        promise: Duration::from_nanos(reader.u64()?),
        voters: reader.u32()?,
        promised: Epoch(reader.u64()?),
        stage: Code::of(reader.u8()?)?,
        caution: Code::of(reader.u8()?)?,
        reaches: table.set(reader)?,
        quarantined: table.set(reader)?,
        echoes: echoes(reader, &table, nodes.len())?,
        view: match reader.u8()? {
            0 => None,
            1 => Some((Epoch(reader.u64()?), table.set(reader)?)),
            _ => return None,
        },
        rows: rows(reader, &table)?,
    })
}

fn echoes(reader: &mut Reader<'_>, table: &Table, nodes: usize) -> Option<Vec<u64>> {
    let mut echoes = alloc::vec![0; nodes];
    for place in table.places(reader)? {
        let echo = reader.u64().filter(|echo| *echo != 0)?;
        if let Some(node) = table.node(place) {
            echoes[node.position()] = echo;
        }
    }
    Some(echoes)
}

fn rows(reader: &mut Reader<'_>, table: &Table) -> Option<Vec<Row>> {
    let count = usize::from(reader.u8()?);
    let mut rows: Vec<Row> = Vec::new();
    if ROWS_MAX < count {
        return None;
    }
    for _ in 0..count {
        let network = NetworkId::new(reader.u16()?)?;
        if rows.iter().any(|row| row.network == network) {
            return None;
        }
        rows.push(Row {
            network,
            soundness: Code::of(reader.u8()?)?,
            witness: Code::of(reader.u8()?)?,
            heard: table.set(reader)?,
        });
    }
    Some(rows)
}

fn put_view(bytes: &mut Vec<u8>, view: &View, nodes: &[NodeId]) {
    let named = view.members.iter();
    let named = named
        .filter_map(|(node, incarnation)| Some((*node, nodes.get(node.position())?, incarnation)));
    bytes.extend(view.epoch.0.to_be_bytes());
    bytes.push(view.choice.code());
    bytes.extend((named.clone().count() as u16).to_be_bytes());
    for (node, id, incarnation) in named {
        let accepts = if view.acceptors.contains(node) {
            ACCEPTS
        } else {
            0
        };
        let joined = if view.joined.contains(node) {
            JOINED
        } else {
            0
        };
        bytes.extend(id.number().to_be_bytes());
        bytes.push(accepts | joined);
        bytes.extend(incarnation.0.to_be_bytes());
    }
}

fn view(reader: &mut Reader<'_>, nodes: &[NodeId]) -> Option<View> {
    let mut view = View {
        epoch: Epoch(reader.u64()?),
        members: Vec::new(),
        acceptors: NodeSet::new(),
        joined: NodeSet::new(),
        choice: Code::of(reader.u8()?)?,
    };
    let count = usize::from(reader.u16()?);
    let mut last = None;
    if NODES_MAX < count {
        return None;
    }
    for _ in 0..count {
        let id = NodeId::new(reader.u16()?).filter(|id| last < Some(*id))?;
        last = Some(id);
        let remarks = reader.u8().filter(|remarks| *remarks <= ACCEPTS | JOINED)?;
        let incarnation = Incarnation(reader.u64()?);
        // Whoever does not know a member can't have a part in its view, nor tell others who is in it.
        let place = nodes.binary_search(&id).ok()?;
        let node = NodeIndex(place as u16);
        view.members.push((node, incarnation));
        if remarks & ACCEPTS != 0 {
            view.acceptors.insert(node);
        }
        if remarks & JOINED != 0 {
            view.joined.insert(node);
        }
    }
    Some(view)
}

#[cfg(test)]
mod tests;
