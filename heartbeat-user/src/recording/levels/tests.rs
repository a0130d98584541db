use std::time::Duration;

use expect_test::expect;
use heartbeat_core::config::PathIndex;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::recording::samples;

proptest! {
    #[test]
    fn what_differs_leads_from_sweep_to_sweep(sweeps in vec(vec(samples::arrival(), 0..5), 0..9)) {
        let (mut written, mut read) = (Levels::default(), Levels::default());
        for arrivals in sweeps {
            let line = serde_json::to_string(&written.differ(&arrivals, &[])).expect("JSON");
            let sweep: Sweep = serde_json::from_str(&line).expect("a sweep");
            prop_assert_eq!(read.follow(&sweep).expect("what was written"), &arrivals[..]);
            let again = written.differ(&arrivals, &[]);
            prop_assert_eq!(again, Sweep::default());
        }
    }
}

fn arrival(path: u32, last: u64) -> Arrival {
    Arrival {
        path: PathIndex(path),
        last: heartbeat_ebpf::time::Timestamp::from_ns(last),
        previous: None,
        arrivals: 1,
        lost: 0,
        reordered: 0,
        duplicates: 0,
        sequence: 0,
        sent: 0,
        agent_age: Duration::ZERO,
        unheard: None,
        announced_interval: None,
        incarnation: heartbeat_ebpf::ids::Incarnation(3),
        departure: None,
        digest: None,
        candidate: None,
        reply: None,
        missed: None,
        armed: false,
        armed_for_candidate: true,
    }
}

fn line(levels: &mut Levels, arrivals: &[Arrival]) -> String {
    serde_json::to_string(&levels.differ(arrivals, &[])).expect("JSON")
}

#[test]
fn a_heartbeat_takes_no_more_than_its_stamps() {
    let mut levels = Levels::default();
    let lines = [
        line(&mut levels, &[arrival(0, 7), arrival(1, 8)]),
        line(&mut levels, &[arrival(0, 7), arrival(1, 9)]),
        line(&mut levels, &[arrival(0, 7), arrival(1, 9)]),
        line(&mut levels, &[arrival(0, 7)]),
    ];
    expect![[r#"
        {"count":2,"arrivals":[{"place":0,"heard":[7,0,1,0,0,0],"facts":{"path":0,"lost":0,"reordered":0,"duplicates":0,"incarnation":3,"armed":false,"armed_for_candidate":true}},{"place":1,"heard":[8,0,1,0,0,0],"facts":{"path":1,"lost":0,"reordered":0,"duplicates":0,"incarnation":3,"armed":false,"armed_for_candidate":true}}]}
        {"arrivals":[{"place":1,"heard":[9,0,1,0,0,0]}]}
        {}
        {"count":1}"#]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn a_change_of_what_nobody_knows_is_refused() {
    let whole = |place| {
        let (heard, facts) = split(&arrival(0, 7));
        Change {
            place,
            heard: Some(heard),
            facts: Some(facts),
        }
    };
    let half = Change {
        heard: None,
        ..whole(0)
    };
    let sweep = |count, arrivals| Sweep {
        count,
        arrivals,
        gaps: Vec::new(),
    };
    let refused = [
        sweep(Some(1), vec![whole(1)]),
        sweep(Some(1), vec![half]),
        sweep(Some(2), vec![whole(0)]),
        sweep(None, vec![whole(0)]),
        sweep(Some(u32::MAX), Vec::new()),
    ];
    let why = refused.map(|sweep| {
        let mut levels = Levels::default();
        format!("{:#}", levels.follow(&sweep).expect_err("nobody knows it"))
    });
    expect![[r#"
        the change of arrival 1: it is neither known nor the next, or not whole
        the change of arrival 0: it is neither known nor the next, or not whole
        a sweep of 2 paths says 1
        a sweep of 0 paths says 1
        a sweep of 4294967295 paths"#]]
    .assert_eq(&why.join("\n"));
}
