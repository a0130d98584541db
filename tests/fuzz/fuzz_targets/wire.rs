//! Any 64 bytes are refused, or decode to a header that encodes to the same bytes; sealing changes
//! the tag and nothing else.
#![no_main]

use heartbeat_ebpf::tag::{self, Subkey};
use heartbeat_ebpf::wire::{LENGTH, Words};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, [u8; LENGTH], [u64; 2])| {
    let (ours, mut bytes, subkey) = input;
    if ours {
        // Random bytes seldom get past the first three.
        bytes[..3].copy_from_slice(b"HB\x01");
    }
    let words = Words::from_bytes(&bytes);
    assert_eq!(words.to_bytes(), bytes);
    let begins_as_ours = bytes[..3] == *b"HB\x01" && (1..=4).contains(&bytes[3]);
    let header = words.header();
    assert_eq!(header.is_some(), begins_as_ours);
    let Some(header) = header else { return };
    let plain = header.encode(None);
    assert_eq!(plain[..56], bytes[..56]);
    assert_eq!(plain[56..], [0; 8]);
    let sealed = Words::from_bytes(&header.encode(Some(&Subkey(subkey))));
    assert_eq!(sealed.header(), Some(header));
    assert_eq!(sealed.tag(), tag::of(&Subkey(subkey), &words.0));
    assert_eq!(sealed.to_bytes()[..56], bytes[..56]);
});
