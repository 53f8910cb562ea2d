//! Reads the keys of one map into typed values, and names the ones that nobody asked for.
//!
//! Open a map with [`Properties::open`], ask for every key that is known, and end with
//! [`Properties::finish`], which refuses what is left by name. A method answers `None` both
//! for a key that is not there and for one that is wrong; what is wrong is a finding already,
//! so a caller only has to give up (`?`) where it cannot go on without the value.

use std::ops::RangeInclusive;
use std::str::FromStr;

use regex_lite::{Regex, RegexBuilder};
use types::{NameError, SortedMap};

use crate::findings::{Findings, Path, Position, Sort, did_you_mean};
use crate::node::{Entry, Node, find};

pub(crate) struct Properties<'n, 'p, 'f> {
    at: Position,
    entries: &'n [Entry],
    path: &'p Path<'p>,
    asked: Vec<&'static str>,
    pub(crate) findings: &'f mut Findings,
}

impl<'n, 'p, 'f> Properties<'n, 'p, 'f> {
    /// Opens a map; anything else is a finding.
    pub(crate) fn open(node: &'n Node, path: &'p Path<'p>, findings: &'f mut Findings) -> Option<Self> {
        match node.as_map() {
            Some(entries) => Some(Self { at: node.at, entries, path, asked: Vec::new(), findings }),
            None => {
                findings.add(node.at, path, format!("must be a map, not {}", node.what()));
                None
            }
        }
    }

    /// Opens the properties of a resource, which may be left out.
    pub(crate) fn of_entries(
        at: Position,
        entries: &'n [Entry],
        path: &'p Path<'p>,
        findings: &'f mut Findings,
    ) -> Self {
        Self { at, entries, path, asked: Vec::new(), findings }
    }

    /// Adds a finding about the value of a key, or about the map where the key is missing.
    pub(crate) fn wrong(&mut self, key: &str, message: impl Into<String>) {
        let at = find(self.entries, key).map_or(self.at, |entry| entry.value.at);
        self.findings.add(at, &self.path.key(key), message);
    }

    pub(crate) fn wrong_with_hint(&mut self, key: &str, message: impl Into<String>, hint: impl Into<String>) {
        let at = find(self.entries, key).map_or(self.at, |entry| entry.value.at);
        self.findings.add_with_hint(at, &self.path.key(key), message, hint);
    }

    /// As [`Self::wrong`], for what is perhaps no mistake on AWS.
    pub(crate) fn not_run(&mut self, key: &str, sort: Sort, message: impl Into<String>, hint: Option<String>) {
        let at = find(self.entries, key).map_or(self.at, |entry| entry.value.at);
        self.findings.add_sorted(sort, at, &self.path.key(key), message, hint);
    }

    /// The value of a key as it stands.
    pub(crate) fn node(&mut self, key: &'static str) -> Option<&'n Node> {
        self.asked.push(key);
        find(self.entries, key).map(|entry| &entry.value)
    }

    pub(crate) fn required_node(&mut self, key: &'static str) -> Option<&'n Node> {
        let node = self.node(key);
        if node.is_none() {
            self.findings.add(self.at, self.path, format!("`{key}` is required"));
        }
        node
    }

    /// A key that has a meaning on AWS and none here.
    pub(crate) fn accept(&mut self, key: &'static str) -> Option<Position> {
        self.node(key).map(|node| node.at)
    }

    /// A key that would change what happens, and that is not run here.
    pub(crate) fn refuse(&mut self, key: &'static str, reason: &str) {
        self.asked.push(key);
        if let Some(entry) = find(self.entries, key) {
            let message = format!("`{key}` is not run here: {reason}");
            self.findings.add_not_run(entry.key_at, &self.path.key(key), message, None);
        }
    }

    pub(crate) fn text(&mut self, key: &'static str, lengths: RangeInclusive<usize>) -> Option<String> {
        let node = self.node(key)?;
        let text = self.scalar(key, node)?;
        let length = text.chars().count();
        if !lengths.contains(&length) {
            let (min, max) = (lengths.start(), lengths.end());
            self.wrong(key, format!("has {length} characters, allowed are {min} to {max}"));
            return None;
        }
        Some(text.to_owned())
    }

    pub(crate) fn required_text(&mut self, key: &'static str, lengths: RangeInclusive<usize>) -> Option<String> {
        self.required_node(key)?;
        self.text(key, lengths)
    }

    fn scalar(&mut self, key: &str, node: &'n Node) -> Option<&'n str> {
        let text = node.as_scalar();
        if text.is_none() {
            self.wrong(key, format!("must be a single value, not {}", node.what()));
        }
        text
    }

    /// A name or other text that is held against its rule by `parse`.
    pub(crate) fn parsed<T>(&mut self, key: &'static str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let node = self.node(key)?;
        let text = self.scalar(key, node)?;
        match parse(text) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.wrong(key, format!("`{text}` {reason}"));
                None
            }
        }
    }

    /// A name that the template gives.
    pub(crate) fn parsed_name<T: FromStr<Err = NameError>>(&mut self, key: &'static str) -> Option<T> {
        let node = self.node(key)?;
        let text = self.scalar(key, node)?;
        text.parse().map_err(|error: NameError| self.wrong(key, error.to_string())).ok()
    }

    /// A name that the template must give.
    pub(crate) fn parsed_required_name<T: FromStr<Err = NameError>>(&mut self, key: &'static str) -> Option<T> {
        self.required_node(key)?;
        self.parsed_name(key)
    }

    /// The name that the template gives, or the one that was made.
    pub(crate) fn name_or<T: FromStr<Err = NameError>>(&mut self, key: &'static str, made: &str) -> Option<T> {
        match self.node(key) {
            Some(_) => self.parsed_name(key),
            None => made.parse().map_err(|error: NameError| self.wrong(key, error.to_string())).ok(),
        }
    }

    pub(crate) fn integer(&mut self, key: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        self.integer_or(key, None, range)
    }

    /// A whole number in `range`, or the one number beside it that has a meaning of its own.
    pub(crate) fn integer_or(
        &mut self,
        key: &'static str,
        special: Option<i64>,
        range: RangeInclusive<i64>,
    ) -> Option<i64> {
        let node = self.node(key)?;
        let text = self.scalar(key, node)?;
        let number = text.parse::<i64>().ok().filter(|number| special == Some(*number) || range.contains(number));
        if number.is_none() {
            let special = special.map_or(String::new(), |special| format!("{special} or "));
            let (min, max) = (range.start(), range.end());
            self.wrong(key, format!("must be {special}a whole number from {min} to {max}, not `{text}`"));
        }
        number
    }

    /// As [`Self::integer`], for ranges that fit 32 bits and begin at zero or above.
    pub(crate) fn count(&mut self, key: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        let (min, max) = range.into_inner();
        let number = self.integer(key, i64::from(min)..=i64::from(max))?;
        Some(u32::try_from(number).expect("the range was held against 32 bits"))
    }

    /// A whole number in `range`; -1 stands for "no limit" and is answered as `Some(None)`.
    pub(crate) fn count_or_unlimited(&mut self, key: &'static str, range: RangeInclusive<u32>) -> Option<Option<u32>> {
        let (min, max) = range.into_inner();
        let number = self.integer_or(key, Some(-1), i64::from(min)..=i64::from(max))?;
        Some(u32::try_from(number).ok())
    }

    pub(crate) fn float(&mut self, key: &'static str) -> Option<f64> {
        self.parsed(key, |text| match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err("is not a number".to_owned()),
        })
    }

    pub(crate) fn boolean(&mut self, key: &'static str) -> Option<bool> {
        self.choice(key, &[("true", true), ("false", false)])
    }

    pub(crate) fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let node = self.node(key)?;
        let text = self.scalar(key, node)?;
        let chosen = choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        if chosen.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            let message = format!("must be {}, not `{text}`", one_of(&names));
            match did_you_mean(text, names) {
                Some(hint) => self.wrong_with_hint(key, message, hint),
                None => self.wrong(key, message),
            }
        }
        chosen
    }

    pub(crate) fn required_choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        self.required_node(key)?;
        self.choice(key, choices)
    }

    pub(crate) fn pattern(&mut self, key: &'static str) -> Option<(String, Regex)> {
        self.parsed(key, |text| {
            // The whole value must match, and a pattern must not cost more than it is worth.
            RegexBuilder::new(&format!("^(?:{text})$"))
                .size_limit(1 << 18)
                .build()
                .map(|regex| (text.to_owned(), regex))
                .map_err(|error| format!("is not a regular expression that can be checked here: {error}"))
        })
    }

    /// A list of lists, maps or values; a value that is not a list is a finding.
    pub(crate) fn list(&mut self, key: &'static str) -> Option<&'n [Node]> {
        let node = self.node(key)?;
        let items = node.as_list();
        if items.is_none() {
            self.wrong(key, format!("must be a list, not {}", node.what()));
        }
        items
    }

    pub(crate) fn text_list(&mut self, key: &'static str) -> Option<Vec<String>> {
        let items = self.list(key)?;
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match item.as_scalar() {
                Some(text) => texts.push(text.to_owned()),
                None => {
                    let path = self.path.key(key);
                    let message = format!("must be a single value, not {}", item.what());
                    self.findings.add(item.at, &path.index(index), message);
                }
            }
        }
        Some(texts)
    }

    /// A map inside this one, its unknown keys refused when `read` is through.
    pub(crate) fn object<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Properties<'n, '_, '_>) -> Option<T>,
    ) -> Option<T> {
        let node = self.node(key)?;
        let path = self.path.key(key);
        let mut inner = Properties::open(node, &path, self.findings)?;
        let value = read(&mut inner);
        inner.finish();
        value
    }

    /// The maps of a list, each read by `read`.
    pub(crate) fn objects<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Properties<'n, '_, '_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = self.list(key)?;
        let path = self.path.key(key);
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let path = path.index(index);
            if let Some(mut inner) = Properties::open(item, &path, self.findings) {
                values.extend(read(&mut inner));
                inner.finish();
            }
        }
        Some(values)
    }

    /// The maps of a map, each read by `read` with its key; what `read` says against a key is a finding there.
    pub(crate) fn maps<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&str, &mut Properties<'n, '_, '_>) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let node = self.node(key)?;
        let path = self.path.key(key);
        let Some(entries) = node.as_map() else {
            self.wrong(key, format!("must be a map, not {}", node.what()));
            return None;
        };
        let mut values = Vec::with_capacity(entries.len());
        for entry in entries {
            let path = path.key(&entry.key);
            let Some(mut inner) = Properties::open(&entry.value, &path, self.findings) else { continue };
            let value = read(&entry.key, &mut inner);
            inner.finish();
            match value {
                Ok(value) => values.push(value),
                Err(message) => drop(self.findings.add(entry.key_at, &path, message)),
            }
        }
        Some(values)
    }

    /// Tags as most resources write them: a list of `Key` and `Value`.
    pub(crate) fn tag_list(&mut self, key: &'static str) -> SortedMap<String, String> {
        let tags = self.objects(key, |tag| {
            let name = tag.required_text("Key", 1..=128);
            let value = tag.required_text("Value", 0..=256);
            Some((name?, value?))
        });
        self.checked_tags(key, tags.unwrap_or_default())
    }

    /// Tags as pipes write them: a map.
    pub(crate) fn tag_map(&mut self, key: &'static str) -> SortedMap<String, String> {
        let tags = self.text_map(key).unwrap_or_default();
        self.checked_tags(key, tags)
    }

    fn checked_tags(&mut self, key: &'static str, tags: Vec<(String, String)>) -> SortedMap<String, String> {
        if tags.len() > 50 {
            self.wrong(key, format!("has {} tags, the limit is 50", tags.len()));
        }
        let mut checked = SortedMap::new();
        for (name, value) in tags {
            if name.to_ascii_lowercase().starts_with("aws:") {
                self.wrong(key, format!("the tag `{name}` begins with `aws:`, which AWS keeps for itself"));
            }
            if checked.contains_key(&name) {
                self.wrong(key, format!("the tag `{name}` is given twice"));
            }
            checked.insert(name, value);
        }
        checked
    }

    /// A map of single values.
    pub(crate) fn text_map(&mut self, key: &'static str) -> Option<Vec<(String, String)>> {
        let node = self.node(key)?;
        let Some(entries) = node.as_map() else {
            self.wrong(key, format!("must be a map, not {}", node.what()));
            return None;
        };
        let path = self.path.key(key);
        let mut pairs = Vec::with_capacity(entries.len());
        for entry in entries {
            match entry.value.as_scalar() {
                Some(text) => pairs.push((entry.key.clone(), text.to_owned())),
                None => {
                    let message = format!("must be a single value, not {}", entry.value.what());
                    self.findings.add(entry.value.at, &path.key(&entry.key), message);
                }
            }
        }
        Some(pairs)
    }

    /// The place of a key's value, for findings that come later.
    pub(crate) fn position_of(&self, key: &str) -> Position {
        find(self.entries, key).map_or(self.at, |entry| entry.value.at)
    }

    pub(crate) fn path(&self) -> &'p Path<'p> {
        self.path
    }

    /// Ends the reading of a map.
    pub(crate) fn finish(mut self) {
        self.refuse_unknown();
    }

    /// Refuses every key that was not asked for.
    pub(crate) fn refuse_unknown(&mut self) {
        for entry in self.entries {
            if self.asked.contains(&entry.key.as_str()) {
                continue;
            }
            let message = format!("`{}` is not known here", entry.key);
            let path = self.path.key(&entry.key);
            match did_you_mean(&entry.key, self.asked.iter().copied()) {
                Some(hint) => self.findings.add_with_hint(entry.key_at, &path, message, hint),
                None => self.findings.add(entry.key_at, &path, message),
            };
        }
    }
}

/// "a, b or c".
pub(crate) fn one_of(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [all @ .., last] => format!("{} or {last}", all.join(", ")),
    }
}
