//! A fault, for as long as its guard lives.
//!
//! Each one is injected where the real one happens: at a switch port, between two ports, at a cable's far
//! end. Frames are dropped by nftables rules of a table of the fault's own, so faults may overlap and be
//! undone in any order, and each counts what it dropped: a test that saw no event can still prove that
//! there was a reason for one. Only heartbeats' UDP port is touched, so that address resolution keeps
//! working and a healed path is back at once.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use anyhow::{Context, Result, bail};
use heartbeat_ebpf::wire::{Kind, PORT};

use super::Lab;
use super::batch;
use super::clock::monotonic_ns;
use super::namespace::Namespace;
use super::plan::{Network, Node};
use super::wiring::BRIDGE;

/// The faults of a lab. Each ends when its guard is dropped or healed.
impl Lab {
    /// Pulls the node's cable out of the switch: the node loses its carrier.
    pub fn pull_cable(&self, node: Node, network: Network) -> Result<Fault> {
        Fault::device_down(self.switch(network), &node.to_string())
    }

    /// The switch silently drops whatever the node sends on this network.
    pub fn drop_from(&self, node: Node, network: Network) -> Result<Fault> {
        Fault::drop_from(self.switch(network), node)
    }

    /// The switch silently drops what one node sends to one other.
    pub fn drop_between(&self, from: Node, to: Node, network: Network) -> Result<Fault> {
        Fault::drop_between(self.switch(network), from, to)
    }

    /// The switch silently drops every other heartbeat from one node to one other.
    pub fn drop_every_other(&self, from: Node, to: Node, network: Network) -> Result<Fault> {
        self.drop_one_of(2, from, to, network)
    }

    /// The switch silently drops one of so many heartbeats from one node to one other.
    pub fn drop_one_of(&self, count: u32, from: Node, to: Node, network: Network) -> Result<Fault> {
        Fault::drop_one_of(count, self.switch(network), from, to)
    }

    /// The node's own kernel refuses what it sends to one other on this network.
    pub fn refuse_to_send(&self, from: Node, to: Node, network: Network) -> Result<Fault> {
        let matching = format!(
            "ip daddr {} udp dport {PORT}",
            self.plan.address(to, network)
        );
        Fault::rule(self.node(from), "inet", "output", &matching)
    }

    /// The switch forwards nothing any more.
    pub fn network_down(&self, network: Network) -> Result<Fault> {
        Fault::network_down(self.switch(network))
    }

    /// Removes the node's interface; healed, it is made again with the same addresses.
    pub fn remove_interface(&self, node: Node, network: Network) -> Result<Fault> {
        self.wiring.unplug(&self.plan, node, network)?;
        let what = format!(
            "interface {} of {node} removed",
            self.plan.interface(network)
        );
        let (plan, wiring, pass) = (
            self.plan.clone(),
            self.wiring.clone(),
            self.switch_pass.clone(),
        );
        Ok(Fault::with_remedy(what, move || {
            wiring.plug_in(&plan, node, network, &pass)
        }))
    }
}

/// Something broken, mended again by [`Fault::heal`] or by dropping this.
pub struct Fault {
    what: String,
    since_ns: u64,
    tables: Vec<Table>,
    undo: Option<Undo>,
}

type Undo = Box<dyn FnOnce() -> Result<()> + Send>;

/// What is known of a fault once it is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Healed {
    /// When the fault was undone, in nanoseconds of CLOCK_MONOTONIC.
    pub at_ns: u64,
    /// Frames its rules dropped; 0 for a fault without rules.
    pub dropped: u64,
}

impl Fault {
    /// A fault that is already there and has this remedy.
    pub fn with_remedy(
        what: impl Into<String>,
        undo: impl FnOnce() -> Result<()> + Send + 'static,
    ) -> Self {
        Fault {
            what: what.into(),
            since_ns: monotonic_ns(),
            tables: Vec::new(),
            undo: Some(Box::new(undo)),
        }
    }

    /// A switch port, or a whole switch, that is set down.
    pub fn device_down(switch: &Arc<Namespace>, device: &str) -> Result<Self> {
        batch::ip(switch, &format!("link set {device} down\n"))?;
        let up = format!("link set {device} up\n");
        let inside = Arc::clone(switch);
        Ok(Fault::with_remedy(
            format!("{device} down in {}", switch.name()),
            move || batch::ip(&inside, &up),
        ))
    }

    /// A network that carries nothing any more, though every cable is well.
    pub fn network_down(switch: &Arc<Namespace>) -> Result<Self> {
        Self::device_down(switch, BRIDGE)
    }

    /// All cluster frames that a node sends into this switch vanish.
    pub fn drop_from(switch: &Arc<Namespace>, node: Node) -> Result<Self> {
        let hook = format!("ingress device \"{node}\"");
        Self::rule(switch, "netdev", &hook, &format!("udp dport {PORT}"))
    }

    /// All cluster frames from one node to another vanish on this switch.
    pub fn drop_between(switch: &Arc<Namespace>, from: Node, to: Node) -> Result<Self> {
        let what = format!("iifname \"{from}\" oifname \"{to}\" udp dport {PORT}");
        Self::rule(switch, "bridge", "forward", &what)
    }

    /// One of so many heartbeats from one node to another vanishes on this switch. Echoes pass: they would
    /// take turns with the heartbeats and turn "every other" into "any".
    pub fn drop_one_of(count: u32, switch: &Arc<Namespace>, from: Node, to: Node) -> Result<Self> {
        let heartbeat = Kind::Heartbeat as u8;
        let what = format!(
            "iifname \"{from}\" oifname \"{to}\" udp dport {PORT} \
             @th,{KIND_OFFSET_BITS},8 {heartbeat} numgen inc mod {count} 0"
        );
        Self::rule(switch, "bridge", "forward", &what)
    }

    pub(super) fn rule(
        switch: &Arc<Namespace>,
        family: &str,
        hook: &str,
        matching: &str,
    ) -> Result<Self> {
        Self::rules(switch, family, hook, &[matching.to_owned()])
    }

    /// Drops what matches one of these, from the same moment on.
    pub(super) fn rules(
        switch: &Arc<Namespace>,
        family: &str,
        hook: &str,
        matching: &[String],
    ) -> Result<Self> {
        let table = Table::load(switch, family, hook, matching)?;
        let delete = table.clone();
        let what = format!("{}: dropped in {}", matching.join(" or "), switch.name());
        let mut fault = Fault::with_remedy(what, move || delete.delete());
        fault.tables.push(table);
        Ok(fault)
    }

    /// Several that are undone at the same time.
    pub fn together(what: impl Into<String>, faults: Vec<Fault>) -> Self {
        let tables = faults.iter().flat_map(|fault| fault.tables.clone());
        let tables = tables.collect();
        let mut all = Fault::with_remedy(what, move || at_once(faults, Fault::undo).map(drop));
        all.tables = tables;
        all
    }

    /// When it was in place, in nanoseconds of CLOCK_MONOTONIC.
    pub fn since_ns(&self) -> u64 {
        self.since_ns
    }

    /// Frames dropped so far.
    pub fn dropped(&self) -> Result<u64> {
        self.tables.iter().map(Table::dropped).sum()
    }

    /// Undoes it.
    pub fn heal(self) -> Result<Healed> {
        let dropped = self.dropped()?;
        self.undo()?;
        Ok(Healed {
            at_ns: monotonic_ns(),
            dropped,
        })
    }

    fn undo(mut self) -> Result<()> {
        match self.undo.take() {
            None => Ok(()),
            Some(undo) => undo().with_context(|| format!("undo the fault \"{}\"", self.what)),
        }
    }
}

/// Does the same to several things on a thread each: the tools of the network take their time.
pub(crate) fn at_once<T: Send, R: Send>(
    things: impl IntoIterator<Item = T>,
    act: impl Fn(T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    thread::scope(|scope| {
        let act = &act;
        let spawn = |thing| scope.spawn(move || act(thing));
        let threads: Vec<_> = things.into_iter().map(spawn).collect();
        let joined = threads.into_iter().map(|thread| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        joined.collect()
    })
}

impl Drop for Fault {
    fn drop(&mut self) {
        if let Some(undo) = self.undo.take() {
            // A lab may be gone before its faults; then there is nothing left to undo and nobody to tell.
            let _ = undo();
        }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("what", &self.what)
            .finish_non_exhaustive()
    }
}

/// Where the kind of a datagram lies behind the start of the UDP header, in bits.
pub(super) const KIND_OFFSET_BITS: u32 = (8 + 3) * 8;

/// One nftables table with its rules and their counter.
#[derive(Clone, Debug)]
struct Table {
    switch: Arc<Namespace>,
    name: String,
}

impl Table {
    fn load(
        switch: &Arc<Namespace>,
        family: &str,
        hook: &str,
        matching: &[String],
    ) -> Result<Self> {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        let name = format!("{family} fault{}", SERIAL.fetch_add(1, Ordering::Relaxed));
        let rules: String = matching
            .iter()
            .map(|matching| format!("{matching} counter name dropped drop\n"))
            .collect();
        let script = format!(
            "table {name} {{\n\
             counter dropped {{\n}}\n\
             chain faulty {{\n\
             type filter hook {hook} priority 0\n\
             {rules}\
             }}\n\
             }}\n"
        );
        batch::nft(switch, &script)?;
        Ok(Table {
            switch: Arc::clone(switch),
            name,
        })
    }

    fn dropped(&self) -> Result<u64> {
        let text = batch::nft(
            &self.switch,
            &format!("list counter {} dropped\n", self.name),
        )?;
        let mut words = text
            .split_whitespace()
            .skip_while(|word| *word != "packets");
        match words.nth(1).map(str::parse) {
            Some(Ok(packets)) => Ok(packets),
            _ => bail!("nft prints a counter without packets:\n{text}"),
        }
    }

    fn delete(&self) -> Result<()> {
        batch::nft(&self.switch, &format!("delete table {}\n", self.name)).map(drop)
    }
}
