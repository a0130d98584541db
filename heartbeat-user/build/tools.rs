//! Finds the compiler and the linker for the eBPF program.
//!
//! A toolchain is named as rustup names it, so that aya-build can run any of them as
//! `rustup run TOOLCHAIN cargo`. Debian's compiler needs no exception: rustup takes a path for a
//! toolchain, and `/usr` is one. Nothing is linked into rustup and its default stays as it is.
//!
//! The awkward part is LLVM: bpf-linker reads the compiler's output with the first `libLLVM` that
//! it meets, and 0.10.3 understands none newer than 22. A compiler with a newer one is passed over.
//!
//! This file belongs to the build script and to xtask alike: what one installs, the other finds.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

/// Debian's compiler, as rustup names a toolchain by its path.
pub const SYSTEM: &str = "/usr";
/// The newest LLVM whose output bpf-linker 0.10.3 reads.
const NEWEST_LLVM: u32 = 22;

/// A toolchain that can compile for eBPF: the chosen one, else the first that fits, else none.
pub fn find_toolchain(chosen: Option<String>) -> Result<Option<String>> {
    let Some(chosen) = chosen else {
        let mut candidates = nightlies().into_iter().chain(system());
        return Ok(
            candidates.find(|name| llvm(name).is_some_and(|(major, _)| major <= NEWEST_LLVM))
        );
    };
    let toolchain = match chosen.as_str() {
        "system" => SYSTEM.to_owned(),
        _ => chosen,
    };
    if llvm(&toolchain).is_none() {
        bail!(
            "HEARTBEAT_EBPF_TOOLCHAIN={toolchain} has no working rustc: install it or choose another"
        );
    }
    Ok(Some(toolchain))
}

/// Installed nightlies that can compile `core` from its source.
fn nightlies() -> Vec<String> {
    let listed = output(Command::new("rustup").args(["toolchain", "list"])).unwrap_or_default();
    listed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| name.starts_with("nightly"))
        .filter(|name| has(name, "lib/rustlib/src/rust/library/core"))
        .map(str::to_owned)
        .collect()
}

/// Debian's compiler, if it is complete.
pub fn system() -> Option<String> {
    let complete =
        Path::new("/usr/bin/cargo").exists() && has(SYSTEM, "lib/rustlib/bpfel-unknown-none/lib");
    complete.then(|| SYSTEM.to_owned())
}

/// Whether a toolchain holds this file or folder.
fn has(toolchain: &str, relative: &str) -> bool {
    rustc(toolchain, "--print=sysroot")
        .is_some_and(|sysroot| Path::new(sysroot.trim()).join(relative).exists())
}

/// Major and minor version of the LLVM in a toolchain's rustc, such as 22 and 1.
pub fn llvm(toolchain: &str) -> Option<(u32, u32)> {
    let facts = rustc(toolchain, "-vV")?;
    let version = facts
        .lines()
        .find_map(|line| line.strip_prefix("LLVM version: "))?;
    let mut numbers = version.split('.').map_while(|number| number.parse().ok());
    Some((numbers.next()?, numbers.next()?))
}

/// What a toolchain's rustc answers. The system's is asked directly: rustup may not be there.
fn rustc(toolchain: &str, question: &str) -> Option<String> {
    match toolchain {
        SYSTEM => output(Command::new("/usr/bin/rustc").arg(question)),
        _ => output(Command::new("rustup").args(["run", toolchain, "rustc", question])),
    }
}

/// Standard output of a command, if it succeeds.
fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// bpf-linker on PATH, or where `cargo install` puts it.
pub fn find_linker() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(home("CARGO_HOME", ".cargo").map(|cargo| cargo.join("bin")))
        .map(|folder| folder.join("bpf-linker"))
        .find(|linker| output(Command::new(linker).arg("--version")).is_some())
}

/// The folder a variable names, or its usual place under the user's home.
pub fn home(variable: &str, usual: &str) -> Option<PathBuf> {
    let named = env::var_os(variable).map(PathBuf::from);
    named.or_else(|| Some(env::home_dir()?.join(usual)))
}
