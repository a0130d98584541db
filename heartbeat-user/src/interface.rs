//! Which interface owns an address, and what there is to know about it.
//!
//! Everything is asked of the kernel over netlink, in the network namespace of the calling thread: a thread
//! may have entered another one than its process, and sysfs and procfs would then tell of the wrong one.
//! The awkward case is an address with a label (`eth0:1`): by name no interface has it, so that addresses
//! and interfaces are matched by index.

use std::net::IpAddr;
use std::os::fd::OwnedFd;

use anyhow::{Context, Result};

mod address;
pub(crate) mod driver;
pub(crate) mod ethtool;
mod link;
mod membership;
pub(crate) mod netlink;

pub use membership::{Membership, ipv6_members, join, leave, memberships};

/// A network interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    /// Its name, which may change.
    pub name: String,
    /// Its index, which never does.
    pub index: u32,
    /// Whether it is set up and has a carrier.
    pub up: bool,
    /// Bytes of the largest IP packet that it sends.
    pub mtu: u32,
    /// Its driver, where it has one and tells: `veth`, `ixgbe`, `bonding`.
    pub driver: Option<String>,
    /// The id of an XDP program that is attached to it, whoever's.
    pub xdp_program: Option<u32>,
    /// The bridge, bond or the like that it is a port of.
    pub master: Option<String>,
    /// For a bond, the indices of its ports.
    pub bonded: Vec<u32>,
    /// For a VLAN device whose parent is in the same namespace: the parent's index and the VLAN id.
    pub vlan: Option<(u32, u16)>,
}

/// The interface that owns `address`, or `None`.
pub fn owner_of(address: IpAddr) -> Result<Option<Interface>> {
    Ok(owners(&[address])?.pop().flatten())
}

/// The interface that owns each address, all from one look. Of several owners of one address the first that
/// is up.
pub fn owners(addresses: &[IpAddr]) -> Result<Vec<Option<Interface>>> {
    let owned = address::all()?;
    let links = link::all()?;
    let owner = |address: &IpAddr| {
        let owners = owned.iter().filter(|owned| owned.address == *address);
        let links = owners.filter_map(|owned| links.iter().find(|link| link.index == owned.index));
        links.min_by_key(|link| (!link.up, link.index))
    };
    let found = addresses
        .iter()
        .map(|address| owner(address).map(|link| link.interface(&links)));
    Ok(found.collect())
}

/// The interfaces that are ports of this bridge or bond.
pub fn ports_of(master: &Interface) -> Result<Vec<Interface>> {
    let links = link::all()?;
    let ports = links
        .iter()
        .filter(|link| link.master == Some(master.index));
    Ok(ports.map(|link| link.interface(&links)).collect())
}

/// The name of the interface with this index.
pub fn name_of(index: u32) -> Result<Option<String>> {
    let links = link::all()?.into_iter();
    Ok(links
        .filter(|link| link.index == index)
        .map(|link| link.name)
        .next())
}

/// Every address of this host, loopback included.
pub fn local_addresses() -> Result<Vec<IpAddr>> {
    Ok(address::all()?
        .into_iter()
        .map(|owned| owned.address)
        .collect())
}

/// Every address of this host with the index of its interface and the kernel's IFA_F_ flags.
pub(crate) fn flagged_addresses() -> Result<Vec<(u32, IpAddr, u32)>> {
    let all = address::all()?.into_iter();
    Ok(all
        .map(|owned| (owned.index, owned.address, owned.flags))
        .collect())
}

/// A non-blocking descriptor that becomes readable when an interface or an address changed; read it with
/// [`drain`] and look again. What changed is not told, because a full queue forgets, and a look does not.
pub fn watch() -> Result<OwnedFd> {
    netlink::subscribe().context("watch the interfaces")
}

/// Reads whatever a descriptor of [`watch`] holds, so that only a later change makes it readable again.
pub fn drain(watch: &OwnedFd) -> Result<()> {
    netlink::drain(watch).context("watch the interfaces")
}

#[cfg(test)]
mod tests;
