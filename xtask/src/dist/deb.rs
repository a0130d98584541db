//! The Debian package.
//!
//! Packed by dpkg-deb from the tree and a few words of control: what debhelper would do for a package of one binary
//! is less than it takes to drive debhelper. What the binary needs of the system is asked of dpkg-shlibdeps, because
//! the oldest C library that will do is not for people to guess.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{DESCRIPTION, Release, SUMMARY, maintainer, source};
use crate::command;

const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];
const COLUMNS: usize = 78;

/// Makes the package.
pub fn pack(release: &Release) -> Result<PathBuf> {
    let root = release.scratch.join("deb");
    let mut copy = command::command("cp");
    command::output(copy.args(["-a", "--"]).arg(&release.tree).arg(&root))?;
    let folder = root.join("DEBIAN");
    fs::create_dir(&folder).with_context(|| format!("create {}", folder.display()))?;
    fs::set_permissions(&folder, Permissions::from_mode(0o755))
        .context("open the control folder")?;
    for script in SCRIPTS {
        let place = folder.join(script);
        let from = source("heartbeat-user/share/packages/deb").join(script);
        fs::copy(&from, &place).with_context(|| format!("copy {}", from.display()))?;
        fs::set_permissions(&place, Permissions::from_mode(0o755))
            .context("set a script's mode")?;
    }
    let architecture = architecture()?;
    write(&folder.join("control"), &control(release, &architecture)?)?;
    write(&folder.join("md5sums"), &sums(&root)?)?;
    let file = release.out.join(format!(
        "heartbeat-ebpf_{}-{}_{architecture}.deb",
        release.version, release.revision
    ));
    let mut build = command::command("dpkg-deb");
    build.env("SOURCE_DATE_EPOCH", release.date.to_string());
    build.args(["--root-owner-group", "-Zxz", "--build"]);
    command::output(build.arg(&root).arg(&file))?;
    Ok(file)
}

fn control(release: &Release, architecture: &str) -> Result<String> {
    let mut size = command::command("du");
    let size = command::output(size.args(["-sk", "--apparent-size"]).arg(&release.tree))?;
    let size = size.split_whitespace().next().unwrap_or("0").to_owned();
    let description: Vec<String> = DESCRIPTION.iter().map(|text| folded(text)).collect();
    Ok(format!(
        "Package: heartbeat-ebpf\n\
         Version: {}-{}\n\
         Architecture: {architecture}\n\
         Maintainer: {}\n\
         Installed-Size: {size}\n\
         Depends: {}, systemd | systemd-standalone-sysusers | systemd-sysusers\n\
         Suggests: prometheus, keepalived, pacemaker\n\
         Conflicts: heartbeat\n\
         Section: admin\n\
         Priority: optional\n\
         Description: {SUMMARY}\n{}\n",
        release.version,
        release.revision,
        maintainer()?,
        libraries(release)?,
        description.join("\n .\n"),
    ))
}

/// The packages whose libraries the binary uses, with their oldest versions that will do.
fn libraries(release: &Release) -> Result<String> {
    let folder = release.scratch.join("shlibdeps");
    fs::create_dir_all(folder.join("debian")).context("create a folder for dpkg-shlibdeps")?;
    write(
        &folder.join("debian/control"),
        "Source: heartbeat-ebpf\n\nPackage: heartbeat-ebpf\nArchitecture: any\n",
    )?;
    let mut ask = command::command("dpkg-shlibdeps");
    ask.current_dir(&folder).arg("-O");
    ask.arg(release.staged("usr/sbin/heartbeat"));
    let told = command::output(&mut ask)?;
    let line = told
        .lines()
        .find_map(|line| line.strip_prefix("shlibs:Depends="));
    line.map(str::to_owned)
        .context("dpkg-shlibdeps names no library that the agent needs")
}

/// What Debian calls the machine that the agent was built for.
fn architecture() -> Result<String> {
    let mut ask = command::command("dpkg");
    let told = command::output(ask.arg("--print-architecture"))?;
    Ok(told.trim().to_owned())
}

/// The sums of all files, by which `dpkg --verify` finds what was changed.
fn sums(root: &Path) -> Result<String> {
    let mut sum = command::command("sh");
    sum.current_dir(root).args([
        "-c",
        "find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum",
    ]);
    command::output(&mut sum)
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text)
        .and_then(|()| fs::set_permissions(file, Permissions::from_mode(0o644)))
        .with_context(|| format!("write {}", file.display()))
}

/// A paragraph in lines that begin with a space.
fn folded(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < COLUMNS => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!(" {word}")),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_is_folded_at_words_and_each_line_begins_with_a_space() {
        let text = folded(DESCRIPTION[0]);
        assert!(
            text.lines()
                .all(|line| line.starts_with(' ') && line.len() <= COLUMNS)
        );
        assert_eq!(
            text.split_whitespace().count(),
            DESCRIPTION[0].split_whitespace().count()
        );
    }
}
