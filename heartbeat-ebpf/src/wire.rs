//! The datagram: UDP port 3343, 64 bytes, big-endian, one layout for all kinds.
//!
//! ```text
//!      0        1        2        3        4        5        6        7
//!  +--------+--------+--------+--------+--------+--------+--------+--------+
//!  0  magic "HB"     | version|  kind  |  flags | key id |      sender     |
//!  8             cluster               |     receiver    |     network     |
//! 16  interval (ms)  | agent age (ms)  |       configuration digest        |
//! 24                              incarnation                             |
//! 32                               sequence                               |
//! 40                               sent (ns)                              |
//! 48                                 heard                                |
//! 56                                  tag                                 |
//!  +--------+--------+--------+--------+--------+--------+--------+--------+
//!
//!              heartbeat          echo request          echo reply         message
//! agent age    of the sender      of the sender         progress, as read  of the sender
//!                                                       by XDP at the reply
//! incarnation  of the sender      of the asker          of the answerer    of the sender
//! sequence     of the round       highest heard of the  last sent by the   number of the message
//!                                 receiver here         answerer here
//! sent         by the sender      by the asker          highest incarnation by the sender
//!                                                       of the asker known
//! heard        highest heard      nonce                 the same nonce     length of the body
//! tag under    heartbeat subkey   echo subkey           echo subkey        heartbeat subkey
//! ```
//!
//! `receiver` 0 means multicast: the same round's heartbeat in one datagram for all, so that `heard`, which
//! differs from path to path, is 0 in it and goes in echo requests instead. `sent` is the sender's own clock
//! and opaque to others. A message's header is followed by its body and a MAC of 16 bytes under the message
//! subkey. With authentication off, key id and tag are 0.
//!
//! The awkward case is the verifier: without CAP_PERFMON it refuses variable stack indices, so the payload
//! travels as eight 64-bit [`Words`] that are only ever read at constant indices.

use crate::slot::Announced;
use crate::tag::{self, Subkey};

/// UDP port of every cluster datagram.
pub const PORT: u16 = 3343;
/// Bytes of a heartbeat or echo, and of a message's header.
pub const LENGTH: usize = 64;
/// Bytes of UDP header and payload of a heartbeat or echo.
pub const UDP_LENGTH: u16 = 8 + LENGTH as u16;
/// Bytes of a message's MAC, at its end.
pub const MESSAGE_MAC_LENGTH: usize = 16;
/// First two bytes: "HB".
pub const MAGIC: u16 = u16::from_be_bytes(*b"HB");
/// Version of this layout.
pub const VERSION: u8 = 1;
/// Shortest announced interval, ms; a shorter one is malformed.
pub const INTERVAL_MS_MIN: u16 = 10;
/// Longest announced interval, ms; a longer one is malformed.
pub const INTERVAL_MS_MAX: u16 = 60_000;

/// What a datagram is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// "I am here", periodically.
    Heartbeat = 1,
    /// "Is your kernel there?", answered by the peer's XDP program.
    EchoRequest = 2,
    /// The answer.
    EchoReply = 3,
    /// A body for the agent follows the header.
    Message = 4,
}

impl Kind {
    /// The kind with this number, if it is one.
    #[inline(always)]
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Heartbeat,
            2 => Self::EchoRequest,
            3 => Self::EchoReply,
            4 => Self::Message,
            _ => return None,
        })
    }
}

/// Bits of the flags byte; unknown bits are ignored on receipt and zero when sent.
pub mod flags {
    /// The sender is leaving the cluster on purpose.
    pub const LEAVING: u8 = 1 << 0;
    /// The sender's agent restarts and will be back.
    pub const RESTARTING: u8 = 1 << 1;
    /// In a heartbeat: the same heartbeat goes to the network's group as well; set in both copies.
    /// In an echo reply: the newest heartbeat of the asker, or the one before, came by the group.
    pub const MULTICAST: u8 = 1 << 2;
    /// In an echo request: the agent shall answer, because no reply came from its XDP program.
    /// In a reply: it is the agent that answers.
    pub const BY_AGENT: u8 = 1 << 3;
    /// In an echo request: the asker misses heartbeats of the receiver.
    pub const MISSED: u8 = 1 << 4;
}

/// The fields of a datagram, in the host's byte order; the layout and meanings are drawn above.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(
    missing_docs,
    reason = "the drawing above says what each field means in each kind"
)]
pub struct Header {
    pub kind: Kind,
    pub flags: u8,
    pub key_id: u8,
    pub sender: u16,
    pub cluster: u32,
    pub receiver: u16,
    pub network: u16,
    pub interval_ms: u16,
    pub agent_age_ms: u16,
    pub config_digest: u32,
    pub incarnation: u64,
    pub sequence: u64,
    pub sent: u64,
    pub heard: u64,
}

impl Header {
    /// The datagram with a tag under `subkey`, or with tag 0 where authentication is off.
    pub fn encode(&self, subkey: Option<&Subkey>) -> [u8; LENGTH] {
        let mut words = self.words();
        if let Some(subkey) = subkey {
            words.seal(subkey);
        }
        words.to_bytes()
    }

    /// The header as words with tag 0.
    #[inline(always)]
    pub fn words(&self) -> Words {
        Words([
            first_word(self.kind, self.flags, self.key_id, self.sender),
            ((self.cluster as u64) << 32 | (self.receiver as u64) << 16 | self.network as u64)
                .to_be(),
            ((self.interval_ms as u64) << 48
                | (self.agent_age_ms as u64) << 32
                | self.config_digest as u64)
                .to_be(),
            self.incarnation.to_be(),
            self.sequence.to_be(),
            self.sent.to_be(),
            self.heard.to_be(),
            0,
        ])
    }
}

#[inline(always)]
const fn first_word(kind: Kind, flags: u8, key_id: u8, sender: u16) -> u64 {
    ((MAGIC as u64) << 48
        | (VERSION as u64) << 40
        | (kind as u64) << 32
        | (flags as u64) << 24
        | (key_id as u64) << 16
        | sender as u64)
        .to_be()
}

/// The 64 bytes of a datagram as eight words in wire order: each is big-endian, as it lies in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Words(pub [u64; 8]);

impl Words {
    /// The words of these bytes.
    pub const fn from_bytes(bytes: &[u8; LENGTH]) -> Self {
        let mut words = [0; 8];
        let mut i = 0;
        while i < 8 {
            let (_, rest) = bytes.split_at(i * 8);
            words[i] = match rest.first_chunk() {
                Some(word) => u64::from_ne_bytes(*word),
                None => 0,
            };
            i += 1;
        }
        Words(words)
    }

    /// The bytes of these words.
    pub fn to_bytes(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&word.to_ne_bytes());
        }
        bytes
    }

    /// First two bytes.
    #[inline(always)]
    pub const fn magic(&self) -> u16 {
        (u64::from_be(self.0[0]) >> 48) as u16
    }

    /// Version of the layout.
    #[inline(always)]
    pub const fn version(&self) -> u8 {
        (u64::from_be(self.0[0]) >> 40) as u8
    }

    /// Number of the kind, see [`Kind`].
    #[inline(always)]
    pub const fn kind(&self) -> u8 {
        (u64::from_be(self.0[0]) >> 32) as u8
    }

    /// See [`flags`].
    #[inline(always)]
    pub const fn flags(&self) -> u8 {
        (u64::from_be(self.0[0]) >> 24) as u8
    }

    /// Which of the cluster's keys signed it; 0 without authentication.
    #[inline(always)]
    pub const fn key_id(&self) -> u8 {
        (u64::from_be(self.0[0]) >> 16) as u8
    }

    /// Node number of the sender.
    #[inline(always)]
    pub const fn sender(&self) -> u16 {
        u64::from_be(self.0[0]) as u16
    }

    /// First four bytes of the SHA-256 of the cluster's name.
    #[inline(always)]
    pub const fn cluster(&self) -> u32 {
        (u64::from_be(self.0[1]) >> 32) as u32
    }

    /// Node number of the receiver; 0 in multicast.
    #[inline(always)]
    pub const fn receiver(&self) -> u16 {
        (u64::from_be(self.0[1]) >> 16) as u16
    }

    /// Network number.
    #[inline(always)]
    pub const fn network(&self) -> u16 {
        u64::from_be(self.0[1]) as u16
    }

    /// The sender's interval, ms.
    #[inline(always)]
    pub const fn interval_ms(&self) -> u16 {
        (u64::from_be(self.0[2]) >> 48) as u16
    }

    /// How long the sender's main loop has made no progress, ms, saturating.
    #[inline(always)]
    pub const fn agent_age_ms(&self) -> u16 {
        (u64::from_be(self.0[2]) >> 32) as u16
    }

    /// Digest of the sender's configuration.
    #[inline(always)]
    pub const fn config_digest(&self) -> u32 {
        u64::from_be(self.0[2]) as u32
    }

    /// See the drawing.
    #[inline(always)]
    pub const fn incarnation(&self) -> u64 {
        u64::from_be(self.0[3])
    }

    /// See the drawing.
    #[inline(always)]
    pub const fn sequence(&self) -> u64 {
        u64::from_be(self.0[4])
    }

    /// What it says of its sender, as a slot keeps it, see [`crate::slot::Announced`].
    #[inline(always)]
    pub const fn announced(&self) -> u64 {
        Announced::pack(
            self.agent_age_ms(),
            self.interval_ms(),
            self.flags(),
            self.config_digest(),
        )
    }

    /// See the drawing.
    #[inline(always)]
    pub const fn sent(&self) -> u64 {
        u64::from_be(self.0[5])
    }

    /// See the drawing.
    #[inline(always)]
    pub const fn heard(&self) -> u64 {
        u64::from_be(self.0[6])
    }

    /// The tag as the sender wrote it.
    #[inline(always)]
    pub const fn tag(&self) -> u64 {
        u64::from_be(self.0[7])
    }

    /// Writes the tag under `subkey` over the rest.
    #[inline(always)]
    pub fn seal(&mut self, subkey: &Subkey) {
        self.0[7] = tag::of(subkey, &self.0).to_be();
    }

    /// The fields, or `None` where magic, version or kind are not ours. The tag is not looked at.
    pub fn header(&self) -> Option<Header> {
        if self.magic() != MAGIC || self.version() != VERSION {
            return None;
        }
        Some(Header {
            kind: Kind::from_number(self.kind())?,
            flags: self.flags(),
            key_id: self.key_id(),
            sender: self.sender(),
            cluster: self.cluster(),
            receiver: self.receiver(),
            network: self.network(),
            interval_ms: self.interval_ms(),
            agent_age_ms: self.agent_age_ms(),
            config_digest: self.config_digest(),
            incarnation: self.incarnation(),
            sequence: self.sequence(),
            sent: self.sent(),
            heard: self.heard(),
        })
    }
}

#[cfg(test)]
mod tests;
