//! Any bytes are refused, or are a message that encodes to the same bytes; and to a receiver that
//! knows other nodes, a message that says nothing about those it does not know, but a view of such is none.
#![no_main]

use heartbeat_core::NodeId;
use heartbeat_core::message::Message;
use heartbeat_core::message::wire::{LENGTH_MAX, NODES_MAX};
use heartbeat_fuzz::{Plot, talk};
use libfuzzer_sys::fuzz_target;

/// A message to start from, bytes to change in it with their places, and how many to cut off; without
/// one, nothing but the bytes that follow. And which nodes another receiver knows.
type Input<'a> = (Option<Plot>, [(u16, u8); 3], u8, u64, &'a [u8]);

fuzz_target!(|input: Input<'_>| {
    let (plot, changes, cut, known, raw) = input;
    let mut bytes = raw.to_vec();
    if let Some(plot) = plot {
        bytes = talk(plot).0;
        for (place, change) in changes {
            if let Some(byte) = bytes.get_mut(usize::from(place)) {
                *byte ^= change;
            }
        }
        bytes.truncate(bytes.len() - usize::from(cut).min(bytes.len()));
    }
    let nodes = named(&bytes);
    let message = Message::decode(&bytes, &nodes);
    if let Some(message) = &message {
        assert!(bytes.len() <= LENGTH_MAX && nodes.len() <= NODES_MAX);
        assert_eq!(message.encode(&nodes), bytes);
    }
    let others = nodes.iter().enumerate();
    let others = others.filter(|(place, _)| known >> (place % 64) & 1 == 1);
    let others: Vec<NodeId> = others.map(|(_, id)| *id).collect();
    let less = Message::decode(&bytes, &others);
    let view = matches!(message, Some(Message::Proposal(_) | Message::Install(_)));
    let good = message.is_some() && (!view || others == nodes);
    assert_eq!(
        less.is_some(),
        good,
        "whether it is one to another receiver"
    );
    let Some(less) = less else { return };
    assert_eq!(Message::decode(&less.encode(&others), &others), Some(less));
});

/// The nodes that these bytes name, if they are a message: in its table, or as members of its view.
fn named(bytes: &[u8]) -> Vec<NodeId> {
    let places = match bytes.get(1) {
        Some(1) => (2, 4, 2),
        Some(2 | 4) => (11, 13, 11),
        _ => return Vec::new(),
    };
    let (count, first, each) = places;
    let number = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    let places = 0..usize::from(number(count).unwrap_or(0));
    let ids = places.map_while(|place| number(first + place * each));
    let mut ids: Vec<NodeId> = ids.filter_map(NodeId::new).collect();
    ids.sort();
    ids.dedup();
    ids
}
