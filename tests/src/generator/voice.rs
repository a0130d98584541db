//! What the peers say: heartbeats and replies to echo requests, signed as real agents sign them.
//!
//! A peer is one run of an agent: one incarnation on all its networks. Each path counts its own sequence, by what
//! was sent on it, so that the receiver's count of lost heartbeats is 0 exactly as long as nothing is lost.

use anyhow::{Context, Result};
use heartbeat_ebpf::admit::tag_holds;
use heartbeat_ebpf::map::Keys;
use heartbeat_ebpf::tag::Subkey;
use heartbeat_ebpf::wire::{Header, Kind, LENGTH, Words, flags};
use heartbeat_user::clock;
use heartbeat_user::config::{Authentication, Cluster};
use heartbeat_user::key::KeyRing;

use super::shape::{self, OBSERVER_ID, PeerPath, Shape};
use super::socket::Datagram;
use crate::lab::clock::monotonic_ns;

/// Everything that the datagrams of all peers have in common.
#[derive(Clone, Debug)]
pub struct Voice {
    /// Who speaks.
    pub shape: Shape,
    cluster: u32,
    config_digest: u32,
    interval_ms: u16,
    incarnation: u64,
    keys: Option<KeyRing>,
}

/// The last rounds heard of the real agent on one network; 0: none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Heard {
    /// By a datagram to the first peer, or to the group.
    pub any: u64,
    /// By one to the group.
    pub group: u64,
}

impl Heard {
    /// Whether the newest round, or the one before, came by the group.
    fn by_group(self) -> bool {
        self.group != 0 && self.any <= self.group + 1
    }
}

/// An authentic echo request of the real agent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request {
    /// The path that it asks about.
    pub path: PeerPath,
    words: Words,
}

impl Request {
    #[cfg(test)]
    pub(super) fn new(path: PeerPath, payload: &[u8; LENGTH]) -> Self {
        let words = Words::from_bytes(payload);
        Request { path, words }
    }
}

impl Voice {
    /// The voice of all nodes of this configuration but the real one.
    pub fn of(shape: Shape, cluster: &Cluster) -> Result<Self> {
        let keys = match &cluster.authentication {
            Authentication::Key { file } => Some(KeyRing::load(file)?),
            Authentication::Off => None,
        };
        let network = cluster.networks.first().context("there is a network")?;
        let interval = network.timing.interval.as_millis();
        Ok(Voice {
            shape,
            cluster: cluster.hash,
            config_digest: cluster.digest,
            interval_ms: u16::try_from(interval).context("an interval fits the wire")?,
            incarnation: u64::try_from(clock::wall().as_nanos()).context("the wall clock")?,
            keys,
        })
    }

    /// Between two heartbeats of one path, nanoseconds.
    pub fn interval_ns(&self) -> u64 {
        u64::from(self.interval_ms) * 1_000_000
    }

    /// The next heartbeat of a path. `heard` is the last round heard of the real agent there.
    pub fn heartbeat(&self, path: PeerPath, sequence: u64, heard: u64) -> Datagram {
        let signing = self.keys.as_ref().map(|keys| keys.signing);
        let header = Header {
            key_id: signing.map_or(0, |key| key.id),
            sequence,
            heard,
            ..self.header(path)
        };
        datagram(path, &header, signing.map(|key| key.heartbeat))
    }

    /// The request in a datagram, if it is one, is authentic, and one of these peers is asked.
    pub fn request(&self, payload: &[u8; LENGTH]) -> Option<Request> {
        let words = Words::from_bytes(payload);
        let header = words.header()?;
        let path = self.shape.path_of(header.receiver, header.network)?;
        let asked = header.kind == Kind::EchoRequest
            && header.cluster == self.cluster
            && header.sender == OBSERVER_ID
            && tag_holds(header.kind, &words, &self.keys_of(header.key_id)?);
        asked.then_some(Request { path, words })
    }

    /// The answer to a request, which names our incarnation; `sequence` is the last sent on the path.
    pub fn reply(&self, request: &Request, sequence: u64, heard: Heard) -> Datagram {
        let words = &request.words;
        let header = Header {
            kind: Kind::EchoReply,
            flags: words.flags() & flags::BY_AGENT
                | if heard.by_group() {
                    flags::MULTICAST
                } else {
                    0
                },
            key_id: words.key_id(),
            sequence,
            sent: words.incarnation(),
            heard: words.heard(),
            ..self.header(request.path)
        };
        let subkey = self.keys_of(words.key_id()).map(|keys| keys.echo);
        datagram(request.path, &header, subkey)
    }

    fn header(&self, path: PeerPath) -> Header {
        Header {
            kind: Kind::Heartbeat,
            flags: 0,
            key_id: 0,
            sender: shape::peer_id(path.peer),
            cluster: self.cluster,
            receiver: OBSERVER_ID,
            network: shape::network_id(path.network),
            interval_ms: self.interval_ms,
            agent_age_ms: 0,
            config_digest: self.config_digest,
            incarnation: self.incarnation + u64::from(path.peer),
            sequence: 0,
            sent: monotonic_ns(),
            heard: 0,
        }
    }

    fn keys_of(&self, id: u8) -> Option<Keys> {
        let mut keys = self.keys.as_ref()?.maps().into_iter();
        keys.find(|keys| id != 0 && keys.id == id)
    }
}

fn datagram(path: PeerPath, header: &Header, subkey: Option<Subkey>) -> Datagram {
    Datagram {
        from: path.address(),
        to: shape::observer_address(path.network),
        payload: header.encode(subkey.as_ref()),
    }
}
