//! The name of an interface's driver.
//!
//! Only ethtool's ioctl tells it for every kind of device in every namespace; netlink knows the kinds of
//! virtual devices only, and sysfs may show another namespace.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

/// The kernel's struct ethtool_drvinfo.
#[repr(C)]
struct DriverInfo {
    command: u32,
    driver: [u8; 32],
    version: [u8; 32],
    firmware_version: [u8; 32],
    bus_info: [u8; 32],
    rom_version: [u8; 32],
    reserved: [u8; 12],
    counts: [u32; 5],
}

const _: () = assert!(size_of::<DriverInfo>() == 196);

const ETHTOOL_GDRVINFO: u32 = 3;
const SIOCETHTOOL: libc::Ioctl = 0x8946;

/// The driver of the interface called `name`; `None` for one that has none, like loopback.
pub(super) fn of(name: &str) -> Option<String> {
    let socket = socket(
        AddressFamily::Inet,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC,
        None,
    );
    let info = ask(&socket.ok()?, name)?;
    let driver = info.driver.split(|byte| *byte == 0).next()?;
    let driver = str::from_utf8(driver).ok()?;
    (!driver.is_empty()).then(|| driver.to_owned())
}

fn ask(socket: &OwnedFd, name: &str) -> Option<DriverInfo> {
    let mut ifr_name = [0; libc::IFNAMSIZ];
    // One byte less: the name ends with a zero.
    let room = ifr_name.split_last_mut()?.1;
    for (to, from) in room.get_mut(..name.len())?.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    let mut info = DriverInfo {
        command: ETHTOOL_GDRVINFO,
        driver: [0; 32],
        version: [0; 32],
        firmware_version: [0; 32],
        bus_info: [0; 32],
        rom_version: [0; 32],
        reserved: [0; 12],
        counts: [0; 5],
    };
    let mut request = libc::ifreq {
        ifr_name,
        ifr_ifru: libc::__c_anonymous_ifr_ifru {
            ifru_data: (&raw mut info).cast(),
        },
    };
    // SAFETY: for this command the kernel reads the name from `request` and writes a struct ethtool_drvinfo
    // to where `ifru_data` points; both live until the call returns.
    let status = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCETHTOOL, &raw mut request) };
    (status == 0).then_some(info)
}
