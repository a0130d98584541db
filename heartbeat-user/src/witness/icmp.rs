//! Echo messages of ICMP (RFC 792) and ICMPv6 (RFC 4443).
//!
//! Anybody may send an echo reply. One that brings back a random number was made by somebody who saw the
//! request, and nothing else of it is believed.

/// Bytes of a message: type, code, checksum, identifier, sequence, then the nonce.
pub(super) const LENGTH: usize = 16;

/// Echo request and reply, by family.
const REQUEST_V4: u8 = 8;
pub(super) const REPLY_V4: u8 = 0;
const REQUEST_V6: u8 = 128;
pub(super) const REPLY_V6: u8 = 129;

/// Whose messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Family {
    V4,
    V6,
}

/// A request for an echo of this nonce; `sequence` tells several apart. Its checksum is that of IPv4; that of
/// IPv6 covers addresses, and the kernel fills it in.
pub(super) fn request(family: Family, sequence: u16, nonce: u64) -> [u8; LENGTH] {
    let mut message = [0; LENGTH];
    message[0] = match family {
        Family::V4 => REQUEST_V4,
        Family::V6 => REQUEST_V6,
    };
    let nonce = nonce.to_be_bytes();
    // Filters on the way know a conversation by its identifier.
    message[4..6].copy_from_slice(&nonce[..2]);
    message[6..8].copy_from_slice(&sequence.to_be_bytes());
    message[8..].copy_from_slice(&nonce);
    let sum = checksum(&message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    message
}

/// The nonce in an echo reply; `None` for every other message.
pub(super) fn replied(family: Family, message: &[u8]) -> Option<u64> {
    let wanted = match family {
        Family::V4 => REPLY_V4,
        Family::V6 => REPLY_V6,
    };
    let message: &[u8; LENGTH] = message.try_into().ok()?;
    let nonce = message.last_chunk().expect("it is 16 bytes long");
    (message[..2] == [wanted, 0]).then(|| u64::from_be_bytes(*nonce))
}

/// What follows the header of an IPv4 packet.
pub(super) fn behind_ipv4(packet: &[u8]) -> Option<&[u8]> {
    const WORD: usize = 4;
    let words = usize::from(packet.first()? & 0x0f);
    packet.get(words * WORD..)
}

/// The Internet's checksum (RFC 1071).
fn checksum(bytes: &[u8; LENGTH]) -> u16 {
    let (pairs, _) = bytes.as_chunks::<2>();
    let sum: u32 = pairs
        .iter()
        .map(|pair| u32::from(u16::from_be_bytes(*pair)))
        .sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !((folded & 0xffff) + (folded >> 16)) as u16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a host makes of a request.
    fn echo(family: Family, mut message: [u8; LENGTH]) -> [u8; LENGTH] {
        message[0] = match family {
            Family::V4 => REPLY_V4,
            Family::V6 => REPLY_V6,
        };
        message
    }

    #[test]
    fn a_request_is_as_the_standard_draws_it() {
        let request = request(Family::V4, 3, 0x0102_0304_0506_0708);
        assert_eq!(request[..2], [8, 0]);
        assert_eq!(request[4..], [1, 2, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(checksum(&request), 0, "over itself and all the rest");
    }

    #[test]
    fn an_answer_of_the_other_family_or_kind_is_none() {
        for (family, other) in [(Family::V4, Family::V6), (Family::V6, Family::V4)] {
            let request = request(family, 0, 77);
            let reply = echo(family, request);
            assert_eq!(replied(family, &reply), Some(77));
            assert_eq!(replied(other, &reply), None);
            assert_eq!(replied(family, &request), None);
            assert_eq!(replied(family, &[&reply[..], &[0]].concat()), None);
            assert_eq!(replied(family, &reply[..LENGTH - 1]), None);
        }
    }

    #[test]
    fn options_of_an_ipv4_header_are_passed_over() {
        let packet = |words: u8| [vec![0x40 | words; usize::from(words) * 4], vec![9]].concat();
        assert_eq!(behind_ipv4(&packet(5)), Some(&[9][..]));
        assert_eq!(behind_ipv4(&packet(15)), Some(&[9][..]));
        assert_eq!(behind_ipv4(&[0x45; 19]), None);
        assert_eq!(behind_ipv4(&[]), None);
    }

    proptest! {
        #[test]
        fn what_was_asked_comes_back(sequence: u16, nonce: u64) {
            for family in [Family::V4, Family::V6] {
                let message = echo(family, request(family, sequence, nonce));
                prop_assert_eq!(replied(family, &message), Some(nonce));
            }
            prop_assert_eq!(checksum(&request(Family::V4, sequence, nonce)), 0);
        }

        #[test]
        fn no_packet_panics(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let message = behind_ipv4(&bytes).unwrap_or(&bytes);
            let reply = replied(Family::V4, message).or(replied(Family::V6, message));
            prop_assert!(reply.is_none() || message.len() == LENGTH);
        }
    }
}
