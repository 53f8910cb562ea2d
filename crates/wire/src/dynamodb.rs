//! Decides how requests of tables are read, and what they may ask for.
//!
//! Start at `parse`. The order in which faults are found is AWS's: JSON types, then the rules of single members (all
//! of them said at once), then what is not handled here, then the values of items. Keys are not looked at: what they
//! must be is the table's business.

mod batch;
mod expression;
mod index_units;
mod query;
mod reading;
mod scan;
mod spell;
mod update;
mod values;

pub use batch::{BATCH_READS_MAX, BATCH_WRITES_MAX, BatchRead, BatchWrite, BatchWriteKind};
pub use index_units::{IndexUnits, index_units};
pub use query::QueryCall;
pub use reading::{Reading, Select};
pub use scan::ScanCall;
pub(crate) use spell::spell;
pub use spell::{Answer, IndexNumbers, TableDescription};
pub use update::{Returns, UpdateCall};

use crate::error::{Code, WireError};
use crate::members::{Members, Rules, parse_body};
use crate::reply::Service;
use crate::{Context, unknown_operation};
use expression::Expressions;
use serde_json::{Map, Value as Json};
use table::{Condition, Path};
use types::{Arn, Item, TableName};
use values::{Wording, read_item};

/// What a client asks of tables.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// Store an item.
    PutItem {
        /// Where.
        table: TableName,
        /// What.
        item: Item,
        /// Under which condition.
        condition: Condition,
        /// What to say of it.
        returning: Returning,
    },
    /// Remove an item.
    DeleteItem {
        /// Where.
        table: TableName,
        /// Its key's attributes, as the client gives them.
        key: Item,
        /// Under which condition.
        condition: Condition,
        /// What to say of it.
        returning: Returning,
    },
    /// Read an item.
    GetItem {
        /// Where.
        table: TableName,
        /// Its key's attributes, as the client gives them.
        key: Item,
        /// Whether all that was acknowledged must be seen. Here it always is; it only costs more.
        consistent: bool,
        /// What is wanted of it; `None` for all.
        paths: Option<Vec<Path>>,
        /// Whether to say what it cost.
        capacity: ReturnCapacity,
    },
    /// Read items.
    BatchGetItem {
        /// For each table what is wanted of it; at least one, at most [`BATCH_READS_MAX`] keys in all.
        reads: Vec<BatchRead>,
        /// Whether to say what it cost.
        capacity: ReturnCapacity,
    },
    /// Change an item.
    UpdateItem(UpdateCall),
    /// Store and remove items.
    BatchWriteItem {
        /// At least one, at most [`BATCH_WRITES_MAX`].
        writes: Vec<BatchWrite>,
        /// Whether to say what it cost.
        capacity: ReturnCapacity,
    },
    /// Find the items of one hash value.
    Query(QueryCall),
    /// Go through all items.
    Scan(ScanCall),
    /// Say what a table is.
    DescribeTable {
        /// Which.
        table: TableName,
    },
    /// Say when a table's items expire.
    DescribeTimeToLive {
        /// Which.
        table: TableName,
    },
    /// Change when a table's items expire.
    UpdateTimeToLive {
        /// Which.
        table: TableName,
        /// The attribute.
        attribute: String,
        /// Whether they are to expire at all.
        enabled: bool,
    },
    /// Say which tables there are, sorted by name.
    ListTables {
        /// Only those after this name.
        after: Option<TableName>,
        /// At most so many.
        limit: usize,
    },
}

/// What to say of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returning {
    /// What was stored before.
    pub old: bool,
    /// What is stored, when the condition on it does not hold.
    pub when_failed: bool,
    /// What it cost.
    pub capacity: ReturnCapacity,
}

/// Whether to say what a request cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnCapacity {
    /// No.
    None,
    /// In one number for each table.
    Total,
    /// And for the table apart from its indexes.
    Indexes,
}

pub(crate) fn parse(operation: &str, body: &[u8], context: &Context) -> Result<Call, WireError> {
    let read: fn(Request<'_>) -> Result<Call, WireError> = match operation {
        "PutItem" => |request| request.put_item(),
        "GetItem" => |request| request.get_item(),
        "DeleteItem" => |request| request.delete_item(),
        "BatchWriteItem" => batch::parse_writes,
        "BatchGetItem" => batch::parse_reads,
        "UpdateItem" => |request| update::parse(request).map(Call::UpdateItem),
        "Query" => |request| query::parse(request).map(Call::Query),
        "Scan" => |request| scan::parse(request).map(Call::Scan),
        "DescribeTable" => |request| request.describe_table(),
        "DescribeTimeToLive" => |request| request.describe_time_to_live(),
        "UpdateTimeToLive" => |request| request.update_time_to_live(),
        "ListTables" => |request| request.list_tables(),
        other => return Err(unknown_operation(other)),
    };
    let body = parse_body(body)?;
    read(Request { members: Members::new(&body, Service::Dynamodb), rules: Rules::default(), context })
}

/// The older language of conditions.
const OTHER_CONDITIONS: &[&str] = &["Expected", "ConditionalOperator"];
const RETURN_VALUES: &[&str] = &["ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"];
const NAME_PATTERN: &str = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+";

/// A request being read.
struct Request<'a> {
    members: Members<'a>,
    rules: Rules,
    context: &'a Context,
}

impl<'a> Request<'a> {
    fn put_item(mut self) -> Result<Call, WireError> {
        let table = self.table_beside("Item")?;
        let item = self.required_object("Item", "item")?;
        let (item, condition, returning) = self.rest_of_write(item)?;
        Ok(Call::PutItem { table: resolve(table, self.context)?, item, condition, returning })
    }

    fn delete_item(mut self) -> Result<Call, WireError> {
        let table = self.table_beside("Key")?;
        let key = self.required_object("Key", "key")?;
        let (key, condition, returning) = self.rest_of_write(key)?;
        Ok(Call::DeleteItem { table: resolve(table, self.context)?, key, condition, returning })
    }

    /// What put and delete have in common: the item or its key, under which condition, and what is wanted of it.
    fn rest_of_write(&mut self, item: Option<&Map<String, Json>>) -> Result<(Item, Condition, Returning), WireError> {
        const EXPRESSION: &str = "ConditionExpression";
        let returning = self.returning()?;
        self.metrics()?;
        std::mem::take(&mut self.rules).check(Code::Validation)?;
        if self.members.get(EXPRESSION).is_none() {
            self.members.refuse(OTHER_CONDITIONS)?;
        }
        let (item, condition) = enveloped(|| {
            let expressions = Expressions::read(self.members, &[EXPRESSION], OTHER_CONDITIONS, Wording::Current)?;
            let item = read_item(item, Wording::Current)?;
            only_old(self.members)?;
            let condition = expressions.condition(EXPRESSION)?.unwrap_or(Condition::Always);
            expressions.end()?;
            Ok((item, condition))
        })?;
        Ok((item, condition, returning))
    }

    fn get_item(mut self) -> Result<Call, WireError> {
        let table = self.table()?;
        let key = self.required_object("Key", "key")?;
        let consistent = self.members.truth("ConsistentRead")?.unwrap_or(false);
        let capacity = self.capacity()?;
        std::mem::take(&mut self.rules).check(Code::Validation)?;
        let (expressions, others) = (&["ProjectionExpression"], &["AttributesToGet"]);
        let expressions = Expressions::read(self.members, expressions, others, Wording::Current)?;
        self.members.refuse(others)?;
        let key = read_item(key, Wording::Current)?;
        let paths = expressions.projection()?;
        expressions.end()?;
        Ok(Call::GetItem { table: resolve(table, self.context)?, key, consistent, paths, capacity })
    }

    fn describe_table(mut self) -> Result<Call, WireError> {
        let table = self.described_table()?;
        self.rules.check(Code::Validation)?;
        Ok(Call::DescribeTable { table: resolve(table, self.context)? })
    }

    fn describe_time_to_live(mut self) -> Result<Call, WireError> {
        let table = self.described_table()?;
        self.rules.check(Code::Validation)?;
        Ok(Call::DescribeTimeToLive { table: resolve(table, self.context)? })
    }

    fn update_time_to_live(mut self) -> Result<Call, WireError> {
        let table = self.described_table()?;
        let asked = self.required_object("TimeToLiveSpecification", "timeToLiveSpecification")?;
        let nothing = Map::new();
        let asked = Members::new(asked.unwrap_or(&nothing), Service::Dynamodb);
        let (attribute, enabled) = (asked.text("AttributeName")?, asked.truth("Enabled")?);
        if self.members.get("TimeToLiveSpecification").is_some() {
            match attribute {
                Some(name) => self.rules.length(name, "timeToLiveSpecification.attributeName", 1, 255),
                None => self.rules.missing("timeToLiveSpecification.attributeName"),
            }
            if enabled.is_none() {
                self.rules.missing("timeToLiveSpecification.enabled");
            }
        }
        self.rules.check(Code::Validation)?;
        let attribute = attribute.unwrap_or_default().to_owned();
        let enabled = enabled.unwrap_or_default();
        Ok(Call::UpdateTimeToLive { table: resolve(table, self.context)?, attribute, enabled })
    }

    fn list_tables(mut self) -> Result<Call, WireError> {
        let after = self.members.text("ExclusiveStartTableName")?;
        let limit = self.members.integer("Limit")?.unwrap_or(100);
        if let Some(after) = after {
            self.name_rules(after, "exclusiveStartTableName", 3);
        }
        let limit = self.rules.range(limit, "limit", 1, 100);
        self.rules.check(Code::Validation)?;
        let after = after.map(|name| resolve(Some(name), self.context)).transpose()?;
        Ok(Call::ListTables { after, limit })
    }

    /// The name or ARN of the table whose items are asked for, held to its rules.
    fn table(&mut self) -> Result<Option<&'a str>, WireError> {
        self.named(1)
    }

    /// The name or ARN of the table that is asked about.
    fn described_table(&mut self) -> Result<Option<&'a str>, WireError> {
        self.named(3)
    }

    /// The same as [`Self::table`], where beside this member an empty name is all that is told of.
    fn table_beside(&mut self, member: &str) -> Result<Option<&'a str>, WireError> {
        let name = self.table()?;
        if name == Some("") && self.members.get(member).is_some() {
            let mut rules = Rules::default();
            rules.length("", "tableName", 1, 1024);
            rules.check(Code::Validation)?;
        }
        Ok(name)
    }

    fn named(&mut self, least: usize) -> Result<Option<&'a str>, WireError> {
        let name = self.members.text("TableName")?;
        match name {
            Some(name) => self.name_rules(name, "tableName", least),
            None => self.rules.missing("tableName"),
        }
        Ok(name)
    }

    fn name_rules(&mut self, name: &str, path: &str, least: usize) {
        if name.starts_with("arn:") {
            self.rules.length(name, path, 1, 1024);
            return;
        }
        self.rules.length(name, path, least, 255);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if !name.bytes().all(allowed) {
            self.rules.broken(Some(name), path, NAME_PATTERN);
        }
    }

    fn required_object(&mut self, name: &str, path: &str) -> Result<Option<&'a Map<String, Json>>, WireError> {
        let object = self.members.object(name)?;
        if object.is_none() {
            self.rules.missing(path);
        }
        Ok(object)
    }

    fn returning(&mut self) -> Result<Returning, WireError> {
        let values = self.members.text("ReturnValues")?;
        if let Some(values) = values {
            self.rules.one_of(values, "returnValues", RETURN_VALUES);
        }
        let when_failed = self.when_failed()?;
        Ok(Returning { old: values == Some("ALL_OLD"), when_failed, capacity: self.capacity()? })
    }

    /// Whether the stored item is wanted when the condition on it does not hold.
    fn when_failed(&mut self) -> Result<bool, WireError> {
        let values = self.members.text("ReturnValuesOnConditionCheckFailure")?;
        if let Some(values) = values {
            self.rules.one_of(values, "returnValuesOnConditionCheckFailure", &["ALL_OLD", "NONE"]);
        }
        Ok(values == Some("ALL_OLD"))
    }

    fn capacity(&mut self) -> Result<ReturnCapacity, WireError> {
        let asked = self.members.text("ReturnConsumedCapacity")?;
        if let Some(asked) = asked {
            self.rules.one_of(asked, "returnConsumedCapacity", &["INDEXES", "TOTAL", "NONE"]);
        }
        Ok(match asked {
            Some("TOTAL") => ReturnCapacity::Total,
            Some("INDEXES") => ReturnCapacity::Indexes,
            _ => ReturnCapacity::None,
        })
    }

    /// Metrics of item collections are told of tables that have local indexes alone, and none has here.
    fn metrics(&mut self) -> Result<(), WireError> {
        if let Some(asked) = self.members.text("ReturnItemCollectionMetrics")? {
            self.rules.one_of(asked, "returnItemCollectionMetrics", &["SIZE", "NONE"]);
        }
        Ok(())
    }
}

/// What is wrong with values and expressions of a request that writes one item is told as its rules are.
fn enveloped<T>(read: impl FnOnce() -> Result<T, WireError>) -> Result<T, WireError> {
    read().map_err(|error| match error.code {
        Code::Validation => WireError::new(error.code, format!("1 validation error detected: {}", error.message)),
        _ => error,
    })
}

/// Of put and delete AWS gives back what was there before, or nothing.
fn only_old(members: Members<'_>) -> Result<(), WireError> {
    match members.text("ReturnValues")? {
        None | Some("ALL_OLD" | "NONE") => Ok(()),
        Some(_) => Err(WireError::new(Code::Validation, "ReturnValues can only be ALL_OLD or NONE")),
    }
}

/// The table's name, from a name or an ARN of this account; an ARN of another one names no table of ours.
fn resolve(given: Option<&str>, context: &Context) -> Result<TableName, WireError> {
    let given = given.expect("a missing name breaks a rule, and the rules were checked");
    let not_found = || WireError::new(Code::ResourceNotFound, "Requested resource not found");
    let name = if given.starts_with("arn:") {
        let arn: Arn = given.parse().map_err(|_| not_found())?;
        let ours = context.account.arn("dynamodb", &arn.resource) == arn;
        let name = arn.resource.strip_prefix("table/").filter(|_| ours).ok_or_else(not_found)?;
        name.parse()
    } else {
        given.parse()
    };
    name.map_err(|_| not_found())
}
