//! Why a running agent does not take a new configuration.
//!
//! Whoever reloads at night mends the file once, so that all reasons are given at once, as with the mistakes
//! of a file.

use std::fmt;

/// The reasons, at least one. Its `Display` is one line each; each says what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    reasons: Vec<String>,
}

impl Refused {
    /// All is well without a reason.
    pub(crate) fn unless_empty(reasons: Vec<String>) -> Result<(), Refused> {
        match reasons[..] {
            [] => Ok(()),
            _ => Err(Refused { reasons }),
        }
    }

    /// One line each.
    pub fn reasons(&self) -> &[String] {
        &self.reasons
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reasons.join("\n"))
    }
}

impl std::error::Error for Refused {}
