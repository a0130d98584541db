//! What a node's agent has in the kernel: links, programs, maps.
//!
//! Other labs run on the same kernel, so a count of all programs says nothing. A node's objects are found from
//! its pinned links: link, program, the program's maps. Their numbers are never used again while the system is
//! up, so whether they are gone can be asked later, when no pin leads there any more.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use aya::maps::loaded_maps;
use aya::programs::links::{FdLink, PinnedLink};
use aya::programs::{loaded_links, loaded_programs};

use super::Lab;
use super::plan::Node;

/// Start of the name of every pinned link.
const LINK: &str = "link-";

/// The program at a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attachment {
    /// The kernel's number of the link.
    pub link: u32,
    /// The kernel's number of the program that the link leads to now.
    pub program: u32,
    /// Hash of the program's instructions.
    pub tag: u64,
}

/// The kernel's numbers of everything that a node's agent has there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Objects {
    /// By name of the pinned link.
    pub attachments: BTreeMap<String, Attachment>,
    /// Maps of those programs, pinned or not.
    pub maps: BTreeSet<u32>,
}

impl Objects {
    /// What the node's pins lead to.
    pub fn of(lab: &Lab, node: Node) -> Result<Self> {
        let mut objects = Objects {
            attachments: BTreeMap::new(),
            maps: BTreeSet::new(),
        };
        for path in lab.pins_of(node)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(LINK) {
                let link = PinnedLink::from_pin(&path)
                    .with_context(|| format!("open {}", path.display()))?;
                let attachment = objects.add_program_of(&FdLink::from(link))?;
                objects.attachments.insert(name.into_owned(), attachment);
            }
        }
        ensure!(!objects.attachments.is_empty(), "{node} has no pinned link");
        Ok(objects)
    }

    fn add_program_of(&mut self, link: &FdLink) -> Result<Attachment> {
        let link = link.info().context("ask about a link")?;
        for program in loaded_programs() {
            let program = program.context("list the programs")?;
            if program.id() == link.program_id() {
                let maps = program.map_ids().context("ask for a program's maps")?;
                self.maps.extend(maps.unwrap_or_default());
                return Ok(Attachment {
                    link: link.id(),
                    program: program.id(),
                    tag: program.tag(),
                });
            }
        }
        anyhow::bail!("the link {} leads to no program", link.id())
    }

    /// Those that the kernel still has, one name each.
    pub fn remaining(&self) -> Result<Vec<String>> {
        let links: BTreeSet<u32> = self.attachments.values().map(|at| at.link).collect();
        let programs: BTreeSet<u32> = self.attachments.values().map(|at| at.program).collect();
        let mut found = Vec::new();
        for link in loaded_links() {
            let id = link.context("list the links")?.id();
            found.extend(links.contains(&id).then(|| format!("link {id}")));
        }
        for program in loaded_programs() {
            let id = program.context("list the programs")?.id();
            found.extend(programs.contains(&id).then(|| format!("program {id}")));
        }
        for map in loaded_maps() {
            let id = map.context("list the maps")?.id();
            found.extend(self.maps.contains(&id).then(|| format!("map {id}")));
        }
        Ok(found)
    }
}

/// Where the kernel keeps what outlives an agent.
impl Lab {
    /// Paths of everything pinned for a node.
    pub fn pins_of(&self, node: Node) -> Result<Vec<PathBuf>> {
        let node = node.to_string();
        let mut found = Vec::new();
        let mut directories = vec![self.name().pins()];
        while let Some(directory) = directories.pop() {
            let entries = fs::read_dir(&directory)
                .with_context(|| format!("read {}", directory.display()))?;
            for entry in entries {
                let path = entry.context("read a directory of pins")?.path();
                if path.is_dir() {
                    directories.push(path);
                } else if path.components().any(|part| part.as_os_str() == &*node) {
                    found.push(path);
                }
            }
        }
        Ok(found)
    }
}
