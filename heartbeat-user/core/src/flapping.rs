//! A path that is lost again and again.
//!
//! Whoever is paged for each of fifty losses of one bad cable stops reading. Five within ten minutes are one
//! fact, told once; until ten minutes have passed without another loss, single ones are written down as ever
//! but told in a low voice.

use core::time::Duration;

use heartbeat_ebpf::time::Timestamp;

/// Losses that make a path flap.
pub const LOSSES: usize = 5;
/// Within this time; and without any for so long, it flaps no longer.
pub const WITHIN: Duration = Duration::from_secs(600);

/// How loudly an event is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Voice {
    /// By a log line of its own.
    Loud,
    /// Kept, counted, and summarised in the log.
    Low,
}

/// The last losses of one path.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Flapping {
    losses: [Option<Timestamp>; LOSSES],
    since: Option<Timestamp>,
}

impl Flapping {
    /// Counts a loss judged at `now`. Says whether it is the one that makes the path flap.
    pub fn lost(&mut self, now: Timestamp) -> bool {
        self.losses.rotate_left(1);
        self.losses[LOSSES - 1] = Some(now);
        let first = self.losses[0];
        let began = self.since.is_none() && first.is_some_and(|first| now.since(first) <= WITHIN);
        if began {
            self.since = Some(now);
        }
        began
    }

    /// How loudly to tell of this path at `now`.
    pub fn voice(&mut self, now: Timestamp) -> Voice {
        let newest = self.losses[LOSSES - 1];
        if newest.is_some_and(|newest| WITHIN < now.since(newest)) {
            self.since = None;
        }
        match self.since {
            Some(_) => Voice::Low,
            None => Voice::Loud,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_ns(seconds * 1_000_000_000).expect("not zero")
    }

    /// Whether each of these losses began the flapping, and how loudly it is told itself.
    fn losses(flapping: &mut Flapping, seconds: &[u64]) -> alloc::vec::Vec<(Voice, bool)> {
        let lose = |second: &u64| {
            let voice = flapping.voice(at(*second));
            (voice, flapping.lost(at(*second)))
        };
        seconds.iter().map(lose).collect()
    }

    #[test]
    fn the_fifth_loss_within_ten_minutes_is_told_and_those_after_it_in_a_low_voice() {
        let mut flapping = Flapping::default();
        let told = losses(&mut flapping, &[1, 101, 201, 301, 601, 602, 1202]);
        let loud = (Voice::Loud, false);
        assert_eq!(told[..4], [loud; 4]);
        assert_eq!(told[4], (Voice::Loud, true));
        assert_eq!(told[5..], [(Voice::Low, false); 2]);
        assert_eq!(
            flapping.voice(at(1803)),
            Voice::Loud,
            "ten quiet minutes end it"
        );
    }

    #[test]
    fn five_losses_in_more_than_ten_minutes_are_five_losses() {
        let mut flapping = Flapping::default();
        let told = losses(&mut flapping, &[1, 151, 301, 451, 602]);
        assert!(told.iter().all(|told| *told == (Voice::Loud, false)));
    }
}
