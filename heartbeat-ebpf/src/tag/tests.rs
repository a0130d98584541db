extern crate std;
use core::hash::Hasher as _;

use proptest::prelude::*;
use siphasher::sip::SipHasher24;

use super::*;
use crate::wire::Words;

proptest! {
    #[test]
    fn the_tag_is_siphash_2_4_of_the_first_56_bytes(
        key in any::<[u8; 16]>(),
        head in any::<[u8; 32]>(),
        tail in any::<[u8; 32]>(),
    ) {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&head);
        bytes[32..].copy_from_slice(&tail);
        let mut reference = SipHasher24::new_with_key(&key);
        reference.write(&bytes[..56]);
        prop_assert_eq!(of(&Subkey::from_bytes(&key), &Words::from_bytes(&bytes).0), reference.finish());
    }
}

#[test]
fn a_key_does_not_print_itself() {
    let printed = std::format!("{:?}", Subkey([0x1234_5678, 0x9abc_def0]));
    assert_eq!(printed, "Subkey(..)");
}
