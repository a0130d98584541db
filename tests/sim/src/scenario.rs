//! Named scenarios: one fault each, told as a story that a person can check line by line.
//!
//! Drawn runs show that nothing forbidden happens; they do not show that the right thing is said, on the right
//! nodes and in the right order. So each fault that an operator meets has a scenario here, in a cluster as the
//! configuration's defaults make it, and its whole story is kept beside the tests and read again whenever it
//! changes. The awkward part is the length of such a story: the start of five nodes on three networks is fifty
//! lines of 1122, the same in each of them. So it begins when all nodes are in one view.
//!
//! [`setting`] has the clusters and the ways to say what goes wrong, `catalogue` the scenarios.

use std::fmt;

use crate::check::{Property, Violation};
use crate::coverage::Coverage;
use crate::mutant::Mutant;
use crate::script::{Episode, letter};
use crate::seeds;
use crate::shape::Shape;
use crate::transcript::Detail;
use crate::world::Plan;

mod catalogue;
pub mod setting;
#[cfg(test)]
mod tests;

pub use catalogue::ALL;

/// Decides where between two rounds things fall; every scenario has the same.
const SEED: u64 = 1;

/// A fault with a name.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// What it is called, as its file is.
    pub name: &'static str,
    /// What happens, in a sentence.
    pub sentence: &'static str,
    shape: fn() -> Shape,
    script: fn() -> Vec<Episode>,
}

/// What a scenario came to.
#[derive(Debug)]
pub struct Story {
    /// The property that did not hold.
    pub violation: Option<Violation>,
    /// What happened in it, from the start of all nodes on.
    pub coverage: Coverage,
    scenario: Scenario,
    lines: Vec<String>,
}

impl Scenario {
    /// The one with this name.
    pub fn named(name: &str) -> Option<Scenario> {
        ALL.into_iter().find(|scenario| scenario.name == name)
    }

    /// What it is made of.
    pub fn plan(&self) -> Plan {
        Plan {
            seed: SEED,
            shape: (self.shape)(),
            script: (self.script)(),
            mutant: Mutant::None,
            looked_at: Property::ALL.to_vec(),
            detail: Detail::Nothing,
            least: 0,
        }
    }

    /// Runs it to its end, and tells it with so much detail.
    pub fn tell(&self, detail: Detail) -> Story {
        let outcome = seeds::tell(&self.plan(), detail);
        Story {
            violation: outcome.violation,
            coverage: outcome.coverage,
            scenario: *self,
            lines: outcome.transcript.since_formed().to_vec(),
        }
    }
}

impl Story {
    /// How often a node says something that begins like this.
    pub fn said(&self, node: usize, what: &str) -> usize {
        let beginning = format!("  {}  {what}", letter(node));
        let lines = self.lines.iter();
        lines.filter(|line| line.contains(&beginning)).count()
    }

    /// The same of all nodes, in order.
    pub fn said_by_each(&self, what: &str) -> Vec<usize> {
        let nodes = 0..(self.scenario.shape)().nodes();
        nodes.map(|node| self.said(node, what)).collect()
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}\n", self.scenario.name, self.scenario.sentence)?;
        writeln!(f, "{}", (self.scenario.shape)())?;
        writeln!(f, "          (how they started is left out)")?;
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        match &self.violation {
            Some(violation) => writeln!(f, "{violation}"),
            None => writeln!(f, "nothing was violated"),
        }
    }
}
