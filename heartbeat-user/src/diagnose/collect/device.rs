//! What an interface's driver says: settings, buffers, offloads, counters of its own.

use std::collections::BTreeMap;

use nix::errno::Errno;

use super::files;
use crate::diagnose::facts::{Buffers, Driver, Negotiation, Port};
use crate::diagnose::reading::{Counters, Reading};
use crate::interface::driver;
use crate::interface::ethtool::{ask, bytes, text};

const GRINGPARAM: u32 = 0x10;
const GPAUSEPARAM: u32 = 0x12;
const GRXCSUM: u32 = 0x14;
const GTXCSUM: u32 = 0x16;
const GSTRINGS: u32 = 0x1b;
const GSTATS: u32 = 0x1d;
const GTSO: u32 = 0x1e;
const GFLAGS: u32 = 0x25;
const GGRO: u32 = 0x2b;
const GLINKSETTINGS: u32 = 0x4c;
/// The set of strings that names a driver's counters.
const STATISTICS: u32 = 1;
/// Counters of a driver that are read.
const COUNTERS_MAX: usize = 4096;
/// Room for them: a driver may have more at the second question than it said at the first.
const COUNTERS_ROOM: usize = 4 * COUNTERS_MAX;
/// Bytes of a counter's name.
const NAME: usize = 32;

/// Fills in what the driver says of the interface.
pub fn fill(port: &mut Port) {
    let info = driver::info(&port.name);
    port.driver = info.as_ref().map(|info| Driver {
        out_of_tree: out_of_tree(&info.name),
        name: info.name.clone(),
        version: info.version.clone(),
        firmware: info.firmware.trim_start_matches("N/A").to_owned(),
    });
    port.negotiation = negotiation(&port.name);
    port.buffers = buffers(&port.name);
    port.flow_control = flow_control(&port.name);
    port.offloads = offloads(&port.name);
    let counters = info.map_or(0, |info| info.counters);
    port.driver_counters = own_counters(&port.name, counters);
}

/// What asking came to, for a structure of so many words.
fn answer<const WORDS: usize>(name: &str, command: u32) -> nix::Result<[u32; WORDS]> {
    let mut words = [0; WORDS];
    words[0] = command;
    ask(name, &mut words).map(|()| words)
}

fn reading<T>(what: &str, asked: nix::Result<T>) -> Reading<T> {
    match asked {
        Ok(value) => Reading::Known(value),
        Err(Errno::EOPNOTSUPP) => {
            Reading::Absent(format!("the driver tells nothing of its {what}"))
        }
        Err(error) => Reading::Unreadable(format!("{what}: {error}")),
    }
}

fn buffers(name: &str) -> Reading<Buffers> {
    // struct ethtool_ringparam: nine words.
    let asked = answer::<9>(name, GRINGPARAM);
    reading("buffers", asked).map(|words| Buffers {
        receive_max: words[1],
        receive: words[5],
    })
}

fn flow_control(name: &str) -> Option<bool> {
    // struct ethtool_pauseparam: four words.
    let words = answer::<4>(name, GPAUSEPARAM).ok()?;
    Some(words[2] != 0 || words[3] != 0)
}

fn offloads(name: &str) -> BTreeMap<String, bool> {
    const LARGE_RECEIVE: u32 = 1 << 15;
    // struct ethtool_value: two words.
    let value = |command| answer::<2>(name, command).ok().map(|words| words[1]);
    let all = [
        ("rx-checksum", value(GRXCSUM)),
        ("tx-checksum", value(GTXCSUM)),
        ("tso", value(GTSO)),
        ("gro", value(GGRO)),
        ("lro", value(GFLAGS).map(|flags| flags & LARGE_RECEIVE)),
    ];
    let told = all
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value? != 0)));
    told.collect()
}

/// Words of struct ethtool_link_settings before its masks, and the most words of a mask.
const SETTINGS: usize = 12;
const MASK_MAX: usize = 127;

fn negotiation(name: &str) -> Reading<Negotiation> {
    let mut words = [0; SETTINGS + 3 * MASK_MAX];
    words[0] = GLINKSETTINGS;
    // The first answer says, as a negative number, how long the masks are that the second is to bring.
    let asked = ask(name, &mut words).and_then(|()| {
        let length = (bytes(&words[3..4])[3] as i8).unsigned_abs();
        words = [0; SETTINGS + 3 * MASK_MAX];
        words[0] = GLINKSETTINGS;
        words[3] = u32::from_ne_bytes([0, 0, 0, length]);
        ask(name, &mut words)
    });
    reading("settings", asked.map(|()| understood(&words)))
}

/// A struct ethtool_link_settings with its masks.
fn understood(words: &[u32]) -> Negotiation {
    const AUTONEGOTIATION: u32 = 1 << 6;
    let bytes = bytes(&words[..SETTINGS]);
    let speed = words[1];
    let length = usize::from(bytes[15].min(MASK_MAX as u8));
    let mask = |number: usize| words.get(SETTINGS + number * length).copied().unwrap_or(0);
    let partner = (0 < length).then(|| &words[SETTINGS + 2 * length..SETTINGS + 3 * length]);
    let heard = partner.filter(|mask| mask.iter().any(|word| *word != 0));
    Negotiation {
        speed: (0 < speed && speed < u32::MAX).then_some(speed),
        full_duplex: match bytes[8] {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
        automatic: bytes[11] != 0,
        can_be_automatic: 0 < length && mask(0) & AUTONEGOTIATION != 0,
        partner_automatic: heard.map(|mask| mask[0] & AUTONEGOTIATION != 0),
    }
}

/// The counters of `ethtool -S`.
fn own_counters(name: &str, count: usize) -> Reading<Counters> {
    if count == 0 {
        return Reading::Absent("the driver has no counters of its own".to_owned());
    }
    if COUNTERS_MAX < count {
        return Reading::Unreadable(format!("the driver has {count} counters, too many"));
    }
    let mut names = vec![0; 3 + COUNTERS_ROOM * NAME / 4];
    names[..3].copy_from_slice(&[GSTRINGS, STATISTICS, count as u32]);
    let mut totals = vec![0; 2 + 2 * COUNTERS_ROOM];
    totals[..2].copy_from_slice(&[GSTATS, count as u32]);
    let asked = ask(name, &mut names).and_then(|()| ask(name, &mut totals));
    let named = asked.map(|()| {
        let (names, totals) = (bytes(&names[3..]), &totals[2..]);
        let pairs = names
            .chunks_exact(NAME)
            .zip(totals.chunks_exact(2))
            .take(count);
        Counters::of(pairs.map(|(name, total)| (text(name), whole(total))))
    });
    reading("counters", named)
}

/// The number in two words that lie as the kernel wrote them.
fn whole(words: &[u32]) -> u64 {
    let bytes = bytes(words);
    bytes
        .first_chunk()
        .map_or(0, |bytes| u64::from_ne_bytes(*bytes))
}

/// Whether a module of this name is marked as not of the kernel's sources.
fn out_of_tree(module: &str) -> bool {
    let modules = files::text("/proc/modules");
    modules
        .known()
        .is_some_and(|modules| marked(modules, module))
}

fn marked(modules: &str, module: &str) -> bool {
    let same = |name: &str| name.replace('-', "_") == module.replace('-', "_");
    let mut lines = modules.lines().map(|line| line.split_ascii_whitespace());
    let line = lines.find(|line| line.clone().next().is_some_and(same));
    let mark = line.and_then(|line| line.last().filter(|word| word.starts_with('(')));
    mark.is_some_and(|mark| mark.contains('O'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_that_is_not_of_the_kernel_is_marked_in_the_list() {
        let list =
            "ice 1000 0 - Live 0x0\nnet_vendor 9 1 a, Live 0x0 (OE)\nbonding 5 0 - Live 0x0 (E)\n";
        assert!(marked(list, "net-vendor"));
        assert!(!marked(list, "ice"));
        assert!(!marked(list, "bonding"));
        assert!(!marked(list, "absent"));
    }

    #[test]
    fn settings_tell_what_both_ends_negotiate() {
        let mut words = [0; SETTINGS + 3 * MASK_MAX];
        words[1] = 100;
        // duplex, port, address, autoneg; then the masks' length in words.
        words[2] = u32::from_ne_bytes([0, 0, 0, 1]);
        words[3] = u32::from_ne_bytes([0, 0, 0, 2]);
        words[SETTINGS] = 1 << 6;
        let alone = understood(&words);
        assert_eq!((alone.speed, alone.full_duplex), (Some(100), Some(false)));
        assert!(alone.automatic && alone.can_be_automatic);
        assert_eq!(alone.partner_automatic, None);
        words[SETTINGS + 4] = 1 << 3;
        assert_eq!(understood(&words).partner_automatic, Some(false));
        words[SETTINGS + 4] |= 1 << 6;
        assert_eq!(understood(&words).partner_automatic, Some(true));
        words[1] = u32::MAX;
        words[2] = u32::from_ne_bytes([255, 0, 0, 0]);
        let unknown = understood(&words);
        assert_eq!(
            (unknown.speed, unknown.full_duplex, unknown.automatic),
            (None, None, false)
        );
    }

    #[test]
    fn loopback_tells_little_and_nothing_goes_wrong() {
        let mut port = Port {
            name: "lo".to_owned(),
            ..Port::default()
        };
        fill(&mut port);
        assert!(
            matches!(port.buffers, Reading::Absent(_)),
            "{:?}",
            port.buffers
        );
        let mut absent = Port {
            name: "no-such-port".to_owned(),
            ..Port::default()
        };
        fill(&mut absent);
        assert_eq!(absent.driver, None);
    }
}
