//! Decides what names, values and paths of an expression stand for; what conditions and updates have in common.
//!
//! Faults are found in the order in which DynamoDB finds them, not in that of the text: a function that nobody knows
//! before a name that is reserved, and that before a value that is missing.

use super::fault::{ExpressionError, Fault, ShownPath};
use super::names::Names;
use super::tokens::{Kind, Token};
use super::tree::{self, Operand, Seen};
use super::{Path, reserved};
use crate::Step;
use types::Value;

/// The functions of conditions.
const OF_CONDITIONS: [&str; 6] =
    ["attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "size"];
/// The functions of updates.
const OF_UPDATES: [&str; 2] = ["if_not_exists", "list_append"];

/// A walk over an expression that refuses names that must be written as `#name`.
pub(super) fn refuse_reserved(seen: Seen<'_, '_>) -> Result<(), ExpressionError> {
    match seen {
        Seen::Name(token) if token.kind == Kind::Word && reserved::is_reserved(token.text) => {
            Err(Fault::Reserved { name: token.text.to_owned() }.at(token.at))
        }
        Seen::Name(_) | Seen::Value(_) | Seen::Call(..) => Ok(()),
    }
}

/// Which functions an expression knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Functions {
    OfConditions,
    OfUpdates,
}

impl Functions {
    /// A walk over an expression that refuses functions that it does not know.
    pub(super) fn refuse_others(self, seen: Seen<'_, '_>) -> Result<(), ExpressionError> {
        let Seen::Call(call, _) = seen else { return Ok(()) };
        let (ours, theirs, kind): (&[&str], &[&str], _) = match self {
            Self::OfConditions => (&OF_CONDITIONS, &OF_UPDATES, "a condition"),
            Self::OfUpdates => (&OF_UPDATES, &OF_CONDITIONS, "an update"),
        };
        let function = call.name.text;
        if ours.contains(&function) {
            return Ok(());
        }
        let function = function.to_owned();
        let foreign = theirs.contains(&function.as_str());
        let fault =
            if foreign { Fault::ForeignFunction { function, kind } } else { Fault::UnknownFunction { function } };
        Err(fault.at(call.name.at))
    }
}

/// What names and values stand for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Binder<'n> {
    pub(super) names: &'n Names,
}

impl<'n> Binder<'n> {
    pub(super) fn name(self, token: Token<'_>) -> Result<Box<str>, ExpressionError> {
        if token.kind == Kind::Word {
            return Ok(token.text.into());
        }
        let undefined = || Fault::UndefinedName { name: token.text.to_owned() }.at(token.at);
        self.names.name(token.text).map(Into::into).ok_or_else(undefined)
    }

    pub(super) fn value(self, token: Token<'_>) -> Result<&'n Value, ExpressionError> {
        let undefined = || Fault::UndefinedValue { value: token.text.to_owned() }.at(token.at);
        self.names.value(token.text).ok_or_else(undefined)
    }

    pub(super) fn path(self, path: &tree::Path<'_>) -> Result<Path, ExpressionError> {
        let step = |step: &tree::Step<'_>| {
            Ok(match step {
                tree::Step::Field(name) => Step::Field(self.name(*name)?),
                tree::Step::Index(index) => Step::Index(*index),
            })
        };
        let attribute = self.name(path.attribute)?;
        Ok(Path { attribute, steps: path.steps.iter().map(step).collect::<Result<_, ExpressionError>>()? })
    }

    /// A walk over an expression that refuses names and values that stand for nothing.
    pub(super) fn refuse_undefined(self, seen: Seen<'_, '_>) -> Result<(), ExpressionError> {
        match seen {
            Seen::Name(token) => self.name(token).map(drop),
            Seen::Value(token) => self.value(token).map(drop),
            Seen::Call(..) => Ok(()),
        }
    }
}

/// A function's operands have the number that it takes.
pub(super) fn check_count(function: Token<'_>, wanted: usize, operands: &[Operand<'_>]) -> Result<(), ExpressionError> {
    let (operator, count) = (function.text.to_owned(), operands.len());
    if count == wanted { Ok(()) } else { Err(Fault::OperandCount { operator, count }.at(function.at)) }
}

/// Refuses paths that lead through one another, and then those that take one value for a map and a list. Each comes
/// with its place.
pub(super) fn check_distinct(paths: &[(&Path, usize)]) -> Result<(), ExpressionError> {
    let mut conflict = None;
    for (index, (two, at)) in paths.iter().enumerate() {
        for (one, _) in &paths[..index] {
            let shown = || (ShownPath((*one).clone()), ShownPath((*two).clone()));
            match relation(one, two) {
                Relation::Apart => {}
                Relation::Overlap => {
                    let (one, two) = shown();
                    return Err(Fault::PathsOverlap { one, two }.at(*at));
                }
                Relation::Conflict if conflict.is_none() => {
                    let (one, two) = shown();
                    conflict = Some(Fault::PathsConflict { one, two }.at(*at));
                }
                Relation::Conflict => {}
            }
        }
    }
    conflict.map_or(Ok(()), Err)
}

enum Relation {
    Apart,
    Overlap,
    Conflict,
}

fn relation(one: &Path, two: &Path) -> Relation {
    if one.attribute != two.attribute {
        return Relation::Apart;
    }
    match one.steps.iter().zip(&two.steps).find(|(a, b)| a != b) {
        None => Relation::Overlap,
        Some((Step::Field(_), Step::Index(_)) | (Step::Index(_), Step::Field(_))) => Relation::Conflict,
        Some(_) => Relation::Apart,
    }
}
