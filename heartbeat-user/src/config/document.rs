//! The file as a tree that remembers where everything stood.
//!
//! Sections are asked for their keys one by one; what was never asked for is unknown, and each refusal is
//! noted while reading goes on. The awkward case is the file that is not even TOML on some line: the parser
//! recovers and the values on other lines are still worth checking, but nothing can be said about what is
//! *missing*, for it may stand on the broken line. Such a document is called broken, and complains only
//! about what it has.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map;
use std::fmt::Display;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistake::Mistake;

/// A file's text and the mistakes noted so far.
pub(super) struct Document<'t> {
    text: &'t str,
    /// Where each line begins.
    starts: Vec<usize>,
    broken: bool,
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

/// A table, or the absence of one, in which every key is absent.
pub(super) struct Section<'d, 't> {
    document: &'d Document<'t>,
    table: Option<&'d DeTable<'t>>,
    pub place: Place,
    known: RefCell<Vec<&'static str>>,
}

/// A key and its value.
type Entry<'d, 't> = (&'d Spanned<Cow<'t, str>>, &'d Spanned<DeValue<'t>>);

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
            broken: false,
            mistakes: RefCell::default(),
        };
        for error in errors {
            document.not_toml(&error);
        }
        (document, root)
    }

    /// The tree's top.
    pub fn root<'d>(&'d self, table: &'d DeTable<'t>) -> Section<'d, 't> {
        let place = self.place(String::new(), 0..0);
        Section::new(self, Some(table), place)
    }

    /// Whether some line was not TOML, so that absence means nothing.
    pub fn is_broken(&self) -> bool {
        self.broken
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
        let mut mistakes = self.mistakes.borrow_mut();
        let said = |known: &Mistake| known.line == place.line && known.key == SYNTAX;
        if !(self.broken && mistakes.iter().any(said)) {
            mistakes.push(Mistake {
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
                btree_map::Entry::Vacant(entry) => {
                    entry.insert(place);
                }
                btree_map::Entry::Occupied(entry) => {
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
            let place = self.place(self.excerpt(span), 0..0);
            let place = Place { line, ..place };
            self.note(
                &place,
                "read this key a second time; allowed is each key once".to_owned(),
            );
            return;
        }
        self.broken = true;
        let place = Place {
            line,
            key: SYNTAX.to_owned(),
            read: self.excerpt(self.line_span(line)),
        };
        self.note(
            &place,
            format!(
                "read `{}`; allowed is TOML: {}",
                place.read,
                error.message()
            ),
        );
    }

    fn place(&self, key: String, span: Range<usize>) -> Place {
        Place {
            line: self.line(span.start),
            key,
            read: self.excerpt(span),
        }
    }

    fn line(&self, offset: usize) -> usize {
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

    /// The text of a span, in one line and shortened, without control characters.
    fn excerpt(&self, span: Range<usize>) -> String {
        let text = self.text.get(span).unwrap_or_default().trim();
        shortened(text)
    }
}

impl<'d, 't> Section<'d, 't> {
    fn new(document: &'d Document<'t>, table: Option<&'d DeTable<'t>>, place: Place) -> Self {
        Section {
            document,
            table,
            place,
            known: RefCell::default(),
        }
    }

    /// The value of `key` if the section has one; a wrong one is noted, and absent from then on. `convert`
    /// gives the value or what is allowed.
    pub fn optional<T>(
        &self,
        key: &'static str,
        convert: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<At<T>> {
        self.known.borrow_mut().push(key);
        let (_, value) = self.table?.get_key_value(key)?;
        let place = self.document.place(self.key(key), value.span());
        match convert(value.get_ref()) {
            Ok(value) => Some(At { value, place }),
            Err(allowed) => {
                self.document.refuse(&place, allowed);
                None
            }
        }
    }

    /// The same for a key that must be there; `allowed` is what is said of its absence.
    pub fn required<T>(
        &self,
        key: &'static str,
        allowed: &str,
        convert: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<At<T>> {
        self.require(key, allowed);
        self.optional(key, convert)
    }

    /// Notes the absence of `key` from a section that is there.
    pub fn require(&self, key: &str, allowed: &str) {
        let absent = self.table.is_some_and(|table| !table.contains_key(key));
        if absent && !self.document.is_broken() {
            self.document.refuse(&self.missing(key), allowed);
        }
    }

    /// The place of a key that is not there: its section's.
    pub fn missing(&self, key: &str) -> Place {
        Place {
            line: self.place.line,
            key: self.key(key),
            read: "nothing".to_owned(),
        }
    }

    /// The section under `key`; empty if there is none, or if something else stands there, which is noted.
    pub fn section(&self, key: &'static str) -> Section<'d, 't> {
        self.known.borrow_mut().push(key);
        match self.table.and_then(|table| table.get_key_value(key)) {
            Some((name, value)) => self.under(name, value),
            None => Section::new(self.document, None, self.missing(key)),
        }
    }

    /// The sections under this one, whatever their names, in the file's order.
    pub fn sections(&self) -> Vec<(&'d str, Section<'d, 't>)> {
        let entries = self.in_order().into_iter();
        entries
            .map(|(name, value)| (name.get_ref().as_ref(), self.under(name, value)))
            .collect()
    }

    /// The values of this section, whatever their names, in the file's order.
    pub fn entries(&self) -> impl Iterator<Item = (&'d str, Place, &'d DeValue<'t>)> {
        self.in_order().into_iter().map(|(name, value)| {
            let place = self.document.place(self.key(name.get_ref()), value.span());
            (name.get_ref().as_ref(), place, value.get_ref())
        })
    }

    /// The parser sorts by name; of two that clash, the later one in the file is the mistake.
    fn in_order(&self) -> Vec<Entry<'d, 't>> {
        let mut entries: Vec<_> = self.table.into_iter().flatten().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        entries
    }

    /// Whether the file has it.
    pub fn is_there(&self) -> bool {
        self.table.is_some()
    }

    /// Whether the file has it, without a key in it.
    pub fn is_empty(&self) -> bool {
        self.table.is_some_and(|table| table.is_empty())
    }

    /// Notes each key that was never asked for.
    pub fn finish(self) {
        let known = self.known.take();
        for (name, value) in self.table.into_iter().flatten() {
            if !known.contains(&name.get_ref().as_ref()) {
                let place = self.document.place(self.key(name.get_ref()), name.span());
                let quotes = match value.get_ref() {
                    DeValue::Table(_) if self.place.key.contains('.') => {
                        format!(
                            "; a name with a dot is put in quotes: \"{}\"",
                            after_dot(&place.key)
                        )
                    }
                    _ => String::new(),
                };
                let what = unknown(name.get_ref(), &known);
                self.document.note(&place, what + &quotes);
            }
        }
    }

    fn under(&self, name: &Spanned<Cow<'t, str>>, value: &'d Spanned<DeValue<'t>>) -> Self {
        let place = Place {
            line: self.document.line(name.span().start),
            key: self.key(name.get_ref()),
            read: self.document.excerpt(value.span()),
        };
        let table = value.get_ref().as_table();
        if table.is_none() {
            let allowed = format_args!("a section [{}]", place.key);
            self.document.refuse(&place, allowed);
        }
        Section::new(self.document, table, place)
    }

    fn key(&self, name: &str) -> String {
        let name = shortened(name);
        match self.place.key.as_str() {
            "" => name,
            sections => format!("{sections}.{name}"),
        }
    }
}

/// What a line that is not TOML is called in place of a key.
const SYNTAX: &str = "syntax";

/// The part of a key below its section.
fn after_dot(key: &str) -> &str {
    key.split_once('.').map_or(key, |(_, rest)| rest)
}

fn unknown(name: &str, known: &[&'static str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(known) => format!("unknown key; did you mean {known}?"),
        None => format!("unknown key; allowed are {}", known.join(", ")),
    }
}

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

fn shortened(text: &str) -> String {
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
