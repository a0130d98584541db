//! How the file spells what can be chosen.
//!
//! Each word is read, compared between nodes (the digest) and printed again (the plan of a reload). The
//! spelling stands here alone: two lists that differ by a letter would split a cluster's digests.

use super::{Authentication, Ksoftirqd, Multicast, Role, XdpMode};

impl Authentication {
    /// The word of `[cluster] authentication`.
    pub const fn word(&self) -> &'static str {
        match self {
            Authentication::Key { .. } => "key",
            Authentication::Off => "off",
        }
    }
}

impl Multicast {
    /// The word of `multicast`.
    pub const fn word(self) -> &'static str {
        match self {
            Multicast::Auto => "auto",
            Multicast::On => "on",
            Multicast::Off => "off",
        }
    }
}

impl Role {
    /// The word of `role`.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Internal => "internal",
            Role::Mixed => "mixed",
            Role::Client => "client",
        }
    }
}

impl XdpMode {
    /// The word of `xdp`.
    pub const fn word(self) -> &'static str {
        match self {
            XdpMode::Auto => "auto",
            XdpMode::Native => "native",
            XdpMode::Generic => "generic",
        }
    }
}

impl Ksoftirqd {
    /// The word of `[agent] raise_ksoftirqd`.
    pub const fn word(self) -> &'static str {
        match self {
            Ksoftirqd::Left => "false",
            Ksoftirqd::Raised => "true",
        }
    }
}
