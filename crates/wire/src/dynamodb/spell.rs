//! Decides how answers about tables are spelt, and what a request is said to have cost.
//!
//! Capacity is counted as AWS bills it: a write by the larger of the items before and after in steps of 1 KB, a read
//! by the item in steps of 4 KB, half as much when it need not be consistent; and never nothing.

use super::{BatchRead, IndexUnits, Reading, ReturnCapacity, Returning, Select, UpdateCall};
use serde_json::{Map, Value as Json, json};
use table::{Page, Path, Projection, Table, project};
use types::{Account, Gather, Item, KeySchema, SortedMap, Stream, TableName, Timestamp};

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
        /// What it cost in the table's indexes.
        indexes: &'a [IndexUnits],
    },
    /// An item was updated, or there was none to take from.
    Updated {
        /// What was asked.
        call: &'a UpdateCall,
        /// The item before.
        old: Option<&'a Item>,
        /// The item after.
        new: Option<&'a Item>,
        /// What it cost in the table's indexes.
        indexes: &'a [IndexUnits],
    },
    /// An item was looked up.
    Found {
        /// Where.
        table: &'a TableName,
        /// Whether all that was acknowledged had to be seen.
        consistent: bool,
        /// Whether to say what it cost.
        capacity: ReturnCapacity,
        /// What is wanted of it; `None` for all.
        paths: Option<&'a [Path]>,
        /// The item, if there is one.
        item: Option<&'a Item>,
    },
    /// Items were asked for, by a query or a scan.
    Read {
        /// What was asked.
        reading: &'a Reading,
        /// The page that was found; its items as the table or the index gives them.
        page: Page,
    },
    /// When a table's items expire.
    TimeToLive {
        /// The attribute, if they do.
        attribute: Option<&'a str>,
    },
    /// All writes of a batch were done.
    BatchWritten {
        /// Whether to say what it cost.
        capacity: ReturnCapacity,
        /// For each write its table, the size of the larger item, the one before or the one after, and what it cost in
        /// the table's indexes.
        sizes: &'a [(TableName, usize, Vec<IndexUnits>)],
    },
    /// The items of a batch of keys were looked up.
    BatchFound {
        /// Whether to say what it cost.
        capacity: ReturnCapacity,
        /// For each table what was asked, and of the first keys the items, as far as there are any; keys behind them were
        /// not looked up.
        found: &'a [(&'a BatchRead, Vec<Option<Item>>)],
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
    /// The same of its indexes, in the table's order.
    pub indexes: &'a [IndexNumbers],
}

/// How an index of a table is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexNumbers {
    /// Whether it does not have all items yet.
    pub building: bool,
    /// How many items it has, as far as is known.
    pub items: u64,
    /// Their bytes, as far as is known.
    pub bytes: u64,
}

pub(crate) fn spell(answer: &Answer<'_>, account: &Account) -> Json {
    let mut body = Map::new();
    match answer {
        Answer::Written { table, returning, old, new_size, indexes } => {
            if let Some(old) = old.filter(|_| returning.old) {
                body.insert("Attributes".to_owned(), old.to_json());
            }
            let units = write_units(old.map_or(0, Item::size).max(*new_size));
            insert_capacity(&mut body, returning.capacity, table, units, indexes);
        }
        Answer::Updated { call, old, new, indexes } => {
            if let Some(shown) = call.shown(*old, *new) {
                body.insert("Attributes".to_owned(), shown.to_json());
            }
            let size = |item: &Option<&Item>| item.map_or(0, Item::size);
            let units = write_units(size(old).max(size(new)));
            insert_capacity(&mut body, call.capacity, &call.table, units, indexes);
        }
        Answer::Found { table, consistent, capacity, paths, item } => {
            if let Some(item) = item {
                let shown = paths.map_or_else(|| item.to_json(), |paths| project(item, paths).to_json());
                body.insert("Item".to_owned(), shown);
            }
            insert_capacity(&mut body, *capacity, table, read_units(item.map_or(0, Item::size), *consistent), &[]);
        }
        Answer::Read { reading, page } => {
            let kept = || page.items.iter().filter(|item| reading.keeps(item));
            // Without a filter there may be a number and no items.
            let count = if reading.filter.is_some() { kept().count() } else { page.count };
            body.insert("Count".to_owned(), count.into());
            body.insert("ScannedCount".to_owned(), page.count.into());
            if reading.select != Select::Count {
                let items = kept().map(|item| reading.shown(item).to_json());
                body.insert("Items".to_owned(), items.collect());
            }
            if let Some(last) = &page.last {
                body.insert("LastEvaluatedKey".to_owned(), last.to_json());
            }
            let units = read_units(page.bytes, reading.consistent);
            let mut spelt = spell_capacity(reading.capacity, &reading.table, units, &[]);
            let index = reading.index.as_ref();
            if let (Some(spelt), Some(index), ReturnCapacity::Indexes) = (&mut spelt, index, reading.capacity) {
                spelt["Table"] = json!({ "CapacityUnits": 0.0 });
                spelt["GlobalSecondaryIndexes"] = json!({ index.as_str(): { "CapacityUnits": units } });
            }
            spelt.into_iter().for_each(|spelt| drop(body.insert("ConsumedCapacity".to_owned(), spelt)));
        }
        Answer::TimeToLive { attribute } => {
            let spelt = match attribute {
                Some(attribute) => json!({ "TimeToLiveStatus": "ENABLED", "AttributeName": attribute }),
                None => json!({ "TimeToLiveStatus": "DISABLED" }),
            };
            body.insert("TimeToLiveDescription".to_owned(), spelt);
        }
        Answer::BatchWritten { capacity, sizes } => {
            body.insert("UnprocessedItems".to_owned(), json!({}));
            let mut units: SortedMap<&TableName, (f64, Vec<IndexUnits>)> = SortedMap::new();
            for (table, size, indexes) in *sizes {
                let (units, in_indexes) = units.get_or_default(table);
                *units += write_units(*size);
                for (index, more) in indexes {
                    match in_indexes.iter_mut().find(|(known, _)| known == index) {
                        Some((_, units)) => *units += more,
                        None => in_indexes.push((index.clone(), *more)),
                    }
                }
            }
            let units = units.into_iter();
            let spelt = units.filter_map(|(table, (units, indexes))| spell_capacity(*capacity, table, units, &indexes));
            let spelt: Vec<Json> = spelt.collect();
            if !spelt.is_empty() {
                body.insert("ConsumedCapacity".to_owned(), spelt.into());
            }
        }
        Answer::BatchFound { capacity, found } => {
            let (mut responses, mut left, mut units) = (Map::new(), Map::new(), Vec::new());
            for (read, items) in *found {
                let there = items.iter().flatten();
                let shown = there.map(|item| match &read.paths {
                    Some(paths) => project(item, paths).to_json(),
                    None => item.to_json(),
                });
                responses.insert(read.called.clone(), shown.collect());
                if let Some(keys) = read.keys.get(items.len()..).filter(|keys| !keys.is_empty()) {
                    let mut again = read.beside.clone();
                    again.insert("Keys".to_owned(), keys.iter().map(Item::to_json).collect());
                    left.insert(read.called.clone(), again.into());
                }
                let cost = items.iter().map(|item| read_units(item.as_ref().map_or(0, Item::size), read.consistent));
                units.extend(spell_capacity(*capacity, &read.table, cost.sum(), &[]));
            }
            body.insert("Responses".to_owned(), responses.into());
            body.insert("UnprocessedKeys".to_owned(), left.into());
            if !units.is_empty() {
                body.insert("ConsumedCapacity".to_owned(), units.into());
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

fn insert_capacity(
    body: &mut Map<String, Json>,
    asked: ReturnCapacity,
    table: &TableName,
    units: f64,
    indexes: &[IndexUnits],
) {
    if let Some(spelt) = spell_capacity(asked, table, units, indexes) {
        body.insert("ConsumedCapacity".to_owned(), spelt);
    }
}

/// What was consumed of a table, and beside it of its indexes; those that were not touched are not said.
fn spell_capacity(asked: ReturnCapacity, table: &TableName, units: f64, indexes: &[IndexUnits]) -> Option<Json> {
    let sum = units + indexes.iter().map(|(_, units)| units).sum::<f64>();
    let total = json!({ "TableName": table.as_str(), "CapacityUnits": sum });
    match asked {
        ReturnCapacity::None => None,
        ReturnCapacity::Total => Some(total),
        ReturnCapacity::Indexes => {
            let mut spelt = total;
            spelt["Table"] = json!({ "CapacityUnits": units });
            if !indexes.is_empty() {
                let all = indexes.iter();
                let all = all.map(|(name, units)| (name.as_str().to_owned(), json!({ "CapacityUnits": units })));
                spelt["GlobalSecondaryIndexes"] = all.into_object().into();
            }
            Some(spelt)
        }
    }
}

pub(super) fn write_units(size: usize) -> f64 {
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
    let TableDescription { table, stream, created_at, items, bytes, indexes } = description;
    let created = created_at.millis() as f64 / 1000.0;
    let mut attributes: Vec<_> = table.keys.attributes().collect();
    for attribute in table.indexes.iter().flat_map(|index| index.keys.attributes()) {
        if !attributes.iter().any(|known| known.name == attribute.name) {
            attributes.push(attribute);
        }
    }
    let attributes = attributes.into_iter();
    let attributes = attributes.map(|key| json!({ "AttributeName": key.name, "AttributeType": key.key_type.name() }));
    let mut spelt = json!({
        "AttributeDefinitions": attributes.collect::<Vec<_>>(),
        "TableName": table.name.as_str(),
        "KeySchema": key_schema(&table.keys),
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
    if !table.indexes.is_empty() {
        let indexes = table.indexes.iter().zip(*indexes).map(|(index, numbers)| {
            let arn = account.arn("dynamodb", &format!("table/{}/index/{}", table.name, index.name));
            let projection = match &index.projection {
                Projection::All => json!({ "ProjectionType": "ALL" }),
                Projection::Keys => json!({ "ProjectionType": "KEYS_ONLY" }),
                Projection::Include(names) => json!({ "ProjectionType": "INCLUDE", "NonKeyAttributes": names }),
            };
            let mut spelt = json!({
                "IndexName": index.name.as_str(),
                "KeySchema": key_schema(&index.keys),
                "Projection": projection,
                "IndexStatus": if numbers.building { "CREATING" } else { "ACTIVE" },
                "ProvisionedThroughput": {
                    "NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0
                },
                "IndexSizeBytes": numbers.bytes,
                "ItemCount": numbers.items,
                "IndexArn": arn.to_string(),
            });
            if numbers.building {
                spelt["Backfilling"] = true.into();
            }
            spelt
        });
        spelt["GlobalSecondaryIndexes"] = indexes.collect();
    }
    if let Some(stream) = stream {
        let label = stream.arn.resource.rsplit('/').next().unwrap_or("");
        spelt["StreamSpecification"] = json!({ "StreamEnabled": true, "StreamViewType": stream.view.name() });
        spelt["LatestStreamArn"] = stream.arn.to_string().into();
        spelt["LatestStreamLabel"] = label.into();
    }
    spelt
}

fn key_schema(keys: &KeySchema) -> Json {
    let roles = keys.attributes().zip(["HASH", "RANGE"]);
    roles.map(|(key, role)| json!({ "AttributeName": key.name, "KeyType": role })).collect()
}

/// A table's id in the form of a UUID, the same whenever it is asked.
fn table_uuid(table: &Table, created_at: Timestamp) -> String {
    let made = created_at.millis().unsigned_abs() & 0xFFFF_FFFF_FFFF;
    format!("{:08x}-0000-4000-8000-{made:012x}", table.id.0)
}
