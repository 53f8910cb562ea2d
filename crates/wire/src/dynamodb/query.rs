//! Decides how a query is read, and what of it can be asked of a table.
//!
//! Start at [`parse`], which needs nothing but the request; then [`QueryCall::resolve`], when the table is known: which
//! index is meant, and whether it can give what is asked.

use super::Request;
use super::expression::Expressions;
use super::reading::{Begun, Reading, Select};
use super::values::{Wording, read_value};
use crate::error::{Code, WireError};
use crate::members::{Members, wrong_type};
use crate::reply::Service;
use serde_json::{Map, Value as Json};
use table::{Condition, Give, Index, KeyCondition, KeyTest, Order, Query, Table};
use types::Value;

/// A query, as far as it can be understood without its table.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryCall {
    /// What is read.
    pub reading: Reading,
    /// What the key's attributes must be.
    pub conditions: Vec<KeyCondition>,
    /// In which order.
    pub order: Order,
}

const EXPRESSIONS: &[&str] = &["KeyConditionExpression", "FilterExpression", "ProjectionExpression"];
/// The older language of conditions on keys, of filters and projections.
const OTHERS: &[&str] = &["KeyConditions", "QueryFilter", "AttributesToGet", "ConditionalOperator"];

fn invalid(message: impl Into<String>) -> WireError {
    WireError::new(Code::Validation, message)
}

pub(super) fn parse(mut request: Request<'_>) -> Result<QueryCall, WireError> {
    let begun = Begun::read(&mut request)?;
    let members = request.members;
    let forward = members.truth("ScanIndexForward")?.unwrap_or(true);
    let older = members.object("KeyConditions")?;
    std::mem::take(&mut request.rules).check(Code::Validation)?;
    let expressions = Expressions::read(members, EXPRESSIONS, OTHERS, Wording::Current)?;
    members.refuse(&["QueryFilter", "ConditionalOperator", "AttributesToGet"])?;
    let reading = Reading::parse(&begun, &request, &expressions, Wording::Current)?;
    let conditions = match (expressions.keys()?, older) {
        (Some(conditions), _) => conditions,
        (None, Some(older)) => read_older(older)?,
        (None, None) => {
            let message =
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.";
            return Err(invalid(message));
        }
    };
    expressions.end()?;
    Ok(QueryCall { reading, conditions, order: if forward { Order::Ascending } else { Order::Descending } })
}

/// The conditions of requests that know no expressions.
fn read_older(given: &Map<String, Json>) -> Result<Vec<KeyCondition>, WireError> {
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
        let values = list
            .iter()
            .map(|value| read_value(attribute, value, Wording::Current))
            .collect::<Result<Vec<Value>, _>>()?;
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
        let reading = &self.reading;
        let index = reading.check(table)?;
        let found = table.key_conditions(reading.index.as_ref(), self.conditions.clone());
        let (hash, range) = found.map_err(|refused| WireError::of_query(&refused))?;
        self.check_filter(table, index)?;
        // A filter needs the items, even if only their number is wanted.
        let count = reading.select == Select::Count && reading.filter.is_none();
        let give = if count { Give::Count } else { Give::Items };
        let (index, limit, after) = (reading.index.clone(), reading.limit, reading.after.clone());
        Ok(Query { index, hash, range, order: self.order, limit, after, give })
    }

    /// What a query is asked by cannot be filtered by.
    fn check_filter(&self, table: &Table, index: Option<&Index>) -> Result<(), WireError> {
        let keys = index.map_or(&table.keys, |index| &index.keys);
        let paths = self.reading.filter.iter().flat_map(Condition::paths).collect::<Vec<_>>();
        for key in keys.attributes() {
            if paths.iter().any(|path| *path.attribute == *key.name) {
                return Err(invalid(format!(
                    "Filter Expression can only contain non-primary key attributes: Primary key attribute: {}",
                    key.name
                )));
            }
        }
        self.reading.check_filter(table)
    }
}
