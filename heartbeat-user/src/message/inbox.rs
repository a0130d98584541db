//! Parcels that came, on their way to whoever receives them.
//!
//! The loop hands each over to the control socket's thread and never waits for it: no lock is shared, only two
//! numbers, which the loop alone raises and the thread alone lowers. So when the loop says that there is room, there
//! is; and what it has taken, and told the sender so, is not dropped while the agent runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::mpsc;

/// Parcels that may wait.
pub const PARCELS_MAX: usize = 256;
/// Bytes of them.
pub const BYTES_MAX: usize = 4 * 1024 * 1024;

/// A parcel that came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Arrived {
    /// Its sender's name.
    pub from: String,
    /// When it was whole, wall time.
    pub at: Duration,
    /// What it holds.
    pub body: Vec<u8>,
}

/// How much waits.
#[derive(Debug, Default)]
struct Load {
    parcels: AtomicUsize,
    bytes: AtomicUsize,
}

/// The loop's end.
#[derive(Debug)]
pub struct Inbox {
    load: Arc<Load>,
    way: mpsc::UnboundedSender<Arrived>,
}

/// The other end.
#[derive(Debug)]
pub struct Outlet {
    load: Arc<Load>,
    way: mpsc::UnboundedReceiver<Arrived>,
}

/// Says that parcels wait no longer.
#[derive(Clone, Debug)]
pub struct Relief(Arc<Load>);

/// Both ends.
pub fn channel() -> (Inbox, Outlet) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let load = Arc::<Load>::default();
    let inbox = Inbox {
        load: load.clone(),
        way: sender,
    };
    let outlet = Outlet {
        load,
        way: receiver,
    };
    (inbox, outlet)
}

impl Inbox {
    /// Takes a parcel, unless there is no room for it: then it comes back.
    pub fn put(&self, parcel: Arrived) -> Result<(), Arrived> {
        let length = parcel.body.len();
        let full = PARCELS_MAX <= self.load.parcels.load(Relaxed)
            || BYTES_MAX < self.load.bytes.load(Relaxed) + length;
        if full {
            return Err(parcel);
        }
        self.load.parcels.fetch_add(1, Relaxed);
        self.load.bytes.fetch_add(length, Relaxed);
        self.way.send(parcel).map_err(|refused| refused.0)
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.load.parcels.load(Relaxed)
    }
}

impl Outlet {
    /// The next parcel; `None` once the loop has ended.
    pub async fn next(&mut self) -> Option<Arrived> {
        self.way.recv().await
    }

    /// To say that one waits no longer.
    pub fn relief(&self) -> Relief {
        Relief(self.load.clone())
    }
}

impl Relief {
    /// A parcel of this length waits no longer.
    pub fn gone(&self, length: usize) {
        self.0.parcels.fetch_sub(1, Relaxed);
        self.0.bytes.fetch_sub(length, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(length: usize) -> Arrived {
        Arrived {
            from: "node-b".to_owned(),
            at: Duration::ZERO,
            body: vec![0; length],
        }
    }

    #[tokio::test]
    async fn so_many_parcels_wait_and_no_more() {
        let (inbox, mut outlet) = channel();
        for _ in 0..PARCELS_MAX {
            assert_eq!(inbox.put(parcel(1)), Ok(()));
        }
        assert_eq!(inbox.put(parcel(1)), Err(parcel(1)));
        let first = outlet.next().await.expect("waits");
        assert!(inbox.put(parcel(1)).is_err(), "it is still somebody's");
        outlet.relief().gone(first.body.len());
        assert_eq!(inbox.put(parcel(1)), Ok(()));
    }

    #[test]
    fn so_many_bytes_wait_and_no_more() {
        let (inbox, _outlet) = channel();
        for _ in 0..BYTES_MAX / (64 * 1024) {
            assert_eq!(inbox.put(parcel(64 * 1024)), Ok(()));
        }
        assert!(inbox.put(parcel(1)).is_err());
        assert_eq!(inbox.put(parcel(0)), Ok(()));
        assert_eq!(inbox.waiting(), BYTES_MAX / (64 * 1024) + 1);
    }
}
