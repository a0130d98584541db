//! One question: does any of these addresses answer on this network?
//!
//! Each is asked three times within an interval, because one lost frame is no silence, and the first answer of any
//! of them ends it. Silence is certain before the interval is over, because a state of an interface settles for
//! little longer than one, and is to settle with what is found here. The awkward case is an asker that is late:
//! the time that is left to the last request counts from when it really left, so that nobody is called silent
//! whom nobody gave the time to answer.

use std::net::IpAddr;
use std::time::Duration;

use heartbeat_core::interface::Witness;
use heartbeat_ebpf::ids::NetworkId;
use heartbeat_ebpf::time::Timestamp;
use nix::errno::Errno;

use super::Finding;
use super::socket::Answer;
use crate::socket::Route;

/// Requests to each.
const REQUESTS: u16 = 3;
/// Pauses in an interval: one after each request, and one that is left.
const PAUSES: u32 = 4;
/// Bounds of a pause. Below, a switch may be slower than the network: it answers when it has nothing better to do.
/// Above, the answer is more needed than waited for.
const PAUSE_MIN: Duration = Duration::from_millis(25);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// A question, and how far it has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// Where.
    pub network: NetworkId,
    /// Our address there.
    local: IpAddr,
    /// Index of the interface that owns it, if one does.
    interface: Option<u32>,
    witnesses: Vec<IpAddr>,
    /// Between two requests, and after the last.
    pause: Duration,
    sent: u16,
    due: Option<Timestamp>,
    nonce: u64,
    refused: Option<Errno>,
    /// Whether at least one of them was asked, or nothing of this host kept it from being.
    asked: Asked,
    answered: Option<IpAddr>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Asked {
    Nobody,
    Somebody,
}

/// What a question needs next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// To wait until then, at most.
    Wait(Timestamp),
    /// To be asked, by datagrams with this sequence on each of these ways; then [`Question::sent`].
    Ask(u16, Vec<Route>),
    /// Nothing: it is over.
    End(Finding),
}

impl Question {
    /// A question from `local` on the interface with this index, where heartbeats have this interval.
    pub fn new(
        network: NetworkId,
        (local, interface): (IpAddr, Option<u32>),
        witnesses: Vec<IpAddr>,
        interval: Duration,
    ) -> Self {
        Question {
            network,
            local,
            interface,
            witnesses,
            pause: (interval / PAUSES).clamp(PAUSE_MIN, PAUSE_MAX),
            sent: 0,
            due: None,
            nonce: 0,
            refused: None,
            asked: Asked::Nobody,
            answered: None,
        }
    }

    /// Begins it, with a random number. Whatever is an address of this host is not asked.
    pub(super) fn begin(&mut self, now: Timestamp, nonce: u64, ours: &[IpAddr]) {
        self.witnesses.retain(|witness| !ours.contains(witness));
        self.nonce = nonce;
        self.due = Some(now);
    }

    /// The random number that an answer brings back.
    pub(super) fn nonce(&self) -> u64 {
        self.nonce
    }

    /// What is found where it could not even begin.
    pub(super) fn not_begun(&self, why: &str) -> Finding {
        Finding {
            network: self.network,
            witness: Witness::Unknown,
            why: format!("nobody could be asked ({why})"),
        }
    }

    /// When it needs something at the latest; `None` before it began.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// What it needs now. Every answer that had come by `now` was heard.
    pub(super) fn step(&self, now: Timestamp) -> Step {
        let over = self.answered.is_some() || self.witnesses.is_empty();
        match self.due {
            Some(due) if !over && now < due => Step::Wait(due),
            Some(_) if !over && self.sent < REQUESTS => Step::Ask(self.sent, self.routes()),
            Some(_) | None => Step::End(self.finding()),
        }
    }

    /// It was asked just before `now`, and this became of it.
    pub(super) fn sent(&mut self, now: Timestamp, outcomes: &[nix::Result<()>]) {
        self.sent += 1;
        self.due = Some(now.after(self.pause));
        for outcome in outcomes {
            match outcome {
                Ok(()) => self.asked = Asked::Somebody,
                Err(error) => {
                    self.refused = Some(*error);
                    if !is_ours(*error) {
                        self.asked = Asked::Somebody;
                    }
                }
            }
        }
        if self.interface.is_none() {
            self.asked = Asked::Somebody;
        }
    }

    /// Takes what came, if it is an answer to this.
    pub(super) fn hear(&mut self, answer: &Answer) {
        let asked = self.witnesses.contains(&answer.from);
        let here = self.interface == Some(answer.interface);
        if asked && here && 0 < self.sent && answer.nonce == self.nonce {
            self.answered = Some(answer.from);
        }
    }

    fn routes(&self) -> Vec<Route> {
        let Some(interface) = self.interface else {
            return Vec::new();
        };
        let route = |witness: &IpAddr| Route {
            local: self.local,
            remote: *witness,
            interface,
        };
        self.witnesses.iter().map(route).collect()
    }

    fn finding(&self) -> Finding {
        let (witness, why) = match (self.answered, self.asked) {
            (Some(from), _) => (Witness::Answers, format!("{from} answers")),
            (None, Asked::Somebody) => (Witness::Silent, self.silence()),
            (None, Asked::Nobody) => return self.not_begun(self.hindrance()),
        };
        Finding {
            network: self.network,
            witness,
            why,
        }
    }

    fn silence(&self) -> String {
        let names: Vec<String> = self.witnesses.iter().map(IpAddr::to_string).collect();
        let how = match (self.interface, self.refused) {
            (None, _) => format!("no interface of this host owns {}", self.local),
            (Some(_), Some(error)) => error.desc().to_owned(),
            (Some(_), None) => format!("{REQUESTS} requests to each"),
        };
        format!("no answer from {} ({how})", names.join(", "))
    }

    fn hindrance(&self) -> &'static str {
        match self.refused {
            Some(error) => error.desc(),
            None => "every witness is an address of this host at the moment",
        }
    }
}

/// Whether an error tells of this host's own doing, and nothing of the network.
fn is_ours(error: Errno) -> bool {
    const OURS: [Errno; 8] = [
        Errno::EPERM,
        Errno::EACCES,
        Errno::EAGAIN,
        Errno::ENOBUFS,
        Errno::ENOMEM,
        Errno::EMSGSIZE,
        Errno::EAFNOSUPPORT,
        Errno::EPROTONOSUPPORT,
    ];
    OURS.contains(&error)
}

#[cfg(test)]
mod tests;
