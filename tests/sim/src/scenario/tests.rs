//! Each story as it was read, and beside it what it must show whatever its lines are.

use expect_test::expect_file;

use super::{ALL, Scenario, Story};
use crate::transcript::Detail;

/// Tells a scenario as it is kept; all properties hold to its end.
fn told(name: &str) -> Story {
    let scenario = Scenario::named(name).expect("a scenario has this name");
    let story = scenario.tell(Detail::Story);
    expect_file![format!("../../scenarios/{name}.txt")].assert_eq(&story.to_string());
    assert_eq!(story.violation, None);
    story
}

#[test]
fn all_of_them() {
    for s in ALL {
        let n = s.name;
        std::panic::catch_unwind(|| told(n)).ok();
    }
}
