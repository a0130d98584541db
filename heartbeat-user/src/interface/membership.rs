//! Group addresses on interfaces, by which the kernel itself is a member of a multicast group.
//!
//! A socket's membership ends with the socket, and with it a restarting agent's. An address that the kernel
//! was asked to join (`autojoin`) stays a member until somebody removes it. The awkward cases are what else an
//! address does:
//!
//! - it could be chosen as the source of other people's traffic, so an IPv4 one has host scope, and a label of
//!   its own, by which old tools do not take it for the address of the interface;
//! - it has a local route, by which what is sent to the group ends on this host. For IPv6 that route is removed
//!   again; IPv4 finds its way out by the source address (`crate::socket`);
//! - setting an interface down takes its IPv6 addresses and leaves the memberships, which nobody can give up
//!   then but the interface itself.

use std::net::IpAddr;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::errno::Errno;

use super::netlink::{self, attribute};
use super::{address, name_of};

/// Joined by the kernel, without a route of its prefix, and without asking whether somebody else has it.
const FLAGS: u32 = IFA_F_NODAD | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN;
const IFA_F_NODAD: u32 = 0x02;
const IFA_F_NOPREFIXROUTE: u32 = 0x200;
const IFA_F_MCAUTOJOIN: u32 = 0x400;

const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_LABEL: u16 = 3;
const IFA_FLAGS: u16 = 8;
const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;

/// End of the label of our IPv4 group addresses.
const LABEL_END: &str = ":hb";
/// Bytes of a label.
const LABEL_MAX: usize = libc::IFNAMSIZ - 1;
/// A new IPv6 address gets its local route from a thread of the kernel, a moment later.
const ROUTE_TRIES: u32 = 100;
const ROUTE_PAUSE: Duration = Duration::from_millis(1);

/// A group address that some interface has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Membership {
    /// Index of the interface.
    pub interface: u32,
    /// The group.
    pub group: IpAddr,
}

/// Whether the kernel had to be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Added {
    Now,
    Before,
}

/// Makes the interface a member of the group; nothing changes where it is one.
pub fn join(interface: u32, group: IpAddr) -> Result<()> {
    let added = match add(interface, group)? {
        Ok(()) => Added::Now,
        // The address, or the membership that an earlier one left.
        Err(Errno::EEXIST | Errno::EADDRINUSE) => Added::Before,
        Err(Errno::ENOBUFS) => {
            return Err(Errno::ENOBUFS).context(
                "the kernel allows no more groups: raise the sysctl net.ipv4.igmp_max_memberships",
            );
        }
        Err(error) => return Err(error.into()),
    };
    match group {
        IpAddr::V4(_) => Ok(()),
        IpAddr::V6(_) => remove_local_route(interface, group, added),
    }
}

/// Ends what [`join`] began; nothing changes where there is no such address.
pub fn leave(interface: u32, group: IpAddr) -> Result<()> {
    let mut request = header(interface, group, 0);
    request.extend(attribute(IFA_LOCAL, &octets(group)));
    match netlink::request(libc::RTM_DELADDR, 0, &request)? {
        Ok(()) | Err(Errno::EADDRNOTAVAIL | Errno::ENODEV) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Every group address that the kernel was asked to join by.
pub fn memberships() -> Result<Vec<Membership>> {
    let owned = address::all()?.into_iter();
    Ok(owned
        .filter(|owned| owned.flags & IFA_F_MCAUTOJOIN != 0)
        .map(|owned| Membership {
            interface: owned.index,
            group: owned.address,
        })
        .collect())
}

/// The IPv6 groups that interfaces are members of, by an address or by anything else.
pub fn ipv6_members() -> Result<Vec<Membership>> {
    let groups = address::ipv6_groups()?.into_iter();
    Ok(groups
        .map(|owned| Membership {
            interface: owned.index,
            group: owned.address,
        })
        .collect())
}

fn add(interface: u32, group: IpAddr) -> Result<nix::Result<()>> {
    let scope = match group {
        IpAddr::V4(_) => libc::RT_SCOPE_HOST,
        IpAddr::V6(_) => libc::RT_SCOPE_UNIVERSE,
    };
    let mut request = header(interface, group, scope);
    request.extend(attribute(IFA_LOCAL, &octets(group)));
    request.extend(attribute(IFA_ADDRESS, &octets(group)));
    request.extend(attribute(IFA_FLAGS, &FLAGS.to_ne_bytes()));
    if group.is_ipv4() {
        let name = name_of(interface)?
            .with_context(|| format!("no interface has the index {interface} any more"))?;
        request.extend(attribute(IFA_LABEL, label(&name).as_bytes()));
    }
    let flags = (libc::NLM_F_CREATE | libc::NLM_F_EXCL) as u16;
    netlink::request(libc::RTM_NEWADDR, flags, &request)
}

/// The name with our end, cut where both do not fit; it ends with a zero.
fn label(name: &str) -> String {
    let room = LABEL_MAX - LABEL_END.len();
    let cut = (0..=room.min(name.len())).rev();
    let end = cut.into_iter().find(|end| name.is_char_boundary(*end));
    format!("{}{LABEL_END}\0", &name[..end.unwrap_or(0)])
}

/// Removes the route by which datagrams to the group end on this host. Of an address that was there before it
/// may be back since the interface was set up again; mostly it is not there.
fn remove_local_route(interface: u32, group: IpAddr, added: Added) -> Result<()> {
    let tries = match added {
        Added::Now => ROUTE_TRIES,
        Added::Before => 1,
    };
    let mut request = vec![libc::AF_INET6 as u8, length(group), 0, 0];
    request.extend([
        libc::RT_TABLE_LOCAL,
        0,
        libc::RT_SCOPE_NOWHERE,
        libc::RTN_LOCAL,
    ]);
    request.extend([0; 4]);
    request.extend(attribute(RTA_DST, &octets(group)));
    request.extend(attribute(RTA_OIF, &interface.to_ne_bytes()));
    for _ in 0..tries {
        match netlink::request(libc::RTM_DELROUTE, 0, &request)? {
            Err(Errno::ESRCH) if added == Added::Now => thread::sleep(ROUTE_PAUSE),
            // An interface that is down gets the route when it is set up, and we are told of that.
            Ok(()) | Err(Errno::ESRCH) => return Ok(()),
            Err(error) => return Err(error).context("remove the local route of a group"),
        }
    }
    Ok(())
}

/// A struct ifaddrmsg.
fn header(interface: u32, group: IpAddr, scope: u8) -> Vec<u8> {
    let family = match group {
        IpAddr::V4(_) => libc::AF_INET,
        IpAddr::V6(_) => libc::AF_INET6,
    };
    let mut header = vec![family as u8, length(group), 0, scope];
    header.extend(interface.to_ne_bytes());
    header
}

/// Bits of the address alone.
fn length(group: IpAddr) -> u8 {
    match group {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_fits_whatever_the_interface_is_called() {
        assert_eq!(label("eth0"), "eth0:hb\0");
        assert_eq!(label("enp175s0f1np1v2"), "enp175s0f1np:hb\0");
        assert_eq!(
            label("\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}"),
            "\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}:hb\0"
        );
        for name in [
            "a",
            "abcdefghijklmno",
            "\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}",
        ] {
            assert!(label(name).len() <= libc::IFNAMSIZ, "{name}");
        }
    }
}
