//! What the demo says in words: before it plays, of each scenario, and at the end.
//!
//! Each text is made of the plan and of what was seen, so that none of them can promise something that
//! was not played.

use super::lateness::{Lateness, in_ms};
use super::scenario::Scenario;
use super::text::{Line, Style, count, duration, labelled, wrap};
use crate::lab::Lab;
use crate::lab::account::Subject;
use crate::lab::event::{
    Event, INTERFACE_FAILED, INTERFACE_UNREACHABLE, INTERFACE_UP, MEMBER_JOINED, MEMBER_REMOVED,
    NETWORK_DOWN, NETWORK_PARTITIONED, NETWORK_UP, PATH_LOST, PATH_RESTORED, QUORUM_LOST,
};
use crate::lab::name::LabName;
use crate::lab::namespace::Namespace;
use crate::lab::plan::{Node, Plan};
use crate::lab::transcript::Difference;

/// How one scenario went.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Which.
    pub scenario: Scenario,
    /// What all nodes said of paths and members while it was played.
    pub events: Vec<Event>,
    /// Where they were not what they had to be.
    pub differences: Vec<Difference<Subject>>,
    /// How late the 1123 were.
    pub lateness: Lateness,
}

impl Outcome {
    /// Whether everything was as it had to be.
    pub fn is_good(&self) -> bool {
        self.differences.is_empty()
    }

    /// How many events of this number there were.
    pub fn count(&self, id: u32) -> usize {
        self.events.iter().filter(|event| event.id == id).count()
    }
}

/// What this is and how to read it.
pub fn introduction(plan: &Plan, columns: usize) -> Vec<Line> {
    let text = format!(
        "{} on {}, all on this machine: each node is a network namespace with an agent in it, each \
         network a switch between them. Every {} each node sends every other a heartbeat; an XDP \
         program stamps it on arrival. After {} missed in a row, {} after the last one heard, a \
         path is lost (event 1123). When it is heard again it is restored (event 1122). A node of \
         which {} heartbeats are missed on all networks is removed from the membership by the \
         others (event 1135). Lateness is counted from the deadline of a path. Nothing outside these namespaces is touched.",
        count(plan.nodes, "node"),
        count(plan.networks.len(), "network"),
        duration(plan.interval),
        plan.lost_after,
        duration(plan.detection_time()),
        plan.membership.regroup_after(plan.lost_after),
    );
    wrap(&text, columns.min(TEXT_COLUMNS))
        .into_iter()
        .map(|line| Line::new().then(Style::Plain, line))
        .chain([Line::new()])
        .collect()
}

/// Running text is not wider than this.
const TEXT_COLUMNS: usize = 100;

/// The head of a scenario: what is done and what must come of it.
pub fn head(number: usize, scenario: Scenario, plan: &Plan, columns: usize) -> Vec<Line> {
    let title = Line::new()
        .then(Style::Faint, format!("{number}/{} ", Scenario::ALL.len()))
        .then(Style::Strong, scenario.title());
    let mut lines = vec![title];
    lines.extend(labelled(
        "fault",
        &scenario.cause(plan),
        Style::Plain,
        columns,
    ));
    lines.extend(labelled(
        "expected",
        &scenario.expectation(plan),
        Style::Plain,
        columns,
    ));
    lines
}

/// The end of a scenario: what was seen and how late it was.
pub fn tail(outcome: &Outcome, columns: usize) -> Vec<Line> {
    let (lost, restored) = (outcome.count(PATH_LOST), outcome.count(PATH_RESTORED));
    let mut lost = format!("{} lost, {restored} restored", count(lost, "path"));
    for (id, word) in MEMBERS {
        match outcome.count(id) {
            0 => {}
            told => lost += &format!(", {told} x {word} ({id})"),
        }
    }
    let mut lines = match outcome.is_good() {
        true => labelled(
            "seen",
            &format!("{lost}; of paths and members nothing else: as expected."),
            Style::Good,
            columns,
        ),
        false => labelled(
            "seen",
            &format!("{lost}: NOT as expected."),
            Style::Bad,
            columns,
        ),
    };
    for difference in &outcome.differences {
        lines.extend(labelled("", &difference.to_string(), Style::Bad, columns));
    }
    if let (Some(judged), Some(written)) = (outcome.lateness.judged(), outcome.lateness.written()) {
        let text = format!(
            "judged {} ms late (max {}), written {} ms late (max {}).",
            in_ms(judged.median),
            in_ms(judged.max),
            in_ms(written.median),
            in_ms(written.max)
        );
        lines.extend(labelled("lateness", &text, Style::Plain, columns));
    }
    lines.push(Line::new());
    lines
}

/// What is counted beside paths.
const MEMBERS: [(u32, &str); 3] = [
    (MEMBER_REMOVED, "removed"),
    (QUORUM_LOST, "quorum lost"),
    (MEMBER_JOINED, "joined"),
];

/// One event as a line, with the time since the fault.
pub fn event(event: &Event, fault_ns: u64) -> Line {
    let after = event
        .evidence("emitted_ns")
        .unwrap_or(fault_ns)
        .saturating_sub(fault_ns);
    let seconds = format!(
        "{:>+9.3} s",
        std::time::Duration::from_nanos(after).as_secs_f64()
    );
    let (peer, network) = (
        event.peer.as_deref().unwrap_or("-"),
        event.network.as_deref().unwrap_or("-"),
    );
    let (style, what) = match event.id {
        PATH_LOST => (Style::Bad, "lost"),
        PATH_RESTORED => (Style::Good, "restored"),
        INTERFACE_UP | NETWORK_UP => (Style::Good, "up"),
        INTERFACE_UNREACHABLE => (Style::Bad, "unreachable"),
        INTERFACE_FAILED => (Style::Bad, "failed"),
        NETWORK_PARTITIONED => (Style::Bad, "partitioned"),
        NETWORK_DOWN => (Style::Bad, "down"),
        MEMBER_REMOVED => (Style::Bad, "removed"),
        QUORUM_LOST => (Style::Bad, "quorum lost"),
        MEMBER_JOINED => (Style::Good, "joined"),
        _ => (Style::Plain, event.name.as_str()),
    };
    Line::new()
        .then(Style::Faint, format!("{seconds}  "))
        .then(Style::Plain, format!("{:<7} ", event.observer))
        .then(style, format!("{} {what:<8}", event.id))
        .then(Style::Plain, format!(" {peer}, {network}"))
}

/// How to look at a lab that stays, and how to remove it. `cleaning` is the command that does.
pub fn kept(lab: &Lab, binary: &str, cleaning: &str) -> Vec<Line> {
    let node = Node(0);
    let inside = |namespace: &Namespace| format!("nsenter --net={}", namespace.path().display());
    let network = lab
        .plan()
        .all_networks()
        .next()
        .expect("a lab has a network");
    let at_node = inside(lab.node(node));
    let files = lab.files();
    let hints = [
        (
            "How the paths stand",
            format!("{binary} status --socket {}", files.socket(node).display()),
        ),
        (
            "What happened",
            format!("{binary} events --socket {}", files.socket(node).display()),
        ),
        (
            "Its metrics",
            format!("{at_node} curl -s http://127.0.0.1:13343/metrics"),
        ),
        (
            "Its interfaces, its frames",
            format!("{at_node} ip address; {at_node} tcpdump -ni any"),
        ),
        (
            "Break a cable",
            format!("{} ip link set node-b down", inside(lab.switch(network))),
        ),
        ("Remove everything", cleaning.to_owned()),
    ];
    let head = format!("The lab {} stays up. Seen from {node}:", lab.name());
    let mut lines = vec![Line::new(), Line::new().then(Style::Strong, head)];
    for (what, command) in hints {
        lines.push(Line::new().then(Style::Faint, format!("  {what}")));
        lines.push(Line::new().then(Style::Plain, format!("    {command}")));
    }
    lines
}

/// What was swept away.
pub fn swept(labs: &[LabName]) -> String {
    match labs {
        [] => "There was no lab to remove.".to_owned(),
        labs => {
            let names: Vec<String> = labs.iter().map(LabName::to_string).collect();
            format!(
                "Removed {}: {}.",
                count(labs.len(), "lab"),
                names.join(", ")
            )
        }
    }
}
