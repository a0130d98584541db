//! Reading what XDP passed up: echo requests and messages, each for its own file.
//!
//! Whoever can send to port 3343 decides how much there is to read, at the priority of this loop; so a turn reads
//! so many datagrams, and both sockets in turn, because neither family may keep the other waiting.

use heartbeat_core::action::Action;
use heartbeat_ebpf::wire::{Kind, LENGTH, Words};

use super::Agent;
use crate::socket::incoming::Received;

/// Datagrams read in one turn; the rest wait for the next.
const DATAGRAMS_MAX: usize = 64;

impl Agent {
    /// Reads some datagrams and carries out what follows. Says whether none is left.
    pub(super) fn read_datagrams(&mut self) -> bool {
        let mut actions = Vec::new();
        let mut left = DATAGRAMS_MAX;
        while let Some(received) = self.next_datagram(left) {
            left -= 1;
            self.dispatch(&received, &mut actions);
        }
        if !actions.is_empty() {
            self.act(actions);
        }
        left != 0
    }

    fn next_datagram(&self, left: usize) -> Option<Received> {
        let turn = left.checked_sub(1)?;
        self.sockets.receive(turn)
    }

    /// Every kind has its reader, and what is none of them is dropped.
    fn dispatch(&mut self, received: &Received, actions: &mut Vec<Action>) {
        let words = received.payload.first_chunk::<LENGTH>();
        let Some(words) = words.map(Words::from_bytes) else {
            return;
        };
        match words.header() {
            Some(header) if header.kind == Kind::EchoRequest => {
                self.answer(&header, &words, received)
            }
            Some(header) if header.kind == Kind::Message => self.hear(received, actions),
            Some(_) | None => {}
        }
    }
}
