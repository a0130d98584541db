//! What attaching the XDP program to an interface would mean.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use anyhow::Result;
use aya::programs::links::{FdLink, PinnedLink};
use aya::programs::loaded_programs;

use super::native::{self, Native};
use crate::config::XdpMode;
use crate::interface::{self, Interface};

/// The interface of a network, and what to expect there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Outlook {
    /// The interface, if there is one.
    pub owner: Option<Interface>,
    /// The same, described; or that there is none.
    pub interface: String,
    /// How attaching would go, or why it would not.
    pub xdp: String,
    /// Whether the network would be watched.
    pub ready: bool,
}

/// Larger IP packets do not fit one page with what native XDP needs around them.
const MTU_OF_ONE_PAGE: u32 = 3498;

impl Outlook {
    /// For the interface that owns a network's address. `own` are the ids of this node's attached programs.
    pub fn of(
        address: IpAddr,
        owner: Option<Interface>,
        wanted: XdpMode,
        own: &[u32],
    ) -> Result<Self> {
        let Some(interface) = owner else {
            return Ok(Outlook::absent(address));
        };
        let ports = match native(&interface) {
            Native::OfPorts => interface::ports_of(&interface)?,
            _ => Vec::new(),
        };
        let parent = match interface.vlan {
            Some((parent, _)) => interface::name_of(parent)?,
            None => None,
        };
        let described = described(&interface, parent.as_deref());
        let (xdp, ready) = match interface.xdp_program {
            Some(id) if !own.contains(&id) => (foreign(&interface, id), false),
            Some(id) => (
                format!("this node's own program (id {id}) is attached and goes on"),
                true,
            ),
            None => expected(&interface, wanted, &ports),
        };
        Ok(Outlook {
            interface: format!("{address} on {described}"),
            owner: Some(interface),
            xdp,
            ready,
        })
    }

    fn absent(address: IpAddr) -> Self {
        Outlook {
            owner: None,
            interface: format!("none of this host has {address}"),
            xdp: "not attached until one has it".to_owned(),
            ready: false,
        }
    }
}

/// The ids of the programs that this node's pinned links keep attached.
pub(crate) fn own_programs(pin_dir: &Path) -> Vec<u32> {
    let entries = fs::read_dir(pin_dir).into_iter().flatten().flatten();
    let is_link = |name: &str| name.starts_with("link-");
    let links = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_link));
    let open = links.filter_map(|entry| PinnedLink::from_pin(entry.path()).ok());
    open.filter_map(|link| Some(FdLink::from(link).info().ok()?.program_id()))
        .collect()
}

fn native(interface: &Interface) -> Native {
    match &interface.driver {
        _ if interface.vlan.is_some() => Native::No,
        Some(driver) => native::of(driver),
        None => Native::Unknown,
    }
}

/// Name, driver and the rest that matters, as `eth1, ixgbe, MTU 1500, up`.
fn described(interface: &Interface, parent: Option<&str>) -> String {
    let mut parts = vec![interface.name.clone()];
    match interface.vlan {
        Some((_, id)) => parts.push(format!(
            "VLAN {id} of {}",
            parent.unwrap_or("another interface")
        )),
        None => parts.push(
            interface
                .driver
                .clone()
                .unwrap_or_else(|| "unknown driver".to_owned()),
        ),
    }
    parts.extend(
        interface
            .master
            .iter()
            .map(|master| format!("a port of {master}")),
    );
    parts.push(format!("MTU {}", interface.mtu));
    parts.push(if interface.up { "up" } else { "down" }.to_owned());
    parts.join(", ")
}

fn foreign(interface: &Interface, id: u32) -> String {
    let program = loaded_programs()
        .flatten()
        .find(|program| program.id() == id);
    let name = program.and_then(|program| program.name_as_str().map(|name| format!(" ({name})")));
    format!(
        "will be refused: interface {} already has XDP program id {id}{}, which is never displaced",
        interface.name,
        name.unwrap_or_default()
    )
}

/// What to expect of an interface without a program, and whether it would be watched.
pub(super) fn expected(
    interface: &Interface,
    wanted: XdpMode,
    ports: &[Interface],
) -> (String, bool) {
    let without = match native(interface) {
        Native::OfPorts => ports.iter().find(|port| native(port) != Native::Yes),
        _ => None,
    };
    let known = match (native(interface), without) {
        (Native::OfPorts, Some(_)) => Native::No,
        (Native::OfPorts, None) if ports.is_empty() => Native::Unknown,
        (Native::OfPorts, None) => Native::Yes,
        (known, _) => known,
    };
    let because = because(interface, without);
    match (wanted, known) {
        (XdpMode::Generic, _) => ("generic, as configured".to_owned(), true),
        (_, Native::Yes) => (format!("native expected{}", at_this_mtu(interface)), true),
        (XdpMode::Auto, Native::No) => (
            format!("generic expected: {because} has no native XDP"),
            true,
        ),
        (XdpMode::Native, Native::No) => (
            format!(
                "native as configured will be refused: {because} has none; \"auto\" would use generic"
            ),
            false,
        ),
        (XdpMode::Auto, _) => (
            format!("{because}: native will be tried, then generic"),
            true,
        ),
        (XdpMode::Native, _) => (
            format!("{because}: native will be tried, and nothing else"),
            true,
        ),
    }
}

/// Whose driver it is that decides.
fn because(interface: &Interface, port: Option<&Interface>) -> String {
    match (port, &interface.driver) {
        (Some(port), _) => {
            let driver = port.driver.as_deref().unwrap_or("unknown driver");
            format!("its port {} ({driver})", port.name)
        }
        (None, _) if interface.vlan.is_some() => "a VLAN device".to_owned(),
        (None, Some(driver)) => format!("driver {driver}"),
        (None, None) => "unknown driver".to_owned(),
    }
}

fn at_this_mtu(interface: &Interface) -> String {
    match interface.mtu > MTU_OF_ONE_PAGE {
        true => format!(
            ", if the driver takes fragments: MTU {} needs them",
            interface.mtu
        ),
        false => String::new(),
    }
}
