//! Asking peers how they are set up, by way of the agent.

use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::commands::{self, NoAgent, Undelivered};
use crate::diagnose::facts::PeerSettings;
use crate::diagnose::reading::Reading;

/// Peers that are asked at once.
const AT_ONCE: usize = 16;
/// Peers that are asked.
const PEERS_MAX: usize = 128;
/// How long the agent may take, which gives up a peer sooner.
const PATIENCE: Duration = Duration::from_secs(8);

/// What each of these peers says.
pub fn ask(socket: &Path, peers: &[String]) -> Vec<PeerSettings> {
    let some = &peers[..peers.len().min(PEERS_MAX)];
    let mut all = Vec::new();
    for group in some.chunks(AT_ONCE) {
        thread::scope(|scope| {
            let asked: Vec<_> = group
                .iter()
                .map(|peer| scope.spawn(move || one(socket, peer)))
                .collect();
            all.extend(asked.into_iter().filter_map(|asked| asked.join().ok()));
        });
    }
    all
}

fn one(socket: &Path, peer: &str) -> PeerSettings {
    let said = match commands::inquire(socket, peer, PATIENCE) {
        Ok(settings) => Reading::Known(settings),
        Err(error) => match error.downcast_ref::<Undelivered>() {
            Some(Undelivered(why)) => Reading::Unreadable(why.clone()),
            None if error.is::<NoAgent>() => {
                Reading::Absent("no agent is here to ask peers".to_owned())
            }
            None => Reading::Unreadable(format!("{error:#}")),
        },
    };
    PeerSettings {
        peer: peer.to_owned(),
        said,
    }
}
