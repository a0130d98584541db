//! The file as a tree that remembers where everything stood.
//!
//! Each refusal is noted, with its place, while reading goes on. The awkward case is the file that is not even TOML on some line: the parser
//! recovers and the values on other lines are still worth checking, but nothing can be said about what is
//! *missing*, for it may stand on the broken line. Such a document is called broken, and complains only
//! about what it has.

use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::Range;

use toml::Spanned;
use toml::de::DeTable;

use super::mistake::Mistake;

/// A file's text and the mistakes noted so far.
pub(super) struct Document<'t> {
    text: &'t str,
    /// Where each line begins.
    starts: Vec<usize>,
    /// Lines that are not TOML.
    broken: BTreeSet<usize>,
    mistakes: RefCell<Vec<Mistake>>,
}

/// Where something stood, and what it was.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// From 1.
    pub line: usize,
    /// With its sections.
    pub key: String,
    /// As the file has it, shortened.
    pub read: String,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub value: T,
    pub place: Place,
}

impl<'t> Document<'t> {
    /// The document of `text`; lines that are not TOML are noted.
    pub fn parse(text: &'t str) -> (Self, Spanned<DeTable<'t>>) {
        let (root, errors) = DeTable::parse_recoverable(text);
        let line_ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let mut document = Document {
            text,
            starts: [0]
                .into_iter()
                .chain(line_ends.map(|(end, _)| end + 1))
                .collect(),
            broken: BTreeSet::new(),
            mistakes: RefCell::default(),
        };
        for error in errors {
            document.not_toml(&error);
        }
        (document, root)
    }

    /// Whether some line was not TOML, so that absence means nothing.
    pub fn is_broken(&self) -> bool {
        !self.broken.is_empty()
    }

    /// Whether nothing was noted.
    pub fn is_flawless(&self) -> bool {
        self.mistakes.borrow().is_empty()
    }

    /// All mistakes noted; of a line that is not TOML only that.
    pub fn into_mistakes(self) -> Vec<Mistake> {
        self.mistakes.into_inner()
    }

    /// Notes that `allowed` should have stood in a place.
    pub fn refuse(&self, place: &Place, allowed: impl Display) {
        self.note(place, format!("read {}; allowed is {allowed}", place.read));
    }

    /// Notes a mistake in a place.
    pub fn note(&self, place: &Place, what: String) {
        if !self.broken.contains(&place.line) {
            self.mistakes.borrow_mut().push(Mistake {
                line: place.line,
                key: place.key.clone(),
                what,
            });
        }
    }

    /// Notes each value that stood before. `allowed` says what it should be instead.
    pub fn distinct<'a, T: Ord + 'a>(
        &self,
        values: impl Iterator<Item = &'a At<T>>,
        allowed: &str,
    ) {
        let mut first = BTreeMap::new();
        for At { value, place } in values {
            match first.entry(value) {
                Entry::Vacant(entry) => {
                    entry.insert(place);
                }
                Entry::Occupied(entry) => {
                    let Place { key, line, .. } = entry.get();
                    self.refuse(
                        place,
                        format_args!("{allowed}: {key} has this one (line {line})"),
                    );
                }
            }
        }
    }

    fn not_toml(&mut self, error: &toml::de::Error) {
        let span = error.span().unwrap_or(0..0);
        let line = self.line(span.start);
        if error.message() == "duplicate key" {
            let place = self.place(self.excerpt(span.clone()), span);
            let what = "read this key a second time; allowed is each key once";
            return self.note(&place, what.to_owned());
        }
        let place = Place {
            line,
            key: "syntax".to_owned(),
            read: format!("`{}`", self.excerpt(self.line_span(line))),
        };
        self.refuse(&place, format_args!("TOML: {}", error.message()));
        self.broken.insert(line);
    }

    /// The place of what a span of the text holds.
    pub fn place(&self, key: String, span: Range<usize>) -> Place {
        Place {
            line: self.line(span.start),
            key,
            read: self.excerpt(span),
        }
    }

    /// The line of a byte of the text.
    pub fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    fn line_span(&self, line: usize) -> Range<usize> {
        let start = self
            .starts
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or(0);
        let end = self.starts.get(line).copied().unwrap_or(self.text.len());
        start..end
    }

    /// The text of a span, in one line and shortened.
    pub fn excerpt(&self, span: Range<usize>) -> String {
        let text = self.text.get(span).unwrap_or_default().trim();
        shortened(text)
    }
}

/// A text in one line, shortened, without control characters.
pub(super) fn shortened(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut printable = String::new();
    for c in text.chars().take(SHOWN) {
        match c.is_control() {
            true => printable.extend(c.escape_default()),
            false => printable.push(c),
        }
    }
    if text.chars().nth(SHOWN).is_some() {
        printable.push_str("...");
    }
    printable
}
