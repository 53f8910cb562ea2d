//! The tree that both spellings of a template (YAML and JSON) are read into.
//!
//! Every node knows where it stands. Scalars are text whatever their spelling, because that is
//! how templates treat them: `14`, `"14"` and the value of a parameter are the same thing. Only a
//! document inside a template ([`Node::to_json`]) tells them apart, so it is kept who stood without quotes.
//! Short forms are already long ones: `!Sub x` is the map `{"Fn::Sub": "x"}`.
//!
//! Invariant: no tree is deeper than [`DEPTH_MAX`], so walking it by recursion is safe.

use serde_json::Value as Json;

use crate::findings::Position;
use types::Gather;

/// How deep lists and maps may be nested in a template.
pub(crate) const DEPTH_MAX: usize = 64;

/// How many nodes a template may have.
pub(crate) const NODES_MAX: usize = 200_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) at: Position,
    pub(crate) data: Data,
    /// Whether it is a single value that stands in the template without quotes.
    pub(crate) unquoted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Data {
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a map, in the order of the file; the keys of a map are distinct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_at: Position,
    pub(crate) value: Node,
}

impl Node {
    pub(crate) fn scalar(at: Position, text: impl Into<String>) -> Self {
        Self { at, data: Data::Scalar(text.into()), unquoted: false }
    }

    pub(crate) fn list(at: Position, items: Vec<Node>) -> Self {
        Self { at, data: Data::List(items), unquoted: false }
    }

    pub(crate) fn map(at: Position, entries: Vec<Entry>) -> Self {
        Self { at, data: Data::Map(entries), unquoted: false }
    }

    /// A value as the JSON document that AWS makes of it: numbers and booleans are what stands without quotes.
    pub(crate) fn to_json(&self) -> Json {
        match &self.data {
            Data::Scalar(text) if self.unquoted => match serde_json::from_str(text) {
                Ok(value @ (Json::Number(_) | Json::Bool(_))) => value,
                Ok(_) | Err(_) => Json::String(text.clone()),
            },
            Data::Scalar(text) => Json::String(text.clone()),
            Data::List(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Data::Map(entries) => {
                Json::Object(entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).into_object())
            }
        }
    }

    /// The word for what this is, for messages.
    pub(crate) fn what(&self) -> &'static str {
        match self.data {
            Data::Scalar(_) => "a single value",
            Data::List(_) => "a list",
            Data::Map(_) => "a map",
        }
    }

    pub(crate) fn as_scalar(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar(text) => Some(text),
            Data::List(_) | Data::Map(_) => None,
        }
    }

    pub(crate) fn as_list(&self) -> Option<&[Node]> {
        match &self.data {
            Data::List(items) => Some(items),
            Data::Scalar(_) | Data::Map(_) => None,
        }
    }

    pub(crate) fn as_map(&self) -> Option<&[Entry]> {
        match &self.data {
            Data::Map(entries) => Some(entries),
            Data::Scalar(_) | Data::List(_) => None,
        }
    }

    /// The function and its argument, when this map is a call such as `{"Fn::Sub": …}`.
    pub(crate) fn as_call(&self) -> Option<(&str, &Node)> {
        match self.as_map()? {
            [only] if only.key == "Ref" || only.key.starts_with("Fn::") => Some((&only.key, &only.value)),
            _ => None,
        }
    }
}

pub(crate) fn find<'n>(entries: &'n [Entry], key: &str) -> Option<&'n Entry> {
    entries.iter().find(|entry| entry.key == key)
}
