//! Places: how many clients are served, and who has to go when they are all taken.
//!
//! A client costs a descriptor and some memory, so there is a number of places. The awkward case is a
//! thousand connections that say nothing, while an operator wants to know what is going on: a queue would
//! let him wait behind them. So nobody waits for a place. Operators have places of their own; and a client
//! that has not yet asked anything gives way to a newcomer, the oldest first, then one that does not read its
//! answer. Followers stay for long and mean no harm: they have a number of their own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::rights::Rank;

/// Clients of one rank that are served at once, followers apart.
pub const PLACES: usize = 32;
/// Followers of one rank.
pub const FOLLOWERS: usize = 16;
/// A client that has read nothing of its answer for this long may be sent away for another.
const STALLED: Duration = Duration::from_secs(1);

/// What a client is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Doing {
    /// It has not asked yet.
    Asking,
    /// It waits for the agent.
    Waiting,
    /// It is to read its answer.
    Reading,
    /// It gets events as they come.
    Following,
}

#[derive(Debug)]
struct Client {
    rank: Rank,
    doing: Doing,
    since: Instant,
    leave: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Clients {
    next: u64,
    here: BTreeMap<u64, Client>,
}

/// All places.
#[derive(Clone, Debug, Default)]
pub struct Places(Arc<Mutex<Clients>>);

/// One client's place, given back when dropped.
#[derive(Debug)]
pub struct Place {
    number: u64,
    places: Places,
    leave: Arc<Notify>,
}

impl Places {
    /// A place for a newcomer, if need be that of somebody who makes no use of his; `None` where all do.
    pub fn take(&self, rank: Rank, now: Instant) -> Option<Place> {
        let mut clients = self.lock();
        let busy = |client: &&Client| client.rank == rank && client.doing != Doing::Following;
        if PLACES <= clients.here.values().filter(busy).count() {
            let number = clients.idlest(rank, now)?;
            let idle = clients.here.remove(&number)?;
            idle.leave.notify_one();
        }
        let number = clients.next;
        clients.next += 1;
        let leave = Arc::new(Notify::new());
        let client = Client {
            rank,
            doing: Doing::Asking,
            since: now,
            leave: leave.clone(),
        };
        clients.here.insert(number, client);
        Some(Place {
            number,
            places: self.clone(),
            leave,
        })
    }

    /// Sends away whoever has not asked or follows: the agent stops.
    pub fn close(&self) {
        for client in self.lock().here.values() {
            if client.doing == Doing::Asking {
                client.leave.notify_one();
            }
        }
    }

    /// Whether nobody is here.
    pub fn is_empty(&self) -> bool {
        self.lock().here.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Clients> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clients {
    /// Who of this rank makes the least use of his place, if anybody makes none.
    fn idlest(&self, rank: Rank, now: Instant) -> Option<u64> {
        let oldest = |doing: Doing| {
            self.here
                .iter()
                .filter(|(_, client)| client.rank == rank && client.doing == doing)
                .min_by_key(|(_, client)| client.since)
        };
        let stalled = || {
            oldest(Doing::Reading)
                .filter(|(_, client)| STALLED <= now.saturating_duration_since(client.since))
        };
        oldest(Doing::Asking)
            .or_else(stalled)
            .map(|(number, _)| *number)
    }
}

impl Place {
    /// Notes what the client does from now on, or that it got on with it.
    pub fn note(&self, doing: Doing, now: Instant) {
        if let Some(client) = self.places.lock().here.get_mut(&self.number) {
            client.doing = doing;
            client.since = now;
        }
    }

    /// Makes the client a follower; false where there are enough.
    pub fn follow(&self, now: Instant) -> bool {
        let mut clients = self.places.lock();
        let Some(rank) = clients.here.get(&self.number).map(|client| client.rank) else {
            return false;
        };
        let follower = |client: &&Client| client.rank == rank && client.doing == Doing::Following;
        let room = clients.here.values().filter(follower).count() < FOLLOWERS;
        if let Some(client) = clients.here.get_mut(&self.number).filter(|_| room) {
            client.doing = Doing::Following;
            client.since = now;
        }
        room
    }

    /// Comes back when the client has to go.
    pub async fn lost(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().here.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Duration = Duration::ZERO;

    fn filled(places: &Places, doing: Doing, now: Instant) -> Vec<Place> {
        (0..PLACES)
            .map(|_| {
                let place = places.take(Rank::Member, now).expect("room");
                place.note(doing, now);
                place
            })
            .collect()
    }

    async fn has_to_go(place: &Place) -> bool {
        tokio::time::timeout(AT_ONCE, place.lost()).await.is_ok()
    }

    #[tokio::test]
    async fn the_oldest_who_has_not_asked_gives_way() {
        let (places, start) = (Places::default(), Instant::now());
        let first = places.take(Rank::Member, start).expect("room");
        let others: Vec<Place> = (1..PLACES)
            .map(|_| places.take(Rank::Member, start + STALLED).expect("room"))
            .collect();
        let newcomer = places.take(Rank::Member, start + STALLED);
        assert!(newcomer.is_some());
        assert!(has_to_go(&first).await);
        for other in &others {
            assert!(!has_to_go(other).await);
        }
    }

    #[tokio::test]
    async fn whoever_reads_stays_and_whoever_does_not_gives_way() {
        let (places, start) = (Places::default(), Instant::now());
        let reading = filled(&places, Doing::Reading, start);
        assert!(places.take(Rank::Member, start).is_none());
        let later = start + STALLED;
        reading[0].note(Doing::Reading, later);
        assert!(places.take(Rank::Member, later).is_some());
        assert!(!has_to_go(&reading[0]).await);
        assert!(has_to_go(&reading[1]).await);
    }

    #[test]
    fn whoever_waits_for_the_agent_is_not_sent_away() {
        let (places, start) = (Places::default(), Instant::now());
        let waiting = filled(&places, Doing::Waiting, start);
        assert!(places.take(Rank::Member, start + 60 * STALLED).is_none());
        drop(waiting);
        assert!(places.is_empty());
        assert!(places.take(Rank::Member, start).is_some());
    }

    #[test]
    fn operators_have_places_of_their_own() {
        let (places, now) = (Places::default(), Instant::now());
        let _members = filled(&places, Doing::Waiting, now);
        assert!(places.take(Rank::Member, now).is_none());
        assert!(places.take(Rank::Operator, now).is_some());
    }

    #[test]
    fn followers_have_a_number_of_their_own() {
        let (places, now) = (Places::default(), Instant::now());
        let followers: Vec<Place> = (0..FOLLOWERS)
            .map(|_| {
                let place = places.take(Rank::Member, now).expect("room");
                assert!(place.follow(now));
                place
            })
            .collect();
        let _busy = filled(&places, Doing::Waiting, now);
        let one_more = places.take(Rank::Operator, now).expect("room");
        assert!(one_more.follow(now));
        drop(followers);
        assert!(places.take(Rank::Member, now).is_none());
    }
}
