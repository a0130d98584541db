//! What a single value may be.
//!
//! Each function turns a value of the document into one of ours, or says what is allowed instead: the second
//! half of a mistake, so that it reads on after *allowed is*.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use toml::de::DeValue;

use super::{Subnet, duration, subnet};

/// What names are allowed to be; they become directories.
pub(super) const NAME: &str =
    "a name of 1 to 63 letters, digits, '.', '_', '-', not \".\" or \"..\"";
/// What labels are allowed to be; they stand between quotes in events and metrics.
const LABEL: &str = "1 to 64 printable characters without quotes and backslashes";
/// What addresses are allowed to be.
pub(super) const ADDRESS: &str = "a literal IPv4 or IPv6 address, as \"10.77.1.1\"";

/// A value, or what is allowed.
pub(super) type Checked<T> = Result<T, String>;

/// One of these words.
pub(super) fn choice<T: Copy>(words: &[(&str, T)]) -> impl Fn(&DeValue<'_>) -> Checked<T> {
    move |value| {
        let read = value.as_str();
        let found = words.iter().find(|(word, _)| read == Some(word));
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<String> = words
                .iter()
                .map(|(word, _)| format!("\"{word}\""))
                .collect();
            words.join(" or ")
        })
    }
}

/// A whole number in a range.
pub(super) fn number(range: RangeInclusive<u32>) -> impl Fn(&DeValue<'_>) -> Checked<u32> {
    move |value| {
        let number = value
            .as_integer()
            .and_then(|integer| u32::from_str_radix(integer.as_str(), integer.radix()).ok());
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| format!("a number, {} to {}", range.start(), range.end()))
    }
}

/// An identity, 1 to 65535.
pub(super) fn id<T>(make: impl Fn(u16) -> Option<T>) -> impl Fn(&DeValue<'_>) -> Checked<T> {
    move |value| {
        let number = number(1..=u32::from(u16::MAX))(value)?;
        u16::try_from(number)
            .ok()
            .and_then(&make)
            .ok_or_else(|| ID.to_owned())
    }
}

/// What identities are allowed to be.
pub(super) const ID: &str = "a number, 1 to 65535";

/// A duration in a range.
pub(super) fn duration(
    range: RangeInclusive<Duration>,
) -> impl Fn(&DeValue<'_>) -> Checked<Duration> {
    move |value| {
        let read = value.as_str().and_then(duration::parse);
        read.filter(|duration| range.contains(duration))
            .ok_or_else(|| {
                let [least, most] = [range.start(), range.end()].map(|end| duration::text(*end));
                format!("a duration, \"{least}\" to \"{most}\"")
            })
    }
}

/// A number of bytes in a range, which `allowed` describes.
pub(super) fn size(
    range: RangeInclusive<u64>,
    allowed: &str,
) -> impl Fn(&DeValue<'_>) -> Checked<u64> {
    move |value| {
        let read = value.as_str().and_then(duration::parse_size);
        read.filter(|bytes| range.contains(bytes))
            .ok_or_else(|| allowed.to_owned())
    }
}

/// Whether a name may stand for a directory and a word.
pub(super) fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=63).contains(&text.len()) && text.bytes().all(allowed) && text != "." && text != ".."
}

/// A name.
pub(super) fn name(value: &DeValue<'_>) -> Checked<String> {
    let read = value.as_str().filter(|text| is_name(text));
    read.map(str::to_owned).ok_or_else(|| NAME.to_owned())
}

/// A label.
pub(super) fn label(value: &DeValue<'_>) -> Checked<String> {
    let printable = |c: char| !c.is_control() && !"'\"\\".contains(c);
    let fits = |text: &&str| {
        (1..=64).contains(&text.chars().count())
            && text.chars().all(printable)
            && text.trim() == *text
    };
    let read = value.as_str().filter(fits);
    read.map(str::to_owned).ok_or_else(|| LABEL.to_owned())
}

/// An absolute path without `..`, of at most `bytes_max`.
pub(super) fn path(bytes_max: usize) -> impl Fn(&DeValue<'_>) -> Checked<PathBuf> {
    move |value| {
        let fits = |path: &&Path| {
            path.is_absolute()
                && path.as_os_str().len() <= bytes_max
                && !path.as_os_str().as_encoded_bytes().contains(&0)
                && path.components().all(|part| part != Component::ParentDir)
        };
        let read = value.as_str().map(Path::new).filter(fits);
        read.map(Path::to_owned)
            .ok_or_else(|| format!("an absolute path of at most {bytes_max} bytes, without \"..\""))
    }
}

/// Where to serve metrics, if at all.
pub(super) fn listen(value: &DeValue<'_>) -> Checked<Option<SocketAddr>> {
    let read = match value.as_str() {
        Some("off") => return Ok(None),
        Some(text) => text.parse().ok(),
        None => None,
    };
    let address = read.filter(|address: &SocketAddr| address.port() != 0);
    address
        .map(Some)
        .ok_or_else(|| "\"off\" or an address with a port, as \"127.0.0.1:13343\"".to_owned())
}

/// A network's subnet.
pub(super) fn subnet(value: &DeValue<'_>) -> Checked<Subnet> {
    match value.as_str() {
        Some(text) => Subnet::parse(text),
        None => Err(subnet::ALLOWED.to_owned()),
    }
}

/// An address that an interface may have and keep.
pub(super) fn address(value: &DeValue<'_>) -> Checked<IpAddr> {
    let read = value.as_str().and_then(|text| text.parse().ok());
    let address: IpAddr = read.ok_or_else(|| ADDRESS.to_owned())?;
    let special = match address {
        IpAddr::V4(address) => special_ipv4(address),
        IpAddr::V6(address) => special_ipv6(address),
    };
    match special {
        Some(kind) => Err(format!("an address of one interface, not {kind}")),
        None => Ok(address),
    }
}

fn special_ipv4(address: Ipv4Addr) -> Option<&'static str> {
    match address.octets() {
        [0, ..] => Some("an unspecified one"),
        [127, ..] => Some("a loopback one"),
        [169, 254, ..] => Some("a link-local one, which is not the node's for long"),
        [224..=239, ..] => Some("a multicast one"),
        [240..=255, ..] => Some("a reserved one"),
        _ => None,
    }
}

fn special_ipv6(address: Ipv6Addr) -> Option<&'static str> {
    if address.is_unspecified() {
        Some("the unspecified one")
    } else if address.is_loopback() {
        Some("the loopback one")
    } else if address.is_multicast() {
        Some("a multicast one")
    } else if address.is_unicast_link_local() {
        Some("a link-local one, which means nothing without an interface")
    } else if address.to_ipv4_mapped().is_some() {
        Some("an IPv4 address written as IPv6")
    } else {
        None
    }
}
