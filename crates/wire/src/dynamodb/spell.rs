//! Decides how answers about tables are spelt, and what a request is said to have cost.
//!
//! Capacity is counted as AWS bills it: a write by the larger of the items before and after in steps of 1 KB, a read
//! by the item in steps of 4 KB, half as much when it need not be consistent; and never nothing.

use super::{ReturnCapacity, Returning};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use table::Table;
use types::{Account, Item, Stream, TableName, Timestamp};

/// What is answered about tables.
#[derive(Debug)]
pub enum Answer<'a> {
    /// An item was stored or removed, or it was not there to be removed.
    Written {
        /// Where.
        table: &'a TableName,
        /// What the request wants to hear of it.
        returning: Returning,
        /// What was stored before.
        old: Option<&'a Item>,
        /// The size of the item that is stored now; 0 when there is none.
        new_size: usize,
    },
    /// An item was looked up.
    Found {
        /// Where.
        table: &'a TableName,
        /// Whether all that was acknowledged had to be seen.
        consistent: bool,
        /// Whether to say what it cost.
        capacity: ReturnCapacity,
        /// The item, if there is one.
        item: Option<&'a Item>,
    },
    /// All writes of a batch were done.
    BatchWritten {
        /// Whether to say what it cost.
        capacity: ReturnCapacity,
        /// For each write its table and the size of the larger item, the one before or the one after.
        sizes: &'a [(TableName, usize)],
    },
    /// What a table is.
    Described(TableDescription<'a>),
    /// Which tables there are.
    Listed {
        /// Their names, sorted.
        names: &'a [TableName],
        /// Whether there are more after them.
        more: bool,
    },
}

/// What a table is said to be.
#[derive(Debug)]
pub struct TableDescription<'a> {
    /// The table.
    pub table: &'a Table,
    /// Its stream, if it has one.
    pub stream: Option<&'a Stream>,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many items it has, as far as is known.
    pub items: u64,
    /// Their bytes, as far as is known.
    pub bytes: u64,
}

pub(crate) fn spell(answer: &Answer<'_>, account: &Account) -> Json {
    let mut body = Map::new();
    match answer {
        Answer::Written { table, returning, old, new_size } => {
            if let Some(old) = old.filter(|_| returning.old) {
                body.insert("Attributes".to_owned(), old.to_json());
            }
            let units = write_units(old.map_or(0, Item::size).max(*new_size));
            insert_capacity(&mut body, returning.capacity, table, units);
        }
        Answer::Found { table, consistent, capacity, item } => {
            if let Some(item) = item {
                body.insert("Item".to_owned(), item.to_json());
            }
            insert_capacity(&mut body, *capacity, table, read_units(item.map_or(0, Item::size), *consistent));
        }
        Answer::BatchWritten { capacity, sizes } => {
            body.insert("UnprocessedItems".to_owned(), json!({}));
            let mut units: BTreeMap<&TableName, f64> = BTreeMap::new();
            for (table, size) in *sizes {
                *units.entry(table).or_default() += write_units(*size);
            }
            let spelt = units.into_iter().filter_map(|(table, units)| spell_capacity(*capacity, table, units));
            let spelt: Vec<Json> = spelt.collect();
            if !spelt.is_empty() {
                body.insert("ConsumedCapacity".to_owned(), spelt.into());
            }
        }
        Answer::Described(description) => {
            body.insert("Table".to_owned(), describe(description, account));
        }
        Answer::Listed { names, more } => {
            let texts = names.iter().map(|name| name.as_str().into()).collect::<Vec<Json>>();
            if let Some(last) = texts.last().filter(|_| *more) {
                body.insert("LastEvaluatedTableName".to_owned(), last.clone());
            }
            body.insert("TableNames".to_owned(), texts.into());
        }
    }
    Json::Object(body)
}

fn insert_capacity(body: &mut Map<String, Json>, asked: ReturnCapacity, table: &TableName, units: f64) {
    if let Some(spelt) = spell_capacity(asked, table, units) {
        body.insert("ConsumedCapacity".to_owned(), spelt);
    }
}

fn spell_capacity(asked: ReturnCapacity, table: &TableName, units: f64) -> Option<Json> {
    let total = json!({ "TableName": table.as_str(), "CapacityUnits": units });
    match asked {
        ReturnCapacity::None => None,
        ReturnCapacity::Total => Some(total),
        ReturnCapacity::Indexes => {
            let mut spelt = total;
            spelt["Table"] = json!({ "CapacityUnits": units });
            Some(spelt)
        }
    }
}

fn write_units(size: usize) -> f64 {
    steps(size, 1024)
}

fn read_units(size: usize, consistent: bool) -> f64 {
    let units = steps(size, 4096);
    if consistent { units } else { units / 2.0 }
}

/// How many steps of a size are begun; one at least.
fn steps(size: usize, step: usize) -> f64 {
    // An item's size is bounded by 400 KB, far below where a double is inexact.
    size.div_ceil(step).max(1) as f64
}

fn describe(description: &TableDescription<'_>, account: &Account) -> Json {
    let TableDescription { table, stream, created_at, items, bytes } = description;
    let created = created_at.millis() as f64 / 1000.0;
    let attributes = table.keys.attributes();
    let attributes = attributes.map(|key| json!({ "AttributeName": key.name, "AttributeType": key.key_type.name() }));
    let roles = table.keys.attributes().zip(["HASH", "RANGE"]);
    let roles = roles.map(|(key, role)| json!({ "AttributeName": key.name, "KeyType": role }));
    let mut spelt = json!({
        "AttributeDefinitions": attributes.collect::<Vec<_>>(),
        "TableName": table.name.as_str(),
        "KeySchema": roles.collect::<Vec<_>>(),
        "TableStatus": "ACTIVE",
        "CreationDateTime": created,
        "ProvisionedThroughput": { "NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0 },
        "TableSizeBytes": bytes,
        "ItemCount": items,
        "TableArn": account.arn("dynamodb", &format!("table/{}", table.name)).to_string(),
        "TableId": table_uuid(table, *created_at),
        "BillingModeSummary": { "BillingMode": "PAY_PER_REQUEST", "LastUpdateToPayPerRequestDateTime": created },
        "DeletionProtectionEnabled": false,
    });
    if let Some(stream) = stream {
        let label = stream.arn.resource.rsplit('/').next().unwrap_or("");
        spelt["StreamSpecification"] = json!({ "StreamEnabled": true, "StreamViewType": stream.view.name() });
        spelt["LatestStreamArn"] = stream.arn.to_string().into();
        spelt["LatestStreamLabel"] = label.into();
    }
    spelt
}

/// A table's id in the form of a UUID, the same whenever it is asked.
fn table_uuid(table: &Table, created_at: Timestamp) -> String {
    let made = created_at.millis().unsigned_abs() & 0xFFFF_FFFF_FFFF;
    format!("{:08x}-0000-4000-8000-{made:012x}", table.id.0)
}
