//! One datagram of a message: sealed by its sender, proved by its receiver.
//!
//! ```text
//!    0   header (64 bytes, its tag under the heartbeat subkey: XDP reads nothing else)
//!   64   run of the receiver that it is for   u64
//!   72   number of the message                u64
//!   80   class u8 | 0 u8 | fragment u16 | fragments u16 | 0 u16
//!   88   this fragment of the message
//!  end   MAC (16 bytes, over everything before it, under the message subkey)
//! ```
//!
//! All big-endian. The header's `heard` is the length from byte 64 to the MAC. The MAC is HMAC-SHA-256 cut to its
//! first 128 bits (RFC 2104, 5; RFC 4868). It covers the header as well, because not every datagram that reaches
//! the socket has been through XDP: this host can send to itself.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use heartbeat_ebpf::ids::Incarnation;
use heartbeat_ebpf::wire::{Header, Kind, LENGTH, MESSAGE_MAC_LENGTH, Words};

use super::fragment::FRAGMENTS_MAX;
use crate::key::{Key, MessageKey};

/// Bytes between the header and the fragment.
pub const ENVELOPE: usize = 24;
/// Bytes that a datagram has beside its fragment.
pub const OVERHEAD: usize = LENGTH + ENVELOPE + MESSAGE_MAC_LENGTH;

/// What a message is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Class {
    /// The core's: unanswered, said again by the core itself until it is overtaken.
    Control = 1,
    /// A user's, to be answered by a receipt.
    Parcel = 2,
    /// What became of a parcel.
    Receipt = 3,
    /// A question how the receiver is set up; its bytes mean nothing.
    Inquiry = 4,
    /// The answer to an inquiry, with its number.
    Settings = 5,
}

impl Class {
    const fn from_number(number: u8) -> Option<Class> {
        Some(match number {
            1 => Class::Control,
            2 => Class::Parcel,
            3 => Class::Receipt,
            4 => Class::Inquiry,
            5 => Class::Settings,
            _ => return None,
        })
    }
}

/// Which message a datagram belongs to, and for whom it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Envelope {
    /// The run of the receiver that it is for.
    pub for_run: Incarnation,
    /// What the message is.
    pub class: Class,
    /// The message's number; what it counts is the class's business.
    pub number: u64,
    /// Which fragment of the message this is, from 0.
    pub fragment: u16,
    /// How many there are, 1 ..= [`FRAGMENTS_MAX`].
    pub fragments: u16,
}

/// A datagram, taken apart but not proved.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// Its header.
    pub header: Header,
    /// What it belongs to.
    pub envelope: Envelope,
    /// The fragment.
    pub content: &'a [u8],
    covered: &'a [u8],
    mac: &'a [u8],
}

/// The datagram with this header, whose kind and `heard` are filled in here.
pub fn seal(header: &Header, envelope: &Envelope, content: &[u8], key: &Key) -> Vec<u8> {
    let header = Header {
        kind: Kind::Message,
        key_id: key.id,
        heard: (ENVELOPE + content.len()) as u64,
        ..*header
    };
    let mut bytes = Vec::with_capacity(OVERHEAD + content.len());
    bytes.extend(header.encode(Some(&key.heartbeat)));
    bytes.extend(envelope.bytes());
    bytes.extend(content);
    let mac = mac(&key.message, &bytes).finalize().into_bytes();
    bytes.extend(&mac[..MESSAGE_MAC_LENGTH]);
    bytes
}

impl<'a> Datagram<'a> {
    /// Takes a payload apart; `None` where it is not laid out as drawn above.
    pub fn read(payload: &'a [u8]) -> Option<Self> {
        let header = Words::from_bytes(payload.first_chunk()?).header()?;
        let (covered, mac) = payload.split_at_checked(payload.len() - MESSAGE_MAC_LENGTH)?;
        let body = covered.get(LENGTH..)?;
        let fits = header.kind == Kind::Message && header.heard == body.len() as u64;
        let (envelope, content) = body.split_first_chunk().filter(|_| fits)?;
        Some(Datagram {
            header,
            envelope: Envelope::read(envelope)?,
            content,
            covered,
            mac,
        })
    }

    /// Whether its MAC holds under this key. Takes the same time whatever differs.
    pub fn is_authentic(&self, key: &MessageKey) -> bool {
        mac(key, self.covered)
            .verify_truncated_left(self.mac)
            .is_ok()
    }
}

impl Envelope {
    fn bytes(&self) -> [u8; ENVELOPE] {
        let mut bytes = [0; ENVELOPE];
        bytes[0..8].copy_from_slice(&self.for_run.0.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.number.to_be_bytes());
        bytes[16] = self.class as u8;
        bytes[18..20].copy_from_slice(&self.fragment.to_be_bytes());
        bytes[20..22].copy_from_slice(&self.fragments.to_be_bytes());
        bytes
    }

    fn read(bytes: &[u8; ENVELOPE]) -> Option<Self> {
        let [runs @ .., _, _, _, _, _, _, _, _] = bytes;
        let (run, number) = runs.split_first_chunk()?;
        let envelope = Envelope {
            for_run: Incarnation(u64::from_be_bytes(*run)),
            number: u64::from_be_bytes(*number.first_chunk()?),
            class: Class::from_number(bytes[16])?,
            fragment: u16::from_be_bytes([bytes[18], bytes[19]]),
            fragments: u16::from_be_bytes([bytes[20], bytes[21]]),
        };
        let counted = usize::from(envelope.fragments) <= FRAGMENTS_MAX;
        let reserved = bytes[17] == 0 && bytes[22..] == [0, 0];
        (counted && reserved && envelope.fragment < envelope.fragments).then_some(envelope)
    }
}

fn mac(key: &MessageKey, bytes: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::new_from_slice(key.bytes()).expect("HMAC takes a key of any length");
    mac.update(bytes);
    mac
}

#[cfg(test)]
pub(crate) mod tests;
