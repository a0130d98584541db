//! Echo requests that wait for an answer: the newest of each path.
//!
//! A real peer answers in its kernel, at once. One thread that answers for thousands may fall behind, and then an
//! answer to an old request helps nobody: its nonce has been replaced. Were all answered in their order, an asker that
//! repeats itself would never again get an answer in time.

use std::collections::VecDeque;

use super::voice::Request;

/// The newest request of each path, in the order in which the paths began to wait.
#[derive(Debug)]
pub struct Requests {
    newest: Vec<Option<Request>>,
    order: VecDeque<usize>,
}

impl Requests {
    /// None yet, of so many paths.
    pub fn of(paths: usize) -> Self {
        Requests {
            newest: vec![None; paths],
            order: VecDeque::new(),
        }
    }

    /// Takes a request of the path at this place, instead of an older one.
    pub fn push(&mut self, place: usize, request: Request) {
        if self.newest[place].replace(request).is_none() {
            self.order.push_back(place);
        }
    }

    /// The next to answer, and its place.
    pub fn pop(&mut self) -> Option<(usize, Request)> {
        let place = self.order.pop_front()?;
        Some((place, self.newest[place].take()?))
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use heartbeat_ebpf::wire::LENGTH;

    use super::*;
    use crate::generator::shape::PeerPath;

    fn request(peer: u16, nonce: u8) -> Request {
        let path = PeerPath { peer, network: 0 };
        Request::new(path, &[nonce; LENGTH])
    }

    #[test]
    fn only_the_newest_request_of_a_path_is_answered() {
        let mut requests = Requests::of(3);
        requests.push(2, request(2, 1));
        requests.push(0, request(0, 2));
        requests.push(2, request(2, 3));
        assert_eq!(requests.pop(), Some((2, request(2, 3))));
        assert!(!requests.is_empty());
        assert_eq!(requests.pop(), Some((0, request(0, 2))));
        assert!(requests.is_empty());
        assert_eq!(requests.pop(), None);
    }
}
