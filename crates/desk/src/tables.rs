//! Decides what calls on tables do.

use super::{internal, not_written};
use crate::Backend;
use engine::trace;
use engine::{CommandRefused, QueryRefused, TableWrite};
use std::sync::Arc;
use table::{Condition, Page, Refused, Table, Write};
use types::{Item, Stream, TableName, sort};
use wire::dynamodb::{
    self, BatchRead, BatchWriteKind, Call, QueryCall, Reading, ReturnCapacity, Returning, Returns, ScanCall, UpdateCall,
};
use wire::{Answer, Refusal, Reply, Response};

pub(super) async fn answer(backend: &Backend, reply: &Reply<'_>, call: Call) -> Response {
    match call {
        Call::PutItem { table, item, condition, returning } => {
            let new = (returning.capacity != ReturnCapacity::None).then(|| item.clone());
            let size = item.size();
            write(backend, reply, &table, returning, (size, new), condition, |_| Ok(Write::Put(item))).await
        }
        Call::DeleteItem { table, key, condition, returning } => {
            let delete = |table: &Table| table.key_of(&key).map(Write::Delete);
            write(backend, reply, &table, returning, (0, None), condition, delete).await
        }
        Call::UpdateItem(call) => update(backend, reply, &call).await,
        Call::GetItem { table: name, key, consistent, paths, capacity } => {
            let Ok(table) = backend.engine.table(&name) else { return no_table(reply, &name) };
            let checked = table.check_paths(paths.iter().flatten()).and_then(|()| table.key_of(&key));
            let key = match checked {
                Ok(key) => key,
                Err(refused) => return reply.refuse(&Refusal::Table(&refused)),
            };
            match backend.engine.get(&table, &key) {
                Ok(item) => {
                    backend.calls.read(&name, item.as_ref().map_or(0, Item::size), consistent);
                    let (table, paths, item) = (&name, paths.as_deref(), item.as_ref());
                    say(reply, dynamodb::Answer::Found { table, consistent, capacity, paths, item })
                }
                Err(refused) => not_written(reply, &refused),
            }
        }
        Call::BatchWriteItem { writes, capacity } => batch(backend, reply, writes, capacity).await,
        Call::BatchGetItem { reads, capacity } => batch_read(backend, reply, &reads, capacity),
        Call::Query(call) => query(backend, reply, &call),
        Call::Scan(call) => scan(backend, reply, &call),
        Call::DescribeTable { table } => describe(backend, reply, &table),
        Call::DescribeTimeToLive { table: name } => {
            let Ok(table) = backend.engine.table(&name) else {
                return reply.refuse(&Refusal::NoSuchTable { name: &name, described: true });
            };
            let attribute = table.expiry.as_ref().map(|expiry| expiry.attribute.as_str());
            say(reply, dynamodb::Answer::TimeToLive { attribute })
        }
        Call::UpdateTimeToLive { table: name, attribute, enabled } => {
            let Ok(table) = backend.engine.table(&name) else {
                return reply.refuse(&Refusal::NoSuchTable { name: &name, described: true });
            };
            let already = match &table.expiry {
                Some(expiry) => (enabled && expiry.attribute == attribute).then_some(true),
                None => (!enabled).then_some(false),
            };
            reply.refuse(&Refusal::TimeToLive { already })
        }
        Call::ListTables { after, limit } => {
            let mut names = backend.engine.table_names();
            names.retain(|name| after.as_ref().is_none_or(|after| name > after));
            let more = names.len() > limit;
            names.truncate(limit);
            say(reply, dynamodb::Answer::Listed { names: &names, more })
        }
    }
}

fn say(reply: &Reply<'_>, answer: dynamodb::Answer<'_>) -> Response {
    reply.answer(&Answer::Dynamodb(answer))
}

fn no_table(reply: &Reply<'_>, name: &TableName) -> Response {
    reply.refuse(&Refusal::NoSuchTable { name, described: false })
}

async fn write(
    backend: &Backend,
    reply: &Reply<'_>,
    name: &TableName,
    returning: Returning,
    (new_size, new): (usize, Option<Item>),
    condition: Condition,
    make: impl FnOnce(&Table) -> Result<Write, Refused>,
) -> Response {
    let Ok(table) = backend.engine.table(name) else { return no_table(reply, name) };
    let checked = table.check_paths(condition.paths()).and_then(|()| make(&table));
    let write = match checked {
        Ok(write) => write,
        Err(refused) => return reply.refuse(&Refusal::Table(&refused)),
    };
    // What a write costs depends on what was there, so that is wanted for either.
    let return_old = returning.old || returning.capacity != ReturnCapacity::None;
    let command = vec![TableWrite { table: Arc::clone(&table), write, condition, return_old }];
    match backend.engine.write(command).await {
        Ok(written) => {
            let old = written.first().and_then(|one| one.old.as_ref());
            let indexes = match returning.capacity {
                ReturnCapacity::None => Vec::new(),
                ReturnCapacity::Total | ReturnCapacity::Indexes => dynamodb::index_units(&table, old, new.as_ref()),
            };
            say(reply, dynamodb::Answer::Written { table: name, returning, old, new_size, indexes: &indexes })
        }
        Err(refused) => {
            count_condition(backend, name, &refused);
            not_done(reply, &refused, returning.when_failed)
        }
    }
}

async fn update(backend: &Backend, reply: &Reply<'_>, call: &UpdateCall) -> Response {
    let Ok(table) = backend.engine.table(&call.table) else { return no_table(reply, &call.table) };
    let paths = call.update.paths().chain(call.condition.paths());
    let write = table.key_of(&call.key).map(|key| Write::Update(key, call.update.clone()));
    // Whether a key is changed is asked before where its paths lead.
    let checked = write.and_then(|write| Ok((table.check(&write)?, table.check_paths(paths)?, write)));
    let (key, (), write) = match checked {
        Ok(checked) => checked,
        Err(refused) => return reply.refuse(&Refusal::Table(&refused)),
    };
    let return_old = call.returns != Returns::Nothing || call.capacity != ReturnCapacity::None;
    let command = TableWrite { table: Arc::clone(&table), write, condition: call.condition.clone(), return_old };
    let written = match backend.engine.write(vec![command]).await {
        Ok(written) => written,
        Err(refused) => {
            count_condition(backend, &call.table, &refused);
            return not_done(reply, &refused, call.when_failed);
        }
    };
    let old = written.first().and_then(|one| one.old.as_ref());
    // Made again from the item that it was made from, and only if somebody wants to see it.
    let again = || call.update.apply(old, &key.to_item(&table.keys)).expect("it was just done to this item");
    let new = if return_old { again() } else { None };
    let indexes = match call.capacity {
        ReturnCapacity::None => Vec::new(),
        ReturnCapacity::Total | ReturnCapacity::Indexes => dynamodb::index_units(&table, old, new.as_ref()),
    };
    say(reply, dynamodb::Answer::Updated { call, old, new: new.as_ref(), indexes: &indexes })
}

/// Counts a condition that did not hold.
fn count_condition(backend: &Backend, table: &TableName, refused: &CommandRefused) {
    if let CommandRefused::Table { refused: Refused::ConditionFailed { old }, .. } = refused {
        backend.calls.condition_failed(table, old.as_ref().map_or(0, Item::size));
    }
}

/// Says why a command was not carried out; `show` says whether the item on which a condition did not hold is wanted.
fn not_done(reply: &Reply<'_>, refused: &CommandRefused, show: bool) -> Response {
    match refused {
        CommandRefused::Table { refused: Refused::ConditionFailed { old }, .. } => {
            reply.refuse(&Refusal::ConditionFailed { item: old.as_ref().filter(|_| show) })
        }
        CommandRefused::Table { refused, .. } => reply.refuse(&Refusal::Table(refused)),
        CommandRefused::SameItem => reply.refuse(&Refusal::DuplicateKeys),
        CommandRefused::Write(refused) => not_written(reply, refused),
    }
}

/// A batch is no transaction: each write stands for itself, all go to the disk together.
async fn batch(
    backend: &Backend,
    reply: &Reply<'_>,
    writes: Vec<dynamodb::BatchWrite>,
    capacity: ReturnCapacity,
) -> Response {
    let mut commands = Vec::with_capacity(writes.len());
    let mut keys = Vec::with_capacity(writes.len());
    for one in writes {
        let Ok(table) = backend.engine.table(&one.table) else { return no_table(reply, &one.table) };
        let write = match one.what {
            BatchWriteKind::Put(item) => Ok(Write::Put(item)),
            BatchWriteKind::Delete(key) => table.key_of(&key).map(Write::Delete),
        };
        let checked = write.and_then(|write| Ok((table.check(&write)?, write)));
        match checked {
            Ok((key, write)) => {
                keys.push((table.id, key));
                let counted = capacity != ReturnCapacity::None;
                let new = if let Write::Put(item) = &write { Some(item.clone()).filter(|_| counted) } else { None };
                let command = TableWrite { table, write, condition: Condition::Always, return_old: counted };
                commands.push((one.table, new, command));
            }
            // Of a batch's items too it is said no more than that.
            Err(Refused::KeyMissing { .. } | Refused::KeyTypeMismatch { .. }) => {
                return reply.refuse(&Refusal::Table(&Refused::KeySchemaMismatch));
            }
            Err(refused) => return reply.refuse(&Refusal::Table(&refused)),
        }
    }
    sort::ascending(&mut keys);
    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
        return reply.refuse(&Refusal::DuplicateKeys);
    }
    let mut running = tokio::task::JoinSet::new();
    for (name, new, command) in commands {
        let engine = Arc::clone(&backend.engine);
        running.spawn(trace::within(trace::current(), async move {
            let table = Arc::clone(&command.table);
            let written = engine.write(vec![command]).await?;
            let old = written.first().and_then(|one| one.old.as_ref());
            let size = old.map_or(0, Item::size).max(new.as_ref().map_or(0, Item::size));
            Ok::<_, CommandRefused>((name, size, dynamodb::index_units(&table, old, new.as_ref())))
        }));
    }
    let mut sizes = Vec::new();
    while let Some(ended) = running.join_next().await {
        match ended {
            Ok(Ok(one)) => sizes.push(one),
            // The client sends the whole batch again; writing an item twice changes nothing the second time.
            Ok(Err(refused)) => return not_done(reply, &refused, false),
            Err(error) => return internal(reply, &error),
        }
    }
    say(reply, dynamodb::Answer::BatchWritten { capacity, sizes: &sizes })
}

/// How many bytes of items are looked up for one batch; the keys behind them are given back.
const BATCH_BYTES_MAX: usize = 16 << 20;

fn batch_read(backend: &Backend, reply: &Reply<'_>, reads: &[BatchRead], capacity: ReturnCapacity) -> Response {
    let mut asked = Vec::with_capacity(reads.len());
    for read in reads {
        let Ok(table) = backend.engine.table(&read.table) else { return no_table(reply, &read.table) };
        let keys = || read.keys.iter().map(|key| table.key_of(key)).collect::<Result<Vec<_>, _>>();
        match table.check_paths(read.paths.iter().flatten()).and_then(|()| keys()) {
            Ok(keys) => asked.push((read, table, keys)),
            Err(refused) => return reply.refuse(&Refusal::Table(&refused)),
        }
    }
    let mut keys: Vec<_> = asked.iter().flat_map(|(_, table, keys)| keys.iter().map(|key| (table.id, key))).collect();
    sort::ascending(&mut keys);
    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
        return reply.refuse(&Refusal::DuplicateKeys);
    }
    let (mut found, mut bytes) = (Vec::with_capacity(asked.len()), 0);
    for (read, table, keys) in &asked {
        let mut items = Vec::with_capacity(keys.len());
        for key in keys {
            if bytes >= BATCH_BYTES_MAX {
                break;
            }
            let item = match backend.engine.get(table, key) {
                Ok(item) => item,
                Err(refused) => return not_written(reply, &refused),
            };
            let size = item.as_ref().map_or(0, Item::size);
            backend.calls.read(&read.table, size, read.consistent);
            bytes += size;
            items.push(item);
        }
        found.push((*read, items));
    }
    say(reply, dynamodb::Answer::BatchFound { capacity, found: &found })
}

fn query(backend: &Backend, reply: &Reply<'_>, call: &QueryCall) -> Response {
    let name = &call.reading.table;
    let Ok(table) = backend.engine.table(name) else { return no_table(reply, name) };
    let query = match call.resolve(&table) {
        Ok(query) => query,
        Err(error) => return reply.error(&error),
    };
    page(backend, reply, &call.reading, backend.engine.query(&call.reading.table, &query))
}

fn scan(backend: &Backend, reply: &Reply<'_>, call: &ScanCall) -> Response {
    let name = &call.reading.table;
    let Ok(table) = backend.engine.table(name) else { return no_table(reply, name) };
    match call.resolve(&table) {
        Ok(scan) => page(backend, reply, &call.reading, backend.engine.scan(name, &scan)),
        Err(error) => reply.error(&error),
    }
}

fn page(backend: &Backend, reply: &Reply<'_>, reading: &Reading, found: Result<Page, QueryRefused>) -> Response {
    match found {
        Ok(page) => {
            backend.calls.read(&reading.table, page.bytes, reading.consistent);
            say(reply, dynamodb::Answer::Read { reading, page })
        }
        Err(QueryRefused::NotFound(_)) => no_table(reply, &reading.table),
        Err(QueryRefused::Query(refused)) => reply.refuse(&Refusal::Query(&refused)),
        Err(QueryRefused::Building(index)) => reply.refuse(&Refusal::IndexBuilding(&index)),
        Err(QueryRefused::Read(refused)) => not_written(reply, &refused),
    }
}

fn describe(backend: &Backend, reply: &Reply<'_>, name: &TableName) -> Response {
    let Ok(table) = backend.engine.table(name) else {
        return reply.refuse(&Refusal::NoSuchTable { name, described: true });
    };
    let catalog = backend.engine.catalog();
    let entry = &catalog.tables[name];
    let stream: Option<Arc<Stream>> = backend.engine.stream(name);
    let count = backend.engine.count(&table);
    let numbers = |index: &table::Index| {
        let in_index = backend.engine.index_count(&table, index.id)?;
        Ok(dynamodb::IndexNumbers {
            building: backend.engine.index_state(index.id) != engine::IndexState::Ready,
            items: in_index.items,
            bytes: in_index.bytes,
        })
    };
    let indexes = match table.indexes.iter().map(numbers).collect::<Result<Vec<_>, _>>() {
        Ok(indexes) => indexes,
        Err(refused) => return not_written(reply, &refused),
    };
    let described = dynamodb::TableDescription {
        table: &table,
        stream: stream.as_deref(),
        created_at: entry.created_at,
        items: count.items,
        bytes: count.bytes,
        indexes: &indexes,
    };
    say(reply, dynamodb::Answer::Described(described))
}
