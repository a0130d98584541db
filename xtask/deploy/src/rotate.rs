//! Another key, without a lost heartbeat.
//!
//! Nodes change one after the other, so that a key is replaced in three roll-outs: the new one comes second
//! everywhere, then it comes first, then the old one goes. The operator's file is changed before the hosts are, so
//! that a replacement that stopped goes on from there: the same roll-out is finished first.

use anyhow::{Context, Result, ensure};

use crate::deployment::{Deployment, Outcome};
use crate::wanted::{Scope, Wanted};

/// Replaces the key.
pub fn run(deployment: &Deployment, mut wanted: Wanted) -> Result<()> {
    ensure!(
        !wanted.key_is_new,
        "there is no key to replace in {}",
        deployment.arguments.key_file().display()
    );
    wanted.scope = Scope::Key;
    println!("Finishing what an earlier replacement may have left:");
    let finished = deployment.bring(&wanted)?;
    if finished == Outcome::Changed && keys(&wanted) == 1 {
        println!("An earlier replacement is done. Say --rotate-key again for another.");
        return Ok(());
    }
    loop {
        let key = wanted.key.as_ref();
        let key = key.context("without authentication there is no key to replace")?;
        let next = key.next_step()?;
        next.write()?;
        wanted.key = Some(next);
        println!("\n{}", step(&wanted));
        deployment.bring(&wanted)?;
        if keys(&wanted) == 1 {
            return Ok(());
        }
    }
}

fn keys(wanted: &Wanted) -> usize {
    wanted.key.as_ref().map_or(0, |key| key.marks().len())
}

/// The step in words.
fn step(wanted: &Wanted) -> String {
    let marks = wanted
        .key
        .as_ref()
        .map(|key| key.marks())
        .unwrap_or_default();
    match &marks[..] {
        [first, second] => format!("Key {} signs, key {} is known too:", first.id, second.id),
        [only] => format!("Key {} alone:", only.id),
        _ => "No key:".to_owned(),
    }
}
