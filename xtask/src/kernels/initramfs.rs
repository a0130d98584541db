//! The guest's root: the agent as it was built, what it and its nodes call, and the script that tries it all.
//!
//! The guest has no disk and no distribution: an archive that the kernel unpacks into memory holds everything. The
//! awkward case is libraries: programs of the host bring those that `ldd` names, to the very paths that are
//! named, because the dynamic loader looks there.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use crate::command;

use super::package::Kernel;

/// The guest's first process.
const GUEST: &str = include_str!("guest.sh");

/// The modules that the guest loads, each after those that it needs.
const MODULES: [&str; 8] = [
    "llc", "stp", "garp", "mrp", "8021q", "tls", "bonding", "veth",
];

/// Programs of the host, and where the guest looks for them.
const PROGRAMS: [(&str, &str); 3] = [
    ("busybox", "bin/busybox"),
    ("ip", "usr/sbin/ip"),
    ("setpriv", "usr/bin/setpriv"),
];

/// Writes the archive, with this agent and modules of this kernel, and says where it lies.
pub fn write(directory: &Path, agent: &Path, kernel: &Kernel) -> Result<PathBuf> {
    let root = directory.join("root");
    if root.exists() {
        fs::remove_dir_all(&root).with_context(|| format!("clear {}", root.display()))?;
    }
    lay(&root, agent, kernel)?;
    let archive = directory.join("initramfs");
    pack(&root, &archive)?;
    Ok(archive)
}

/// Lays out the tree.
fn lay(root: &Path, agent: &Path, kernel: &Kernel) -> Result<()> {
    install(root, agent, "bin/heartbeat")?;
    for (program, place) in PROGRAMS {
        let file = command::find(program)
            .with_context(|| format!("{program} is not installed: the guest needs it"))?;
        install(root, &file, place)?;
    }
    // What is for a debugger makes the agent ten times as large, and a guest's root is its memory.
    let mut strip = command::command("strip");
    command::output(strip.arg("--strip-debug").arg(root.join("bin/heartbeat")))?;
    for module in MODULES {
        copy(
            &kernel.module(module)?,
            &root.join(format!("modules/{module}.ko")),
        )?;
    }
    let order = MODULES.join("\n") + "\n";
    fs::write(root.join("modules/order"), order).context("write the order of modules")?;
    let init = root.join("init");
    fs::write(&init, GUEST).context("write init")?;
    fs::set_permissions(&init, Permissions::from_mode(0o755)).context("make init a program")
}

/// Copies a program to its place, and its libraries to theirs.
fn install(root: &Path, program: &Path, place: &str) -> Result<()> {
    copy(program, &root.join(place))?;
    for library in libraries_of(program)? {
        let place = library.strip_prefix("/").unwrap_or(&library);
        copy(&library, &root.join(place))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    }
    fs::copy(from, to)
        .map(|_| ())
        .with_context(|| format!("copy {} to {}", from.display(), to.display()))
}

/// What a program is linked with; nothing where it is linked statically, which `ldd` calls a failure.
fn libraries_of(program: &Path) -> Result<Vec<PathBuf>> {
    let mut ldd = command::command("ldd");
    let output = ldd.arg(program).output().context("start ldd")?;
    libraries(&String::from_utf8_lossy(&output.stdout))
        .with_context(|| format!("find the libraries of {}", program.display()))
}

/// The paths in what `ldd` prints.
fn libraries(printed: &str) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for line in printed.lines() {
        ensure!(!line.contains("=> not found"), "{}", line.trim());
        let path = line.split_whitespace().find(|word| word.starts_with('/'));
        paths.extend(path.map(PathBuf::from));
    }
    Ok(paths)
}

/// Packs a tree as the kernel unpacks it. Owners are root's, whoever packs.
fn pack(root: &Path, archive: &Path) -> Result<()> {
    let file = File::create(archive).with_context(|| format!("create {}", archive.display()))?;
    let mut cpio = command::command("busybox");
    cpio.args(["cpio", "-o", "-H", "newc", "-R", "0:0"]);
    cpio.current_dir(root).stdin(Stdio::piped());
    cpio.stdout(file).stderr(Stdio::null());
    let mut child = cpio.spawn().context("start busybox cpio")?;
    let mut names = child.stdin.take().context("busybox cpio reads nothing")?;
    for name in tree(root)? {
        writeln!(names, "{}", name.display()).context("name a file to busybox cpio")?;
    }
    // With its input open it would go on waiting for names.
    drop(names);
    let status = child.wait().context("await busybox cpio")?;
    ensure!(status.success(), "busybox cpio ended with {status}");
    Ok(())
}

/// Every file and folder below, relative to it, each folder before what lies in it.
fn tree(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let listing = fs::read_dir(root.join(&folder))
            .with_context(|| format!("list {}", folder.display()))?;
        for entry in listing {
            let entry = entry?;
            let name = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(name.clone());
            }
            found.push(name);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_where_ldd_found_them() {
        let printed = "\tlinux-vdso.so.1 (0x00007fcd3b655000)\n\
                       \tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007fcd3aa1e000)\n\
                       \t/lib64/ld-linux-x86-64.so.2 (0x00007fcd3b657000)\n";
        let expected = [
            "/lib/x86_64-linux-gnu/libc.so.6",
            "/lib64/ld-linux-x86-64.so.2",
        ];
        assert_eq!(libraries(printed).unwrap(), expected.map(PathBuf::from));
        assert!(libraries("").unwrap().is_empty());
    }

    #[test]
    fn a_library_that_is_missing_is_named() {
        let error = libraries("\tlibbpf.so.1 => not found\n").unwrap_err();
        assert!(error.to_string().contains("libbpf.so.1"));
    }

    #[test]
    fn a_tree_names_folders_before_what_lies_in_them() {
        let root = std::env::temp_dir().join(format!("heartbeat-tree-{}", std::process::id()));
        fs::create_dir_all(root.join("usr/bin")).unwrap();
        fs::write(root.join("usr/bin/ip"), "").unwrap();
        fs::write(root.join("init"), "").unwrap();
        let mut names = tree(&root).unwrap();
        let place = |names: &[PathBuf], name: &str| {
            names
                .iter()
                .position(|found| found == Path::new(name))
                .unwrap()
        };
        assert!(place(&names, "usr") < place(&names, "usr/bin"));
        assert!(place(&names, "usr/bin") < place(&names, "usr/bin/ip"));
        fs::remove_dir_all(&root).unwrap();
        names.sort();
        assert_eq!(
            names,
            ["init", "usr", "usr/bin", "usr/bin/ip"].map(PathBuf::from)
        );
    }
}
