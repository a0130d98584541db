//! The reference of keys: which there are and what each may be, as the parser says when it refuses; the defaults and
//! the words as the documented example has them, whose defaults a test beside the parser proves.
//!
//! There is no list of keys to forget one in: the parser names what it asked for when it meets a key that nobody
//! knows, and what is allowed when it meets a date, which no key may be.

use anyhow::{Context, Result, ensure};
use heartbeat_tests::suite::Test;
use heartbeat_user::config::{Cluster, Mistake};

use crate::example;
use crate::page::{self, Block, head, row};

pub const TESTS: &[Test] = &[
    (
        "configuration.md has the keys that the parser knows",
        reference,
    ),
    (
        "every section that the parser knows is in the reference",
        sections,
    ),
];

/// A section of the example, and what the page calls it.
const SECTIONS: [(&str, &str); 5] = [
    ("cluster", "cluster"),
    ("networks.private", "networks.KEY"),
    ("nodes.node-a", "nodes.NAME"),
    ("membership", "membership"),
    ("agent", "agent"),
];
/// No key is called so, and none looks like it.
const NOBODY: &str = "zzzzzzzzzz";
/// A date, which no key may be.
const NONSENSE: &str = "1979-05-27";

fn reference() -> Result<()> {
    let mut blocks = Vec::new();
    for (section, name) in SECTIONS {
        let mut table = head(&["key", "allowed", "default", "what it is"]);
        for key in known(section)? {
            table += &entry(section, &key)?;
        }
        blocks.push(Block::new(name, table));
    }
    page::compare("configuration.md", &blocks)
}

/// The keys of a section, in the order in which the parser asks for them.
fn known(section: &str) -> Result<Vec<String>> {
    let text = example::with(&example::text()?, section, &format!("{NOBODY} = 1"));
    let mistakes = mistakes(&text)?;
    keys_allowed(&mistakes, &format!("{section}.{NOBODY}"))
}

fn keys_allowed(mistakes: &[Mistake], place: &str) -> Result<Vec<String>> {
    let unknown = mistakes.iter().find(|mistake| mistake.key == place);
    let unknown = unknown.with_context(|| format!("{place} was taken"))?;
    let (_, keys) = unknown
        .what
        .split_once("allowed are ")
        .with_context(|| format!("{place}: {}", unknown.what))?;
    Ok(keys.split(", ").map(str::to_owned).collect())
}

/// What the parser says of a text; nothing, where it takes it.
fn mistakes(text: &str) -> Result<Vec<Mistake>> {
    match Cluster::parse(text, example::FILE) {
        Ok(_) => Ok(Vec::new()),
        Err(mistakes) => Ok(mistakes.list().to_vec()),
    }
}

fn entry(section: &str, key: &str) -> Result<String> {
    let Told { default, words } = told(section, key)?;
    let required = absence(section, key)?;
    let allowed = match &required {
        Some(allowed) => allowed.clone(),
        None => refusal(section, key)?,
    };
    let default = match (required, default) {
        (Some(_), _) => "required".to_owned(),
        (None, Some(value)) => format!("`{value}`"),
        (None, None) => "see the text".to_owned(),
    };
    Ok(row(&[&format!("`{key}`"), &allowed, &default, &words]))
}

/// What is allowed, where the section must have the key.
fn absence(section: &str, key: &str) -> Result<Option<String>> {
    let text = example::text()?;
    let line = example::lines(&text, section)
        .into_iter()
        .find(|line| example::key(line) == Some(key));
    let Some(line) = line else {
        return Ok(None);
    };
    let begin = text
        .find(&format!("[{section}]"))
        .context("no such section")?;
    let (before, after) = text.split_at(begin);
    let without = format!("{before}{}", after.replacen(&format!("{line}\n"), "", 1));
    let place = format!("{section}.{key}");
    let mistakes = mistakes(&without)?;
    let missed = mistakes.iter().find(|mistake| mistake.key == place);
    missed.map(allowed).transpose()
}

/// What is allowed, as the parser says of a date.
fn refusal(section: &str, key: &str) -> Result<String> {
    let text = example::with(&example::text()?, section, &format!("{key} = {NONSENSE}"));
    let place = format!("{section}.{key}");
    let mistakes = mistakes(&text)?;
    let refused = mistakes.iter().find(|mistake| mistake.key == place);
    allowed(refused.with_context(|| format!("{place} may be a date"))?)
}

fn allowed(mistake: &Mistake) -> Result<String> {
    let allowed = mistake.what.split_once("allowed is ");
    let (_, allowed) = allowed.with_context(|| format!("{}: {}", mistake.key, mistake.what))?;
    Ok(allowed.to_owned())
}

/// What the example says of a key.
struct Told {
    default: Option<String>,
    words: String,
}

/// The comment above a key, or above the first of several that stand together; its default where it stands in one.
fn told(section: &str, key: &str) -> Result<Told> {
    let text = example::text()?;
    let mut words: Vec<&str> = Vec::new();
    let mut after_key = false;
    for line in example::lines(&text, section) {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        match example::key(bare) {
            Some(found) if found == key => {
                let default = (bare.len() < line.len()).then(|| bare.split_once(" = "));
                return Ok(Told {
                    default: default.flatten().map(|(_, value)| value.to_owned()),
                    words: words.join(" "),
                });
            }
            Some(_) => after_key = true,
            None if line.starts_with('#') => {
                if after_key {
                    words.clear();
                }
                after_key = false;
                words.push(bare);
            }
            None => words.clear(),
        }
    }
    anyhow::bail!("{} says nothing of {section}.{key}", example::FILE)
}

fn sections() -> Result<()> {
    let text = format!("{NOBODY} = 1\n{}", example::text()?);
    let mistakes = mistakes(&text)?;
    let mut known = keys_allowed(&mistakes, NOBODY)?;
    known.sort();
    let mut listed: Vec<&str> = SECTIONS
        .iter()
        .filter_map(|(section, _)| section.split('.').next())
        .collect();
    listed.sort_unstable();
    ensure!(
        known == listed,
        "the parser knows {known:?}, the reference {listed:?}"
    );
    Ok(())
}
