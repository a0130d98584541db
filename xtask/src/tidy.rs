//! `cargo xtask tidy`: the rules of this house that no compiler checks.
//!
//! A rule in a document is broken by the third person; a rule here is broken once. Each rule says
//! why it is one, and each complaint names the file and the line.

mod rules;
mod source;

use std::process::ExitCode;

use anyhow::Result;

use crate::command;

/// Prints the complaints; succeeds if there are none.
pub fn run() -> Result<ExitCode> {
    let complaints = complaints()?;
    for complaint in &complaints {
        println!("{complaint}");
    }
    println!("tidy: {} complaints", complaints.len());
    Ok(ExitCode::from(u8::from(!complaints.is_empty())))
}

/// Everything that breaks a rule.
pub fn complaints() -> Result<Vec<String>> {
    let sources = source::sources(command::root())?;
    Ok(sources.iter().flat_map(rules::judge).collect())
}
