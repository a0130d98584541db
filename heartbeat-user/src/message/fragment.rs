//! Cutting a message so that each datagram fits the networks between.
//!
//! IP must not fragment: a datagram that lost one of its pieces is lost whole without a word, and XDP drops
//! fragments. The awkward case is a network whose MTU is smaller somewhere on the way than at our interface, a
//! tunnel or a misconfigured port: what is too large vanishes there silently, and nobody learns the size. So no
//! datagram is larger than what every network carries that can carry IPv6 (1280 bytes, RFC 8200, 5), and smaller
//! where our own interface says so. All fragments of a message but the last have one size, whatever network they
//! take, because copies of one message may take several.

use super::MESSAGE_MAX;
use super::datagram::OVERHEAD;

/// Bytes of the largest IP packet.
const PACKET_MAX: usize = 1280;
/// Bytes of IP and UDP headers; IPv6's.
const HEADERS: usize = 48;
/// Bytes of a fragment, whatever the MTU.
const FRAGMENT_MIN: usize = 256;
/// Fragments of one message.
pub const FRAGMENTS_MAX: usize = MESSAGE_MAX.div_ceil(FRAGMENT_MIN);

/// Bytes of a fragment where an interface's largest IP packet has `mtu` bytes.
pub fn size(mtu: u32) -> usize {
    let packet = PACKET_MAX.min(mtu as usize);
    packet.saturating_sub(HEADERS + OVERHEAD).max(FRAGMENT_MIN)
}

/// The fragments of a message, in order; at least one, which may be empty.
pub fn cut(message: &[u8], size: usize) -> Vec<&[u8]> {
    if message.is_empty() {
        return vec![message];
    }
    message.chunks(size).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_fits_a_packet_of_the_interface_and_of_every_network() {
        for (mtu, packet) in [(1500, 1280), (65_536, 1280), (1280, 1280), (600, 600)] {
            assert_eq!(size(mtu) + OVERHEAD + HEADERS, packet);
        }
        assert_eq!(size(68), FRAGMENT_MIN);
        assert_eq!(size(0), FRAGMENT_MIN);
    }

    #[test]
    fn the_longest_message_has_as_many_fragments_as_are_allowed() {
        let message = vec![7; MESSAGE_MAX];
        for mtu in [0, 500, 1500] {
            let fragments = cut(&message, size(mtu));
            assert!(fragments.len() <= FRAGMENTS_MAX);
            assert_eq!(fragments.concat(), message);
        }
        assert_eq!(cut(&[], 100), vec![&[] as &[u8]]);
    }
}
