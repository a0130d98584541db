//! The confusion matrix: what was true against what was told.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use super::fault::Kind;
use super::trial::{Trial, Verdict};

/// All trials of a run.
#[derive(Debug, Default)]
pub struct Tally {
    trials: Vec<Trial>,
}

impl Tally {
    /// Adds a trial.
    pub fn add(&mut self, trial: Trial) {
        self.trials.push(trial);
    }

    fn verdicts(&self) -> impl Iterator<Item = &Verdict> {
        self.trials.iter().flat_map(|trial| &trial.verdicts)
    }

    fn pure(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts().filter(|verdict| verdict.kind.is_pure())
    }

    /// How many trials there were.
    pub fn trials(&self) -> usize {
        self.trials.len()
    }

    /// Verdicts on faults with one cause: right ones, not known ones, all.
    pub fn pure_counts(&self) -> [usize; 3] {
        let right = self.pure().filter(|verdict| verdict.is_right()).count();
        let unknown = |verdict: &&Verdict| verdict.told.as_deref() == Some("unknown");
        [
            right,
            self.pure().filter(unknown).count(),
            self.pure().count(),
        ]
    }

    /// Verdicts that were sure and wrong, first causes included.
    pub fn confidently_wrong(&self) -> usize {
        let last = |verdict: &&Verdict| verdict.sure && !verdict.is_right();
        let hasty = self.trials.iter().map(|trial| trial.hasty.len());
        self.verdicts().filter(last).count() + hasty.sum::<usize>()
    }

    /// Losses that were told of paths to which nothing was done.
    pub fn strays(&self) -> usize {
        self.trials.iter().map(|trial| trial.strays.len()).sum()
    }

    /// Kinds of faults of which every trial was told without a loss.
    pub fn silent(&self, kind: Kind) -> bool {
        let mut of = self.trials.iter().filter(|trial| trial.draw.kind == kind);
        of.all(|trial| trial.strays.is_empty())
    }

    /// What went wrong, trial by trial.
    pub fn mistakes(&self) -> String {
        let wrong = |trial: &&Trial| {
            trial.verdicts.iter().any(|verdict| !verdict.is_right())
                || !trial.strays.is_empty()
                || !trial.hasty.is_empty()
        };
        let tell = |trial: &Trial| {
            let wrong = trial.verdicts.iter().filter(|verdict| !verdict.is_right());
            let wrong: Vec<String> = wrong
                .map(|verdict| format!("{:?} told as {:?}", verdict.truth, verdict.told))
                .collect();
            format!(
                "{:?}\n  wrong: {wrong:?}\n  strays: {:?}\n  hasty: {:?}\n{}",
                trial.draw, trial.strays, trial.hasty, trial.story
            )
        };
        self.trials.iter().filter(wrong).map(tell).collect()
    }
}

impl Display for Tally {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut cells: BTreeMap<(Kind, String), BTreeMap<&str, usize>> = BTreeMap::new();
        for verdict in self.verdicts() {
            let row = cells
                .entry((verdict.kind, verdict.truth.join(" or ")))
                .or_default();
            *row.entry(verdict.told.as_deref().unwrap_or("nothing"))
                .or_default() += 1;
        }
        for ((kind, truth), told) in cells {
            let told: Vec<String> = told
                .iter()
                .map(|(class, count)| format!("{class} {count}"))
                .collect();
            writeln!(
                f,
                "{:<14} {truth:<22} told as: {}",
                format!("{kind:?}"),
                told.join(", ")
            )?;
        }
        let [right, unknown, all] = self.pure_counts();
        write!(
            f,
            "{} trials; of {all} verdicts on faults with one cause {right} right, {unknown} not known; sure and wrong {}; losses told of undisturbed paths {}",
            self.trials.len(),
            self.confidently_wrong(),
            self.strays()
        )
    }
}
