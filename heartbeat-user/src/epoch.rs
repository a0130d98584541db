//! What this node has promised to the membership, kept so that no later run can break it.
//!
//! A node accepts one view an epoch, and a run that forgot what the one before accepted could accept another. The
//! word lies in a pinned map, which outlives every agent and costs one store; but not a reboot. The awkward case
//! is the disk, which would cost a sync in every regroup, and a hung one the whole cluster its view. So epochs
//! are set aside on the disk in blocks, before they are needed: after a reboot a node goes on above its block,
//! whatever it had used of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::{Context, Result};
use heartbeat_core::view::Epoch;

use crate::number;

/// Epochs set aside at once.
const BLOCK: u64 = 64;
const FILE: &str = "epoch";

/// The epochs that a node may promise without asking the disk.
#[derive(Clone, Debug)]
pub struct Epochs {
    path: PathBuf,
    /// Up to here they are set aside.
    until: Arc<AtomicU64>,
}

impl Epochs {
    /// Reads what is set aside in `directory`, and sets more aside if little is left above the epoch to go on
    /// from, which is returned: `pinned`, or if no map outlived the last run (0), the end of the block.
    pub fn open(directory: &Path, pinned: u64) -> Result<(Self, Epoch)> {
        let path = directory.join(FILE);
        let stored = number::read(&path)?.unwrap_or(0);
        let from = if pinned == 0 { stored } else { pinned };
        let epochs = Epochs {
            path,
            until: Arc::new(AtomicU64::new(stored)),
        };
        if epochs.is_low(from) {
            epochs.set_aside(from)?;
        }
        Ok((epochs, Epoch(from)))
    }

    /// Whether more should be set aside when `epoch` is promised.
    pub fn is_low(&self, epoch: u64) -> bool {
        self.until.load(Relaxed) < epoch.saturating_add(BLOCK / 2)
    }

    /// Whether `epoch` is set aside.
    pub fn covers(&self, epoch: u64) -> bool {
        epoch <= self.until.load(Relaxed)
    }

    /// Sets a block above `epoch` aside, synced.
    pub fn set_aside(&self, epoch: u64) -> Result<()> {
        let until = epoch.saturating_add(BLOCK);
        number::replace(&self.path, until).with_context(|| {
            format!("write {}: is there room on that disk?", self.path.display())
        })?;
        self.until.fetch_max(until, Relaxed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_goes_on_where_the_pinned_word_says_and_a_reboot_above_the_block() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let open = |pinned| Epochs::open(directory.path(), pinned).expect("writable");
        let (epochs, from) = open(0);
        assert_eq!(from, Epoch(0));
        assert!(epochs.covers(BLOCK) && !epochs.covers(BLOCK + 1));
        assert_eq!(open(7).1, Epoch(7));
        let (epochs, from) = open(0);
        assert_eq!(from, Epoch(BLOCK), "whatever was used of it");
        assert!(epochs.covers(2 * BLOCK));
        assert!(!epochs.is_low(BLOCK) && epochs.is_low(2 * BLOCK));
    }
}
