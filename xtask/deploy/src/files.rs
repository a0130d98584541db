//! What is installed where.

use crate::survey::Manager;

/// What a file is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// The agent.
    Binary,
    /// What has the host run it.
    Service,
    /// What makes the folder of its pins before.
    Pins,
    /// The cluster's configuration.
    Config,
    /// The cluster's key.
    Key,
}

/// The agent's place.
pub const BINARY: &str = "/usr/sbin/heartbeat";

/// A file of the service: its kind, place and contents.
type Part = (Kind, &'static str, &'static [u8]);

/// The units of hosts with systemd, and the script of the others.
const UNIT: &[u8] = include_bytes!("../../../heartbeat-user/share/systemd/heartbeat-ebpf.service");
const PINS: &[u8] =
    include_bytes!("../../../heartbeat-user/share/systemd/heartbeat-ebpf-pins.service");
const INIT: &[u8] = include_bytes!("../../../heartbeat-user/share/init/heartbeat-ebpf");

impl Kind {
    /// What it is called in a staging folder, and among what is kept.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Binary => "binary",
            Kind::Service => "service",
            Kind::Pins => "pins",
            Kind::Config => "config",
            Kind::Key => "key",
        }
    }

    /// Its permissions, octal; a key is for whom the agent runs as alone.
    pub fn mode(self, manager: Manager) -> &'static str {
        match (self, manager) {
            (Kind::Binary, _) | (Kind::Service, Manager::Init) => "0755",
            (Kind::Service, Manager::Systemd) | (Kind::Pins | Kind::Config, _) => "0644",
            (Kind::Key, _) => "0600",
        }
    }
}

/// What has the host run the agent.
pub fn service(manager: Manager) -> &'static [Part] {
    match manager {
        Manager::Systemd => &[
            (
                Kind::Service,
                "/etc/systemd/system/heartbeat-ebpf.service",
                UNIT,
            ),
            (
                Kind::Pins,
                "/etc/systemd/system/heartbeat-ebpf-pins.service",
                PINS,
            ),
        ],
        Manager::Init => &[(Kind::Service, "/etc/init.d/heartbeat-ebpf", INIT)],
    }
}
