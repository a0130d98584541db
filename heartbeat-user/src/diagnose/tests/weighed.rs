//! Which findings fit what has happened.

use super::*;

fn order(findings: &[Finding]) -> Vec<&str> {
    let suspicious = findings.iter().filter(|finding| finding.is_suspicious());
    suspicious.map(|finding| finding.rule.as_str()).collect()
}

/// A host with an old oddity, a log line of two minutes ago, and a loss.
fn troubled(loss_ago: f64) -> Facts {
    let mut facts = healthy();
    eth1(&mut facts).xdp_own = Reading::Known(Own::Foreign);
    let line = crate::diagnose::facts::LogLine {
        at_unix_seconds: NOW - 120.0,
        text: "igb: eth1: NIC Link is Down".to_owned(),
    };
    facts.kernel.log = Reading::Known(vec![line]);
    let mut event = happened(17, 1123, loss_ago);
    event.network = Some(label("private"));
    agent_of(&mut facts).events.push(event);
    facts
}

#[test]
fn what_changed_at_the_time_of_a_loss_comes_first() {
    let found = findings(&troubled(118.0), &Focus::default());
    assert_eq!(order(&found), ["device-log", "other-programs"]);
    assert_eq!(found[0].fits, [17]);
    let found = findings(&troubled(600.0), &Focus::default());
    assert_eq!(found[1].fits, Vec::<u64>::new());
}

#[test]
fn what_moves_now_fits_a_loss_of_now_only() {
    for (ago, fits) in [(10.0, vec![17]), (600.0, vec![])] {
        let mut facts = troubled(ago);
        eth1(&mut facts).counters.set("rx_crc_errors", 20, 9);
        let found = findings(&facts, &Focus::default());
        let errors = found
            .iter()
            .find(|finding| finding.rule == "frame-errors")
            .expect("found");
        assert_eq!(errors.fits, fits, "a loss {ago} s ago");
    }
}

#[test]
fn a_question_about_one_network_leaves_out_the_others() {
    let mut facts = healthy();
    eth1(&mut facts).carrier = false;
    facts.networks[1].peers[1].state = Some("failed".to_owned());
    let ask = |peer: Option<&str>, network: Option<&str>| {
        let focus = Focus {
            peer: peer.map(str::to_owned),
            network: network.map(label),
        };
        let found = findings(&facts, &focus);
        order(&found)
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(ask(None, None), ["carrier", "neighbours"]);
    assert_eq!(ask(None, Some("private")), ["carrier"]);
    assert_eq!(ask(None, Some("public")), ["neighbours"]);
    assert_eq!(ask(Some("node-b"), None), ["carrier"]);
    assert_eq!(ask(Some("node-c"), Some("public")), ["neighbours"]);
}
