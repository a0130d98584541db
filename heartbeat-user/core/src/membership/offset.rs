//! Times as offsets, for who compares states of different times.
//!
//! What a membership does depends on how long ago something was, never on when. A model checker that looks for
//! states it has been in must therefore see the same value an hour later: every moment moves by as much as the
//! clock did. The awkward case is what was long ago: two states that differ in nothing but that a view is one or
//! two hours old are the same, because neither age is within anything that is still waited for. So whatever
//! is older than a given reach counts as exactly that old.
//!
//! Stamps in reports are moments of their sender's clock. They can be moved like all others where all nodes go
//! by one clock, as they do in a model.

use core::time::Duration;

use heartbeat_ebpf::time::Timestamp;

use super::{Heard, Membership, Sight};
use crate::message::{Message, Report};

/// By how much moments are moved: what was at `now` is then at `to`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Offset {
    now: Timestamp,
    to: Timestamp,
    /// The same moment by both counts: nothing is older.
    floor: (Timestamp, Timestamp),
}

impl Offset {
    /// Makes `now` be `to`, and whatever is more than `reach` ago exactly that long ago. What is compared later must
    /// have happened within `reach`: it has to exceed every time of the [`Terms`](crate::terms::Terms), ten times
    /// their `attempt`, twice `promise` and eight times `opening`, twice `opening` for each node, and the time for
    /// which a message can be on its way.
    ///
    /// Returns `None` where `to` or `now` is less than `reach` after the clock's beginning.
    pub fn new(now: Timestamp, to: Timestamp, reach: Duration) -> Option<Self> {
        let reach = u64::try_from(reach.as_nanos()).ok()?;
        let before = |moment: Timestamp| Timestamp::from_ns(moment.ns().checked_sub(reach)?);
        Some(Offset {
            now,
            to,
            floor: (before(now)?, before(to)?),
        })
    }

    /// A moment, moved.
    pub fn moment(&self, moment: Timestamp) -> Timestamp {
        if moment <= self.floor.0 {
            return self.floor.1;
        }
        self.floor.1.after(moment.since(self.floor.0))
    }

    /// The same for something that is done again every `period` since a moment: its phase is kept.
    pub fn beat(&self, since: Timestamp, period: Duration) -> Timestamp {
        let Some(missing) = self.floor.0.ns().checked_sub(since.ns()) else {
            return self.moment(since);
        };
        let period = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX).max(1);
        let phase = missing % period;
        Timestamp::from_ns(self.floor.1.ns().saturating_sub(phase)).unwrap_or(self.floor.1)
    }

    /// A stamp in a report; 0 is none and stays so.
    pub fn stamp(&self, stamp: u64) -> u64 {
        Timestamp::from_ns(stamp).map_or(0, |stamp| self.moment(stamp).ns())
    }

    pub(crate) fn all<'a>(&self, moments: impl IntoIterator<Item = &'a mut Timestamp>) {
        for moment in moments {
            *moment = self.moment(*moment);
        }
    }
}

impl Membership {
    /// Moves all moments.
    pub fn offset(&mut self, by: &Offset) {
        by.all([&mut self.begun, &mut self.deadline]);
        by.all(&mut self.courted);
        by.all(&mut self.outbid);
        by.all(&mut self.gave_up);
        by.all(&mut self.cautious_until);
        by.all(self.pending.iter_mut().map(|pending| &mut pending.repeated));
        by.all(self.proposed.iter_mut().map(|proposed| &mut proposed.again));
        for sight in &mut self.sights {
            sight.offset(by);
        }
        for Heard { at, report } in self.reports.iter_mut().flatten() {
            by.all([at]);
            report.offset(by);
        }
        self.leases.offset(by);
        self.regroup.offset(by, self.terms.opening);
        self.pace.offset(by);
        if let Some(quarantine) = &mut self.quarantine {
            quarantine.offset(by);
        }
    }
}

impl Sight {
    /// Moves its moments.
    pub fn offset(&mut self, by: &Offset) {
        by.all(&mut self.suspect_from);
    }
}

impl Message {
    /// Moves its stamps.
    pub fn offset(&mut self, by: &Offset) {
        match self {
            Message::Report(report) => report.offset(by),
            Message::Proposal(_)
            | Message::Accept(_)
            | Message::Install(_)
            | Message::Question(_)
            | Message::Accounts(_) => {}
        }
    }
}

impl Report {
    fn offset(&mut self, by: &Offset) {
        self.stamp = by.stamp(self.stamp);
        for echo in &mut self.echoes {
            *echo = by.stamp(*echo);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::membership::tests::{Parlour, at};

    fn offset() -> Offset {
        Offset::new(at(100_000), at(50_000), Duration::from_secs(20)).expect("both are late enough")
    }

    #[test]
    fn moments_keep_their_distance_from_now_until_they_are_too_old_to_matter() {
        assert_eq!(offset().moment(at(100_000)), at(50_000));
        assert_eq!(offset().moment(at(103_000)), at(53_000));
        assert_eq!(offset().moment(at(80_001)), at(30_001));
        assert_eq!(offset().moment(at(80_000)), at(30_000));
        assert_eq!(offset().moment(at(1)), at(30_000));
        assert_eq!(offset().stamp(0), 0);
        assert_eq!(offset().stamp(at(99_000).ns()), at(49_000).ns());
    }

    #[test]
    fn what_happens_again_and_again_keeps_its_phase() {
        let period = Duration::from_secs(3);
        assert_eq!(offset().beat(at(90_000), period), at(40_000));
        assert_eq!(offset().beat(at(79_000), period), at(29_000));
        assert_eq!(offset().beat(at(76_000), period), at(29_000));
    }

    #[test]
    fn there_is_nothing_before_the_clocks_beginning() {
        assert_eq!(Offset::new(at(9), at(9), Duration::from_secs(1)), None);
    }

    /// Ten intervals later nothing has changed, and nothing differs; what it does next is the same too.
    #[test]
    fn a_cluster_at_rest_comes_back_to_the_same_state() {
        let mut parlour = Parlour::new(3);
        parlour.run_for(Duration::from_secs(120));
        let mut states = parlour.offsets();
        parlour.run_for(Duration::from_secs(12));
        assert_eq!(parlour.offsets(), states);
        parlour.run_for(Duration::from_millis(600));
        assert_ne!(parlour.offsets(), states, "half an interval later");
        parlour.crash(2);
        parlour.run_for(Duration::from_secs(60));
        states.remove(2);
        assert_ne!(parlour.offsets(), states);
    }
}
