//! Decides what is told of API keys: everything but the keys themselves, which are told once.

use serde::{Deserialize, Serialize};

/// All keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct List {
    /// By when they were made.
    pub keys: Vec<Key>,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Key {
    /// What it is revoked by, and what access logs call it.
    pub(crate) id: String,
    /// What people call it.
    pub(crate) name: String,
    /// Whose orders it may see.
    pub(crate) tenant: String,
    /// Which usage plan counts for it.
    pub(crate) plan: String,
    /// What it may do.
    pub(crate) scopes: Vec<String>,
    /// When it was made.
    pub(crate) created_at: String,
    /// When it was revoked, if it was.
    pub(crate) revoked_at: Option<String>,
    /// Its last characters, to tell it from others.
    pub(crate) ends_with: String,
}

/// A key that was just made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Created {
    /// The key's own text; it is not kept.
    pub value: String,
    /// What is kept of it.
    pub(crate) key: Key,
}

/// A key to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Make {
    /// What people call it.
    #[serde(default)]
    pub name: Option<String>,
    /// Whose orders it may see.
    #[serde(default)]
    pub tenant: Option<String>,
    /// Which usage plan counts for it; the first of the stack if it is left out.
    #[serde(default)]
    pub plan: Option<String>,
    /// What it may do; everything if there are none.
    #[serde(default)]
    pub scopes: Vec<String>,
}
