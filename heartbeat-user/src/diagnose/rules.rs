//! The rules: what an expert knows to be odd, one small pure function each.
//!
//! A rule reads facts and says what it makes of them; it asks nobody, and the same facts give the same words. The
//! awkward case is a healthy host that looks odd somewhere: the default of one distribution is the mistake of another.
//! So a rule accuses what changes or what can't work, and says of all else at most that it is worth a look.
//!
//! Which rules cover which cause of the published troubleshooting procedure for events 1123 and 1122:
//!
//! | cause | rules |
//! |---|---|
//! | network adaptor teaming | `teaming` |
//! | driver outdated or incorrect | `driver`, `transmit`, `device-log` |
//! | drivers that do not match on the nodes | `peer-drivers` |
//! | a network device that fails; one network, or all | `carrier`, `carrier-changes`, `frame-errors`, `device-log`, `one-network`, `all-networks` |
//! | settings of adaptor and port that do not match | `duplex`, `autonegotiation`, `frame-errors`, `peer-speeds` |
//! | flow control and checksums in the device | `flow-control`, `checksum-offload`, `peer-offloads` |
//! | the switch port | `carrier-changes`, `frame-errors`, `one-network` |
//! | spanning tree, a port that does not forward | `spanning-tree`, `spanning-tree-delay` |
//! | VLAN and trunks | `vlan`, `mtu`, `peer-mtu`, `peer-vlans` |
//! | node resources, event 2022: requests that wait behind DPCs | `backlog`, `softirq`, `device-drops`, `sockets`, `cpu-pressure` |
//! | host bus adaptors | `storage-log`, `disks` |
//! | multipath software | `storage-log`, `blocked` |
//! | redundant disk arrays | `storage-log`, `disks` |
//! | programs of third parties: backup, quota | `blocked`, `io-pressure` |
//! | incorrect software on the nodes | `peer-releases`, `peer-configuration` |
//! | incorrect settings of the system (there: the registry) | `settings`, `way-out` |
//! | high kernel-mode CPU, by drivers | `kernel-cpu`, `softirq`, `cpu-log` |
//! | many hardware interrupts | `interrupts` |
//! | much output, as to a serial console | `serial-console` |
//! | SNMP agents that scan shared disks | `blocked`, `io-pressure` |
//! | multicast | `snooping`, `multicast` |
//!
//! What Linux adds to these: `firewall`, `other-programs`, `tracking`, `ipsec`, `steal`,
//! `suspended`, `time-step`, `clock-source`, `time-synchronisation`, `memory`, `addresses`, `neighbours`,
//! `neighbour-table`, `address-conflict`, `queues`, `agent`, `agent-timing`, `refused`, `sending`, `announced`,
//! `stalled-agents`, `periodic`, `corosync`, `peer-answers`, `peer-clocks`.

use super::facts::Facts;
use super::finding::Finding;
use cause::Cause;

pub mod cause;

mod addresses;
mod agent;
mod cable;
mod clocks;
mod corosync;
mod device;
mod each;
mod filters;
mod happened;
mod load;
mod log;
mod peers;
mod stack;
mod storage;
mod tower;

pub use happened::losses;
pub use log::is_telling;

/// A rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name, which never changes its meaning.
    pub id: &'static str,
    /// Known causes that its suspicions are signs of.
    pub covers: &'static [Cause],
    /// What it makes of the facts: at least one finding.
    pub judge: fn(&Facts) -> Vec<Finding>,
}

/// All rules, in the order in which an expert would ask.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    let rooms = [
        cable::RULES,
        device::RULES,
        tower::RULES,
        addresses::RULES,
        filters::RULES,
        stack::RULES,
        load::RULES,
        storage::RULES,
        log::RULES,
        clocks::RULES,
        agent::RULES,
        happened::RULES,
        peers::RULES,
        corosync::RULES,
    ];
    rooms.into_iter().flatten()
}

/// What all rules make of the facts.
pub fn judge(facts: &Facts) -> Vec<Finding> {
    all()
        .flat_map(|rule| {
            let findings = (rule.judge)(facts);
            findings.into_iter().map(|finding| Finding {
                rule: rule.id.to_owned(),
                causes: if finding.is_suspicious() {
                    rule.covers.to_vec()
                } else {
                    Vec::new()
                },
                ..finding
            })
        })
        .collect()
}
