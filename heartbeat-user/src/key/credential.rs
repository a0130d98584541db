//! The copy of a key file that a service manager hands over, because the agent's user may not read the file.
//!
//! systemd copies a credential once, when it starts a service. Replacing a key by `heartbeat reload` takes the file
//! as it is now; an agent that went by the copy would say "nothing changed", and keep on signing with the key that
//! was to go. So the file itself comes first, always; the copy stands in for a file that this user may not read, and
//! only as long as that has not changed since the copy was made.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// Where a service manager puts them.
pub const DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// The copy of this file, where there is one.
pub(super) fn of(file: &Path) -> Option<PathBuf> {
    within(&PathBuf::from(env::var_os(DIRECTORY)?), file)
}

/// Called as the file is.
fn within(directory: &Path, file: &Path) -> Option<PathBuf> {
    let copy = directory.join(file.file_name()?);
    copy.is_file().then_some(copy)
}

/// Refuses a copy that is older than what it is a copy of.
pub(super) fn check_age(copy: &Path, file: &Path) -> Result<()> {
    let changed = |path: &Path| -> Result<(i64, i64)> {
        let metadata = fs::metadata(path).with_context(|| format!("look at {}", path.display()))?;
        Ok((metadata.ctime(), metadata.ctime_nsec()))
    };
    let name = file.display();
    ensure!(
        changed(file)? <= changed(copy)?,
        "read the cluster key {name}: it has changed since this agent was started, and this user may not read it; \
         `chown heartbeat-ebpf {name}` and `chmod 0400 {name}` let every reload take it, a restart of the agent takes it too"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_stands_in_until_the_file_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("cluster.key");
        let credentials = folder.path().join("credentials");
        fs::create_dir(&credentials).expect("a folder");
        fs::write(&file, "1:00").expect("written");
        assert_eq!(within(&credentials, &file), None);
        std::thread::sleep(std::time::Duration::from_millis(20));
        fs::write(credentials.join("cluster.key"), "1:00").expect("written");
        let copy = within(&credentials, &file).expect("a copy");
        check_age(&copy, &file).expect("as new as the file");
        std::thread::sleep(std::time::Duration::from_millis(20));
        fs::write(&file, "2:00").expect("written");
        let refused = check_age(&copy, &file).expect_err("older").to_string();
        assert!(refused.contains("chown heartbeat-ebpf"), "{refused}");
    }
}
