//! Decides how a query is read, and what of it can be asked of a table.
//!
//! Start at [`parse`], which needs nothing but the request; then [`QueryCall::resolve`], when the table is known: which
//! index is meant, and whether it can give what is asked.

use super::expression::{self, Names};
use super::values::{read_item, read_value};
use super::{Request, ReturnCapacity};
use crate::error::{Code, WireError};
use crate::members::{Members, wrong_type};
use crate::reply::Service;
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::num::NonZeroUsize;
use table::{Give, Index, KeyCondition, KeyTest, Order, Path, Projection, Query, QueryRefused, Table};
use types::{IndexName, Item, TableName, Value};

/// A query, as far as it can be understood without its table.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryCall {
    /// Which table.
    pub table: TableName,
    /// Which index of it.
    pub index: Option<IndexName>,
    /// What the key's attributes must be.
    pub conditions: Vec<KeyCondition>,
    /// In which order.
    pub order: Order,
    /// The most items of a page.
    pub limit: Option<NonZeroUsize>,
    /// The key after which to go on.
    pub after: Option<Item>,
    /// What is wanted of the items.
    pub select: Select,
    /// Whether all that was acknowledged must be seen. Here it always is; it only costs more.
    pub consistent: bool,
    /// Whether to say what it cost.
    pub capacity: ReturnCapacity,
}

/// What is wanted of the items of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Select {
    /// What the table or the index gives.
    Given,
    /// All of them, whatever the index gives.
    All,
    /// What these paths lead to.
    Paths(Vec<Path>),
    /// Their number.
    Count,
}

const SELECTS: &[&str] = &["SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"];
const EXPRESSION: &str = "KeyConditionExpression";
const PROJECTION: &str = "ProjectionExpression";

fn invalid(message: impl Into<String>) -> WireError {
    WireError::new(Code::Validation, message)
}

pub(super) fn parse(mut request: Request<'_>) -> Result<QueryCall, WireError> {
    let table = request.table()?;
    let members = request.members;
    let index = members.text("IndexName")?;
    if let Some(index) = index {
        request.name_rules(index, "indexName");
    }
    let select = members.text("Select")?;
    if let Some(select) = select {
        request.rules.one_of(select, "select", SELECTS);
    }
    let limit = members.integer("Limit")?.map(|limit| request.rules.range(limit, "limit", 1, i64::from(i32::MAX)));
    let consistent = members.truth("ConsistentRead")?.unwrap_or(false);
    let forward = members.truth("ScanIndexForward")?.unwrap_or(true);
    let capacity = request.capacity()?;
    let after = members.object("ExclusiveStartKey")?;
    let (key_text, projection_text) = (members.text(EXPRESSION)?, members.text(PROJECTION)?);
    let legacy = members.object("KeyConditions")?;
    request.rules.check(Code::Validation)?;
    members.refuse(&["FilterExpression", "QueryFilter", "ConditionalOperator", "AttributesToGet"])?;
    if legacy.is_some() && (key_text.is_some() || projection_text.is_some()) {
        let used = if key_text.is_some() { EXPRESSION } else { PROJECTION };
        return Err(invalid(format!(
            "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: \
             {{KeyConditions}} Expression parameters: {{{used}}}"
        )));
    }
    let names = Names::read(members, key_text.is_some() || projection_text.is_some())?;
    let after = after.map(|after| read_item(Some(after))).transpose()?;
    let select = read_select(select, projection_text, index.is_some(), &names)?;
    let conditions = match (key_text, legacy) {
        (Some(text), _) => expression::keys(expression::condition(EXPRESSION, text, &names)?)?,
        (None, Some(legacy)) => read_legacy(legacy)?,
        (None, None) => {
            let message =
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.";
            return Err(invalid(message));
        }
    };
    names.all_used()?;
    let index = index.map(|name| name.parse().map_err(|_| invalid("The IndexName is invalid"))).transpose()?;
    Ok(QueryCall {
        table: super::resolve(table, request.context)?,
        index,
        conditions,
        order: if forward { Order::Ascending } else { Order::Descending },
        limit: limit.and_then(NonZeroUsize::new),
        after,
        select,
        consistent,
        capacity,
    })
}

fn read_select(
    select: Option<&str>,
    projection: Option<&str>,
    of_index: bool,
    names: &Names,
) -> Result<Select, WireError> {
    let paths = projection.map(|text| expression::paths(PROJECTION, text, names)).transpose()?;
    match (select, paths) {
        (None | Some("SPECIFIC_ATTRIBUTES"), Some(paths)) => Ok(Select::Paths(paths)),
        (Some("SPECIFIC_ATTRIBUTES"), None) => Err(invalid(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
        )),
        (Some("ALL_PROJECTED_ATTRIBUTES"), _) if !of_index => {
            Err(invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"))
        }
        (Some(select), Some(_)) => {
            let what = if select == "COUNT" { "only the Count" } else { select };
            Err(invalid(format!("Cannot specify the ProjectionExpression when choosing to get {what}")))
        }
        (Some("COUNT"), None) => Ok(Select::Count),
        (Some("ALL_ATTRIBUTES"), None) => Ok(Select::All),
        (Some(_) | None, None) => Ok(Select::Given),
    }
}

/// The conditions of requests that know no expressions.
fn read_legacy(given: &Map<String, Json>) -> Result<Vec<KeyCondition>, WireError> {
    if given.is_empty() {
        return Err(invalid("Conditions can be of length 1 or 2 only"));
    }
    let read = |(attribute, condition): (&String, &Json)| {
        let condition = condition.as_object().ok_or_else(|| wrong_type(condition, "AttributeValue"))?;
        let members = Members::new(condition, Service::Dynamodb);
        let operator = members.text("ComparisonOperator")?.unwrap_or("");
        let list = match members.get("AttributeValueList") {
            Some(list) => list.as_array().ok_or_else(|| wrong_type(list, "List"))?.as_slice(),
            None => &[],
        };
        let values = list.iter().map(|value| read_value(attribute, value)).collect::<Result<Vec<Value>, _>>()?;
        let count = values.len();
        let mut values = values.into_iter();
        let test = match (operator, values.next(), values.next(), count) {
            ("EQ", Some(value), None, 1) => KeyTest::Equal(value),
            ("LT", Some(value), None, 1) => KeyTest::Less(value),
            ("LE", Some(value), None, 1) => KeyTest::LessOrEqual(value),
            ("GT", Some(value), None, 1) => KeyTest::Greater(value),
            ("GE", Some(value), None, 1) => KeyTest::GreaterOrEqual(value),
            ("BEGINS_WITH", Some(value), None, 1) => KeyTest::BeginsWith(value),
            ("BETWEEN", Some(low), Some(high), 2) => KeyTest::Between(low, high),
            ("EQ" | "LT" | "LE" | "GT" | "GE" | "BEGINS_WITH" | "BETWEEN", ..) => {
                return Err(invalid(format!(
                    "One or more parameter values were invalid: Invalid number of argument(s) for the {operator} \
                     ComparisonOperator"
                )));
            }
            _ => return Err(invalid("Attempted conditional constraint is not an indexable operation")),
        };
        Ok(KeyCondition { attribute: attribute.clone(), test })
    };
    given.iter().map(read).collect()
}

impl QueryCall {
    /// The query to ask of its table, if that can be asked.
    pub fn resolve(&self, table: &Table) -> Result<Query, WireError> {
        let index = match &self.index {
            Some(name) => {
                let missing = || WireError::of_query(&QueryRefused::NoSuchIndex(name.clone()));
                Some(table.index(name).ok_or_else(missing)?)
            }
            None => None,
        };
        if index.is_some() && self.consistent {
            return Err(invalid("Consistent reads are not supported on global secondary indexes"));
        }
        let conditions = self.conditions.clone();
        let found = table.key_conditions(self.index.as_ref(), conditions);
        let (hash, range) = found.map_err(|refused| WireError::of_query(&refused))?;
        if let Some(index) = index {
            self.check_projection(table, index)?;
        }
        let give = if self.select == Select::Count { Give::Count } else { Give::Items };
        let (order, limit, after) = (self.order, self.limit, self.after.clone());
        Ok(Query { index: self.index.clone(), hash, range, order, limit, after, give })
    }

    /// Refuses to ask an index for what it does not give.
    fn check_projection(&self, table: &Table, index: &Index) -> Result<(), WireError> {
        let included = match &index.projection {
            Projection::All => return Ok(()),
            Projection::Keys => &[][..],
            Projection::Include(names) => names,
        };
        let wrong = |what: String| Err(invalid(format!("One or more parameter values were invalid: {what}")));
        match &self.select {
            Select::All => wrong(format!(
                "Select type ALL_ATTRIBUTES is not supported for global secondary index {} because its projection type \
                 is not ALL",
                index.name
            )),
            Select::Paths(paths) => {
                let keys = || table.keys.attributes().chain(index.keys.attributes()).map(|attribute| &attribute.name);
                let given = |name: &str| keys().chain(included).any(|known| known == name);
                let missing: Vec<&str> =
                    paths.iter().map(|path| &*path.attribute).filter(|name| !given(name)).collect();
                match missing.is_empty() {
                    true => Ok(()),
                    false => {
                        let missing = missing.join(", ");
                        wrong(format!("Global secondary index {} does not project [{missing}]", index.name))
                    }
                }
            }
            Select::Given | Select::Count => Ok(()),
        }
    }

    /// What is answered of an item that was found.
    pub(super) fn shown<'a>(&self, item: &'a Item) -> Cow<'a, Item> {
        match &self.select {
            Select::Paths(paths) => Cow::Owned(table::project(item, paths)),
            Select::Given | Select::All | Select::Count => Cow::Borrowed(item),
        }
    }
}
