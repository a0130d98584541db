//! One turn of the loop: sweep, judge, act.

use heartbeat_core::arrival::{Arrival, Gap};
use heartbeat_core::config::PathIndex;
use heartbeat_core::event::{Event, EventKind};
use heartbeat_core::node::{Action, Input};
use heartbeat_ebpf::time::Timestamp;
use heartbeat_ebpf::wake::{ARRIVAL, CANDIDATE, Control, Reason, Record as Wake};

use super::Agent;
use super::plan::PathPlan;
use crate::clock;
use crate::maps::Shared;
use crate::record::Record;
use crate::sweep;

impl Agent {
    /// Sweeps and carries out what the core makes of it. Returns when to come back at the latest.
    pub(super) fn turn(&mut self) -> Timestamp {
        let now = clock::now();
        self.maps.shared.node().progress.set(now.ns());
        let gaps = self.wakes();
        let arrivals = arrivals(&self.paths, &self.maps.shared);
        let mut actions = Vec::new();
        let input = Input::Sweep {
            arrivals: &arrivals,
            gaps: &gaps,
        };
        self.core.handle(now, input, &mut actions);
        for action in actions {
            self.act(action);
        }
        self.lateness.swept(clock::now().since(now));
        let rest = now.after(self.tick);
        self.core
            .next_deadline()
            .map_or(rest, |deadline| deadline.min(rest))
    }

    /// Reads the records written since the last turn: gaps for the core, replies for [`super::echo`]. Those
    /// of a slot's earlier owner are passed over.
    fn wakes(&mut self) -> Vec<Gap> {
        let (mut gaps, mut replies) = (Vec::new(), Vec::new());
        while let Some(item) = self.maps.wakes.next() {
            let Some(wake) = Wake::from_bytes(&item) else {
                continue;
            };
            let Some(Some(index)) = self.slot_paths.get(wake.slot as usize).copied() else {
                continue;
            };
            if self.paths[index as usize].identity != wake.identity {
                continue;
            }
            if wake.reason == Reason::Gap as u32 {
                gaps.extend(sweep::gap(PathIndex(index), &wake));
            } else if wake.reason == Reason::EchoReply as u32 {
                replies.push(index as usize);
            }
        }
        for path in replies {
            self.note_reply(path);
        }
        gaps
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Emit(event) => self.emit(&event),
            Action::Arm(path) => self.control(path).armed.set(ARRIVAL | CANDIDATE),
            Action::ArmForCandidate(path) => self.control(path).armed.set(CANDIDATE),
            Action::Echo(path) => self.ask(path),
        }
    }

    fn control(&self, path: PathIndex) -> &Control {
        let slot = self.paths[path.position()].slot;
        &self.maps.shared.controls()[slot as usize]
    }

    fn emit(&mut self, event: &Event) {
        let path = &mut self.paths[event.path().position()];
        match event.kind() {
            EventKind::PathLost => path.lost_total += 1,
            EventKind::PathRestored => path.restored_total += 1,
        }
        if let Some(record) = Record::new(event, self.core.config(), clock::wall()) {
            self.journal.tell(record);
        }
    }
}

/// Every path's slot, as it stands.
pub(super) fn arrivals(paths: &[PathPlan], shared: &Shared) -> Vec<Arrival> {
    let read = |(position, path): (usize, &PathPlan)| {
        let slot = path.slot as usize;
        let index = PathIndex(position as u32);
        sweep::arrival(
            index,
            &shared.slots()[slot],
            &shared.echoes()[slot],
            &shared.controls()[slot],
        )
    };
    paths.iter().enumerate().map(read).collect()
}
