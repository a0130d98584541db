//! The core's words as a recording spells them. They never change their meaning.

use heartbeat_core::arrival::{self, HeardBy};
use heartbeat_core::interface::{Soundness, Witness};
use heartbeat_core::node::Pause;
use heartbeat_core::starvation::Part;
use serde::{Deserialize, Serialize};

/// [`Part`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "Part", rename_all = "snake_case")]
pub enum PartWord {
    Loop,
    Sender,
}

/// [`Pause`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "Pause", rename_all = "snake_case")]
pub enum PauseWord {
    Suspended,
    WallClock,
}

/// [`Soundness`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "Soundness", rename_all = "snake_case")]
pub enum SoundnessWord {
    Unknown,
    Sound,
    Failed,
}

/// [`Witness`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "Witness", rename_all = "snake_case")]
pub enum WitnessWord {
    Unknown,
    Answers,
    Silent,
}

/// [`HeardBy`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "HeardBy", rename_all = "snake_case")]
pub enum HeardByWord {
    Unicast,
    Group,
}

/// [`arrival::Departure`], which is often absent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Departure {
    /// Its agent will be back.
    Restarting,
    /// It leaves on purpose.
    Leaving,
}

impl From<arrival::Departure> for Departure {
    fn from(departure: arrival::Departure) -> Self {
        match departure {
            arrival::Departure::Restarting => Departure::Restarting,
            arrival::Departure::Leaving => Departure::Leaving,
        }
    }
}

impl From<Departure> for arrival::Departure {
    fn from(departure: Departure) -> Self {
        match departure {
            Departure::Restarting => arrival::Departure::Restarting,
            Departure::Leaving => arrival::Departure::Leaving,
        }
    }
}
