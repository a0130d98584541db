//! `cargo xtask kernels`: the agent on the oldest kernel that it promises to run on.
//!
//! A verifier judges by the rules of its own kernel, and what passes that of a developer's machine may be refused by
//! an older one on a cluster's node, where it is found out last. So Debian's 6.1 is booted under qemu, in
//! software and without root, and the agent as it was built shows there what it can do: with two capabilities,
//! on a cable, a VLAN and a bond. What came out is written down in `heartbeat-user/docs/kernels.md`.

mod console;
mod initramfs;
mod machine;
mod package;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::test::Report;
use crate::{command, install};

use console::{Finding, Outcome};
use package::Kernel;

/// Boots the kernel and prints what was found.
pub fn run() -> Result<ExitCode> {
    let findings = findings()?;
    print(&findings);
    let failed = findings
        .iter()
        .any(|finding| finding.outcome == Outcome::Failed);
    Ok(ExitCode::from(u8::from(failed)))
}

/// The same as part of the tests: each thing that must work counts as one.
pub fn smoke(report: &mut Report) -> Result<()> {
    println!("\n==> kernels: cargo xtask kernels");
    let findings = match findings() {
        Ok(findings) => findings,
        Err(error) => {
            report.skip(&format!("kernels: {error:#}"));
            return Ok(());
        }
    };
    print(&findings);
    for finding in findings {
        match finding.outcome {
            Outcome::Passed => report.pass(),
            Outcome::Failed => {
                report.fail(format!("kernels: {}: {}", finding.name, finding.detail));
            }
            Outcome::Found => {}
        }
    }
    Ok(())
}

/// Everything from the packages to what the guest said.
fn findings() -> Result<Vec<Finding>> {
    if std::env::consts::ARCH != "x86_64" {
        bail!("the kernel that is booted and the agent must be of one architecture, x86-64");
    }
    install::require(install::FOR_KERNELS)?;
    let directory = command::target_dir()?.join("kernels");
    fs::create_dir_all(&directory).with_context(|| format!("create {}", directory.display()))?;
    let kernel = Kernel::fetch(&directory)?;
    let initramfs = initramfs::write(&directory, &agent()?, &kernel)?;
    let record = directory.join("console.log");
    println!(
        "booting {}; its console is kept in {}",
        kernel.package,
        record.display()
    );
    Ok(machine::boot(&kernel.image(), &initramfs, &record)?.close())
}

/// The agent, built now.
fn agent() -> Result<PathBuf> {
    command::run(&mut command::cargo([
        "build",
        "--package",
        "heartbeat-user",
    ]))?;
    Ok(command::target_dir()?.join("debug/heartbeat"))
}

fn print(findings: &[Finding]) {
    for Finding {
        outcome,
        name,
        detail,
    } in findings
    {
        println!("{outcome:<6}  {name:<13}  {detail}");
    }
}
