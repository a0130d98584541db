//! What was lost in the last hour, path by path.
//!
//! The kernel only counts up, and a share since the slot exists says nothing of today. So about once a minute the
//! counts are written down, and the difference between now and the oldest of these marks is the last hour. Nothing
//! is added up between two marks: a turn of the loop costs one comparison. The awkward case is a heartbeat that was
//! overtaken: it is counted as lost in one minute and taken back in the next, so counts are kept, and no differences.

use std::collections::VecDeque;
use std::time::Duration;

use heartbeat_ebpf::time::Timestamp;

use super::Agent;
use super::plan::PathPlan;
use crate::snapshot::HourView;
use crate::sweep::Facts;

/// Between two marks. XDP keeps the largest gap for a minute, and whoever comes later misses it.
const BETWEEN: Duration = Duration::from_secs(58);
const HOUR: Duration = Duration::from_secs(3_600);
/// Marks that are kept of a path: enough for an hour, with the one before it.
const MARKS_MAX: usize = 64;

/// When marks were made, for all paths; the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Hours(VecDeque<Timestamp>);

/// The marks of one path, as many of the newest moments as it has lived.
#[derive(Clone, Debug, Default)]
pub struct Marks(VecDeque<Mark>);

/// A path's counts at one moment. They wrap around; what counts is how far they moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Mark {
    arrivals: u32,
    lost: u32,
    /// The longest gap since the mark before, up to seven weeks.
    gap_ms: u32,
}

impl Hours {
    /// Whether it is time for another mark.
    fn due(&self, now: Timestamp) -> bool {
        self.0.back().is_none_or(|last| last.after(BETWEEN) <= now)
    }

    /// Notes a moment, and forgets those that the last hour does not need.
    fn push(&mut self, now: Timestamp) {
        while MARKS_MAX <= self.0.len() || self.0.get(1).is_some_and(|next| next.after(HOUR) <= now)
        {
            self.0.pop_front();
        }
        self.0.push_back(now);
    }
}

impl Marks {
    /// Writes down a path's counts at the newest of these moments, `before` being the one before it.
    fn push(&mut self, hours: &Hours, facts: &Facts, before: Option<Timestamp>) {
        let fresh = |before: &Timestamp| before.ns() < facts.largest_gap_end;
        let gap = match before.filter(fresh) {
            Some(_) => facts.largest_gap,
            None => 0,
        };
        // Room is made first: one mark more would take twice the memory.
        while hours.0.len() <= self.0.len() {
            self.0.pop_front();
        }
        self.0.push_back(Mark::of(facts, gap));
    }

    /// What became of the heartbeats since the oldest mark.
    pub fn view(&self, hours: &Hours, facts: &Facts, now: Timestamp) -> HourView {
        let begun = hours.0.len().checked_sub(self.0.len());
        let since = begun.and_then(|begun| hours.0.get(begun));
        let (Some(first), Some(since)) = (self.0.front(), since) else {
            return HourView::default();
        };
        let newest = hours
            .0
            .back()
            .is_some_and(|mark| mark.ns() < facts.largest_gap_end);
        let now_mark = Mark::of(facts, if newest { facts.largest_gap } else { 0 });
        let later = self.0.iter().skip(1).chain([&now_mark]);
        let gap = later.map(|mark| mark.gap_ms).max().unwrap_or(0);
        let arrivals = now_mark.arrivals.wrapping_sub(first.arrivals);
        // What was missed before the first mark may have come since.
        let lost = now_mark.lost.wrapping_sub(first.lost).cast_signed().max(0);
        HourView {
            seconds: now.since(*since).as_secs_f64(),
            expected: u64::from(arrivals) + u64::from(lost.cast_unsigned()),
            lost: u64::from(lost.cast_unsigned()),
            largest_gap_seconds: f64::from(gap) / 1e3,
        }
    }
}

impl Mark {
    fn of(facts: &Facts, gap_ns: u64) -> Self {
        Mark {
            arrivals: facts.arrivals as u32,
            lost: facts.lost as u32,
            gap_ms: u32::try_from(gap_ns / 1_000_000).unwrap_or(u32::MAX),
        }
    }
}

impl Agent {
    /// Marks all paths' counts, once a minute.
    pub(super) fn mark_hours(&mut self, now: Timestamp) {
        if !self.hours.due(now) {
            return;
        }
        let before = self.hours.0.back().copied();
        self.hours.push(now);
        let slots = self.site.maps.shared.slots();
        for PathPlan { slot, counts, .. } in &mut self.site.paths {
            let facts = Facts::read(&slots[*slot as usize]);
            counts.marks.push(&self.hours, &facts, before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_ns(1_000_000_000 * (1 + seconds)).expect("not zero")
    }

    fn facts(arrivals: u64, lost: u64, gap: Option<(u64, Timestamp)>) -> Facts {
        Facts {
            arrivals,
            lost,
            largest_gap: gap.map_or(0, |(ms, _)| ms * 1_000_000),
            largest_gap_end: gap.map_or(0, |(_, end)| end.ns()),
            ..Facts::default()
        }
    }

    fn mark(hours: &mut Hours, marks: &mut Marks, now: Timestamp, facts: &Facts) {
        let before = hours.0.back().copied();
        hours.push(now);
        marks.push(hours, facts, before);
    }

    #[test]
    fn counts_begin_with_the_first_mark() {
        let (mut hours, mut marks) = (Hours::default(), Marks::default());
        assert!(hours.due(at(0)));
        assert_eq!(
            marks.view(&hours, &facts(9, 9, None), at(0)),
            HourView::default()
        );
        let early = Some((9_000, at(9)));
        mark(&mut hours, &mut marks, at(10), &facts(1_000, 50, early));
        assert!(!hours.due(at(67)) && hours.due(at(68)));
        let view = marks.view(&hours, &facts(1_095, 55, early), at(70));
        assert_eq!((view.expected, view.lost), (100, 5));
        assert_eq!((view.seconds, view.largest_gap_seconds), (60.0, 0.0));
        let view = marks.view(&hours, &facts(1_095, 55, Some((1_240, at(69)))), at(70));
        assert_eq!(view.largest_gap_seconds, 1.24);
    }

    #[test]
    fn what_is_older_than_an_hour_is_forgotten_and_no_more_is_kept() {
        let (mut hours, mut marks) = (Hours::default(), Marks::default());
        // Ten a mark are lost in the first hour, one a mark later; a gap of 3 s falls into the first.
        let mut lost = 0;
        for step in 0..200_u64 {
            let now = at(58 * step);
            lost += if step < 60 { 10 } else { 1 };
            let gap = (step == 3).then(|| (3_000, at(58 * step - 1)));
            mark(
                &mut hours,
                &mut marks,
                now,
                &facts(1_000 + 100 * step - lost, lost, gap),
            );
            let view = marks.view(&hours, &facts(1_000 + 100 * step - lost, lost, None), now);
            let gap = if (3..66).contains(&step) { 3.0 } else { 0.0 };
            assert!(view.seconds < 3_660.0 && marks.0.len() <= MARKS_MAX);
            if !(64..68).contains(&step) {
                assert_eq!(view.largest_gap_seconds, gap, "step {step}");
            }
        }
        let view = marks.view(
            &hours,
            &facts(1_000 + 100 * 199 - lost, lost, None),
            at(58 * 199),
        );
        assert!(3_600.0 <= view.seconds, "{view:?}");
        assert_eq!((view.lost, view.expected), (63, 6_300));
    }

    #[test]
    fn a_loss_that_was_filled_in_later_is_none_and_counts_may_wrap_around() {
        let (mut hours, mut marks) = (Hours::default(), Marks::default());
        let wrap = u64::from(u32::MAX);
        mark(&mut hours, &mut marks, at(0), &facts(wrap - 1, 1, None));
        mark(&mut hours, &mut marks, at(55), &facts(wrap + 3, 2, None));
        let view = marks.view(&hours, &facts(wrap + 5, 0, None), at(60));
        assert_eq!((view.expected, view.lost), (6, 0));
    }

    #[test]
    fn a_path_that_came_later_counts_from_its_own_first_mark() {
        let (mut hours, mut old) = (Hours::default(), Marks::default());
        mark(&mut hours, &mut old, at(0), &facts(0, 0, None));
        let mut new = Marks::default();
        let before = hours.0.back().copied();
        hours.push(at(55));
        new.push(&hours, &facts(7, 0, None), before);
        let view = new.view(&hours, &facts(9, 0, None), at(60));
        assert_eq!((view.seconds, view.expected), (5.0, 2));
    }
}
