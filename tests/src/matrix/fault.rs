//! The kinds of faults, and what is true of each.

use crate::lab::cast::{PRIVATE, PUBLIC};
use crate::lab::plan::{Network, Node};

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// SIGSTOP of the victim's agent.
    AgentStopped,
    /// SIGKILL of the victim's agent, and another run later.
    AgentKilled,
    /// The victim's sender, at normal priority, has to share its CPU with a thread of a real-time one.
    SenderStarved,
    /// Agent and ports gone, and a host that remembers nothing later.
    HostOff,
    /// What the victim sends to one other on one network is dropped.
    OneWay,
    /// The same in both directions.
    BothWays,
    /// The victim's wires to all networks carry nothing; the carriers stay.
    WiresBroken,
    /// The victim's port is down, and with it its carrier.
    CablePulled,
    /// The victim's own kernel refuses what it sends to one other.
    Refused,
    /// What the victim sends to one other waits on the way.
    HeldBack,
    /// The same, and the last one overtakes all others.
    Overtaken,
    /// The switch of one network passes nothing on; all carriers stay.
    SwitchDead,
    /// The victim's card drops whatever comes from one network.
    CardDrops,
    /// The victim's card sends nothing to one network.
    CardHangs,
    /// One network does not bring to the victim what goes to a group; unicast is well.
    GroupBlocked,
    /// The victim's whole machine stands still: its agent, its kernel and its wires.
    MachineStill,
    /// The victim's agent says that it restarts, and does.
    Restarted,
    /// The victim's agent leaves, and comes back.
    Left,
    /// One way is cut, and a moment later the agent is stopped until both are mended.
    CutAndStopped,
    /// All wires are broken while the agent is killed and started.
    CutAndKilled,
    /// One way between two is cut while the agent of another node is stopped.
    CutAndStoppedElsewhere,
}

impl Kind {
    /// All of them; those with one cause first.
    pub const ALL: [Kind; 21] = [
        Kind::AgentStopped,
        Kind::AgentKilled,
        Kind::SenderStarved,
        Kind::HostOff,
        Kind::OneWay,
        Kind::BothWays,
        Kind::WiresBroken,
        Kind::CablePulled,
        Kind::Refused,
        Kind::HeldBack,
        Kind::Overtaken,
        Kind::SwitchDead,
        Kind::CardDrops,
        Kind::CardHangs,
        Kind::GroupBlocked,
        Kind::MachineStill,
        Kind::Restarted,
        Kind::Left,
        Kind::CutAndStopped,
        Kind::CutAndKilled,
        Kind::CutAndStoppedElsewhere,
    ];

    /// Whether it takes nodes with cards that can fail, which send to groups.
    pub const fn takes_cards(self) -> bool {
        matches!(self, Kind::CardDrops | Kind::CardHangs | Kind::GroupBlocked)
    }

    /// Whether it has one cause.
    pub const fn is_pure(self) -> bool {
        match self {
            Kind::CutAndStopped | Kind::CutAndKilled | Kind::CutAndStoppedElsewhere => false,
            Kind::AgentStopped
            | Kind::AgentKilled
            | Kind::SenderStarved
            | Kind::HostOff
            | Kind::OneWay
            | Kind::BothWays
            | Kind::WiresBroken
            | Kind::CablePulled
            | Kind::Refused
            | Kind::HeldBack
            | Kind::Overtaken
            | Kind::SwitchDead
            | Kind::CardDrops
            | Kind::CardHangs
            | Kind::GroupBlocked
            | Kind::MachineStill
            | Kind::Restarted
            | Kind::Left => true,
        }
    }
}

/// One fault as it is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Draw {
    /// What is done.
    pub kind: Kind,
    /// To whom.
    pub victim: Node,
    /// The other end, where there is one.
    pub other: Node,
    /// On which network, where it is one.
    pub network: Network,
    /// For how long, in ms.
    pub lasts_ms: u64,
}

/// What one node should say of one path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Truth {
    /// Who says it.
    pub observer: Node,
    /// Of whom.
    pub peer: Node,
    /// On which network.
    pub network: Network,
    /// The cause, as the last word on it should have it. Of a mixture, any of these.
    pub classes: Vec<&'static str>,
}

impl Draw {
    /// A node that is neither the victim nor the other.
    pub fn third(&self, nodes: &[Node]) -> Node {
        let neither = |node: &&Node| **node != self.victim && **node != self.other;
        *nodes
            .iter()
            .find(neither)
            .expect("the plan has three nodes")
    }

    /// What should be said of it: everything that is told as lost, and why.
    pub fn truths(&self, nodes: &[Node]) -> Vec<Truth> {
        let Draw {
            victim,
            other,
            network,
            ..
        } = *self;
        let others = || nodes.iter().copied().filter(move |node| *node != victim);
        let of_victim = |networks: &[Network], classes: &[&'static str]| {
            let say = |observer: Node, network: Network| truth(observer, victim, network, classes);
            others()
                .flat_map(|observer| networks.iter().map(move |network| (observer, *network)))
                .map(|(observer, network)| say(observer, network))
                .collect::<Vec<Truth>>()
        };
        let by_victim = |networks: &[Network], classes: &[&'static str]| {
            others()
                .flat_map(|peer| networks.iter().map(move |network| (peer, *network)))
                .map(|(peer, network)| truth(victim, peer, network, classes))
                .collect::<Vec<Truth>>()
        };
        let both = [PRIVATE, PUBLIC];
        match self.kind {
            Kind::AgentStopped => of_victim(&both, &["agent-stalled"]),
            Kind::AgentKilled => of_victim(&both, &["agent-restarted"]),
            Kind::SenderStarved => of_victim(&both, &["starved-there"]),
            Kind::HostOff => of_victim(&both, &["host-down"]),
            Kind::OneWay => vec![truth(other, victim, network, &["lost-to-us"])],
            Kind::BothWays => vec![
                truth(other, victim, network, &["lost-both-ways"]),
                truth(victim, other, network, &["lost-both-ways"]),
            ],
            Kind::WiresBroken => [
                of_victim(&both, &["lost-both-ways"]),
                by_victim(&both, &["lost-both-ways"]),
            ]
            .concat(),
            Kind::CablePulled => [
                of_victim(&[network], &["interface-down-there"]),
                by_victim(&[network], &["interface-down-here"]),
            ]
            .concat(),
            Kind::Refused => vec![truth(other, victim, network, &["dropped-there"])],
            Kind::HeldBack => vec![truth(other, victim, network, &["delayed"])],
            Kind::Overtaken => vec![truth(other, victim, network, &["disordered"])],
            Kind::SwitchDead => pairs(nodes)
                .map(|(observer, peer)| truth(observer, peer, network, &["lost-both-ways"]))
                .collect(),
            Kind::MachineStill => [
                of_victim(&both, &["paused-there"]),
                by_victim(&both, &["paused-here"]),
            ]
            .concat(),
            Kind::CardDrops => by_victim(&[network], &["dropped-here"]),
            Kind::CardHangs => of_victim(&[network], &["dropped-there"]),
            Kind::GroupBlocked => of_victim(&[network], &["group-only"]),
            Kind::Restarted | Kind::Left => Vec::new(),
            Kind::CutAndStopped => [
                vec![truth(
                    other,
                    victim,
                    network,
                    &["agent-stalled", "lost-to-us"],
                )],
                of_victim(&both, &["agent-stalled"])
                    .into_iter()
                    .filter(|truth| truth.observer != other || truth.network != network)
                    .collect(),
            ]
            .concat(),
            Kind::CutAndKilled => [
                of_victim(&both, &["agent-restarted", "host-down", "lost-both-ways"]),
                by_victim(&both, &["agent-restarted", "host-down", "lost-both-ways"]),
            ]
            .concat(),
            Kind::CutAndStoppedElsewhere => {
                let third = self.third(nodes);
                let seen = pairs(nodes).filter(|(_, peer)| *peer == third);
                let stalled =
                    |observer, network| truth(observer, third, network, &["agent-stalled"]);
                seen.flat_map(|(observer, _)| both.map(|network| stalled(observer, network)))
                    .chain([truth(other, victim, network, &["lost-to-us"])])
                    .collect()
            }
        }
    }
}

/// Every observer with every peer.
fn pairs(nodes: &[Node]) -> impl Iterator<Item = (Node, Node)> {
    let with = |observer: &Node| {
        let observer = *observer;
        let peers = nodes.iter().filter(move |peer| **peer != observer);
        peers.map(move |peer| (observer, *peer))
    };
    nodes.iter().flat_map(with)
}

fn truth(observer: Node, peer: Node, network: Network, classes: &[&'static str]) -> Truth {
    Truth {
        observer,
        peer,
        network,
        classes: classes.to_vec(),
    }
}
