//! Putting a message together again from its fragments.
//!
//! A peer has one message of each class in hand at most: what a newer one does to an older is the older one's end.
//! So what is kept is bounded by the peers, and one that sends beginnings only keeps nobody else waiting.

use super::MESSAGE_MAX;

/// One message, as far as it has come.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Assembly {
    number: u64,
    fragments: Vec<Option<Box<[u8]>>>,
    missing: usize,
    bytes: usize,
}

/// A fragment and its place.
#[derive(Clone, Copy, Debug)]
pub struct Fragment<'a> {
    /// The message's number.
    pub number: u64,
    /// Which fragment, below `of`.
    pub place: u16,
    /// How many there are.
    pub of: u16,
    /// What it holds.
    pub content: &'a [u8],
}

impl Assembly {
    /// Adds a fragment, and returns the message once it is whole. A fragment of an older message, or one that is
    /// here already, changes nothing; one of a newer message, or of the same cut otherwise, begins anew.
    pub fn add(&mut self, fragment: Fragment<'_>) -> Option<Vec<u8>> {
        if fragment.of == 1 {
            return self.single(fragment);
        }
        if fragment.number < self.number {
            return None;
        }
        if self.number != fragment.number || self.fragments.len() != usize::from(fragment.of) {
            *self = Assembly {
                number: fragment.number,
                fragments: vec![None; usize::from(fragment.of)],
                missing: usize::from(fragment.of),
                bytes: 0,
            };
        }
        let place = self.fragments.get_mut(usize::from(fragment.place))?;
        if place.is_some() || MESSAGE_MAX < self.bytes + fragment.content.len() {
            return None;
        }
        *place = Some(fragment.content.into());
        self.bytes += fragment.content.len();
        self.missing -= 1;
        (self.missing == 0).then(|| self.take())
    }

    /// Bytes that it holds.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Forgets what has come.
    pub fn forget(&mut self) {
        *self = Assembly::default();
    }

    /// A message of one fragment needs no keeping, and ends an older one that is incomplete.
    fn single(&mut self, fragment: Fragment<'_>) -> Option<Vec<u8>> {
        if self.number <= fragment.number {
            self.forget();
        }
        (fragment.content.len() <= MESSAGE_MAX).then(|| fragment.content.to_vec())
    }

    fn take(&mut self) -> Vec<u8> {
        let whole = std::mem::take(self);
        let fragments: Vec<Box<[u8]>> = whole.fragments.into_iter().flatten().collect();
        fragments.concat()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fragment;
    use super::*;

    fn part(number: u64, place: u16, of: u16, content: &[u8]) -> Fragment<'_> {
        Fragment {
            number,
            place,
            of,
            content,
        }
    }

    proptest! {
        #[test]
        fn a_message_comes_whole_once_in_any_order_and_with_copies(
            message in proptest::collection::vec(any::<u8>(), 0..5000),
            order in proptest::collection::vec(any::<prop::sample::Index>(), 0..60),
        ) {
            let fragments = fragment::cut(&message, 300);
            let of = fragments.len() as u16;
            let mut assembly = Assembly::default();
            let mut whole = Vec::new();
            let mut given = vec![false; fragments.len()];
            let rest = 0..fragments.len();
            for place in order.iter().map(|at| at.index(fragments.len())).chain(rest) {
                if whole.is_empty() || !given[place] {
                    whole.extend(assembly.add(part(9, place as u16, of, fragments[place])));
                }
                given[place] = true;
                if !whole.is_empty() && of == 1 {
                    break;
                }
            }
            prop_assert_eq!(whole, vec![message]);
            prop_assert_eq!(assembly.bytes(), 0);
        }
    }

    #[test]
    fn a_newer_message_ends_an_older_one() {
        let mut assembly = Assembly::default();
        assert_eq!(assembly.add(part(1, 0, 2, b"old")), None);
        assert_eq!(assembly.add(part(2, 1, 2, b"er")), None);
        assert_eq!(assembly.add(part(1, 1, 2, b"er")), None);
        assert_eq!(assembly.add(part(2, 0, 2, b"new")), Some(b"newer".to_vec()));
        assert_eq!(assembly.add(part(3, 0, 2, b"a")), None);
        assert_eq!(assembly.add(part(4, 0, 1, b"b")), Some(b"b".to_vec()));
        assert_eq!(assembly.bytes(), 0);
    }

    #[test]
    fn the_same_message_cut_otherwise_begins_anew() {
        let mut assembly = Assembly::default();
        assert_eq!(assembly.add(part(1, 0, 2, b"ab")), None);
        assert_eq!(assembly.add(part(1, 1, 3, b"b")), None);
        assert_eq!(assembly.add(part(1, 2, 3, b"c")), None);
        assert_eq!(assembly.add(part(1, 0, 3, b"a")), Some(b"abc".to_vec()));
    }

    #[test]
    fn too_much_is_never_kept() {
        let mut assembly = Assembly::default();
        let content = vec![0; 2_000];
        for place in 0..250 {
            assert_eq!(assembly.add(part(1, place, 251, &content)), None);
        }
        assert!(assembly.bytes() <= MESSAGE_MAX);
    }
}
