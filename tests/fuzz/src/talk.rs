//! Messages to start from: a fuzzer that had to find a whole report by itself would not get to the
//! end of one.

use std::time::Duration;

use heartbeat_core::account::{Account, Question, Silence};
use heartbeat_core::interface::{Soundness, Witness};
use heartbeat_core::message::{Caution, Message, Report, Row};
use heartbeat_core::nodes::{NodeIndex, NodeSet};
use heartbeat_core::regroup::Stage;
use heartbeat_core::view::{Choice, Epoch, View};
use heartbeat_core::{Incarnation, NetworkId, NodeId};

/// Kinds of messages.
const KINDS: u8 = 6;

/// What a message is made of: its kind, so many nodes, so many rows, and bits for all the rest.
pub type Plot = (u8, u8, u8, u64);

/// The bytes of a message, and the nodes that its sender counts by.
pub fn talk(plot: Plot) -> (Vec<u8>, Vec<NodeId>) {
    let (kind, nodes, rows, bits) = plot;
    let count = usize::from(nodes % 80);
    let ids = (1u16..).step_by(3).take(count).filter_map(NodeId::new);
    let nodes: Vec<NodeId> = ids.collect();
    let message = match kind % KINDS {
        0 => Message::Report(report(count, rows % 5, bits)),
        1 => Message::Proposal(view(count, bits)),
        2 => Message::Accept(Epoch(bits)),
        3 => Message::Install(view(count, bits)),
        4 => Message::Question(Question {
            incarnation: Incarnation(bits),
            silences: (0..rows % 5).map(|number| silence(number, bits)).collect(),
        }),
        _ => Message::Accounts((0..rows % 5).map(|number| account(number, bits)).collect()),
    };
    (message.encode(&nodes), nodes)
}

fn report(count: usize, rows: u8, bits: u64) -> Report {
    let row = |number: u8| Row {
        network: NetworkId::new(u16::from(number) + 1).expect("not zero"),
        heard: set(count, bits >> number),
        soundness: Soundness::Sound,
        witness: Witness::Silent,
    };
    Report {
        stamp: bits,
        echoes: (0..count).map(|place| bits >> (place % 64) & 3).collect(),
        promise: Duration::from_nanos(bits),
        voters: bits as u32,
        promised: Epoch(bits),
        view: (bits & 1 == 1).then(|| (Epoch(bits), set(count, bits >> 9))),
        stage: Stage::Pruning,
        reaches: set(count, bits >> 17),
        quarantined: set(count, bits >> 33),
        caution: Caution::Cautious,
        rows: (0..rows).map(row).collect(),
    }
}

fn silence(number: u8, bits: u64) -> Silence {
    Silence {
        network: NetworkId::new(u16::from(number) + 1).expect("not zero"),
        from: bits >> number,
        until: bits >> (number + 3),
    }
}

fn account(number: u8, bits: u64) -> Account {
    let duration = |shift: u8| Duration::from_nanos(bits >> (number + shift));
    Account {
        of: silence(number, bits),
        unheard: duration(1),
        late: duration(5),
        sender_late: duration(9),
        waited: duration(13),
        paused: duration(17),
        interface: Soundness::Failed,
        refused: (bits >> 21) as u32,
        dropped: (bits >> 25) as u32,
    }
}

fn view(count: usize, bits: u64) -> View {
    let members = set(count, bits);
    View {
        epoch: Epoch(bits),
        members: members
            .iter()
            .map(|node| (node, Incarnation(bits)))
            .collect(),
        acceptors: members.and(&set(count, bits >> 7)),
        joined: members.and(&set(count, bits >> 13)),
        choice: Choice::Greedy,
    }
}

/// Nodes whose bit is set, the bits again and again.
fn set(count: usize, bits: u64) -> NodeSet {
    let places = (0..count).filter(|place| bits >> (place % 64) & 1 == 1);
    places.map(|place| NodeIndex(place as u16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plot_makes_a_message_with_all_there_is_to_one() {
        for kind in 0..KINDS {
            let (bytes, nodes) = talk((kind, 79, 4, u64::MAX));
            assert_eq!(nodes.len(), 79);
            assert!(Message::decode(&bytes, &nodes).is_some());
        }
    }
}
