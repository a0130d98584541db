//! Replacing a key in a running agent.
//!
//! The nodes of a cluster reload one after the other, so that a key is replaced in three roll-outs: the new one
//! comes second, then it comes first, then the old one goes. Each of them leaves one key in place on every
//! node. The awkward case is the second, in which the two keys of the file change places: written in that
//! order into the XDP program's two entries, one key would be in neither for a moment, and a heartbeat
//! dropped. So the entries have no order, and a key that stays keeps its entry. The one that changes is not
//! written in one piece either, which is no loss: nobody signs yet with the key that comes, nor still with the
//! one that goes.

use std::fmt;

use heartbeat_ebpf::map::Keys;
use heartbeat_ebpf::tag::Subkey;

use super::{Key, KeyRing};
use crate::config::diff::Refused;

/// One change of the keys of a running agent. Its `Display` is one line without a full stop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// A key verifies that was not there.
    Added {
        /// What frames call it.
        id: u8,
    },
    /// Another key signs.
    Signs {
        /// That signed.
        from: u8,
        /// That signs now.
        to: u8,
    },
    /// The key that signs now was not there before: a roll-out was left out, here at least.
    Unannounced {
        /// What frames call it.
        id: u8,
    },
    /// A key verifies no longer.
    Removed {
        /// What frames call it.
        id: u8,
    },
    /// The key that verifies no longer signed until now: a roll-out was left out, here at least.
    Abrupt {
        /// What frames call it.
        id: u8,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Added { id } => write!(f, "key {id} added"),
            Change::Signs { from, to } => write!(f, "key {to} signs instead of key {from}"),
            Change::Unannounced { id } => write!(
                f,
                "key {id} signs without having been second before: nodes that have not got it drop this \
                 node's heartbeats"
            ),
            Change::Removed { id } => write!(f, "key {id} removed"),
            Change::Abrupt { id } => write!(
                f,
                "key {id} signed until now: the heartbeats of nodes that still sign with it are dropped"
            ),
        }
    }
}

impl KeyRing {
    /// Every change from these keys to `new`; none where they are the same.
    ///
    /// # Errors
    /// A key that became another one under its old id.
    pub fn compare(&self, new: &KeyRing) -> Result<Vec<Change>, Refused> {
        self.refuse_other_bytes(new)?;
        let (from, to) = (self.signing.id, new.signing.id);
        let added = new.all().filter(|key| !self.has(key.id));
        let removed = self.all().filter(|key| !new.has(key.id));
        let mut changes: Vec<Change> = added.map(|key| Change::Added { id: key.id }).collect();
        changes.extend((from != to).then_some(Change::Signs { from, to }));
        changes.extend((!self.has(to)).then_some(Change::Unannounced { id: to }));
        changes.extend(removed.map(|key| Change::Removed { id: key.id }));
        changes.extend((!new.has(from)).then_some(Change::Abrupt { id: from }));
        Ok(changes)
    }

    fn refuse_other_bytes(&self, new: &KeyRing) -> Result<(), Refused> {
        let changed = |key: &&Key| new.all().any(|other| other.id == key.id && other != *key);
        let reason = |key: &Key| {
            format!(
                "key {id} is another one than before, and a frame tells keys apart by their ids alone: put \
                 the old one back, or give the new one another id than {id}",
                id = key.id
            )
        };
        Refused::unless_empty(self.all().filter(changed).map(reason).collect())
    }

    /// The two entries of the XDP program's map for these keys, where `current` are the ids that they have
    /// now; 0: none. A key that is there stays where it is, so that whatever the order of the two writes, it
    /// is never missing; an entry that does not change may be written again.
    pub fn placed(&self, current: [u8; 2]) -> [Keys; 2] {
        let signing_at = match current {
            [first, _] if first == self.signing.id => 0,
            [_, second] if second == self.signing.id => 1,
            [first, _] if self.other.is_some_and(|other| other.id == first) => 1,
            _ => 0,
        };
        let other = self.other.map_or(NONE, |other| other.map());
        match signing_at {
            0 => [self.signing.map(), other],
            _ => [other, self.signing.map()],
        }
    }

    /// The signing key, and then the other.
    pub(super) fn all(&self) -> impl Iterator<Item = &Key> {
        [&self.signing].into_iter().chain(&self.other)
    }

    fn has(&self, id: u8) -> bool {
        self.all().any(|key| key.id == id)
    }
}

/// An entry without a key.
const NONE: Keys = Keys {
    id: 0,
    heartbeat: Subkey([0; 2]),
    echo: Subkey([0; 2]),
};

#[cfg(test)]
mod tests;
