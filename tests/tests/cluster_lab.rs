//! The lab itself, without agents: frames get through, each fault drops what it says and nothing else, and
//! nothing is left behind. Everything the other suites claim rests on this.

use std::fs;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use heartbeat_ebpf::wire::{Header, Kind, PORT};
use heartbeat_tests::lab::cast::{A, B, C, PRIVATE, PUBLIC};
use heartbeat_tests::lab::clock::monotonic_ns;
use heartbeat_tests::lab::cut::Deaf;
use heartbeat_tests::lab::leftovers::{self, Sweep};
use heartbeat_tests::lab::name::LabName;
use heartbeat_tests::lab::plan::{Network, Node, Plan};
use heartbeat_tests::lab::recording::Recorder;
use heartbeat_tests::lab::tap::Tap;
use heartbeat_tests::lab::{Lab, batch, requirements, wait};
use heartbeat_tests::suite::{Suite, Test};

const TESTS: &[Test] = &[
    (
        "every node reaches every other on every network",
        every_node_reaches_every_other,
    ),
    (
        "a dropped sender is heard on its other network only",
        a_dropped_sender,
    ),
    ("a one-way loss leaves the other way open", a_one_way_loss),
    (
        "a cut between two groups of nodes leaves each group whole",
        a_cut,
    ),
    (
        "every other heartbeat is dropped and every echo passes",
        every_other_heartbeat,
    ),
    (
        "a pulled cable and a dead network are silent until healed",
        cables_and_networks,
    ),
    (
        "an interface that was removed comes back the same",
        a_removed_interface,
    ),
    ("every switch port runs a native XDP program", switch_ports),
    (
        "a tap at a switch port sees the silence between two heartbeats",
        a_tap,
    ),
    (
        "a recording played at a switch port reaches the node as the original did",
        a_recording,
    ),
    (
        "what a dead process left is swept away, unless it is kept",
        leftovers_of_the_dead,
    ),
    ("two labs do not meet and leave nothing behind", two_labs),
];

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_networks,
        threads: 1,
        tests: &[TESTS],
    }
    .run()
}

fn plan() -> Plan {
    Plan::nodes(3).two_networks()
}

/// A socket of the node on the network, bound to the heartbeats' port.
fn socket(lab: &Lab, node: Node, network: Network) -> Result<UdpSocket> {
    let address: IpAddr = lab.plan().address(node, network).parse()?;
    let socket = lab
        .node(node)
        .enter(|| Ok(UdpSocket::bind((address, PORT))?))?;
    socket.set_read_timeout(Some(Duration::from_millis(200)))?;
    Ok(socket)
}

/// How many of `count` datagrams of this kind, sent from one node to the other, arrive.
fn arriving(
    lab: &Lab,
    from: Node,
    to: Node,
    network: Network,
    kind: Kind,
    count: usize,
) -> Result<usize> {
    let (sender, receiver) = (socket(lab, from, network)?, socket(lab, to, network)?);
    let target = SocketAddr::new(lab.plan().address(to, network).parse()?, PORT);
    let mut datagram = [0; 64];
    datagram[3] = kind as u8;
    for _ in 0..count {
        sender.send_to(&datagram, target)?;
    }
    let mut arrived = 0;
    while arrived < count && receiver.recv(&mut [0; 64]).is_ok() {
        arrived += 1;
    }
    Ok(arrived)
}

fn reaches(lab: &Lab, from: Node, to: Node, network: Network) -> Result<bool> {
    Ok(arriving(lab, from, to, network, Kind::Heartbeat, 3)? == 3)
}

/// The kernel takes up to a second to notice that a carrier is back, and asks for an address once a second.
fn soon_reaches(lab: &Lab, from: Node, to: Node, network: Network) -> Result<()> {
    wait::until(
        "frames to get through again",
        Duration::from_secs(5),
        || Ok(reaches(lab, from, to, network)?.then_some(())),
    )
}

fn every_node_reaches_every_other() -> Result<()> {
    let lab = Lab::build(plan().network_v6("six", "Network Six"))?;
    for network in lab.plan().all_networks() {
        for from in lab.plan().all_nodes() {
            for to in lab.plan().peers(from) {
                ensure!(
                    reaches(&lab, from, to, network)?,
                    "{from} does not reach {to} on {network:?}"
                );
            }
        }
    }
    Ok(())
}

fn a_dropped_sender() -> Result<()> {
    let lab = Lab::build(plan())?;
    let fault = lab.drop_from(B, PRIVATE)?;
    assert!(!reaches(&lab, B, A, PRIVATE)? && !reaches(&lab, B, C, PRIVATE)?);
    assert!(reaches(&lab, B, A, PUBLIC)? && reaches(&lab, A, B, PRIVATE)?);
    assert_eq!(fault.dropped()?, 6);
    assert_eq!(fault.heal()?.dropped, 6);
    assert!(reaches(&lab, B, A, PRIVATE)?);
    Ok(())
}

fn a_one_way_loss() -> Result<()> {
    let lab = Lab::build(plan())?;
    let fault = lab.drop_between(B, A, PRIVATE)?;
    assert!(!reaches(&lab, B, A, PRIVATE)?);
    assert!(reaches(&lab, A, B, PRIVATE)? && reaches(&lab, B, C, PRIVATE)?);
    assert_eq!(fault.dropped()?, 3);
    drop(fault);
    assert!(reaches(&lab, B, A, PRIVATE)?);
    Ok(())
}

fn a_cut() -> Result<()> {
    let lab = Lab::build(plan())?;
    let deaf = lab.cut(&[A, B], &[C], Deaf::Second, [PRIVATE])?;
    assert!(!reaches(&lab, A, C, PRIVATE)? && !reaches(&lab, B, C, PRIVATE)?);
    assert!(reaches(&lab, C, A, PRIVATE)? && reaches(&lab, A, C, PUBLIC)?);
    assert_eq!(deaf.heal()?.dropped, 6);
    let split = lab.split(&[C])?;
    for network in lab.plan().all_networks() {
        assert!(!reaches(&lab, A, C, network)? && !reaches(&lab, C, B, network)?);
        assert!(reaches(&lab, A, B, network)?);
    }
    assert_eq!(split.heal()?.dropped, 12);
    assert!(reaches(&lab, C, A, PRIVATE)? && reaches(&lab, A, C, PUBLIC)?);
    Ok(())
}

fn every_other_heartbeat() -> Result<()> {
    let lab = Lab::build(plan())?;
    let fault = lab.drop_every_other(B, A, PRIVATE)?;
    assert_eq!(arriving(&lab, B, A, PRIVATE, Kind::Heartbeat, 20)?, 10);
    assert_eq!(arriving(&lab, B, A, PRIVATE, Kind::EchoReply, 20)?, 20);
    assert_eq!(arriving(&lab, B, C, PRIVATE, Kind::Heartbeat, 20)?, 20);
    assert_eq!(fault.dropped()?, 10);
    Ok(())
}

fn cables_and_networks() -> Result<()> {
    let lab = Lab::build(plan())?;
    for fault in [lab.pull_cable(B, PRIVATE)?, lab.network_down(PRIVATE)?] {
        assert!(!reaches(&lab, B, A, PRIVATE)?);
        assert!(reaches(&lab, B, A, PUBLIC)?);
        fault.heal()?;
    }
    soon_reaches(&lab, B, A, PRIVATE)?;
    soon_reaches(&lab, A, B, PRIVATE)
}

fn a_removed_interface() -> Result<()> {
    let lab = Lab::build(plan())?;
    assert!(reaches(&lab, A, B, PRIVATE)?);
    let fault = lab.remove_interface(B, PRIVATE)?;
    assert!(socket(&lab, B, PRIVATE).is_err());
    fault.heal()?;
    soon_reaches(&lab, A, B, PRIVATE)?;
    soon_reaches(&lab, B, A, PRIVATE)
}

fn switch_ports() -> Result<()> {
    let lab = Lab::build(plan())?;
    lab.remove_interface(B, PRIVATE)?.heal()?;
    for network in lab.plan().all_networks() {
        let shown = lab
            .switch(network)
            .command("ip")?
            .args(["-o", "link"])
            .output()?;
        let text = String::from_utf8(shown.stdout)?;
        assert_eq!(text.matches("prog/xdp").count(), 3, "{text}");
    }
    Ok(())
}

fn two_labs() -> Result<()> {
    let (first, second) = (Lab::build(plan())?, Lab::build(plan())?);
    let names = [first.name(), second.name()];
    let _silence = first.drop_from(B, PRIVATE)?;
    assert!(reaches(&second, B, A, PRIVATE)?);
    batch::ip(second.node(A), "link show private\n")?;
    drop((first, second));
    for name in names {
        assert!(!name.directory().exists());
        assert!(!name.pins().exists());
        assert!(
            !Path::new("/run/netns")
                .join(name.namespace("node-a"))
                .exists()
        );
    }
    Ok(())
}

fn a_tap() -> Result<()> {
    let lab = Lab::build(plan())?;
    assert!(reaches(&lab, B, A, PRIVATE)?);
    let tap = Tap::listen(lab.switch(PRIVATE), B, A)?;
    let sender = socket(&lab, B, PRIVATE)?;
    let target = SocketAddr::new(lab.plan().address(A, PRIVATE).parse()?, PORT);
    let before_ns = monotonic_ns();
    for _ in 0..2 {
        sender.send_to(&heartbeat_of(B), target)?;
        sender.send_to(&heartbeat_of(C), target)?;
        thread::sleep(Duration::from_millis(100));
    }
    let silences = tap.silences()?;
    let [silence] = silences.as_slice() else {
        bail!("not one silence: {silences:?}")
    };
    assert!(
        100_000_000 <= silence.length_ns() && silence.length_ns() < 1_000_000_000,
        "{silence:?}"
    );
    assert!(
        before_ns.abs_diff(silence.start_ns) < 500_000_000,
        "{silence:?} after {before_ns}"
    );
    Ok(())
}

fn a_recording() -> Result<()> {
    let lab = Lab::build(plan())?;
    let (sender, receiver) = (socket(&lab, B, PRIVATE)?, socket(&lab, A, PRIVATE)?);
    let target = SocketAddr::new(lab.plan().address(A, PRIVATE).parse()?, PORT);
    let recorder = Recorder::listen(lab.switch(PRIVATE), B, A)?;
    for node in [B, C, B] {
        sender.send_to(&heartbeat_of(node), target)?;
        receiver.recv(&mut [0; 64])?;
    }
    let recording = recorder.end()?;
    assert_eq!(recording.count(Kind::Heartbeat), 2);
    assert_eq!(recording.count(Kind::EchoRequest), 0);
    drop(sender);
    assert_eq!(recording.play(lab.switch(PRIVATE), Duration::ZERO)?, 2);
    for _ in 0..2 {
        let mut datagram = [0; 64];
        receiver.recv(&mut datagram)?;
        assert_eq!(datagram, heartbeat_of(B));
    }
    assert!(receiver.recv(&mut [0; 64]).is_err());
    Ok(())
}

fn heartbeat_of(sender: Node) -> [u8; 64] {
    let header = Header {
        kind: Kind::Heartbeat,
        flags: 0,
        key_id: 0,
        sender: u16::try_from(sender.id()).expect("a lab has few nodes"),
        cluster: 0,
        receiver: 0,
        network: 0,
        interval_ms: 100,
        agent_age_ms: 0,
        config_digest: 0,
        incarnation: 0,
        sequence: 0,
        sent: 0,
        heard: 0,
    };
    header.encode(None)
}

fn leftovers_of_the_dead() -> Result<()> {
    let mut process = Command::new("true").spawn()?;
    process.wait()?;
    let name = LabName::parse(&format!("hblab-{}-0", process.id())).context("a name of a lab")?;
    batch::ip_outside(&format!("netns add {}\n", name.namespace("node-a")))?;
    fs::create_dir(name.directory())?;
    fs::write(name.keep_mark(), "")?;
    leftovers::sweep(Sweep::Orphans)?;
    assert!(name.directory().exists(), "a kept lab was swept away");
    assert!(leftovers::sweep(Sweep::OrphansAndKept)?.contains(&name));
    assert!(!name.directory().exists());
    assert!(
        !Path::new("/run/netns")
            .join(name.namespace("node-a"))
            .exists()
    );
    Ok(())
}
