//! Links between documents lead somewhere, to the heading that they name.

use anyhow::{Context, Result, ensure};
use heartbeat_tests::suite::Test;

use crate::document::{self, Document};

pub const TESTS: &[Test] = &[
    ("links between documents lead somewhere", links),
    ("the handbook's index has every page", index),
];

fn links() -> Result<()> {
    let mut count = 0;
    for document in document::all()? {
        for (line, link) in document.links() {
            if link.contains("://") {
                continue;
            }
            follow(&document, link).with_context(|| format!("{}: {link}", document.place(line)))?;
            count += 1;
        }
    }
    ensure!(60 < count, "only {count} links were found");
    Ok(())
}

fn follow(from: &Document, link: &str) -> Result<()> {
    let (file, anchor) = match link.split_once('#') {
        Some((file, anchor)) => (file, Some(anchor)),
        None => (link, None),
    };
    let folder = from.path.parent().context("a document lies in a folder")?;
    let target = if file.is_empty() {
        from.path.clone()
    } else {
        folder.join(file)
    };
    ensure!(
        document::root().join(&target).exists(),
        "there is no such file"
    );
    if let Some(anchor) = anchor {
        let anchors = Document::read(target)?.anchors();
        ensure!(
            anchors.iter().any(|found| found == anchor),
            "there is no such heading"
        );
    }
    Ok(())
}

fn index() -> Result<()> {
    let index = Document::read("heartbeat-user/docs/README.md")?;
    let linked: Vec<&str> = index.links().into_iter().map(|(_, link)| link).collect();
    for document in document::all()? {
        let Ok(page) = document.path.strip_prefix("heartbeat-user/docs") else {
            continue;
        };
        let page = page.to_string_lossy();
        if page != "README.md" && !page.contains('/') {
            ensure!(linked.contains(&&*page), "it does not lead to {page}");
        }
    }
    Ok(())
}
