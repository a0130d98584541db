//! Frames that this host itself dropped before anybody saw them.
//!
//! A heartbeat that a driver or the stack drops looks like one that the network lost. The counters that would tell are
//! in one file for all interfaces, and one for the CPUs. The awkward case is a counter that moves for other reasons:
//! frames of protocols that nobody speaks count as dropped too. So what is told is how many, and when; whether that
//! explains anything is judged elsewhere.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use heartbeat_core::incidents::Drops;
use heartbeat_ebpf::time::Timestamp;

/// Counters are looked at this often.
const PACE: Duration = Duration::from_secs(1);
/// And, where somebody asks, this often at the most.
const HASTE: Duration = Duration::from_millis(20);

/// The counters at the last look.
#[derive(Debug, Default)]
pub struct Counters {
    looked: Option<Timestamp>,
    softnet: u64,
    devices: BTreeMap<String, Count>,
}

/// What an interface has dropped since it is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Count {
    received: u64,
    unsent: u64,
}

/// Frames dropped since the look before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dropped {
    /// Since how long ago.
    pub lately: Duration,
    /// By interface: more than none.
    devices: BTreeMap<String, Drops>,
    /// By a CPU's backlog, whatever interface they came from.
    softnet: u32,
}

impl Dropped {
    /// What the frames of this interface may be among.
    pub fn of(&self, device: &str) -> Drops {
        let own = self.devices.get(device).copied().unwrap_or_default();
        Drops {
            received: own.received.saturating_add(self.softnet),
            unsent: own.unsent,
        }
    }
}

/// How urgently it is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Urgency {
    /// Now and then.
    None,
    /// A peer wants to know.
    Asked,
}

impl Counters {
    /// Looks, if it is time to; `None`: it is not, or nothing was dropped.
    pub fn look(&mut self, now: Timestamp, urgency: Urgency) -> Option<Dropped> {
        let pace = match urgency {
            Urgency::None => PACE,
            Urgency::Asked => HASTE,
        };
        if self.looked.is_some_and(|at| now.since(at) < pace) {
            return None;
        }
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let devices = devices(&read("/proc/self/net/dev"));
        let softnet = softnet(&read("/proc/self/net/softnet_stat"));
        self.compare(now, devices, softnet)
    }

    fn compare(
        &mut self,
        now: Timestamp,
        devices: BTreeMap<String, Count>,
        softnet: u64,
    ) -> Option<Dropped> {
        let before = self.looked.replace(now);
        let news = devices.iter().filter_map(|(name, count)| {
            let known = self.devices.get(name)?;
            let drops = Drops {
                received: grown(known.received, count.received),
                unsent: grown(known.unsent, count.unsent),
            };
            (drops != Drops::default()).then(|| (name.clone(), drops))
        });
        let news = news.collect();
        let backlog = grown(self.softnet, softnet);
        self.devices = devices;
        self.softnet = softnet;
        let dropped = Dropped {
            lately: now.since(before?),
            devices: news,
            softnet: backlog,
        };
        let some = !dropped.devices.is_empty() || dropped.softnet != 0;
        some.then_some(dropped)
    }
}

/// By how much a counter has grown; one that was set back has not.
fn grown(before: u64, after: u64) -> u32 {
    u32::try_from(after.saturating_sub(before)).unwrap_or(u32::MAX)
}

/// Frames dropped, by interface, from the text of /proc/net/dev: its columns drop, fifo and frame of what is received,
/// drop, fifo and carrier of what is sent.
fn devices(text: &str) -> BTreeMap<String, Count> {
    let line = |line: &str| {
        let (name, numbers) = line.split_once(':')?;
        let numbers: Vec<u64> = numbers
            .split_ascii_whitespace()
            .map(|number| number.parse().unwrap_or(0))
            .collect();
        let sum = |columns: [usize; 3]| {
            let column = |at: usize| numbers.get(at).copied().unwrap_or(0);
            columns.map(column).into_iter().sum()
        };
        let count = Count {
            received: sum([3, 4, 5]),
            unsent: sum([11, 12, 14]),
        };
        Some((name.trim().to_owned(), count))
    };
    text.lines().filter_map(line).collect()
}

/// Frames that found a CPU's backlog full, from the text of /proc/net/softnet_stat: its second column.
fn softnet(text: &str) -> u64 {
    let line = |line: &str| {
        let column = line.split_ascii_whitespace().nth(1)?;
        u64::from_str_radix(column, 16).ok()
    };
    text.lines().filter_map(line).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEV: &str = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  eth1:  123456    1234    9    5    2     1          0         7   654321    4321    9    3    1     9       4          0
";

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_ns(seconds * 1_000_000_000).expect("not zero")
    }

    #[test]
    fn the_columns_of_dropped_frames_are_added_up() {
        let found = devices(DEV);
        assert_eq!(found.len(), 2);
        assert_eq!(found["lo"], Count::default());
        let expected = Count {
            received: 8,
            unsent: 8,
        };
        assert_eq!(found["eth1"], expected);
        assert_eq!(devices("nonsense\nx: y")["x"], Count::default());
        assert_eq!(softnet("0a 02 00\n0b 10 00\n"), 18);
    }

    #[test]
    fn only_what_grew_is_told_and_nothing_at_the_first_look() {
        let mut counters = Counters::default();
        let eth1 = |received, unsent| {
            let count = Count { received, unsent };
            BTreeMap::from([("eth1".to_owned(), count)])
        };
        assert_eq!(counters.compare(at(1), eth1(16, 3), 3), None);
        assert_eq!(counters.compare(at(2), eth1(16, 3), 3), None);
        let told = counters.compare(at(4), eth1(20, 5), 4);
        let told = told.expect("something was dropped");
        assert_eq!(told.lately, Duration::from_secs(2));
        let expected = Drops {
            received: 5,
            unsent: 2,
        };
        assert_eq!(told.of("eth1"), expected);
        let backlog = Drops {
            received: 1,
            unsent: 0,
        };
        assert_eq!(told.of("eth2"), backlog);
    }
}
