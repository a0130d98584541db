//! Writes what the command line tells of itself: manual pages, and completions for shells.
//!
//! Both follow from the very definition that parses the arguments, so that neither can tell of an option that there
//! is not. The awkward case is a date, which a manual page has and a reproducible build may not take from the clock:
//! whoever runs this says which.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Command, CommandFactory as _, Parser};
use clap_complete::Shell;
use clap_mangen::Man;
use heartbeat_user::arguments::Arguments;

/// Where the pages belong: commands for the administrator of a system.
const SECTION: &str = "8";
const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

#[derive(Parser)]
struct Wanted {
    /// The folder to write to
    out: PathBuf,
    /// The date that the pages bear
    #[arg(long)]
    date: String,
}

fn main() -> Result<()> {
    let wanted = Wanted::parse();
    fs::create_dir_all(&wanted.out).with_context(|| format!("create {}", wanted.out.display()))?;
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    pages(&command, &wanted)?;
    for shell in SHELLS {
        clap_complete::generate_to(shell, &mut command, "heartbeat", &wanted.out)
            .with_context(|| format!("write the completions for {shell}"))?;
    }
    Ok(())
}

/// The page of a command, and those of its subcommands.
fn pages(command: &Command, wanted: &Wanted) -> Result<()> {
    page(command, wanted)?;
    let shown = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    for verb in shown {
        pages(verb, wanted)?;
    }
    Ok(())
}

fn page(command: &Command, wanted: &Wanted) -> Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let page = Man::new(command.clone())
        .title(name.to_uppercase())
        .section(SECTION)
        .date(wanted.date.as_str())
        .source(concat!("heartbeat-ebpf ", env!("CARGO_PKG_VERSION")))
        .manual("Cluster heartbeat monitor");
    let mut text = Vec::new();
    page.render(&mut text).context("write a page")?;
    write(&wanted.out, &format!("{name}.{SECTION}"), &text)
}

fn write(folder: &Path, name: &str, text: &[u8]) -> Result<()> {
    let file = folder.join(name);
    fs::write(&file, text).with_context(|| format!("write {}", file.display()))
}
