//! The table where there is little room, or much to show.

use super::*;

/// Everything that is to be seen at once, with a node that left and one whose agent has stalled.
fn night() -> Snapshot {
    let mut night = snapshot();
    night.membership = MembershipView {
        epoch: 41,
        view: Some(41),
        ..membership(&[])
    };
    night.membership.nodes = ["node-a", "node-b", "node-c", "node-d", "node-e"]
        .map(|node| MemberView {
            node: node.to_owned(),
            member: node != "node-e",
            votes: 1,
        })
        .into();
    let state = |peer, network: &str, state, silent, expected, lost, gap| {
        let mut path = path(peer, network, state, Some(silent));
        path.last_hour = HourView {
            seconds: 3_600.0,
            expected,
            lost,
            largest_gap_seconds: gap,
        };
        path
    };
    let (private, public) = ("Private Network", "Public Network");
    night.paths = vec![
        state("node-b", private, "up", 0.3, 3_000, 0, 1.24),
        state("node-b", public, "up", 0.8, 3_000, 0, 1.21),
        state("node-c", private, "lost", 14.2, 3_000, 2, 1.31),
        state("node-c", public, "up", 0.5, 3_000, 0, 1.2),
        state("node-d", private, "lost", 6.1, 3_000, 0, 1.22),
        state("node-d", public, "lost", 6.1, 3_000, 0, 1.2),
        state("node-e", private, "left", 392.0, 10, 0, 1.2),
        state("node-e", public, "left", 392.0, 10, 0, 1.2),
    ];
    night.paths[2].told = Some(crate::snapshot::ToldView {
        seq: 1_207,
        cause: Some("lost on the way, 'node-c' to 'node-a' only (sure)".to_owned()),
        class: Some("lost-to-us".to_owned()),
    });
    night.agents = vec![
        agent("node-b", AgentState::Ok),
        agent("node-c", AgentState::Ok),
        AgentView {
            kept_seconds: Some(53.9),
            told: Some(1_211),
            ..agent("node-d", AgentState::Stalled)
        },
        AgentView {
            since: Some("2026-11-22T11:58:00.123456Z".to_owned()),
            ..agent("node-e", AgentState::Left)
        },
    ];
    night
}

#[test]
fn one_look_shows_who_is_lost_on_what_and_whose_agent_it_is() {
    let text = table(&night());
    expect![[r#"
        prod-db  seen by node-a  12:04:31  DEGRADED         1.2s, lost after 2 = 2.55s
        members 4 of 4, 1 left  quorate  epoch 41 (advisory)   config same on all 4
        PEER     MEMBER  PRIVATE        PUBLIC         LOSS 1H  GAP MAX  AGENT
        node-b   yes     up      0.3s   up      0.8s     0.00%    1.24s  ok
        node-c   yes     LOST   14.2s   up      0.5s     0.03%    1.31s  ok
        node-d   yes     LOST    6.1s   LOST    6.1s     0.00%    1.22s  STALLED
        node-e   left    -              -                    -        -  since 11:58
        ! node-d agent silent, host answers: kept as member for 54 s more  explain 1211
        ! node-c on Private Network hears us, but we do not hear it  explain 1207
    "#]]
    .assert_eq(&text);
    assert!(text.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn what_was_counted_for_less_than_an_hour_is_said_to_be() {
    let mut young = night();
    for path in &mut young.paths {
        path.last_hour.seconds = 270.0;
    }
    let text = table(&young);
    let last = text.lines().last().unwrap_or_default();
    assert_eq!(
        last,
        "loss and gaps are those since 12:00:00, when this node's agent was started"
    );
    assert!(!table(&night()).contains("since 12:00:00"));
}

#[test]
fn networks_that_do_not_fit_follow_below_and_long_names_are_cut() {
    let mut wide = night();
    for (number, label) in ["Storage", "Backup", "Management"].iter().enumerate() {
        wide.networks.push(network(label));
        for peer in ["node-b", "node-c"] {
            wide.paths
                .push(path(peer, label, "up", Some(number as f64)));
        }
    }
    for path in &mut wide.paths {
        path.peer = path.peer.replace("node-b", "database-server-in-the-cellar");
    }
    wide.agents[0].peer = "database-server-in-the-cellar".to_owned();
    wide.membership.nodes[1].node = "database-server-in-the-cellar".to_owned();
    let printed = |room| -> String {
        let lines = view::lines(&wide, Zone::Utc, room);
        lines
            .iter()
            .map(|line| line.printed(Style::Plain))
            .collect()
    };
    let narrow = printed(Room::Columns(80));
    expect![[r#"
        prod-db  seen by node-a  12:04:31  DEGRADED         1.2s, lost after 2 = 2.55s
        members 4 of 4, 1 left  quorate  epoch 41 (advisory)   config same on all 4
        PEER                  MEMBER  PRIVATE        LOSS 1H  GAP MAX  AGENT
        database-server-in-~  yes     up      0.3s     0.02%    1.24s  ok
        node-c                yes     LOST   14.2s     0.03%    1.31s  ok
        node-d                yes     LOST    6.1s     0.00%    1.22s  STALLED
        node-e                left    -                    -        -  since 11:58
        PEER                  PUBLIC         STORAGE        BACKUP         MANAGEMENT
        database-server-in-~  up      0.8s   up      0.0s   up      1.0s   up      2.0s
        node-c                up      0.5s   up      0.0s   up      1.0s   up      2.0s
        node-d                LOST    6.1s   -              -              -
        node-e                -              -              -              -
        ! node-d agent silent, host answers: kept as member for 54 s more  explain 1211
        ! node-c on Private Network hears us, but we do not hear it  explain 1207
    "#]]
    .assert_eq(&narrow);
    let endless = printed(Room::Endless);
    assert_eq!(endless.matches("PEER").count(), 1);
    assert!(
        endless.contains("database-server-in-the-cellar  yes"),
        "{endless}"
    );
}

#[test]
fn networks_whose_short_names_are_the_same_keep_their_long_ones() {
    let mut same = night();
    same.networks[0].network = "The very long name of one network".to_owned();
    same.networks[1].network = "The very long name of another".to_owned();
    let text = table(&same);
    let header = text.lines().nth(2).unwrap_or_default();
    assert!(
        header.contains("THE VERY LONG NAME OF ONE NETWORK  THE VERY LONG NAME OF ANOTHER"),
        "{header}"
    );
}

#[test]
fn colours_only_repeat_what_words_say() {
    let lines = view::lines(&night(), Zone::Utc, Room::Endless);
    let coloured: String = lines
        .iter()
        .map(|line| line.printed(Style::Colour))
        .collect();
    assert!(coloured.contains("\x1b[1;31mLOST"), "{coloured:?}");
    let mut plain = String::new();
    let mut code = false;
    for letter in coloured.chars() {
        match letter {
            '\x1b' => code = true,
            'm' if code => code = false,
            letter if !code => plain.push(letter),
            _ => {}
        }
    }
    assert_eq!(plain, table(&night()));
}

#[test]
fn another_configuration_and_an_agent_that_restarts_are_named() {
    let mut night = night();
    night.config_differs = [("node-b".to_owned(), true), ("node-c".to_owned(), false)].into();
    night.agents[1].state = AgentState::Restarting;
    night.agents[2].state = AgentState::Late;
    let text = table(&night);
    assert!(text.contains("config DIFFERS on node-b"), "{text}");
    for end in ["config differs", "restarting", "late"] {
        assert!(
            text.lines().any(|line| line.ends_with(end)),
            "{end}: {text}"
        );
    }
}

#[test]
fn an_older_agents_snapshot_has_no_agents_and_no_hours() {
    let mut value = serde_json::to_value(night()).expect("a snapshot");
    value.as_object_mut().expect("an object").remove("agents");
    for path in value["paths"].as_array_mut().expect("paths") {
        let path = path.as_object_mut().expect("an object");
        path.remove("last_hour");
        path.remove("told");
    }
    let old: Snapshot = serde_json::from_value(value).expect("an older agent's snapshot");
    let text = table(&old);
    assert!(text.contains("node-b   yes     up      0.3s"), "{text}");
}
