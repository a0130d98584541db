//! The reference of metrics: what an agent's page has, by its own HELP and TYPE lines.
//!
//! The page is rendered from a snapshot with one of everything; `cluster_metrics` holds what a real agent serves
//! against the same document.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_ebpf::verdict::{Fate, Verdict};
use heartbeat_tests::suite::Test;
use heartbeat_user::lateness::{Lateness, Part};
use heartbeat_user::message::verdict as message;
use heartbeat_user::metrics::render;
use heartbeat_user::snapshot::Snapshot;

use crate::document::Document;
use crate::page::{self, Block, head, row};

pub const TESTS: &[Test] = &[
    ("metrics.md has the metrics of an agent's page", reference),
    ("metrics.md says what every verdict means", verdicts),
];

/// One of everything that a page shows.
const SNAPSHOT: &str = include_str!("snapshot.json");

/// One metric.
#[derive(Default)]
pub struct Family {
    pub kind: String,
    help: String,
    labels: BTreeSet<String>,
}

/// Every metric of an agent's page, by name.
pub fn families() -> Result<BTreeMap<String, Family>> {
    let snapshot: Snapshot = serde_json::from_str(SNAPSHOT).context("snapshot.json")?;
    let lateness = Lateness::new()?;
    for part in [Part::Loop, Part::Sender] {
        lateness.record(part, Duration::from_millis(1));
    }
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    for line in render(&snapshot, &lateness)?.lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|l| l.split_once(' ')) {
            families.entry(name.to_owned()).or_default().help = help.to_owned();
        } else if let Some((name, kind)) =
            line.strip_prefix("# TYPE ").and_then(|l| l.split_once(' '))
        {
            families.entry(name.to_owned()).or_default().kind = kind.to_owned();
        } else if let Some((name, labels)) = line.split_once('{') {
            let family = families.get_mut(name);
            let family = family.into_iter().flat_map(|family| {
                let labels = labels
                    .split("\",")
                    .filter_map(|label| label.split_once('='));
                labels.map(|(label, _)| family.labels.insert(label.to_owned()))
            });
            family.for_each(drop);
        }
    }
    ensure!(30 < families.len(), "only {} metrics", families.len());
    Ok(families)
}

fn reference() -> Result<()> {
    let families = families()?;
    let mut blocks = Vec::new();
    for (name, of) in [("metrics", "heartbeat_"), ("process", "process_")] {
        let mut table = head(&["metric", "type", "labels", "says"]);
        for (name, family) in families.iter().filter(|(name, _)| name.starts_with(of)) {
            let labels: Vec<String> = family.labels.iter().map(|l| format!("`{l}`")).collect();
            table += &row(&[
                &format!("`{name}`"),
                &family.kind,
                &labels.join(", "),
                &family.help,
            ]);
        }
        blocks.push(Block::new(name, table));
    }
    let mut table = head(&["verdict", "the frame"]);
    for verdict in Verdict::ALL {
        let fate = match verdict.fate() {
            Fate::Pass => "goes on up the stack",
            Fate::Drop => "ends here",
            Fate::Reply => "is turned into the answer",
        };
        table += &row(&[&format!("`{}`", verdict.label()), fate]);
    }
    blocks.push(Block::new("verdicts", table));
    page::compare("metrics.md", &blocks)
}

/// A block says which there are, and the prose behind it what each means.
fn verdicts() -> Result<()> {
    let frames = Verdict::ALL.iter().map(|verdict| verdict.label());
    meant("Verdicts", &frames.collect::<Vec<_>>())?;
    let datagrams = message::Verdict::ALL.iter().map(|verdict| verdict.label());
    meant("Verdicts on messages", &datagrams.collect::<Vec<_>>())
}

fn meant(heading: &str, labels: &[&str]) -> Result<()> {
    let page = Document::read("heartbeat-user/docs/metrics.md")?;
    let sections = page.sections(2);
    let section = sections.iter().find(|(found, _)| *found == heading);
    let (_, text) = section.with_context(|| format!("no section `## {heading}`"))?;
    let prose = text.rsplit_once("<!-- end -->");
    let prose = prose.map_or(text.as_str(), |(_, prose)| prose);
    for label in labels {
        ensure!(
            prose.contains(&format!("`{label}`")),
            "nothing is said of {label}"
        );
    }
    Ok(())
}
