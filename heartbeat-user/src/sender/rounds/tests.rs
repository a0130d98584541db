use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use heartbeat_ebpf::wire::Kind;

use super::*;

fn entry(network: usize, peer: u8) -> Entry {
    let address = |host| IpAddr::V4(Ipv4Addr::new(10, 77, network as u8, host));
    Entry {
        route: Route {
            local: address(1),
            remote: address(peer),
            interface: 7,
        },
        interval: Duration::from_millis(100),
        network,
        slot: Some(0),
        template: Header {
            kind: Kind::Heartbeat,
            flags: 0,
            key_id: 1,
            sender: 1,
            cluster: 2,
            receiver: u16::from(peer),
            network: network as u16,
            interval_ms: 100,
            agent_age_ms: 0,
            config_digest: 3,
            incarnation: 4,
            sequence: 0,
            sent: 0,
            heard: 0,
        },
        sent: vec![Arc::default()],
    }
}

fn news(old: &[Entry], new: &[Entry]) -> Vec<(usize, News)> {
    let wanted = compare(old, new);
    wanted
        .iter()
        .map(|wanted| (wanted.network, wanted.news))
        .collect()
}

#[test]
fn the_first_entries_are_news() {
    let new = [entry(0, 2), entry(0, 3), entry(4, 2)];
    let expected = [(0, News::Something), (4, News::Something)];
    assert_eq!(news(&[], &new), expected);
}

#[test]
fn the_same_entries_are_none() {
    let old = [entry(0, 2), entry(0, 3), entry(1, 2)];
    assert_eq!(news(&old, &old), [(0, News::Nothing), (1, News::Nothing)]);
}

#[test]
fn a_path_that_goes_is_no_news_to_the_others() {
    let old = [entry(0, 2), entry(0, 3)];
    assert_eq!(news(&old, &old[..1]), [(0, News::Nothing)]);
}

#[test]
fn a_path_that_comes_is_news_to_its_own_network_alone() {
    let old = [entry(0, 2), entry(1, 2)];
    let new = [entry(0, 2), entry(0, 3), entry(1, 2)];
    assert_eq!(news(&old, &new), [(0, News::Something), (1, News::Nothing)]);
}

#[test]
fn another_incarnation_and_another_interface_are_news() {
    let old = [entry(0, 2), entry(1, 2)];
    let mut new = old.clone();
    new[0].template.incarnation += 1;
    assert_eq!(news(&old, &new), [(0, News::Something), (1, News::Nothing)]);
    new = old.clone();
    new[1].route.interface += 1;
    assert_eq!(news(&old, &new), [(0, News::Nothing), (1, News::Something)]);
}

#[test]
fn another_digest_key_or_flag_can_wait_for_the_next_round() {
    let old = [entry(0, 2)];
    let mut new = old.clone();
    new[0].template.config_digest += 1;
    new[0].template.key_id += 1;
    new[0].template.flags = 4;
    assert_eq!(news(&old, &new), [(0, News::Nothing)]);
}
