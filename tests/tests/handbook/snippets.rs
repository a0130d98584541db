//! What documents show to be typed: configurations that the parser takes, and command lines that are none of our
//! inventions.

use anyhow::{Context, Result, ensure};
use heartbeat_tests::suite::Test;
use heartbeat_user::config::Cluster;

use crate::document::{self, Document};
use crate::example;
use crate::shell;

pub const TESTS: &[Test] = &[
    (
        "the parser takes every configuration that documents show",
        configurations,
    ),
    (
        "every command line that documents show can be typed",
        command_lines,
    ),
];

fn configurations() -> Result<()> {
    let mut count = 0;
    for document in document::all()? {
        for fence in document
            .fences()
            .iter()
            .filter(|fence| fence.language == "toml")
        {
            let place = document.place(fence.line);
            let whole = fence.body.contains("[cluster]\n") && fence.body.contains("[nodes.");
            let text = if whole {
                fence.body.clone()
            } else {
                example::merged(&fence.body).with_context(|| place.clone())?
            };
            Cluster::parse(&text, &place)?;
            count += 1;
        }
    }
    ensure!(5 <= count, "only {count} configurations were found");
    Ok(())
}

fn command_lines() -> Result<()> {
    let mut count = 0;
    for document in document::all()? {
        for (line, text) in shown(&document) {
            let place = document.place(line);
            for words in shell::calls(&text).with_context(|| place.clone())? {
                shell::parse(&words).with_context(|| format!("{place}: {text}"))?;
                count += 1;
            }
        }
    }
    ensure!(100 < count, "only {count} command lines were found");
    Ok(())
}

/// Lines of shell in blocks, and spans that begin with the program's name.
fn shown(document: &Document) -> Vec<(usize, String)> {
    let mut shown = Vec::new();
    for fence in document.fences() {
        if ["sh", ""].contains(&fence.language.as_str()) {
            let lines = (fence.line..).zip(fence.body.lines());
            shown.extend(lines.map(|(number, line)| (number, line.to_owned())));
        }
    }
    let spans = document.spans().into_iter();
    let calls = spans.filter(|(_, span)| {
        ["heartbeat ", "sudo heartbeat "]
            .iter()
            .any(|begin| span.starts_with(begin))
    });
    shown.extend(calls.map(|(number, span)| (number, span.to_owned())));
    shown
}
