//! The pin directory: maps and links that outlive the agent.
//!
//! `PINS/ABI/CLUSTER/NODE/` keeps every map but the keys, and one link a device, so that stamping goes on
//! while the agent is stopped, restarted or upgraded. Whoever can write there can tell the agent anything, so
//! every component below the BPF file system must belong to root or to the agent's user with mode 0700, and a
//! pinned map is trusted only after its shape was compared with what this release expects (the loader itself
//! compares nothing).

use std::fs::{self, DirBuilder, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use aya::maps::{Array, Map, MapData};
use heartbeat_ebpf::ids::NetworkId;
use heartbeat_ebpf::map::{
    FRAMES_MAX, LOCALS_MAX, NETWORKS_MAX, Network, PATH_KEYS_MAX, PATHS_MAX, STEPS_MAX, WAKES_BYTES,
};
use nix::sys::statfs::{BPF_FS_MAGIC, statfs};
use nix::unistd::geteuid;

/// Name and shape of each pinned map: key bytes, value bytes, entries, flags.
const SHAPES: [(&str, [u32; 4]); 11] = [
    ("SLOTS", [4, 128, PATHS_MAX as u32, MMAPABLE]),
    ("ECHOES", [4, 128, PATHS_MAX as u32, MMAPABLE]),
    ("CONTROLS", [4, 64, PATHS_MAX as u32, MMAPABLE]),
    ("TRAIL", [4, 32, STEPS_MAX as u32, MMAPABLE]),
    ("NODE", [4, 64, 1, MMAPABLE]),
    ("NETWORKS", [4, 32, NETWORKS_MAX as u32, MMAPABLE]),
    ("LOCALS", [16, 8, LOCALS_MAX as u32, 0]),
    ("DEVICES", [4, 4, LOCALS_MAX as u32, 0]),
    ("PATHS", [16, 24, PATH_KEYS_MAX as u32, 0]),
    ("FRAMES", [4, 8, FRAMES_MAX as u32, 0]),
    ("WAKES", [0, 0, WAKES_BYTES as u32, 0]),
];
const MMAPABLE: u32 = 0x400;
/// Start of the name of every pinned link.
const LINK: &str = "link-";

/// The pins of one node.
#[derive(Clone)]
pub struct Pins {
    directory: PathBuf,
}

/// A pinned link, as its name tells it.
pub struct PinnedLinkName {
    /// Where it is pinned.
    pub path: PathBuf,
    /// The device's interface index.
    pub index: u32,
    /// The XDP mode.
    pub mode: String,
}

impl Pins {
    /// Opens, and creates where missing, the directory `relative` (three components) below `root`.
    pub fn open(root: &Path, directory: &Path) -> Result<Self> {
        let mut component = PathBuf::new();
        for part in directory.components() {
            component.push(part);
            if !component.exists() {
                create(&component)?;
            }
            if component.starts_with(root) {
                private(&component)?;
            }
        }
        on_bpffs(directory)?;
        let pins = Pins {
            directory: directory.to_owned(),
        };
        pins.check_shapes()?;
        Ok(pins)
    }

    /// Names of the pinned maps.
    pub fn map_names() -> impl Iterator<Item = &'static str> {
        SHAPES.iter().map(|(name, _)| *name)
    }

    /// Whether an earlier run has left every map.
    pub fn are_complete(&self) -> bool {
        Pins::map_names().all(|name| self.path(name).exists())
    }

    /// Where a map or link is pinned.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Where the link to a device is pinned. By its index: a name may hold a dot, which bpffs refuses.
    pub fn link(&self, index: u32, mode: &str) -> PathBuf {
        self.path(&format!("{LINK}{index}-{mode}"))
    }

    /// The pinned links.
    pub fn links(&self) -> Result<Vec<PinnedLinkName>> {
        let mut links = Vec::new();
        for entry in fs::read_dir(&self.directory).context("read the pin directory")? {
            let path = entry.context("read the pin directory")?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let parsed = name.and_then(|name| {
                let (index, mode) = name.strip_prefix(LINK)?.split_once('-')?;
                Some((index.parse().ok()?, mode.to_owned()))
            });
            links.extend(parsed.map(|(index, mode)| PinnedLinkName { path, index, mode }));
        }
        Ok(links)
    }

    /// Restricts the pinned maps to their owner.
    pub fn restrict(&self) -> Result<()> {
        for name in Pins::map_names() {
            let path = self.path(name);
            fs::set_permissions(&path, Permissions::from_mode(0o600))
                .with_context(|| format!("restrict {}", path.display()))?;
        }
        Ok(())
    }

    fn check_shapes(&self) -> Result<()> {
        for (name, expected) in SHAPES {
            let path = self.path(name);
            if !path.exists() {
                continue;
            }
            let info = MapData::from_pin(&path)
                .and_then(|map| map.info())
                .with_context(|| format!("open {}", path.display()))?;
            let found = [
                info.key_size(),
                info.value_size(),
                info.max_entries(),
                info.map_flags(),
            ];
            ensure!(
                found == expected,
                "{} has another shape than this release expects ({found:?}, not {expected:?}): run `heartbeat detach`, then start again",
                path.display()
            );
        }
        Ok(())
    }

    /// Removes every pin of a node, and directories that are empty then. Links go first, so that no program
    /// runs on maps that nobody can find. Returns how many pins there were.
    pub fn remove(root: &Path, directory: &Path) -> Result<usize> {
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries.collect::<Result<Vec<_>, _>>()?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
            Err(error) => {
                return Err(error).with_context(|| format!("read {}", directory.display()));
            }
        };
        let mut paths: Vec<PathBuf> = entries.iter().map(|entry| entry.path()).collect();
        let is_link = |path: &PathBuf| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with(LINK))
        };
        paths.sort_by_key(|path| !is_link(path));
        for path in &paths {
            fs::remove_file(path).with_context(|| format!("remove {}", path.display()))?;
        }
        for directory in directory
            .ancestors()
            .take_while(|path| path.starts_with(root))
        {
            if fs::remove_dir(directory).is_err() {
                break;
            }
        }
        Ok(paths.len())
    }
}

/// The networks that the maps pinned in this directory know; none where there is no such map, or one that this
/// release did not make.
pub fn networks(directory: &Path) -> Result<Vec<NetworkId>> {
    const WORDS: usize = size_of::<Network>() / 8;
    let path = directory.join("NETWORKS");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let read = || format!("read {}", path.display());
    let map = Map::Array(MapData::from_pin(&path).with_context(read)?);
    let Ok(map) = Array::<_, [u64; WORDS]>::try_from(map) else {
        return Ok(Vec::new());
    };
    let mut networks = Vec::new();
    for record in map.iter() {
        let [identity, ..] = record.with_context(read)?;
        networks.extend(u16::try_from(identity).ok().and_then(NetworkId::new));
    }
    Ok(networks)
}

/// Creates a directory for this user alone. Another agent of this host may be quicker.
fn create(directory: &Path) -> Result<()> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error).with_context(|| {
            format!(
                "create {}: is a BPF file system mounted there? `mount -t bpf bpf /sys/fs/bpf`",
                directory.display()
            )
        }),
        _ => Ok(()),
    }
}

/// Refuses a directory that others than root and this user could have prepared.
fn private(directory: &Path) -> Result<()> {
    let metadata =
        fs::metadata(directory).with_context(|| format!("look at {}", directory.display()))?;
    let trusted = metadata.uid() == 0 || metadata.uid() == geteuid().as_raw();
    if !trusted || metadata.mode() & 0o077 != 0 {
        bail!(
            "{} belongs to user {} with mode {:o}; it must belong to root or to the agent's user with mode 700",
            directory.display(),
            metadata.uid(),
            metadata.mode() & 0o777
        );
    }
    Ok(())
}

fn on_bpffs(directory: &Path) -> Result<()> {
    let kind = statfs(directory)
        .with_context(|| format!("look at the file system of {}", directory.display()))?
        .filesystem_type();
    ensure!(
        kind == BPF_FS_MAGIC,
        "{} is not on a BPF file system: `mount -t bpf bpf /sys/fs/bpf`; inside `ip netns exec` it is hidden, use `nsenter --net=` instead",
        directory.display()
    );
    Ok(())
}
