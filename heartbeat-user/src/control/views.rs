//! Snapshots for many clients at once.
//!
//! A snapshot costs the main loop time, and a client that asks for one after another must not take it away
//! from heartbeats. So one is taken at a time, with a rest between two, and all who asked before it was
//! taken share it: nobody gets a view older than his question.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use crate::request::Request;
use crate::snapshot::Snapshot;

/// Between the end of one snapshot and the next.
const REST: Duration = Duration::from_millis(20);
/// Questions that may wait: more than there are places.
const WAITING_MAX: usize = 128;
/// A loop that is silent for this long is taken for stuck.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Asks the loop for a snapshot.
pub async fn snapshot(requests: &mpsc::Sender<Request>) -> Result<Snapshot> {
    let (answer, wait) = oneshot::channel();
    let gone = || anyhow!("the agent is stopping");
    let asked = async {
        requests
            .send(Request::Snapshot(answer))
            .await
            .map_err(|_| gone())?;
        wait.await.map_err(|_| gone())
    };
    timeout(PATIENCE, asked)
        .await
        .context("wait for the agent's loop")?
}

/// The way to a snapshot as a line of JSON.
#[derive(Clone, Debug)]
pub struct Views(mpsc::Sender<oneshot::Sender<Arc<[u8]>>>);

impl Views {
    /// Starts taking them, in a task of the current runtime.
    pub fn start(requests: mpsc::Sender<Request>) -> Self {
        let (ask, mut questions) = mpsc::channel(WAITING_MAX);
        tokio::spawn(async move {
            let mut rested = Instant::now();
            while let Some(first) = questions.recv().await {
                sleep_until(rested).await;
                let mut waiting: Vec<oneshot::Sender<Arc<[u8]>>> = vec![first];
                while let Ok(next) = questions.try_recv() {
                    waiting.push(next);
                }
                match line(&requests).await {
                    Ok(line) => {
                        for client in waiting {
                            // A client that left gets no answer.
                            let _ = client.send(line.clone());
                        }
                    }
                    Err(error) => log::warn!("nobody got a status: {error:#}"),
                }
                rested = Instant::now() + REST;
            }
        });
        Views(ask)
    }

    /// A snapshot taken after this call, as a line of JSON; an error where the loop does not answer in time.
    pub async fn newest(&self) -> Result<Arc<[u8]>> {
        let (answer, wait) = oneshot::channel();
        self.0
            .try_send(answer)
            .map_err(|_| anyhow!("too many wait for the agent's loop"))?;
        timeout(PATIENCE, wait)
            .await
            .context("wait for the agent's loop")?
            .context("the agent's loop gave no snapshot")
    }
}

async fn line(requests: &mpsc::Sender<Request>) -> Result<Arc<[u8]>> {
    let snapshot = snapshot(requests).await?;
    let mut line = serde_json::to_vec(&snapshot).context("write the snapshot")?;
    line.push(b'\n');
    Ok(line.into())
}
