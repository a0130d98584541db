//! Admission: whether a datagram to port 3343 is believed.
//!
//! Each refusal has its own verdict, because an operator who sees heartbeats arrive and a path stay down
//! wants to know which of a dozen mistakes it is. The order is the order of trust: addressed to us, sound,
//! our protocol, our cluster, a path we know, authentic. Nothing is written before the tag holds; who writes
//! afterwards is [`crate::slot`] and [`crate::echo`].
//!
//! The tables are a trait, so that the kernel judges from maps and the host tests the same lines from
//! ordinary collections.

use crate::frame::{Address, Datagram, Flaw};
use crate::map::{Keys, Local, PathEntry, PathKey};
use crate::tag;
use crate::verdict::Verdict;
use crate::wire::{self, Kind, Words};

/// What the agent has told the kernel.
pub trait Tables {
    /// The network that one of our own addresses or groups belongs to.
    fn local(&self, address: Address) -> Option<Local>;
    /// The path that a key leads to.
    fn path(&self, key: PathKey) -> Option<PathEntry>;
    /// The live keys with this id, which is not 0.
    fn keys(&self, id: u8) -> Option<Keys>;
    /// This node's identity word, see [`crate::map::Node::pack`].
    fn identity(&self) -> u64;
}

/// A datagram that is believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Admitted {
    /// What it is.
    pub kind: Kind,
    /// The path it came over.
    pub slot: u32,
    /// Whether frames are authenticated here.
    pub authenticated: bool,
}

/// Whether a datagram is addressed to this node, and on which network.
#[inline(always)]
pub fn addressed<T: Tables>(datagram: &Datagram, tables: &T) -> Option<Local> {
    tables.local(datagram.destination)
}

/// Judges the payload of a datagram addressed to us that came in through `interface`.
#[inline(always)]
pub fn admit<T: Tables>(
    datagram: &Datagram,
    local: Local,
    words: &Words,
    interface: u32,
    tables: &T,
) -> Result<Admitted, Verdict> {
    let kind = sound(datagram, words)?;
    let identity = tables.identity();
    if words.cluster() != (identity >> 32) as u32 {
        return Err(Verdict::Cluster);
    }
    let receiver = if local.group {
        0
    } else {
        (identity >> 16) as u16
    };
    if words.receiver() != receiver || (local.group && kind as u8 != Kind::Heartbeat as u8) {
        return Err(Verdict::Receiver);
    }
    if words.network() != local.network {
        return Err(Verdict::Path);
    }
    let key = PathKey::new(interface, datagram.vlan, words.sender(), words.network());
    let Some(path) = tables.path(key) else {
        return Err(Verdict::Path);
    };
    if path.source.0[0] != datagram.source.0[0] || path.source.0[1] != datagram.source.0[1] {
        return Err(Verdict::Source);
    }
    let authenticated = identity & 1 != 0;
    authentic(kind, words, authenticated, tables)?;
    let interval = words.interval_ms();
    if !(wire::INTERVAL_MS_MIN..=wire::INTERVAL_MS_MAX).contains(&interval) {
        return Err(Verdict::Interval);
    }
    Ok(Admitted {
        kind,
        slot: path.slot,
        authenticated,
    })
}

/// The verdict on a flaw that the frame walk found.
#[inline(always)]
pub const fn flawed(flaw: Flaw) -> Verdict {
    match flaw {
        Flaw::Fragment => Verdict::Fragment,
        Flaw::Options => Verdict::Options,
        Flaw::Length => Verdict::Length,
    }
}

/// Magic, version, kind, and the length that the kind demands.
#[inline(always)]
fn sound(datagram: &Datagram, words: &Words) -> Result<Kind, Verdict> {
    if words.magic() != wire::MAGIC {
        return Err(Verdict::Magic);
    }
    if words.version() != wire::VERSION {
        return Err(Verdict::Version);
    }
    let Some(kind) = Kind::from_number(words.kind()) else {
        return Err(Verdict::Kind);
    };
    let fits = match kind {
        Kind::Message => wire::UDP_LENGTH + wire::MESSAGE_MAC_LENGTH as u16 <= datagram.udp_length,
        _ => datagram.udp_length == wire::UDP_LENGTH,
    };
    if fits { Ok(kind) } else { Err(Verdict::Length) }
}

/// Key id and tag. Without authentication both are 0, and only heartbeats are believed.
#[inline(always)]
fn authentic<T: Tables>(
    kind: Kind,
    words: &Words,
    authenticated: bool,
    tables: &T,
) -> Result<(), Verdict> {
    let id = words.key_id();
    if !authenticated {
        let plain = id == 0 && words.tag() == 0 && kind as u8 == Kind::Heartbeat as u8;
        return if plain {
            Ok(())
        } else {
            Err(Verdict::Authentication)
        };
    }
    if id == 0 {
        return Err(Verdict::Authentication);
    }
    let Some(keys) = tables.keys(id) else {
        return Err(Verdict::Key);
    };
    if tag_holds(kind, words, &keys) {
        Ok(())
    } else {
        Err(Verdict::Tag)
    }
}

/// Whether the tag is the one that the kind's subkey makes.
#[inline(always)]
pub fn tag_holds(kind: Kind, words: &Words, keys: &Keys) -> bool {
    let subkey = match kind {
        Kind::Heartbeat | Kind::Message => keys.heartbeat,
        Kind::EchoRequest | Kind::EchoReply => keys.echo,
    };
    tag::of(&subkey, &words.0) == words.tag()
}
