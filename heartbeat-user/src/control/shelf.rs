//! Where parcels lie until somebody receives them.
//!
//! Each receiver that is here when a parcel comes gets it, and a parcel that comes while none is here waits for
//! the first. What was written to a receiver counts as received. The awkward case is a receiver that does not read:
//! what it has not got must stay, or it would miss some of what it was promised; but not for ever, or it would keep
//! the shelf full for all others. So it is cut off when it has not read for a while (`serve`), and what others have
//! got meanwhile goes with it; what nobody has got stays.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::message::inbox::{Arrived, Outlet, Relief};

/// All that lies there.
#[derive(Debug)]
pub struct Shelf {
    parcels: Arc<Mutex<Parcels>>,
    newest: watch::Receiver<u64>,
}

#[derive(Debug)]
struct Parcels {
    relief: Relief,
    /// Number of the first that lies there; they are numbered as they come.
    first: u64,
    lying: VecDeque<Arc<Arrived>>,
    /// All before this number were received by somebody.
    received: u64,
    /// What each receiver gets next.
    next: BTreeMap<u64, u64>,
    newcomer: u64,
}

/// One who receives, until this is dropped.
#[derive(Debug)]
pub struct Receiver {
    name: u64,
    parcels: Arc<Mutex<Parcels>>,
    newest: watch::Receiver<u64>,
}

impl Shelf {
    /// A shelf that is filled from here, by a task of the current runtime.
    pub fn start(mut outlet: Outlet) -> Self {
        let parcels = Arc::new(Mutex::new(Parcels {
            relief: outlet.relief(),
            first: 0,
            lying: VecDeque::new(),
            received: 0,
            next: BTreeMap::new(),
            newcomer: 0,
        }));
        let (told, newest) = watch::channel(0);
        let filled = parcels.clone();
        tokio::spawn(async move {
            while let Some(parcel) = outlet.next().await {
                let end = lock(&filled).put(parcel);
                // Nobody has to be here.
                let _ = told.send(end);
            }
        });
        Shelf { parcels, newest }
    }

    /// Somebody who gets all that nobody has received yet, and what comes.
    pub fn receive(&self) -> Receiver {
        let mut parcels = lock(&self.parcels);
        let name = parcels.newcomer;
        let begin = parcels.received;
        parcels.newcomer += 1;
        parcels.next.insert(name, begin);
        drop(parcels);
        Receiver {
            name,
            parcels: self.parcels.clone(),
            newest: self.newest.clone(),
        }
    }
}

impl Clone for Shelf {
    fn clone(&self) -> Self {
        Shelf {
            parcels: self.parcels.clone(),
            newest: self.newest.clone(),
        }
    }
}

impl Receiver {
    /// How many lie there for it.
    pub fn waiting(&self) -> u64 {
        let parcels = lock(&self.parcels);
        parcels.end() - parcels.next[&self.name]
    }

    /// The next parcel; `None` once no more will come. It stays the next until [`Receiver::received`].
    pub async fn next(&mut self) -> Option<Arc<Arrived>> {
        loop {
            self.newest.borrow_and_update();
            if let Some(parcel) = lock(&self.parcels).next_of(self.name) {
                return Some(parcel);
            }
            self.newest.changed().await.ok()?;
        }
    }

    /// It has got its next parcel.
    pub fn received(&mut self) {
        let mut parcels = lock(&self.parcels);
        if let Some(next) = parcels.next.get_mut(&self.name) {
            *next += 1;
            parcels.received = parcels.received.max(parcels.next[&self.name]);
        }
        parcels.clear();
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let mut parcels = lock(&self.parcels);
        parcels.next.remove(&self.name);
        parcels.clear();
    }
}

impl Parcels {
    /// Returns the number after the new parcel's.
    fn put(&mut self, parcel: Arrived) -> u64 {
        self.lying.push_back(Arc::new(parcel));
        self.end()
    }

    fn end(&self) -> u64 {
        self.first + self.lying.len() as u64
    }

    fn next_of(&self, name: u64) -> Option<Arc<Arrived>> {
        let place = self.next.get(&name)? - self.first;
        self.lying.get(place as usize).cloned()
    }

    /// Takes away what was received and nobody who is here still has to get.
    fn clear(&mut self) {
        let slowest = self.next.values().copied().min();
        let kept = slowest.unwrap_or(self.received).min(self.received);
        while self.first < kept {
            if let Some(parcel) = self.lying.pop_front() {
                self.relief.gone(parcel.body.len());
            }
            self.first += 1;
        }
    }
}

fn lock(parcels: &Mutex<Parcels>) -> MutexGuard<'_, Parcels> {
    parcels.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::message::inbox::{self, Inbox};

    fn put(inbox: &Inbox, words: &[&str]) {
        for word in words {
            let parcel = Arrived {
                from: "node-b".to_owned(),
                at: Duration::ZERO,
                body: word.as_bytes().to_vec(),
            };
            inbox.put(parcel).expect("room");
        }
    }

    async fn get(receiver: &mut Receiver, count: usize) -> Vec<String> {
        let mut words = Vec::new();
        for _ in 0..count {
            let parcel = receiver.next().await.expect("comes");
            words.push(String::from_utf8_lossy(&parcel.body).into_owned());
            receiver.received();
        }
        words
    }

    #[tokio::test]
    async fn what_comes_while_nobody_is_here_waits_for_the_first() {
        let (inbox, outlet) = inbox::channel();
        let shelf = Shelf::start(outlet);
        put(&inbox, &["a", "b"]);
        let mut first = shelf.receive();
        assert_eq!(get(&mut first, 2).await, ["a", "b"]);
        assert_eq!(inbox.waiting(), 0);
        let mut second = shelf.receive();
        assert_eq!(second.waiting(), 0);
        put(&inbox, &["c"]);
        assert_eq!(get(&mut first, 1).await, ["c"]);
        assert_eq!(inbox.waiting(), 1, "the other has not got it");
        assert_eq!(get(&mut second, 1).await, ["c"]);
        assert_eq!(inbox.waiting(), 0);
    }

    #[tokio::test]
    async fn what_a_receiver_did_not_get_goes_with_it_only_if_others_have_it() {
        let (inbox, outlet) = inbox::channel();
        let shelf = Shelf::start(outlet);
        let (mut quick, slow) = (shelf.receive(), shelf.receive());
        put(&inbox, &["a", "b", "c"]);
        assert_eq!(get(&mut quick, 2).await, ["a", "b"]);
        assert_eq!(inbox.waiting(), 3);
        drop(slow);
        assert_eq!(inbox.waiting(), 1);
        drop(quick);
        assert_eq!(inbox.waiting(), 1, "nobody has got the third");
        assert_eq!(get(&mut shelf.receive(), 1).await, ["c"]);
        assert_eq!(inbox.waiting(), 0);
    }

    #[tokio::test]
    async fn a_receiver_is_told_that_no_more_will_come() {
        let (inbox, outlet) = inbox::channel();
        let shelf = Shelf::start(outlet);
        let mut receiver = shelf.receive();
        put(&inbox, &["a"]);
        drop(inbox);
        assert_eq!(get(&mut receiver, 1).await, ["a"]);
        assert_eq!(receiver.next().await, None);
    }
}
