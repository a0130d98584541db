//! The interfaces of this host, as rtnetlink calls them: links.

use anyhow::{Context, Result};

use super::netlink::{attributes, dump, u16_at, u32_at};
use super::{Interface, driver};

/// What one message tells.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Link {
    pub name: String,
    pub index: u32,
    pub up: bool,
    pub mtu: u32,
    pub xdp_program: Option<u32>,
    pub master: Option<u32>,
    pub vlan: Option<(u32, u16)>,
}

/// Length of the struct ifinfomsg before the attributes; index at 4, flags at 8.
const IFINFOMSG: usize = 16;
const IFF_UP: u32 = 1 << 0;
/// The carrier itself: IFF_RUNNING follows it by up to a second.
const IFF_LOWER_UP: u32 = 1 << 16;

const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_LINK: u16 = 5;
const IFLA_MASTER: u16 = 10;
const IFLA_LINKINFO: u16 = 18;
const IFLA_LINK_NETNSID: u16 = 37;
const IFLA_XDP: u16 = 43;
/// Inside IFLA_LINKINFO.
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
/// Inside IFLA_INFO_DATA of a VLAN device.
const IFLA_VLAN_ID: u16 = 1;
/// Inside IFLA_XDP: the one program, or, where several are attached, that of the driver, of generic XDP, and
/// of the hardware.
const IFLA_XDP_PROGRAM_IDS: [u16; 4] = [4, 5, 6, 7];

/// Every interface.
pub(super) fn all() -> Result<Vec<Link>> {
    let payloads =
        dump(libc::RTM_GETLINK, &[0; IFINFOMSG]).context("list the interfaces of this host")?;
    Ok(payloads
        .iter()
        .filter_map(|payload| decode(payload))
        .collect())
}

/// An interface; `None` for a message too short to be one.
pub(super) fn decode(payload: &[u8]) -> Option<Link> {
    let flags = u32_at(payload, 8)?;
    let mut link = Link {
        index: u32_at(payload, 4)?,
        up: flags & IFF_UP != 0 && flags & IFF_LOWER_UP != 0,
        ..Link::default()
    };
    let (mut parent, mut vlan_id, mut parent_elsewhere) = (None, None, false);
    for (kind, value) in attributes(payload.get(IFINFOMSG..)?) {
        match kind {
            IFLA_IFNAME => link.name = text(value),
            IFLA_MTU => link.mtu = u32_at(value, 0).unwrap_or_default(),
            IFLA_MASTER => link.master = u32_at(value, 0),
            IFLA_LINK => parent = u32_at(value, 0),
            IFLA_LINK_NETNSID => parent_elsewhere = true,
            IFLA_LINKINFO => vlan_id = vlan(value),
            IFLA_XDP => link.xdp_program = program(value),
            _ => {}
        }
    }
    link.vlan = parent.zip(vlan_id).filter(|_| !parent_elsewhere);
    Some(link)
}

/// The VLAN id in an IFLA_LINKINFO, if it is a VLAN device's.
fn vlan(info: &[u8]) -> Option<u16> {
    let find = |wanted| attributes(info).find(|(kind, _)| *kind == wanted);
    let (_, kind) = find(IFLA_INFO_KIND)?;
    let (_, data) = find(IFLA_INFO_DATA).filter(|_| text(kind) == "vlan")?;
    let (_, id) = attributes(data).find(|(kind, _)| *kind == IFLA_VLAN_ID)?;
    u16_at(id, 0)
}

/// The id of an attached program in an IFLA_XDP.
fn program(xdp: &[u8]) -> Option<u32> {
    let ids = attributes(xdp).filter(|(kind, _)| IFLA_XDP_PROGRAM_IDS.contains(kind));
    ids.filter_map(|(_, value)| u32_at(value, 0))
        .find(|id| *id != 0)
}

/// A string with its end marked by a zero.
fn text(value: &[u8]) -> String {
    let bytes = value.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}

impl Link {
    /// All there is to know about it; `links` are all.
    pub fn interface(&self, links: &[Link]) -> Interface {
        let master = self
            .master
            .and_then(|index| links.iter().find(|link| link.index == index));
        let driver = driver::of(&self.name);
        let is_bond = driver.as_deref() == Some(driver::BOND);
        let bonded = links
            .iter()
            .filter(|link| is_bond && link.master == Some(self.index));
        Interface {
            name: self.name.clone(),
            index: self.index,
            up: self.up,
            mtu: self.mtu,
            driver,
            xdp_program: self.xdp_program,
            master: master.map(|master| master.name.clone()),
            bonded: bonded.map(|port| port.index).collect(),
            vlan: self.vlan,
        }
    }
}
