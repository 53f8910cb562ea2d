//! Decides when items go by themselves: those whose time is over are removed, as a change that the service makes.
//!
//! Start at [`expire`]. They are found through an index in the order of their time, so nobody looks at an item that
//! stays. An item is removed only if it is as it was looked at; who changes its time meanwhile keeps it. One whose time
//! lies five years back stays: that is an attribute filled in wrongly, as DynamoDB sees it too.

use crate::clock;
use crate::commit::{Carry, WriteRefused};
use crate::engine::Inner;
use crate::indexes;
use crate::layout::{self, INDEXES};
use crate::tables::{self, ItemAt};
use std::ops::Bound;
use store::{Check, Class, Commit, Direction};
use table::{Condition, Expiry, Outcome, Table, Write};
use types::{Item, Key, KeyValue, Number};

/// The most items that one commit removes.
const AT_ONCE: usize = 128;
/// How often the same items are looked at again because somebody changed one of them.
const LOOKS_MAX: usize = 8;
/// Five years, in seconds.
const TOO_OLD: i64 = 5 * 365 * 24 * 3600;

/// Removes the items of all tables that are served whose time is over.
pub(crate) fn expire(inner: &Inner) -> Result<(), WriteRefused> {
    for table in inner.indexes.tables() {
        if let Some(expiry) = &table.expiry {
            let now = clock::now().millis() / 1000;
            expire_table(inner, &table, expiry, now)?;
        }
    }
    Ok(())
}

/// Removes the items of one table that expired before `now`.
fn expire_table(inner: &Inner, table: &Table, expiry: &Expiry, now: i64) -> Result<(), WriteRefused> {
    let (from, to) = (Number::from(now - TOO_OLD), Number::from(now));
    let entry_at = |at: Number| {
        let key = Key { hash: KeyValue::N(at), range: None };
        layout::index_entry(expiry.index, &key, &[0; 4])
    };
    let (mut from_entry, to_entry) = (entry_at(from), entry_at(to));
    let mut looks = 0;
    while !inner.is_stopping() {
        let snapshot = inner.commits.store.snapshot();
        let (low, high) = (Bound::Included(from_entry.as_slice()), Bound::Excluded(to_entry.as_slice()));
        let range = snapshot.range(INDEXES, low, high, Direction::Forward);
        let found = range.take(AT_ONCE).map(|found| found.map(|found| found.key.to_vec()));
        let found = found.collect::<Result<Vec<_>, _>>()?;
        drop(snapshot);
        let Some(last) = found.last() else { break };
        let next = [last.as_slice(), &[0]].concat();
        let over = |item: &Item| item.number(&expiry.attribute).is_some_and(|at| from <= at && at < to);
        match remove(inner, table, expiry, &found, over) {
            Ok(()) => (from_entry, looks) = (next, 0),
            Err(WriteRefused::Contended) if looks < LOOKS_MAX => looks += 1,
            // The next round gets to them.
            Err(WriteRefused::Contended) => (from_entry, looks) = (next, 0),
            Err(refused) => return Err(refused),
        }
    }
    Ok(())
}

/// Removes those of the items that these entries name whose time is over, if nobody changes one of them meanwhile.
fn remove(
    inner: &Inner,
    table: &Table,
    expiry: &Expiry,
    found: &[Vec<u8>],
    over: impl Fn(&Item) -> bool,
) -> Result<(), WriteRefused> {
    let (mut entries, mut checks, mut carried) = (Vec::new(), Vec::new(), Vec::new());
    for entry in found {
        let key = indexes::item_of(table, expiry.index, entry).ok_or(crate::Malformed("index"))?;
        let look = tables::look(&inner.commits, &key)?;
        let Some(old) = look.old.filter(|item| over(item)) else { continue };
        let item_key = table.key_of_item(&old).map_err(|_| crate::Malformed("item"))?;
        let decided = table.decide(Write::Delete(item_key), &Condition::Always, Some(old));
        let Ok(Outcome::Changed { kind, keys, old, new, spread }) = decided.map(|decision| decision.outcome) else {
            continue;
        };
        let mut change = tables::change(table, look.previous, kind, keys, old, new, spread);
        change.by_service = true;
        checks.push(Check::new(layout::ITEMS, &key, look.seen));
        let entry = tables::change_entry(table, &change, None, ItemAt { bytes: &key, is_followed: false });
        entries.push(entry.finish().map_err(|error| WriteRefused::TooLarge(error.to_string()))?);
        carried.push(Carry { entry: entries.len() - 1, follows: None, together: false, change });
    }
    if entries.is_empty() {
        return Ok(());
    }
    let commit = Commit { entries, checks, class: Class::Engine, attachment: carried };
    inner.commits.store.commit_wait(commit)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{StackSpec, TableSpec};
    use crate::tables::TableWrite;
    use crate::{Engine, Options};
    use std::path::Path;
    use std::time::Duration;
    use types::{Account, KeyAttribute, KeySchema, KeyType, TableName, Value};

    fn open(directory: &Path, expires_by: Option<&str>) -> Engine {
        let options = Options {
            account: Account::default(),
            directory: directory.to_owned(),
            store: store::Options::default(),
            on_fatal: Box::new(|fatal| panic!("{fatal}")),
            keep_changes_for: Duration::from_secs(24 * 3600),
            log_bytes_max: 1 << 40,
        };
        let (engine, _) = Engine::open(options).unwrap();
        let hash = KeyAttribute { name: "id".to_owned(), key_type: KeyType::S };
        let table = TableSpec {
            name: name(),
            keys: KeySchema { hash, range: None },
            view: None,
            indexes: vec![],
            expires_by: expires_by.map(str::to_owned),
        };
        let stack = StackSpec {
            name: "test".to_owned(),
            tables: vec![table],
            queues: vec![],
            functions: vec![],
            log_groups: vec![],
            pipes: vec![],
            pollers: vec![],
            events: Default::default(),
            versions: Default::default(),
            origin: serde_json::Value::Null,
        };
        engine.deploy(&stack).unwrap();
        engine
    }

    fn name() -> TableName {
        "Requests".parse().unwrap()
    }

    fn item(id: &str, at: Value) -> Item {
        Item::from([("id", id.into()), ("expiresAt", at)])
    }

    fn put(engine: &Engine, item: Item) {
        let table = engine.table(&name()).unwrap();
        let command = TableWrite { table, write: Write::Put(item), condition: Condition::Always, return_old: false };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(engine.write(vec![command])).unwrap();
    }

    fn ids(engine: &Engine, among: &[&str]) -> Vec<String> {
        let table = engine.table(&name()).unwrap();
        let is_there = |id: &&&str| {
            let key = table.key_of(&Item::from([("id", (**id).into())])).unwrap();
            engine.get(&table, &key).unwrap().is_some()
        };
        among.iter().filter(is_there).map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn what_is_over_goes_as_the_services_own_change_and_the_rest_stays() {
        let directory = tempfile::tempdir().unwrap();
        let engine = open(directory.path(), Some("expiresAt"));
        let now = clock::now().millis() / 1000;
        let at = |seconds: i64| Value::N(Number::from(now + seconds));
        let cases = [
            ("long ago", at(-3600)),
            ("just now", at(-2)),
            ("half a second ago", Value::N(format!("{}.5", now - 2).parse().unwrap())),
            ("to come", at(3600)),
            ("far too long ago", at(-TOO_OLD - 10)),
            ("a text", (now - 10).to_string().as_str().into()),
            ("negative", Value::N(Number::from(-5i64))),
        ];
        let names = cases.clone().map(|(id, _)| id);
        cases.into_iter().for_each(|(id, at)| put(&engine, item(id, at)));
        put(&engine, Item::from([("id", "without".into())]));
        expire(&engine.inner).unwrap();
        assert_eq!(ids(&engine, &names), ["to come", "far too long ago", "a text", "negative"]);
        assert_eq!(ids(&engine, &["without"]), ["without"]);
        let mut log = engine.inner.commits.store.log_from(store::Seq::FIRST).unwrap();
        let mut removed = 0;
        while let Some(entry) = log.next().unwrap() {
            if entry.kind() == layout::kind::CHANGE {
                let change =
                    crate::codec::read_change(entry.record(), layout::sequence(entry.seq), types::Timestamp::EPOCH);
                let change = change.unwrap();
                assert_eq!(change.by_service, change.new.is_none(), "{change:?}");
                removed += usize::from(change.by_service);
            }
        }
        assert_eq!(removed, 3);
        assert_eq!(engine.count(&engine.table(&name()).unwrap()).items, 5);
        assert_eq!(engine.check().unwrap().findings, Vec::<String>::new());
        engine.stop();
    }

    #[test]
    fn an_item_whose_time_is_moved_after_the_look_stays() {
        let directory = tempfile::tempdir().unwrap();
        let engine = open(directory.path(), Some("expiresAt"));
        let table = engine.inner.indexes.tables().remove(0);
        let expiry = table.expiry.clone().unwrap();
        let now = clock::now().millis() / 1000;
        put(&engine, item("a", Value::N(Number::from(now - 10))));
        let snapshot = engine.inner.commits.store.snapshot();
        let found: Vec<Vec<u8>> =
            snapshot.prefix(INDEXES, &[], Direction::Forward).map(|found| found.unwrap().key.to_vec()).collect();
        assert_eq!(found.len(), 1);
        // Somebody gives it more time between the look at the item and the removal's way to the disk.
        let over = |old: &Item| {
            put(&engine, item("a", Value::N(Number::from(now + 60))));
            old.number("expiresAt").unwrap() < Number::from(now)
        };
        let refused = remove(&engine.inner, &table, &expiry, &found, over).unwrap_err();
        assert!(matches!(refused, WriteRefused::Contended), "{refused}");
        expire(&engine.inner).unwrap();
        assert_eq!(ids(&engine, &["a"]), ["a"]);
        engine.stop();
    }

    #[test]
    fn more_than_fit_into_a_commit_go_at_once_also_when_expiry_is_new() {
        let directory = tempfile::tempdir().unwrap();
        let engine = open(directory.path(), None);
        let now = clock::now().millis() / 1000;
        let names: Vec<String> = (0..AT_ONCE + 20).map(|n| n.to_string()).collect();
        for id in &names {
            put(&engine, item(id, Value::N(Number::from(now - 10))));
        }
        put(&engine, item("stays", Value::N(Number::from(now + 100))));
        engine.stop();
        drop(engine);
        let engine = open(directory.path(), Some("expiresAt"));
        crate::indexes::work(&engine.inner).unwrap();
        expire(&engine.inner).unwrap();
        let table = engine.table(&name()).unwrap();
        assert_eq!(engine.count(&table).items, 1);
        assert_eq!(ids(&engine, &["0", "147", "stays"]), ["stays"]);
        assert_eq!(engine.check().unwrap().findings, Vec::<String>::new());
        engine.stop();
    }
}
