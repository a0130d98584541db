//! Switches and groups: who is in one, what is sent to it, and switches that do not pass it on.
//!
//! A switch that snoops on membership reports forwards a group only to ports whose hosts have reported lately. Hosts
//! report when they join and when they are asked; where nobody asks any more, the switch forgets its members one by
//! one though they are there, and unicast goes on as if nothing were wrong. Linux's own bridge does it once it has
//! asked for the last time, and is told to forget after two seconds instead of some minutes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use heartbeat_ebpf::wire::{Kind, PORT};

use super::fault::{Fault, KIND_OFFSET_BITS};
use super::namespace::Namespace;
use super::plan::{Network, Node};
use super::wiring::BRIDGE;
use super::{Lab, batch, wait};

/// Frames with a group as their destination, in a rule of any family.
const TO_GROUP: &str = "ether daddr & 01:00:00:00:00:00 == 01:00:00:00:00:00";
/// Frames with one host as their destination.
const TO_HOST: &str = "ether daddr & 01:00:00:00:00:00 == 00:00:00:00:00:00";
/// What may pass on a busy machine until a node sends otherwise.
const LIMIT: Duration = Duration::from_secs(15);
/// How the addresses of the product's groups begin.
const GROUPS: [&str; 2] = ["239.255.", "ff15:"];

/// Groups.
impl Lab {
    /// The switch does not pass on to this node what goes to a group; unicast is well.
    pub fn block_groups_to(&self, node: Node, network: Network) -> Result<Fault> {
        let matching = format!("oifname \"{node}\" {TO_GROUP} udp dport {PORT}");
        Fault::rule(self.switch(network), "bridge", "forward", &matching)
    }

    /// The switch snoops on membership reports, asks for them once and never again, and forgets all members after
    /// about two seconds.
    pub fn stop_queries(&self, network: Network) -> Result<Fault> {
        let switch = Arc::clone(self.switch(network));
        // The querier starts by what is set when it starts, so it comes last and alone.
        let set = format!(
            "link set {BRIDGE} type bridge mcast_snooping 1 mcast_query_interval 360000 \
             mcast_startup_query_interval 360000 mcast_startup_query_count 1 \
             mcast_query_response_interval 50 mcast_membership_interval 400\n\
             link set {BRIDGE} type bridge mcast_querier 1\n"
        );
        batch::ip(&switch, &set)?;
        Ok(Fault::with_remedy(
            format!("no queries in {}", switch.name()),
            move || {
                batch::ip(
                    &switch,
                    &format!("link set {BRIDGE} type bridge mcast_querier 0 mcast_snooping 0\n"),
                )
            },
        ))
    }

    /// How the node says it sends on the network: "unicast" or "multicast".
    pub fn sending(&self, node: Node, network: Network) -> Result<String> {
        let (status, _) = self.status(node)?;
        let label = self.plan().label(network);
        let networks = status["networks"]
            .as_array()
            .context("status has no networks")?;
        let network = networks
            .iter()
            .find(|network| network["network"] == label)
            .with_context(|| format!("{node} has no network {label}"))?;
        Ok(network["sending"].as_str().unwrap_or_default().to_owned())
    }

    /// Waits until the node says that it sends so.
    pub fn wait_sending(&self, node: Node, network: Network, how: &str) -> Result<()> {
        let label = self.plan().label(network);
        wait::until(
            &format!("{node} to send by {how} on {label}"),
            LIMIT,
            || Ok((self.sending(node, network)? == how).then_some(())),
        )
    }

    /// The product's groups in which the node's interface to the network is, as its kernel tells.
    pub fn groups(&self, node: Node, network: Network) -> Result<Vec<String>> {
        let output = self
            .node(node)
            .command("ip")?
            .args(["maddr", "show", "dev", self.plan().interface(network)])
            .output()
            .context("ask for the interface's groups")?;
        Ok(groups(&String::from_utf8_lossy(&output.stdout)))
    }

    /// Counts from now on what the node sends on the network.
    pub fn count_sent(&self, node: Node, network: Network) -> Result<SentCounter> {
        SentCounter::start(self.switch(network), node)
    }
}

fn groups(shown: &str) -> Vec<String> {
    let mut words = shown.split_whitespace();
    let mut groups = Vec::new();
    while let Some(word) = words.next() {
        if let "inet" | "inet6" = word {
            groups.extend(words.next().map(str::to_owned));
        }
    }
    groups.retain(|group| GROUPS.iter().any(|begin| group.starts_with(begin)));
    groups
}

/// Heartbeats that a node has sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sent {
    /// To a group.
    pub group: u64,
    /// To one peer each.
    pub unicast: u64,
}

/// Counts heartbeats that come into a switch from one node.
#[derive(Debug)]
pub struct SentCounter {
    switch: Arc<Namespace>,
    table: String,
}

impl SentCounter {
    fn start(switch: &Arc<Namespace>, node: Node) -> Result<Self> {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        let table = format!("netdev sent{}", SERIAL.fetch_add(1, Ordering::Relaxed));
        let heartbeat = format!(
            "udp dport {PORT} @th,{KIND_OFFSET_BITS},8 {}",
            Kind::Heartbeat as u8
        );
        let script = format!(
            "table {table} {{\n\
             counter group {{\n}}\n\
             counter unicast {{\n}}\n\
             chain sent {{\n\
             type filter hook ingress device \"{node}\" priority -10\n\
             {TO_GROUP} {heartbeat} counter name group\n\
             {TO_HOST} {heartbeat} counter name unicast\n\
             }}\n\
             }}\n"
        );
        batch::nft(switch, &script)?;
        Ok(SentCounter {
            switch: Arc::clone(switch),
            table,
        })
    }

    /// What was sent so far.
    pub fn read(&self) -> Result<Sent> {
        Ok(Sent {
            group: self.packets("group")?,
            unicast: self.packets("unicast")?,
        })
    }

    fn packets(&self, counter: &str) -> Result<u64> {
        let text = batch::nft(
            &self.switch,
            &format!("list counter {} {counter}\n", self.table),
        )?;
        let mut words = text
            .split_whitespace()
            .skip_while(|word| *word != "packets");
        words
            .nth(1)
            .and_then(|packets| packets.parse().ok())
            .with_context(|| format!("nft prints a counter without packets:\n{text}"))
    }
}

impl Drop for SentCounter {
    fn drop(&mut self) {
        // A lab may be gone before its counters; then there is nothing left to delete.
        let _ = batch::nft(&self.switch, &format!("delete table {}\n", self.table));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_products_groups_are_groups() {
        let shown = "2:\tprivate\n\tlink  01:00:5e:7f:01:01\n\tinet  239.255.1.1 users 2\n\tinet  224.0.0.1\n\
                     \tinet6 ff15::1234\n\tinet6 ff02::1\n";
        assert_eq!(groups(shown), ["239.255.1.1", "ff15::1234"]);
    }
}
