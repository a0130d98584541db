//! What a person sees.

use expect_test::expect;

use super::*;
use crate::diagnose::render::{Style, text};
use crate::diagnose::weigh;

#[test]
fn a_healthy_host_is_a_few_lines() {
    let facts = healthy();
    let found = findings(&facts, &Focus::default());
    let shown = text(&facts, &found, &[], Style::Plain);
    assert!(
        shown.starts_with("node-a: nothing suspicious; no loss within the hour"),
        "{shown}"
    );
    assert!(
        shown.lines().all(|line| line.chars().count() <= 80),
        "{shown}"
    );
    assert!(shown.lines().count() < 20, "{shown}");
}

#[test]
fn suspicions_come_first_each_with_what_to_do() {
    let mut facts = healthy();
    facts.load.known.clear();
    facts.clocks.synchronised = Reading::Known(false);
    facts.firewall =
        Reading::Unreadable("nft: Operation not permitted (you must be root)".to_owned());
    eth1(&mut facts).counters.set("rx_crc_errors", 20, 9);
    let event = happened(17, 1123, 10.0);
    agent_of(&mut facts).events.push(event);
    let focus = Focus {
        peer: None,
        network: Some(label("private")),
    };
    let found = findings(&facts, &focus);
    let losses = weigh::losses(&facts, &focus);
    let shown = text(&facts, &found, &losses, Style::Plain);
    let upper = shown.split("   fine").next().unwrap_or_default();
    expect![[r#"
        node-a: 2 suspicious; one loss within the hour, event 17
        two looks, 1.0 s apart

        !! frame-errors         eth1 got broken frames: 9 while we looked, 20 in all
                                [Private Network] (fits event 17)
                                -> try another cable; if it is full duplex here, look
                                for half duplex at its other end
        !  time-synchronisation nothing disciplines the wall clock: events of nodes
                                can't be compared
                                -> run chrony or the like; verdicts do not need it
        ?  firewall             nft: Operation not permitted (you must be root)
    "#]]
    .assert_eq(upper);
}
