//! What a new run makes of the numbers that an earlier one left in the slots.

use super::*;
use crate::cause::Class;

/// A silence that began before this run and ended in it, with this many heartbeats out of order before and after it:
/// the cause that is told with 1122.
fn cause(reordered: [u64; 2]) -> Class {
    let [before, after] = reordered;
    let last = Arrival {
        sequence: 7,
        sent: 1_000_000_000,
        reordered: before,
        ..heard(0, 100)
    };
    let next = Arrival {
        last: Some(at(1_100)),
        arrivals: 2,
        sequence: 17,
        sent: 2_000_000_000,
        reordered: after,
        ..last
    };
    let gap = Gap {
        path: PathIndex(0),
        start: at(100),
        end: at(1_100),
        arrivals: 2,
        departure: None,
        before: last.beat(),
        after: next.beat(),
    };
    let mut node = node(1);
    let memory = Memory {
        told: Told::Up,
        since: None,
        arrivals: 1,
        told_until: Some(at(100)),
    };
    let mut actions = Vec::new();
    node.handle(at(1_050), Input::Adopt(&[(last, memory)]), &mut actions);
    for (now, arrival, gaps) in [(1_110, next, &[gap][..]), (1_700, next, &[])] {
        let arrivals = &[arrival];
        node.handle(at(now), Input::Sweep { arrivals, gaps }, &mut actions);
    }
    let restored = actions.iter().find_map(|action| match action {
        Action::Emit(event, _) if event.kind().id() == 1122 => event.cause(),
        _ => None,
    });
    restored.expect("the end of the silence is told").class
}

#[test]
fn heartbeats_that_came_out_of_order_before_a_run_explain_nothing_in_it() {
    assert_ne!(cause([50, 50]), Class::Disordered);
}

#[test]
fn those_that_came_so_since_do() {
    assert_eq!(cause([50, 59]), Class::Disordered);
}
