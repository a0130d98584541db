//! A key file: lines `id:hex`, blank lines, and comments after `#`.

use super::{Key, KeyRing};
use crate::config::{Mistake, Mistakes};

const LINE: &str = "a line \"id:hex\", as `heartbeat key generate` prints it";
const KEY_BYTES_MIN: usize = 16;
const KEY_BYTES_MAX: usize = 64;

/// The keys of a file's text, or all its mistakes.
pub(super) fn parse(text: &str, file: &str) -> Result<KeyRing, Mistakes> {
    let mut mistakes = Vec::new();
    let mut keys: Vec<Key> = Vec::new();
    for (index, content) in text.lines().enumerate() {
        let content = content.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        match parse_line(content).and_then(|key| fits(key, &keys)) {
            Ok(key) => keys.push(key),
            Err((key, what)) => mistakes.push(Mistake {
                line: index + 1,
                key: key.to_owned(),
                what,
            }),
        }
    }
    match (&keys[..], mistakes.is_empty()) {
        ([signing], true) => Ok(ring(*signing, None)),
        ([signing, other], true) => Ok(ring(*signing, Some(*other))),
        (_, true) => Err(Mistakes::new(file, vec![no_key()])),
        (_, false) => Err(Mistakes::new(file, mistakes)),
    }
}

fn ring(signing: Key, other: Option<Key>) -> KeyRing {
    KeyRing { signing, other }
}

fn no_key() -> Mistake {
    Mistake {
        line: 1,
        key: "key".to_owned(),
        what: format!("read no key; allowed is {LINE}, and a second one while keys are replaced"),
    }
}

/// What is wrong with which part of a line.
type Refusal = (&'static str, String);

fn parse_line(content: &str) -> Result<Key, Refusal> {
    let (id, hex) = content.split_once(':').ok_or_else(|| {
        (
            "key",
            format!("read a line without a colon; allowed is {LINE}"),
        )
    })?;
    let digits = (1..=3).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
    let number = id.parse().ok().filter(|number| digits && *number != 0);
    let id = number.ok_or_else(|| {
        (
            "id",
            "read something else before the colon; allowed is a number, 1 to 255".to_owned(),
        )
    })?;
    Ok(Key::derive(id, &parse_hex(hex)?))
}

fn parse_hex(hex: &str) -> Result<Vec<u8>, Refusal> {
    let (least, most) = (2 * KEY_BYTES_MIN, 2 * KEY_BYTES_MAX);
    let refused = |read: String| {
        (
            "key",
            format!(
                "read {read}; allowed are {least} to {most} hexadecimal digits, an even number"
            ),
        )
    };
    if !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(refused(
            "a character that is no hexadecimal digit".to_owned(),
        ));
    }
    if !(least..=most).contains(&hex.len()) || !hex.len().is_multiple_of(2) {
        return Err(refused(format!("{} hexadecimal digits", hex.len())));
    }
    let (pairs, _) = hex.as_bytes().as_chunks::<2>();
    Ok(pairs
        .iter()
        .map(|[high, low]| value(*high) << 4 | value(*low))
        .collect())
}

/// The value of a hexadecimal digit.
fn value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

fn fits(key: Key, keys: &[Key]) -> Result<Key, Refusal> {
    if keys.iter().any(|other| other.id == key.id) {
        let what = format!("read {} a second time; allowed is each id once", key.id);
        return Err(("id", what));
    }
    match keys.len() {
        0 | 1 => Ok(key),
        _ => Err(("key", "read a third key; allowed are one or two".to_owned())),
    }
}
