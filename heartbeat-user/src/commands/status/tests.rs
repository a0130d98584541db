use std::collections::BTreeMap;

use expect_test::expect;

use super::brief::brief;
use super::*;
use crate::snapshot::problems::problems;
use crate::snapshot::{
    AgentState, AgentView, HourView, InterfaceView, MaintenanceView, MemberView, MembershipView,
    MinuteView, NetworkView, PathView,
};

mod narrow;
mod screens;
mod standing;

/// As it is printed into a file, in UTC.
fn table(snapshot: &Snapshot) -> String {
    let lines = view::lines(snapshot, Zone::Utc, Room::Endless);
    lines
        .iter()
        .map(|line| line.printed(Style::Plain))
        .collect()
}

fn agent(peer: &str, state: AgentState) -> AgentView {
    AgentView {
        peer: peer.to_owned(),
        state,
        since: None,
        kept_seconds: None,
        told: None,
    }
}

fn network(label: &str) -> NetworkView {
    NetworkView {
        network: label.to_owned(),
        role: "internal".to_owned(),
        address: "10.77.1.1".to_owned(),
        interface: Some("eth0".to_owned()),
        xdp_configured: "auto".to_owned(),
        xdp: Some("native".to_owned()),
        problem: None,
        interval_seconds: 1.2,
        lost_after: 2,
        detection_seconds: 2.55,
        sending: "unicast".to_owned(),
        state: "up".to_owned(),
        interfaces: ["node-a", "node-b", "node-c"]
            .map(|node| interface(node, "up"))
            .into(),
        frames: BTreeMap::new(),
    }
}

fn interface(node: &str, state: &str) -> InterfaceView {
    InterfaceView {
        node: node.to_owned(),
        state: state.to_owned(),
        maintenance: false,
    }
}

/// All but `without` are members of view 7.
fn membership(without: &[&str]) -> MembershipView {
    let nodes = ["node-a", "node-b", "node-c"].map(|node| MemberView {
        node: node.to_owned(),
        member: !without.contains(&node),
        votes: 1,
    });
    MembershipView {
        takes_part: true,
        view: Some(7),
        epoch: 7,
        stage: "stabilized".to_owned(),
        quorate: without.len() < 2,
        choice: Some("exact".to_owned()),
        tie_breaker: "node-a".to_owned(),
        nodes: nodes.into(),
    }
}

fn path(peer: &str, network: &str, state: &str, silent: Option<f64>) -> PathView {
    PathView {
        peer: peer.to_owned(),
        network: network.to_owned(),
        state: state.to_owned(),
        maintenance: false,
        last_arrival_ns: silent.map(|_| 1),
        last_arrival_unix_seconds: silent,
        silent_seconds: silent,
        largest_gap_seconds: 1.203,
        detection_seconds: 2.55,
        arrivals: 9_997,
        lost: 3,
        lost_shown: 3,
        reordered: 0,
        duplicates: 0,
        heard: 1,
        agent_age_seconds: 0.0,
        carries_messages: false,
        strains: Vec::new(),
        last_minute: MinuteView::default(),
        last_hour: HourView {
            seconds: 3_600.0,
            expected: 3_000,
            lost: 1,
            largest_gap_seconds: 1.24,
        },
        told: None,
        candidate: false,
        sent: 10_000,
        send_errors: 0,
        send_error: None,
        lost_total: 0,
        restored_total: 1,
    }
}

fn snapshot() -> Snapshot {
    Snapshot {
        cluster: "prod-db".to_owned(),
        node: "node-a".to_owned(),
        version: "0.1.0".to_owned(),
        time: "2026-11-22T12:04:31.000000Z".to_owned(),
        started: "2026-11-22T12:00:00.000000Z".to_owned(),
        incarnation: 1,
        authenticated: true,
        keys: 1,
        scheduling: "deadline".to_owned(),
        loop_scheduling: "deadline".to_owned(),
        reload_successful: true,
        lateness_max_1m_seconds: 0.0,
        config_digest: "00000000".to_owned(),
        membership: membership(&["node-c"]),
        networks: vec![network("Private Network"), network("Public Network")],
        paths: vec![
            path("node-b", "Private Network", "up", Some(0.3)),
            path("node-b", "Public Network", "up", Some(0.8)),
            path("node-c", "Private Network", "lost", Some(14.2)),
            path("node-c", "Public Network", "unknown", None),
        ],
        maintenance: Vec::new(),
        config_differs: BTreeMap::new(),
        agents: vec![
            agent("node-b", AgentState::Ok),
            agent("node-c", AgentState::Silent),
        ],
        events: BTreeMap::new(),
        message_datagrams: BTreeMap::new(),
    }
}

#[test]
fn the_table_fits_80_columns_and_names_what_is_wrong() {
    let text = table(&snapshot());
    expect![[r#"
        prod-db  seen by node-a  12:04:31  DEGRADED         1.2s, lost after 2 = 2.55s
        members 2 of 3  quorate  epoch 7 (advisory)         config same on all 3
        PEER     MEMBER  PRIVATE        PUBLIC         LOSS 1H  GAP MAX  AGENT
        node-b   yes     up      0.3s   up      0.8s     0.03%    1.24s  ok
        node-c   NO      LOST   14.2s   never heard      0.03%    1.24s  silent
        ! node-c on Private Network: no heartbeat for 14.2 s  explain --peer=node-c --network='Private Network'
    "#]]
    .assert_eq(&text);
    let table = text.lines().take(5);
    assert!(table.into_iter().all(|line| line.chars().count() <= 80));
}

#[test]
fn early_warnings_are_told_of_paths_that_are_up_and_are_not_degraded() {
    let mut strained = snapshot();
    strained.paths.truncate(2);
    strained.paths[0].strains = vec!["late".to_owned(), "unheard".to_owned()];
    strained.paths[1].strains = vec!["losing".to_owned()];
    for (path, gap) in strained.paths.iter_mut().zip([1.9, 0.2]) {
        path.last_minute = MinuteView {
            expected: 50,
            lost: 4,
            late: 3,
            largest_gap_seconds: gap,
            complaints: 3,
        };
    }
    assert!(!strained.degraded());
    let told = [
        "node-b on Private Network: late, gaps up to 1.9 s",
        "node-b on Public Network: losing 4 of 50 heartbeats",
    ];
    assert_eq!(problems(&strained), told);
    strained.paths[0].state = "lost".to_owned();
    let told = problems(&strained);
    assert!(told.iter().all(|line| !line.contains("late")), "{told:?}");
}

#[test]
fn refused_frames_are_told_where_somebody_is_not_heard() {
    let mut wrong_key = snapshot();
    let refused = [("tag", 20), ("path", 0), ("heartbeat", 900)];
    for network in &mut wrong_key.networks {
        network.frames = refused
            .map(|(verdict, count)| (verdict.to_owned(), count))
            .into();
    }
    let line = "Private Network: frames refused since the program was attached: 20 tag";
    assert!(problems(&wrong_key).iter().any(|problem| problem == line));
    for path in &mut wrong_key.paths {
        path.state = "up".to_owned();
    }
    wrong_key.membership = membership(&[]);
    assert_eq!(problems(&wrong_key), [""; 0]);
}

#[test]
fn all_up_is_well_and_anything_else_is_degraded() {
    let mut well = snapshot();
    well.paths.truncate(2);
    assert!(!well.degraded());
    assert!(snapshot().degraded());
    well.networks[0].xdp = None;
    assert!(well.degraded() && !well.ready());
}

/// All that may be seen of a cluster at work: a restart, a farewell, a maintenance, and multicast on one
/// network.
fn eventful() -> Snapshot {
    let mut snapshot = snapshot();
    snapshot.networks[0].sending = "multicast".to_owned();
    snapshot.paths = vec![
        path("node-b", "Private Network", "restarting", Some(3.1)),
        path("node-b", "Public Network", "up", Some(0.8)),
        path("node-c", "Private Network", "left", Some(900.0)),
        path("node-c", "Public Network", "left", Some(900.0)),
        path("node-d", "Private Network", "lost", Some(14.2)),
    ];
    snapshot.paths[4].maintenance = true;
    snapshot.maintenance = vec![MaintenanceView {
        peer: Some("node-d".to_owned()),
        network: None,
        why: "new disk".to_owned(),
        until: "2026-11-22T14:00:00Z".to_owned(),
        by: "root (uid 0, process 123)".to_owned(),
    }];
    snapshot
}

#[test]
fn what_was_announced_and_what_is_expected_is_shown_but_is_not_degraded() {
    assert!(!eventful().degraded());
    expect![[r#"
        prod-db  seen by node-a  12:04:31  OK               1.2s, lost after 2 = 2.55s
        members 2 of 3  quorate  epoch 7 (advisory)         config same on the 3 heard
        PEER     MEMBER  PRIVATE        PUBLIC         LOSS 1H  GAP MAX  AGENT
        node-b   yes     restarting     up      0.8s     0.03%    1.24s  ok
        node-c   NO      left   15min   left   15min         -        -  silent
        node-d   -       LOST   14.2sM  -                0.03%    1.24s  -
        ! node-d on Private Network: no heartbeat for 14.2 s  explain --peer=node-d --network='Private Network'
        M maintenance of all paths to node-d until 2026-11-22T14:00:00Z: new disk (by root (uid 0, process 123))
    "#]]
    .assert_eq(&table(&eventful()));
}

#[test]
fn a_peer_with_another_configuration_is_named() {
    let mut differs = snapshot();
    differs.config_differs = [("node-b", true), ("node-c", false)]
        .map(|(peer, differs)| (peer.to_owned(), differs))
        .into();
    let told: Vec<String> = problems(&differs)
        .into_iter()
        .filter(|problem| problem.contains("configuration"))
        .collect();
    assert_eq!(
        told,
        [
            "node-b runs another configuration than this node: compare the files, then `heartbeat reload`"
        ]
    );
}

#[test]
fn one_line_says_how_many_paths_are_up_and_what_is_wrong() {
    let mut well = snapshot();
    well.paths.truncate(2);
    assert_eq!(brief(&well), "node-a: all 2 paths up");
    assert_eq!(
        brief(&snapshot()),
        "node-a: 2 of 4 paths up, node-c LOST on Private Network, node-c never heard on Public Network"
    );
    assert_eq!(
        brief(&eventful()),
        "node-a: 1 of 5 paths up, node-d LOST, node-b restarting on Private Network, node-c left, maintenance is on"
    );
    well.networks[0].xdp = None;
    well.networks[0].problem = Some("no interface has 10.77.1.1".to_owned());
    assert_eq!(
        brief(&well),
        "node-a: all 2 paths up, Private Network: no interface has 10.77.1.1"
    );
}

#[test]
fn one_line_stays_one_when_many_are_lost() {
    let mut many = snapshot();
    many.paths = (0..100)
        .map(|peer| {
            path(
                &format!("node-{peer:03}"),
                "Private Network",
                "lost",
                Some(9.0),
            )
        })
        .collect();
    assert_eq!(
        brief(&many),
        "node-a: 0 of 100 paths up, node-000 LOST, node-001 LOST, node-002 LOST, node-003 LOST, and 96 more"
    );
}
