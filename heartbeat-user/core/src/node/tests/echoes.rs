//! What an answer of the peer's kernel proves.

use super::*;
use crate::cause::Class;

/// At 100 ms and three missed: 1123 at 312.5 ms of silence.
const JUDGED: u64 = 100 + 313;

/// The causes that were told after an answer at this moment, the last heartbeat having come at 100 ms.
fn causes(replied_ms: u64) -> Vec<(u32, Option<Class>)> {
    let mut node = node(1);
    let arrival = Arrival {
        sequence: 7,
        reply: Some(Reply {
            at: at(replied_ms),
            known: Incarnation(50),
            heard: HeardBy::Unicast,
            incarnation: Incarnation(1),
            sequence: 7,
            agent_age: Duration::ZERO,
        }),
        ..heard(0, 100)
    };
    let mut told = Vec::new();
    for now in [100, 110, 213, 263, JUDGED, JUDGED + 100] {
        let early = Arrival {
            reply: arrival.reply.filter(|reply| reply.at <= at(now)),
            ..arrival
        };
        for action in sweep(&mut node, now, &[early]) {
            if let Action::Emit(event, _) = action {
                told.push((event.kind().id(), event.cause().map(|cause| cause.class)));
            }
        }
    }
    told
}

#[test]
fn an_answer_before_the_next_heartbeat_is_due_accuses_no_agent() {
    for early_ms in [101, 150, 199] {
        let told = causes(early_ms);
        let lost = told.iter().find(|(id, _)| *id == 1123);
        let class = lost.and_then(|(_, class)| *class);
        assert_ne!(
            class,
            Some(Class::AgentStalled),
            "answered at {early_ms} ms"
        );
        assert!(class.is_some(), "the loss is told");
        assert!(told.iter().all(|(id, _)| *id != 334_301), "{told:?}");
    }
}

#[test]
fn an_answer_after_it_does() {
    for late_ms in [213, 263, 400] {
        let told = causes(late_ms);
        let stalled = Some(Class::AgentStalled);
        assert!(told.contains(&(1123, stalled)), "{told:?}");
        assert!(told.contains(&(334_301, stalled)), "{told:?}");
    }
}

#[test]
fn a_missed_heartbeat_is_remarked_in_time_whatever_was_asked_right_before() {
    let mut node = node(1);
    let unknown = Arrival {
        reply: None,
        ..heard(0, 100)
    };
    let asked = |actions: &[Action], ask| actions.contains(&Action::Echo(PathIndex(0), ask));
    sweep(&mut node, 100, &[heard(0, 100)]);
    let before = sweep(&mut node, 190, &[unknown]);
    assert!(asked(&before, Ask::Plain), "the witness: {before:?}");
    assert!(asked(&sweep(&mut node, 263, &[unknown]), Ask::Missed));
    let again = sweep(&mut node, 330, &[unknown]);
    assert!(!asked(&again, Ask::Missed), "once an interval and a bit");
}
