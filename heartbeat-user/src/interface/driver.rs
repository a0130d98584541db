//! The name of an interface's driver.
//!
//! Only ethtool's ioctl tells it for every kind of device in every namespace; netlink knows the kinds of
//! virtual devices only, and sysfs may show another namespace.

use super::ethtool;

/// What the driver of bonds calls itself.
pub(crate) const BOND: &str = "bonding";

const ETHTOOL_GDRVINFO: u32 = 3;
/// Words of the kernel's struct ethtool_drvinfo.
const WORDS: usize = 49;

/// What a driver says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct DriverInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The version of the device's firmware.
    pub firmware: String,
    /// How many counters it keeps.
    pub counters: usize,
}

/// The driver of the interface called `name`; `None` for one that has none, like loopback.
pub(super) fn of(name: &str) -> Option<String> {
    info(name).map(|info| info.name)
}

/// What the driver of the interface called `name` says of itself; `None` where there is none.
pub(crate) fn info(name: &str) -> Option<DriverInfo> {
    let mut words = [0; WORDS];
    words[0] = ETHTOOL_GDRVINFO;
    ethtool::ask(name, &mut words).ok()?;
    let bytes = ethtool::bytes(&words);
    let info = DriverInfo {
        name: ethtool::text(&bytes[4..36]),
        version: ethtool::text(&bytes[36..68]),
        firmware: ethtool::text(&bytes[68..100]),
        counters: words[45] as usize,
    };
    (!info.name.is_empty()).then_some(info)
}
