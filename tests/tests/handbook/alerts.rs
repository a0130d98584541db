//! The reference of alerts: what the rules say, alert by alert.

use anyhow::{Context, Result, ensure};
use heartbeat_tests::suite::Test;

use crate::document::Document;
use crate::page::{self, Block};
use crate::shell;

pub const TESTS: &[Test] = &[
    (
        "alerts.md has the alerts and rules of Prometheus",
        reference,
    ),
    ("alerts.md has every alert once", sections),
    ("the commands that alerts name can be typed", commands),
];

const RULES: &str = "heartbeat-user/share/prometheus/heartbeat.rules.yml";

/// A rule that records or alerts.
#[derive(Default)]
pub struct Rule {
    /// The alert's name; none where the rule records.
    pub alert: Option<String>,
    record: String,
    expression: Vec<String>,
    facts: Vec<(String, String)>,
}

impl Rule {
    fn fact(&self, key: &str) -> Option<&str> {
        let fact = self.facts.iter().find(|(found, _)| found == key);
        fact.map(|(_, value)| value.as_str())
    }
}

/// The rules, in the order of their file. They have a form of our own making; promtool judges whether it is YAML.
pub fn rules() -> Result<Vec<Rule>> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut in_expression = false;
    for line in Document::read(RULES)?.text.lines() {
        let inside = line.trim();
        if inside.starts_with('#') || inside.is_empty() {
            continue;
        }
        if let Some(name) = inside.strip_prefix("- alert: ") {
            rules.push(Rule {
                alert: Some(name.to_owned()),
                ..Rule::default()
            });
        } else if let Some(name) = inside.strip_prefix("- record: ") {
            rules.push(Rule {
                record: name.to_owned(),
                ..Rule::default()
            });
        }
        let Some(rule) = rules.last_mut() else {
            continue;
        };
        if in_expression && line.starts_with("          ") {
            rule.expression.push(line[10..].to_owned());
            continue;
        }
        in_expression = inside == "expr: |";
        match inside.split_once(": ") {
            Some(("expr", "|")) | None => {}
            Some(("expr", whole)) => rule.expression.push(whole.to_owned()),
            Some((key, value)) => {
                let quoted = value
                    .strip_prefix('"')
                    .and_then(|rest| rest.strip_suffix('"'));
                let value = quoted.map_or(value.to_owned(), |text| text.replace("\\\"", "\""));
                rule.facts.push((key.to_owned(), value));
            }
        }
    }
    ensure!(
        rules.iter().all(|rule| !rule.expression.is_empty()),
        "a rule has no expression"
    );
    Ok(rules)
}

fn reference() -> Result<()> {
    let rules = rules()?;
    let mut blocks = Vec::new();
    for severity in ["page", "ticket", "info"] {
        let of = rules
            .iter()
            .filter(|rule| rule.fact("severity") == Some(severity));
        let text: String = of.map(section).collect();
        blocks.push(Block::new(severity, text));
    }
    let recorded = rules.iter().filter(|rule| rule.alert.is_none());
    let recorded: String = recorded
        .map(|rule| format!("`{}`\n\n{}\n", rule.record, expression(rule)))
        .collect();
    blocks.push(Block::new("recorded", recorded));
    page::compare("alerts.md", &blocks)
}

fn section(rule: &Rule) -> String {
    let name = rule.alert.as_deref().unwrap_or_default();
    let [summary, description] =
        ["summary", "description"].map(|key| rule.fact(key).unwrap_or_default());
    let mut waits = String::new();
    if let Some(time) = rule.fact("for") {
        waits += &format!(" Fires after {time}.");
    }
    if let Some(time) = rule.fact("keep_firing_for") {
        waits += &format!(" Goes on for {time} after its end.");
    }
    format!(
        "### {name}\n\n*{summary}*\n\n{description}\n\n[What to do](runbooks/{name}.md).{waits}\n\n{}\n",
        expression(rule)
    )
}

fn expression(rule: &Rule) -> String {
    format!("```promql\n{}\n```\n", rule.expression.join("\n"))
}

fn sections() -> Result<()> {
    let page = Document::read("heartbeat-user/docs/alerts.md")?;
    let sections = page.sections(3);
    let alerts: Vec<String> = rules()?.into_iter().filter_map(|rule| rule.alert).collect();
    for alert in &alerts {
        let count = sections.iter().filter(|(found, _)| found == alert).count();
        ensure!(count == 1, "{alert} has {count} sections");
    }
    ensure!(10 < alerts.len(), "only {} alerts", alerts.len());
    Ok(())
}

fn commands() -> Result<()> {
    let mut count = 0;
    for rule in rules()? {
        let told = rule.fact("description").unwrap_or_default();
        let Some((_, line)) = told.split_once(": heartbeat ") else {
            continue;
        };
        for words in shell::calls(&format!("heartbeat {line}"))? {
            shell::parse(&words).with_context(|| told.to_owned())?;
            count += 1;
        }
    }
    ensure!(10 < count, "only {count} commands");
    Ok(())
}
