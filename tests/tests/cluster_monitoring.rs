//! Real agents, scraped by a real Prometheus with the rules and examples that are installed beside them, and
//! alerts that a real Alertmanager routes.
//!
//! A rule or a panel that names a metric or a label that does not exist selects nothing, for ever, and looks
//! well. So every selector of theirs is asked for here, apart from its comparison: series of a known set of states
//! exist while none of them holds.

use std::collections::BTreeSet;
use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::cast::C;
use heartbeat_tests::lab::plan::Plan;
use heartbeat_tests::lab::{Lab, requirements, wait};
use heartbeat_tests::scrape::{self, Monitoring};
use heartbeat_tests::suite::{Suite, Test, in_lab};
use serde_json::Value;

/// What may pass until something happens on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
const AGREED: Duration = Duration::from_secs(20);

const TESTS: &[Test] = &[
    (
        "every selector of the rules and the dashboard selects series of real agents",
        selectors,
    ),
    (
        "a node cut off is one page, which ends when it is back",
        cut_off,
    ),
];

fn main() -> ExitCode {
    Suite {
        missing,
        threads: 1,
        tests: &[TESTS],
    }
    .run()
}

fn missing() -> Option<String> {
    let lacks = ["prometheus", "prometheus-alertmanager"]
        .into_iter()
        .find(|server| !requirements::is_installed(server));
    let lacking = lacks.map(|server| {
        format!("the program {server} is not installed; `cargo xtask test` fetches it")
    });
    lacking.or_else(requirements::missing_for_agents)
}

/// Three nodes, and a client network so that each role is there.
fn plan() -> Plan {
    Plan::nodes(3)
        .three_networks()
        .timing(Duration::from_millis(200), 3)
}

fn in_monitored_lab(story: impl FnOnce(&mut Lab, &Monitoring) -> Result<()>) -> Result<()> {
    in_lab(plan(), |lab| {
        scrape::open_metrics(lab)?;
        lab.start_agents()?;
        lab.wait_all_up()?;
        lab.wait_all_well(AGREED)?;
        let monitoring = Monitoring::start(lab)?;
        wait::until("all agents to be scraped", LIMIT, || {
            let up = monitoring.query("up{job=\"heartbeat\"} == 1")?;
            Ok((up.len() == 3).then_some(()))
        })?;
        story(lab, &monitoring)
    })
}

fn selectors() -> Result<()> {
    in_monitored_lab(|_, monitoring| {
        let recorded = wait_for_rules(monitoring)?;
        let mut asked = 0;
        for expression in expressions(monitoring)? {
            monitoring.query(&expression)?;
            for (name, matchers) in selected(&expression) {
                if recorded.contains(&name) {
                    continue;
                }
                for selector in askable(&name, &matchers) {
                    let found = monitoring.query(&selector)?;
                    ensure!(!found.is_empty(), "nothing is {selector}, of {expression}");
                    asked += 1;
                }
            }
        }
        ensure!(40 < asked, "only {asked} selectors were asked for");
        Ok(())
    })
}

/// Waits until every rule was evaluated, and says what they record.
fn wait_for_rules(monitoring: &Monitoring) -> Result<BTreeSet<String>> {
    let rules = wait::until("all rules to be well", LIMIT, || {
        let rules = monitoring.rules()?;
        let well = !rules.is_empty() && rules.iter().all(|rule| rule["health"] == "ok");
        Ok(well.then_some(rules))
    })?;
    let recording = rules.iter().filter(|rule| rule["type"] == "recording");
    Ok(recording
        .filter_map(|rule| rule["name"].as_str())
        .map(str::to_owned)
        .collect())
}

/// Those of the rules as Prometheus read them, and those of the dashboard.
fn expressions(monitoring: &Monitoring) -> Result<Vec<String>> {
    let mut found: Vec<String> = monitoring
        .rules()?
        .iter()
        .filter_map(|rule| rule["query"].as_str())
        .map(str::to_owned)
        .collect();
    let file = scrape::share().join("grafana/heartbeat.json");
    let text = fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
    let before = found.len();
    collect(&serde_json::from_str(&text)?, &mut found);
    ensure!(before < found.len(), "the dashboard asks for nothing");
    Ok(found)
}

/// Every query below, with Grafana's variables filled in.
fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let query = fields.get("expr").and_then(Value::as_str);
            found.extend(query.map(|query| {
                query
                    .replace("$__rate_interval", "1m")
                    .replace("$cluster", ".+")
            }));
            fields.values().for_each(|value| collect(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

/// Each metric that an expression names, with what stands between its braces.
fn selected(expression: &str) -> Vec<(String, String)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(start) = rest.find(is_name) {
        let end = rest[start..]
            .find(|c| !is_name(c))
            .map_or(rest.len(), |n| start + n);
        let name = &rest[start..end];
        rest = &rest[end..];
        if !(name.starts_with("heartbeat_") || name == "up" || name.contains(':')) {
            continue;
        }
        let mut matchers = "";
        if let Some((inside, after)) = rest.strip_prefix('{').and_then(|s| s.split_once('}')) {
            (matchers, rest) = (inside, after);
        }
        found.push((name.to_owned(), matchers.to_owned()));
    }
    found
}

/// What must select something: the metric, each label that is asked for, and each value that is wanted.
fn askable(name: &str, matchers: &str) -> Vec<String> {
    let mut asked = vec![name.to_owned()];
    for matcher in matchers
        .split(',')
        .map(str::trim)
        .filter(|text| !text.is_empty())
    {
        let label = matcher.split(['=', '!']).next().unwrap_or_default();
        asked.push(format!("{name}{{{label}!=\"\"}}"));
        let Some((_, values)) = matcher.split_once('=').filter(|_| !matcher.contains("!=")) else {
            continue;
        };
        for value in values.trim_start_matches('~').trim_matches('"').split('|') {
            asked.push(format!("{name}{{{label}=~\"{value}\"}}"));
        }
    }
    asked
}

fn cut_off() -> Result<()> {
    in_monitored_lab(|lab, monitoring| {
        wait_for_rules(monitoring)?;
        let quiet = monitoring.query("ALERTS{alertstate=\"firing\"}")?;
        ensure!(quiet.is_empty(), "alerts fire while all is well: {quiet:?}");
        let cut = lab.split(&[C])?;
        wait::until(
            "the page about node-c, and the ticket that it inhibits",
            LIMIT,
            || {
                let alerts = monitoring.alerts()?;
                let paged = alerts
                    .iter()
                    .any(|a| is(a, "HeartbeatMemberRemoved", "active"));
                let inhibited = alerts
                    .iter()
                    .any(|a| is(a, "HeartbeatPathLost", "suppressed"));
                Ok((paged && inhibited).then_some(()))
            },
        )?;
        wait::until("the page to be told", LIMIT, || {
            Ok((pages(monitoring, "firing") == 1).then_some(()))
        })?;
        ensure!(0 < cut.dropped()?, "nothing was cut");
        cut.heal()?;
        wait::until("the page to be taken back", LIMIT, || {
            Ok((0 < pages(monitoring, "resolved")).then_some(()))
        })?;
        let told = about(monitoring);
        ensure!(
            told.iter().all(|group| group == "node-c"),
            "pages went out about {told:?}"
        );
        Ok(())
    })
}

fn is(alert: &Value, name: &str, state: &str) -> bool {
    alert["labels"]["alertname"] == name
        && alert["labels"]["peer"] == "node-c"
        && alert["status"]["state"] == state
}

fn notes(monitoring: &Monitoring) -> Vec<Value> {
    let mut told = monitoring.told();
    told.retain(|note| note["receiver"] == "pager");
    told
}

/// How many notifications of this status the pager got.
fn pages(monitoring: &Monitoring, status: &str) -> usize {
    let notes = notes(monitoring);
    notes.iter().filter(|note| note["status"] == status).count()
}

/// Whom the pager was told of.
fn about(monitoring: &Monitoring) -> BTreeSet<String> {
    let peer = |note: &Value| {
        note["groupLabels"]["peer"]
            .as_str()
            .unwrap_or("nobody")
            .to_owned()
    };
    notes(monitoring).iter().map(peer).collect()
}
