//! Identities: who, where, and which run.
//!
//! A node number mixed up with a network number makes a path that looks right and is heard by nobody, so
//! each identity is a type of its own. None does arithmetic; all print as the number that the configuration
//! shows.

use core::fmt;
use core::num::NonZeroU16;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(NonZeroU16);

        impl $name {
            /// The identity with this number, or `None` for 0, which means nobody.
            pub const fn new(number: u16) -> Option<Self> {
                match NonZeroU16::new(number) {
                    Some(number) => Some(Self(number)),
                    None => None,
                }
            }

            /// The number, 1 ..= 65535.
            pub const fn number(self) -> u16 {
                self.0.get()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A node of the cluster, 1 ..= 65535, as configured under `[nodes.NAME] id`.
    NodeId
}

id! {
    /// A cluster network, 1 ..= 65535, as configured under `[networks.NAME] id`; it never changes its meaning.
    NetworkId
}

/// One run of a node's agent. A later run has a larger number; 0 means none known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Incarnation(pub u64);

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
