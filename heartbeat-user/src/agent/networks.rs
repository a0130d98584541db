//! Which entry of `NETWORKS` and `FRAMES` belongs to which network.
//!
//! An entry outlives the agent, and the configuration may have changed meanwhile, so an entry is recognised by
//! the network's number and never by its place in the file. The awkward case is a network that is taken out
//! and put back: peers that never heard of it would take a sequence that begins at 1 again for a replay. So a
//! free entry keeps the sequence it had, and one that is taken goes on from the largest of the free ones.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use aya::maps::PerCpuValues;
use heartbeat_ebpf::ids::NetworkId;
use heartbeat_ebpf::map::{Local, NETWORKS_MAX, Network, frames_index};
use heartbeat_ebpf::verdict::{VERDICTS_MAX, Verdict};

use crate::maps::Maps;

/// Finds or makes the entry of each network, in their order, and frees those of all others; nothing may be
/// sent on these any more. Keys of `LOCALS` and `DEVICES` that led to a freed entry are removed.
pub fn claim(maps: &mut Maps, ids: &[NetworkId]) -> Result<Vec<u8>> {
    ensure!(
        ids.len() <= NETWORKS_MAX,
        "at most {NETWORKS_MAX} networks fit on one node"
    );
    let shared = maps.shared.clone();
    let plan = assign(
        &shared.networks().iter().map(facts).collect::<Vec<_>>(),
        ids,
    )
    .context("find a free entry for a network")?;
    forget(maps, &plan.freed)?;
    for entry in &plan.freed {
        let network = &shared.networks()[usize::from(*entry)];
        network.identity.set(0);
        network.interval_ms.set(0);
    }
    for (entry, id) in &plan.taken {
        clear_frames(maps, *entry)?;
        let network = &shared.networks()[usize::from(*entry)];
        network.sent.set(plan.first_sent);
        network.identity.set(u64::from(id.number()));
    }
    Ok(plan.entries)
}

/// The networks that have entries and are not among these: what is to be left before [`claim`] forgets them.
pub fn gone(maps: &Maps, ids: &[NetworkId]) -> Vec<NetworkId> {
    let networks = maps.shared.networks().iter();
    let known = networks.filter_map(|network| u16::try_from(network.identity.get()).ok());
    known
        .filter_map(NetworkId::new)
        .filter(|id| !ids.contains(id))
        .collect()
}

/// An entry's network, 0 for none, and its last sequence.
fn facts(network: &Network) -> (u64, u64) {
    (network.identity.get(), network.sent.get())
}

/// What is to be done.
#[derive(PartialEq, Eq, Debug)]
struct Plan {
    /// The entry of each network asked for.
    entries: Vec<u8>,
    /// Entries whose network is gone.
    freed: Vec<u8>,
    /// Entries that are used from now on, and by whom.
    taken: Vec<(u8, NetworkId)>,
    /// The sequence that these go on from.
    first_sent: u64,
}

/// `None` where there are more networks than entries.
fn assign(found: &[(u64, u64)], ids: &[NetworkId]) -> Option<Plan> {
    let wanted = |identity: u64| ids.iter().any(|id| u64::from(id.number()) == identity);
    let mut owned = BTreeMap::new();
    let (mut free, mut freed, mut first_sent) = (Vec::new(), Vec::new(), 0);
    for (entry, (identity, sent)) in (0..).zip(found) {
        if wanted(*identity) && !owned.contains_key(identity) {
            owned.insert(*identity, entry);
            continue;
        }
        if *identity != 0 {
            freed.push(entry);
        }
        free.push(entry);
        first_sent = first_sent.max(*sent);
    }
    let (mut free, mut taken) = (free.into_iter(), Vec::new());
    let mut entries = Vec::with_capacity(ids.len());
    for id in ids {
        let entry = match owned.get(&u64::from(id.number())) {
            Some(entry) => *entry,
            None => {
                let entry = free.next()?;
                taken.push((entry, *id));
                entry
            }
        };
        entries.push(entry);
    }
    Some(Plan {
        entries,
        freed,
        taken,
        first_sent,
    })
}

/// Removes whatever leads to these entries, before another network gets them.
fn forget(maps: &mut Maps, entries: &[u8]) -> Result<()> {
    for address in maps.locals.keys().collect::<Result<Vec<_>, _>>()? {
        let word = maps.locals.get(&address, 0).context("read LOCALS")?;
        if entries.contains(&Local::unpack(word).index) {
            maps.locals.remove(&address).context("clean LOCALS")?;
        }
    }
    for device in maps.devices.keys().collect::<Result<Vec<_>, _>>()? {
        let entry = maps.devices.get(&device, 0).context("read DEVICES")?;
        if entries.iter().any(|freed| u32::from(*freed) == entry) {
            maps.devices.remove(&device).context("clean DEVICES")?;
        }
    }
    Ok(())
}

/// Begins an entry's counters of frames anew.
fn clear_frames(maps: &mut Maps, entry: u8) -> Result<()> {
    let cpus = maps.frames.get(&0, 0).context("read FRAMES")?.len();
    let first = frames_index(entry.into(), Verdict::Transit);
    for index in first..first + VERDICTS_MAX as u32 {
        let zero = PerCpuValues::try_from(vec![0; cpus]).context("clear FRAMES")?;
        maps.frames.set(index, zero, 0).context("clear FRAMES")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids<const N: usize>(numbers: [u16; N]) -> [NetworkId; N] {
        numbers.map(|number| NetworkId::new(number).expect("not 0"))
    }

    #[test]
    fn a_network_keeps_its_entry_wherever_the_configuration_has_it() {
        let found = [(7, 70), (0, 0), (3, 30)];
        let plan = assign(&found, &ids([3, 7])).expect("room");
        assert_eq!(plan.entries, [2, 0]);
        assert_eq!((plan.freed, plan.taken), (vec![], vec![]));
    }

    #[test]
    fn a_network_that_is_gone_makes_room_for_a_new_one() {
        let found = [(7, 70), (3, 30)];
        let [nine, seven] = ids([9, 7]);
        let plan = assign(&found, &[nine, seven]).expect("room");
        assert_eq!(plan.entries, [1, 0]);
        assert_eq!((plan.freed, plan.taken), (vec![1], vec![(1, nine)]));
    }

    #[test]
    fn a_network_that_was_taken_out_and_put_back_goes_on_counting() {
        let found = [(0, 5), (0, 900), (3, 4_000)];
        let plan = assign(&found, &ids([3, 8])).expect("room");
        assert_eq!(plan.entries, [2, 0]);
        assert_eq!(plan.first_sent, 900);
    }

    #[test]
    fn one_network_too_many_is_told() {
        assert_eq!(assign(&[(1, 0)], &ids([1, 2])), None);
    }
}
