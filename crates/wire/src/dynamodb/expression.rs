//! Decides what the expressions of a request say, with the names and values that are given beside them.
//!
//! The language itself is `table`'s; here are the request's members around it. Read them with [`Expressions::read`], ask
//! for each expression, and say at the end that there are no more ([`Expressions::end`]): what none of them has used is
//! refused.

use super::values::{Wording, read_value};
use crate::error::{Code, WireError};
use crate::members::{Members, wrong_type};
use serde_json::{Map, Value as Json};
use table::{Condition, ExpressionError, KeyCondition, Names, Path, Update};
use types::Value;

const NAMES: &str = "ExpressionAttributeNames";
const VALUES: &str = "ExpressionAttributeValues";

/// The expressions of one request.
pub(super) struct Expressions<'a> {
    members: Members<'a>,
    names: Names,
}

fn invalid(message: impl Into<String>) -> WireError {
    WireError::new(Code::Validation, message)
}

impl<'a> Expressions<'a> {
    /// Reads what names and values stand for. `expressions` are the members that may hold expressions, `others` those of
    /// the older language that says the same, which cannot stand beside them.
    pub(super) fn read(
        members: Members<'a>,
        expressions: &[&str],
        others: &[&str],
        wording: Wording,
    ) -> Result<Self, WireError> {
        let given = |names: &[&str]| {
            let there = names.iter().filter(|name| members.get(name).is_some());
            there.copied().map(str::to_owned).collect::<Vec<String>>()
        };
        let (written, older) = (given(expressions), given(others));
        if !written.is_empty() && !older.is_empty() {
            let (written, older) = (written.join(", "), older.join(", "));
            return Err(invalid(format!(
                "Can not use both expression and non-expression parameters in the same request: Non-expression \
                 parameters: {{{older}}} Expression parameters: {{{written}}}"
            )));
        }
        let (names, values) = (members.object(NAMES)?, members.object(VALUES)?);
        for (member, given, sign) in [(NAMES, names, '#'), (VALUES, values, ':')] {
            let Some(given) = given else { continue };
            if written.is_empty() {
                return Err(invalid(format!("{member} can only be specified when using expressions")));
            }
            if given.is_empty() {
                return Err(invalid(format!("{member} must not be empty")));
            }
            if let Some(key) = given.keys().find(|key| !is_key(key, sign)) {
                return Err(invalid(format!("{member} contains invalid key: Syntax error; key: \"{key}\"")));
            }
        }
        Ok(Self { members, names: Names::new(read_names(names)?, read_values(values, wording)?) })
    }

    fn expression<T>(
        &self,
        member: &str,
        read: fn(&str, &Names) -> Result<T, ExpressionError>,
    ) -> Result<Option<T>, WireError> {
        let Some(text) = self.members.text(member)? else { return Ok(None) };
        let refused = |error: ExpressionError| invalid(format!("Invalid {member}: {error}"));
        read(text, &self.names).map(Some).map_err(refused)
    }

    /// A condition or a filter.
    pub(super) fn condition(&self, member: &str) -> Result<Option<Condition>, WireError> {
        self.expression(member, table::read_condition)
    }

    /// What is asked of keys.
    pub(super) fn keys(&self) -> Result<Option<Vec<KeyCondition>>, WireError> {
        self.expression("KeyConditionExpression", table::read_key_conditions)
    }

    /// What is wanted of items.
    pub(super) fn projection(&self) -> Result<Option<Vec<Path>>, WireError> {
        self.expression("ProjectionExpression", table::read_projection)
    }

    /// What is to be changed in an item.
    pub(super) fn update(&self) -> Result<Option<Update>, WireError> {
        self.expression("UpdateExpression", table::read_update)
    }

    /// Refuses what no expression has used. To be asked when all were read.
    pub(super) fn end(self) -> Result<(), WireError> {
        for (member, unused) in [(NAMES, self.names.unused_names()), (VALUES, self.names.unused_values())] {
            if !unused.is_empty() {
                let unused = unused.join(", ");
                return Err(invalid(format!("Value provided in {member} unused in expressions: keys: {{{unused}}}")));
            }
        }
        Ok(())
    }
}

/// The most bytes of a name's or value's key, its sign included.
const KEY_BYTES_MAX: usize = 255;

/// A key of either member: its sign, then letters, digits or `_`.
fn is_key(key: &str, sign: char) -> bool {
    let name = key.strip_prefix(sign).unwrap_or("");
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    key.len() <= KEY_BYTES_MAX && !name.is_empty() && name.chars().all(fits)
}

fn read_names(given: Option<&Map<String, Json>>) -> Result<Vec<(String, String)>, WireError> {
    let read = |(key, name): (&String, &Json)| {
        let name = name.as_str().ok_or_else(|| wrong_type(name, "String"))?;
        Ok((key.clone(), name.to_owned()))
    };
    given.into_iter().flatten().map(read).collect()
}

fn read_values(given: Option<&Map<String, Json>>, wording: Wording) -> Result<Vec<(String, Value)>, WireError> {
    let read = |(key, json): (&String, &Json)| {
        let value = read_value(key, json, wording).map_err(|error| match error.code {
            Code::Validation if wording == Wording::Older => {
                invalid(format!("{VALUES} contains invalid value: {} for key {key}", error.message))
            }
            _ => error,
        })?;
        Ok((key.clone(), value))
    };
    given.into_iter().flatten().map(read).collect()
}
