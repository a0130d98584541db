//! A lab's place in the system, which it leaves as it found it.
//!
//! Set-up takes dozens of steps and any may fail. So what undoes them is made before the first: from then
//! on there is always an owner whose `Drop` removes whatever exists by then.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;

use anyhow::{Context, Result};

use super::leftovers;
use super::name::LabName;

/// A lab's place in the system: its directories now, its namespaces and pins later. Dropped, all of it goes.
#[derive(Debug)]
pub struct Premises {
    /// Under which all of it is found again.
    pub name: LabName,
    /// Whether to leave it when this value is dropped.
    pub kept: bool,
}

impl Premises {
    /// Creates the directories of a new lab.
    pub fn take() -> Result<Self> {
        let premises = Premises {
            name: LabName::next(),
            kept: false,
        };
        // Agents refuse pins below a directory that others may enter.
        for directory in [premises.name.directory(), premises.name.pins()] {
            DirBuilder::new()
                .mode(0o700)
                .create(&directory)
                .with_context(|| format!("create {}", directory.display()))?;
        }
        Ok(premises)
    }
}

impl Drop for Premises {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if let Err(error) = leftovers::remove(self.name) {
            eprintln!(
                "The lab {} could not be removed whole: {error:#}",
                self.name
            );
        }
    }
}
