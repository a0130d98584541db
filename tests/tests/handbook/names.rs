//! What prose names exists: events by number, metrics, alerts.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use heartbeat_core::event::EventKind;
use heartbeat_tests::suite::Test;

use crate::document::{self, Document};
use crate::{alerts, metrics};

pub const TESTS: &[Test] = &[
    ("every event that documents name exists", events),
    ("every metric that documents name exists", families),
    ("every alert that documents name exists", rules),
];

/// Not metrics, but parts of the code.
const CRATES: [&str; 4] = [
    "heartbeat_core",
    "heartbeat_ebpf",
    "heartbeat_traced",
    "heartbeat_user",
];

/// All words of all documents that `is` picks, with their places.
fn words(is: impl Fn(&str) -> bool) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for document in document::all()? {
        let Document { text, .. } = &document;
        for (number, line) in (1..).zip(text.lines()) {
            let words =
                line.split(|letter: char| !(letter.is_alphanumeric() || "_:".contains(letter)));
            let picked = words
                .map(|word| word.trim_matches(':'))
                .filter(|word| is(word));
            found.extend(picked.map(|word| (word.to_owned(), document.place(number))));
        }
    }
    Ok(found)
}

fn events() -> Result<()> {
    let known: BTreeSet<u32> = EventKind::ALL.iter().map(|kind| kind.id()).collect();
    let families = [("112", 4), ("113", 4), ("117", 4), ("3343", 6)];
    let is_event = |word: &str| {
        let mut families = families.iter();
        families.any(|(begin, digits)| word.starts_with(begin) && word.len() == *digits)
            && word.parse::<u32>().is_ok()
    };
    let named = words(is_event)?;
    for (word, place) in &named {
        let known = word.parse().is_ok_and(|id| known.contains(&id));
        ensure!(known, "{place}: there is no event {word}");
    }
    ensure!(100 < named.len(), "only {} were found", named.len());
    Ok(())
}

fn families() -> Result<()> {
    let families = metrics::families()?;
    let parts = |name: &str| {
        let histogram = families
            .get(name)
            .is_some_and(|family| family.kind == "histogram");
        let ends: &[&str] = if histogram {
            &["_bucket", "_sum", "_count"]
        } else {
            &[]
        };
        ends.iter()
            .map(|end| format!("{name}{end}"))
            .collect::<Vec<_>>()
    };
    let mut known: BTreeSet<String> = families.keys().flat_map(|name| parts(name)).collect();
    known.extend(families.keys().cloned());
    known.extend(CRATES.map(str::to_owned));
    let named = words(|word| word.starts_with("heartbeat_"))?;
    for (word, place) in &named {
        ensure!(known.contains(word), "{place}: there is no metric {word}");
    }
    ensure!(50 < named.len(), "only {} were found", named.len());
    Ok(())
}

fn rules() -> Result<()> {
    let known: BTreeSet<String> = alerts::rules()?
        .into_iter()
        .filter_map(|rule| rule.alert)
        .collect();
    let is_alert = |word: &str| {
        let rest = word.strip_prefix("Heartbeat");
        rest.is_some_and(|rest| rest.starts_with(|letter: char| letter.is_uppercase()))
    };
    let named = words(is_alert)?;
    for (word, place) in &named {
        ensure!(known.contains(word), "{place}: there is no alert {word}");
    }
    ensure!(40 < named.len(), "only {} were found", named.len());
    Ok(())
}
