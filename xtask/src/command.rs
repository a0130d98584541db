//! Commands as every verb starts them: in the workspace's root, with what was installed within reach.
//!
//! On a fresh machine `~/.cargo/bin` may not be on PATH, `nft` lies in `/usr/sbin`, which users do
//! not search, and tools of our own lie below the target directory. [`extend_path`] settles that
//! once for this process and all that it starts.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

use crate::ebpf_tools::home;

/// The workspace's root directory.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the workspace")
}

/// Where cargo puts what it builds.
pub fn target_dir() -> Result<&'static Path> {
    static TARGET: OnceLock<PathBuf> = OnceLock::new();
    if let Some(target) = TARGET.get() {
        return Ok(target);
    }
    let mut cargo = cargo(["metadata", "--no-deps", "--format-version=1"]);
    let metadata: Value = serde_json::from_str(&output(&mut cargo)?)?;
    let directory = metadata["target_directory"]
        .as_str()
        .context("cargo metadata names no target directory")?;
    Ok(TARGET.get_or_init(|| PathBuf::from(directory)))
}

/// Where tools lie that are installed for this workspace alone.
pub fn tools_dir() -> Result<PathBuf> {
    Ok(target_dir()?.join("tools"))
}

/// Adds to this process's PATH what it may lack. To be called first of all.
pub fn extend_path() {
    let path = search_path();
    // SAFETY: the first call of `main`, which has started no thread.
    unsafe { env::set_var("PATH", path) };
}

/// A command in the workspace's root.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// Cargo with these arguments, of the toolchain that runs this program.
pub fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut cargo = command(cargo_program());
    cargo.args(arguments);
    cargo
}

/// A program of this package, compiled as the simulator is: quick, and with every overflow noticed.
pub fn simulating(package: &str) -> Command {
    cargo([
        "run",
        "--quiet",
        "--profile",
        "sim",
        "--package",
        package,
        "--",
    ])
}

/// The file that a command of this name would start.
pub fn find(program: &str) -> Option<PathBuf> {
    let executable = |file: &PathBuf| {
        let mode = file.metadata().map(|file| file.permissions().mode());
        file.is_file() && mode.is_ok_and(|mode| mode & 0o111 != 0)
    };
    env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join(program))
        .find(executable)
}

/// Standard output of a command; an error with its last words where it fails.
pub fn output(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output = command
        .output()
        .with_context(|| format!("start `{shown}`"))?;
    if !output.status.success() {
        bail!(
            "`{shown}`: {}",
            last_words(&output.stderr).unwrap_or(output.status.to_string())
        );
    }
    String::from_utf8(output.stdout).with_context(|| format!("read the output of `{shown}`"))
}

/// Runs a command to its end, with the terminal; an error where it fails.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    let status = command
        .status()
        .with_context(|| format!("start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(())
}

/// Becomes this command, so that signals and the exit status are its own; returns where it can't.
pub fn become_command(mut command: Command) -> anyhow::Error {
    let error = command.exec();
    anyhow!(error).context(format!("start `{}`", shown(&command)))
}

/// A command as a person would type it.
pub fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name();
    let words = program.into_iter().chain(command.get_args());
    let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
    words.join(" ")
}

/// Whether this process is root, by the owner of its entry in /proc.
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// The line that says why: the first that calls itself an error, else the last.
fn last_words(stderr: &[u8]) -> Option<String> {
    let stderr = String::from_utf8_lossy(stderr);
    let mut lines = stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let error = lines
        .clone()
        .find(|line| line.starts_with("E: ") || line.starts_with("error"));
    error.or_else(|| lines.next_back()).map(str::to_owned)
}

/// Cargo as it started this program, else wherever it is installed.
fn cargo_program() -> OsString {
    let installed =
        || Some(home("CARGO_HOME", ".cargo")?.join("bin/cargo")).filter(|cargo| cargo.exists());
    env::var_os("CARGO")
        .or_else(|| installed().map(PathBuf::into_os_string))
        .unwrap_or_else(|| OsString::from("cargo"))
}

/// PATH with what it may lack: our own tools and cargo's in front, the administrator's behind.
fn search_path() -> OsString {
    let inherited = env::var_os("PATH").unwrap_or_default();
    let front = tools_dir().ok().into_iter();
    let front = front.chain(home("CARGO_HOME", ".cargo").map(|home| home.join("bin")));
    let behind = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    let all = front.chain(env::split_paths(&inherited)).chain(behind);
    env::join_paths(all).unwrap_or(inherited)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_the_reason() {
        let apt = b"Reading lists...\nE: Unable to locate package nft\nE: more\n";
        assert_eq!(
            last_words(apt).as_deref(),
            Some("E: Unable to locate package nft")
        );
        assert_eq!(last_words(b"one\n two \n\n").as_deref(), Some("two"));
        assert_eq!(last_words(b""), None);
    }

    #[test]
    fn a_command_is_shown_as_it_is_typed() {
        let mut command = Command::new("/usr/bin/apt-get");
        command.args(["install", "nftables"]);
        assert_eq!(shown(&command), "apt-get install nftables");
    }

    #[test]
    fn programs_are_found_by_name() {
        assert!(find("sh").is_some_and(|shell| shell.is_absolute()));
        assert_eq!(find("no-program-has-this-name"), None);
    }
}
