//! Which datagrams of a peer have been taken.
//!
//! A peer numbers its datagrams to this node from 1 in each of its runs; the same datagram over two networks has
//! one number. A datagram is for one run of ours, so a run begins having taken none, whatever was sent before.

use std::cmp::Ordering;

use heartbeat_ebpf::ids::Incarnation;
use heartbeat_ebpf::window::{Place, place};

use super::verdict::Verdict;

/// The datagrams taken of one run of a peer, under the contract's window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Window {
    run: Incarnation,
    highest: u64,
    seen: u64,
}

impl Window {
    /// Why a datagram is not to be taken; it is not noted yet, for it may turn out to be forged.
    pub fn refuse(&self, run: Incarnation, sequence: u64) -> Option<Verdict> {
        self.with(run, sequence).err()
    }

    /// Notes a datagram as taken. Says whether it was new.
    pub fn take(&mut self, run: Incarnation, sequence: u64) -> bool {
        let with = self.with(run, sequence);
        *self = with.unwrap_or(*self);
        with.is_ok()
    }

    /// The run whose datagrams are taken; 0: none yet.
    pub fn run(&self) -> Incarnation {
        self.run
    }

    fn with(&self, run: Incarnation, sequence: u64) -> Result<Window, Verdict> {
        let known = match run.cmp(&self.run) {
            Ordering::Less => return Err(Verdict::Replay),
            Ordering::Equal => *self,
            Ordering::Greater => Window {
                run,
                ..Window::default()
            },
        };
        match place(sequence, known.highest, known.seen) {
            Place::Newest { window, .. } => Ok(Window {
                highest: sequence,
                seen: window,
                ..known
            }),
            Place::Reordered { window } if sequence != 0 => Ok(Window {
                seen: window,
                ..known
            }),
            Place::Duplicate => Err(Verdict::Duplicate),
            Place::Reordered { .. } | Place::Below => Err(Verdict::Replay),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: Incarnation = Incarnation(7);

    #[test]
    fn each_number_is_taken_once_whatever_the_order() {
        let mut window = Window::default();
        let taken: Vec<bool> = [2, 1, 2, 1, 3, 0, 64, 3, 4]
            .map(|sequence| window.take(RUN, sequence))
            .into();
        assert_eq!(
            taken,
            [true, true, false, false, true, false, true, false, true]
        );
        assert!(window.take(RUN, 1_000));
        assert!(
            !window.take(RUN, 936),
            "below the window nothing is told apart"
        );
        assert!(window.take(RUN, 937));
        assert_eq!(window.refuse(RUN, 937), Some(Verdict::Duplicate));
        assert_eq!(window.refuse(RUN, 936), Some(Verdict::Replay));
    }

    #[test]
    fn looking_changes_nothing() {
        let window = Window::default();
        assert_eq!(window.refuse(RUN, 5), None);
        assert_eq!(window.refuse(RUN, 5), None);
        assert_eq!(window, Window::default());
    }

    #[test]
    fn a_later_run_begins_anew_and_an_earlier_one_is_over() {
        let mut window = Window::default();
        assert!(window.take(RUN, 100));
        assert!(window.take(Incarnation(8), 1));
        assert!(!window.take(Incarnation(8), 1));
        assert_eq!(window.refuse(RUN, 101), Some(Verdict::Replay));
    }
}
