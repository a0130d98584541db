//! Datagrams whose header is authentic and whose body is not.
//!
//! XDP looks at the header alone. So whoever has seen a message could send its header with another body, if the
//! agent did not prove it. Here a datagram is made with the cluster's key, as node-a would make it, and sent from
//! node-a's address: untouched it is taken, with one bit of its body flipped it is not.

use std::net::UdpSocket;

use anyhow::{Context as _, Result, bail, ensure};
use heartbeat_ebpf::ids::Incarnation;
use heartbeat_ebpf::wire::{Header, Kind, PORT};
use heartbeat_tests::lab::cast::{A, B, C, PRIVATE};
use heartbeat_tests::lab::plan::Node;
use heartbeat_tests::lab::{Lab, wait};
use heartbeat_tests::suite::{Test, in_agreed_lab};
use heartbeat_user::config::{Authentication, Cluster};
use heartbeat_user::key::KeyRing;
use heartbeat_user::message::datagram::{self, Class, Envelope};

use crate::ground::{LIMIT, datagrams, deliver, plan, receive};

pub const TESTS: &[Test] = &[(
    "a body with a flipped bit under an authentic header is refused and counted",
    flipped,
)];

/// What no datagram of the story has: far ahead of all that node-a has numbered.
const SEQUENCE: u64 = 1 << 40;
const WORDS: &[u8] = b"from nobody";

fn run_of(lab: &Lab, node: Node) -> Result<u64> {
    let (status, _) = lab.status(node)?;
    status["incarnation"].as_u64().context("its incarnation")
}

/// A parcel of node-a's to node-b that node-a has not sent.
fn forge(lab: &Lab) -> Result<Vec<u8>> {
    let cluster = Cluster::load(&lab.files().configuration(A))?;
    let Authentication::Key { file } = &cluster.authentication else {
        bail!("the lab has no key");
    };
    let network = &cluster.networks[PRIVATE.0];
    let header = Header {
        kind: Kind::Message,
        flags: 0,
        key_id: 0,
        sender: cluster.nodes[A.0].id.number(),
        cluster: cluster.hash,
        receiver: cluster.nodes[B.0].id.number(),
        network: network.id.number(),
        interval_ms: network.timing.interval.as_millis() as u16,
        agent_age_ms: 0,
        config_digest: cluster.digest,
        incarnation: run_of(lab, A)?,
        sequence: SEQUENCE,
        sent: 1,
        heard: 0,
    };
    let envelope = Envelope {
        for_run: Incarnation(run_of(lab, B)?),
        class: Class::Parcel,
        number: SEQUENCE,
        fragment: 0,
        fragments: 1,
    };
    let key = KeyRing::load(file)?.signing;
    Ok(datagram::seal(&header, &envelope, WORDS, &key))
}

/// Sends it from node-a's address, and waits until node-b has counted one more with this outcome.
fn send(lab: &Lab, datagram: &[u8], verdict: &str) -> Result<()> {
    let before = datagrams(lab, B, verdict)?;
    let from = (lab.plan().address(A, PRIVATE), 0);
    let socket = lab.node(A).enter(|| Ok(UdpSocket::bind(from)?))?;
    socket.send_to(datagram, (lab.plan().address(B, PRIVATE), PORT))?;
    wait::until(&format!("a datagram counted as {verdict}"), LIMIT, || {
        Ok((before < datagrams(lab, B, verdict)?).then_some(()))
    })
}

fn flipped() -> Result<()> {
    in_agreed_lab(plan(), |lab| {
        let sound = forge(lab)?;
        let end = sound.len();
        let macs = datagrams(lab, B, "mac")?;
        for at in [datagram::OVERHEAD - 16, end - 17, end - 1] {
            let mut flipped = sound.clone();
            flipped[at] ^= 1;
            send(lab, &flipped, "mac")?;
        }
        ensure!(datagrams(lab, B, "mac")? == macs + 3.0);
        deliver(lab, C, B, b"nothing came before")?;
        send(lab, &sound, "taken")?;
        let came = receive(lab, B, 2)?;
        let bodies: Vec<&str> = came.iter().map(|(_, body)| body.as_str()).collect();
        ensure!(
            bodies == ["nothing came before", "from nobody"],
            "{bodies:?}"
        );
        Ok(())
    })
}
