//! Which slot belongs to which path.
//!
//! A slot outlives the agent, and the configuration may have changed meanwhile, so a slot is recognised by its
//! identity and never by its index. A slot that nobody claims is cleared before it is used again.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use heartbeat_ebpf::map::PATHS_MAX;
use heartbeat_ebpf::trail::{self, STEPS, Step};

use crate::maps::Maps;

/// Finds or makes the slot of each identity, in their order. No key of `PATHS` may lead to another slot.
pub fn claim(maps: &mut Maps, identities: &[u64]) -> Result<Vec<u32>> {
    ensure!(
        identities.len() <= PATHS_MAX,
        "at most {PATHS_MAX} paths fit on one node"
    );
    let wanted: BTreeSet<u64> = identities.iter().copied().collect();
    let mut used = BTreeMap::new();
    let mut free = Vec::new();
    for (index, slot) in maps.shared.slots().iter().enumerate() {
        let identity = slot.identity.get();
        if wanted.contains(&identity) && !used.contains_key(&identity) {
            used.insert(identity, index as u32);
        } else {
            free.push((index as u32, identity));
        }
    }
    for (index, identity) in &free {
        if *identity != 0 {
            clear(maps, *index, 0)?;
        }
    }
    let mut free = free.into_iter();
    let mut claimed = Vec::with_capacity(identities.len());
    for identity in identities {
        let index = match used.get(identity) {
            Some(index) => *index,
            None => {
                let (index, _) = free.next().context("find a free slot")?;
                clear(maps, index, *identity)?;
                index
            }
        };
        claimed.push(index);
    }
    Ok(claimed)
}

/// Zeroes all records of a slot and gives it to an identity; 0: to nobody.
fn clear(maps: &mut Maps, index: u32, identity: u64) -> Result<()> {
    let mut slot = [0; 16];
    slot[0] = identity;
    let control = &maps.shared.controls()[index as usize];
    for word in [
        &control.armed,
        &control.notable_gap,
        &control.nonce,
        &control.told_state,
        &control.told_last_arrival,
        &control.told_arrivals,
        &control.told_until,
    ] {
        word.set(0);
    }
    maps.echo_writer
        .set(index, [0; 16], 0)
        .context("clear a slot's echoes")?;
    let used = |step: &Step| step.arrival.get() != 0;
    let steps = if maps.shared.trail(index).iter().any(used) {
        STEPS as u64
    } else {
        0
    };
    for step in 0..steps {
        maps.trail_writer
            .set(trail::index(index, step), [0; 4], 0)
            .context("clear a slot's trail")?;
    }
    maps.slot_writer.set(index, slot, 0).context("clear a slot")
}
