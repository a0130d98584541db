//! Rules on corosync's own view, where it runs beside us.
//!
//! It judges the same networks by its own frames. Where it accuses one as well, it is the network; where it does not,
//! it is worth asking what the two have not in common.

use super::Rule;
use super::cause::Cause;
use super::each;
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::Finding;

pub const RULES: &[Rule] = &[Rule {
    id: "corosync",
    covers: &[Cause::DeviceFailure, Cause::SwitchPort],
    judge: corosync,
}];

/// Words by which its programs say that something is wrong.
const WRONG: [&str; 3] = ["disconnected", "FAULTY", "Activity blocked"];

fn corosync(facts: &Facts) -> Vec<Finding> {
    each::reading(&facts.corosync, "corosync complains of nothing", |lines| {
        let wrong = lines
            .iter()
            .filter(|line| WRONG.iter().any(|word| line.contains(word)));
        let finding = |line: &String| {
            Finding::cause(format!(
                "corosync says: {}",
                line.split_whitespace().collect::<Vec<_>>().join(" ")
            ))
            .advise("it judges by frames of its own: look at what both of us need")
        };
        wrong.map(finding).collect()
    })
}
