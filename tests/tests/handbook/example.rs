//! The documented example, and what it becomes with a part of another text in it.
//!
//! Parts are put in as text, because only the product's own parser may say what they mean.

use anyhow::{Context, Result, ensure};

use crate::document::Document;

/// Where it lies.
pub const FILE: &str = "heartbeat-user/cluster.toml";

/// All of it.
pub fn text() -> Result<String> {
    Ok(Document::read(FILE)?.text)
}

/// The key of a line that sets one.
pub fn key(line: &str) -> Option<&str> {
    let (key, _) = line.split_once(" = ")?;
    let is_key = key
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    (is_key && !key.is_empty()).then_some(key)
}

/// The name of a line that begins a section.
pub fn section(line: &str) -> Option<&str> {
    line.strip_prefix('[')?.strip_suffix(']')
}

/// The lines of a section.
pub fn lines<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let begin = text.lines().skip_while(|line| section(line) != Some(name));
    begin
        .skip(1)
        .take_while(|line| section(line).is_none())
        .collect()
}

/// The text with this line in that section, in the place of one with the same key, if there is one.
pub fn with(text: &str, name: &str, line: &str) -> String {
    let mut fresh = String::new();
    let mut inside = false;
    let mut found = false;
    for old in text.lines() {
        if let Some(begun) = section(old) {
            inside = begun == name;
            fresh += &format!("{old}\n");
            if inside {
                fresh += &format!("{line}\n");
                found = true;
            }
        } else if !(inside && key(line).is_some() && key(old) == key(line)) {
            fresh += &format!("{old}\n");
        }
    }
    if !found {
        fresh += &format!("\n[{name}]\n{line}\n");
    }
    fresh
}

/// The example with a part of a configuration in it, one line a key.
pub fn merged(part: &str) -> Result<String> {
    let mut text = text()?;
    let mut name: Option<&str> = None;
    for line in part
        .lines()
        .map(|line| line.split(" #").next().unwrap_or_default().trim())
    {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(begun) = section(line) {
            name = Some(begun);
            continue;
        }
        ensure!(
            key(line).is_some(),
            "not a key and its value in one line: {line}"
        );
        let name = name.with_context(|| format!("in which section is it? {line}"))?;
        text = with(&text, name, line);
    }
    Ok(text)
}
