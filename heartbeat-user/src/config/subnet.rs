//! A network's subnet, and whether an address fits in it.
//!
//! The awkward case is the prefix with host bits set, `10.77.1.5/24`: it can be read as the network or as
//! one address of it. It is a mistake here, whose message carries the spelling that was meant.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A prefix without host bits: /8 to /30 of IPv4, /8 to /127 of IPv6.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Subnet {
    first: IpAddr,
    prefix: u32,
}

impl Subnet {
    /// The subnet that `text` means, or what is allowed instead.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let allowed = || ALLOWED.to_owned();
        let (address, prefix) = text.split_once('/').ok_or_else(allowed)?;
        let address: IpAddr = address.parse().map_err(|_| allowed())?;
        let longest = if address.is_ipv4() { 30 } else { 127 };
        let digits = prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|_| digits).ok_or_else(allowed)?;
        if !(8..=longest).contains(&prefix) {
            return Err(allowed());
        }
        let (bits, width) = bits_of(address);
        let subnet = Subnet {
            first: like(address, bits & !host_mask(width, prefix)),
            prefix,
        };
        match subnet.first == address {
            true => Ok(subnet),
            false => Err(format!("a prefix without host bits: \"{subnet}\"")),
        }
    }

    /// Whether `address` lies in it, the two ends included.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (first, _) = bits_of(self.first);
        let (bits, width) = bits_of(address);
        self.first.is_ipv4() == address.is_ipv4() && bits & !host_mask(width, self.prefix) == first
    }

    /// Whether any address lies in both.
    pub fn overlaps(&self, other: &Subnet) -> bool {
        self.contains(other.first) || other.contains(self.first)
    }

    /// What `address` of this subnet is, where it is none that an interface may have.
    pub(super) fn reserved(&self, address: IpAddr) -> Option<&'static str> {
        let (bits, width) = bits_of(address);
        let mask = host_mask(width, self.prefix);
        match (address.is_ipv4(), bits & mask) {
            (true, 0) => Some("the network address of the subnet"),
            (true, host) if host == mask => Some("the broadcast address of the subnet"),
            // On a /127 both addresses are hosts (RFC 6164).
            (false, 0) if self.prefix < 127 => Some("the subnet-router anycast address"),
            _ => None,
        }
    }

    /// Whether it is a prefix of IPv4.
    pub fn is_ipv4(&self) -> bool {
        self.first.is_ipv4()
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

/// What a subnet is allowed to be.
pub(super) const ALLOWED: &str =
    "an IPv4 prefix of /8 to /30 or an IPv6 prefix of /8 to /127, as \"10.77.1.0/24\"";

fn bits_of(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), Ipv4Addr::BITS),
        IpAddr::V6(address) => (address.to_bits(), Ipv6Addr::BITS),
    }
}

/// The host bits of a prefix of 8 or more.
fn host_mask(width: u32, prefix: u32) -> u128 {
    let host_bits = width.saturating_sub(prefix);
    (1_u128 << host_bits) - 1
}

/// An address of the family of `address`.
fn like(address: IpAddr, bits: u128) -> IpAddr {
    match address {
        // The upper bits are zero: they come from an address of the same family.
        IpAddr::V4(_) => Ipv4Addr::from_bits(bits as u32).into(),
        IpAddr::V6(_) => Ipv6Addr::from_bits(bits).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(text: &str) -> Subnet {
        Subnet::parse(text).expect("valid")
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("valid")
    }

    #[test]
    fn host_bits_are_named() {
        let error = Subnet::parse("10.77.1.5/24").expect_err("host bits");
        assert_eq!(error, "a prefix without host bits: \"10.77.1.0/24\"");
        let error = Subnet::parse("2001:db8::5/64").expect_err("host bits");
        assert_eq!(error, "a prefix without host bits: \"2001:db8::/64\"");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "10.0.0.0",
            "10.0.0.0/",
            "10.0.0.0/31",
            "0.0.0.0/0",
            "10.0.0.0/+24",
            "::/0",
            "2001:db8::/128",
            "a/24",
        ] {
            assert_eq!(Subnet::parse(text), Err(ALLOWED.to_owned()), "{text}");
        }
    }

    #[test]
    fn the_ends_of_a_subnet_belong_to_no_interface() {
        let four = subnet("10.77.1.0/30");
        assert!(four.reserved(ip("10.77.1.0")).is_some());
        assert!(four.reserved(ip("10.77.1.3")).is_some());
        assert_eq!(four.reserved(ip("10.77.1.2")), None);
        let six = subnet("2001:db8::/64");
        assert!(six.reserved(ip("2001:db8::")).is_some());
        assert_eq!(six.reserved(ip("2001:db8::ffff:ffff:ffff:ffff")), None);
        assert_eq!(subnet("2001:db8::/127").reserved(ip("2001:db8::")), None);
    }

    #[test]
    fn families_never_mix() {
        assert!(!subnet("10.0.0.0/8").contains(ip("::a00:1")));
        assert!(!subnet("2001:db8::/64").overlaps(&subnet("10.0.0.0/8")));
        assert!(subnet("10.0.0.0/8").overlaps(&subnet("10.77.1.0/24")));
        assert!(!subnet("10.77.0.0/24").overlaps(&subnet("10.77.1.0/24")));
    }
}
