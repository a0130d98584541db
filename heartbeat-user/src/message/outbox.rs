//! What the core has said and has not left yet.
//!
//! A report to a thousand nodes is thousands of datagrams, and a loop at the priority of a deadline must not send
//! them in one turn. So messages wait here, and each turn sends some. The awkward case is a report that overtakes
//! the one before it: what waits must not grow, and nobody may be passed over again and again because he stands at
//! the end of each report. So a newer message of the same sort takes the older one's place in the queue, for
//! everyone who still waits for that.

use std::collections::VecDeque;
use std::sync::Arc;

use heartbeat_core::action::Over;
use heartbeat_core::message::Message;
use heartbeat_core::nodes::{NodeIndex, NodeSet};

/// Messages of one sort overtake each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sort {
    /// How things stand.
    Report,
    /// A view to be accepted.
    Proposal,
    /// A view accepted.
    Accept,
    /// A view to be acted by.
    Install,
    /// What happened during silences.
    Question,
    /// What happened here during them.
    Accounts,
}

impl Sort {
    /// The sort of a message.
    pub const fn of(message: &Message) -> Sort {
        match message {
            Message::Report(_) => Sort::Report,
            Message::Proposal(_) => Sort::Proposal,
            Message::Accept(_) => Sort::Accept,
            Message::Install(_) => Sort::Install,
            Message::Question(_) => Sort::Question,
            Message::Accounts(_) => Sort::Accounts,
        }
    }
}

/// One message, and who is still to get it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Letter {
    /// Whom to.
    pub to: NodeSet,
    /// Over which networks.
    pub over: Over,
    /// What sort of message it is.
    pub sort: Sort,
    /// The message, encoded.
    pub body: Arc<[u8]>,
}

/// All that waits: for each sort, a node waits for one message at most.
#[derive(Clone, Debug, Default)]
pub struct Outbox(VecDeque<Letter>);

impl Outbox {
    /// Adds a message.
    pub fn push(&mut self, letter: Letter) {
        let mut left = letter.to.clone();
        let waiting = std::mem::take(&mut self.0);
        for older in waiting {
            let overtaken = if older.sort == letter.sort {
                older.to.and(&letter.to)
            } else {
                NodeSet::new()
            };
            left = left.without(&overtaken);
            self.put(&older, older.to.without(&overtaken));
            self.put(&letter, overtaken);
        }
        self.put(&letter, left);
    }

    /// The next message and one node that is to get it.
    pub fn pop(&mut self) -> Option<(NodeIndex, Letter)> {
        let first = self.0.front_mut()?;
        let letter = first.clone();
        let node = first.to.lowest()?;
        first.to.remove(node);
        if first.to.is_empty() {
            self.0.pop_front();
        }
        Some((node, letter))
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets everything: the nodes are others now.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    fn put(&mut self, letter: &Letter, to: NodeSet) {
        if !to.is_empty() {
            self.0.push_back(Letter {
                to,
                ..letter.clone()
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(sort: Sort, nodes: &[u16], body: &str) -> Letter {
        Letter {
            to: nodes.iter().map(|node| NodeIndex(*node)).collect(),
            over: Over::Best,
            sort,
            body: body.as_bytes().into(),
        }
    }

    fn drained(outbox: &mut Outbox) -> Vec<(u16, String)> {
        let next = || outbox.pop();
        std::iter::from_fn(next)
            .map(|(node, letter)| (node.0, String::from_utf8_lossy(&letter.body).into_owned()))
            .collect()
    }

    #[test]
    fn a_newer_message_takes_the_place_of_the_older_one() {
        let mut outbox = Outbox::default();
        outbox.push(letter(Sort::Report, &[0, 1, 2], "old"));
        assert_eq!(outbox.pop().map(|(node, _)| node), Some(NodeIndex(0)));
        outbox.push(letter(Sort::Accept, &[1], "accept"));
        outbox.push(letter(Sort::Report, &[0, 1, 3], "new"));
        let expected = [
            (2, "old"),
            (1, "new"),
            (1, "accept"),
            (0, "new"),
            (3, "new"),
        ];
        assert_eq!(
            drained(&mut outbox),
            expected.map(|(node, body)| (node, body.to_owned()))
        );
        assert!(outbox.is_empty());
    }

    #[test]
    fn what_waits_does_not_grow() {
        let mut outbox = Outbox::default();
        for round in 0..1_000_u16 {
            let some: Vec<u16> = (0..50).filter(|node| (node + round) % 3 != 0).collect();
            outbox.push(letter(Sort::Report, &some, "report"));
            outbox.push(letter(Sort::Install, &some, "install"));
        }
        assert_eq!(drained(&mut outbox).len(), 100);
    }
}
