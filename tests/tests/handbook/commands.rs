//! The reference of commands: what `--help` prints, command by command.

use anyhow::{Context, Result, ensure};
use clap::{Command, CommandFactory as _};
use heartbeat_tests::suite::Test;
use heartbeat_user::arguments::Arguments;

use crate::page::{self, Block};
use crate::shell;

pub const TESTS: &[Test] = &[
    ("commands.md has what --help prints", reference),
    ("the examples of --help are command lines", examples),
];

/// The command line, with its name as it is installed.
pub fn heartbeat() -> Command {
    let mut command = Arguments::command().name("heartbeat").bin_name("heartbeat");
    command.build();
    command
}

/// Every command that does something, with its whole name.
fn leaves(command: &Command) -> Vec<(String, Command)> {
    let mut leaves = Vec::new();
    for verb in command.get_subcommands() {
        if verb.get_name() == "help" {
            continue;
        }
        if verb.has_subcommands() {
            leaves.append(&mut self::leaves(verb));
        } else {
            let name = verb.get_bin_name().unwrap_or(verb.get_name());
            leaves.push((name.to_owned(), verb.clone()));
        }
    }
    leaves
}

fn reference() -> Result<()> {
    let leaves = leaves(&heartbeat());
    ensure!(10 < leaves.len(), "only {} commands", leaves.len());
    let sections = leaves.into_iter().map(|(name, mut command)| {
        let help = command.render_help().to_string();
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        format!("### {name}\n\n```text\n{}\n```\n\n", help.join("\n").trim())
    });
    page::compare(
        "commands.md",
        &[Block::new("commands", sections.collect::<String>())],
    )
}

fn examples() -> Result<()> {
    let mut count = 0;
    for (name, command) in leaves(&heartbeat()) {
        let help = command.get_after_help().map(ToString::to_string);
        let help = help.with_context(|| format!("{name} shows no example"))?;
        for line in help.lines().filter_map(|line| line.strip_prefix("  ")) {
            // What stands far to the right explains it.
            let line = line.split("   ").next().unwrap_or_default();
            for words in shell::calls(line)? {
                shell::parse(&words).with_context(|| format!("--help of {name}: {line}"))?;
                count += 1;
            }
        }
    }
    ensure!(15 < count, "only {count} examples");
    Ok(())
}
