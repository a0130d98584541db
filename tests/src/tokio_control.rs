//! The control of the starvation tests: a heartbeat as anybody would write it with tokio.
//!
//! That no healthy node is accused proves nothing unless somebody else would have accused it. So the same hogs are
//! laid on this: every interval a datagram from a tokio timer to the other end, and a tokio task that takes what
//! comes, with the detection time of the agents beside it. What it calls a loss while its peer and the network are
//! well is its own stall.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use tokio::net::UdpSocket;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::lab::clock::monotonic_ns;

pub mod pair;

/// What one end does.
#[derive(Clone, Copy, Debug)]
pub struct Control {
    /// Where it listens and sends from.
    pub local: SocketAddr,
    /// Whom it watches.
    pub peer: SocketAddr,
    /// Between two datagrams.
    pub interval: Duration,
    /// A longer silence is a loss.
    pub detection: Duration,
    /// When it ends, in nanoseconds of CLOCK_MONOTONIC.
    pub end_ns: u64,
}

/// What one end saw.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Seen {
    /// Datagrams sent.
    pub sent: u64,
    /// Datagrams received.
    pub received: u64,
    /// The longest time between two of them, as this program saw it.
    pub largest_gap_ns: u64,
    /// How often it called its peer lost.
    pub losses: u64,
}

impl Seen {
    /// The longest time between two datagrams.
    pub fn largest_gap(&self) -> Duration {
        Duration::from_nanos(self.largest_gap_ns)
    }
}

impl Control {
    /// Watches until the end, on a runtime of its own.
    pub fn run(self) -> Result<Seen> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("make a tokio runtime")?;
        runtime.block_on(self.watch())
    }

    async fn watch(self) -> Result<Seen> {
        let socket = UdpSocket::bind(self.local)
            .await
            .with_context(|| format!("listen on {}", self.local))?;
        let mut ticks = interval(self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut watch = Watch::default();
        let mut datagram = [0; 64];
        while monotonic_ns() < self.end_ns {
            tokio::select! {
                _ = ticks.tick() => {
                    // Until the other end is there, its host refuses; the next one is sent all the same.
                    watch.seen.sent += u64::from(socket.send_to(&datagram, self.peer).await.is_ok());
                }
                received = socket.recv_from(&mut datagram) => {
                    if received.is_ok_and(|(_, from)| from == self.peer) {
                        watch.heard(Instant::now());
                    }
                }
                () = watch.deadline(self.detection) => watch.lose(),
            }
        }
        Ok(watch.seen)
    }
}

/// The state of the one path.
#[derive(Default)]
struct Watch {
    seen: Seen,
    last: Option<Instant>,
    lost: bool,
}

impl Watch {
    fn heard(&mut self, now: Instant) {
        if let Some(last) = self.last {
            let gap = now - last;
            let gap_ns = u64::try_from(gap.as_nanos()).unwrap_or(u64::MAX);
            self.seen.largest_gap_ns = self.seen.largest_gap_ns.max(gap_ns);
        }
        self.seen.received += 1;
        self.last = Some(now);
        self.lost = false;
    }

    fn lose(&mut self) {
        self.seen.losses += 1;
        self.lost = true;
    }

    /// Returns when the peer is lost; never if it was not heard yet, or is lost already.
    async fn deadline(&self, detection: Duration) {
        match self.last {
            Some(last) if !self.lost => sleep_until(last + detection).await,
            _ => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_silence_is_one_loss_however_long_it_is() {
        let detection = Duration::from_millis(20);
        let mut watch = Watch::default();
        watch.heard(Instant::now());
        watch.deadline(detection).await;
        watch.lose();
        let more = tokio::time::timeout(3 * detection, watch.deadline(detection)).await;
        assert!(more.is_err());
        watch.heard(Instant::now());
        assert_eq!(watch.seen.losses, 1);
        assert!(4 * detection <= watch.seen.largest_gap());
    }
}
