use super::*;
use crate::snapshot::{
    HourView, InterfaceView, MaintenanceView, MemberView, MembershipView, MinuteView, NetworkView,
    PathView,
};

const HOSTILE: &str = "<script>alert('1')</script> \"&amp;";

fn network(label: &str) -> NetworkView {
    let interface = |node: &str| InterfaceView {
        node: node.to_owned(),
        state: "up".to_owned(),
        maintenance: false,
    };
    NetworkView {
        network: label.to_owned(),
        role: "internal".to_owned(),
        address: "10.77.1.1".to_owned(),
        interface: Some("eth0".to_owned()),
        xdp: Some("native".to_owned()),
        xdp_configured: "auto".to_owned(),
        problem: None,
        interval_seconds: 1.2,
        lost_after: 2,
        detection_seconds: 2.55,
        sending: "unicast".to_owned(),
        state: "up".to_owned(),
        interfaces: vec![interface("node-a"), interface("node-b")],
        frames: Default::default(),
    }
}

fn path(peer: &str, network: &str, state: &str) -> PathView {
    PathView {
        peer: peer.to_owned(),
        network: network.to_owned(),
        state: state.to_owned(),
        maintenance: false,
        last_arrival_ns: None,
        last_arrival_unix_seconds: None,
        silent_seconds: Some(14.2),
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
        candidate: false,
        sent: 10_000,
        send_errors: 0,
        send_error: None,
        strains: Vec::new(),
        last_minute: MinuteView::default(),
        last_hour: HourView {
            seconds: 3_600.0,
            expected: 10_000,
            lost: 3,
            largest_gap_seconds: 1.203,
        },
        told: None,
        lost_total: 0,
        restored_total: 1,
    }
}

fn member(node: &str, member: bool) -> MemberView {
    MemberView {
        node: node.to_owned(),
        member,
        votes: 1,
    }
}

fn snapshot(label: &str, state: &str) -> Snapshot {
    Snapshot {
        cluster: "prod-db".to_owned(),
        node: "node-a".to_owned(),
        time: "2026-11-22T12:04:31.000000Z".to_owned(),
        membership: MembershipView {
            takes_part: true,
            view: Some(7),
            epoch: 7,
            stage: "stabilized".to_owned(),
            quorate: true,
            nodes: vec![member("node-a", true), member("node-b", state == "up")],
            ..MembershipView::default()
        },
        networks: vec![network(label)],
        paths: vec![path("node-b", label, state)],
        ..Snapshot::default()
    }
}

fn event(message: &str) -> Recent {
    Recent {
        seq: 1_207,
        time: "2026-11-22T12:04:20.123456Z".to_owned(),
        id: 1123,
        name: "PathLost".to_owned(),
        severity: "warning".to_owned(),
        message: message.to_owned(),
        cause: Some("node-b hears us, we do not hear it".to_owned()),
        maintenance: false,
    }
}

#[test]
fn a_lost_path_is_a_word_and_a_sign_with_its_silence_and_the_command_that_explains_it() {
    let page = render(&snapshot("Private Network", "lost"), &Ok(Vec::new()));
    for part in [
        "<p class=\"verdict bad\">\u{2717} DEGRADED</p>",
        "<td class=\"bad\"><b>\u{2717} LOST</b> <span>14.2 s</span><small>loss\u{a0}0.03%, gap\u{a0}1.203\u{a0}s</small></td>",
        "<li>node-b on Private Network: no heartbeat for 14.2 s <code>heartbeat explain --peer=node-b \
         --network=&#39;Private Network&#39;</code></li>",
        "<li class=\"quiet\"><b>node-b</b> \u{2013} no member, 1 vote</li>",
        "view 7: quorum, 1 of 2 votes, without node-b",
    ] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
}

#[test]
fn every_state_has_a_sign_and_a_word_of_its_own() {
    let states = ["up", "lost", "unknown", "restarting", "left"];
    let look = |state| {
        let page = render(&snapshot("net", state), &Ok(Vec::new()));
        let cell = page.split("<th scope=\"row\">node-b</th>").nth(1);
        let cell = cell.and_then(|rest| rest.split("</b>").next());
        cell.expect("a cell").split("<b>").nth(1).map(str::to_owned)
    };
    let looks: Vec<String> = states.into_iter().filter_map(look).collect();
    let expected = [
        "\u{2713} up",
        "\u{2717} LOST",
        "? unknown",
        "\u{21bb} restarting",
        "\u{2013} left",
    ];
    assert_eq!(looks, expected);
}

#[test]
fn a_cluster_that_is_well_says_so() {
    let page = render(&snapshot("Private Network", "up"), &Ok(Vec::new()));
    assert!(
        page.contains("<p class=\"verdict good\">\u{2713} OK</p>"),
        "{page}"
    );
    assert!(page.contains("Nothing that this node knows of."), "{page}");
    assert!(page.contains("There are none yet."), "{page}");
}

#[test]
fn events_come_with_their_cause_and_the_command_that_explains_them() {
    let events = Ok(vec![event("Path to node-b lost.")]);
    let page = render(&snapshot("Private Network", "lost"), &events);
    for part in [
        "<time>2026-11-22 12:04:20</time>",
        "<td class=\"warn\"><b>! 1123</b><small>PathLost</small></td>",
        "Path to node-b lost.<small class=\"why\">node-b hears us, we do not hear it</small>",
        "<code>heartbeat explain 1207</code>",
    ] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
    let unread = Err("open events.jsonl: denied".to_owned());
    let page = render(&snapshot("Private Network", "lost"), &unread);
    assert!(page.contains("open events.jsonl: denied"), "{page}");
}

#[test]
fn no_free_text_becomes_markup() {
    let mut snapshot = snapshot(HOSTILE, "lost");
    for text in [
        &mut snapshot.cluster,
        &mut snapshot.node,
        &mut snapshot.time,
        &mut snapshot.started,
        &mut snapshot.version,
        &mut snapshot.config_digest,
        &mut snapshot.paths[0].peer,
        &mut snapshot.membership.nodes[0].node,
        &mut snapshot.membership.stage,
    ] {
        *text = HOSTILE.to_owned();
    }
    let network = &mut snapshot.networks[0];
    network.problem = Some(HOSTILE.to_owned());
    network.xdp = Some(HOSTILE.to_owned());
    network.interface = Some(HOSTILE.to_owned());
    network.state = HOSTILE.to_owned();
    network.role = HOSTILE.to_owned();
    network.interfaces[0].state = HOSTILE.to_owned();
    let mut strange = path(HOSTILE, HOSTILE, HOSTILE);
    strange.send_error = Some(HOSTILE.to_owned());
    snapshot.paths.push(strange);
    snapshot.maintenance = vec![MaintenanceView {
        peer: Some(HOSTILE.to_owned()),
        network: Some(HOSTILE.to_owned()),
        why: HOSTILE.to_owned(),
        until: HOSTILE.to_owned(),
        by: HOSTILE.to_owned(),
    }];
    let event = Recent {
        name: HOSTILE.to_owned(),
        time: HOSTILE.to_owned(),
        cause: Some(HOSTILE.to_owned()),
        ..event(HOSTILE)
    };
    let page = render(&snapshot, &Ok(vec![event]));
    assert!(
        !page.contains("<script") && !page.contains("alert('"),
        "{page}"
    );
    let shown = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &quot;&amp;amp;";
    assert!(15 < page.matches(shown).count(), "{page}");
}

#[test]
fn of_very_many_problems_the_first_are_shown_and_the_rest_is_counted() {
    let mut many = snapshot("Private Network", "lost");
    many.paths = (0..4_096)
        .map(|peer| path(&format!("node-{peer}"), "Private Network", "lost"))
        .collect();
    let told = problems::told(&many).len();
    let page = render(&many, &Ok(Vec::new()));
    assert_eq!(
        page.matches("heartbeat explain --peer=").count(),
        PROBLEMS_MAX
    );
    assert!(
        page.contains(&format!("and {} more", told - PROBLEMS_MAX)),
        "{told}"
    );
}

#[test]
fn the_policy_allows_the_style_of_the_page_and_nothing_else() {
    let page = render(&snapshot("Private Network", "up"), &Ok(Vec::new()));
    let style = page
        .split("<style>")
        .nth(1)
        .and_then(|rest| rest.split("</style>").next());
    let digest = STANDARD.encode(Sha256::digest(style.expect("a style")));
    assert!(POLICY.contains(&format!("style-src 'sha256-{digest}'")));
    assert!(POLICY.starts_with("default-src 'none';"));
    for foreign in [
        "<script", " style=", "src=", "<link", "@import", "url(", "http://", "https://",
    ] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}
