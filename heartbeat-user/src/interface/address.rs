//! The addresses of this host.

use std::net::IpAddr;

use anyhow::{Context, Result};

use super::netlink::{attributes, dump, u32_at};

/// An address and the index of the interface that has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Owned {
    pub address: IpAddr,
    pub index: u32,
    pub flags: u32,
}

/// Length of the struct ifaddrmsg before the attributes; its last field, at 4, is the index.
const IFADDRMSG: usize = 8;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_MULTICAST: u16 = 7;
const IFA_FLAGS: u16 = 8;

/// Every address of every interface.
pub(super) fn all() -> Result<Vec<Owned>> {
    let payloads =
        dump(libc::RTM_GETADDR, &[0; IFADDRMSG]).context("list the addresses of this host")?;
    Ok(payloads
        .iter()
        .filter_map(|payload| decode(payload))
        .collect())
}

/// Every IPv6 group that an interface is a member of.
pub(super) fn ipv6_groups() -> Result<Vec<Owned>> {
    let mut request = [0; IFADDRMSG];
    request[0] = libc::AF_INET6 as u8;
    let payloads =
        dump(libc::RTM_GETMULTICAST, &request).context("list the groups of this host")?;
    Ok(payloads
        .iter()
        .filter_map(|payload| decode(payload))
        .collect())
}

/// An address. On a point-to-point interface IFA_ADDRESS is the other end's, and IFA_LOCAL our own.
pub(super) fn decode(payload: &[u8]) -> Option<Owned> {
    let index = u32_at(payload, 4)?;
    // The message has room for eight flags; there are more, and another place for all of them.
    let mut flags = u32::from(*payload.get(2)?);
    let mut found = None;
    for (kind, value) in attributes(payload.get(IFADDRMSG..)?) {
        match kind {
            IFA_LOCAL => found = ip(value),
            IFA_ADDRESS | IFA_MULTICAST if found.is_none() => found = ip(value),
            IFA_FLAGS => flags = u32_at(value, 0).unwrap_or(flags),
            _ => {}
        }
    }
    found.map(|address| Owned {
        address,
        index,
        flags,
    })
}

fn ip(value: &[u8]) -> Option<IpAddr> {
    match value.len() {
        4 => value.first_chunk::<4>().map(|octets| IpAddr::from(*octets)),
        16 => value
            .first_chunk::<16>()
            .map(|octets| IpAddr::from(*octets)),
        _ => None,
    }
}
