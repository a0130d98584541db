//! Which findings fit what has happened: the order in which to look.
//!
//! A host has always some oddities, and on the night of an outage all of them look guilty. What changed at the time of a
//! loss, or moves while the loss lasts, comes first; then what explains a loss by itself; then all else. The awkward
//! case is a question about one network: a broken cable of another is true and beside the point, so it is left out.

use super::facts::{Facts, Happening};
use super::finding::{Finding, Verdict, Weight};
use super::rules;

/// What is asked about: a peer, a network, both, or all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Focus {
    /// The peer's name.
    pub peer: Option<String>,
    /// The network's label.
    pub network: Option<String>,
}

/// A change this close to a loss is taken for its cause, in seconds.
const CLOSE: f64 = 5.0;
/// What moves now may explain a loss that is no older, in seconds.
const STILL: f64 = 90.0;

/// Judges, leaves out what is beside the point, and puts first what fits.
pub fn findings(facts: &Facts, focus: &Focus) -> Vec<Finding> {
    let losses = losses(facts, focus);
    let mut findings: Vec<Finding> = rules::judge(facts)
        .into_iter()
        .filter(|finding| focus.covers(&finding.networks, finding.peer.as_deref()))
        .map(|finding| fitted(facts, &losses, finding))
        .collect();
    findings.sort_by_key(|finding| {
        let fits = finding.fits.is_empty();
        let hint = finding.weight != Some(Weight::Cause);
        (finding.verdict, fits, hint, !finding.lately)
    });
    findings
}

/// Recent losses that are asked about.
pub fn losses<'a>(facts: &'a Facts, focus: &Focus) -> Vec<&'a Happening> {
    let all = facts
        .agent
        .known()
        .map_or_else(Vec::new, |agent| rules::losses(facts, agent));
    let asked = all.into_iter().filter(|event| {
        let network: Vec<String> = event.network.iter().cloned().collect();
        focus.covers(&network, event.peer.as_deref())
    });
    asked.collect()
}

impl Focus {
    /// Whether something about these networks (none: the whole host) and this peer is asked about.
    pub fn covers(&self, networks: &[String], peer: Option<&str>) -> bool {
        let network = self
            .network
            .as_ref()
            .is_none_or(|asked| networks.is_empty() || networks.contains(asked));
        let peer = self
            .peer
            .as_deref()
            .is_none_or(|asked| peer.is_none_or(|peer| peer == asked));
        network && peer
    }
}

fn fitted(facts: &Facts, losses: &[&Happening], finding: Finding) -> Finding {
    let about = Focus {
        peer: finding.peer.clone(),
        network: None,
    };
    let fits = |loss: &&&Happening| {
        let on = loss.network.as_ref().is_none_or(|network| {
            finding.networks.is_empty() || finding.networks.contains(network)
        });
        let close = |moment: &f64| (moment - loss.at_unix_seconds).abs() <= CLOSE;
        let still = finding.lately && facts.at_unix_seconds - loss.at_unix_seconds <= STILL;
        on && about.covers(&[], loss.peer.as_deref())
            && (still || finding.moments.iter().any(close))
    };
    let fits = match finding.verdict {
        Verdict::Suspicious => losses.iter().filter(fits).map(|loss| loss.seq).collect(),
        Verdict::Unreadable | Verdict::Absent | Verdict::Fine => Vec::new(),
    };
    Finding { fits, ..finding }
}
