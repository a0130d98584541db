//! The ways in: interfaces and VLAN tags that a network's frames may show the program.
//!
//! The program knows a frame by where it ran, and that is not always the device that owns the address. The awkward
//! cases are two. Natively, a bond has its program run by its ports, each under its own index. And a VLAN device's
//! parent that carries our program too sees the frame first, with its tag or, where the hardware took it off,
//! without.

use heartbeat_ebpf::frame::Vlan;

use crate::interface::Interface;

/// The indices under which the program runs for a device: its own, and those of a bond's ports.
pub fn doors(device: &Interface) -> impl Iterator<Item = u32> {
    [device.index]
        .into_iter()
        .chain(device.bonded.iter().copied())
}

/// The ways in of a network whose address `device` owns; `parent` is the VLAN device's, if it carries our program.
pub fn ways_in(device: &Interface, parent: Option<&Interface>) -> Vec<(u32, Vlan)> {
    let mut ways: Vec<(u32, Vlan)> = doors(device).map(|door| (door, Vlan(0))).collect();
    if let (Some((_, id)), Some(parent)) = (device.vlan, parent) {
        for door in doors(parent) {
            ways.push((door, Vlan(u32::from(id))));
            ways.push((door, Vlan(0)));
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(index: u32) -> Interface {
        Interface {
            name: format!("eth{index}"),
            index,
            up: true,
            mtu: 1500,
            driver: None,
            xdp_program: None,
            master: None,
            bonded: Vec::new(),
            vlan: None,
        }
    }

    fn bond(index: u32, ports: [u32; 2]) -> Interface {
        Interface {
            bonded: ports.to_vec(),
            ..device(index)
        }
    }

    fn vlan(index: u32, parent: u32) -> Interface {
        Interface {
            vlan: Some((parent, 7)),
            ..device(index)
        }
    }

    #[test]
    fn a_plain_device_is_the_only_way_in() {
        assert_eq!(ways_in(&device(2), None), [(2, Vlan(0))]);
    }

    #[test]
    fn a_bond_lets_in_at_its_ports() {
        assert_eq!(
            ways_in(&bond(4, [2, 3]), None),
            [(4, Vlan(0)), (2, Vlan(0)), (3, Vlan(0))]
        );
    }

    #[test]
    fn a_vlan_lets_in_at_a_parent_that_carries_the_program_with_the_tag_and_without() {
        assert_eq!(ways_in(&vlan(5, 2), None), [(5, Vlan(0))]);
        assert_eq!(
            ways_in(&vlan(5, 2), Some(&device(2))),
            [(5, Vlan(0)), (2, Vlan(7)), (2, Vlan(0))]
        );
    }

    #[test]
    fn a_vlan_on_a_bond_lets_in_at_the_ports_of_its_parent() {
        let ways = ways_in(&vlan(5, 4), Some(&bond(4, [2, 3])));
        let at_ports: Vec<_> = ways.iter().filter(|(door, _)| *door < 4).collect();
        assert_eq!(at_ports.len(), 4, "{ways:?}");
        assert_eq!(ways.len(), 7);
    }
}
