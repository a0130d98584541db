//! One host a cause, and the rules that find it.

use super::*;

mod cables;
mod hosts;
mod nodes;
mod towers;

/// What is wrong, the causes of which it is a sign, and the rules that say so, and no others.
struct Case {
    what: &'static str,
    signs_of: &'static [Cause],
    rules: &'static [&'static str],
    make: fn(&mut Facts),
}

fn cases() -> impl Iterator<Item = &'static Case> {
    let all = [cables::CASES, towers::CASES, hosts::CASES, nodes::CASES];
    all.into_iter().flatten()
}

fn counter(name: &'static str, lately: u64) -> impl Fn(&mut Counters) {
    move |counters| counters.set(name, 10 + lately, lately)
}

fn tower(facts: &mut Facts, change: impl Fn(&mut Port)) {
    let mut below = port("eth3", "private");
    below.master = Some("eth1".to_owned());
    change(&mut below);
    facts.ports.known_mut().expect("known").push(below);
}

fn losses(facts: &mut Facts, network: &str, ago: &[f64]) {
    for seconds in ago {
        let seq = agent_of(facts).events.len() as u64 + 1;
        let mut event = happened(seq, 1123, *seconds);
        event.network = Some(label(network));
        agent_of(facts).events.push(event);
    }
}

#[test]
fn each_trouble_is_found_by_its_rules_and_no_others() {
    for case in cases() {
        let mut facts = healthy();
        (case.make)(&mut facts);
        let judged = rules::judge(&facts);
        let expected: BTreeSet<&str> = case.rules.iter().copied().collect();
        assert_eq!(accusers(&judged), expected, "{}", case.what);
        for sign in case.signs_of {
            let signs = judged.iter().any(|finding| finding.causes.contains(sign));
            assert!(signs, "{} is a sign of {sign:?}", case.what);
        }
        let suspicious = judged.iter().filter(|finding| finding.is_suspicious());
        for finding in suspicious {
            assert!(
                !finding.line.is_empty() && finding.line.len() <= 140,
                "{}",
                finding.line
            );
        }
    }
}

#[test]
fn every_cause_that_the_procedure_names_is_found() {
    let named = Cause::ALL
        .iter()
        .filter(|cause| cause.origin() == Origin::Procedure);
    for cause in named {
        let found = cases().any(|case| case.signs_of.contains(cause));
        assert!(found, "no host of these shows {cause:?}");
    }
}

#[test]
fn every_rule_accuses_some_host() {
    let accusing: BTreeSet<&str> = cases()
        .flat_map(|case| case.rules.iter().copied())
        .collect();
    // What was announced is no trouble, and whoever does not answer may be away.
    let never = ["announced", "peer-answers"];
    let all = rules::all()
        .map(|rule| rule.id)
        .filter(|id| !never.contains(id));
    assert_eq!(accusing, all.collect());
}

#[test]
fn what_was_announced_accuses_nobody() {
    let mut facts = healthy();
    losses(&mut facts, "private", &[100.0, 90.0]);
    agent_of(&mut facts)
        .events
        .push(happened(9, 334_304, 110.0));
    let judged = rules::judge(&facts);
    assert_eq!(accusers(&judged), BTreeSet::new());
    let said = judged
        .iter()
        .find(|finding| finding.rule == "announced")
        .expect("a rule");
    assert!(said.line.starts_with("2 losses"), "{}", said.line);
}
