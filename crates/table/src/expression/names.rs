//! Decides what `#name` and `:value` stand for, and which of them no expression has used.

use std::cell::Cell;
use types::{SortedMap, Value};

/// The names and values that are given beside expressions, each under its whole text: `#name`, `:value`.
#[derive(Debug, Default)]
pub struct Names {
    names: SortedMap<String, Given<String>>,
    values: SortedMap<String, Given<Value>>,
}

#[derive(Debug)]
struct Given<T> {
    meaning: T,
    used: Cell<bool>,
}

impl Names {
    /// What attributes' names and what values are given.
    pub fn new(
        names: impl IntoIterator<Item = (String, String)>,
        values: impl IntoIterator<Item = (String, Value)>,
    ) -> Self {
        Self { names: given(names), values: given(values) }
    }

    /// The attribute's name behind `#name`.
    pub(super) fn name(&self, alias: &str) -> Option<&str> {
        take(&self.names, alias).map(String::as_str)
    }

    /// The value behind `:value`.
    pub(super) fn value(&self, alias: &str) -> Option<&Value> {
        take(&self.values, alias)
    }

    /// The names that no expression has used so far, in order.
    pub fn unused_names(&self) -> Vec<&str> {
        unused(&self.names)
    }

    /// The values that no expression has used so far, in order.
    pub fn unused_values(&self) -> Vec<&str> {
        unused(&self.values)
    }
}

fn given<T>(pairs: impl IntoIterator<Item = (String, T)>) -> SortedMap<String, Given<T>> {
    pairs.into_iter().map(|(alias, meaning)| (alias, Given { meaning, used: Cell::new(false) })).collect()
}

fn take<'a, T>(from: &'a SortedMap<String, Given<T>>, alias: &str) -> Option<&'a T> {
    let given = from.get(alias)?;
    given.used.set(true);
    Some(&given.meaning)
}

fn unused<T>(all: &SortedMap<String, Given<T>>) -> Vec<&str> {
    all.iter().filter(|(_, given)| !given.used.get()).map(|(alias, _)| alias.as_str()).collect()
}
