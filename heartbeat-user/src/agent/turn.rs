//! One turn of the loop: sweep, judge, act.

use heartbeat_core::action::Action;
use heartbeat_core::arrival::Gap;
use heartbeat_core::config::PathIndex;
use heartbeat_core::event::{Event, EventKind, Subject};
use heartbeat_core::flapping::Voice;
use heartbeat_core::inquiry::Arm;
use heartbeat_core::memory::Memory;
use heartbeat_core::node::Input;
use heartbeat_ebpf::time::Timestamp;
use heartbeat_ebpf::wake::{ARRIVAL, CANDIDATE, Control, Reason, Record as Wake};

use super::{Agent, remembrance};
use crate::announce::Telling;
use crate::clock;
use crate::journal::Batch;
use crate::record::Record;
use crate::record::trail;
use crate::sweep;

impl Agent {
    /// Sweeps and carries out what the core makes of it. Returns when to come back at the latest. The messages that
    /// wait are read first, because what is decided by half of them may be wrong.
    pub(super) fn turn(&mut self) -> Timestamp {
        self.read_datagrams();
        let now = clock::now();
        self.site.maps.shared.node().progress.set(now.ns());
        let mut actions = Vec::new();
        self.look_at_ourselves(now, &mut actions);
        let arrivals = self.site.arrivals();
        let gaps = self.wakes();
        let input = Input::Sweep {
            arrivals: &arrivals,
            gaps: &gaps,
        };
        self.tell_core(now, input, &mut actions);
        self.act(actions);
        self.mark_hours(now);
        self.lateness.swept(clock::now().since(now));
        let rest = now.after(self.tick);
        let wanted = [self.deliver(now), self.core.next_deadline()];
        wanted
            .into_iter()
            .flatten()
            .fold(rest, |first, wanted| first.min(wanted))
    }

    /// Reads the records written since the last turn: gaps for the core, replies for [`super::echo`]. Those
    /// of a slot's earlier owner are passed over.
    fn wakes(&mut self) -> Vec<Gap> {
        let (mut gaps, mut replies) = (Vec::new(), Vec::new());
        while let Some(wake) = self.next_wake() {
            let Some(path) = self.site.path_of(wake.slot, wake.identity) else {
                continue;
            };
            if wake.reason == Reason::Gap as u32 {
                gaps.extend(sweep::gap(PathIndex(path as u32), &wake));
            } else if wake.reason == Reason::EchoReply as u32 {
                replies.push(path);
            }
        }
        for path in replies {
            self.note_reply(path);
        }
        gaps
    }

    /// The next record that can be read as one.
    fn next_wake(&mut self) -> Option<Wake> {
        loop {
            let item = self.site.maps.wakes.next()?;
            if let Some(wake) = Wake::from_bytes(&item) {
                return Some(wake);
            }
        }
    }

    /// Carries out what the core asks for.
    pub(super) fn act(&mut self, actions: Vec<Action>) {
        let mut batch = Batch::default();
        let mut memories = Vec::new();
        for action in actions {
            match action {
                Action::Emit(event, voice) => {
                    self.stalls.note(&event);
                    batch.tellings.extend(self.telling(&event, voice));
                }
                Action::Remember(path, memory) => memories.push((path, memory)),
                Action::Arm(path, arm) => self.control(path).armed.set(match arm {
                    Arm::Arrival => ARRIVAL | CANDIDATE,
                    Arm::Candidate => CANDIDATE,
                }),
                Action::Echo(path, ask) => self.ask(path, ask),
                Action::Carry => self.send_everywhere(),
                Action::Outgrow(known) => self.outgrow(known),
                Action::Post { to, over, message } => self.post(to, over, &message),
                Action::Promise(epoch) => self.keep_promise(epoch),
                Action::Probe(network) => self.probe(network),
            }
        }
        if !memories.is_empty() {
            batch.afterwards = Some(self.remembering(&memories));
        }
        self.journal.tell(batch);
    }

    fn control(&self, path: PathIndex) -> &Control {
        let slot = self.site.paths[path.position()].slot;
        &self.site.maps.shared.controls()[slot as usize]
    }

    fn telling(&mut self, event: &Event, voice: Voice) -> Option<Telling> {
        let config = self.core.config();
        let mut record = Record::new(event, config, clock::wall())?;
        let (peer, network) = (record.peer.as_deref(), record.network.as_deref());
        record.maintenance = Some(self.maintenance.covers(peer, network));
        let mut telling = Telling::new(record, voice);
        if let Subject::Path(index) = event.subject() {
            let path = &config.paths[index.position()];
            if event.explanation().is_some() {
                let slot = self.site.paths[index.position()].slot;
                telling.record.evidence.trail = trail::of(self.site.maps.shared.trail(slot));
            }
            telling.company = self.site.company(path.network);
            telling.patience = path.timing.interval;
            let counts = &mut self.site.paths[index.position()].counts;
            counts.lost += u64::from(event.kind() == EventKind::PathLost);
            if event.kind() == EventKind::PathRestored {
                counts.restored += 1;
                self.note_reply(index.position());
            }
        }
        Some(telling)
    }

    /// Writes down what the next run must know, once the events before it are on the disk.
    fn remembering(&self, memories: &[(PathIndex, Memory)]) -> Box<dyn FnOnce() + Send> {
        let slot = |(path, memory): &(PathIndex, Memory)| {
            let plan = &self.site.paths[path.position()];
            (plan.slot, plan.identity, *memory)
        };
        let memories: Vec<(u32, u64, Memory)> = memories.iter().map(slot).collect();
        let shared = self.site.maps.shared.clone();
        Box::new(move || {
            for (slot, identity, memory) in memories {
                remembrance::write(&shared, slot, identity, memory);
            }
        })
    }
}
