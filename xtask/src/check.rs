//! The checks of the source, which count as one test each.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::install::{self, CLIPPY, RUSTFMT, Tool};
use crate::test::Report;
use crate::{command, ebpf_tools, stream, tidy};

/// `cargo xtask check`.
pub fn run() -> Result<ExitCode> {
    install::ensure(install::LINTS);
    let mut report = Report::new(false);
    all(&mut report)?;
    Ok(report.close())
}

/// Runs every check.
pub fn all(report: &mut Report) -> Result<()> {
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    let fuzz = ["fmt", "--manifest-path", "tests/fuzz/Cargo.toml", "--check"];
    let mut doc = command::cargo(["doc", "--no-deps", "--workspace"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    check(
        report,
        "format",
        command::cargo(["fmt", "--all", "--check"]),
        Some(&RUSTFMT),
    )?;
    check(
        report,
        "format of the fuzz targets",
        command::cargo(fuzz),
        Some(&RUSTFMT),
    )?;
    check_tidy(report)?;
    check(report, "clippy", command::cargo(clippy), Some(&CLIPPY))?;
    check(report, "documentation", doc, None)?;
    check_core(report)
}

/// Runs one command as a check; without the tool it needs it is skipped.
pub fn check(report: &mut Report, name: &str, command: Command, tool: Option<&Tool>) -> Result<()> {
    println!("\n==> {name}: {}", command::shown(&command));
    if let Some(tool) = tool.filter(|tool| !(tool.present)()) {
        report.skip(&format!("{name}: {} is not installed", tool.name));
        return Ok(());
    }
    let status = stream::run(command, |_| ())?;
    match status.success() {
        true => report.pass(),
        false => report.fail(format!("{name}: {status}")),
    }
    Ok(())
}

fn check_tidy(report: &mut Report) -> Result<()> {
    println!("\n==> tidy");
    let complaints = tidy::complaints()?;
    if complaints.is_empty() {
        report.pass();
        return Ok(());
    }
    for complaint in &complaints {
        println!("{complaint}");
    }
    report.fail(format!("tidy: {} complaints", complaints.len()));
    Ok(())
}

/// Builds the core alone, with nothing but its own dependencies. Debian's eBPF compiler, where it is
/// installed, has a target without an operating system: what compiles for that asks for none.
fn check_core(report: &mut Report) -> Result<()> {
    let core = ["--package", "heartbeat-core"];
    if ebpf_tools::system().is_none() {
        return check(
            report,
            "core alone",
            command::cargo(["build"].into_iter().chain(core)),
            None,
        );
    }
    let mut cargo = command::command("/usr/bin/cargo");
    cargo
        .args(["check", "--target", "bpfel-unknown-none"])
        .args(core);
    // A place of its own: two compilers in one would each build everything anew.
    cargo
        .arg("--target-dir")
        .arg(command::target_dir()?.join("no-std"));
    cargo.env("CARGO_BUILD_RUSTC", "/usr/bin/rustc");
    cargo.env("RUSTC_BOOTSTRAP", "aya_ebpf,heartbeat_ebpf");
    check(report, "core without an operating system", cargo, None)
}
