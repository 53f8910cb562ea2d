//! Decides how indexes come and go: a new one is built from the items that are there, an old one is cleared away.
//!
//! Start at [`run`]. Both are done in commits of bounded size by one thread, which goes on after a restart where it
//! was. An index that is new with its table has nothing to be built from and is ready at once.
//!
//! Invariant: a change of an item and what it means for every index of its table are one commit. So that none is
//! decided by an old definition of the table behind the back of whoever builds, [`Indexes::enter`] gives each command
//! the newest one, and building waits until all commands that got an older one are through.

use crate::codec::{self, Malformed, State};
use crate::commit::WriteRefused;
use crate::counts::Count;
use crate::engine::{Inner, table_of};
use crate::layout::{self, INDEX_STATES, INDEXES, ITEMS, STATE, kind};
use crate::tables::TableWrite;
use std::ops::Bound;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, RwLock};
use std::time::Duration;
use store::{Check, Class, Commit, Direction, EntryBuilder};
use table::{IndexId, Table};
use types::{Item, SortedMap, SortedSet, TableId};

/// The most items that one commit brings into an index; also the most entries that one clears away.
const AT_ONCE: usize = 256;
/// The most entries of an index that are counted when somebody asks how large it is.
const COUNTED_MAX: usize = 5_000;
/// How long to wait when the disk refused.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How often to look whether the last commands of an old definition are through.
const LOOK_EVERY: Duration = Duration::from_millis(1);

const POISON: &str = "no thread panics while it holds this lock";

/// What is to be done about an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexState {
    /// It is to be built from the items that are there.
    Building,
    /// It has all items.
    Ready,
    /// It is to be cleared away.
    Going,
}

impl IndexState {
    /// The byte that is kept; a building index's is followed by the last key that it has.
    fn byte(self) -> u8 {
        match self {
            Self::Building => 0,
            Self::Ready => 1,
            Self::Going => 2,
        }
    }

    /// Notes the state of an index in an entry.
    pub(crate) fn note(self, index: IndexId, entry: EntryBuilder) -> EntryBuilder {
        entry.put(STATE, &layout::index_state(index), &[self.byte()])
    }
}

/// What is known of all indexes.
#[derive(Default)]
pub(crate) struct Indexes {
    /// The newest definition of each table. Nobody but commands under way and this map holds on to these.
    current: RwLock<SortedMap<TableId, Arc<Table>>>,
    /// Older definitions, which commands may still be deciding by.
    retired: Mutex<Vec<Arc<Table>>>,
    /// Those that do not have all items yet.
    building: RwLock<SortedSet<IndexId>>,
    /// Held while a deployment is half done: what it notes for the builder is served when it is let go.
    deploying: Mutex<()>,
    /// Whether there is something to do.
    bell: (Mutex<bool>, Condvar),
}

impl Indexes {
    /// Reads which indexes are not ready.
    pub(crate) fn open(store: &store::Store<crate::commit::Carried>) -> Result<Self, WriteRefused> {
        let states = states(store)?;
        let building = states.into_iter().filter(|(_, state, _)| *state == IndexState::Building).map(|(id, ..)| id);
        Ok(Self { building: RwLock::new(building.collect()), ..Self::default() })
    }

    /// Gives each write of a command the newest definition of its table.
    pub(crate) fn enter(&self, command: &mut [TableWrite]) {
        let current = self.current.read().expect(POISON);
        for one in command {
            if let Some(table) = current.get(&one.table.id) {
                one.table = Arc::clone(table);
            }
        }
    }

    /// The tables that are served.
    pub(crate) fn tables(&self) -> Vec<Arc<Table>> {
        self.current.read().expect(POISON).values().cloned().collect()
    }

    /// Commands are decided by this definition from now on.
    pub(crate) fn serve(&self, table: &Table) {
        let mut current = self.current.write().expect(POISON);
        if current.get(&table.id).is_some_and(|known| **known == *table) {
            return;
        }
        if let Some(old) = current.insert(table.id, Arc::new(table.clone())) {
            self.retired.lock().expect(POISON).push(old);
        }
    }

    /// To be held while a deployment is kept and then served.
    pub(crate) fn deploying(&self) -> MutexGuard<'_, ()> {
        self.deploying.lock().expect(POISON)
    }

    /// Whether an index does not have all items yet.
    pub(crate) fn is_building(&self, index: IndexId) -> bool {
        self.building.read().expect(POISON).contains(&index)
    }

    /// Indexes come and go: nobody asks those that come before they have all items.
    pub(crate) fn noted(&self, states: &[(IndexId, IndexState)]) {
        let mut building = self.building.write().expect(POISON);
        for (id, _) in states.iter().filter(|(_, state)| *state == IndexState::Building) {
            building.insert(*id);
        }
    }

    /// There may be something to do, or the engine stops.
    pub(crate) fn ring(&self) {
        *self.bell.0.lock().expect(POISON) = true;
        self.bell.1.notify_all();
    }

    /// Sleeps until the bell rings, or until it is time to try again.
    fn wait(&self, again: Option<Duration>) {
        let rung = self.bell.0.lock().expect(POISON);
        let mut rung = match again {
            None => self.bell.1.wait_while(rung, |rung| !*rung).expect(POISON),
            Some(span) => self.bell.1.wait_timeout_while(rung, span, |rung| !*rung).expect(POISON).0,
        };
        *rung = false;
    }

    /// Waits until no command is under way that was decided by an old definition.
    fn wait_for_old_commands(&self, inner: &Inner) -> Result<(), WriteRefused> {
        let mut old = std::mem::take(&mut *self.retired.lock().expect(POISON));
        while !old.is_empty() {
            if inner.is_stopping() {
                return Err(WriteRefused::Stopping);
            }
            old.retain_mut(|table| Arc::get_mut(table).is_none());
            std::thread::sleep(LOOK_EVERY);
        }
        // Whoever gave up waiting may have left a commit behind: what clients handed in is taken in order.
        let entries = vec![finish(EntryBuilder::new(kind::HOUSEKEEPING, &[]))?];
        let barrier = Commit { entries, checks: Vec::new(), class: Class::Client, attachment: Vec::new() };
        inner.commits.store.commit_wait(barrier)?;
        Ok(())
    }
}

fn finish(entry: EntryBuilder) -> Result<store::Entry, WriteRefused> {
    entry.finish().map_err(|error| WriteRefused::TooLarge(error.to_string()))
}

/// The life of the thread that builds and clears away.
pub(crate) fn run(inner: &Inner) {
    let mut warned = false;
    loop {
        let again = match work(inner) {
            Ok(()) => {
                warned = false;
                None
            }
            Err(WriteRefused::Stopping) => return,
            Err(refused) => {
                if !warned {
                    crate::complain!("orderflow: indexes wait: {refused}");
                }
                warned = true;
                Some(AGAIN_AFTER)
            }
        };
        if inner.is_stopping() {
            return;
        }
        inner.indexes.wait(again);
        if inner.is_stopping() {
            return;
        }
    }
}

/// Does all that there is to do.
pub(crate) fn work(inner: &Inner) -> Result<(), WriteRefused> {
    let (states, catalog) = {
        let _whole = inner.indexes.deploying();
        (states(&inner.commits.store)?, inner.catalog())
    };
    if states.iter().all(|(_, state, _)| *state == IndexState::Ready) {
        return Ok(());
    }
    inner.indexes.wait_for_old_commands(inner)?;
    for (id, state, last) in states {
        match state {
            IndexState::Ready => {}
            IndexState::Going => clear_away(inner, id)?,
            IndexState::Building => {
                let tables = catalog.tables.values().map(table_of);
                let mut tables = tables.filter(|table| numbers(table).any(|known| known == id));
                if let Some(table) = tables.next() {
                    build(inner, &table, id, last)?;
                }
            }
        }
    }
    Ok(())
}

/// The numbers of a table's indexes.
fn numbers(table: &Table) -> impl Iterator<Item = IndexId> + '_ {
    table.indexes.iter().map(|index| index.id).chain(table.expiry.iter().map(|expiry| expiry.index))
}

type Noted = (IndexId, IndexState, Vec<u8>);

/// The states of all indexes, with the last key that a building one has.
fn states(store: &store::Store<crate::commit::Carried>) -> Result<Vec<Noted>, WriteRefused> {
    let snapshot = store.snapshot();
    let read = |found: Result<store::Item, store::ReadError>| {
        let found = found?;
        let id = layout::read_index_state(&found.key).ok_or(Malformed("index's state"))?;
        let (byte, last) = found.value.split_first().ok_or(Malformed("index's state"))?;
        let known = [IndexState::Building, IndexState::Ready, IndexState::Going];
        let state = known.into_iter().find(|state| state.byte() == *byte).ok_or(Malformed("index's state"))?;
        Ok((id, state, last.to_vec()))
    };
    snapshot.prefix(STATE, INDEX_STATES, Direction::Forward).map(read).collect()
}

/// Brings the items that are there into an index, from the one after `last` on.
fn build(inner: &Inner, table: &Table, index: IndexId, last: Vec<u8>) -> Result<(), WriteRefused> {
    let store = &inner.commits.store;
    let noted = layout::index_state(index);
    let prefix = table.id.0.to_be_bytes();
    let (mut last, end) = (if last.is_empty() { prefix.to_vec() } else { last }, layout::behind(&prefix));
    let mut at_once = AT_ONCE;
    loop {
        if inner.is_stopping() {
            return Err(WriteRefused::Stopping);
        }
        let state = store.read(STATE, &noted)?;
        if state.value.is_none_or(|(_, value)| value.first() != Some(&IndexState::Building.byte())) {
            // Meanwhile it is to be cleared away again.
            return Ok(());
        }
        let snapshot = store.snapshot();
        let range = snapshot.range(ITEMS, Bound::Excluded(&last), Bound::Excluded(&end), Direction::Forward);
        let keys = range.take(at_once).map(|found| found.map(|found| found.key));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        drop(snapshot);
        let mut entry = EntryBuilder::new(kind::HOUSEKEEPING, &[]);
        let mut checks = vec![Check::new(STATE, &noted, state.seen)];
        for key in &keys {
            // The newest state, durable or not: who changes it after that makes the commit fail, and it is looked at again.
            let read = store.read(ITEMS, key)?;
            if let Some(State::Item(item)) = read.value.map(|(_, value)| codec::read_state(&value)).transpose()? {
                for (_, found) in table.index_keys(&item).filter(|(id, _)| *id == index) {
                    entry = entry.put(INDEXES, &layout::index_entry(index, &found, key), &[]);
                }
            }
            checks.push(Check::new(ITEMS, key, read.seen));
        }
        let next = keys.last().map(|key| key.to_vec());
        entry = match &next {
            Some(next) => entry.put(STATE, &noted, &[&[IndexState::Building.byte()], next.as_slice()].concat()),
            None => IndexState::Ready.note(index, entry),
        };
        let commit = Commit { entries: vec![finish(entry)?], checks, class: Class::Engine, attachment: Vec::new() };
        match (store.commit_wait(commit), next) {
            (Ok(_), Some(next)) => {
                last = next;
                at_once = AT_ONCE.min(at_once * 2);
            }
            (Ok(_), None) => {
                inner.indexes.building.write().expect(POISON).remove(&index);
                return Ok(());
            }
            // Somebody wrote one of them: fewer at once are written less often.
            (Err(store::Refused::Conflict), _) => at_once = (at_once / 2).max(1),
            (Err(refused), _) => return Err(refused.into()),
        }
    }
}

/// Deletes all entries of an index that is no more, and then what was noted about it.
fn clear_away(inner: &Inner, index: IndexId) -> Result<(), WriteRefused> {
    let prefix = index.0.to_be_bytes();
    let (mut last, end) = (prefix.to_vec(), layout::behind(&prefix));
    loop {
        if inner.is_stopping() {
            return Err(WriteRefused::Stopping);
        }
        let snapshot = inner.commits.store.snapshot();
        let range = snapshot.range(INDEXES, Bound::Excluded(&last), Bound::Excluded(&end), Direction::Forward);
        let keys = range.take(AT_ONCE).map(|found| found.map(|found| found.key.to_vec()));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let entry = EntryBuilder::new(kind::HOUSEKEEPING, &[]);
        let entry = keys.iter().fold(entry, |entry, key| entry.delete(INDEXES, key));
        let Some(newest) = keys.into_iter().next_back() else {
            inner.commits.commit_one_blocking(entry.delete(STATE, &layout::index_state(index)))?;
            inner.indexes.building.write().expect(POISON).remove(&index);
            return Ok(());
        };
        inner.commits.commit_one_blocking(entry)?;
        last = newest;
    }
}

/// Adds to an entry what a change of an item means for the indexes of its table; `key` is the item's.
pub(crate) fn keep(
    mut entry: EntryBuilder,
    table: &Table,
    old: Option<&Item>,
    new: Option<&Item>,
    key: &[u8],
) -> EntryBuilder {
    for change in table.index_changes(old, new) {
        if let Some(from) = &change.from {
            entry = entry.delete(INDEXES, &layout::index_entry(change.index, from, key));
        }
        if let Some(to) = &change.to {
            entry = entry.put(INDEXES, &layout::index_entry(change.index, to, key), &[]);
        }
    }
    entry
}

/// What an index holds. Its entries are counted as far as that is quick; an index with more of them is taken to hold as
/// much as its table. Its bytes are taken to be its share of the table's.
pub(crate) fn count(inner: &Inner, index: IndexId, table: Count) -> Result<Count, WriteRefused> {
    let snapshot = inner.commits.store.snapshot();
    let mut items = 0;
    for found in snapshot.prefix(INDEXES, &index.0.to_be_bytes(), Direction::Forward).take(COUNTED_MAX) {
        found?;
        items += 1;
    }
    if items >= COUNTED_MAX as u64 {
        return Ok(table);
    }
    Ok(Count { items, bytes: table.bytes.checked_div(table.items).unwrap_or(0) * items })
}

/// Holds indexes against items, both ways; says what does not agree.
pub(crate) fn check(inner: &Inner) -> Result<Vec<String>, WriteRefused> {
    let mut findings = Vec::new();
    let states = states(&inner.commits.store)?;
    let state_of = |id: IndexId| states.iter().find(|(known, ..)| *known == id).map(|(_, state, _)| *state);
    let tables: Vec<Table> = inner.catalog().tables.values().map(table_of).collect();
    let snapshot = inner.commits.store.snapshot();
    for table in tables.iter().filter(|table| numbers(table).next().is_some()) {
        for found in snapshot.prefix(ITEMS, &table.id.0.to_be_bytes(), Direction::Forward) {
            let found = found?;
            // What cannot be read is said where items are held against the log.
            let Ok(State::Item(item)) = codec::read_state(&found.value) else { continue };
            for (id, key) in table.index_keys(&item).filter(|(id, _)| state_of(*id) == Some(IndexState::Ready)) {
                if snapshot.get(INDEXES, &layout::index_entry(id, &key, &found.key))?.is_none() {
                    findings.push(format!(
                        "{} of table {} does not have the item under key {:02x?}",
                        called(table, id),
                        table.name,
                        &*found.key
                    ));
                }
            }
        }
    }
    for found in snapshot.prefix(INDEXES, &[], Direction::Forward) {
        let found = found?;
        let id = found.key.first_chunk().map(|id| IndexId(u32::from_be_bytes(*id)));
        let id = id.ok_or(Malformed("index"))?;
        if state_of(id) == Some(IndexState::Going) {
            continue;
        }
        let Some(table) = tables.iter().find(|table| numbers(table).any(|known| known == id)) else {
            findings.push(format!("the entry {:02x?} is of an index that is not known", &*found.key));
            continue;
        };
        let agrees = match item_of(table, id, &found.key) {
            None => false,
            Some(key) => match snapshot.get(ITEMS, &key)?.map(|(_, value)| codec::read_state(&value)) {
                Some(Ok(State::Item(item))) => {
                    let mut expected = table.index_keys(&item).filter(|(known, _)| *known == id);
                    expected.any(|(_, found_by)| layout::index_entry(id, &found_by, &key) == *found.key)
                }
                _ => false,
            },
        };
        if !agrees {
            let called = called(table, id);
            findings.push(format!("{called} of table {} has {:02x?}, and no item agrees", table.name, &*found.key));
        }
    }
    Ok(findings)
}

fn called(table: &Table, id: IndexId) -> String {
    match table.indexes.iter().find(|index| index.id == id) {
        Some(index) => format!("index {}", index.name),
        None => "the index of what expires".to_owned(),
    }
}

/// The key of the item that an index's entry names.
pub(crate) fn item_of(table: &Table, id: IndexId, entry: &[u8]) -> Option<Vec<u8>> {
    let mut rest = entry.get(4..)?;
    match table.indexes.iter().find(|index| index.id == id) {
        Some(index) => {
            for attribute in index.keys.attributes() {
                rest = attribute.key_type.skip_ordered(rest)?;
            }
        }
        None => rest = types::KeyType::N.skip_ordered(rest)?,
    }
    Some(layout::item_of_entry(table.id, rest))
}
