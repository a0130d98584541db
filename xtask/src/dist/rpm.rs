//! The RPM: the same tree, packed by rpmbuild.
//!
//! Its scripts do what those of the Debian package do, in the words of rpm: `$1` is the number of packages that will
//! be left, so that 0 is a removal.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{DESCRIPTION, Release, SUMMARY};
use crate::command;

const SCRIPTS: &str = r#"
%post
systemd-sysusers heartbeat-ebpf.conf || exit 1
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || :
    if [ "$1" -gt 1 ]; then systemctl try-restart heartbeat-ebpf.service || :; fi
fi

%preun
if [ "$1" -eq 0 ]; then
    heartbeat leave >/dev/null 2>&1 || :
    if [ -d /run/systemd/system ]; then
        systemctl --no-reload disable --now heartbeat-ebpf.service 'heartbeat-ebpf-hook@*.service' || :
    fi
    if [ -e /etc/heartbeat-ebpf/cluster.toml ]; then
        heartbeat detach || { sleep 1; heartbeat detach; } || :
    fi
fi

%postun
if [ -d /run/systemd/system ]; then systemctl daemon-reload || :; fi
"#;

/// Makes the package.
pub fn pack(release: &Release) -> Result<PathBuf> {
    let top = release.scratch.join("rpm");
    fs::create_dir_all(&top).context("create a folder for rpmbuild")?;
    let spec = top.join("heartbeat-ebpf.spec");
    fs::write(&spec, self::spec(release)).with_context(|| format!("write {}", spec.display()))?;
    let mut build = command::command("rpmbuild");
    build.env("SOURCE_DATE_EPOCH", release.date.to_string());
    build.args(["-bb", "--quiet"]);
    for (name, value) in [
        ("_topdir", top.display().to_string()),
        ("_rpmdir", top.join("RPMS").display().to_string()),
        ("_buildhost", "reproducible".to_owned()),
        ("use_source_date_epoch_as_buildtime", "1".to_owned()),
        ("clamp_mtime_to_source_date_epoch", "1".to_owned()),
        // The tree is as it is to be: nothing is stripped, compressed or judged again.
        ("__os_install_post", "%{nil}".to_owned()),
        ("debug_package", "%{nil}".to_owned()),
    ] {
        build.arg("--define").arg(format!("{name} {value}"));
    }
    command::output(build.arg(&spec))?;
    let machine = std::env::consts::ARCH;
    let name = format!(
        "heartbeat-ebpf-{}-{}.{machine}.rpm",
        release.version, release.revision
    );
    let file = release.out.join(&name);
    let made = top.join("RPMS").join(machine).join(&name);
    fs::copy(&made, &file).with_context(|| format!("keep {}", made.display()))?;
    Ok(file)
}

fn spec(release: &Release) -> String {
    format!(
        "Name: heartbeat-ebpf\nVersion: {}\nRelease: {}\nSummary: {SUMMARY}\n\
         License: MIT OR Apache-2.0\nConflicts: heartbeat\nRequires: systemd\n\
         AutoReqProv: yes\n\n%description\n{}\n\n\
         %install\nmkdir -p %{{buildroot}}\ncp -a {}/. %{{buildroot}}/\n\
         rm %{{buildroot}}/usr/share/doc/heartbeat-ebpf/changelog.Debian.gz\n\
         rm -r %{{buildroot}}/usr/share/lintian\n\
         mv %{{buildroot}}/usr/share/zsh/vendor-completions %{{buildroot}}/usr/share/zsh/site-functions\n\
         {SCRIPTS}\n\
         %files\n%defattr(-,root,root,-)\n/usr/sbin/heartbeat\n/usr/lib/systemd/system/*\n\
         /usr/lib/sysusers.d/heartbeat-ebpf.conf\n/usr/share/heartbeat-ebpf\n/usr/share/man/man8/*\n\
         /usr/share/bash-completion/completions/heartbeat\n/usr/share/zsh/site-functions/_heartbeat\n\
         /usr/share/fish/vendor_completions.d/heartbeat.fish\n%doc /usr/share/doc/heartbeat-ebpf\n\
         %dir /etc/heartbeat-ebpf\n%dir /etc/heartbeat-ebpf/hooks\n",
        release.version,
        release.revision,
        DESCRIPTION.join("\n\n"),
        release.tree.display(),
    )
}
