//! Texts of /proc and /sys, of bounded size, and the tables that they hold.

use std::fs::File;
use std::io::Read as _;

use crate::diagnose::reading::{Counters, Reading};

/// Bytes of a text: the longest one that is read, of a host with hundreds of CPUs, is smaller.
const TEXT_MAX: u64 = 2 * 1024 * 1024;

/// The text in a file, as far as it is text.
pub fn text(path: &str) -> Reading<String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(TEXT_MAX).read_to_end(&mut bytes));
    Reading::of_io(path, read).map(|_| String::from_utf8_lossy(&bytes).trim_end().to_owned())
}

/// The number in a file.
pub fn number(path: &str) -> Option<u64> {
    text(path).known()?.trim().parse().ok()
}

/// Counters made of a file's text.
pub fn counters(path: &str, parse: impl FnOnce(&str) -> Option<Counters>) -> Reading<Counters> {
    text(path).understood(path, |text| parse(&text))
}

/// Lines of a name and a number, as in /proc/vmstat.
pub fn pairs(text: &str) -> impl Iterator<Item = (&str, u64)> {
    text.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let name = words.next()?.trim_end_matches(':');
        Some((name, words.next()?.parse().ok()?))
    })
}

/// Pairs of lines with one head, as in /proc/net/snmp: `Udp: A B` and `Udp: 1 2` are `Udp.A` 1 and `Udp.B` 2.
pub fn headed(text: &str) -> Counters {
    let lines: Vec<&str> = text.lines().collect();
    let both = lines.windows(2).filter_map(|pair| {
        let (head, names) = pair[0].split_once(':')?;
        let (same, numbers) = pair[1].split_once(':')?;
        (head == same).then(|| {
            let numbers = numbers
                .split_ascii_whitespace()
                .map(|number| number.parse().unwrap_or(0));
            names
                .split_ascii_whitespace()
                .map(move |name| format!("{head}.{name}"))
                .zip(numbers)
        })
    });
    Counters::of(both.flatten())
}

/// A line of names, and below it a line for each CPU of hexadecimal numbers, as in /proc/net/stat: summed up.
pub fn columns(text: &str) -> Option<Counters> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next()?.split_ascii_whitespace().collect();
    let rows = lines.map(|line| line.split_ascii_whitespace());
    let cells = rows.flat_map(|row| names.iter().copied().zip(row));
    let number =
        |(name, cell): (&str, &str)| Some((name.to_owned(), u64::from_str_radix(cell, 16).ok()?));
    Some(Counters::of(cells.filter_map(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_proc_are_read_by_their_names() {
        let snmp = "Ip: Forwarding DefaultTTL\nIp: 2 64\nUdp: InDatagrams NoPorts InErrors RcvbufErrors\nUdp: 909 3 22 22\n";
        let counters = headed(snmp);
        assert_eq!(counters.get("Udp.RcvbufErrors").total, 22);
        assert_eq!(counters.get("Udp.NoPorts").total, 3);
        let arp = "entries  allocs unresolved_discards table_fulls\n00000002 0003dc03 00000000 0000000a\n00000002 0 1 00000001\n";
        let counters = columns(arp).expect("a table");
        assert_eq!(counters.get("table_fulls").total, 11);
        assert_eq!(counters.get("unresolved_discards").total, 1);
        let vmstat: Vec<_> =
            pairs("allocstall_normal 3\nMemTotal:  7 kB\nnonsense\nx y\n").collect();
        assert_eq!(vmstat, vec![("allocstall_normal", 3), ("MemTotal", 7)]);
    }

    #[test]
    fn odd_texts_are_empty_tables() {
        assert_eq!(headed("Udp: A\nTcp: 1\nx"), Counters::default());
        assert_eq!(columns(""), None);
        assert_eq!(columns("a b\nzz"), Some(Counters::default()));
    }
}
