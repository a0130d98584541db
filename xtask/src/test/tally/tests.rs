use super::*;

fn tally(output: &str) -> Tally {
    let mut reader = Reader::default();
    // Odd pieces: a line may arrive in several, and a piece may hold several lines.
    for piece in output.as_bytes().chunks(7) {
        reader.hear(piece);
    }
    reader.finish()
}

#[test]
fn results_of_all_binaries_are_added() {
    let seen = tally(
        "     Running unittests src/lib.rs (target/debug/deps/heartbeat_core-0a1b2c)\n\
         \n\
         running 2 tests\n\
         test path::tests::a_path_is_lost ... ok\n\
         test path::tests::a_path_is_found ... ok\n\
         \n\
         test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
         \n   Doc-tests heartbeat_core\n\
         test result: ok. 40 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out\n",
    );
    assert_eq!(
        seen,
        Tally {
            passed: 42,
            ..Tally::default()
        }
    );
}

#[test]
fn failures_and_skips_are_named_with_their_binary() {
    let seen = tally(
        "     Running unittests src/lib.rs (target/debug/deps/heartbeat_user-0a1b2c)\n\
         test sweep::tests::a_torn_read ... FAILED\n\
         test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n\
         \x1b[1m\x1b[92m     Running\x1b[0m tests/cluster.rs (/tmp/t/debug/deps/cluster-ff-00)\n\
         test one_way_loss   ... ignored, needs root\n\
         test a_long_flood   ... ignored\n\
         test in_brackets    ... ignored (needs root too)\n\
         test result: ok. 0 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out\n",
    );
    assert_eq!((seen.passed, seen.failed, seen.skipped), (0, 1, 3));
    assert_eq!(seen.failures, ["heartbeat_user: sweep::tests::a_torn_read"]);
    assert_eq!(
        seen.skips,
        [
            "tests/cluster.rs: one_way_loss: needs root",
            "tests/cluster.rs: a_long_flood: no reason given",
            "tests/cluster.rs: in_brackets: needs root too",
        ]
    );
}

#[test]
fn a_failure_says_how_it_begins_and_not_all_that_follows() {
    let seen = tally(
        "     Running tests/cluster.rs (target/debug/deps/cluster-0a1b2c)\n\
         test a node is told   ... FAILED\n\
         test another one      ... FAILED\n\
         failures:\n\
         \n\
         ---- a node is told ----\n\
         waited 20 s for it\n\
         --- node-a: events\n\
         {}\n\
         \n\
         ---- another one stdout ----\n\
         thread 'another one' panicked at x.rs:1:\n\
         1\n2\n3\n4\n5\n6\n\
         \n\
         failures:\n    a node is told\n    another one\n\
         test result: FAILED. 0 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n\
         behind it\n",
    );
    assert_eq!(
        seen.failures,
        [
            "tests/cluster.rs: a node is told\n    waited 20 s for it",
            "tests/cluster.rs: another one\n    thread 'another one' panicked at x.rs:1:\
             \n    1\n    2\n    3\n    4\n    5",
        ]
    );
}

#[test]
fn a_binary_that_dies_silently_has_failed() {
    let seen = tally(
        "     Running tests/xdp_program.rs (target/debug/deps/xdp_program-1)\n\
         running 3 tests\n\
         error: test failed, to rerun pass `--test xdp_program`\n\
         \n     Running tests/cluster.rs (target/debug/deps/cluster-2)\n\
         test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n",
    );
    assert_eq!((seen.passed, seen.failed), (1, 1));
    assert_eq!(
        seen.failures,
        ["tests/xdp_program.rs: ended without a result"]
    );
}

#[test]
fn the_last_line_counts_without_its_newline() {
    let seen = tally("test result: ok. 3 passed; 0 failed; 1 ignored");
    assert_eq!((seen.passed, seen.skipped), (3, 1));
}

#[test]
fn a_test_that_prints_does_not_confuse_the_count() {
    let seen = tally(
        "test talkative ... 5 passed; says the test ... ok\n\
         the test result: ok. 9 passed\n\
         test result: ok. 1 passed; 0 failed; 0 ignored\n",
    );
    assert_eq!(
        seen,
        Tally {
            passed: 1,
            ..Tally::default()
        }
    );
}
