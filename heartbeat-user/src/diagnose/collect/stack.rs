//! Reading what all interfaces share.

use std::collections::BTreeMap;

use super::files;
use crate::diagnose::facts::Stack;
use crate::diagnose::reading::{Counters, Reading};

/// Settings that are read, by the names of their sysctls.
const SETTINGS: [&str; 10] = [
    "net.core.netdev_max_backlog",
    "net.core.netdev_budget",
    "net.core.netdev_budget_usecs",
    "net.core.rmem_default",
    "net.core.rmem_max",
    "net.core.wmem_default",
    "net.ipv4.igmp_max_memberships",
    "net.ipv4.neigh.default.gc_thresh3",
    "net.ipv6.neigh.default.gc_thresh3",
    "kernel.sched_rt_runtime_us",
];
/// The port of heartbeats, as /proc/net/udp writes it.
const PORT: &str = ":0D0F";

/// One look.
pub fn look() -> Stack {
    let net = |name: &str| format!("/proc/self/net/{name}");
    let columns = |name: &str| files::counters(&net(name), files::columns);
    Stack {
        backlog: files::counters(&net("softnet_stat"), |text| Some(backlog(text))),
        protocols: protocols(&files::text(&net("snmp")), &files::text(&net("netstat"))),
        sockets: sockets(&files::text(&net("udp")), &files::text(&net("udp6"))),
        ipsec: files::counters(&net("xfrm_stat"), |text| {
            Some(Counters::of(files::pairs(text)))
        }),
        neighbours: columns("stat/arp_cache"),
        tracked: tracked(),
        tracking: columns("stat/nf_conntrack"),
        settings: settings(),
        igmp: files::text(&net("igmp"))
            .known()
            .map_or_else(BTreeMap::new, |text| igmp(text)),
    }
}

/// A line for each CPU of hexadecimal numbers: taken, dropped, and out of time.
fn backlog(text: &str) -> Counters {
    let lines = text.lines().map(|line| line.split_ascii_whitespace());
    let cells = lines.flat_map(|line| ["processed", "dropped", "squeezed"].into_iter().zip(line));
    Counters::of(cells.filter_map(|(name, cell)| Some((name, u64::from_str_radix(cell, 16).ok()?))))
}

fn protocols(snmp: &Reading<String>, netstat: &Reading<String>) -> Reading<Counters> {
    match (snmp.known(), netstat.known()) {
        (Some(snmp), Some(netstat)) => Reading::Known(files::headed(&format!("{snmp}\n{netstat}"))),
        (None, _) => snmp.clone().map(|_| Counters::default()),
        (_, None) => netstat.clone().map(|_| Counters::default()),
    }
}

fn sockets(four: &Reading<String>, six: &Reading<String>) -> Reading<Counters> {
    let texts = [four, six].map(|text| text.known().map_or("", String::as_str));
    match (four, six) {
        (Reading::Unreadable(why), _) | (_, Reading::Unreadable(why)) => {
            Reading::Unreadable(why.clone())
        }
        (_, _) => Reading::Known(Counters::of(texts.iter().flat_map(|text| dropped(text)))),
    }
}

/// What sockets on our port dropped: the second word of each line ends with the port, the last is the number.
fn dropped(text: &str) -> Vec<(&'static str, u64)> {
    let line = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        words.nth(1).filter(|local| local.ends_with(PORT))?;
        Some(("dropped", words.last()?.parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

fn tracked() -> Reading<(u64, u64)> {
    let read = |what: &str| files::number(&format!("/proc/sys/net/netfilter/nf_conntrack_{what}"));
    match (read("count"), read("max")) {
        (Some(count), Some(max)) => Reading::Known((count, max)),
        (_, _) => Reading::Absent("connections are not tracked".to_owned()),
    }
}

fn settings() -> BTreeMap<String, u64> {
    let read = |name: &str| {
        let path = format!("/proc/sys/{}", name.replace('.', "/"));
        Some((name.to_owned(), files::number(&path)?))
    };
    SETTINGS.into_iter().filter_map(read).collect()
}

/// Lines such as `4  eth0      :     1      V3` for each interface, and below each its groups.
fn igmp(text: &str) -> BTreeMap<String, u8> {
    let line = |line: &str| {
        let (head, tail) = line.split_once(':')?;
        let mut head = head.split_ascii_whitespace();
        let (_, name) = (head.next()?.parse::<u32>().ok()?, head.next()?);
        let version = tail.split_ascii_whitespace().nth(1)?.strip_prefix('V')?;
        Some((name.to_owned(), version.parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_the_stack_are_understood() {
        let counters = backlog("0a 02 01 00\n0b 10 00 00\nzz\n");
        assert_eq!(counters.get("dropped").total, 18);
        assert_eq!(counters.get("squeezed").total, 1);
        let udp = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n  7: 0100007F:0D0F 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0000000000000000 4\n  8: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0000000000000000 9\n";
        assert_eq!(dropped(udp), vec![("dropped", 4)]);
        let text = "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n1\tlo        :     1      V3\n\t\t\t\t010000E0     1 0:00000000\t\t0\n4\teth0      :     1      V2\n";
        let expected = [("lo".to_owned(), 3), ("eth0".to_owned(), 2)];
        assert_eq!(igmp(text), expected.into_iter().collect());
        assert_eq!(igmp("x : y\n:"), BTreeMap::new());
    }

    #[test]
    fn this_host_has_a_stack() {
        let stack = look();
        assert!(stack.backlog.known().is_some(), "{:?}", stack.backlog);
        assert!(stack.protocols.known().is_some(), "{:?}", stack.protocols);
        assert!(stack.settings.contains_key("net.core.netdev_max_backlog"));
    }
}
