//! `cargo xtask ebpf`: the XDP program by itself.

use std::fs;
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{command, install};

/// What `cargo xtask ebpf` may be told.
#[derive(clap::Args)]
pub struct Options {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Builds the object and says where it lies.
    Build,
    /// Prints the instructions that the verifier sees, with their source lines.
    Disasm,
    /// Has this machine's kernel verify the object and run it on built frames (root).
    Verify,
}

/// Runs a verb.
pub fn run(options: &Options) -> Result<ExitCode> {
    match options.verb {
        Verb::Build => {
            install::require(install::FOR_EBPF)?;
            let object = build()?;
            let size = fs::metadata(&object)?.len();
            println!("{} ({size} bytes)", object.display());
        }
        Verb::Disasm => {
            install::require(install::FOR_DISASSEMBLY)?;
            let mut objdump = command::command("llvm-objdump");
            objdump.args(["--disassemble", "--line-numbers", "--no-show-raw-insn"]);
            command::run(objdump.arg(build()?))?;
        }
        Verb::Verify => {
            install::require(install::FOR_EBPF)?;
            let mut verify = command::cargo(["test", "--package", "heartbeat-tests"]);
            command::run(verify.args(["--test", "xdp_program"]))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds the object as part of the agent, and asks cargo where the build script left it.
fn build() -> Result<PathBuf> {
    let mut cargo = command::cargo(["build", "--package", "heartbeat-user"]);
    cargo.arg("--message-format=json-render-diagnostics");
    let built = cargo
        .stderr(Stdio::inherit())
        .output()
        .context("start cargo")?;
    if !built.status.success() {
        bail!("`{}` ended with {}", command::shown(&cargo), built.status);
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    let folder = messages
        .lines()
        .find_map(out_dir)
        .context("cargo names no OUT_DIR")?;
    let object = folder.join("heartbeat-xdp");
    if fs::metadata(&object).map_or(0, |object| object.len()) == 0 {
        bail!("the agent was built without its XDP program: the warning above says why");
    }
    Ok(object)
}

/// The agent's OUT_DIR, if this message of cargo tells it.
fn out_dir(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let of_agent = message["reason"] == "build-script-executed"
        && message["package_id"].as_str()?.contains("/heartbeat-user#");
    of_agent.then(|| message["out_dir"].as_str().map(PathBuf::from))?
}
