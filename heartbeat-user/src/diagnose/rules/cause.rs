//! The known causes of missed heartbeats.

use serde::{Deserialize, Serialize};

macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident $origin:ident)*) => {
        /// A known cause of missed heartbeats.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Cause { $($(#[$doc])* $name),* }

        impl Cause {
            /// All of them.
            pub const ALL: &'static [Cause] = &[$(Cause::$name),*];

            /// Who names it.
            pub const fn origin(self) -> Origin {
                match self { $(Cause::$name => Origin::$origin),* }
            }
        }
    };
}

/// Where a cause is named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// In the published procedure for events 1123 and 1122.
    Procedure,
    /// By those who run clusters on Linux.
    Practice,
}

causes! {
    /// Network adaptor teaming.
    Teaming Procedure
    /// A driver that is outdated or incorrect.
    Driver Procedure
    /// Drivers that do not match those on other nodes.
    DriversDiffer Procedure
    /// A network device that does not work correctly.
    DeviceFailure Procedure
    /// Settings of the adaptor that do not match those of its port.
    DeviceMismatch Procedure
    /// Functions of the stack in the device: flow control, checksums.
    Offload Procedure
    /// A port of a switch.
    SwitchPort Procedure
    /// A port that the spanning tree keeps from forwarding.
    SpanningTree Procedure
    /// VLANs over several switches.
    Vlan Procedure
    /// A node that can't keep up with its network.
    NodeResource Procedure
    /// A host bus adaptor's driver.
    HostBusAdaptor Procedure
    /// Multipath software.
    Multipath Procedure
    /// A redundant disk array's controller.
    DiskArray Procedure
    /// A program of a third party: backup, quota.
    ThirdParty Procedure
    /// Software that is not the same, or not right, on some node.
    Software Procedure
    /// Settings of the system.
    Settings Procedure
    /// Drivers that keep a CPU in the kernel.
    KernelCpu Procedure
    /// Many hardware interrupts.
    Interrupts Procedure
    /// Much output, as to a serial console.
    Console Procedure
    /// An SNMP agent that scans shared disks.
    Snmp Procedure
    /// Multicast.
    Multicast Procedure
    /// A virtual machine or a host that stood still.
    Pause Practice
    /// An agent that was not scheduled.
    Starvation Practice
    /// Frames that found no room on the way to the program.
    ReceiveOverload Practice
    /// A filter.
    Filter Practice
    /// An address that is not usable, or that two have.
    Address Practice
    /// A network with more traffic than it carries.
    Congestion Practice
    /// A clock that is wrong or was set.
    Clock Practice
    /// Something that was announced.
    Planned Practice
    /// A host that lives while its agent does not.
    AgentStalled Practice
}
