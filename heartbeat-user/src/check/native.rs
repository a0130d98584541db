//! Which drivers run XDP natively.
//!
//! No call tells it without attaching, so that this is knowledge, by the names that ethtool gives. It only
//! says what to expect: the kernel decides.

use crate::interface::driver::BOND;

/// What is known of a driver.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Native {
    /// It has native XDP in some version that the kernel floor has, or a later one.
    Yes,
    /// If all of its ports have.
    OfPorts,
    /// It has none.
    No,
    /// Nothing.
    Unknown,
}

/// Drivers with native XDP.
const WITH: [&str; 44] = [
    "am65-cpsw-nuss",
    "atlantic",
    "bnxt_en",
    "cpsw",
    "cpsw-switch",
    "ena",
    "fbnic",
    "fec",
    "fsl_dpa",
    "fsl_dpaa2_eth",
    "fsl_enetc",
    "fsl_enetc_vf",
    "funeth",
    "gve",
    "hv_netvsc",
    "i40e",
    "ice",
    "idpf",
    "igb",
    "igc",
    "ionic",
    "ixgbe",
    "ixgbevf",
    "lan966x-switch",
    "mana",
    "mlx4_en",
    "mlx5_core",
    "mtk_soc_eth",
    "mvneta",
    "mvpp2",
    "netdevsim",
    "netsec",
    "nfp",
    "nicvf",
    "qede",
    "rvu-nicpf",
    "rvu-nicvf",
    "sfc",
    "st_gmac",
    "thunder-nicvf",
    "tsnep",
    "tun",
    "veth",
    "virtio_net",
];

/// Drivers and kinds of virtual devices without.
const WITHOUT: [&str; 17] = [
    "802.1Q VLAN Support",
    "bcmgenet",
    "bridge",
    "dummy",
    "e100",
    "e1000",
    "e1000e",
    "ifb",
    "ipvlan",
    "macsec",
    "macvlan",
    "r8169",
    "team",
    "tg3",
    "vrf",
    "vxlan",
    "wireguard",
];

/// What is known of the driver with this name.
pub(super) fn of(driver: &str) -> Native {
    if driver == BOND {
        Native::OfPorts
    } else if WITH.contains(&driver) {
        Native::Yes
    } else if WITHOUT.contains(&driver) {
        Native::No
    } else {
        Native::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_driver_stands_in_one_list_once() {
        let mut all = [&WITH[..], &WITHOUT[..]].concat();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
