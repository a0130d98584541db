//! The five faults, and what each must make the agents say.
//!
//! They are chosen so that each tells a first-time reader something that the others do not: a fault that
//! the hardware reports, the same without any such help, one that only one node can see, a host
//! that lives while its agent does not run, and an agent that is gone.

use std::time::Duration;

use anyhow::Result;

use crate::lab::Lab;
use crate::lab::fault::Fault;
use crate::lab::plan::{Network, Node, Plan};
use crate::lab::transcript::Path;

/// The node that all of it happens to.
const VICTIM: Node = Node(1);
/// The node that loses it one way.
const WITNESS: Node = Node(0);
/// The network on which it happens, where it happens on one.
const NETWORK: Network = Network(0);

/// One fault to play.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scenario {
    /// The cable of a node is pulled out of the switch.
    CablePull,
    /// The switch drops all that a node sends.
    SilentDrop,
    /// The switch drops what one node sends to one other.
    OneWayLoss,
    /// An agent is stopped by SIGSTOP.
    Freeze,
    /// An agent is killed by SIGKILL.
    Kill,
}

/// What ends a fault.
#[derive(Debug)]
pub enum Remedy {
    /// The network is mended.
    Mend(Fault),
    /// The agent goes on.
    Resume,
    /// The agent is started again.
    Restart,
}

impl Scenario {
    /// All, in the order in which they are played.
    pub const ALL: [Scenario; 5] = [
        Scenario::CablePull,
        Scenario::SilentDrop,
        Scenario::OneWayLoss,
        Scenario::Freeze,
        Scenario::Kill,
    ];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Scenario::CablePull => "Cable pull",
            Scenario::SilentDrop => "Silent drop",
            Scenario::OneWayLoss => "One-way loss",
            Scenario::Freeze => "Agent freeze",
            Scenario::Kill => "Agent kill",
        }
    }

    /// What is done, as a sentence.
    pub fn cause(self, plan: &Plan) -> String {
        let network = plan.label(NETWORK);
        match self {
            Scenario::CablePull => {
                format!("{VICTIM}'s cable is pulled out of the switch of {network}.")
            }
            Scenario::SilentDrop => format!(
                "The switch of {network} drops what {VICTIM} sends. No link goes down, nobody is told."
            ),
            Scenario::OneWayLoss => format!(
                "The switch of {network} drops what {VICTIM} sends to {WITNESS}, and only that."
            ),
            Scenario::Freeze => {
                format!("The agent of {VICTIM} gets SIGSTOP: it does nothing, its kernel lives on.")
            }
            Scenario::Kill => format!("The agent of {VICTIM} gets SIGKILL."),
        }
    }

    /// What ends it, as a sentence.
    pub fn remedy(self, plan: &Plan) -> String {
        let network = plan.label(NETWORK);
        match self {
            Scenario::CablePull => format!("{VICTIM}'s cable is back in the switch of {network}."),
            Scenario::SilentDrop | Scenario::OneWayLoss => {
                format!("The switch of {network} drops nothing any more.")
            }
            Scenario::Freeze => format!("The agent of {VICTIM} gets SIGCONT."),
            Scenario::Kill => format!("The agent of {VICTIM} is started again."),
        }
    }

    /// What must come of it, as a sentence.
    pub fn expectation(self, plan: &Plan) -> String {
        let (others, them) = match plan.nodes {
            2 => (format!("{WITNESS} loses"), WITNESS.to_string()),
            _ => ("The others lose".to_owned(), "all of them".to_owned()),
        };
        match self {
            Scenario::CablePull => {
                format!("{others} {VICTIM} on this network, and {VICTIM} loses {them}.")
            }
            Scenario::SilentDrop => {
                format!("{others} {VICTIM} on this network. {VICTIM} hears on and reports nothing.")
            }
            Scenario::OneWayLoss => {
                format!("{WITNESS} loses {VICTIM} on this network. Nobody else notices.")
            }
            Scenario::Freeze => format!(
                "{others} {VICTIM} on both networks. {VICTIM}, when it wakes, accuses nobody."
            ),
            Scenario::Kill => {
                format!("{others} {VICTIM} on both networks until it is back.")
            }
        }
    }

    /// The paths that must be reported as lost, and as restored once the fault is over.
    pub fn broken_paths(self, plan: &Plan) -> Vec<Path> {
        match self {
            Scenario::CablePull => plan
                .paths_to(VICTIM, NETWORK)
                .chain(plan.paths_from(VICTIM, NETWORK))
                .collect(),
            Scenario::SilentDrop => plan.paths_to(VICTIM, NETWORK).collect(),
            Scenario::OneWayLoss => vec![plan.path(WITNESS, VICTIM, NETWORK)],
            Scenario::Freeze | Scenario::Kill => plan
                .all_networks()
                .flat_map(|network| plan.paths_to(VICTIM, network))
                .collect(),
        }
    }

    /// Injects the fault.
    pub fn begin(self, lab: &mut Lab) -> Result<Remedy> {
        Ok(match self {
            Scenario::CablePull => Remedy::Mend(lab.pull_cable(VICTIM, NETWORK)?),
            Scenario::SilentDrop => Remedy::Mend(lab.drop_from(VICTIM, NETWORK)?),
            Scenario::OneWayLoss => Remedy::Mend(lab.drop_between(VICTIM, WITNESS, NETWORK)?),
            Scenario::Freeze => {
                lab.pause_agent(VICTIM)?;
                Remedy::Resume
            }
            Scenario::Kill => {
                lab.kill_agent(VICTIM)?;
                Remedy::Restart
            }
        })
    }

    /// How long after the remedy every path must be up again, beside one interval: the kernel takes its time
    /// with a carrier, an agent with its start.
    pub fn recovery(self) -> Duration {
        match self {
            Scenario::CablePull => Duration::from_secs(3),
            Scenario::SilentDrop | Scenario::OneWayLoss | Scenario::Freeze => {
                Duration::from_secs(2)
            }
            Scenario::Kill => Duration::from_secs(10),
        }
    }
}

impl Remedy {
    /// Ends the fault.
    pub fn apply(self, lab: &mut Lab) -> Result<()> {
        match self {
            Remedy::Mend(fault) => fault.heal().map(drop),
            Remedy::Resume => lab.resume_agent(VICTIM),
            Remedy::Restart => lab.start_agent(VICTIM),
        }
    }
}
