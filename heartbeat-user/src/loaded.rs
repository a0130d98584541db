//! The configuration with the keys that it names: all that an agent is told by files.
//!
//! Both are read before anything begins and before anything changes, so that a mistake in either leaves all as
//! it was.

use std::path::Path;

use anyhow::Result;

use crate::config::{self, Authentication, Cluster};
use crate::key::KeyRing;

/// What files hold that have no mistake.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration.
    pub cluster: Cluster,
    /// Its text, as it was read.
    pub text: String,
    /// The keys, where heartbeats carry a tag.
    pub keys: Option<KeyRing>,
}

impl Loaded {
    /// Reads the configuration in this file, and the key file that it names.
    pub fn read(file: &Path) -> Result<Self> {
        Loaded::read_with(file, None)
    }

    /// The same with the keys in the file `key`, if there is one: on a host where the configured file is yet to
    /// come.
    pub fn read_with(file: &Path, key: Option<&Path>) -> Result<Self> {
        let text = config::read(file)?;
        let cluster = Cluster::parse(&text, &file.display().to_string())?;
        let keys = match &cluster.authentication {
            Authentication::Key { file } => Some(KeyRing::load(key.unwrap_or(file))?),
            Authentication::Off => {
                log::warn!("authentication is off: anyone on the networks can forge heartbeats");
                None
            }
        };
        Ok(Loaded {
            cluster,
            text,
            keys,
        })
    }
}
