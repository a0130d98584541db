use super::*;
use crate::coverage::Thing;
use crate::mutant::Trial;
use crate::scopes;
use crate::step::Kind;
use crate::story;

const ALL: Effort = Effort {
    width: Width::All,
    calm_one_in: 64,
    most: 50_000,
};

fn trial(name: &str) -> &'static Trial {
    let found = Mutant::TRIALS.iter().find(|trial| trial.name == name);
    found.expect("there is such a mutant")
}

#[test]
fn two_nodes_that_lose_each_other_once_keep_every_law_and_the_search_ends() {
    let bounds = Bounds::new(2, 1, 0).of(&[Kind::CutPair]);
    let found = search(&bounds, Mutant::None, ALL);
    assert_eq!((found.broken, found.exhausted), (None, Exhausted::Yes));
    assert_eq!(found.followed, found.states);
    assert_eq!(found.coverage.missing(&bounds), []);
    assert!(0 < found.calmed && 0 < found.slowest);
}

#[test]
fn what_a_search_never_came_by_is_named() {
    let quiet = search(&Bounds::new(2, 0, 0), Mutant::None, ALL);
    let missing = quiet.coverage.missing(&Bounds::new(2, 1, 1));
    assert!(missing.contains(&Thing::Removed) && !missing.contains(&Thing::Installed));
    assert!(missing.contains(&Thing::Fault(Kind::Freeze)));
}

#[test]
fn a_search_with_a_width_gets_to_the_end_of_fewer_ways() {
    let bounds = Bounds::new(2, 1, 0).of(&[Kind::CutPair]);
    let effort = Effort {
        width: Width::Drawn(8),
        ..ALL
    };
    let (all, part) = (
        search(&bounds, Mutant::None, ALL),
        search(&bounds, Mutant::None, effort),
    );
    assert_eq!((part.broken, part.exhausted), (None, Exhausted::No));
    assert!(part.states < all.states);
    assert_eq!(part.coverage.missing(&bounds), []);
}

#[test]
fn a_search_that_ends_too_early_says_so() {
    let effort = Effort { most: 10, ..ALL };
    let found = search(&Bounds::new(2, 1, 0), Mutant::None, effort);
    assert_eq!((found.states, found.exhausted), (10, Exhausted::No));
    let scope = scopes::Scope {
        bounds: Bounds::new(2, 1, 0),
        effort,
    };
    let gaps = scopes::gaps(&scope, &found, 11);
    assert_eq!(
        gaps.last().map(String::as_str),
        Some("10 states are too few")
    );
}

#[test]
fn a_law_is_broken_where_what_it_stands_on_is_and_the_way_to_there_is_told() {
    let trial = trial("forgets-promises");
    let found = search(&trial.bounds, trial.mutant, ALL);
    let (law, way) = found.broken.expect("it is found out");
    assert_eq!(law, trial.law);
    let told = story::tell(&trial.bounds, trial.mutant, &way);
    assert!(
        told.contains("the agent of 1 is killed and starts again"),
        "{told}"
    );
    assert!(
        told.contains("1: view 1 of 1 (joined 1; removed )"),
        "{told}"
    );
    let sound = search(
        &trial.bounds,
        Mutant::None,
        Effort {
            most: found.states,
            ..ALL
        },
    );
    assert_eq!(sound.broken, None);
}

#[test]
fn a_cluster_that_never_comes_to_one_view_is_found_out() {
    let trial = trial("unheard");
    let found = search(
        &trial.bounds,
        trial.mutant,
        Effort {
            calm_one_in: 1,
            ..ALL
        },
    );
    assert_eq!(found.broken.map(|(law, _)| law), Some(Law::Settles));
}

#[test]
fn every_law_has_a_mutant() {
    for law in Law::ALL {
        assert!(Mutant::TRIALS.iter().any(|trial| trial.law == law), "{law}");
    }
}
