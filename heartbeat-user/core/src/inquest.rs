//! The inquest into one path's silences: what is noted while one lasts, and what is asked when it is over.
//!
//! Why a heartbeat was missed must be noted while it is missed: a later echo reply overwrites the one that told that
//! nothing was sent. And an early one tells nothing: between two heartbeats a healthy agent has sent none either. The awkward case is the end. The first heartbeat after a silence proves that it is over, and the
//! peer's account of it comes a moment later. So the event waits for the account, but never long: whoever looks at the
//! path sees it up at once.

use core::time::Duration;

use heartbeat_ebpf::ids::{Incarnation, NetworkId};
use heartbeat_ebpf::time::Timestamp;

use crate::account::{Account, Silence};
use crate::arrival::{Arrival, Beat, Gap};
use crate::cause::{Echoed, Numbers, Run};
use crate::event::Event;
use crate::peer::Peer;

/// An event that ends a silence waits so long for the peer's account at the least, and at the most.
const PATIENCE: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(500)];

/// What is known of a path's silences.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Inquest {
    /// The newest heartbeat known.
    beat: Beat,
    /// When it arrived.
    last: Option<Timestamp>,
    /// Heartbeats that came out of order, until the silence if one lasts.
    reordered: u64,
    /// Since when heartbeats are missed, if they are.
    open: Option<Open>,
    /// The newest silence that is over.
    closed: Option<Closed>,
    /// The peer's account, of whichever silence.
    account: Option<Account>,
    /// An event that waits.
    waiting: Option<Waiting>,
}

/// A silence that lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Open {
    asked: bool,
    echo: Echoed,
    /// Whether the last request is not answered.
    pending: bool,
    /// Requests that were not.
    unanswered: u32,
    /// When the last answer came.
    replied: Option<Timestamp>,
}

/// A silence that is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Closed {
    start: Timestamp,
    end: Timestamp,
    before: Beat,
    after: Beat,
    reordered: u64,
    unheard: Option<u64>,
    echo: Echoed,
    unanswered: u32,
}

/// An event that waits for the peer's account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Waiting {
    event: Event,
    until: Timestamp,
}

impl Inquest {
    /// Takes over what stands in the slot when a run begins: what came out of order before is nobody's news.
    pub fn adopt(&mut self, arrival: &Arrival) {
        self.reordered = arrival.reordered;
    }

    /// A silence that XDP wrote down is over.
    pub fn end(&mut self, gap: &Gap) {
        let known = self.closed.is_some_and(|closed| gap.end <= closed.end);
        if known {
            return;
        }
        let open = self.open.take().unwrap_or_default();
        self.closed = Some(Closed {
            start: gap.start,
            end: gap.end,
            before: gap.before,
            after: gap.after,
            reordered: self.reordered,
            unheard: None,
            echo: open.echo,
            unanswered: open.unanswered,
        });
        self.beat = gap.after;
        self.last = Some(gap.end);
    }

    /// Takes note of what a sweep brings. `missing`: whether a heartbeat is missed now.
    pub fn look(&mut self, arrival: &Arrival, missing: Missing) {
        let Some(last) = arrival.last else { return };
        let before = self.last.replace(last);
        if before.is_some_and(|before| before < last) {
            self.moved(arrival, before.unwrap_or(last));
        }
        self.beat = arrival.beat();
        self.note_unheard(arrival);
        match missing {
            Missing::Nothing => {
                self.open = None;
                self.reordered = arrival.reordered;
            }
            Missing::Since(due) => self.note_echo(arrival, last, due),
        }
    }

    /// The newest heartbeat is another than at the last sweep: it ends a silence of which no gap told.
    fn moved(&mut self, arrival: &Arrival, start: Timestamp) {
        let (Some(open), Some(end)) = (self.open.take(), arrival.last) else {
            return;
        };
        self.closed = Some(Closed {
            start,
            end,
            before: self.beat,
            after: arrival.beat(),
            reordered: self.reordered,
            unheard: None,
            echo: open.echo,
            unanswered: open.unanswered,
        });
    }

    /// How far the peer was behind with ours, as the very heartbeat says that ended the silence.
    fn note_unheard(&mut self, arrival: &Arrival) {
        if let Some(closed) = &mut self.closed
            && closed.unheard.is_none()
            && closed.after == arrival.beat()
        {
            closed.unheard = arrival.unheard;
        }
    }

    /// `due`: when the first of the missing heartbeats was.
    fn note_echo(&mut self, arrival: &Arrival, last: Timestamp, due: Timestamp) {
        let open = self.open.get_or_insert_default();
        // What the kernel of a host that has booted says is nothing about the run that fell silent.
        let reply = arrival
            .reply
            .filter(|reply| last < reply.at && reply.incarnation == arrival.incarnation);
        if reply.is_some() && open.replied != reply.map(|reply| reply.at) {
            open.replied = reply.map(|reply| reply.at);
            open.pending = false;
        }
        let said = match reply {
            Some(reply) if arrival.sequence < reply.sequence => Echoed::Sending,
            // Before a heartbeat is due, every agent has sent none since the last.
            Some(reply) if due <= reply.at => Echoed::Idle,
            Some(_) | None if open.asked => Echoed::Unanswered,
            Some(_) | None => Echoed::NotAsked,
        };
        // A later reply may name another run; what was answered before stays true.
        if said.is_answered() || !open.echo.is_answered() && said != Echoed::NotAsked {
            open.echo = said;
        }
    }

    /// An echo request was sent on this path.
    pub fn asked(&mut self) {
        if let Some(open) = &mut self.open {
            open.unanswered += u32::from(open.pending);
            open.asked = true;
            open.pending = true;
        }
    }

    /// What the kernel at the other end answered: during the silence that lasts, else during the one that is over.
    pub fn echo(&self) -> Echoed {
        let closed = self.closed.map(|closed| closed.echo);
        self.open
            .map(|open| open.echo)
            .or(closed)
            .unwrap_or_default()
    }

    /// How many requests nobody answered, before the last one.
    pub fn unanswered(&self) -> u32 {
        let closed = self.closed.map(|closed| closed.unanswered);
        self.open
            .map(|open| open.unanswered)
            .or(closed)
            .unwrap_or_default()
    }

    /// How long of the time from `from` until `until` it was silent, as far as silences were noted.
    pub fn silent_within(&self, from: Timestamp, until: Timestamp) -> Duration {
        let part = |start: Timestamp, end: Timestamp| {
            let (start, end) = (start.max(from), end.min(until));
            if start < end {
                end.since(start)
            } else {
                Duration::ZERO
            }
        };
        let closed = self.closed.map(|closed| part(closed.start, closed.end));
        let open = self.last.map(|last| part(last, until));
        closed.max(open).unwrap_or_default()
    }

    /// What the heartbeats around the silence that began at `start` say; `None`: it lasts, or is not known.
    pub fn numbers(&self, start: Timestamp, goes: Goes) -> Option<Numbers> {
        let closed = self.closed.filter(|closed| closed.start == start)?;
        let Closed { before, after, .. } = closed;
        let run = if before.incarnation == after.incarnation {
            Run::Same
        } else if after.sent < before.sent {
            Run::Rebooted
        } else {
            match goes {
                Goes::Announced => Run::Announced,
                Goes::Unannounced => Run::Another,
            }
        };
        let later = self.beat.incarnation == after.incarnation && after.sent <= self.beat.sent;
        let burst = match self.last {
            Some(last) if later => Duration::from_nanos(self.beat.sent - after.sent)
                .saturating_sub(last.since(closed.end)),
            Some(_) | None => Duration::ZERO,
        };
        Some(Numbers {
            run,
            skipped: after
                .sequence
                .saturating_sub(before.sequence.saturating_add(1)),
            sent: Duration::from_nanos(after.sent.saturating_sub(before.sent)),
            burst,
            reordered: self.reordered.saturating_sub(closed.reordered),
        })
    }

    /// Whether the run before the newest silence had said that it goes.
    pub fn was_announced(&self, peer: &Peer) -> Goes {
        let before = self.closed.map(|closed| closed.before.incarnation);
        match before.and_then(|run| peer.goodbye(run)) {
            Some(_) => Goes::Announced,
            None => Goes::Unannounced,
        }
    }

    /// Whether the newest silence lies between two heartbeats of one run, which can be asked about it.
    pub fn is_of_one_run(&self) -> bool {
        self.closed
            .is_some_and(|closed| closed.before.incarnation == closed.after.incarnation)
    }

    /// How many of our heartbeats the peer had not heard when it sent the one after the newest silence.
    pub fn unheard(&self) -> Option<u64> {
        self.closed.and_then(|closed| closed.unheard)
    }

    /// What to ask the peer, as its own clock counts; `None`: nothing.
    pub fn question(&self, network: NetworkId) -> Option<Silence> {
        let silence = if self.waiting.is_some() {
            let closed = self.closed?;
            Silence {
                network,
                from: closed.before.sent,
                until: closed.after.sent,
            }
        } else {
            self.open.filter(|open| open.asked)?;
            Silence {
                network,
                from: self.beat.sent,
                until: 0,
            }
        };
        let answered = self.account.is_some_and(|account| account.of == silence);
        (!answered).then_some(silence)
    }

    /// Whether there is something to ask the peer.
    pub fn question_is_open(&self) -> bool {
        self.waiting.is_some() || self.open.is_some_and(|open| open.asked)
    }

    /// The run that was heard before the silence that is asked about.
    pub fn asked_run(&self) -> Incarnation {
        self.beat.incarnation
    }

    /// The peer has given its account.
    pub fn hear(&mut self, account: &Account) {
        self.account = Some(*account);
    }

    /// What the peer said of the silence that began at `start`.
    pub fn account(&self, start: Timestamp) -> Option<Account> {
        let account = self.account?;
        let closed = self.closed.filter(|closed| closed.start == start);
        let from = closed.map_or(self.beat.sent, |closed| closed.before.sent);
        (account.of.from == from).then_some(account)
    }

    /// Lets an event wait for the account, for an interval at the most.
    pub fn wait(&mut self, now: Timestamp, event: Event, interval: Duration) {
        let [least, most] = PATIENCE;
        self.waiting = Some(Waiting {
            event,
            until: now.after(interval.clamp(least, most)),
        });
    }

    /// When the event that waits is told at the latest.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.waiting.map(|waiting| waiting.until)
    }

    /// Whether an event waits.
    pub fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Whether the account of the silence that just ended is there.
    pub fn is_answered(&self) -> bool {
        let asked = self
            .closed
            .map(|closed| (closed.before.sent, closed.after.sent));
        let of = self
            .account
            .map(|account| (account.of.from, account.of.until));
        asked.is_some() && asked == of
    }

    /// The event that waited, if its time has come.
    pub fn due(&mut self, now: Timestamp) -> Option<Event> {
        let waiting = self.waiting?;
        let conclusive = self.is_answered() && !self.is_ambiguous();
        if waiting.until <= now || conclusive {
            return self.give();
        }
        None
    }

    /// The event that waited, whether or not its time has come.
    pub fn give(&mut self) -> Option<Event> {
        self.waiting.take().map(|waiting| waiting.event)
    }

    /// A silence whose heartbeats were sent close together: whether they were held back shows by those that follow.
    fn is_ambiguous(&self) -> bool {
        self.closed.is_some_and(|closed| {
            let sent = closed.after.sent.saturating_sub(closed.before.sent);
            let silence = closed.end.since(closed.start);
            let same = closed.before.incarnation == closed.after.incarnation;
            same && Duration::from_nanos(sent) * 2 < silence
        })
    }
}

/// Whether heartbeats are missed at a sweep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missing {
    /// None is.
    Nothing,
    /// At least one is, and the first was due then.
    Since(Timestamp),
}

/// Whether the run before had said that it goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Goes {
    /// It had.
    Announced,
    /// It had not.
    Unannounced,
}
