use std::fs;

use heartbeat_core::node::Node;
use proptest::prelude::*;
use proptest::sample::Index;

use super::line::End;
use super::lines::Ending;
use super::samples::{Recorded, Sample, replayed, samples};

/// What a core was told, recorded: the file, and what the core came to.
fn recorded(samples: &[(u64, Sample)]) -> (Vec<u8>, Node, Vec<String>) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("recording");
    let mut recorded = Recorded::new(&file);
    for (after, sample) in samples {
        recorded.tell(*after, sample);
    }
    let (core, events) = recorded.close();
    (fs::read(&file).expect("the file"), core, events)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_replay_ends_in_the_same_state_and_tells_the_same(samples in samples()) {
        let (bytes, core, events) = recorded(&samples);
        let (replay, lines, ending) = replayed(&bytes).expect("a whole recording");
        prop_assert_eq!(ending, Ending::Said(End::Stopped));
        prop_assert_eq!(replay.core(), &core);
        prop_assert_eq!(lines, events);
    }

    #[test]
    fn a_recording_cut_off_anywhere_tells_what_it_has(samples in samples(), cut in any::<Index>()) {
        let (bytes, _, _) = recorded(&samples);
        let (_, whole, _) = replayed(&bytes).expect("a whole recording");
        let cut = cut.index(bytes.len());
        let beginning = 1 + bytes.iter().position(|byte| *byte == b'\n').expect("a line");
        match replayed(&bytes[..cut]) {
            Ok((_, events, ending)) => {
                prop_assert!(beginning <= cut);
                prop_assert_eq!(ending, Ending::Cut);
                prop_assert!(whole.starts_with(&events));
            }
            Err(error) => {
                prop_assert!(cut < beginning, "{}", error);
                prop_assert!(error.to_string().contains("no recording"), "{}", error);
            }
        }
    }

    #[test]
    fn a_recording_with_other_digits_panics_nobody(
        samples in samples(),
        changes in proptest::collection::vec((any::<Index>(), b'0'..=b'9'), 1..20),
    ) {
        let (mut bytes, _, _) = recorded(&samples);
        let digits: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at].is_ascii_digit()).collect();
        for (at, digit) in changes {
            bytes[digits[at.index(digits.len())]] = digit;
        }
        // It may be another story, or none at all.
        drop(replayed(&bytes));
    }

    #[test]
    fn bytes_that_are_no_recording_are_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(replayed(&bytes).is_err());
    }
}
