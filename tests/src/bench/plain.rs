//! The ordinary way to receive heartbeats, as something to compare with.
//!
//! One UDP socket, a table of who was heard when, and a sweep of it: what a careful programmer would write with
//! tokio, in a process of its own so that its memory can be compared too. It does what the XDP program and the
//! agent do together for a heartbeat (known path, tag, sequence, stamp, deadline) and nothing else: it sends nothing
//! and tells nobody. It ends by SIGTERM or when its time is over, and says how many heartbeats it took.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use heartbeat_ebpf::admit::tag_holds;
use heartbeat_ebpf::map::Keys;
use heartbeat_ebpf::wire::{Kind, LENGTH, PORT, Words};
use heartbeat_user::config::{Authentication, Cluster, Node};
use heartbeat_user::key::KeyRing;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::RcvBufForce;
use serde::{Deserialize, Serialize};
use tokio::net::UdpSocket;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::MissedTickBehavior;

/// Bytes of the socket's queue: some thousand heartbeats, for a time in which it is not scheduled.
const BUFFER: usize = 8 * 1024 * 1024;

/// What it did, as it prints it in the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Received {
    /// Authentic heartbeats of known paths with a new sequence.
    pub heartbeats: u64,
    /// Sequences that were skipped: the socket's queue was full.
    pub missed: u64,
    /// Everything else.
    pub refused: u64,
    /// Times a path was found to be lost.
    pub lost: u64,
    /// Paths that are heard.
    pub up: usize,
}

/// One path.
struct Heard {
    source: IpAddr,
    detection: Duration,
    incarnation: u64,
    sequence: u64,
    last: Option<Instant>,
    up: bool,
}

struct Receiver {
    cluster: u32,
    keys: [Keys; 2],
    /// By sender and network.
    paths: HashMap<(u16, u16), Heard>,
    received: Received,
}

/// Receives as `node` of this configuration until SIGTERM, for at most `span`.
pub fn run(configuration: &Path, node: &str, span: Duration) -> Result<()> {
    let cluster = Cluster::load(configuration)?;
    let local = cluster.nodes.iter().find(|other| other.name == node);
    let mut receiver = Receiver::new(&cluster, local.context("find the node")?)?;
    let intervals = cluster
        .networks
        .iter()
        .map(|network| network.timing.interval);
    let sweep = intervals.min().context("there is a network")? / 4;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start a runtime")?;
    runtime.block_on(receiver.serve(sweep, span))?;
    let line = serde_json::to_string(&receiver.received).context("print JSON")?;
    println!("{line}");
    Ok(())
}

impl Receiver {
    fn new(cluster: &Cluster, local: &Node) -> Result<Self> {
        let Authentication::Key { file } = &cluster.authentication else {
            anyhow::bail!("what is compared authenticates");
        };
        let paths = cluster.paths(local).into_iter().map(|path| {
            let heard = Heard {
                source: path.remote,
                detection: path.network.timing.detection(None),
                incarnation: 0,
                sequence: 0,
                last: None,
                up: false,
            };
            ((path.peer.id.number(), path.network.id.number()), heard)
        });
        Ok(Receiver {
            cluster: cluster.hash,
            keys: KeyRing::load(file)?.maps(),
            paths: paths.collect(),
            received: Received::default(),
        })
    }

    async fn serve(&mut self, sweep: Duration, span: Duration) -> Result<()> {
        let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT));
        let socket = UdpSocket::bind(any).await.context("bind to the port")?;
        setsockopt(&socket, RcvBufForce, &BUFFER).context("enlarge the receive buffer")?;
        let mut sweep = tokio::time::interval(sweep);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stop = signal(SignalKind::terminate()).context("wait for SIGTERM")?;
        let end = tokio::time::sleep(span);
        tokio::pin!(end);
        let mut payload = [0; LENGTH + 1];
        loop {
            tokio::select! {
                received = socket.recv_from(&mut payload) => {
                    let (length, from) = received.context("receive a datagram")?;
                    match self.take(&payload[..length], from.ip()) {
                        Some(()) => self.received.heartbeats += 1,
                        None => self.received.refused += 1,
                    }
                }
                _ = sweep.tick() => self.sweep(),
                _ = stop.recv() => return Ok(()),
                () = &mut end => return Ok(()),
            }
        }
    }

    /// Notes an authentic and new heartbeat of a known path.
    fn take(&mut self, payload: &[u8], from: IpAddr) -> Option<()> {
        let words = Words::from_bytes(payload.try_into().ok()?);
        let header = words.header()?;
        if header.kind != Kind::Heartbeat || header.cluster != self.cluster {
            return None;
        }
        let heard = self.paths.get_mut(&(header.sender, header.network))?;
        let keys = self.keys.iter().find(|keys| keys.id == header.key_id)?;
        if heard.source != from || !tag_holds(header.kind, &words, keys) {
            return None;
        }
        if (header.incarnation, header.sequence) <= (heard.incarnation, heard.sequence) {
            return None;
        }
        if heard.incarnation == header.incarnation {
            self.received.missed += header.sequence - heard.sequence - 1;
        }
        heard.incarnation = header.incarnation;
        heard.sequence = header.sequence;
        heard.last = Some(Instant::now());
        heard.up = true;
        Some(())
    }

    fn sweep(&mut self) {
        let now = Instant::now();
        for heard in self.paths.values_mut().filter(|heard| heard.up) {
            let silent = heard.last.map(|last| now.duration_since(last));
            if silent.is_some_and(|silent| heard.detection < silent) {
                heard.up = false;
                self.received.lost += 1;
            }
        }
        self.received.up = self.paths.values().filter(|heard| heard.up).count();
    }
}
