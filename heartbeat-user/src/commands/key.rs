//! `heartbeat key generate`.

use anyhow::Result;

use super::Exit;
use crate::key;

/// Prints a new line for the key file.
pub fn generate(id: u8) -> Result<Exit> {
    println!("{}", key::generate(id)?);
    Ok(Exit::Well)
}
