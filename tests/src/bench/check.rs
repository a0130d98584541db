//! What is promised, against what was measured.

use std::fmt;

use serde::Serialize;

/// One promise.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Check {
    /// What is compared; at most 42 columns.
    pub what: String,
    /// The ratio measured.
    pub measured: f64,
    /// The ratio promised.
    pub limit: Limit,
    /// Whether the promise is kept.
    pub kept: bool,
}

/// On which side of a ratio the promise lies.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// It costs at most so many times as much.
    AtMost(f64),
    /// It is faster at least so many times.
    AtLeast(f64),
}

impl Check {
    /// Compares.
    pub fn new(what: impl Into<String>, measured: f64, limit: Limit) -> Self {
        let kept = match limit {
            Limit::AtMost(most) => measured <= most,
            Limit::AtLeast(least) => least <= measured,
        };
        Check {
            what: what.into(),
            measured,
            limit,
            kept,
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.kept { "kept  " } else { "BROKEN" };
        let (word, limit) = match self.limit {
            Limit::AtMost(limit) => ("at most", limit),
            Limit::AtLeast(limit) => ("at least", limit),
        };
        let Check { what, measured, .. } = self;
        write!(f, "{verdict}  {what:<42}{measured:>10.2}  ({word} {limit})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_itself_is_kept() {
        assert!(Check::new("cost", 2.0, Limit::AtMost(2.0)).kept);
        assert!(!Check::new("cost", 2.01, Limit::AtMost(2.0)).kept);
        assert!(Check::new("speed", 20.0, Limit::AtLeast(20.0)).kept);
        let broken = Check::new("speed", 19.9, Limit::AtLeast(20.0));
        assert_eq!(
            broken.to_string(),
            format!("BROKEN  {:<42}     19.90  (at least 20)", "speed")
        );
    }
}
