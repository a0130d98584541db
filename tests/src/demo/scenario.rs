//! The seven faults, and what each must make the agents say.
//!
//! They are chosen so that each tells a first-time reader something that the others do not: a fault that
//! the hardware reports, the same without any such help, one that only one node can see, a host
//! that lives while its agent does not run, and an agent that is gone; then two that change who is a member, a host
//! that is gone, and a cluster that comes apart.

use std::time::Duration;

use anyhow::Result;

use crate::lab::Lab;
use crate::lab::account::{Account, Matter};
use crate::lab::event::{MEMBER_JOINED, MEMBER_REMOVED, PATH_LOST, PATH_RESTORED, QUORUM_LOST};
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
    /// A host loses its power.
    PowerCut,
    /// Neither side of the cluster hears the other.
    Split,
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
    /// The host has power again.
    Boot(Fault),
}

impl Scenario {
    /// All, in the order in which they are played.
    pub const ALL: [Scenario; 7] = [
        Scenario::CablePull,
        Scenario::SilentDrop,
        Scenario::OneWayLoss,
        Scenario::Freeze,
        Scenario::Kill,
        Scenario::PowerCut,
        Scenario::Split,
    ];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Scenario::CablePull => "Cable pull",
            Scenario::SilentDrop => "Silent drop",
            Scenario::OneWayLoss => "One-way loss",
            Scenario::Freeze => "Agent freeze",
            Scenario::Kill => "Agent kill",
            Scenario::PowerCut => "Power cut",
            Scenario::Split => "Split",
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
            Scenario::PowerCut => format!("{VICTIM} loses its power: nothing of it answers."),
            Scenario::Split => format!(
                "Both switches drop all between {} and the others.",
                names(&minority(plan))
            ),
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
            Scenario::PowerCut => format!("{VICTIM} boots, and its agent starts."),
            Scenario::Split => "Both switches drop nothing any more.".to_owned(),
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
                format!(
                    "{others} {VICTIM} on both networks until it is back, as a new run. Its host answers, so \
                     it stays a member."
                )
            }
            Scenario::PowerCut => format!(
                "{others} {VICTIM} on both networks, and it is no member any more (1135) until it has booted."
            ),
            Scenario::Split => format!(
                "Each side loses the other. {} knows that it has no quorum any more (1177), and the others \
                 go on without it (1135) until the end.",
                names(&minority(plan))
            ),
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
            Scenario::Freeze | Scenario::Kill | Scenario::PowerCut => plan
                .all_networks()
                .flat_map(|network| plan.paths_to(VICTIM, network))
                .collect(),
            Scenario::Split => across(plan),
        }
    }

    /// What must be said of paths and members while the fault lasts.
    pub fn broken(self, plan: &Plan) -> Account {
        let mut account = Account::new(plan).only_of(&[Matter::Path, Matter::Membership]);
        account.paths(PATH_LOST, self.broken_paths(plan));
        for node in self.removed(plan) {
            account.node(MEMBER_REMOVED, &self.survivors(plan), node);
        }
        match self {
            Scenario::Split => {
                for node in minority(plan) {
                    account.node(QUORUM_LOST, &[node], node);
                }
            }
            Scenario::CablePull
            | Scenario::SilentDrop
            | Scenario::OneWayLoss
            | Scenario::Freeze
            | Scenario::Kill
            | Scenario::PowerCut => {}
        }
        account
    }

    /// What must be said of them until all is well again.
    pub fn mended(self, plan: &Plan) -> Account {
        let mut account = self.broken(plan);
        account.paths(PATH_RESTORED, self.broken_paths(plan));
        let all: Vec<Node> = plan.all_nodes().collect();
        match self {
            Scenario::CablePull
            | Scenario::SilentDrop
            | Scenario::OneWayLoss
            | Scenario::Freeze => {}
            Scenario::Kill => {
                account.node(MEMBER_JOINED, &all, VICTIM);
            }
            Scenario::PowerCut => {
                // Its kernel has forgotten whom it heard.
                let heard = plan.all_networks();
                let heard = heard.flat_map(|network| plan.paths_from(VICTIM, network));
                account
                    .paths(PATH_RESTORED, heard)
                    .node(MEMBER_JOINED, &all, VICTIM);
            }
            Scenario::Split => self.joins_again(plan, &mut account),
        }
        account
    }

    /// Nodes that join one after the other, or all at once: only who was there before must see them all.
    fn joins_again(self, plan: &Plan, account: &mut Account) {
        let joining = minority(plan);
        for node in &joining {
            account
                .node(MEMBER_JOINED, &self.survivors(plan), *node)
                .node(MEMBER_JOINED, &[*node], *node);
            for other in joining.iter().filter(|other| *other != node) {
                account.node_perhaps(MEMBER_JOINED, *node, *other);
            }
        }
    }

    /// Nodes that are removed.
    fn removed(self, plan: &Plan) -> Vec<Node> {
        match self {
            Scenario::CablePull
            | Scenario::SilentDrop
            | Scenario::OneWayLoss
            | Scenario::Freeze
            | Scenario::Kill => Vec::new(),
            Scenario::PowerCut => vec![VICTIM],
            Scenario::Split => minority(plan),
        }
    }

    /// Nodes that go on.
    fn survivors(self, plan: &Plan) -> Vec<Node> {
        let removed = self.removed(plan);
        let nodes = plan.all_nodes();
        nodes.filter(|node| !removed.contains(node)).collect()
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
            Scenario::PowerCut => Remedy::Boot(lab.power_off(VICTIM)?),
            Scenario::Split => Remedy::Mend(lab.split(&minority(lab.plan()))?),
        })
    }

    /// How long after the fault everything must have been said.
    pub fn due(self, plan: &Plan) -> Duration {
        match self {
            Scenario::CablePull
            | Scenario::SilentDrop
            | Scenario::OneWayLoss
            | Scenario::Freeze
            | Scenario::Kill => plan.detection_time(),
            // A side that hears nobody is sure of it when the last promise to it is over.
            Scenario::PowerCut | Scenario::Split => plan.suspicion_time() + plan.interval,
        }
    }

    /// How long after the remedy every path must be up again, beside one interval: the kernel takes its time
    /// with a carrier, an agent with its start.
    pub fn recovery(self) -> Duration {
        match self {
            Scenario::CablePull => Duration::from_secs(3),
            Scenario::SilentDrop | Scenario::OneWayLoss | Scenario::Freeze => {
                Duration::from_secs(2)
            }
            Scenario::Split => Duration::from_secs(5),
            Scenario::Kill | Scenario::PowerCut => Duration::from_secs(10),
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
            Remedy::Boot(off) => lab.power_on(VICTIM, off),
        }
    }
}

/// The side that does not go on: the last nodes, half of all or just less. Where it is half, the first node breaks
/// the tie.
fn minority(plan: &Plan) -> Vec<Node> {
    plan.all_nodes().skip(plan.nodes.div_ceil(2)).collect()
}

/// The paths between both sides.
fn across(plan: &Plan) -> Vec<Path> {
    let minority = &minority(plan);
    let crosses = |one: Node, two: Node| minority.contains(&one) != minority.contains(&two);
    let of = |network| {
        plan.all_nodes().flat_map(move |observer| {
            let peers = plan.peers(observer);
            let crossing = peers.filter(move |peer| crosses(observer, *peer));
            crossing.map(move |peer| plan.path(observer, peer, network))
        })
    };
    plan.all_networks().flat_map(of).collect()
}

fn names(nodes: &[Node]) -> String {
    let names: Vec<String> = nodes.iter().map(Node::to_string).collect();
    names.join(" and ")
}
