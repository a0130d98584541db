//! Frames that are nearly right.
//!
//! Of random bytes hardly any get past the type field, and a fuzzer takes hours to invent a chain of
//! extension headers. So most inputs are a whole frame of some shape with a few bytes changed.

const UDP: u8 = 17;
const DESTINATION_OPTIONS: u8 = 60;
const FRAGMENT_HEADER: u8 = 44;
/// The IPv4 option that means nothing.
const NO_OPERATION: u8 = 1;

/// An outer tag, an inner one, and one too many.
const TAGS: [[u8; 4]; 3] = [[0x88, 0xa8, 0, 5], [0x81, 0, 0, 6], [0x81, 0, 0, 7]];

/// What a frame is made of before it is spoilt.
#[derive(Clone, Copy, Debug)]
pub struct Shape(pub u8);

impl Shape {
    /// VLAN tags, 0 to 3: one more than the walk follows.
    fn tags(self) -> usize {
        usize::from(self.0 & 3)
    }

    fn is_ipv6(self) -> bool {
        self.0 & 4 != 0
    }

    /// IPv6 extension headers or words of IPv4 options, 0 to 7: more than the walk follows.
    fn extras(self) -> u8 {
        self.0 >> 3 & 7
    }

    fn is_fragment(self) -> bool {
        self.0 & 64 != 0
    }
}

/// A frame of this shape that carries so many bytes to port 3343, with lengths that say so.
pub fn sample(shape: Shape, payload: u8) -> Vec<u8> {
    let udp_length = 8 + u16::from(payload);
    let mut frame = vec![2; 12];
    for tag in &TAGS[..shape.tags()] {
        frame.extend(tag);
    }
    match shape.is_ipv6() {
        true => ipv6(shape, udp_length, &mut frame),
        false => ipv4(shape, udp_length, &mut frame),
    }
    frame.extend([0x10, 0, 0x0d, 0x0f]);
    frame.extend(udp_length.to_be_bytes());
    frame.extend([0; 2]);
    frame.resize(frame.len() + usize::from(payload), 0x55);
    frame
}

fn ipv4(shape: Shape, udp_length: u16, frame: &mut Vec<u8>) {
    let words = shape.extras();
    frame.extend([8, 0, 0x45 + words, 0]);
    frame.extend((20 + u16::from(words) * 4 + udp_length).to_be_bytes());
    let more_fragments = if shape.is_fragment() { 0x20 } else { 0 };
    frame.extend([0, 0, more_fragments, 0, 64, UDP, 0, 0]);
    frame.extend([10, 0, 0, 1, 10, 0, 0, 2]);
    frame.resize(frame.len() + usize::from(words) * 4, NO_OPERATION);
}

fn ipv6(shape: Shape, udp_length: u16, frame: &mut Vec<u8>) {
    let (kind, flags) = match shape.is_fragment() {
        true => (FRAGMENT_HEADER, 1),
        false => (DESTINATION_OPTIONS, 0),
    };
    let mut kinds = vec![kind; usize::from(shape.extras())];
    kinds.push(UDP);
    frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
    frame.extend((udp_length + u16::from(shape.extras()) * 8).to_be_bytes());
    frame.extend([kinds[0], 64]);
    frame.extend([[0xfd; 16], [0xfe; 16]].concat());
    for next in &kinds[1..] {
        frame.extend([*next, 0, 0, flags, 0, 0, 0, 7]);
    }
}

#[cfg(test)]
mod tests {
    use heartbeat_ebpf::frame::{Flaw, walk};

    use super::*;

    #[test]
    fn every_shape_is_what_it_says() {
        for shape in (0..128).map(Shape) {
            let found = walk(&sample(shape, 64)[..]);
            let too_deep = shape.tags() > 2 || shape.is_ipv6() && shape.extras() > 4;
            assert_eq!(found.is_none(), too_deep, "{shape:?}");
            let Some(found) = found else { continue };
            let flaw = match (shape.is_fragment(), shape.extras()) {
                (true, 1..) => Some(Flaw::Fragment),
                (true, 0) if !shape.is_ipv6() => Some(Flaw::Fragment),
                (false, 1..) => Some(Flaw::Options),
                (_, 0) => None,
            };
            assert_eq!(found.flaw, flaw, "{shape:?}");
        }
    }
}
