//! Finds the agent's binary.
//!
//! Cargo tells a package where its own binaries are, but not those of another, and the agent belongs to
//! another: a test that depended on it would need an eBPF compiler to be built at all. Cargo puts both in
//! one directory, though, so the search starts at the running program.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Overrides the search with a path.
pub const VARIABLE: &str = "HEARTBEAT_BIN";

/// The `heartbeat` binary: what `HEARTBEAT_BIN` names, else the one built with this program.
pub fn find() -> Result<PathBuf> {
    if let Some(path) = env::var_os(VARIABLE) {
        let path = PathBuf::from(path);
        if !path.is_file() {
            bail!(
                "{VARIABLE} names {}, where there is no file",
                path.display()
            );
        }
        return Ok(path);
    }
    let running = env::current_exe().context("find the path of this program")?;
    beside(&running, "heartbeat").with_context(|| {
        format!(
            "no heartbeat binary beside {}; build it with `cargo build -p heartbeat-user{}` or name one in {VARIABLE}",
            running.display(),
            if is_release(&running) { " --release" } else { "" },
        )
    })
}

/// The program behind `cargo xtask deploy`, built with this program.
pub fn find_deploy() -> Result<PathBuf> {
    let running = env::current_exe().context("find the path of this program")?;
    beside(&running, "deploy").with_context(|| {
        format!(
            "no deploy binary beside {}; build it with `cargo build -p heartbeat-deploy`",
            running.display()
        )
    })
}

/// Test programs lie in `deps`, one below the binaries.
fn beside(program: &Path, name: &str) -> Option<PathBuf> {
    let mut directory = program.parent()?;
    if directory.ends_with("deps") {
        directory = directory.parent()?;
    }
    let binary = directory.join(name);
    binary.is_file().then_some(binary)
}

fn is_release(program: &Path) -> bool {
    program
        .components()
        .any(|part| part.as_os_str() == "release")
}
