//! The tree that every package holds.
//!
//! One table says what lies where. What is made on the way, the manual and the completions, comes from the agent's
//! own command line; the binary goes without what only a debugger needs.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Built, Release, maintainer, source};
use crate::command;

/// Where documents lie.
pub const DOCUMENTS: &str = "usr/share/doc/heartbeat-ebpf";
const SHARED: &str = "usr/share/heartbeat-ebpf";
const UNITS: &str = "usr/lib/systemd/system";

/// Files as they are: source, folder, name, mode.
const FILES: [(&str, &str, &str, u32); 17] = [
    (
        "heartbeat-user/share/systemd/heartbeat-ebpf.service",
        UNITS,
        "heartbeat-ebpf.service",
        0o644,
    ),
    (
        "heartbeat-user/share/systemd/heartbeat-ebpf-pins.service",
        UNITS,
        "heartbeat-ebpf-pins.service",
        0o644,
    ),
    (
        "heartbeat-user/share/systemd/heartbeat-ebpf-hook@.service",
        UNITS,
        "heartbeat-ebpf-hook@.service",
        0o644,
    ),
    (
        "heartbeat-user/share/systemd/heartbeat-ebpf.sysusers",
        "usr/lib/sysusers.d",
        "heartbeat-ebpf.conf",
        0o644,
    ),
    (
        "heartbeat-user/share/hooks/pacemaker-attribute",
        "usr/share/heartbeat-ebpf/hooks",
        "pacemaker-attribute",
        0o755,
    ),
    (
        "heartbeat-user/share/hooks/keepalived-track",
        "usr/share/heartbeat-ebpf/hooks",
        "keepalived-track",
        0o755,
    ),
    (
        "heartbeat-user/share/prometheus/heartbeat.rules.yml",
        "usr/share/heartbeat-ebpf/prometheus",
        "heartbeat.rules.yml",
        0o644,
    ),
    (
        "heartbeat-user/share/prometheus/heartbeat.rules.test.yml",
        "usr/share/heartbeat-ebpf/prometheus",
        "heartbeat.rules.test.yml",
        0o644,
    ),
    (
        "heartbeat-user/share/prometheus/prometheus.example.yml",
        "usr/share/heartbeat-ebpf/prometheus",
        "prometheus.example.yml",
        0o644,
    ),
    (
        "heartbeat-user/share/alertmanager/alertmanager.example.yml",
        "usr/share/heartbeat-ebpf/alertmanager",
        "alertmanager.example.yml",
        0o644,
    ),
    (
        "heartbeat-user/share/grafana/heartbeat.json",
        "usr/share/heartbeat-ebpf/grafana",
        "heartbeat.json",
        0o644,
    ),
    (
        "heartbeat-user/cluster.toml",
        "usr/share/doc/heartbeat-ebpf/examples",
        "cluster.toml",
        0o644,
    ),
    (
        "heartbeat-user/share/packages/lintian-overrides",
        "usr/share/lintian/overrides",
        "heartbeat-ebpf",
        0o644,
    ),
    (
        "heartbeat-user/share/packages/copyright",
        DOCUMENTS,
        "copyright",
        0o644,
    ),
    ("README.md", DOCUMENTS, "README.md", 0o644),
    ("CHANGELOG.md", DOCUMENTS, "changelog", 0o644),
    (
        "heartbeat-user/docs/kernels.md",
        DOCUMENTS,
        "kernels.md",
        0o644,
    ),
];

/// Folders that are there and empty.
const FOLDERS: [&str; 2] = ["etc/heartbeat-ebpf", "etc/heartbeat-ebpf/hooks"];

/// Completions: as they are written, and where shells look for them.
const COMPLETIONS: [(&str, &str, &str); 3] = [
    (
        "heartbeat.bash",
        "usr/share/bash-completion/completions",
        "heartbeat",
    ),
    (
        "_heartbeat",
        "usr/share/zsh/vendor-completions",
        "_heartbeat",
    ),
    (
        "heartbeat.fish",
        "usr/share/fish/vendor_completions.d",
        "heartbeat.fish",
    ),
];

/// Lays everything out.
pub fn lay_out(release: &Release, built: &Built) -> Result<()> {
    for folder in FOLDERS {
        create(&release.staged(folder))?;
    }
    for (from, folder, name, mode) in FILES {
        put(&source(from), &release.staged(folder).join(name), mode)?;
    }
    let agent = release.staged("usr/sbin/heartbeat");
    put(&built.agent, &agent, 0o755)?;
    let mut strip = command::command("strip");
    command::output(
        strip
            .args(["--strip-unneeded", "--remove-section=.comment"])
            .arg(&agent),
    )?;
    runbooks(release)?;
    described(release, &built.manual)?;
    history(release)?;
    for document in ["README.md", "changelog", "changelog.Debian"] {
        compress(&release.staged(DOCUMENTS).join(document))?;
    }
    Ok(())
}

fn runbooks(release: &Release) -> Result<()> {
    let folder = release.staged(SHARED).join("runbooks");
    for page in listed(&source("heartbeat-user/docs/runbooks"))? {
        let name = page.file_name().context("a runbook without a name")?;
        put(&page, &folder.join(name), 0o644)?;
    }
    Ok(())
}

/// Pages and completions, as the command line describes itself.
fn described(release: &Release, manual: &Path) -> Result<()> {
    let written = release.scratch.join("manual");
    let mut manual = command::command(manual);
    manual.arg("--date").arg(release.written("%Y-%m-%d")?);
    command::output(manual.arg(&written))?;
    for (name, folder, installed) in COMPLETIONS {
        put(
            &written.join(name),
            &release.staged(folder).join(installed),
            0o644,
        )?;
    }
    let pages = listed(&written)?;
    for page in pages
        .iter()
        .filter(|page| page.extension().is_some_and(|end| end == "8"))
    {
        let name = page.file_name().context("a page without a name")?;
        let place = release.staged("usr/share/man/man8").join(name);
        put(page, &place, 0o644)?;
        compress(&place)?;
    }
    Ok(())
}

/// What Debian wants to know of a package's history.
fn history(release: &Release) -> Result<()> {
    let text = format!(
        "heartbeat-ebpf ({}-{}) unstable; urgency=medium\n\n  * What changed for users is in changelog.gz.\n\n -- {}  {}\n",
        release.version,
        release.revision,
        maintainer()?,
        release.written("%a, %d %b %Y %H:%M:%S +0000")?
    );
    let file = release.staged(DOCUMENTS).join("changelog.Debian");
    fs::write(&file, text).with_context(|| format!("write {}", file.display()))
}

/// The files of a folder, by name.
fn listed(folder: &Path) -> Result<Vec<PathBuf>> {
    let list = || format!("list {}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(list)? {
        files.push(entry.with_context(list)?.path());
    }
    files.sort();
    Ok(files)
}

fn put(from: &Path, to: &Path, mode: u32) -> Result<()> {
    if let Some(folder) = to.parent() {
        create(folder)?;
    }
    fs::copy(from, to).with_context(|| format!("copy {} to {}", from.display(), to.display()))?;
    fs::set_permissions(to, Permissions::from_mode(mode))
        .with_context(|| format!("set the mode of {}", to.display()))
}

/// With its parents; whatever the user's umask, all may look into it.
fn create(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        create(parent)?;
    }
    fs::create_dir(folder)
        .and_then(|()| fs::set_permissions(folder, Permissions::from_mode(0o755)))
        .with_context(|| format!("create {}", folder.display()))
}

/// Without the file's name and date, which would differ from build to build.
fn compress(file: &Path) -> Result<()> {
    let mut gzip = command::command("gzip");
    command::output(gzip.args(["-9", "-n", "--force"]).arg(file)).map(|_| ())?;
    let compressed = PathBuf::from(format!("{}.gz", file.display()));
    fs::set_permissions(&compressed, Permissions::from_mode(0o644))
        .with_context(|| format!("set the mode of {}", compressed.display()))
}
