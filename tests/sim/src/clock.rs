//! A node's clock: CLOCK_MONOTONIC as one machine has it.
//!
//! Nodes share no time. Each clock has its own beginning and runs a little too fast or too slow, and whatever
//! the core compares across nodes must survive both. The simulator has one time of its own, the *world's*, in
//! nanoseconds since its beginning, in which the checkers judge.

use heartbeat_ebpf::time::Timestamp;

/// One machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// What it shows at the world's beginning, ns; not 0.
    pub offset: u64,
    /// How much it runs too fast, in millionths.
    pub drift: i64,
}

impl Clock {
    /// What it shows at a moment of the world.
    pub fn local(&self, world: u64) -> Timestamp {
        let ahead = (world as i64 / 1000) * self.drift / 1000;
        let ns = (self.offset + world).saturating_add_signed(ahead);
        Timestamp::from_ns(ns.max(1)).expect("not zero")
    }

    /// The first moment of the world at which it shows `local` or later.
    pub fn world(&self, local: Timestamp) -> u64 {
        let elapsed = local.ns().saturating_sub(self.offset);
        let ahead = (elapsed as i64 / 1000) * self.drift / 1000;
        let mut world = elapsed.saturating_add_signed(-ahead);
        while self.local(world) < local {
            world += local.since(self.local(world)).as_nanos() as u64;
        }
        world
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_found_again_on_every_clock() {
        for drift in [-200, -1, 0, 30, 200] {
            let clock = Clock { offset: 77, drift };
            for world in [0, 1, 999, 123_456_789, 9_876_543_210_123] {
                let local = clock.local(world);
                let found = clock.world(local);
                assert!(local <= clock.local(found));
                assert!(found.abs_diff(world) < 1_000, "{drift} {world} {found}");
            }
        }
    }
}
