//! Telling the core whether this node's own interfaces work.
//!
//! Heartbeats that stay away do not say where the fault is; the kernel often does: the device is gone, the
//! address was taken from it, the cable is out. It is told the moment netlink says that something changed, before
//! any heartbeat can have been missed. The awkward case is a change before anybody listened, or news that got
//! lost: so nothing is concluded from what a message says, every change is a reason to look, and the core is told
//! how things are, once, whatever led there.

use heartbeat_core::config::NetworkIndex;
use heartbeat_core::interface::Soundness;
use heartbeat_core::node::Input;

use super::Agent;
use super::devices::Port;
use crate::clock;

impl Port {
    /// Whether device, address and carrier were there at the last look; not known before the first.
    pub fn soundness(&self) -> Soundness {
        if !self.looked {
            return Soundness::Unknown;
        }
        match &self.interface {
            Some(interface) if interface.up => Soundness::Sound,
            Some(_) | None => Soundness::Failed,
        }
    }
}

impl Agent {
    /// Tells the core of every interface that is not as the core was told.
    pub(super) fn tell_soundness(&mut self) {
        let mut news = Vec::new();
        for (position, port) in self.site.devices.ports.iter_mut().enumerate() {
            let soundness = port.soundness();
            if port.told != soundness {
                port.told = soundness;
                news.push((NetworkIndex(position as u32), soundness));
            }
        }
        let mut actions = Vec::new();
        for (network, soundness) in news {
            let input = Input::Soundness(network, soundness);
            self.tell_core(clock::now(), input, &mut actions);
        }
        self.act(actions);
    }
}

#[cfg(test)]
mod tests {
    use heartbeat_core::config::GroupUse;

    use super::*;
    use crate::config::Cluster;
    use crate::interface::Interface;

    /// A port after a look that found this owner of its address.
    fn port(interface: Option<Interface>) -> Port {
        let cluster = Cluster::parse(include_str!("../../cluster.toml"), "cluster.toml");
        let network = &cluster.expect("the example is valid").networks[0];
        let [address, group] = [[10, 77, 1, 1], [239, 255, 0, 1]].map(Into::into);
        Port {
            interface,
            looked: true,
            ..Port::new(0, 0, network, address, group, GroupUse::Never)
        }
    }

    fn device(up: bool) -> Interface {
        Interface {
            name: "eth0".to_owned(),
            index: 2,
            up,
            mtu: 1500,
            driver: None,
            xdp_program: None,
            master: None,
            bonded: Vec::new(),
            vlan: None,
        }
    }

    #[test]
    fn device_address_and_carrier_make_an_interface_sound() {
        assert_eq!(port(Some(device(true))).soundness(), Soundness::Sound);
        assert_eq!(port(Some(device(false))).soundness(), Soundness::Failed);
        assert_eq!(port(None).soundness(), Soundness::Failed);
    }

    #[test]
    fn nothing_is_known_before_the_first_look() {
        let port = Port {
            looked: false,
            ..port(None)
        };
        assert_eq!(port.soundness(), Soundness::Unknown);
        assert_eq!(port.told, Soundness::Unknown, "nothing is told of it");
    }
}
