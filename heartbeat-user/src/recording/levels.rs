//! Sweeps as a recording has them: what differs from the one before.
//!
//! A sweep carries what is known of every path, and of thousands of paths a few have changed. The part that
//! every heartbeat changes stands apart from what hardly ever does. The awkward case is a path that was not there
//! before, at the beginning or after a reload: it is written whole, and the number of paths with it.

use anyhow::{Context, Result, bail, ensure};
use heartbeat_core::arrival::{self, Arrival};
use heartbeat_ebpf::map::PATHS_MAX;
use serde::{Deserialize, Serialize};

use super::facts::{Facts, Heard, join, split};
use super::line::Gap;

/// One sweep.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// How many arrivals it carries, where that is a change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Those that differ, by place; new ones whole and in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arrivals: Vec<Change>,
    /// All gaps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

/// What differs of one arrival.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Its place among the sweep's.
    pub place: u32,
    /// See [`Heard`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<Heard>,
    /// See [`Facts`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
}

/// The arrivals of the last sweep, from which the next one differs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Levels(Vec<Arrival>);

impl Levels {
    /// How these arrivals differ from the last ones.
    pub fn differ(&mut self, arrivals: &[Arrival], gaps: &[arrival::Gap]) -> Sweep {
        let count = (arrivals.len() != self.0.len()).then_some(arrivals.len() as u32);
        self.0.truncate(arrivals.len());
        let mut changes = Vec::new();
        for (place, arrival) in arrivals.iter().enumerate() {
            match self.0.get_mut(place) {
                Some(before) if before == arrival => continue,
                Some(before) => {
                    changes.push(change(place, Some(before), arrival));
                    *before = *arrival;
                }
                None => {
                    changes.push(change(place, None, arrival));
                    self.0.push(*arrival);
                }
            }
        }
        Sweep {
            count,
            arrivals: changes,
            gaps: gaps.iter().map(Gap::of).collect(),
        }
    }

    /// The arrivals of the next sweep.
    pub fn follow(&mut self, sweep: &Sweep) -> Result<&[Arrival]> {
        let count = sweep.count.map_or(self.0.len(), |count| count as usize);
        ensure!(count <= PATHS_MAX, "a sweep of {count} paths");
        self.0.truncate(count);
        for change in &sweep.arrivals {
            self.change(change)
                .with_context(|| format!("the change of arrival {}", change.place))?;
        }
        let known = self.0.len();
        ensure!(known == count, "a sweep of {count} paths says {known}");
        Ok(&self.0)
    }

    fn change(&mut self, change: &Change) -> Result<()> {
        let (place, next) = (change.place as usize, self.0.len());
        match (self.0.get_mut(place), &change.heard, &change.facts) {
            (Some(known), heard, facts) => {
                let (known_heard, known_facts) = split(known);
                let facts = facts.clone().unwrap_or(known_facts);
                *known = join(heard.unwrap_or(known_heard), &facts);
            }
            (None, Some(heard), Some(facts)) if place == next && place < PATHS_MAX => {
                self.0.push(join(*heard, facts));
            }
            (None, _, _) => bail!("it is neither known nor the next, or not whole"),
        }
        Ok(())
    }
}

fn change(place: usize, before: Option<&Arrival>, arrival: &Arrival) -> Change {
    let before = before.map(split);
    let (heard, facts) = split(arrival);
    let known = |known: &(Heard, Facts)| (known.0 == heard, known.1 == facts);
    let (same_heard, same_facts) = before.as_ref().map_or((false, false), known);
    Change {
        place: place as u32,
        heard: (!same_heard).then_some(heard),
        facts: (!same_facts).then_some(facts),
    }
}

#[cfg(test)]
mod tests;
