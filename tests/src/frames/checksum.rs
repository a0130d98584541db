//! The Internet checksum, computed the slow and obvious way.
//!
//! The XDP program has a clever way to make the checksum of an echo's reply. What checks it must not share the
//! cleverness, so this is RFC 1071 as its text puts it: sum of 16-bit words, carries added back, complement.

/// The checksum of these bytes; 0 where they contain their own, correct one.
pub fn of(bytes: &[u8]) -> u16 {
    let mut sum = 0u32;
    for pair in bytes.chunks(2) {
        let word = u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)]);
        sum += u32::from(word);
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("carries were added back")
}

/// The checksum of a UDP datagram between these addresses (both, source first); never 0, which means none.
pub fn of_udp(addresses: &[u8], datagram: &[u8]) -> u16 {
    match over_pseudo_header(addresses, datagram) {
        0 => 0xffff,
        sum => sum,
    }
}

/// Whether a UDP datagram carries a checksum and it holds.
pub fn udp_holds(addresses: &[u8], datagram: &[u8]) -> bool {
    datagram[6..8] != [0, 0] && over_pseudo_header(addresses, datagram) == 0
}

/// With the pseudo header of RFC 768 or RFC 8200, 8.1: the two add up to the same sum.
fn over_pseudo_header(addresses: &[u8], datagram: &[u8]) -> u16 {
    let length = u32::try_from(datagram.len()).expect("a datagram has at most 64 KiB");
    let mut bytes = addresses.to_vec();
    bytes.extend(length.to_be_bytes());
    bytes.extend([0, 0, 0, 17]);
    bytes.extend(datagram);
    of(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_1071_comes_out() {
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(of(&bytes), !0xddf2);
    }

    #[test]
    fn a_datagram_with_its_checksum_holds_and_with_a_flipped_bit_does_not() {
        let addresses = [10, 0, 0, 1, 10, 0, 0, 2];
        let mut datagram = vec![0x0d, 0x0f, 0x0d, 0x0f, 0, 11, 0, 0, 1, 2, 3];
        let sum = of_udp(&addresses, &datagram);
        datagram[6..8].copy_from_slice(&sum.to_be_bytes());
        assert!(udp_holds(&addresses, &datagram));
        datagram[9] ^= 1;
        assert!(!udp_holds(&addresses, &datagram));
    }
}
