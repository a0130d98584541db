//! What all interfaces share: backlogs, sockets, tables, and the settings of the stack.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::diagnose::reading::{Counters, Reading};

/// The network stack.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Stack {
    /// Of all CPUs: `dropped` for want of room in a backlog, `squeezed` when the time for receiving was up.
    pub backlog: Reading<Counters>,
    /// Counters of /proc/net/snmp and netstat, as `Udp.RcvbufErrors` or `TcpExt.IPReversePathFilter`.
    pub protocols: Reading<Counters>,
    /// Datagrams that sockets on port 3343 dropped, as `dropped`.
    pub sockets: Reading<Counters>,
    /// Of IPsec: counters of /proc/net/xfrm_stat.
    pub ipsec: Reading<Counters>,
    /// Of the neighbour tables: `table_fulls`, and `unresolved_discards`.
    pub neighbours: Reading<Counters>,
    /// Connections that are tracked, and the most that can be.
    pub tracked: Reading<(u64, u64)>,
    /// Of connection tracking: `drop`, `early_drop`, `insert_failed`.
    pub tracking: Reading<Counters>,
    /// Settings, by the name of the sysctl.
    pub settings: BTreeMap<String, u64>,
    /// Versions of IGMP that routers speak, by interface: 1, 2 or 3.
    pub igmp: BTreeMap<String, u8>,
}

impl Stack {
    /// Notes what changed since an earlier look.
    pub fn since(&mut self, earlier: &Stack) {
        let pairs = [
            (&mut self.backlog, &earlier.backlog),
            (&mut self.protocols, &earlier.protocols),
            (&mut self.sockets, &earlier.sockets),
            (&mut self.ipsec, &earlier.ipsec),
            (&mut self.neighbours, &earlier.neighbours),
            (&mut self.tracking, &earlier.tracking),
        ];
        for (now, before) in pairs {
            if let (Some(now), Some(before)) = (now.known_mut(), before.known()) {
                now.since(before);
            }
        }
    }
}
