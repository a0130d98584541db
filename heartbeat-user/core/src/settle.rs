//! A state must hold for a while before it is believed.
//!
//! One fault reaches each node at its own moment: verdicts of one pulled cable lie up to an interval apart, and
//! in between the rows tell of partitions that never were. So a state is held only once it was judged so, again
//! and again, for the time to settle. The awkward case is a fault that keeps changing its face, unreachable
//! and failed by turns: waiting for rest alone it would never be told. Hence a limit, [`LONGEST`], after
//! which what is judged then is held.

use core::time::Duration;

use heartbeat_ebpf::time::Timestamp;

use crate::config::Settle;
use crate::timing::Timing;

/// Times to settle after which a state is held that does not come to rest, as long as the one held before
/// does not come back.
pub const LONGEST: u32 = 4;

impl Settle {
    /// How long a state must hold on a network that is judged by `timing`.
    pub fn lasting(self, timing: &Timing) -> Duration {
        match self {
            Settle::Auto => timing.first_miss(None),
            Settle::Fixed(settle) => settle,
        }
    }
}

/// One thing's state. Unavailable networks and interfaces settle as all others do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settling<S> {
    held: Option<S>,
    coming: Option<Coming<S>>,
}

/// A state that does not hold yet.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Coming<S> {
    state: S,
    /// When it holds.
    due: Timestamp,
    /// When whatever is judged then holds.
    limit: Timestamp,
}

/// That another state holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settled<S> {
    /// What held before; `None`: nothing did.
    pub before: Option<S>,
    /// What holds now.
    pub state: S,
}

impl<S> Default for Settling<S> {
    fn default() -> Self {
        Settling {
            held: None,
            coming: None,
        }
    }
}

impl<S: Copy + Eq> Settling<S> {
    /// What holds; `None` until the first state has settled.
    pub fn held(&self) -> Option<S> {
        self.held
    }

    /// When to judge again at the latest.
    pub fn due(&self) -> Option<Timestamp> {
        self.coming.as_ref().map(|coming| coming.due)
    }

    /// Takes what is judged at `now`; `None`: nothing speaks for or against what holds.
    pub fn judge(
        &mut self,
        now: Timestamp,
        judged: Option<S>,
        settle: Duration,
    ) -> Option<Settled<S>> {
        let state = judged.filter(|state| self.held != Some(*state));
        let Some(state) = state else {
            self.coming = None;
            return None;
        };
        let coming = self.expect(now, state, settle);
        if now < coming.due {
            self.coming = Some(coming);
            return None;
        }
        let before = self.held;
        self.hold(state);
        Some(Settled { before, state })
    }

    /// Holds a state at once.
    pub fn hold(&mut self, state: S) {
        self.held = Some(state);
        self.coming = None;
    }

    fn expect(&mut self, now: Timestamp, state: S, settle: Duration) -> Coming<S> {
        match self.coming.take() {
            Some(coming) if coming.state == state => coming,
            earlier => {
                let limit = earlier.map(|coming| coming.limit);
                let limit = limit.unwrap_or_else(|| now.after(settle.saturating_mul(LONGEST)));
                let due = now.after(settle).min(limit);
                Coming { state, due, limit }
            }
        }
    }
}

#[cfg(test)]
mod tests;
