//! Which slot belongs to which path.
//!
//! A slot outlives the agent, and the configuration may have changed meanwhile, so a slot is recognised by its
//! identity and never by its index. A slot that nobody claims is cleared before it is used again.

use std::collections::BTreeMap;
use std::net::IpAddr;

use anyhow::{Context, Result, ensure};
use heartbeat_ebpf::ids::{NetworkId, NodeId};
use heartbeat_ebpf::map::PATHS_MAX;
use heartbeat_ebpf::slot;
use sha2::{Digest as _, Sha256};

use crate::maps::Maps;

/// The identity of a path's slot.
pub fn identity(peer: NodeId, network: NetworkId, local: IpAddr, remote: IpAddr) -> u64 {
    let digest = Sha256::digest(format!("{local} {remote}"));
    let addresses = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    slot::identity(peer, network, addresses)
}

/// Finds or makes the slot of each identity, in their order. No key of `PATHS` may lead to another slot.
pub fn claim(maps: &mut Maps, identities: &[u64]) -> Result<Vec<u32>> {
    ensure!(
        identities.len() <= PATHS_MAX,
        "at most {PATHS_MAX} paths fit on one node"
    );
    let mut used = BTreeMap::new();
    let mut free = Vec::new();
    for (index, slot) in maps.shared.slots().iter().enumerate() {
        let identity = slot.identity.get();
        if identities.contains(&identity) {
            used.entry(identity).or_insert(index as u32);
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
    maps.slot_writer
        .set(index, slot, 0)
        .context("clear a slot")?;
    maps.echo_writer
        .set(index, [0; 16], 0)
        .context("clear a slot's echoes")?;
    let control = &maps.shared.controls()[index as usize];
    control.armed.set(0);
    control.notable_gap.set(0);
    control.nonce.set(0);
    control.told_state.set(0);
    control.told_last_arrival.set(0);
    control.told_arrivals.set(0);
    control.told_until.set(0);
    Ok(())
}
