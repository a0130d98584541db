//! The lab's own faults of groups, with plain sockets: what these stories rest on.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_ebpf::wire::{Header, Kind, PORT};
use heartbeat_tests::lab::multicast::Sent;
use heartbeat_tests::lab::plan::Network;
use heartbeat_tests::lab::{Lab, batch, interrupt, wait};
use heartbeat_tests::suite::Test;
use nix::sys::socket::{setsockopt, sockopt};

use super::{A, B, C, FOUR, LIMIT, SIX, plan};

pub const TESTS: &[Test] = &[
    (
        "the lab: a blocked group does not reach the node, and unicast does",
        blocked,
    ),
    (
        "the lab: a switch without queries forgets a group's members, and passes unicast",
        forgotten,
    ),
];

/// Groups that the product may choose, too.
const GROUPS: [&str; 2] = ["239.255.7.7", "ff15::77"];

/// A lab in which B and C are members of a group on each network, and sockets that send from A and receive there.
struct Stage {
    lab: Lab,
}

impl Stage {
    fn set() -> Result<Self> {
        let lab = Lab::build(plan(3, "off"))?;
        for node in [B, C] {
            for (network, group) in [FOUR, SIX].into_iter().zip(GROUPS) {
                let device = lab.plan().interface(network);
                let length = if group.contains(':') { 128 } else { 32 };
                let join = format!("addr add {group}/{length} dev {device} autojoin\n");
                batch::ip(lab.node(node), &join)?;
                ensure!(
                    lab.groups(node, network)? == [group],
                    "{node} is in {:?}",
                    lab.groups(node, network)?
                );
            }
        }
        Ok(Stage { lab })
    }

    /// Frames to the group, and to B alone, that B's port passes on of two heartbeats sent by A.
    fn passes(&self, network: Network) -> Result<[bool; 2]> {
        let sender = self.sender(network)?;
        let alone = self.lab.plan().address(B, network);
        let passed = [GROUPS[network.0], &alone].map(|target| -> Result<bool> {
            let receiver = self.receiver(target)?;
            sender.send_to(&heartbeat(), SocketAddr::new(target.parse()?, PORT))?;
            Ok(receiver.recv(&mut [0; 64]).is_ok())
        });
        let [group, unicast] = passed;
        Ok([group?, unicast?])
    }

    fn sender(&self, network: Network) -> Result<UdpSocket> {
        let address = self.lab.plan().address(A, network).parse()?;
        let device = self.lab.plan().interface(network);
        self.lab.node(A).enter(|| {
            let socket = UdpSocket::bind(SocketAddr::new(address, 0)).context("bind")?;
            setsockopt(&socket, sockopt::BindToDevice, &device.into())?;
            Ok(socket)
        })
    }

    fn receiver(&self, target: &str) -> Result<UdpSocket> {
        let target = SocketAddr::new(target.parse()?, PORT);
        self.lab.node(B).enter(|| {
            let socket = UdpSocket::bind(target).with_context(|| format!("bind {target}"))?;
            socket.set_read_timeout(Some(Duration::from_millis(500)))?;
            Ok(socket)
        })
    }
}

fn heartbeat() -> [u8; 64] {
    let header = Header {
        kind: Kind::Heartbeat,
        flags: 0,
        key_id: 0,
        sender: 1,
        cluster: 0,
        receiver: 0,
        network: 1,
        interval_ms: 100,
        agent_age_ms: 0,
        config_digest: 0,
        incarnation: 1,
        sequence: 1,
        sent: 0,
        heard: 0,
    };
    header.encode(None)
}

fn blocked() -> Result<()> {
    let stage = Stage::set()?;
    for network in [FOUR, SIX] {
        let counter = stage.lab.count_sent(A, network)?;
        ensure!(stage.passes(network)? == [true, true], "nothing is wrong");
        let fault = stage.lab.block_groups_to(B, network)?;
        ensure!(
            stage.passes(network)? == [false, true],
            "the group is blocked"
        );
        ensure!(fault.heal()?.dropped == 1, "one frame was dropped");
        ensure!(stage.passes(network)? == [true, true], "it is healed");
        let sent = counter.read()?;
        let all = Sent {
            group: 3,
            unicast: 3,
        };
        ensure!(sent == all, "three of each were sent, counted {sent:?}");
    }
    Ok(())
}

fn forgotten() -> Result<()> {
    let stage = Stage::set()?;
    for network in [FOUR, SIX] {
        let fault = stage.lab.stop_queries(network)?;
        wait::until("the switch to forget the group's members", LIMIT, || {
            Ok((stage.passes(network)? == [false, true]).then_some(()))
        })?;
        interrupt::sleep(Duration::from_secs(1))?;
        ensure!(
            stage.passes(network)? == [false, true],
            "the members are known again"
        );
        fault.heal()?;
        ensure!(stage.passes(network)? == [true, true], "it is healed");
    }
    Ok(())
}
