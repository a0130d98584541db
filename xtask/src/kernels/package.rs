//! The kernel of a Debian release, fetched as its package and only unpacked.
//!
//! Installing a kernel would change what the machine boots next. So the package is fetched once, unpacked below the
//! target directory and found there by every later run, until Debian has a newer one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{command, install};

/// Packages of the kernel have this in front of the number that tells newer from older, and the other behind it.
const AROUND: (&str, &str) = ("linux-image-6.1.0-", "-cloud-amd64");

/// An unpacked kernel.
pub struct Kernel {
    /// What the package is called.
    pub package: String,
    root: PathBuf,
}

impl Kernel {
    /// The newest kernel of the series, fetched if it is not there.
    pub fn fetch(directory: &Path) -> Result<Self> {
        let package = newest_known()?;
        let root = directory.join(&package);
        if !root.exists() {
            let scratch = directory.join(format!("{package}.part"));
            if scratch.exists() {
                fs::remove_dir_all(&scratch)
                    .with_context(|| format!("clear {}", scratch.display()))?;
            }
            unpack(&package, &scratch)?;
            // Only what is complete gets the name by which it is found.
            fs::rename(&scratch, &root).with_context(|| format!("keep {}", root.display()))?;
        }
        Ok(Kernel { package, root })
    }

    /// What boots.
    pub fn image(&self) -> PathBuf {
        self.root.join("boot").join(self.named("vmlinuz"))
    }

    /// The module of this name.
    pub fn module(&self, name: &str) -> Result<PathBuf> {
        let modules = self.root.join("lib/modules").join(self.release());
        let file = format!("{name}.ko");
        find(&modules.join("kernel"), &file)?
            .with_context(|| format!("{} has no module {file}", self.package))
    }

    fn release(&self) -> &str {
        self.package
            .strip_prefix("linux-image-")
            .unwrap_or(&self.package)
    }

    fn named(&self, what: &str) -> String {
        format!("{what}-{}", self.release())
    }
}

/// The newest package that apt knows, after fetching its lists where it knows none.
fn newest_known() -> Result<String> {
    if command::find("apt-cache").is_none() {
        bail!(
            "this is no Debian, whose packages the kernel comes from: run it in a container of Debian 12"
        );
    }
    let list = || {
        let mut cache = command::command("apt-cache");
        command::output(cache.args(["pkgnames", AROUND.0]))
    };
    let attempt = || {
        newest(&list()?).map(|_| ()).with_context(|| {
            format!(
                "apt knows no package {}N{}: Debian 12 has it",
                AROUND.0, AROUND.1
            )
        })
    };
    install::with_fresh_lists(attempt)?;
    newest(&list()?).context("apt's lists changed meanwhile: run it again")
}

/// The package with the highest number among these names.
fn newest(names: &str) -> Option<String> {
    let number = |name: &&str| -> Option<u32> {
        name.strip_prefix(AROUND.0)?
            .strip_suffix(AROUND.1)?
            .parse()
            .ok()
    };
    names
        .lines()
        .filter(|name| number(name).is_some())
        .max_by_key(number)
        .map(str::to_owned)
}

/// Fetches a package and unpacks it there.
fn unpack(package: &str, directory: &Path) -> Result<()> {
    eprintln!("fetching {package} (27 MB), unpacked below target and not installed");
    fs::create_dir_all(directory).with_context(|| format!("create {}", directory.display()))?;
    install::with_fresh_lists(|| {
        let mut download = command::command("apt-get");
        download.args(["download", package]).current_dir(directory);
        command::output(&mut download).map(|_| ())
    })?;
    let mut fetched = fs::read_dir(directory)?;
    let file = fetched
        .next()
        .context("apt-get download left no package")??
        .path();
    let mut extract = command::command("dpkg-deb");
    command::output(extract.arg("--extract").arg(&file).arg(directory))?;
    fs::remove_file(&file).with_context(|| format!("remove {}", file.display()))
}

/// The file of this name below a folder.
fn find(folder: &Path, name: &str) -> Result<Option<PathBuf>> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let listing =
            fs::read_dir(&folder).with_context(|| format!("list {}", folder.display()))?;
        for entry in listing {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if entry.file_name() == name {
                return Ok(Some(entry.path()));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_told_by_number_and_only_among_signed_ones() {
        let names = "linux-image-6.1.0-9-cloud-amd64\n\
                     linux-image-6.1.0-56-cloud-amd64\n\
                     linux-image-6.1.0-57-cloud-amd64-unsigned\n\
                     linux-image-6.1.0-58-cloud-amd64-dbg\n\
                     linux-image-6.1.0-59-amd64\n\
                     linux-image-6.1.0-31-cloud-amd64\n";
        assert_eq!(
            newest(names).as_deref(),
            Some("linux-image-6.1.0-56-cloud-amd64")
        );
        assert_eq!(newest("linux-image-6.12.1-1-cloud-amd64\n"), None);
    }

    #[test]
    fn a_kernel_lies_where_debian_puts_it() {
        let kernel = Kernel {
            package: "linux-image-6.1.0-56-cloud-amd64".to_owned(),
            root: "/k".into(),
        };
        assert_eq!(
            kernel.image(),
            Path::new("/k/boot/vmlinuz-6.1.0-56-cloud-amd64")
        );
    }
}
