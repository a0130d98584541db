//! A fact or why there is none, and counters that were read twice.
//!
//! The awkward case is a counter without a moment: a million dropped frames since boot say nothing about tonight. So a
//! counter is two numbers, what it is and what it grew by between two looks; rules believe the second.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};

use serde::{Deserialize, Serialize};

/// A fact, or why there is none.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reading<T> {
    /// It was read.
    Known(T),
    /// It is there and could not be read: why, and what would help.
    Unreadable(String),
    /// It is not here: what it is of is not installed, or not built into this kernel.
    Absent(String),
}

impl<T> Default for Reading<T> {
    fn default() -> Self {
        Reading::Absent("nobody has looked".to_owned())
    }
}

impl<T> Reading<T> {
    /// The value, where there is one.
    pub fn known(&self) -> Option<&T> {
        match self {
            Reading::Known(value) => Some(value),
            Reading::Unreadable(_) | Reading::Absent(_) => None,
        }
    }

    /// The value for changing, where there is one.
    pub fn known_mut(&mut self) -> Option<&mut T> {
        match self {
            Reading::Known(value) => Some(value),
            Reading::Unreadable(_) | Reading::Absent(_) => None,
        }
    }

    /// What reading `what` came to. A file that does not exist is absent; rights that lack are said.
    pub fn of_io(what: &str, read: io::Result<T>) -> Self {
        match read {
            Ok(value) => Reading::Known(value),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Reading::Absent(format!("{what} does not exist"))
            }
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                Reading::Unreadable(format!("{what}: permission denied, root may read it"))
            }
            Err(error) => Reading::Unreadable(format!("{what}: {error}")),
        }
    }

    /// Something made of the value.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Reading::Known(value) => Reading::Known(make(value)),
            Reading::Unreadable(why) => Reading::Unreadable(why),
            Reading::Absent(why) => Reading::Absent(why),
        }
    }

    /// The value where it could be made sense of; `what` says what it should be.
    pub fn understood<U>(self, what: &str, make: impl FnOnce(T) -> Option<U>) -> Reading<U> {
        match self.map(make) {
            Reading::Known(Some(value)) => Reading::Known(value),
            Reading::Known(None) => Reading::Unreadable(format!("{what} is not understood")),
            Reading::Unreadable(why) => Reading::Unreadable(why),
            Reading::Absent(why) => Reading::Absent(why),
        }
    }
}

/// A number that only grows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counter {
    /// Since boot, or since whatever it counts exists.
    pub total: u64,
    /// Between the two looks.
    #[serde(default)]
    pub lately: u64,
}

/// Counters by the names that the kernel or a driver gives them; one that is 0 is not kept.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Counters(BTreeMap<String, Counter>);

impl Counters {
    /// As they were read at one look.
    pub fn of<N: Into<String>>(totals: impl IntoIterator<Item = (N, u64)>) -> Self {
        let mut counters = BTreeMap::<String, Counter>::new();
        for (name, total) in totals {
            if total != 0 {
                counters.entry(name.into()).or_default().total += total;
            }
        }
        Counters(counters)
    }

    /// Notes what they grew by since an earlier look; one that went back began anew.
    pub fn since(&mut self, earlier: &Counters) {
        for (name, counter) in &mut self.0 {
            let before = earlier.get(name).total;
            counter.lately = counter.total.checked_sub(before).unwrap_or(counter.total);
        }
    }

    /// One of them; zero where it is not counted.
    pub fn get(&self, name: &str) -> Counter {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// Sets one: for facts that are made by hand.
    pub fn set(&mut self, name: &str, total: u64, lately: u64) {
        self.0.insert(name.to_owned(), Counter { total, lately });
    }

    /// Those whose names this holds for, by name.
    pub fn named(&self, wanted: impl Fn(&str) -> bool) -> Vec<(&str, Counter)> {
        let all = self
            .0
            .iter()
            .map(|(name, counter)| (name.as_str(), *counter));
        all.filter(|(name, _)| wanted(name)).collect()
    }

    /// The sum of those with these names.
    pub fn sum(&self, names: &[&str]) -> Counter {
        names.iter().fold(Counter::default(), |sum, name| {
            let counter = self.get(name);
            Counter {
                total: sum.total.saturating_add(counter.total),
                lately: sum.lately.saturating_add(counter.lately),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_knows_what_it_grew_by_and_one_that_went_back_began_anew() {
        let earlier = Counters::of([("drops", 5), ("resets", 9)]);
        let mut later = Counters::of([("drops", 7), ("resets", 2), ("new", 1), ("none", 0)]);
        later.since(&earlier);
        let counter = |total, lately| Counter { total, lately };
        assert_eq!(later.get("drops"), counter(7, 2));
        assert_eq!(later.get("resets"), counter(2, 2));
        assert_eq!(later.get("new"), counter(1, 1));
        assert_eq!(later.get("none"), counter(0, 0));
        assert_eq!(later.sum(&["drops", "new", "unheard"]), counter(8, 3));
        assert_eq!(
            later.named(|name| name.starts_with('n')),
            vec![("new", counter(1, 1))]
        );
    }

    #[test]
    fn what_could_not_be_read_says_why_and_what_is_not_here_is_no_failure() {
        let read = |kind: ErrorKind| Reading::<u32>::of_io("/a", Err(kind.into()));
        assert_eq!(
            read(ErrorKind::NotFound),
            Reading::Absent("/a does not exist".to_owned())
        );
        let Reading::Unreadable(why) = read(ErrorKind::PermissionDenied) else {
            panic!("it is there");
        };
        assert!(why.contains("root may read it"), "{why}");
        assert_eq!(Reading::of_io("/a", Ok(7)).known(), Some(&7));
    }
}
