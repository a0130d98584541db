//! Reading the rules of nftables, as `nft -j list ruleset` prints them.
//!
//! The awkward case is a rule that names our port in one of many ways: a number, a range, a set. A rule is therefore
//! searched as a whole for the number and for ranges around it, and what a named set holds is not known.

use serde_json::Value;

use super::child;
use crate::diagnose::facts::{Chain, DropRule, Firewall};
use crate::diagnose::reading::{Counters, Reading};

const PORT: u64 = heartbeat_ebpf::wire::PORT as u64;
/// Rules that are looked at.
const RULES_MAX: usize = 10_000;

/// The rules of this network namespace.
pub fn look() -> Reading<Firewall> {
    child::run("nft", &["-j", "list", "ruleset"]).understood("what nft prints", |text| parse(&text))
}

fn parse(text: &str) -> Option<Firewall> {
    let all: Value = serde_json::from_str(text).ok()?;
    let all = all.get("nftables")?.as_array()?;
    let rules: Vec<&Value> = all
        .iter()
        .filter_map(|item| item.get("rule"))
        .take(RULES_MAX)
        .collect();
    let mut firewall = Firewall::default();
    let mut counted = Vec::new();
    for (number, rule) in rules.iter().enumerate() {
        let expressions = rule
            .get("expr")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        if !has(expressions, "drop") && !has(expressions, "reject") {
            continue;
        }
        let handle = rule
            .get("handle")
            .and_then(Value::as_u64)
            .unwrap_or(number as u64);
        let place = format!("{} rule {handle}", place(rule, "chain"));
        let counter = expressions
            .iter()
            .find_map(|part| part.get("counter")?.get("packets")?.as_u64());
        counted.extend(counter.map(|packets| (place.clone(), packets)));
        firewall.drops.push(DropRule {
            place,
            names_port: expressions.iter().any(names_port),
            counts: counter.is_some(),
        });
    }
    firewall.counters = Counters::of(counted);
    firewall.chains = all
        .iter()
        .filter_map(|item| chain(item.get("chain")?, &rules))
        .collect();
    Some(firewall)
}

/// A chain at a hook; `None` for one that others jump to.
fn chain(chain: &Value, rules: &[&Value]) -> Option<Chain> {
    let same_table = |rule: &&&Value| {
        ["family", "table"]
            .iter()
            .all(|key| rule.get(key) == chain.get(key))
    };
    let accepts = |rule: &&Value| {
        let parts = rule
            .get("expr")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        has(parts, "accept") && parts.iter().any(names_port)
    };
    Some(Chain {
        place: place(chain, "name"),
        hook: chain.get("hook")?.as_str()?.to_owned(),
        drops: chain.get("policy").and_then(Value::as_str) == Some("drop"),
        accepts_port: rules.iter().filter(same_table).any(accepts),
    })
}

fn has(expressions: &[Value], verdict: &str) -> bool {
    expressions.iter().any(|part| part.get(verdict).is_some())
}

fn place(item: &Value, name: &str) -> String {
    let word = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or("?");
    format!("{} {} {}", word("family"), word("table"), word(name))
}

/// Whether a number, or a range, in it is our port.
fn names_port(expression: &Value) -> bool {
    match expression {
        Value::Number(number) => number.as_u64() == Some(PORT),
        Value::Array(items) => items.iter().any(names_port),
        Value::Object(fields) => {
            let range = fields.get("range").and_then(Value::as_array);
            let bounds =
                range.map(|bounds| bounds.iter().filter_map(Value::as_u64).collect::<Vec<_>>());
            let within = bounds.is_some_and(
                |bounds| matches!(bounds[..], [low, high] if low <= PORT && PORT <= high),
            );
            // What was counted is no port.
            let parts = fields.iter().filter(|(key, _)| *key != "counter");
            within || parts.map(|(_, part)| part).any(names_port)
        }
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULESET: &str = r#"{"nftables": [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}},
      {"table": {"family": "inet", "name": "filter", "handle": 1}},
      {"chain": {"family": "inet", "table": "filter", "name": "input", "handle": 1, "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}},
      {"chain": {"family": "inet", "table": "filter", "name": "helper", "handle": 2}},
      {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 4, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": {"set": [53, {"range": [3000, 4000]}]}}}, {"counter": {"packets": 12, "bytes": 900}}, {"drop": null}]}},
      {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 5, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 22}}, {"counter": {"packets": 3343, "bytes": 0}}, {"reject": {"type": "tcp reset"}}]}},
      {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 6, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 3343}}, {"accept": null}]}}]}"#;

    #[test]
    fn rules_that_drop_are_found_with_what_they_counted() {
        let firewall = parse(RULESET).expect("a ruleset");
        let [ours, other] = &firewall.drops[..] else {
            panic!("{:?}", firewall.drops);
        };
        assert_eq!(ours.place, "inet filter input rule 4");
        assert!(ours.names_port && ours.counts);
        assert_eq!(firewall.counters.get(&ours.place).total, 12);
        assert!(!other.names_port, "what it counted is no port");
        let [chain] = &firewall.chains[..] else {
            panic!("{:?}", firewall.chains);
        };
        assert!(chain.drops && chain.accepts_port);
        assert_eq!(
            (chain.place.as_str(), chain.hook.as_str()),
            ("inet filter input", "input")
        );
    }

    #[test]
    fn odd_answers_are_no_ruleset_and_no_rules_are_one() {
        for odd in ["", "{}", "[]", r#"{"nftables": 7}"#] {
            assert_eq!(parse(odd), None, "{odd}");
        }
        assert_eq!(
            parse(r#"{"nftables": [{"rule": {}}, 7]}"#),
            Some(Firewall::default())
        );
    }
}
