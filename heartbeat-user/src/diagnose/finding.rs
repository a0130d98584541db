//! What a rule says of the facts.
//!
//! A person at night reads one line of each finding: so the line stands by itself, names the interface or the peer, and
//! carries its numbers. What to do is said apart. The awkward case is a finding that is true and explains nothing, like
//! a bond on a heartbeat network: it is a hint, and never shown above what explains a loss by itself.

use serde::{Deserialize, Serialize};

use super::facts::Port;
pub use super::rules::cause::Cause;

/// What came of a rule.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Something is as it should not be.
    Suspicious,
    /// It could not be judged, because something could not be read.
    Unreadable,
    /// What it judges is not here.
    Absent,
    /// All is as it should be.
    Fine,
}

/// How much a suspicion explains.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Worth a look.
    Hint,
    /// It makes heartbeats miss by itself.
    Cause,
}

/// One finding.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's name, which never changes its meaning.
    pub rule: String,
    /// What came of it.
    pub verdict: Verdict,
    /// Of a suspicion: how much it explains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<Weight>,
    /// The interface that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// Labels of the networks that it is about; none: the whole host.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub networks: Vec<String>,
    /// The peer that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// A sentence for people.
    pub line: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// Whether it happened while diagnose looked.
    pub lately: bool,
    /// When it happened before, seconds since 1970.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub moments: Vec<f64>,
    /// Known causes that it is a sign of.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub causes: Vec<Cause>,
    /// Numbers of recent events that it fits.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fits: Vec<u64>,
}

impl Finding {
    fn new(verdict: Verdict, line: impl Into<String>) -> Self {
        Finding {
            rule: String::new(),
            verdict,
            weight: None,
            interface: None,
            networks: Vec::new(),
            peer: None,
            line: line.into(),
            advice: None,
            lately: false,
            moments: Vec::new(),
            causes: Vec::new(),
            fits: Vec::new(),
        }
    }

    /// All is well.
    pub fn fine(line: impl Into<String>) -> Self {
        Finding::new(Verdict::Fine, line)
    }

    /// Something that is worth a look.
    pub fn hint(line: impl Into<String>) -> Self {
        Finding {
            weight: Some(Weight::Hint),
            ..Finding::new(Verdict::Suspicious, line)
        }
    }

    /// Something that makes heartbeats miss.
    pub fn cause(line: impl Into<String>) -> Self {
        Finding {
            weight: Some(Weight::Cause),
            ..Finding::new(Verdict::Suspicious, line)
        }
    }

    /// A cause where it goes on now, else a hint.
    pub fn by_growth(lately: u64, line: impl Into<String>) -> Self {
        if lately == 0 {
            Finding::hint(line)
        } else {
            Finding {
                lately: true,
                ..Finding::cause(line)
            }
        }
    }

    /// Nobody knows, and why.
    pub fn unreadable(why: impl Into<String>) -> Self {
        Finding::new(Verdict::Unreadable, why)
    }

    /// There is nothing to judge, and why.
    pub fn absent(why: impl Into<String>) -> Self {
        Finding::new(Verdict::Absent, why)
    }

    /// It is about this interface.
    pub fn on(mut self, port: &Port) -> Self {
        self.interface = Some(port.name.clone());
        self.networks.clone_from(&port.networks);
        self
    }

    /// It is about this network.
    pub fn network(mut self, label: &str) -> Self {
        self.networks = vec![label.to_owned()];
        self
    }

    /// It is about this peer.
    pub fn peer(mut self, name: &str) -> Self {
        self.peer = Some(name.to_owned());
        self
    }

    /// With what to do.
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// It happened at these moments, seconds since 1970.
    pub fn at(mut self, moments: Vec<f64>) -> Self {
        self.moments = moments;
        self
    }

    /// Whether something is as it should not be.
    pub fn is_suspicious(&self) -> bool {
        self.verdict == Verdict::Suspicious
    }
}
