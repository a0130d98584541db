//! A page of the handbook with blocks that are generated.
//!
//! Prose and reference stand on one page, because who looks up an event wants both. So the page is what is kept, and
//! only the blocks in it are written anew; a block that is missing, or that nobody generates any more, is a mistake.

use std::env;
use std::fs;

use anyhow::{Context, Result, bail, ensure};

use crate::document::{self, Document};

/// How the handbook is renewed.
const RENEW: &str = "UPDATE_EXPECT=1 cargo test -p heartbeat-tests --test handbook";
const BEGIN: &str = "<!-- generated: ";
const END: &str = "<!-- end -->";

/// What is generated: a name, and the lines.
pub struct Block {
    pub name: String,
    pub text: String,
}

impl Block {
    /// A block of this name.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Block {
            name: name.into(),
            text: text.into(),
        }
    }
}

/// Compares the page in `heartbeat-user/docs` with these blocks, or writes them into it where that is asked for.
pub fn compare(name: &str, blocks: &[Block]) -> Result<()> {
    let page = Document::read(format!("heartbeat-user/docs/{name}"))?;
    let fresh = filled(&page.text, blocks).with_context(|| name.to_owned())?;
    if fresh == page.text {
        return Ok(());
    }
    if env::var_os("UPDATE_EXPECT").is_some() {
        return Ok(fs::write(document::root().join(&page.path), fresh)?);
    }
    let old = page.text.lines().chain([""]);
    let differs = (1..).zip(old.zip(fresh.lines().chain([""])));
    let first = differs.into_iter().find(|(_, (old, new))| old != new);
    let (line, (old, new)) = first.context("the page ends elsewhere")?;
    bail!(
        "{} is not what the code says.\n  has:   {old}\n  wants: {new}\nRead what changed, and renew it: {RENEW}",
        page.place(line)
    );
}

/// The page with these blocks in the places of the old ones.
fn filled(page: &str, blocks: &[Block]) -> Result<String> {
    let mut fresh = String::new();
    let mut seen = Vec::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (name, after) = after.split_once(" -->\n").context("a mark has no end")?;
        let (_, after) = after
            .split_once(END)
            .with_context(|| format!("block {name:?} has no {END}"))?;
        let block = blocks.iter().find(|block| block.name == name);
        let block = block.with_context(|| format!("nothing generates the block {name:?}"))?;
        seen.push(name);
        fresh += &format!(
            "{before}{BEGIN}{name} -->\n{}\n{END}",
            block.text.trim_end()
        );
        rest = after;
    }
    fresh += rest;
    let missing = blocks
        .iter()
        .find(|block| !seen.contains(&block.name.as_str()));
    if let Some(Block { name, text }) = missing {
        bail!("there is no block {BEGIN}{name} -->, which would say:\n{text}");
    }
    ensure!(seen.len() == blocks.len(), "a block stands there twice");
    Ok(fresh)
}

/// A row of a table; a bar in a cell would end it.
pub fn row(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// The two lines on top of a table.
pub fn head(cells: &[&str]) -> String {
    format!("{}|{}\n", row(cells), "---|".repeat(cells.len()))
}
