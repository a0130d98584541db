//! The multicast group of a network: its address, and who is a member.
//!
//! The address is computed, not configured, so that every node finds the same one: inside 239.255.0.0 to
//! 239.255.254.255, or of the form ff15::/16 (RFC 3307 gives computed identifiers the upper half of 32 bits).
//! The awkward case is two networks of one cluster with one group: a heartbeat would be taken for one of the
//! other network. So the hash is of the cluster alone and the network's number is added: networks whose numbers
//! do not differ by the whole range differ in their groups. Two clusters may share a group; XDP tells their
//! datagrams apart.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::{Context, Result};
use heartbeat_ebpf::ids::NetworkId;
use sha2::{Digest as _, Sha256};

use crate::config::Subnet;
use crate::interface::{self, Membership};

/// Groups of IPv4: 239.255.0.0 ..= 239.255.254.255.
const GROUPS_V4: u32 = 255 * 256;
/// Groups of IPv6.
const GROUPS_V6: u32 = 1 << 31;

/// Which addresses a network has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of a subnet's addresses.
    pub fn of(subnet: &Subnet) -> Self {
        if subnet.is_ipv4() {
            Family::V4
        } else {
            Family::V6
        }
    }
}

/// The group of a network of the cluster with this name.
pub fn address(cluster: &str, network: NetworkId, family: Family) -> IpAddr {
    let first = first(cluster);
    let place = |count: u32| (first % count + u32::from(network.number())) % count;
    match family {
        Family::V4 => Ipv4Addr::from_bits(0xefff_0000 + place(GROUPS_V4)).into(),
        Family::V6 => {
            let [a, b, c, d] = (GROUPS_V6 + place(GROUPS_V6)).to_be_bytes();
            let [high, low] = [[a, b], [c, d]].map(u16::from_be_bytes);
            Ipv6Addr::new(0xff15, 0, 0, 0, 0, 0, high, low).into()
        }
    }
}

/// Makes the kernel a member of the group on the interface with this index, whoever stops or restarts; nothing
/// changes where it is one. An IPv6 membership must be asked for again when the interface was set down and up.
pub fn join(interface: u32, group: IpAddr) -> Result<()> {
    interface::join(interface, group).with_context(|| {
        format!(
            "join {group} on {} (CAP_NET_ADMIN is needed)",
            named(interface)
        )
    })
}

/// Ends the membership; nothing changes where there is none.
pub fn leave(interface: u32, group: IpAddr) -> Result<()> {
    interface::leave(interface, group).with_context(|| {
        format!(
            "leave {group} on {} (CAP_NET_ADMIN is needed)",
            named(interface)
        )
    })
}

/// What became of memberships when they were left.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Left {
    /// Memberships that were ended.
    pub ended: Vec<Membership>,
    /// IPv6 memberships that the kernel keeps until their interface goes: it was set down while it was a member.
    pub kept: Vec<Membership>,
}

/// Leaves the groups of these networks of a cluster on every interface.
pub fn leave_all(cluster: &str, networks: &[NetworkId]) -> Result<Left> {
    let groups: BTreeSet<IpAddr> = networks
        .iter()
        .flat_map(|network| {
            [Family::V4, Family::V6].map(|family| address(cluster, *network, family))
        })
        .collect();
    let of_ours = |membership: &Membership| groups.contains(&membership.group);
    let mut left = Left::default();
    for membership in interface::memberships()?.into_iter().filter(of_ours) {
        leave(membership.interface, membership.group)?;
        left.ended.push(membership);
    }
    let kept = interface::ipv6_members()?.into_iter();
    left.kept.extend(kept.filter(of_ours));
    Ok(left)
}

/// Where a cluster's groups begin to count.
fn first(cluster: &str) -> u32 {
    let digest = Sha256::digest(format!("heartbeat-ebpf multicast group {cluster}"));
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// The interface by its name, where it still has one.
fn named(interface: u32) -> String {
    let name = interface::name_of(interface).ok().flatten();
    name.unwrap_or_else(|| format!("interface {interface}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn network(number: u16) -> NetworkId {
        NetworkId::new(number).expect("not 0")
    }

    #[test]
    fn groups_never_change_their_meaning() {
        let groups = [Family::V4, Family::V6].map(|family| address("prod-db", network(1), family));
        assert_eq!(
            groups.map(|group| group.to_string()),
            ["239.255.181.102", "ff15::bc2a:ce66"]
        );
    }

    #[test]
    fn networks_of_a_cluster_have_groups_of_their_own() {
        for family in [Family::V4, Family::V6] {
            let groups: BTreeSet<IpAddr> = (1..=65_000)
                .map(|number| address("c", network(number), family))
                .collect();
            assert_eq!(groups.len(), 65_000);
        }
    }

    proptest! {
        #[test]
        fn every_group_lies_in_the_range_that_it_may_have(cluster in ".{0,40}", number in 1..=u16::MAX) {
            let v4 = address(&cluster, network(number), Family::V4);
            prop_assert!(v4 >= IpAddr::from([239, 255, 0, 0]) && v4 <= IpAddr::from([239, 255, 254, 255]));
            let IpAddr::V6(v6) = address(&cluster, network(number), Family::V6) else {
                panic!("not of the family asked for");
            };
            prop_assert_eq!(v6.segments()[0], 0xff15);
            prop_assert!(v6.segments()[6] >= 0x8000);
        }
    }
}
