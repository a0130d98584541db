//! Whatever happens to a sender, in any order.

use proptest::prelude::*;

use super::*;

/// What may happen to a sender.
#[derive(Clone, Debug)]
enum Step {
    /// It runs for so long, waking this late each time.
    Run { span: u64, late: u64 },
    /// It is stopped for so long.
    Stop(u64),
    /// It gets other entries, or none, for each of two networks.
    Follow([Option<(u64, bool)>; 2]),
    /// It gets the same again.
    Again,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let network = proptest::option::weighted(0.9, (10_u64..3_000, any::<bool>()));
    let step = prop_oneof![
        (1_u64..4_000, 0_u64..4).prop_map(|(span, late)| Step::Run { span, late }),
        (1_u64..10_000).prop_map(Step::Stop),
        (network.clone(), network).prop_map(|(a, b)| Step::Follow([a, b])),
        Just(Step::Again),
    ];
    proptest::collection::vec(step, 1..40)
}

/// Plays steps; keeps for each round the least distance that it must have from the one before.
struct Checked {
    play: Play,
    now: u64,
    intervals: [Option<u64>; 2],
    /// The smallest spacing that was in force since the last round.
    spacing: [Duration; 2],
    last: [Option<u64>; 2],
}

impl Checked {
    fn follow(&mut self, wishes: [Option<(u64, bool)>; 2]) {
        let mut list = Vec::new();
        for (network, wish) in wishes.into_iter().enumerate() {
            let Some((interval, news)) = wish else {
                continue;
            };
            let old = self.intervals[network].unwrap_or(interval);
            self.spacing[network] = self.spacing[network].min(spacing(ms(interval.min(old))));
            self.intervals[network] = Some(interval);
            let news = if news { News::Something } else { News::Nothing };
            list.push(wanted(network, interval, news));
        }
        self.play.timetable.follow(at(self.now), &list);
    }

    fn wake(&mut self) {
        let before = self.play.sent.len();
        self.play.wake(at(self.now));
        let mut seen = [false; 2];
        for (network, sent) in self.play.sent[before..].iter().copied() {
            assert!(!seen[network], "two rounds at once");
            seen[network] = true;
            if let Some(last) = self.last[network] {
                assert!(
                    self.spacing[network] <= ms(sent - last),
                    "{last} and {sent} are too close"
                );
            }
            self.last[network] = Some(sent);
        }
    }

    fn run(&mut self, span: u64, late: u64) {
        let end = self.now + span;
        while let Some(due) = self.play.timetable.next() {
            let due = due.since(at(0)).as_nanos().div_ceil(1_000_000) as u64;
            let wakes = due.max(self.now) + late;
            if end < wakes {
                break;
            }
            self.now = wakes;
            self.wake();
        }
        self.now = end;
    }
}

proptest! {
    /// Also: no round is missing. Whatever happened before, an undisturbed sender's rounds are an interval
    /// apart at most.
    #[test]
    fn rounds_never_come_closer_than_their_spacing_nor_stay_away(steps in steps()) {
        let mut checked = Checked {
            play: Play::default(),
            now: 0,
            intervals: [None; 2],
            spacing: [Duration::MAX; 2],
            last: [None; 2],
        };
        let mut current = [Some((100, true)), None];
        checked.follow(current);
        for step in steps {
            match step {
                Step::Run { span, late } => checked.run(span, late),
                Step::Stop(span) => {
                    checked.now += span;
                    checked.wake();
                }
                Step::Follow(wishes) => {
                    current = wishes;
                    checked.follow(current);
                }
                Step::Again => {
                    let same = current.map(|wish| wish.map(|(interval, _)| (interval, false)));
                    checked.follow(same);
                }
            }
        }
        checked.run(3_000, 0);
        let from = checked.now;
        checked.run(10_000, 0);
        for (network, wish) in current.into_iter().enumerate() {
            let rounds = checked.play.since(network, from);
            match wish {
                None => prop_assert!(rounds.is_empty()),
                Some((interval, _)) => {
                    prop_assert!(10_000 / interval <= rounds.len() as u64 + 1);
                    for pair in rounds.windows(2) {
                        prop_assert!(pair[1] - pair[0] <= interval, "{pair:?} at {interval}");
                    }
                }
            }
        }
    }

    #[test]
    fn same_entries_again_and_again_change_no_round(
        interval in 10_u64..3_000,
        moments in proptest::collection::vec(0_u64..5_000, 0..50),
    ) {
        let mut moments = moments;
        moments.sort_unstable();
        let begin = [wanted(PRIVATE, interval, News::Something)];
        let again = [wanted(PRIVATE, interval, News::Nothing)];
        let (mut calm, mut disturbed) = (Play::starting(&begin), Play::starting(&begin));
        for moment in moments {
            disturbed.run_to(moment);
            disturbed.timetable.follow(at(moment), &again);
        }
        calm.run_to(6_000);
        disturbed.run_to(6_000);
        prop_assert_eq!(&calm.sent, &disturbed.sent);
        prop_assert!(calm.sent.len() as u64 >= 6_000 / interval);
    }

    #[test]
    fn a_longer_interval_is_told_three_times_within_the_old_one_and_a_fifth(
        old in 10_u64..1_000,
        factor in 2_u64..60,
        moment in 1_000_u64..3_000,
    ) {
        let mut play = Play::starting(&[wanted(PRIVATE, old, News::Something)]);
        play.run_to(moment);
        let last = *play.since(PRIVATE, 0).last().unwrap();
        play.timetable.follow(at(moment), &[wanted(PRIVATE, old * factor, News::Nothing)]);
        play.run_to(moment + 10 * old * factor);
        let told = play.since(PRIVATE, moment.max(last + 1));
        let deadline = last + old + old.div_ceil(5) + 3;
        prop_assert!(told[2] <= deadline, "{told:?}, the last one was {last}");
        prop_assert_eq!(told[3] - told[0], old * factor);
    }
}
