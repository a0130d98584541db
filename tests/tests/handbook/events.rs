//! The reference of events: numbers, names, severities, texts and evidence from the catalogue, and what to do beside
//! them.

use anyhow::{Context, Result, ensure};
use heartbeat_core::event::EventKind;
use heartbeat_tests::suite::Test;
use heartbeat_user::config::Cluster;
use heartbeat_user::record::Evidence;

use crate::document::Document;
use crate::example;
use crate::page::{self, Block, head, row};
use crate::samples;

pub const TESTS: &[Test] = &[
    ("events.md has the catalogue's events", catalogue),
    ("events.md says of every event what to do", advice),
];

/// Of the events that have one, the text and the evidence that only they have.
struct Told {
    text: String,
    evidence: Vec<String>,
}

fn catalogue() -> Result<()> {
    let mut blocks = vec![Block::new("events", table())];
    for kind in EventKind::ALL {
        blocks.push(Block::new(format!("event {}", kind.id()), told(*kind)?));
    }
    page::compare("events.md", &blocks)
}

fn table() -> String {
    let mut table = head(&["id", "name", "severity"]);
    for kind in EventKind::ALL {
        let (id, name) = (kind.id(), kind.name());
        let anchor = name.to_lowercase();
        table += &row(&[
            &format!("[{id}](#{id}-{anchor})"),
            name,
            kind.severity().label(),
        ]);
    }
    table
}

fn told(kind: EventKind) -> Result<String> {
    let severity = kind.severity().label();
    let Some(Told { text, evidence }) = sample(kind)? else {
        return Ok(format!("Severity {severity}."));
    };
    let evidence = match &evidence[..] {
        [] => "only when it was judged and written".to_owned(),
        names => format!("`{}`", names.join("`, `")),
    };
    Ok(format!(
        "Severity {severity}. Evidence: {evidence}.\n\n> {text}"
    ))
}

fn sample(kind: EventKind) -> Result<Option<Told>> {
    let Some(event) = samples::of(kind) else {
        return Ok(None);
    };
    ensure!(event.kind() == kind, "the sample of {kind:?} is another's");
    let cluster = Cluster::parse(&example::text()?, example::FILE)?;
    let text = event.message(&cluster.core(&cluster.nodes[0]));
    let evidence = serde_json::to_value(Evidence::of(&event))?;
    let evidence = evidence.as_object().context("evidence is an object")?;
    let own = evidence.keys().filter(|key| *key != "judged_ns");
    Ok(Some(Told {
        text: text.context("the example has no such path")?,
        evidence: own.cloned().collect(),
    }))
}

fn advice() -> Result<()> {
    let page = Document::read("heartbeat-user/docs/events.md")?;
    let sections = page.sections(3);
    for kind in EventKind::ALL {
        let heading = format!("{} {}", kind.id(), kind.name());
        let section = sections.iter().find(|(found, _)| *found == heading);
        let (_, text) = section.with_context(|| format!("no section `### {heading}`"))?;
        let (_, advice) = text
            .split_once("**What to do.**")
            .with_context(|| format!("{heading} does not say **What to do.**"))?;
        ensure!(!advice.trim().is_empty(), "{heading} says nothing");
    }
    let events = sections.iter().filter(|(heading, _)| {
        let number = heading.split(' ').next().unwrap_or_default();
        number.parse::<u32>().is_ok()
    });
    let count = events.count();
    ensure!(count == EventKind::ALL.len(), "{count} sections of events");
    Ok(())
}
