//! Takes labs down, one's own and those whose process did not get to do it.
//!
//! What a lab leaves in the system is found by its name alone, so the same few steps serve a lab that ends
//! as it should, one whose set-up failed half-way, and one found months later. A process is ended only if
//! it is written down as an agent *and* lives in a namespace of the lab: numbers of processes come back.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::batch;
use super::configuration::Files;
use super::name::LabName;
use super::wait;

const NAMESPACES: &str = "/run/netns";
const PINS: &str = "/sys/fs/bpf";

/// Which labs to remove.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sweep {
    /// Those whose process has ended, but not those left standing on purpose.
    Orphans,
    /// Those whose process has ended.
    OrphansAndKept,
}

/// Removes labs that nobody owns any more and returns their names.
pub fn sweep(which: Sweep) -> Result<Vec<LabName>> {
    let mut labs: Vec<LabName> = [
        Path::new(NAMESPACES),
        Path::new(PINS),
        &std::env::temp_dir(),
    ]
    .into_iter()
    .flat_map(names_in)
    .filter_map(|name| LabName::parse(&name))
    .filter(LabName::is_orphan)
    .filter(|lab| which == Sweep::OrphansAndKept || !lab.keep_mark().exists())
    .collect();
    labs.sort_unstable();
    labs.dedup();
    for lab in &labs {
        remove(*lab).with_context(|| format!("remove the leftover lab {lab}"))?;
    }
    Ok(labs)
}

/// Removes everything of this lab that exists.
pub fn remove(lab: LabName) -> Result<()> {
    end_agents(lab)?;
    let script: String = namespaces(lab)
        .map(|name| format!("netns del {name}\n"))
        .collect();
    if !script.is_empty() {
        batch::ip_outside(&script)?;
    }
    remove_directory(&lab.pins())?;
    remove_directory(&lab.directory())
}

fn namespaces(lab: LabName) -> impl Iterator<Item = String> {
    names_in(Path::new(NAMESPACES)).filter(move |name| LabName::parse(name) == Some(lab))
}

fn end_agents(lab: LabName) -> Result<()> {
    let inside: Vec<u64> = namespaces(lab)
        .filter_map(|name| fs::metadata(Path::new(NAMESPACES).join(name)).ok())
        .map(|metadata| metadata.ino())
        .collect();
    let noted = fs::read_to_string(Files::of(lab).processes()).unwrap_or_default();
    for pid in noted.lines().filter_map(|line| line.parse::<i32>().ok()) {
        if namespace_of(pid).is_some_and(|namespace| inside.contains(&namespace)) {
            // It may end by itself in this moment, which is just as well.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            wait::until(
                "the end of a leftover agent",
                Duration::from_secs(5),
                || Ok(namespace_of(pid).is_none().then_some(())),
            )?;
        }
    }
    Ok(())
}

fn namespace_of(pid: i32) -> Option<u64> {
    Some(fs::metadata(format!("/proc/{pid}/ns/net")).ok()?.ino())
}

fn remove_directory(path: &PathBuf) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done.with_context(|| format!("remove {}", path.display())),
    }
}

fn names_in(directory: &Path) -> impl Iterator<Item = String> + use<> {
    fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
}
