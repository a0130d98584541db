//! What filters frames: the rules that drop, and the chains that drop what no rule accepts.

use serde::{Deserialize, Serialize};

use crate::diagnose::reading::Counters;

/// The rules of nftables that drop.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Firewall {
    /// Rules that drop or reject.
    pub drops: Vec<DropRule>,
    /// Chains at a hook.
    pub chains: Vec<Chain>,
    /// Packets that the rules in `drops` counted, by their places.
    pub counters: Counters,
}

/// A rule that drops or rejects.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DropRule {
    /// Where it is: `inet filter input rule 7`.
    pub place: String,
    /// Whether it names port 3343.
    pub names_port: bool,
    /// Whether it counts.
    pub counts: bool,
}

/// A chain at a hook.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Chain {
    /// Where it is: `inet filter input`.
    pub place: String,
    /// The hook: `input`, `output`, `ingress`.
    pub hook: String,
    /// Whether it drops what no rule accepts.
    pub drops: bool,
    /// Whether some rule of its table accepts port 3343 by name.
    pub accepts_port: bool,
}

impl Firewall {
    /// Notes what changed since an earlier look.
    pub fn since(&mut self, earlier: &Firewall) {
        self.counters.since(&earlier.counters);
    }
}
