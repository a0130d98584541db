//! Which network's round is due when.
//!
//! A network has a rhythm: a first round, and from then on one every interval. On top of that come *lead-ins*:
//! whatever is new to peers (this run, a path, another interval) is said three times in quick succession, so
//! that a peer confirms an incarnation at once, and learns a longer interval before the deadline of the old
//! one, even where single datagrams are lost.
//!
//! The awkward case is a stop, be it a SIGSTOP or a starved CPU: afterwards one round is due, not all that
//! were missed, and what a lead-in or a change of the interval asks for must not make a burst of it either. So
//! no two rounds of a network ever come closer than its spacing, whatever was asked for in between. Rounds
//! that no change touched keep their phase, over stops as over replaced entries.
//!
//! Nothing here reads a clock.

use std::collections::BTreeMap;
use std::time::Duration;

use heartbeat_ebpf::time::Timestamp;

/// Rounds of a lead-in, and of a farewell.
pub const LEAD_IN: u8 = 3;
/// The smallest spacing of the rounds of a lead-in.
pub const SPACING_MIN: Duration = Duration::from_millis(1);
/// The largest spacing of the rounds of a farewell: somebody waits for its end.
pub const FAREWELL_SPACING_MAX: Duration = Duration::from_millis(20);

/// Whether peers have something to learn from a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum News {
    /// Nothing that could not wait for the next round.
    Nothing,
    /// They should hear of it soon, and for certain.
    Something,
}

/// A network to send on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// Its index.
    pub network: usize,
    /// Time between two rounds.
    pub interval: Duration,
    /// What is new; another interval always is.
    pub news: News,
}

/// A round to send now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Due {
    /// The network.
    pub network: usize,
    /// How long ago it was due.
    pub late: Duration,
}

/// All networks' rounds.
#[derive(Default, Debug)]
pub struct Timetable {
    beats: BTreeMap<usize, Beat>,
}

impl Timetable {
    /// From now on these networks are sent on and no others.
    pub fn follow(&mut self, now: Timestamp, wanted: &[Wanted]) {
        for (network, beat) in &mut self.beats {
            if !wanted.iter().any(|wanted| wanted.network == *network) {
                beat.rest();
            }
        }
        for wanted in wanted {
            self.beats
                .entry(wanted.network)
                .or_insert_with(|| Beat::new(now, wanted.interval))
                .follow(now, wanted);
        }
    }

    /// From now on the rounds of a farewell come, and then nothing.
    pub fn farewell(&mut self, now: Timestamp) {
        for beat in self.beats.values_mut() {
            beat.farewell(now);
        }
    }

    /// When the next round is due; `None`: none until something is asked for.
    pub fn next(&self) -> Option<Timestamp> {
        self.beats.values().filter_map(Beat::due).min()
    }

    /// Puts into `rounds` what is due by now, at most one round a network. They count as sent.
    pub fn take(&mut self, now: Timestamp, rounds: &mut Vec<Due>) {
        rounds.clear();
        for (network, beat) in &mut self.beats {
            if let Some(due) = beat.due().filter(|due| *due <= now) {
                let late = now.since(due);
                let network = *network;
                rounds.push(Due { network, late });
                beat.sent(now);
            }
        }
    }
}

/// One network's rounds. One that is not sent on rests: it still knows when its last round was.
#[derive(Debug)]
struct Beat {
    interval: Duration,
    spacing: Duration,
    rhythm: Rhythm,
    /// Rounds that the lead-in or farewell still asks for.
    extra: u8,
    /// When the last round was.
    last: Option<Timestamp>,
    /// No round comes before.
    earliest: Timestamp,
}

#[derive(Clone, Copy, Debug)]
enum Rhythm {
    /// Nothing is sent.
    Resting,
    /// The next round sets the phase.
    Starting,
    /// The next round of the period is due then.
    Going(Timestamp),
    /// Only the extra rounds come.
    Ending,
}

impl Beat {
    fn new(now: Timestamp, interval: Duration) -> Self {
        Beat {
            interval,
            spacing: spacing(interval),
            rhythm: Rhythm::Resting,
            extra: 0,
            last: None,
            earliest: now,
        }
    }

    fn rest(&mut self) {
        self.rhythm = Rhythm::Resting;
        self.extra = 0;
    }

    fn follow(&mut self, now: Timestamp, wanted: &Wanted) {
        let changed = self.interval != wanted.interval;
        let going = matches!(self.rhythm, Rhythm::Starting | Rhythm::Going(_));
        if changed || !going {
            self.rhythm = Rhythm::Starting;
        } else if wanted.news == News::Nothing {
            return;
        }
        self.space(now, spacing(self.interval.min(wanted.interval)));
        self.interval = wanted.interval;
    }

    fn farewell(&mut self, now: Timestamp) {
        if !matches!(self.rhythm, Rhythm::Resting) {
            self.rhythm = Rhythm::Ending;
            self.space(now, spacing(self.interval).min(FAREWELL_SPACING_MAX));
        }
    }

    /// Asks for extra rounds from now on, this far apart and this far from the last one.
    fn space(&mut self, now: Timestamp, spacing: Duration) {
        self.spacing = spacing;
        self.extra = LEAD_IN;
        self.earliest = self.last.map_or(now, |last| last.after(spacing).max(now));
    }

    fn due(&self) -> Option<Timestamp> {
        match self.rhythm {
            Rhythm::Resting => None,
            Rhythm::Starting => Some(self.earliest),
            Rhythm::Going(regular) if self.extra == 0 || self.serves(regular) => {
                Some(regular.max(self.earliest))
            }
            Rhythm::Going(_) => Some(self.earliest),
            Rhythm::Ending => (0 < self.extra).then_some(self.earliest),
        }
    }

    /// Whether the period's own round is so near that an extra one before it would come too close to it.
    fn serves(&self, regular: Timestamp) -> bool {
        regular < self.earliest.after(self.spacing)
    }

    fn sent(&mut self, now: Timestamp) {
        self.last = Some(now);
        self.extra = self.extra.saturating_sub(1);
        self.earliest = now.after(self.spacing);
        match self.rhythm {
            Rhythm::Starting => self.rhythm = Rhythm::Going(now.after(self.interval)),
            Rhythm::Going(regular) if regular <= now => {
                self.rhythm = Rhythm::Going(self.next_in_phase(regular));
            }
            Rhythm::Going(_) | Rhythm::Resting | Rhythm::Ending => {}
        }
    }

    /// The first moment of the period after `regular` that is far enough from the round just sent.
    fn next_in_phase(&self, regular: Timestamp) -> Timestamp {
        let behind = self.earliest.since(regular).as_nanos();
        let interval = self.interval.as_nanos().max(1);
        let periods = u64::try_from(behind.div_ceil(interval)).unwrap_or(u64::MAX);
        let interval = u64::try_from(interval).unwrap_or(u64::MAX);
        regular.after(Duration::from_nanos(
            interval.saturating_mul(periods.max(1)),
        ))
    }
}

/// How far apart extra rounds are.
fn spacing(interval: Duration) -> Duration {
    (interval / 10).max(SPACING_MIN)
}

#[cfg(test)]
mod tests;
