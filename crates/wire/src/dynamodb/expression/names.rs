//! Decides what `#name` and `:value` stand for, and that none was given for nothing.

use crate::dynamodb::values::read_value;
use crate::error::{Code, WireError};
use crate::members::{Members, wrong_type};
use serde_json::{Map, Value as Json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use types::Value;

/// The names and values that a request gives to its expressions.
#[derive(Debug, Default)]
pub(in crate::dynamodb) struct Names {
    names: BTreeMap<String, String>,
    values: BTreeMap<String, Value>,
    used: RefCell<BTreeSet<String>>,
}

const NAMES: &str = "ExpressionAttributeNames";
const VALUES: &str = "ExpressionAttributeValues";

fn invalid(message: impl Into<String>) -> WireError {
    WireError::new(Code::Validation, message)
}

/// A key of either member: its sign, then letters, digits or `_`.
fn is_key(key: &str, sign: char) -> bool {
    let name = key.strip_prefix(sign).unwrap_or("");
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

impl Names {
    /// Reads both members; `expressions` says whether there is anything that could use them.
    pub(in crate::dynamodb) fn read(members: Members<'_>, expressions: bool) -> Result<Self, WireError> {
        let (names, values) = (members.object(NAMES)?, members.object(VALUES)?);
        let mut read = Self::default();
        for (member, given, sign) in [(NAMES, names, '#'), (VALUES, values, ':')] {
            let Some(given) = given else { continue };
            if !expressions {
                return Err(invalid(format!("{member} can only be specified when using expressions")));
            }
            if given.is_empty() {
                return Err(invalid(format!("{member} must not be empty")));
            }
            if let Some(key) = given.keys().find(|key| !is_key(key, sign)) {
                return Err(invalid(format!("{member} contains invalid key: Syntax error; key: \"{key}\"")));
            }
        }
        for (key, name) in names.into_iter().flatten() {
            let name = name.as_str().ok_or_else(|| wrong_type(name, "String"))?;
            read.names.insert(key.clone(), name.to_owned());
        }
        read.values = read_values(values)?;
        Ok(read)
    }

    /// The attribute's name behind `#name`.
    pub(super) fn name(&self, alias: &str) -> Result<&str, String> {
        self.used.borrow_mut().insert(alias.to_owned());
        self.names.get(alias).map(String::as_str).ok_or_else(|| {
            format!("An expression attribute name used in the document path is not defined; attribute name: {alias}")
        })
    }

    /// The value behind `:value`.
    pub(super) fn value(&self, alias: &str) -> Result<&Value, String> {
        self.used.borrow_mut().insert(alias.to_owned());
        self.values.get(alias).ok_or_else(|| {
            format!("An expression attribute value used in expression is not defined; attribute value: {alias}")
        })
    }

    /// Refuses what no expression has used. To be asked when all were read.
    pub(in crate::dynamodb) fn all_used(&self) -> Result<(), WireError> {
        let used = self.used.borrow();
        let unused = |keys: Vec<&String>| {
            keys.into_iter().filter(|key| !used.contains(*key)).map(String::as_str).collect::<Vec<_>>().join(", ")
        };
        for (member, keys) in [(NAMES, self.names.keys().collect()), (VALUES, self.values.keys().collect())] {
            let unused = unused(keys);
            if !unused.is_empty() {
                return Err(invalid(format!("Value provided in {member} unused in expressions: keys: {{{unused}}}")));
            }
        }
        Ok(())
    }
}

fn read_values(given: Option<&Map<String, Json>>) -> Result<BTreeMap<String, Value>, WireError> {
    let mut values = BTreeMap::new();
    for (key, json) in given.into_iter().flatten() {
        let value = read_value(key, json).map_err(|error| match error.code {
            Code::Validation => invalid(format!("{VALUES} contains invalid value: {} for key {key}", error.message)),
            _ => error,
        })?;
        values.insert(key.clone(), value);
    }
    Ok(values)
}
