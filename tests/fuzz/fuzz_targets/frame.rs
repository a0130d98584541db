//! The frame walk over any bytes never panics, and agrees with a walk that was written from the
//! standards alone.
#![no_main]

use heartbeat_ebpf::frame::walk;
use heartbeat_fuzz::{Shape, sample, slow_walk};
use libfuzzer_sys::fuzz_target;

/// A shape and the length of what it carries, bytes to change in it with their places, and how many
/// to cut off; without a shape, nothing but the bytes that follow.
type Input<'a> = (Option<(u8, u8)>, [(u8, u8); 4], u8, &'a [u8]);

fuzz_target!(|input: Input<'_>| {
    let (shape, changes, cut, raw) = input;
    let mut frame = raw.to_vec();
    if let Some((shape, payload)) = shape {
        frame = sample(Shape(shape), payload);
        for (place, value) in changes {
            if let Some(byte) = frame.get_mut(usize::from(place)) {
                *byte = value;
            }
        }
        frame.truncate(frame.len() - usize::from(cut).min(frame.len()));
    }
    assert_eq!(walk(&frame[..]), slow_walk(&frame));
});
