//! Steps that take no time: messages come, faults begin and end.

use std::sync::Arc;

use heartbeat_core::arrival::Departure;

use super::{Told, World};
use crate::host::Condition;
use crate::letter::{Copy, Letter};
use crate::mutant::Mutant;
use crate::scale;
use crate::step::{Fault, First, Step};

impl World {
    pub(super) fn take(&mut self, step: Step, mutant: Mutant, told: &mut Vec<Told>) {
        match step {
            Step::Tick => self.pass_time(mutant, told),
            Step::Come(place) => {
                let letter = self.fresh.remove(place);
                self.deliver(&letter, mutant, told);
            }
            Step::Repeat(place) => {
                self.play();
                let letter = self.fresh.remove(place);
                self.late.push(Arc::new(Letter {
                    copy: Copy::Second,
                    ..Letter::clone(&letter)
                }));
                self.deliver(&letter, mutant, told);
            }
            Step::Delay(place) => {
                self.play();
                let letter = self.fresh.remove(place);
                self.late.push(letter);
            }
            Step::Lose(place) => {
                self.play();
                self.fresh.remove(place);
            }
            Step::Late(place) => {
                let letter = self.late.remove(place);
                self.deliver(&letter, mutant, told);
            }
            Step::Fault(fault) => {
                self.faults -= 1;
                self.disturbed = true;
                self.suffer(fault, mutant, told);
            }
            Step::Heal => self.cuts = 0,
            Step::Boot(node) => self.start(node, mutant, told),
            Step::Wake(node, first) => self.wake(node, first, mutant, told),
        }
    }

    /// The network plays a trick.
    fn play(&mut self) {
        self.tricks -= 1;
        self.disturbed = true;
    }

    fn deliver(&mut self, letter: &Arc<Letter>, mutant: Mutant, told: &mut Vec<Told>) {
        let to = letter.to;
        match self.hosts[to].condition {
            Condition::Runs => {}
            Condition::Stalled => {
                let host = Arc::make_mut(&mut self.hosts[to]);
                return host.socket.push(Arc::clone(letter));
            }
            Condition::Frozen | Condition::Ended | Condition::Off => return,
        }
        if self.hosts[to].run != letter.to_run {
            return;
        }
        let from = scale::index(letter.from);
        let host = Arc::make_mut(&mut self.hosts[to]);
        let out = host.act(mutant, scale::now(), |core, out| {
            core.hear(scale::now(), from, letter.from_run, &letter.message, out);
        });
        self.carry_out(to, out, mutant, told);
    }

    fn suffer(&mut self, fault: Fault, mutant: Mutant, told: &mut Vec<Told>) {
        match fault {
            Fault::Cut(from, to) => self.cut(from, to),
            Fault::CutPair(one, two) => {
                self.cut(one, two);
                self.cut(two, one);
            }
            Fault::Split(side) => self.split(side),
            Fault::Crash(node) => self.host(node).end(Condition::Off),
            Fault::Respawn(node) => {
                self.host(node).end(Condition::Ended);
                self.start(node, mutant, told);
            }
            Fault::Leave(node) => {
                self.say_goodbye(node, Departure::Leaving);
                self.host(node).end(Condition::Ended);
            }
            Fault::Restart(node) => {
                self.say_goodbye(node, Departure::Restarting);
                self.host(node).end(Condition::Ended);
            }
            Fault::Stall(node) => self.host(node).condition = Condition::Stalled,
            Fault::Freeze(node) => self.host(node).condition = Condition::Frozen,
        }
    }

    fn split(&mut self, side: u8) {
        let is_there = |node: usize| side >> node & 1 == 1;
        for from in 0..self.hosts.len() {
            for to in 0..self.hosts.len() {
                if is_there(from) != is_there(to) {
                    self.cut(from, to);
                }
            }
        }
    }

    fn start(&mut self, node: usize, mutant: Mutant, told: &mut Vec<Told>) {
        self.host(node).start(node, mutant);
        self.turn(node, mutant, told);
    }

    fn wake(&mut self, node: usize, first: First, mutant: Mutant, told: &mut Vec<Told>) {
        let host = self.host(node);
        host.condition = Condition::Runs;
        let waiting = std::mem::take(&mut host.socket);
        match first {
            First::Paths => self.turn(node, mutant, told),
            First::Messages => {}
        }
        self.fresh.extend(waiting);
    }
}
