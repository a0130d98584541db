//! The event by which something that is shown was told.

use serde::{Deserialize, Serialize};

/// The loss that a path is in, as it was told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ToldView {
    /// Number of the event, for `heartbeat explain`.
    pub seq: u64,
    /// Why, in words; absent where nothing is known.
    pub cause: Option<String>,
    /// What kind of cause, as in the event's evidence.
    pub class: Option<String>,
}
