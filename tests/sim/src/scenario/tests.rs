//! Each story as it was read, and beside it what it must show whatever its lines are.
//!
//! `UPDATE_EXPECT=1` writes the stories anew; whoever does that reads them anew.

use std::collections::BTreeSet;
use std::fs;

use expect_test::expect_file;

use super::{ALL, Scenario, Story};
use crate::transcript::Detail;

mod networks;
mod nodes;

/// Tells a scenario as it is kept; all properties hold to its end.
fn told(name: &str) -> Story {
    let scenario = Scenario::named(name).expect("a scenario has this name");
    let story = scenario.tell(Detail::Story);
    expect_file![format!("../../scenarios/{name}.txt")].assert_eq(&story.to_string());
    assert_eq!(story.violation, None);
    story
}

impl Story {
    /// Nobody says any of these.
    fn is_without(&self, events: &[&str]) {
        for event in events {
            assert_eq!(self.said_by_each(event).iter().sum::<usize>(), 0, "{event}");
        }
    }

    /// No node but this one is accused by any other.
    fn accuses_only(&self, node: usize) {
        let count = self.said_by_each("1123").len();
        for (one, two) in (0..count).flat_map(|one| (0..count).map(move |two| (one, two))) {
            if one != node && two != node {
                let accusation = format!("1123 PathLost {}", crate::script::letter(two));
                assert_eq!(self.said(one, &accusation), 0, "{one} {accusation}");
            }
        }
    }
}

#[test]
fn every_scenario_has_a_name_of_its_own_and_a_story_and_every_story_a_scenario() {
    let names: BTreeSet<String> = ALL.iter().map(|scenario| scenario.name.into()).collect();
    assert_eq!(names.len(), ALL.len());
    let kept = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"));
    let files = kept.expect("it is there").map(|entry| {
        let path = entry.expect("it can be read").path();
        let name = path.file_stem().expect("it has a name");
        name.to_string_lossy().into_owned()
    });
    assert_eq!(files.collect::<BTreeSet<String>>(), names);
}
