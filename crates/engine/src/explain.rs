//! Decides what is told of an order: its changes, and what each pipe did with each of them and why.
//!
//! The log is the witness: a change points at the one before it of the same key, filters are kept with the place from
//! which they decided, deliveries have left their outcomes. What the filters said is decided again here, from the same
//! record and the same filters. Beyond the log's retention there is nothing to tell, and that is said.

use crate::catalog::{Catalog, PipeEntry, TableEntry};
use crate::codec;
use crate::commit::{Commits, WriteRefused};
use crate::layout::{self, OUTCOMES};
use crate::progress::{How, Outcome};
use crate::tables;
use delivery::filters::{Explanation, Filters};
use std::ops::Bound;
use std::sync::Arc;
use store::Direction;
use types::{Account, Item, Key, KeyType, KeyValue, PipeName, Record, SequenceNumber, Stream, TableName};

/// How many changes of one key are told at most; the newest ones.
const CHANGES_MAX: usize = 1_000;
/// How many outcomes are looked at for one record.
const OUTCOMES_MAX: usize = 512;

/// What there is to tell of one key of one table.
#[derive(Debug)]
pub struct Explained {
    /// The table.
    pub table: TableName,
    /// Its changes, oldest first.
    pub changes: Vec<ExplainedChange>,
    /// Whether there were changes before the first one told.
    pub older: Older,
}

/// What is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Older {
    /// Nothing: the first change told is the key's first.
    None,
    /// The changes before it have left the log.
    LeftTheLog,
    /// There are too many to tell.
    TooMany,
}

/// One change.
#[derive(Debug)]
pub struct ExplainedChange {
    /// The change as its stream shows it; without a stream as it was.
    pub record: Record,
    /// What each pipe of the table did with it.
    pub pipes: Vec<Verdict>,
}

/// What one pipe did with one change.
#[derive(Debug)]
pub struct Verdict {
    /// The pipe.
    pub pipe: PipeName,
    /// The function it delivers to.
    pub function: String,
    /// What it did.
    pub decision: Decision,
}

/// What a pipe decided, and what came of it.
#[derive(Debug)]
pub enum Decision {
    /// The pipe was not there yet, or began later.
    BeforeIts,
    /// None of its filters let the change through.
    Stopped(Vec<Explanation>),
    /// A filter let it through.
    Matched {
        /// What each filter said; none if the pipe has none.
        filters: Vec<Explanation>,
        /// What came of it, in order.
        outcomes: Vec<Outcome>,
        /// Whether the pipe is done with it.
        settled: bool,
    },
}

/// Everything that is known of the items whose hash key is `order`, in whichever table.
pub(crate) fn explain(
    commits: &Commits,
    catalog: &Catalog,
    account: &Account,
    order: &str,
) -> Result<Vec<Explained>, WriteRefused> {
    let mut found = Vec::new();
    for entry in catalog.tables.values() {
        for key in keys_named(commits, entry, order)? {
            found.extend(explain_key(commits, catalog, account, entry, &key)?);
        }
    }
    Ok(found)
}

/// The keys of a table whose hash attribute reads like this text.
fn keys_named(commits: &Commits, entry: &TableEntry, order: &str) -> Result<Vec<Key>, WriteRefused> {
    let hash = match entry.spec.keys.hash.key_type {
        KeyType::S => KeyValue::S(order.into()),
        KeyType::N => match order.parse() {
            Ok(number) => KeyValue::N(number),
            Err(_) => return Ok(Vec::new()),
        },
        KeyType::B => KeyValue::B(order.as_bytes().into()),
    };
    let Some(range) = &entry.spec.keys.range else { return Ok(vec![Key { hash, range: None }]) };
    let prefix = layout::item(entry.id, &Key { hash: hash.clone(), range: None });
    let mut keys = Vec::new();
    for item in commits.store.snapshot().prefix(layout::ITEMS, &prefix, Direction::Forward) {
        if let codec::State::Item(item) = codec::read_state(&item?.value)?
            && let Some(value) = item.get(&range.name).and_then(KeyValue::from_value)
        {
            keys.push(Key { hash: hash.clone(), range: Some(value) });
        }
    }
    Ok(keys)
}

fn explain_key(
    commits: &Commits,
    catalog: &Catalog,
    account: &Account,
    entry: &TableEntry,
    key: &Key,
) -> Result<Option<Explained>, WriteRefused> {
    let table = crate::engine::table_of(entry);
    let Some((newest, _)) = tables::newest(commits, &table, key)? else { return Ok(None) };
    let stream = stream_of(entry, account);
    let mut changes = Vec::new();
    let mut next = newest;
    let older = loop {
        if next == SequenceNumber::ZERO {
            break Older::None;
        }
        if changes.len() == CHANGES_MAX {
            break Older::TooMany;
        }
        let found = match commits.store.entry(layout::seq(next)) {
            Ok(Some(found)) => found,
            Ok(None) => return Err(codec::Malformed("change's history").into()),
            Err(store::ReadError::Trimmed { .. }) => break Older::LeftTheLog,
            Err(error) => return Err(error.into()),
        };
        let at = layout::timestamp(found.time_ms);
        let change = Arc::new(codec::read_change(found.record(), next, at)?);
        next = change.previous;
        let record = Record { change, stream: stream.clone() };
        let mut pipes = Vec::new();
        for pipe in catalog.pipes.values().filter(|pipe| pipe.spec.source.table() == Some(&entry.spec.name)) {
            pipes.push(verdict(commits, pipe, &record)?);
        }
        changes.push(ExplainedChange { record, pipes });
    };
    changes.reverse();
    Ok(Some(Explained { table: entry.spec.name.clone(), changes, older }))
}

/// A table's stream, as its records name it.
pub(crate) fn stream_of(entry: &TableEntry, account: &Account) -> Option<Arc<Stream>> {
    let stream = entry.stream.as_ref()?;
    let arn = account.arn("dynamodb", &format!("table/{}/stream/{}", entry.spec.name, stream.label));
    let created = format!("{:020}", entry.created_at.millis());
    let shard = format!("shardId-{created}-{:08x}", entry.id.0).into();
    Some(Arc::new(Stream { arn, region: account.region.as_str().into(), view: stream.view, shard }))
}

fn verdict(commits: &Commits, pipe: &PipeEntry, record: &Record) -> Result<Verdict, WriteRefused> {
    let change = &record.change;
    let decision = match pipe.decided(change.spread, change.sequence) {
        None => Decision::BeforeIts,
        Some((patterns, lane)) => {
            let filters = Filters::parse(patterns).map_err(|_| codec::Malformed("filter"))?;
            let said = filters.explain(record);
            if filters.passes(record) {
                let outcomes = outcomes(commits, pipe.id, lane, change.sequence)?;
                let settled = outcomes.iter().any(|outcome| match outcome.how {
                    How::Delivered { .. } | How::Accepted | How::Redelivered | How::GaveUp { .. } => true,
                    How::Failed { .. } | How::Postponed { .. } => false,
                });
                Decision::Matched { filters: said, outcomes, settled }
            } else {
                Decision::Stopped(said)
            }
        }
    };
    Ok(Verdict { pipe: pipe.spec.name.clone(), function: pipe.spec.target.to_string(), decision })
}

/// What came of the record at this place, oldest first.
fn outcomes(commits: &Commits, pipe: u32, lane: u16, at: SequenceNumber) -> Result<Vec<Outcome>, WriteRefused> {
    let snapshot = commits.store.snapshot();
    let prefix = layout::outcomes_of(pipe, lane);
    let first = layout::outcome(pipe, lane, at, 0);
    let mut found = Vec::new();
    let last = [prefix.as_slice(), &[u8::MAX; 16]].concat();
    let range = (Bound::Included(first.as_slice()), Bound::Included(last.as_slice()));
    for outcome in snapshot.range(OUTCOMES, range.0, range.1, Direction::Forward).take(OUTCOMES_MAX) {
        let store::Item { key, value, .. } = outcome?;
        let outcome: Outcome = serde_json::from_slice(&value).map_err(|_| codec::Malformed("outcome"))?;
        if outcome.first <= at {
            found.push((key[14..].to_vec(), outcome));
        }
    }
    // By their counter: the order in which they were made.
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found.into_iter().map(|(_, outcome)| outcome).collect())
}

/// The attributes of an item that differ from another's, for showing what a change changed.
pub fn differences<'a>(old: Option<&'a Item>, new: Option<&'a Item>) -> Vec<Difference<'a>> {
    let names = |item: Option<&'a Item>| item.into_iter().flat_map(|item| item.iter().map(|(name, _)| name));
    let mut all: Vec<&str> = names(old).chain(names(new)).collect();
    all.sort_unstable();
    all.dedup();
    let difference = |name| {
        let (before, after) = (old.and_then(|item| item.get(name)), new.and_then(|item| item.get(name)));
        (before != after).then_some(Difference { name, before, after })
    };
    all.into_iter().filter_map(difference).collect()
}

/// One attribute that a change changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it was.
    pub before: Option<&'a types::Value>,
    /// What it is.
    pub after: Option<&'a types::Value>,
}
