extern crate std;

use core::num::NonZeroU32;
use core::time::Duration;

use alloc::string::String;
use alloc::vec::Vec;
use proptest::prelude::*;

use super::*;
use crate::arrival::Arrival;
use crate::config::GroupUse;
use crate::nodes::NodeSet;
use crate::timing::{Timing, Tolerance};
use heartbeat_ebpf::ids::Incarnation;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_ns(ms * 1_000_000).expect("not zero")
}

fn id(number: u16) -> NetworkId {
    NetworkId::new(number).expect("not zero")
}

/// A path that nothing speaks against, on network `place` + 1.
fn good(place: u32) -> Carrier {
    Carrier {
        path: PathIndex(place),
        network: id(place as u16 + 1),
        role: Role::Counts,
        priority: 100,
        hearing: Hearing::Certain,
        heard: Heard::Yes,
        condition: Condition::Good,
    }
}

fn chosen(carriers: &[Carrier]) -> Option<u32> {
    best(carriers.iter().copied()).map(|path| path.0)
}

#[test]
fn of_equal_paths_the_lowest_network_carries() {
    assert_eq!(chosen(&[good(1), good(0), good(2)]), Some(0));
    assert_eq!(chosen(&[]), None);
}

#[test]
fn a_client_network_never_carries() {
    let mut client = good(0);
    client.role = Role::Client;
    assert_eq!(chosen(&[client]), None);
    let mut lost = good(1);
    lost.hearing = Hearing::Silent;
    assert_eq!(chosen(&[client, lost]), Some(1));
}

/// Each of these speaks against a path more than all that come after it together.
#[test]
fn what_speaks_against_a_path_has_an_order() {
    let against: [fn(&mut Carrier); 6] = [
        |carrier| carrier.hearing = Hearing::Silent,
        |carrier| carrier.hearing = Hearing::Doubtful,
        |carrier| carrier.heard = Heard::No,
        |carrier| carrier.heard = Heard::Unknown,
        |carrier| carrier.priority = 101,
        |carrier| carrier.condition = Condition::Worn,
    ];
    for (place, speak) in against.iter().enumerate() {
        let mut one = good(0);
        speak(&mut one);
        let mut other = good(1);
        for lesser in against[place + 1..].iter().rev() {
            lesser(&mut other);
        }
        assert_eq!(chosen(&[one, other]), Some(1), "number {place}");
    }
}

proptest! {
    /// Whatever is known of the paths, one carries as long as there is one that may, in whatever order they come.
    #[test]
    fn the_choice_does_not_depend_on_the_order(
        paths in proptest::collection::vec((0..3u8, 0..3u8, 0..3u8, 0..2u8, 0..2u16), 0..6),
        turn in any::<prop::sample::Index>(),
    ) {
        let carrier = |(place, (hearing, heard, condition, role, priority)): (usize, (u8, u8, u8, u8, u16))| {
            let mut carrier = good(place as u32);
            carrier.hearing = [Hearing::Silent, Hearing::Doubtful, Hearing::Certain][usize::from(hearing)];
            carrier.heard = [Heard::No, Heard::Unknown, Heard::Yes][usize::from(heard)];
            carrier.condition = [Condition::Good, Condition::Worn, Condition::Poor][usize::from(condition)];
            carrier.role = [Role::Counts, Role::Client][usize::from(role)];
            carrier.priority = priority;
            carrier
        };
        let carriers: Vec<Carrier> = paths.into_iter().enumerate().map(carrier).collect();
        let mut turned = carriers.clone();
        if !turned.is_empty() {
            turned.rotate_left(turn.index(carriers.len()));
        }
        prop_assert_eq!(chosen(&carriers), chosen(&turned));
        let may = carriers.iter().any(|carrier| carrier.role == Role::Counts);
        prop_assert_eq!(chosen(&carriers).is_some(), may);
    }
}

fn timing() -> Timing {
    Timing {
        interval: Duration::from_millis(100),
        lost_after: NonZeroU32::new(3).expect("not zero"),
        tolerance: Tolerance::Auto,
        restored_after: NonZeroU32::MIN,
    }
}

fn arrival(last_ms: u64) -> Arrival {
    Arrival {
        path: PathIndex(0),
        last: Some(at(last_ms)),
        previous: None,
        arrivals: 1,
        lost: 0,
        reordered: 0,
        duplicates: 0,
        sequence: 0,
        sent: 0,
        agent_age: Duration::ZERO,
        unheard: None,
        announced_interval: None,
        incarnation: Incarnation(1),
        departure: None,
        digest: None,
        candidate: None,
        reply: None,
        missed: None,
        armed: true,
        armed_for_candidate: true,
    }
}

#[test]
fn a_path_is_doubtful_from_its_first_missed_heartbeat_and_silent_when_it_is_lost() {
    let network = NetworkConfig {
        id: id(1),
        label: String::from("Private Network"),
        group: GroupUse::Never,
        role: Role::Counts,
        priority: 100,
        timing: timing(),
        attached: NodeSet::first(2),
    };
    let mut path = Path::new(PathIndex(0), timing(), Duration::from_secs(2));
    let health = Health::default();
    let hearing = |now, path: &Path| {
        Carrier::new(at(now), PathIndex(0), path, &network, Heard::Yes, &health).hearing
    };
    assert_eq!(hearing(900, &path), Hearing::Silent, "never heard");
    let mut events = Vec::new();
    path.sweep(at(1000), &arrival(1000), None, &mut events);
    assert_eq!(hearing(1112, &path), Hearing::Certain);
    assert_eq!(hearing(1113, &path), Hearing::Doubtful);
    path.sweep(at(1313), &arrival(1000), None, &mut events);
    assert_eq!(hearing(1313, &path), Hearing::Silent);
}
