//! The step that takes time.
//!
//! Everything is done a step later than now, and then moved back by one, so that now is now again.

use std::sync::Arc;

use super::{Told, World};
use crate::host::{Condition, Host, Stamp};
use crate::mutant::Mutant;
use crate::scale;

impl World {
    pub(super) fn pass_time(&mut self, mutant: Mutant, told: &mut Vec<Told>) {
        self.stamp_heartbeats(mutant);
        let by = scale::back();
        self.late.retain(|letter| letter.lasts(scale::next()));
        for letter in &mut self.late {
            Arc::make_mut(letter).offset(&by);
        }
        for host in &mut self.hosts {
            Arc::make_mut(host).offset(&by);
        }
        for node in 0..self.hosts.len() {
            if self.hosts[node].condition == Condition::Runs {
                self.turn(node, mutant, told);
            }
        }
    }

    /// Kernels stamp the heartbeats of all agents that run.
    fn stamp_heartbeats(&mut self, mutant: Mutant) {
        let nodes = self.hosts.len();
        for from in (0..nodes)
            .filter(|from| self.hosts[*from].condition == Condition::Runs)
            .collect::<Vec<_>>()
        {
            let run = self.hosts[from].run;
            for to in (0..nodes).filter(|to| *to != from) {
                let seen =
                    mutant.sees(to, from, self.history.was_member(to)) && !self.is_cut(from, to);
                if seen && self.hosts[to].condition.has_kernel() {
                    self.host(to).stamps[from] = Some(Stamp {
                        at: scale::next(),
                        run,
                        departure: None,
                    });
                }
            }
        }
    }

    /// A node looks at its paths, and takes its turn.
    pub(super) fn turn(&mut self, node: usize, mutant: Mutant, told: &mut Vec<Told>) {
        let peers = (0..self.hosts.len()).filter(|peer| *peer != node);
        let answers = |peer: usize| {
            let there = self.hosts[peer].condition.has_kernel();
            there && !self.is_cut(node, peer) && !self.is_cut(peer, node)
        };
        let sights: Vec<_> = peers
            .map(|peer| {
                (
                    peer,
                    self.hosts[node].sight(peer, scale::now(), answers(peer)),
                )
            })
            .collect();
        let out = self.host(node).act(mutant, scale::now(), |core, _| {
            for (peer, sight) in sights {
                core.see(scale::now(), scale::index(peer), sight);
            }
        });
        self.carry_out(node, out, mutant, told);
    }

    pub(super) fn host(&mut self, node: usize) -> &mut Host {
        Arc::make_mut(&mut self.hosts[node])
    }
}
