//! What a misspelt word was meant to be.

/// The word that whoever wrote `name` may have meant.
pub(super) fn nearest<'a>(name: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // The distance takes time with the square of the length, and no word of ours is long.
    if name.len() > 63 {
        return None;
    }
    let distances = words
        .take(64)
        .map(|word| (strsim::damerau_levenshtein(name, word), word));
    let (distance, word) = distances.min()?;
    (distance <= 2 && distance < word.len()).then_some(word)
}
