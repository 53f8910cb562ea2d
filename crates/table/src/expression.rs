//! DynamoDB's expression language: conditions, filters, conditions on keys, updates and projections.
//!
//! Start at [`read_condition`], [`read_update`], [`read_projection`] and [`read_key_conditions`]. A text becomes words
//! (`tokens`), the words a tree that still has the names as they were written (`parse`, `sections`, `tree`), and with
//! what the names and values stand for the tree becomes a typed condition, update or list of paths (`bind`,
//! `bind_condition`, `bind_update`, `keys`). [`Condition::holds`] and [`Update::apply`] do what it says.
//!
//! Invariants: any text is read or refused, none makes anything here panic or run long; how long and how deep an
//! expression may be is bounded, so whoever walks the result by recursion need not ask. Faults carry DynamoDB's words
//! and the place, and are found in DynamoDB's order.

mod bind;
mod bind_condition;
mod bind_update;
mod fault;
mod keys;
mod names;
mod parse;
mod reserved;
mod sections;
mod tokens;
mod tree;

pub use fault::{ExpressionError, Fault, ShownPath, braced};
pub use names::Names;

use crate::{Condition, KeyCondition, Path, Update};
use bind::Binder;
use parse::{Purpose, Reader};

/// Reads a condition or a filter.
pub fn read_condition(text: &str, names: &Names) -> Result<Condition, ExpressionError> {
    let tree = Reader::new(text, Purpose::Condition)?.condition()?;
    bind_condition::condition(&tree, names)
}

/// Reads conditions on the attributes of a key. Which attributes those are is not known here.
pub fn read_key_conditions(text: &str, names: &Names) -> Result<Vec<KeyCondition>, ExpressionError> {
    let tree = Reader::new(text, Purpose::Condition)?.condition()?;
    let condition = bind_condition::condition(&tree, names)?;
    keys::keys(&tree, condition)
}

/// Reads a list of paths, none of which leads through another.
pub fn read_projection(text: &str, names: &Names) -> Result<Vec<Path>, ExpressionError> {
    let trees = Reader::new(text, Purpose::Projection)?.paths()?;
    trees.iter().try_for_each(|path| path.visit(&mut bind::refuse_reserved))?;
    let binder = Binder { names };
    let paths = trees.iter().map(|path| binder.path(path)).collect::<Result<Vec<_>, _>>()?;
    let places: Vec<_> = paths.iter().zip(&trees).map(|(path, tree)| (path, tree.attribute.at)).collect();
    bind::check_distinct(&places)?;
    Ok(paths)
}

/// Reads an update.
pub fn read_update(text: &str, names: &Names) -> Result<Update, ExpressionError> {
    let sections = Reader::new(text, Purpose::Update)?.sections()?;
    bind_update::update(&sections, names)
}

#[cfg(test)]
mod tests;
