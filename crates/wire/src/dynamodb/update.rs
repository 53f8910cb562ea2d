//! Decides how an update of one item is read, and what of the item is answered.

use super::expression::Expressions;
use super::values::{Wording, read_item};
use super::{RETURN_VALUES, Request, ReturnCapacity, enveloped, resolve};
use crate::error::{Code, WireError};
use crate::members::Rules;
use table::{Condition, Update, project};
use types::{Item, TableName};

/// An update of one item.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateCall {
    /// Where.
    pub table: TableName,
    /// The item's key's attributes, as the client gives them.
    pub key: Item,
    /// What is to be changed.
    pub update: Update,
    /// Under which condition.
    pub condition: Condition,
    /// What is wanted of the item.
    pub returns: Returns,
    /// Whether the stored item is wanted when the condition does not hold.
    pub when_failed: bool,
    /// Whether to say what it cost.
    pub capacity: ReturnCapacity,
}

/// What is wanted of an item that is updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returns {
    /// Nothing.
    Nothing,
    /// All of it, as it was.
    AllOld,
    /// What lay where the update changes it.
    UpdatedOld,
    /// All of it, as it is.
    AllNew,
    /// What lies where the update changes it.
    UpdatedNew,
}

const EXPRESSIONS: &[&str] = &["UpdateExpression", "ConditionExpression"];
/// The older language of updates and conditions.
const OTHERS: &[&str] = &["AttributeUpdates", "Expected", "ConditionalOperator"];

pub(super) fn parse(mut request: Request<'_>) -> Result<UpdateCall, WireError> {
    // Without a key all rules that are broken are said, in this order; with one, the first of them alone.
    let capacity = request.capacity()?;
    let table = request.table_beside("Key")?;
    let values = request.members.text("ReturnValues")?;
    if let Some(values) = values {
        request.rules.one_of(values, "returnValues", RETURN_VALUES);
        if request.members.get("Key").is_some() && !RETURN_VALUES.contains(&values) {
            let mut rules = Rules::default();
            rules.one_of(values, "returnValues", RETURN_VALUES);
            rules.check(Code::Validation)?;
        }
    }
    let when_failed = request.when_failed()?;
    let key = request.required_object("Key", "key")?;
    request.metrics()?;
    std::mem::take(&mut request.rules).check(Code::Validation)?;
    if EXPRESSIONS.iter().all(|name| request.members.get(name).is_none()) {
        request.members.refuse(OTHERS)?;
    }
    let (key, update, condition) = enveloped(|| {
        let expressions = Expressions::read(request.members, EXPRESSIONS, OTHERS, Wording::Current)?;
        let key = read_item(key, Wording::Current)?;
        let update = expressions.update()?.unwrap_or(Update::nothing());
        let condition = expressions.condition("ConditionExpression")?.unwrap_or(Condition::Always);
        expressions.end()?;
        Ok((key, update, condition))
    })?;
    let returns = match values {
        Some("ALL_OLD") => Returns::AllOld,
        Some("UPDATED_OLD") => Returns::UpdatedOld,
        Some("ALL_NEW") => Returns::AllNew,
        Some("UPDATED_NEW") => Returns::UpdatedNew,
        _ => Returns::Nothing,
    };
    Ok(UpdateCall { table: resolve(table, request.context)?, key, update, condition, returns, when_failed, capacity })
}

impl UpdateCall {
    /// What is answered of the item before and after; `None` if there is nothing to tell.
    pub(super) fn shown(&self, old: Option<&Item>, new: Option<&Item>) -> Option<Item> {
        let changed = |item: Option<&Item>| {
            let paths: Vec<_> = self.update.paths().cloned().collect();
            item.map(|item| project(item, &paths)).filter(|item| !item.is_empty())
        };
        match self.returns {
            Returns::Nothing => None,
            Returns::AllOld => old.cloned(),
            Returns::AllNew => new.cloned(),
            Returns::UpdatedOld => changed(old),
            Returns::UpdatedNew => changed(new),
        }
    }
}
