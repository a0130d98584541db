//! Compares what the agents reported with what they had to report.
//!
//! The unit is a path as one node sees it, because that is what an event is about. What a path must show is a
//! sequence, usually 1123 and then 1122, once each; a path of which nothing is expected must show nothing.
//! Comparing sequences instead of counts catches a path that flaps, and comparing all paths catches an
//! accusation of somebody who had no part in it.

use std::collections::BTreeMap;
use std::fmt;

use super::event::{Event, PATH_LOST, PATH_RESTORED};

/// A path: one node hears another over one network. All by name, as events have them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Path {
    /// Who hears, or does not.
    pub observer: String,
    /// Who is heard, or not.
    pub peer: String,
    /// Label of the network.
    pub network: String,
}

impl Path {
    /// The path that an event is about.
    fn of(event: &Event) -> Self {
        Path {
            observer: event.observer.clone(),
            peer: event.peer.clone().unwrap_or_default(),
            network: event.network.clone().unwrap_or_default(),
        }
    }

    /// Whether the event is about this path.
    pub fn is_of(&self, event: &Event) -> bool {
        self.observer == event.observer
            && event.peer.as_ref() == Some(&self.peer)
            && event.network.as_ref() == Some(&self.network)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} about {} on {}",
            self.observer, self.peer, self.network
        )
    }
}

/// Something, usually a path, of which not that was reported which had to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference<S = Path> {
    /// What it is about.
    pub subject: S,
    /// Numbers of the events that had to come, in this order.
    pub expected: Vec<u32>,
    /// Numbers of the events that came, in this order.
    pub seen: Vec<u32>,
}

impl<S: fmt::Display> fmt::Display for Difference<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |ids: &[u32]| match ids {
            [] => "nothing".to_owned(),
            ids => ids
                .iter()
                .map(u32::to_string)
                .collect::<Vec<_>>()
                .join(", "),
        };
        write!(
            f,
            "{}: expected {}, seen {}",
            self.subject,
            list(&self.expected),
            list(&self.seen)
        )
    }
}

/// Whether the event is one that scenarios are judged by.
pub fn is_judged(event: &Event) -> bool {
    matches!(event.id, PATH_LOST | PATH_RESTORED)
}

/// What one path must show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expected {
    /// The path.
    pub path: Path,
    /// Numbers of its events, in order.
    pub ids: &'static [u32],
}

impl Expected {
    /// These paths are lost, and nothing else happens.
    pub fn lost(paths: impl IntoIterator<Item = Path>) -> Vec<Self> {
        Self::each(paths, &[PATH_LOST])
    }

    /// These paths are lost and come back, and nothing else happens.
    pub fn lost_and_restored(paths: impl IntoIterator<Item = Path>) -> Vec<Self> {
        Self::each(paths, &[PATH_LOST, PATH_RESTORED])
    }

    /// These paths are restored, and nothing else happens.
    pub fn restored(paths: impl IntoIterator<Item = Path>) -> Vec<Self> {
        Self::each(paths, &[PATH_RESTORED])
    }

    fn each(paths: impl IntoIterator<Item = Path>, ids: &'static [u32]) -> Vec<Self> {
        paths
            .into_iter()
            .map(|path| Expected { path, ids })
            .collect()
    }
}

/// Every path on which the 1122 and 1123 among the events are not what was expected of it.
pub fn differences(expected: &[Expected], events: &[Event]) -> Vec<Difference> {
    let due = expected.iter().map(|due| (due.path.clone(), due.ids));
    let judged = events.iter().filter(|event| is_judged(event));
    compare(due, judged.map(|event| (Path::of(event), event.id)))
}

/// Every subject whose numbers are not the expected ones in their order. What is expected of a subject in several
/// pieces is expected one after the other.
pub fn compare<'a, S: Ord>(
    expected: impl IntoIterator<Item = (S, &'a [u32])>,
    seen: impl IntoIterator<Item = (S, u32)>,
) -> Vec<Difference<S>> {
    let mut subjects: BTreeMap<S, (Vec<u32>, Vec<u32>)> = BTreeMap::new();
    for (subject, ids) in expected {
        subjects.entry(subject).or_default().0.extend(ids);
    }
    for (subject, id) in seen {
        subjects.entry(subject).or_default().1.push(id);
    }
    subjects
        .into_iter()
        .filter(|(_, (expected, seen))| expected != seen)
        .map(|(subject, (expected, seen))| Difference {
            subject,
            expected,
            seen,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(id: u32, observer: &str, peer: &str) -> Event {
        serde_json::from_value(json!({
            "seq": 1, "time": "", "id": id, "name": "", "severity": "info", "message": "",
            "observer": observer, "peer": peer, "network": "N",
        }))
        .unwrap()
    }

    fn path(observer: &str, peer: &str) -> Path {
        Path {
            observer: observer.into(),
            peer: peer.into(),
            network: "N".into(),
        }
    }

    #[test]
    fn lost_and_restored_once_each_is_no_difference() {
        let events = [event(PATH_LOST, "a", "b"), event(PATH_RESTORED, "a", "b")];
        assert_eq!(
            differences(&Expected::lost_and_restored([path("a", "b")]), &events),
            []
        );
        assert_eq!(
            differences(&Expected::lost([path("a", "b")]), &events[..1]),
            []
        );
        assert_eq!(differences(&[], &[event(334_304, "a", "b")]), []);
    }

    #[test]
    fn silence_a_false_accusation_and_flapping_are_differences() {
        let lost = event(PATH_LOST, "a", "b");
        let expected = Expected::lost_and_restored([path("a", "b")]);
        assert_eq!(differences(&expected, &[]).len(), 1);
        assert_eq!(differences(&[], std::slice::from_ref(&lost)).len(), 1);
        let flapping = [lost.clone(), event(PATH_RESTORED, "a", "b"), lost];
        assert_eq!(
            differences(&expected, &flapping)[0].to_string(),
            "a about b on N: expected 1123, 1122, seen 1123, 1122, 1123"
        );
    }
}
