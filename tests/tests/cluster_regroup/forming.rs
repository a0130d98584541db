//! How a cluster begins.

use anyhow::{Result, ensure};
use heartbeat_tests::lab::event::{MEMBER_JOINED, MEMBER_REMOVED, QUORUM_LOST, Scope};
use heartbeat_tests::lab::interrupt;
use heartbeat_tests::suite::{Test, in_agreed_lab, in_lab};

use super::{A, ALL, B, C, LIMIT, QUIET, plan};

pub const TESTS: &[Test] = &[
    (
        "five nodes become one view, each tells that it joined, and nobody that somebody was removed",
        all_at_once,
    ),
    (
        "two of five nodes are no cluster, and the third makes them one",
        minority,
    ),
];

fn all_at_once() -> Result<()> {
    in_agreed_lab(plan(5), |lab| {
        for observer in ALL {
            let events = lab.events(observer).showing(Scope::Whole).all()?;
            let own = Some(observer.to_string());
            let joined = events
                .iter()
                .filter(|event| event.id == MEMBER_JOINED && event.peer == own);
            ensure!(
                joined.count() == 1,
                "{observer} joined, but not once: {events:?}"
            );
            let wrong = events
                .iter()
                .find(|event| [MEMBER_REMOVED, QUORUM_LOST].contains(&event.id));
            ensure!(wrong.is_none(), "{wrong:?} while the cluster formed");
        }
        Ok(())
    })
}

fn minority() -> Result<()> {
    in_lab(plan(5), |lab| {
        lab.start_agent(A)?;
        lab.start_agent(B)?;
        lab.wait_all_up()?;
        interrupt::sleep(QUIET)?;
        for node in [A, B] {
            let view = lab.view(node)?;
            ensure!(
                !view.quorate && view.members.is_empty(),
                "{node}, one of two of five: {view}"
            );
        }
        lab.start_agent(C)?;
        lab.wait_for_view(&[A, B, C], LIMIT)?;
        Ok(())
    })
}
