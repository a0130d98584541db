//! Own lateness: when this node's timing is too late to judge by.
//!
//! Verdicts come from stamps and stay true however late they are, but they come late, and a sender that is
//! late is accused by others. Whoever reads "lost" should be able to read beside it that it was this node that
//! was not scheduled. One event a minute for each of the two is enough to say so.

use core::time::Duration;

use heartbeat_ebpf::time::Timestamp;

/// At most one event of a part in this time.
pub const REST: Duration = Duration::from_secs(60);

/// What was late.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The loop that judges.
    Loop,
    /// The thread that sends heartbeats.
    Sender,
}

impl Part {
    /// As events print it.
    pub const fn label(self) -> &'static str {
        match self {
            Part::Loop => "main loop",
            Part::Sender => "sender",
        }
    }
}

/// When each part was last told to be late.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Starvation {
    told: [Option<Timestamp>; 2],
}

impl Starvation {
    /// Whether a part that was `late` by more than `bound` is to be told of at `now`.
    pub fn judge(&mut self, now: Timestamp, part: Part, late: Duration, bound: Duration) -> bool {
        let told = match part {
            Part::Loop => &mut self.told[0],
            Part::Sender => &mut self.told[1],
        };
        let rested = told.is_none_or(|told| REST <= now.since(told));
        let tell = bound < late && rested;
        if tell {
            *told = Some(now);
        }
        tell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_told_of_once_a_minute_at_most() {
        let at = |seconds: u64| Timestamp::from_ns(seconds * 1_000_000_000).expect("not zero");
        let (late, bound) = (Duration::from_millis(200), Duration::from_millis(100));
        let mut starvation = Starvation::default();
        assert!(!starvation.judge(at(1), Part::Loop, bound, bound));
        assert!(starvation.judge(at(2), Part::Loop, late, bound));
        assert!(!starvation.judge(at(3), Part::Loop, late, bound));
        assert!(starvation.judge(at(3), Part::Sender, late, bound));
        assert!(starvation.judge(at(62), Part::Loop, late, bound));
    }
}
