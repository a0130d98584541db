use std::fs::{self, Permissions};
use std::path::PathBuf;

use expect_test::{Expect, expect};

use super::*;

/// A file that goes with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, text: &str, mode: u32) -> Self {
        let path =
            std::env::temp_dir().join(format!("heartbeat-key-{}-{name}", std::process::id()));
        fs::write(&path, text).expect("writable");
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("ours");
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left behind lies in the temporary directory.
        let _ = fs::remove_file(&self.0);
    }
}

fn parse(text: &str) -> Result<KeyRing, Mistakes> {
    file::parse(text, "cluster.key")
}

#[track_caller]
fn check(text: &str, expected: Expect) {
    let error = parse(text).expect_err("mistakes").to_string();
    expected.assert_eq(&error);
}

/// 00 01 .. 1f.
const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// Computed with Python's hmac and hashlib as RFC 5869 says. Other bytes would split a cluster in two.
#[test]
fn subkeys_of_a_fixed_key_never_change() {
    let ring = parse(&format!("1:{HEX}\n")).expect("valid");
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    let words = |subkey: Subkey| hex(subkey.0.map(u64::to_le_bytes).as_flattened());
    assert_eq!(
        words(ring.signing.heartbeat),
        "5d70a3c7f13da896debf5d5556d58b45"
    );
    assert_eq!(words(ring.signing.echo), "1ce48b98854cd4c672a376889fb7757a");
    assert_eq!(
        hex(ring.signing.message.bytes()),
        "cdcf40b5f5fddcbe84108d8a7cc24fafb02d2798dcc02ca8f69c3b11b6b7cd79"
    );
}

#[test]
fn the_first_of_two_keys_signs() {
    let ring = parse(&format!(
        "# new\n  7:{HEX}  \r\n\n# old\n3:{}\n",
        HEX.to_uppercase()
    ))
    .expect("valid");
    assert_eq!(ring.signing.id, 7);
    assert_eq!(ring.other.map(|key| key.id), Some(3));
    assert_eq!(ring.maps().map(|keys| keys.id), [7, 3]);
    assert_eq!(ring.maps()[0].heartbeat, ring.maps()[1].heartbeat);
}

#[test]
fn a_single_key_leaves_the_second_map_entry_empty() {
    let ring = parse(&format!("255:{HEX}")).expect("valid");
    assert_eq!(ring.maps().map(|keys| keys.pack()[0]), [255, 0]);
    assert_eq!(ring.maps()[1].pack(), [0; 5]);
}

#[test]
fn a_new_line_is_a_valid_file_and_never_the_same() {
    let [first, second] = [9, 9].map(|id| generate(id).expect("random"));
    assert_ne!(first, second);
    assert_eq!(first.len(), "9:".len() + 64);
    assert_eq!(parse(&first).expect("valid").signing.id, 9);
    assert!(generate(0).is_err());
}

#[test]
fn mistakes_name_the_line_and_no_key_material() {
    let secret = "feedfacefeedfacefeedfacefeedface";
    let text = format!(
        "{secret}\n0:{secret}\n256:{secret}\n+1:{secret}\n{secret}:1\n1:{secret}f\n1:{secret}xy\n1:feed\n\
         1:{secret}\n1:{secret}\n2:{secret}\n3:{secret}\n"
    );
    assert!(
        !parse(&text)
            .expect_err("mistakes")
            .to_string()
            .contains("feed")
    );
    check(
        &text,
        expect![[r#"
        cluster.key:1: key: read a line without a colon; allowed is a line "id:hex", as `heartbeat key generate` prints it
        cluster.key:2: id: read something else before the colon; allowed is a number, 1 to 255
        cluster.key:3: id: read something else before the colon; allowed is a number, 1 to 255
        cluster.key:4: id: read something else before the colon; allowed is a number, 1 to 255
        cluster.key:5: id: read something else before the colon; allowed is a number, 1 to 255
        cluster.key:6: key: read 33 hexadecimal digits; allowed are 32 to 128 hexadecimal digits, an even number
        cluster.key:7: key: read a character that is no hexadecimal digit; allowed are 32 to 128 hexadecimal digits, an even number
        cluster.key:8: key: read 4 hexadecimal digits; allowed are 32 to 128 hexadecimal digits, an even number
        cluster.key:10: id: read 1 a second time; allowed is each id once
        cluster.key:12: key: read a third key; allowed are one or two
        10 mistakes in cluster.key"#]],
    );
    check(
        "# nothing\n\n",
        expect![[r#"
        cluster.key:1: key: read no key; allowed is a line "id:hex", as `heartbeat key generate` prints it, and a second one while keys are replaced
        1 mistake in cluster.key"#]],
    );
}

#[test]
fn debug_shows_no_key_material() {
    let ring = parse(&format!("1:{HEX}")).expect("valid");
    expect![
        "KeyRing { signing: Key { id: 1, heartbeat: Subkey(..), echo: Subkey(..), message: MessageKey(..) }, other: None }"
    ]
    .assert_eq(&format!("{ring:?}"));
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let text = format!("1:{HEX}\n");
    for (name, mode, accepted) in [
        ("a", 0o600, true),
        ("b", 0o640, true),
        ("c", 0o644, false),
        ("d", 0o602, false),
    ] {
        let file = Scratch::new(name, &text, mode);
        let loaded = KeyRing::load(&file.0);
        assert_eq!(loaded.is_ok(), accepted, "{mode:o}");
        if let Err(error) = loaded {
            let error = error.to_string();
            assert!(error.contains("`chmod 0600 "), "{error}");
        }
    }
}

#[test]
fn what_cannot_be_read_says_what_to_do() {
    let error = KeyRing::load(Path::new("/nonexistent/cluster.key")).expect_err("absent");
    assert!(
        format!("{error:#}").contains("`heartbeat key generate`"),
        "{error:#}"
    );
    let error = KeyRing::load(Path::new("/")).expect_err("a directory");
    assert!(
        format!("{error:#}").contains("not a regular file"),
        "{error:#}"
    );
    let file = Scratch::new("binary", "", 0o600);
    fs::write(&file.0, [0xff; 40]).expect("writable");
    assert!(KeyRing::load(&file.0).is_err());
}
