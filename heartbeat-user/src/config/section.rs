//! A section of the file: asked for its keys one by one.
//!
//! The reader names each key once, with what it may be; whatever was not asked for in the end is unknown.
//! No list of allowed keys can differ from what is read, because there is none.

use std::borrow::Cow;
use std::cell::RefCell;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::{At, Document, Place, shortened};
use super::spelling::nearest;

/// A table, or the absence of one, in which every key is absent.
pub(super) struct Section<'d, 't> {
    document: &'d Document<'t>,
    table: Option<&'d DeTable<'t>>,
    pub place: Place,
    known: RefCell<Vec<&'static str>>,
}

/// A key and its value.
type Entry<'d, 't> = (&'d Spanned<Cow<'t, str>>, &'d Spanned<DeValue<'t>>);

impl<'d, 't> Section<'d, 't> {
    /// The whole of a document, whose tree is `table`.
    pub fn root(document: &'d Document<'t>, table: &'d DeTable<'t>) -> Self {
        let place = document.place(String::new(), 0..0);
        Section::new(document, Some(table), place)
    }

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

    /// The items of the list under `key`; none if there is no list. Wrong ones are left out, and noted; `allowed`
    /// is what is said of anything that is no list.
    pub fn list<T>(
        &self,
        key: &'static str,
        allowed: &str,
        convert: impl Fn(&DeValue<'_>) -> Result<T, String>,
    ) -> Vec<At<T>> {
        self.known.borrow_mut().push(key);
        let Some((_, value)) = self.table.and_then(|table| table.get_key_value(key)) else {
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array() else {
            let place = self.document.place(self.key(key), value.span());
            self.document.refuse(&place, allowed);
            return Vec::new();
        };
        let item = |item: &Spanned<DeValue<'_>>| {
            let place = self.document.place(self.key(key), item.span());
            match convert(item.get_ref()) {
                Ok(value) => Some(At { value, place }),
                Err(allowed) => {
                    self.document.refuse(&place, allowed);
                    None
                }
            }
        };
        items.iter().filter_map(item).collect()
    }

    /// The section under `key`, empty if there is none, or `None` where `word` stands instead of it; anything
    /// else is noted, and `allowed` is what is said of it.
    pub fn section_unless(
        &self,
        key: &'static str,
        word: &str,
        allowed: &str,
    ) -> Option<Section<'d, 't>> {
        self.known.borrow_mut().push(key);
        let Some((name, value)) = self.table.and_then(|table| table.get_key_value(key)) else {
            return Some(Section::new(self.document, None, self.missing(key)));
        };
        if value.get_ref().is_table() {
            return Some(self.under(name, value));
        }
        if value.get_ref().as_str() != Some(word) {
            let place = self.document.place(self.key(key), value.span());
            self.document.refuse(&place, allowed);
        }
        None
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
                let mut what = unknown(name.get_ref(), &known);
                if value.get_ref().is_table() && self.place.key.contains('.') {
                    what += &dotted(&place.key);
                }
                self.document.note(&place, what);
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

/// `[nodes.a.example]` is a section `example` of a node called `a`.
fn dotted(key: &str) -> String {
    let name = key.split_once('.').map_or(key, |(_, rest)| rest);
    format!("; a name with a dot is put in quotes: \"{name}\"")
}

fn unknown(name: &str, known: &[&'static str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(known) => format!("unknown key; did you mean {known}?"),
        None => format!("unknown key; allowed are {}", known.join(", ")),
    }
}
