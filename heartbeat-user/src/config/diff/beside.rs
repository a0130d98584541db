//! Two lists laid side by side by what identifies their items.

use std::collections::BTreeMap;

/// In which of the two lists an item is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side<T> {
    /// In the old one only.
    Old(T),
    /// In the new one only.
    New(T),
    /// In both, the old one first.
    Both(T, T),
}

/// The items of both lists by their keys, of which each list has each at most once.
pub(super) fn beside<K: Ord, T: Copy>(
    old: impl Iterator<Item = (K, T)>,
    new: impl Iterator<Item = (K, T)>,
) -> BTreeMap<K, Side<T>> {
    let mut sides: BTreeMap<K, Side<T>> = old.map(|(key, old)| (key, Side::Old(old))).collect();
    for (key, new) in new {
        let side = match sides.get(&key) {
            Some(Side::Old(old) | Side::Both(old, _)) => Side::Both(*old, new),
            Some(Side::New(_)) | None => Side::New(new),
        };
        sides.insert(key, side);
    }
    sides
}
