//! Frames that this host itself dropped before anybody saw them.
//!
//! A heartbeat that a driver or the stack drops looks like one that the network lost. The counters that would tell are
//! in one file for all interfaces, and one for the CPUs. The awkward case is a counter that moves for other reasons:
//! frames of protocols that nobody speaks count as dropped too. So what is told is how many, and when; whether that
//! explains anything is judged elsewhere.

use std::fs;
use std::time::Duration;

use heartbeat_ebpf::time::Timestamp;

/// Counters are looked at this often.
const PACE: Duration = Duration::from_secs(1);
/// And, where somebody asks, this often at the most.
const HASTE: Duration = Duration::from_millis(20);

/// The counters at the last look.
#[derive(Debug, Default)]
pub struct Drops {
    looked: Option<Timestamp>,
    softnet: u64,
    devices: Vec<(String, u64)>,
}

/// Frames dropped since the look before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dropped {
    /// Since how long ago.
    pub lately: Duration,
    /// By interface: more than none.
    pub devices: Vec<(String, u32)>,
    /// By a CPU's backlog, whatever interface they came from.
    pub softnet: u32,
}

/// How urgently it is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Urgency {
    /// Now and then.
    None,
    /// A peer wants to know.
    Asked,
}

impl Drops {
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
        devices: Vec<(String, u64)>,
        softnet: u64,
    ) -> Option<Dropped> {
        let before = self.looked.replace(now);
        let grown = devices.iter().filter_map(|(name, count)| {
            let known = self.devices.iter().find(|(known, _)| known == name)?;
            let grown = count.saturating_sub(known.1);
            (grown != 0).then(|| (name.clone(), u32::try_from(grown).unwrap_or(u32::MAX)))
        });
        let grown = grown.collect();
        let backlog = softnet.saturating_sub(self.softnet);
        self.devices = devices;
        self.softnet = softnet;
        let dropped = Dropped {
            lately: now.since(before?),
            devices: grown,
            softnet: u32::try_from(backlog).unwrap_or(u32::MAX),
        };
        let some = !dropped.devices.is_empty() || dropped.softnet != 0;
        some.then_some(dropped)
    }
}

/// Frames dropped in either direction, by interface, from the text of /proc/net/dev: its columns drop, fifo and frame of
/// what is received, drop, fifo and carrier of what is sent.
fn devices(text: &str) -> Vec<(String, u64)> {
    let line = |line: &str| {
        let (name, numbers) = line.split_once(':')?;
        let numbers: Vec<u64> = numbers
            .split_ascii_whitespace()
            .map(|number| number.parse().unwrap_or(0))
            .collect();
        let dropped = [3, 4, 5, 11, 12, 14].map(|at| numbers.get(at).copied().unwrap_or(0));
        Some((name.trim().to_owned(), dropped.iter().sum()))
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
        let expected = vec![("lo".to_owned(), 0), ("eth1".to_owned(), 16)];
        assert_eq!(devices(DEV), expected);
        assert_eq!(devices("nonsense\nx: y"), vec![("x".to_owned(), 0)]);
        assert_eq!(softnet("0a 02 00\n0b 10 00\n"), 18);
    }

    #[test]
    fn only_what_grew_is_told_and_nothing_at_the_first_look() {
        let mut drops = Drops::default();
        let eth1 = |count| vec![("eth1".to_owned(), count)];
        assert_eq!(drops.compare(at(1), eth1(16), 3), None);
        assert_eq!(drops.compare(at(2), eth1(16), 3), None);
        let expected = Dropped {
            lately: Duration::from_secs(2),
            devices: vec![("eth1".to_owned(), 4)],
            softnet: 1,
        };
        assert_eq!(drops.compare(at(4), eth1(20), 4), Some(expected));
    }
}
