//! The multicast group of a network: its address, and who is a member.
//!
//! The address is computed, not configured, so that every node finds the same one: inside 239.255.0.0 to
//! 239.255.254.255, or of the form ff15::/16 (RFC 3307 gives computed identifiers the upper half of 32 bits).
//! The awkward case is two networks of one cluster with one group: a heartbeat would be taken for one of the
//! other network. So the hash is of the cluster alone and the network's number is added: networks whose numbers
//! do not differ by the whole range differ in their groups. Two clusters may share a group; XDP tells their
//! datagrams apart.

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

    /// The family of an address.
    pub fn of_address(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Family::V4,
            IpAddr::V6(_) => Family::V6,
        }
    }
}

/// The group of a network of the cluster with this name.
pub fn address(cluster: &str, network: NetworkId, family: Family) -> IpAddr {
    numbered(first(cluster), network.number(), family)
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

/// What is left of a cluster's groups after leaving them all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Left {
    /// Memberships that were ended.
    pub ended: Vec<Membership>,
    /// IPv6 memberships that the kernel keeps until their interface goes: it was set down while it was a member.
    pub kept: Vec<Membership>,
}

/// Leaves every group of this cluster on every interface: also those of networks that are configured no more.
pub fn leave_all(cluster: &str) -> Result<Left> {
    let first = first(cluster);
    let mut left = Left::default();
    for membership in interface::memberships()? {
        if is_of(first, membership.group) {
            leave(membership.interface, membership.group)?;
            left.ended.push(membership);
        }
    }
    let kept = interface::ipv6_members()?.into_iter();
    left.kept
        .extend(kept.filter(|membership| is_of(first, membership.group)));
    Ok(left)
}

/// Where a cluster's groups begin to count.
fn first(cluster: &str) -> u32 {
    let digest = Sha256::digest(format!("heartbeat-ebpf multicast group {cluster}"));
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

fn numbered(first: u32, network: u16, family: Family) -> IpAddr {
    let place = |count: u32| (first % count + u32::from(network)) % count;
    match family {
        Family::V4 => Ipv4Addr::from_bits(0xefff_0000 + place(GROUPS_V4)).into(),
        Family::V6 => {
            let [a, b, c, d] = (GROUPS_V6 + place(GROUPS_V6)).to_be_bytes();
            let [high, low] = [[a, b], [c, d]].map(u16::from_be_bytes);
            Ipv6Addr::new(0xff15, 0, 0, 0, 0, 0, high, low).into()
        }
    }
}

/// Whether some network of the cluster could have this group.
fn is_of(first: u32, group: IpAddr) -> bool {
    let family = Family::of_address(group);
    group.is_multicast() && (1..=u16::MAX).any(|network| numbered(first, network, family) == group)
}

/// The interface by its name, where it still has one.
fn named(interface: u32) -> String {
    let name = interface::name_of(interface).ok().flatten();
    name.unwrap_or_else(|| format!("interface {interface}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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

    #[test]
    fn a_cluster_knows_its_groups_from_others() {
        for family in [Family::V4, Family::V6] {
            let group = address("c", network(4_711), family);
            assert!(is_of(first("c"), group));
        }
        let other = address("other", network(4_711), Family::V6);
        assert!(!is_of(first("c"), other));
        assert!(!is_of(first("c"), Ipv4Addr::new(10, 255, 1, 1).into()));
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
