//! Faults begin and end.

use heartbeat_core::arrival::Departure;
use heartbeat_core::node::Input;

use super::World;
use crate::host::Power;
use crate::script::{Fault, Trouble};

/// Up to so many intervals apart the hosts boot after a blackout.
const BOOTING: u64 = 4;

impl World {
    /// A fault begins.
    pub(super) fn begin(&mut self, episode: usize) {
        let fault = self.plan.script[episode].fault.clone();
        self.lasting[episode] = true;
        self.coverage.fault(fault.kind());
        self.transcript.fault(self.now, "begins", &fault);
        match fault {
            Fault::Between(..) => self.rewire(),
            Fault::At(node, trouble) => self.trouble(node, trouble),
            Fault::Blackout => (0..self.hosts.len()).for_each(|node| self.power_off(node)),
        }
    }

    /// A fault ends.
    pub(super) fn end(&mut self, episode: usize) {
        let fault = self.plan.script[episode].fault.clone();
        self.lasting[episode] = false;
        self.transcript.fault(self.now, "ends", &fault);
        match fault {
            Fault::Between(..) => self.rewire(),
            Fault::At(node, trouble) => self.relief(node, trouble),
            Fault::Blackout => (0..self.hosts.len()).for_each(|node| self.power_on(node, BOOTING)),
        }
    }

    /// The wires as all faults that last leave them.
    fn rewire(&mut self) {
        self.wires.heal();
        for (episode, lasts) in self.plan.script.iter().zip(&self.lasting) {
            if let (Fault::Between(lanes, harm), true) = (&episode.fault, *lasts) {
                self.wires.harm(lanes, *harm);
            }
        }
        for (node, host) in self.hosts.iter().enumerate() {
            for (network, count) in host.unplugged.iter().enumerate() {
                if 0 < *count {
                    self.wires.unplug(node, network);
                }
            }
        }
    }

    fn trouble(&mut self, node: usize, trouble: Trouble) {
        match trouble {
            Trouble::Kill => self.kill(node),
            Trouble::PowerOff => self.power_off(node),
            Trouble::Restart => self.stop(node, Departure::Restarting),
            Trouble::Leave => self.stop(node, Departure::Leaving),
            Trouble::Pause => {
                if let Some(agent) = &mut self.hosts[node].agent {
                    agent.paused += 1;
                }
            }
            Trouble::Freeze => self.hosts[node].frozen += 1,
            Trouble::Slow => self.hosts[node].slow += 1,
            Trouble::Cable(network) => {
                self.hosts[node].unplugged[network] += 1;
                self.rewire();
                self.tell_soundness(node, network);
            }
            Trouble::Reconfigure(variation) => self.reconfigure(node, variation),
        }
    }

    fn relief(&mut self, node: usize, trouble: Trouble) {
        match trouble {
            Trouble::Kill | Trouble::Restart | Trouble::Leave => self.start(node),
            Trouble::PowerOff => self.power_on(node, 1),
            Trouble::Pause => {
                if let Some(agent) = &mut self.hosts[node].agent {
                    agent.paused = agent.paused.saturating_sub(1);
                }
                self.resume(node);
            }
            Trouble::Freeze => {
                self.hosts[node].frozen -= 1;
                self.resume(node);
            }
            Trouble::Slow => {
                self.hosts[node].slow -= 1;
                self.catch_up(node);
            }
            Trouble::Cable(network) => {
                self.hosts[node].unplugged[network] -= 1;
                self.rewire();
                self.tell_soundness(node, network);
            }
            Trouble::Reconfigure(_) => {
                self.reconfigure(node, self.plan.shape.variations[node]);
            }
        }
    }

    fn power_off(&mut self, node: usize) {
        self.kill(node);
        let host = &mut self.hosts[node];
        host.power = Power::Off;
        host.clear_kernel(&self.plan.shape);
        self.truth.reboot(node);
    }

    /// The host boots, and its agent starts within so many intervals.
    fn power_on(&mut self, node: usize, intervals: u64) {
        self.hosts[node].power = Power::On;
        let interval = self.plan.shape.longest_interval();
        let at = self.now + self.random.below(interval * intervals);
        self.queue.put(at, super::Event::Start(node as u16));
    }

    fn reconfigure(&mut self, node: usize, variation: crate::shape::Variation) {
        self.hosts[node].variation = variation;
        self.truth.reconfigure(node, variation);
        let config = self.plan.shape.config(node, variation);
        if self.hosts[node].active().is_some() {
            self.send(node);
            self.tell(node, Input::Configure(config));
        } else if self.hosts[node].agent.is_some() {
            // It reads its configuration when it goes on; here that is the next run's affair.
            self.kill(node);
            self.start(node);
        }
    }
}
