//! Rules on facts that were kept: a healthy host accuses nobody, and each known cause is found.

use std::collections::BTreeSet;

use super::facts::{
    AgentFacts, Clocks, Driver, Facts, Firewall, Happening, Kernel, Load, Negotiation, Neighbour,
    NetworkFacts, Own, PeerSettings, Port, Pressure, Settings, Stack,
};
use super::finding::{Finding, Verdict};
use super::reading::{Counters, Reading};
use super::rules::cause::{Cause, Origin};
use super::rules::{self, Rule};
use super::weigh::{Focus, findings};

mod causes;
mod shown;
mod weighed;

/// When these facts were taken.
const NOW: f64 = 1_000_000.0;

/// A host of which there is nothing to say, with every fact known.
fn healthy() -> Facts {
    let mut facts = Facts {
        node: "node-a".to_owned(),
        at_unix_seconds: NOW,
        window_seconds: 1.0,
        networks: vec![network(1, "private", "eth1"), network(2, "public", "eth2")],
        ports: Reading::Known(vec![port("eth1", "private"), port("eth2", "public")]),
        stack: stack(),
        firewall: Reading::Known(Firewall::default()),
        load: load(),
        kernel: Kernel {
            release: "6.1.0-18-amd64".to_owned(),
            command_line: Reading::Known("root=/dev/sda1 ro quiet console=ttyS0".to_owned()),
            console_level: Some(4),
            log: Reading::Known(Vec::new()),
        },
        clocks: Clocks {
            source: Reading::Known("tsc".to_owned()),
            sources: vec!["tsc".to_owned(), "hpet".to_owned()],
            synchronised: Reading::Known(true),
            ..Clocks::default()
        },
        agent: Reading::Known(agent()),
        corosync: Reading::Known(vec![
            "nodeid: 2: connected".to_owned(),
            "Quorate: Yes".to_owned(),
        ]),
        ..Facts::default()
    };
    facts.own = Settings::of(&facts, "0.1.0", "12345678");
    let said = Settings {
        node: "node-b".to_owned(),
        ..facts.own.clone()
    };
    facts.peers = vec![PeerSettings {
        peer: "node-b".to_owned(),
        said: Reading::Known(said),
    }];
    facts
}

fn network(id: u16, key: &str, interface: &str) -> NetworkFacts {
    let peer = |name: &str, last: u8| Neighbour {
        peer: name.to_owned(),
        address: [10, 77, id as u8, last].into(),
        state: Some("reachable".to_owned()),
        hardware: Some(format!("02:00:00:00:{id:02x}:{last:02x}")),
        way_out: Reading::Known(interface.to_owned()),
    };
    NetworkFacts {
        key: key.to_owned(),
        label: label(key),
        id,
        address: [10, 77, id as u8, 1].into(),
        interface: Some(interface.to_owned()),
        may_multicast: true,
        peers: vec![peer("node-b", 2), peer("node-c", 3)],
    }
}

fn label(key: &str) -> String {
    match key {
        "private" => "Private Network".to_owned(),
        _ => "Public Network".to_owned(),
    }
}

fn port(name: &str, key: &str) -> Port {
    Port {
        name: name.to_owned(),
        index: 2,
        networks: vec![label(key)],
        set_up: true,
        carrier: true,
        mtu: 1500,
        hardware: "02:00:00:00:00:01".to_owned(),
        xdp_program: Some(7),
        xdp_own: Reading::Known(Own::Ours),
        driver: Some(Driver {
            name: "igb".to_owned(),
            version: "6.1.0-18-amd64".to_owned(),
            firmware: "3.16".to_owned(),
            out_of_tree: false,
        }),
        negotiation: Reading::Known(Negotiation {
            speed: Some(1000),
            full_duplex: Some(true),
            automatic: true,
            can_be_automatic: true,
            partner_automatic: Some(true),
        }),
        flow_control: Some(true),
        offloads: [("rx-checksum".to_owned(), true), ("gro".to_owned(), true)].into(),
        counters: Counters::of([
            ("rx_packets", 5000),
            ("carrier_changes", 2),
            ("carrier_down", 1),
        ]),
        driver_counters: Reading::Known(Counters::of([("rx_pause", 9)])),
        reverse_path: Some(1),
        ..Port::default()
    }
}

fn stack() -> Stack {
    Stack {
        backlog: Reading::Known(Counters::of([("processed", 9)])),
        protocols: Reading::Known(Counters::of([("Udp.RcvbufErrors", 22)])),
        sockets: Reading::Known(Counters::default()),
        ipsec: Reading::Known(Counters::default()),
        neighbours: Reading::Known(Counters::default()),
        tracked: Reading::Known((10, 1000)),
        tracking: Reading::Known(Counters::default()),
        settings: [
            ("net.core.netdev_max_backlog".to_owned(), 1000),
            ("net.core.rmem_default".to_owned(), 212_992),
        ]
        .into(),
        ..Stack::default()
    }
}

fn load() -> Load {
    let mut cpu = Counters::default();
    for name in ["", "cpu0."] {
        cpu.set(&format!("{name}idle"), 1000, 95);
        cpu.set(&format!("{name}system"), 100, 5);
    }
    let pressure = |of: &str| {
        (
            of.to_owned(),
            Reading::Known(Pressure {
                some: 1.0,
                full: 0.0,
            }),
        )
    };
    Load {
        cpu: Reading::Known(cpu),
        cpus: 1,
        interrupts: Reading::Known(Counters::default()),
        pressure: ["cpu", "memory", "io"].map(pressure).to_vec(),
        want: Reading::Known(Counters::default()),
        memory: Reading::Known((4 << 30, 8 << 30)),
        disks: Reading::Known(Vec::new()),
        blocked: Reading::Known(Vec::new()),
        known: vec!["chronyd".to_owned(), "snmpd".to_owned()],
    }
}

fn agent() -> AgentFacts {
    AgentFacts {
        version: "0.1.0".to_owned(),
        scheduling: ["deadline".to_owned(), "deadline".to_owned()],
        reload_successful: true,
        refused: Counters::of([("Private Network.tag", 3)]),
        paths: [("node-b".to_owned(), 2), ("node-c".to_owned(), 2)].into(),
        ..AgentFacts::default()
    }
}

/// An event about node-b on the private network, so many seconds ago.
fn happened(seq: u64, id: u32, seconds_ago: f64) -> Happening {
    Happening {
        seq,
        id,
        at_unix_seconds: NOW - seconds_ago,
        peer: Some("node-b".to_owned()),
        network: Some(label("private")),
        ..Happening::default()
    }
}

/// The first interface.
fn eth1(facts: &mut Facts) -> &mut Port {
    &mut facts.ports.known_mut().expect("they are known")[0]
}

fn agent_of(facts: &mut Facts) -> &mut AgentFacts {
    facts.agent.known_mut().expect("it answers")
}

/// Rules that find something suspicious, each once.
fn accusers(findings: &[Finding]) -> BTreeSet<&str> {
    let suspicious = findings.iter().filter(|finding| finding.is_suspicious());
    suspicious.map(|finding| finding.rule.as_str()).collect()
}

#[test]
fn a_healthy_host_accuses_nobody_and_is_judged_by_every_rule() {
    let judged = rules::judge(&healthy());
    assert_eq!(accusers(&judged), BTreeSet::new());
    let fine = judged
        .iter()
        .filter(|finding| finding.verdict == Verdict::Fine);
    let fine: BTreeSet<&str> = fine.map(|finding| finding.rule.as_str()).collect();
    let not_here = ["teaming", "spanning-tree", "vlan", "snooping"];
    let all = rules::all()
        .map(|rule| rule.id)
        .filter(|id| !not_here.contains(id));
    assert_eq!(
        fine,
        all.collect(),
        "what has nothing to judge can't be witness to health"
    );
}

#[test]
fn names_of_rules_are_told_apart() {
    let names: BTreeSet<&str> = rules::all().map(|rule| rule.id).collect();
    assert_eq!(names.len(), rules::all().count());
    assert!(
        names.iter().all(|name| name.len() <= 21),
        "they are a column of what is shown"
    );
}

#[test]
fn the_table_of_causes_names_every_rule() {
    let table = include_str!("rules.rs");
    for rule in rules::all() {
        assert!(table.contains(&format!("`{}`", rule.id)), "{}", rule.id);
    }
}

#[test]
fn every_cause_has_a_rule() {
    let covers = |cause: &Cause| rules::all().any(|rule: &Rule| rule.covers.contains(cause));
    let without: Vec<&Cause> = Cause::ALL.iter().filter(|cause| !covers(cause)).collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn a_host_that_tells_nothing_accuses_nobody() {
    let judged = rules::judge(&Facts::default());
    assert_eq!(accusers(&judged), BTreeSet::new());
    let hidden = |why: &str| Reading::Unreadable(why.to_owned());
    let mut facts = healthy();
    facts.firewall = Reading::Unreadable("nft: you must be root".to_owned());
    facts.agent = Reading::Unreadable("no agent answers".to_owned());
    facts.kernel.log = Reading::Unreadable("/dev/kmsg: permission denied".to_owned());
    eth1(&mut facts).xdp_own = hidden("root may see it").map(|()| Own::Ours);
    let judged = rules::judge(&facts);
    assert_eq!(accusers(&judged), BTreeSet::new());
    let unread = judged
        .iter()
        .filter(|finding| finding.verdict == Verdict::Unreadable);
    let unread: BTreeSet<&str> = unread.map(|finding| finding.rule.as_str()).collect();
    for rule in [
        "firewall",
        "agent",
        "device-log",
        "storage-log",
        "cpu-log",
        "other-programs",
    ] {
        assert!(unread.contains(rule), "{rule}: {unread:?}");
    }
}

#[test]
fn facts_go_through_json_and_back() {
    let facts = healthy();
    let text = serde_json::to_string(&facts).expect("facts have names for keys");
    let back: Facts = serde_json::from_str(&text).expect("what was written is read");
    assert_eq!(back, facts);
}
