//! A peer that said that it goes.

use super::*;

fn goodbye(departure: Departure, ms: u64) -> Option<Goodbye> {
    Some(Goodbye {
        departure,
        incarnation: Incarnation(1),
        at: at(ms),
    })
}

/// A path that was up and heard this at 200.
fn departed(departure: Departure) -> (Path, Vec<Event>) {
    let mut path = Path::new(INDEX, timing(1), GRACE);
    let mut events = Vec::new();
    path.sweep(at(100), &slot(&[100], 100), None, &mut events);
    path.sweep(
        at(200),
        &slot(&[100, 200], 200),
        goodbye(departure, 200),
        &mut events,
    );
    events.clear();
    (path, events)
}

#[test]
fn an_agent_that_restarts_within_the_grace_is_not_reported() {
    let (mut path, mut events) = departed(Departure::Restarting);
    assert_eq!(path.deadline(), Some(at(2200)));
    path.sweep(
        at(2200),
        &slot(&[100, 200], 2200),
        goodbye(Departure::Restarting, 200),
        &mut events,
    );
    assert_eq!(path.state().label(), "restarting");
    let back = [100, 200, 2190];
    path.gap(at(2210), &gaps(&back, 200, 2200)[0], &mut events);
    path.sweep(at(2210), &slot(&back, 2210), None, &mut events);
    assert_eq!(path.state(), PathState::Up);
    path.gap(at(2220), &gaps(&back, 200, 2200)[0], &mut events);
    assert_eq!(told(&events), "");
}

#[test]
fn an_agent_that_stays_away_longer_than_the_grace_is_lost_and_comes_back() {
    let (mut path, mut events) = departed(Departure::Restarting);
    path.sweep(
        at(2201),
        &slot(&[100, 200], 2201),
        goodbye(Departure::Restarting, 200),
        &mut events,
    );
    path.sweep(at(3000), &slot(&[100, 200, 3000], 3000), None, &mut events);
    expect![[r#"
        2201 1123 last heard at 200, deadline 2200, missed 20
        3000 1122 heard at 3000 after 2800 ms
    "#]]
    .assert_eq(&told(&events));
}

#[test]
fn an_agent_that_restarts_again_right_after_its_return_is_waited_for_anew() {
    let (mut path, mut events) = departed(Departure::Restarting);
    let back = [100, 200, 2190, 2195];
    let again = goodbye(Departure::Restarting, 2195);
    path.gap(at(2210), &gaps(&back, 200, 2200)[0], &mut events);
    path.sweep(at(2210), &slot(&back, 2210), again, &mut events);
    assert_eq!(path.deadline(), Some(at(4195)));
    path.sweep(at(4195), &slot(&back, 4195), again, &mut events);
    assert_eq!(told(&events), "");
    path.sweep(at(4196), &slot(&back, 4196), again, &mut events);
    expect!["4196 1123 last heard at 2195, deadline 4195, missed 20"]
        .assert_eq(told(&events).trim());
}

#[test]
fn a_restart_that_was_announced_and_over_before_anyone_looked_is_not_reported() {
    let mut path = Path::new(INDEX, timing(1), GRACE);
    let mut events = Vec::new();
    path.sweep(at(100), &slot(&[100], 100), None, &mut events);
    events.clear();
    let back = [100, 1000];
    let gap = |departure| Gap {
        departure,
        ..gaps(&back, 100, 1000)[0]
    };
    path.gap(at(1100), &gap(Some(Departure::Restarting)), &mut events);
    path.gap(at(1100), &gap(Some(Departure::Leaving)), &mut events);
    assert_eq!(told(&events), "");
    path.gap(at(1100), &gap(None), &mut events);
    assert_eq!(events.len(), 2, "the witness: unannounced it is a loss");
}

#[test]
fn a_node_that_left_misses_nothing_and_is_welcomed_when_it_comes_back() {
    let (mut path, mut events) = departed(Departure::Leaving);
    assert_eq!(path.deadline(), None);
    path.sweep(
        at(90_000),
        &slot(&[100, 200], 90_000),
        goodbye(Departure::Leaving, 200),
        &mut events,
    );
    assert_eq!(path.state().label(), "left");
    let back = [100, 200, 90_500];
    path.gap(at(90_500), &gaps(&back, 200, 90_500)[0], &mut events);
    path.sweep(at(90_500), &slot(&back, 90_500), None, &mut events);
    expect![[r#"
        90500 1122 first heard at 90500
    "#]]
    .assert_eq(&told(&events));
}

#[test]
fn a_lost_path_of_a_node_that_leaves_elsewhere_is_lost_no_longer() {
    let mut path = Path::new(INDEX, timing(1), GRACE);
    let mut events = Vec::new();
    path.sweep(at(100), &slot(&[100], 100), None, &mut events);
    path.sweep(at(500), &slot(&[100], 500), None, &mut events);
    assert_eq!(path.state().label(), "lost");
    path.sweep(
        at(600),
        &slot(&[100], 600),
        goodbye(Departure::Restarting, 590),
        &mut events,
    );
    assert_eq!(path.state().label(), "lost");
    path.sweep(
        at(700),
        &slot(&[100], 700),
        goodbye(Departure::Leaving, 690),
        &mut events,
    );
    assert_eq!(path.state().label(), "left");
    assert_eq!(events.len(), 2);
}
