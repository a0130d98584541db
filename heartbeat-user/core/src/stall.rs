//! An agent that has stalled, on a host that has not.
//!
//! To its peers a hung daemon looks like a dead network or a dead host, and people then change cables. The peer's
//! kernel can tell: it answers an echo, and says what the agent sent last and how long ago it made progress. The awkward
//! case is an agent that still sends, from a thread of its own, while its loop stands still: its heartbeats say so
//! themselves, by the age of its progress.

use core::time::Duration;

use heartbeat_ebpf::time::Timestamp;

/// A shorter silence is not worth telling: a busy host's sender is late by as much.
pub const WORTH_TELLING: Duration = Duration::from_millis(100);

/// What one path says of its peer's agent at a sweep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sign {
    /// The newest heartbeat.
    pub last: Timestamp,
    /// What it says.
    pub says: Says,
}

/// What is known of an agent by one path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Says {
    /// Nothing: silent, and nobody answers.
    Nothing,
    /// Its host answers, and it has sent nothing since the newest heartbeat.
    Idle,
    /// It sends, and its loop has made no progress for too long.
    Stuck,
    /// It does its work.
    Works,
}

/// Whether a peer's agent is told to have stalled.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stall {
    since: Option<Timestamp>,
}

/// What is to be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum News {
    /// It has stalled, after its last sign of work.
    Stalled(Timestamp),
    /// It works again; it had stalled for so long.
    Resumed(Duration),
}

impl Stall {
    /// Whether it is told to have stalled, and since when it did nothing.
    pub fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// Judges all paths of a peer at `now`: whoever works on one of them works.
    pub fn judge(&mut self, now: Timestamp, signs: impl Iterator<Item = Sign>) -> Option<News> {
        let mut best = Says::Nothing;
        let mut last = None;
        for sign in signs {
            best = best.max(sign.says);
            last = last.max(Some(sign.last));
        }
        let last = last?;
        match (best, self.since) {
            (Says::Nothing, _) | (Says::Works, None) | (Says::Idle | Says::Stuck, Some(_)) => None,
            (Says::Works, Some(since)) => {
                self.since = None;
                Some(News::Resumed(now.since(since)))
            }
            (Says::Idle, None) if now.since(last) < WORTH_TELLING => None,
            (Says::Idle | Says::Stuck, None) => {
                self.since = Some(last);
                Some(News::Stalled(last))
            }
        }
    }

    /// When a stall that is not worth telling yet will be; `None`: none is pending.
    pub fn due(&self, now: Timestamp, says: Says, last: Timestamp) -> Option<Timestamp> {
        let pending = says == Says::Idle && self.since.is_none();
        let due = last.after(WORTH_TELLING);
        (pending && now < due).then_some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_ns(ms * 1_000_000).expect("not zero")
    }

    fn judged(stall: &mut Stall, now: u64, signs: &[(u64, Says)]) -> Option<News> {
        let sign = |(last, says): &(u64, Says)| Sign {
            last: at(*last),
            says: *says,
        };
        stall.judge(at(now), signs.iter().map(sign))
    }

    #[test]
    fn a_host_that_answers_for_an_idle_agent_is_told_once_and_its_return_once() {
        let mut stall = Stall::default();
        let idle = [(100, Says::Idle), (90, Says::Nothing)];
        let told = Some(News::Stalled(at(100)));
        assert_eq!(judged(&mut stall, 199, &idle), None, "not worth telling");
        assert_eq!(judged(&mut stall, 200, &idle), told);
        assert_eq!(judged(&mut stall, 300, &idle), None);
        assert_eq!(judged(&mut stall, 350, &[(100, Says::Nothing)]), None);
        let works = [(400, Says::Works), (90, Says::Nothing)];
        let resumed = Some(News::Resumed(Duration::from_millis(300)));
        assert_eq!(judged(&mut stall, 400, &works), resumed);
        assert_eq!(judged(&mut stall, 500, &works), None);
    }

    #[test]
    fn an_agent_that_is_heard_on_one_network_has_not_stalled() {
        let mut stall = Stall::default();
        let one = [(100, Says::Idle), (590, Says::Works)];
        assert_eq!(judged(&mut stall, 600, &one), None);
        let silent = [(100, Says::Nothing), (100, Says::Nothing)];
        assert_eq!(judged(&mut stall, 900, &silent), None, "cables");
        let witness = [(100, Says::Idle), (100, Says::Nothing)];
        assert!(judged(&mut stall, 900, &witness).is_some());
    }

    #[test]
    fn one_that_sends_without_progress_has() {
        let mut stall = Stall::default();
        let stuck = [(600, Says::Stuck)];
        assert_eq!(
            judged(&mut stall, 601, &stuck),
            Some(News::Stalled(at(600)))
        );
    }
}
