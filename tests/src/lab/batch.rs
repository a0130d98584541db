//! Feeds whole scripts to `ip` and `nft`.
//!
//! A lab needs some hundred changes and one process each would take seconds, so a script goes in on
//! standard input and is one process. An error names the script's line, because "RTNETLINK answers: File
//! exists" alone helps nobody.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

use super::namespace::Namespace;

/// Runs `ip` commands, one a line, inside the namespace.
pub fn ip(namespace: &Namespace, script: &str) -> Result<()> {
    ip_with(namespace.command("ip")?, script).with_context(|| format!("in {}", namespace.name()))
}

/// Runs `ip` commands, one a line, where this process lives. Namespaces are made and deleted so.
pub fn ip_outside(script: &str) -> Result<()> {
    ip_with(Command::new("ip"), script)
}

fn ip_with(mut ip: Command, script: &str) -> Result<()> {
    ip.args(["-batch", "-"]);
    feed(ip, script).with_context(|| format!("run this script through ip -batch:\n{script}"))?;
    Ok(())
}

/// Runs an nft script inside the namespace, all or nothing, and returns what it printed.
pub fn nft(namespace: &Namespace, script: &str) -> Result<String> {
    let mut nft = namespace.command("nft")?;
    nft.args(["-f", "-"]);
    let output = feed(nft, script).with_context(|| {
        format!(
            "run this script through nft in {}:\n{script}",
            namespace.name()
        )
    })?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn feed(mut command: Command, script: &str) -> Result<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("start {}", command.get_program().display()))?;
    let mut input = child.stdin.take().expect("standard input was asked for");
    // A program that stops early says why on its standard error; a broken pipe here says less.
    let written = input.write_all(script.as_bytes());
    drop(input);
    let output = child.wait_with_output().context("wait for the program")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    written.context("write the script")?;
    Ok(output)
}
