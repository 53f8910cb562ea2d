//! Decides how batches are read: writes of several items, and reads of several.
//!
//! Start at [`parse_writes`] and [`parse_reads`]. The rules of single members are all said at once, and before any value is
//! read; a batch with one fault in it is refused as a whole.

use super::expression::Expressions;
use super::values::{Wording, read_item};
use super::{Call, NAME_PATTERN, Request, resolve};
use crate::error::{Code, WireError};
use crate::members::{Members, Rules, wrong_type};
use crate::reply::Service;
use serde_json::{Map, Value as Json};
use table::Path;
use types::{Item, TableName};

/// The most writes of one batch.
pub const BATCH_WRITES_MAX: usize = 25;
/// The most keys of one batch of reads.
pub const BATCH_READS_MAX: usize = 100;

/// One write of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchWrite {
    /// Where.
    pub table: TableName,
    /// What.
    pub what: BatchWriteKind,
}

/// What one write of a batch does.
#[derive(Debug, Clone, PartialEq)]
pub enum BatchWriteKind {
    /// Store this item.
    Put(Item),
    /// Remove the item with this key's attributes.
    Delete(Item),
}

/// What a batch of reads wants of one table.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchRead {
    /// Where.
    pub table: TableName,
    /// How the client calls the table: by its name or its ARN.
    pub called: String,
    /// The items' keys' attributes, as the client gives them.
    pub keys: Vec<Item>,
    /// Whether all that was acknowledged must be seen. Here it always is; it only costs more.
    pub consistent: bool,
    /// What is wanted of the items; `None` for all.
    pub paths: Option<Vec<Path>>,
    /// The request's members beside the keys: what is sent again for those that were not looked up.
    pub beside: Map<String, Json>,
}

fn invalid(message: impl Into<String>) -> WireError {
    WireError::new(Code::Validation, message)
}

/// What is asked of each table; there is at least one.
fn asked<'a>(request: &mut Request<'a>, operation: &str) -> Result<&'a Map<String, Json>, WireError> {
    match request.members.object("RequestItems")? {
        Some(tables) if tables.is_empty() => {
            Err(invalid(format!("The requestItems parameter is required for {operation}")))
        }
        Some(tables) => Ok(tables),
        None => {
            request.rules.missing("requestItems");
            Err(std::mem::take(&mut request.rules).check(Code::Validation).expect_err("a rule was just broken"))
        }
    }
}

fn names_rule() -> String {
    format!(
        "Map keys must satisfy constraint: [Member must have length less than or equal to 255, Member must have length \
         greater than or equal to 3, {NAME_PATTERN}]"
    )
}

fn is_name_or_arn(text: &str) -> bool {
    text.parse::<TableName>().is_ok() || text.starts_with("arn:")
}

pub(super) fn parse_writes(mut request: Request<'_>) -> Result<Call, WireError> {
    let tables = request.members.object("RequestItems")?;
    let capacity = request.capacity()?;
    request.metrics()?;
    if tables.is_some() {
        std::mem::take(&mut request.rules).check(Code::Validation)?;
    }
    let mut given = Vec::new();
    for (table, requests) in asked(&mut request, "BatchWriteItem")? {
        let list = requests.as_array().ok_or_else(|| wrong_type(requests, "List"))?;
        given.push((table, list));
    }
    writes_rules(&mut request.rules, &given);
    std::mem::take(&mut request.rules).check(Code::Validation)?;
    if given.iter().map(|(_, list)| list.len()).sum::<usize>() > BATCH_WRITES_MAX {
        return Err(invalid("Too many items requested for the BatchWriteItem call"));
    }
    let mut writes = Vec::new();
    for (table, list) in given {
        let table = resolve(Some(table), request.context)?;
        for (index, request) in list.iter().enumerate() {
            let path = format!("requestItems.{table}.member.{}.member", index + 1);
            writes.push(BatchWrite { table: table.clone(), what: batch_write(request, &path)? });
        }
    }
    Ok(Call::BatchWriteItem { writes, capacity })
}

fn writes_rules(rules: &mut Rules, given: &[(&String, &Vec<Json>)]) {
    let shown = |list: &[Json]| match list {
        [] => "[]".to_owned(),
        few @ ([_] | [_, _]) => format!("[{}]", few.iter().map(shown_write).collect::<Vec<_>>().join(", ")),
        many => format!("[{} requests]", many.len()),
    };
    let shown = given.iter().map(|(table, list)| format!("{table}={}", shown(list)));
    let shown = format!("{{{}}}", shown.collect::<Vec<_>>().join(", "));
    if given.iter().any(|(table, _)| !is_name_or_arn(table)) {
        rules.broken(Some(&shown), "requestItems", &names_rule());
    }
    if given.iter().any(|(_, list)| list.is_empty() || list.len() > BATCH_WRITES_MAX) {
        let rule = format!(
            "Map value must satisfy constraint: [Member must have length less than or equal to {BATCH_WRITES_MAX}, \
             Member must have length greater than or equal to 1]"
        );
        rules.broken(Some(&shown), "requestItems", &rule);
    }
}

/// A write as AWS shows it: as its own server would print it.
fn shown_write(write: &Json) -> String {
    let attributes = |outer: &str, inner: &str| {
        let item = write.get(outer)?.get(inner)?.as_object()?;
        let shown = item.iter().map(|(name, value)| format!("{name}=AttributeValue({value})"));
        Some(format!("{{{}}}", shown.collect::<Vec<_>>().join(", ")))
    };
    match (attributes("PutRequest", "Item"), attributes("DeleteRequest", "Key")) {
        (Some(item), _) => format!("WriteRequest(putRequest=PutRequest(item={item}), deleteRequest=null)"),
        (None, Some(key)) => format!("WriteRequest(putRequest=null, deleteRequest=DeleteRequest(key={key}))"),
        (None, None) => "WriteRequest(putRequest=null, deleteRequest=null)".to_owned(),
    }
}

fn batch_write(request: &Json, path: &str) -> Result<BatchWriteKind, WireError> {
    let members = request.as_object().ok_or_else(|| wrong_type(request, "AttributeValue"))?;
    let members = Members::new(members, Service::Dynamodb);
    let content = |outer: &str, inner: &str, path: String| {
        let Some(outer) = members.object(outer)? else { return Ok(None) };
        match Members::new(outer, Service::Dynamodb).object(inner)? {
            Some(item) => Ok(Some(item)),
            None => {
                let mut rules = Rules::default();
                rules.missing(&path);
                Err(rules.check(Code::Validation).expect_err("a rule was just broken"))
            }
        }
    };
    let put = content("PutRequest", "Item", format!("{path}.putRequest.item"))?;
    let delete = content("DeleteRequest", "Key", format!("{path}.deleteRequest.key"))?;
    match (put, delete) {
        (Some(item), None) => Ok(BatchWriteKind::Put(read_item(Some(item), Wording::Older)?)),
        (None, Some(key)) => Ok(BatchWriteKind::Delete(read_item(Some(key), Wording::Older)?)),
        (None, None) | (Some(_), Some(_)) => Err(invalid(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported \
             datatypes",
        )),
    }
}

const EXPRESSIONS: &[&str] = &["ProjectionExpression"];
const OTHERS: &[&str] = &["AttributesToGet"];

pub(super) fn parse_reads(mut request: Request<'_>) -> Result<Call, WireError> {
    if request.members.get("RequestItems").is_none() {
        request.capacity()?;
    }
    let tables = asked(&mut request, "BatchGetItem")?;
    if tables.keys().any(|name| !is_name_or_arn(name)) {
        let shown = Json::Object(tables.clone()).to_string();
        request.rules.broken(Some(&shown), "requestItems", &names_rule());
    }
    let mut given = Vec::new();
    for (name, wanted) in tables {
        let members = wanted.as_object().ok_or_else(|| wrong_type(wanted, "Map"))?;
        let keys = Members::new(members, Service::Dynamodb).objects_of("Keys")?;
        match &keys {
            None => request.rules.missing(&format!("requestItems.{name}.member.keys")),
            Some(keys) if keys.is_empty() => {
                let rule = "Member must have length greater than or equal to 1";
                request.rules.broken(Some("[]"), &format!("requestItems.{name}.member.keys"), rule);
            }
            Some(keys) if keys.len() > BATCH_READS_MAX => {
                let rule = format!("Member must have length less than or equal to {BATCH_READS_MAX}");
                request.rules.broken_unshown(&format!("RequestItems.{name}.member.Keys"), &rule);
            }
            Some(_) => {}
        }
        given.push((name, members, keys.unwrap_or_default()));
    }
    let capacity = request.capacity()?;
    std::mem::take(&mut request.rules).check(Code::Validation)?;
    let has = |name: &str| given.iter().any(|(_, members, _)| members.get(name).is_some_and(|one| !one.is_null()));
    if has(EXPRESSIONS[0]) && has(OTHERS[0]) {
        return Err(invalid(format!(
            "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: \
             {{{}}} Expression parameters: {{{}}}",
            OTHERS[0], EXPRESSIONS[0]
        )));
    }
    if given.iter().map(|(_, _, keys)| keys.len()).sum::<usize>() > BATCH_READS_MAX {
        return Err(invalid("Too many items requested for the BatchGetItem call"));
    }
    let read = |(name, members, keys): (&String, &Map<String, Json>, Vec<&Map<String, Json>>)| {
        let mut beside = members.clone();
        beside.remove("Keys");
        let members = Members::new(members, Service::Dynamodb);
        members.refuse(OTHERS)?;
        let expressions = Expressions::read(members, EXPRESSIONS, OTHERS, Wording::Current)?;
        let keys = keys.into_iter().map(|key| read_item(Some(key), Wording::Current)).collect::<Result<_, _>>()?;
        let paths = expressions.projection()?;
        expressions.end()?;
        let consistent = members.truth("ConsistentRead")?.unwrap_or(false);
        let table = resolve(Some(name), request.context)?;
        Ok(BatchRead { table, called: name.clone(), keys, consistent, paths, beside })
    };
    let reads = given.into_iter().map(read).collect::<Result<_, WireError>>()?;
    Ok(Call::BatchGetItem { reads, capacity })
}
