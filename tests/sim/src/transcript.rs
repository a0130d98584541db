//! A run in words, line by line.
//!
//! A failing seed is useless without its story, and a million seeds have no time to tell one. So a run writes
//! nothing down unless it is asked to, and is then run again from its seed. Where only one fault is to be told,
//! the start of all nodes would drown it: [`Transcript::since_formed`] leaves that out.

use heartbeat_core::message::Message;
use heartbeat_core::nodes::NodeSet;
use heartbeat_core::view::{Choice, View};

use crate::script::{Fault, letter, letters};

/// How much is written down.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Detail {
    /// Nothing.
    Nothing,
    /// Faults, events and views.
    Story,
    /// Messages beside reports as well.
    Messages,
    /// Reports as well.
    Everything,
}

/// What was written down.
#[derive(Clone, Debug)]
pub struct Transcript {
    detail: Detail,
    lines: Vec<String>,
    /// Lines before the one that says that all nodes are in one view.
    start: usize,
}

impl Transcript {
    /// Nothing yet.
    pub fn new(detail: Detail) -> Self {
        Transcript {
            detail,
            lines: Vec::new(),
            start: 0,
        }
    }

    /// Its lines.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Its lines from when all nodes were in one view for the first time.
    pub fn since_formed(&self) -> &[String] {
        &self.lines[self.start..]
    }

    /// Whether nothing is written down.
    pub fn is_silent(&self) -> bool {
        self.detail == Detail::Nothing
    }

    /// All nodes that run are in one view, for the first time.
    pub fn formed(&mut self, now: u64, view: &View) {
        self.start = self.lines.len();
        self.line(Detail::Story, now, || {
            format!("-- all are in {}", described(view))
        });
    }

    /// A node says or does something.
    pub fn says(&mut self, now: u64, node: usize, what: &str) {
        self.line(Detail::Story, now, || format!("{}  {what}", letter(node)));
    }

    /// A fault begins or ends.
    pub fn fault(&mut self, now: u64, what: &str, fault: &Fault) {
        self.line(Detail::Story, now, || format!("-- {what}: {fault}"));
    }

    /// A node installs a view.
    pub fn installed(&mut self, now: u64, node: usize, view: &View) {
        self.line(Detail::Story, now, || {
            format!("{}  installs {}", letter(node), described(view))
        });
    }

    /// A node sends something.
    pub fn posted(&mut self, now: u64, node: usize, to: &NodeSet, message: &Message) {
        let detail = match message {
            Message::Report(_) | Message::Question(_) | Message::Accounts(_) => Detail::Everything,
            Message::Proposal(_) | Message::Accept(_) | Message::Install(_) => Detail::Messages,
        };
        self.line(detail, now, || {
            let (node, to) = (letter(node), letters(to));
            match message {
                Message::Report(report) => format!("{node}  > {to}: {report:?}"),
                Message::Proposal(view) => format!("{node}  > {to}: proposes {}", described(view)),
                Message::Accept(epoch) => format!("{node}  > {to}: accepts {epoch}"),
                Message::Install(view) => format!("{node}  > {to}: install {}", described(view)),
                Message::Question(question) => format!("{node}  > {to}: {question:?}"),
                Message::Accounts(accounts) => format!("{node}  > {to}: {accounts:?}"),
            }
        });
    }

    fn line(&mut self, detail: Detail, now: u64, line: impl FnOnce() -> String) {
        if detail <= self.detail && self.detail != Detail::Nothing {
            let (seconds, ms) = (now / 1_000_000_000, now / 1_000_000 % 1000);
            self.lines.push(format!("{seconds:>4}.{ms:03}  {}", line()));
        }
    }
}

/// A view in a line: `view 3: abd (passive d, joined b, greedy)`.
pub fn described(view: &View) -> String {
    let members = view.set();
    let mut remarks = Vec::new();
    let passive = members.without(&view.acceptors);
    for (label, nodes) in [("passive", &passive), ("joined", &view.joined)] {
        if !nodes.is_empty() {
            remarks.push(format!("{label} {}", letters(nodes)));
        }
    }
    match view.choice {
        Choice::Exact => {}
        Choice::Greedy => remarks.push("greedy".to_owned()),
    }
    let remarks = match remarks.is_empty() {
        true => String::new(),
        false => format!(" ({})", remarks.join(", ")),
    };
    format!("view {}: {}{remarks}", view.epoch, letters(&members))
}
