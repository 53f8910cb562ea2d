//! Decides how queues are made, set, emptied and deleted while the engine runs.
//!
//! What clients make belongs to no stack: its stack's name is empty, and it is at work from the opening of the
//! directory on. A queue that a template names can be set anew, until the template is deployed again, but not deleted:
//! pipes and pollers hold on to it. What is deleted or purged is gone at once for everybody; the bytes go afterwards, in
//! small commits, and what a crash leaves of them goes later.

use super::LiveQueue;
use crate::catalog::{Catalog, QueueEntry, RedriveRefused, Remains};
use crate::clock;
use crate::commit::WriteRefused;
use crate::engine::{Inner, NotFound, POISON, QueueError};
use crate::housekeeping::clear_range;
use crate::layout::{self, CATALOG_KEY, DEDUPLICATION, MESSAGES, MessagePart, STATE, kind};
use crate::spec::QueueSpec;
use std::sync::{Arc, MutexGuard};
use store::EntryBuilder;
use types::{QueueName, SortedMap, Timestamp};

/// All that can be set of a queue.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueSettings {
    /// How it works.
    pub spec: QueueSpec,
    /// What clients have written on it.
    pub tags: SortedMap<String, String>,
    /// What clients want to be told again.
    pub notes: SortedMap<String, String>,
}

/// What came of making a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// It is new.
    Created,
    /// It was there, set alike.
    WasThere,
}

/// Makes a queue that belongs to no stack.
pub(crate) fn create(inner: &Inner, settings: QueueSettings) -> Result<Made, QueueError> {
    let _alone = inner.changing.lock().expect(POISON);
    let mut catalog = (*inner.catalog()).clone();
    let QueueSettings { spec, tags, notes } = settings;
    if let Some(known) = catalog.queues.get(&spec.name) {
        // What belongs to a stack that is not up cannot be used, however it is set.
        let served = inner.queue(&spec.name).is_ok();
        let alike = served && !known.dormant && known.spec == spec && known.notes == notes;
        return if alike { Ok(Made::WasThere) } else { Err(QueueError::Exists(spec.name)) };
    }
    catalog.check_redrive(&spec)?;
    let (name, now) = (spec.name.clone(), clock::now());
    let entry = QueueEntry {
        id: catalog.new_id(),
        stack: String::new(),
        spec,
        created_at: now,
        changed_at: now,
        dormant: false,
        tags,
        notes,
    };
    let live = LiveQueue::open(entry.id, &entry.spec, &inner.commits, &inner.clock)?;
    catalog.queues.insert(name.clone(), entry);
    keep(inner, catalog, Vec::new())?;
    inner.queues.write().expect(POISON).insert(name, Arc::new(live));
    link(inner);
    Ok(Made::Created)
}

/// Sets a queue anew. Its name and whether it keeps order stay what they are.
pub(crate) fn configure<T>(
    inner: &Inner,
    name: &QueueName,
    change: impl FnOnce(&mut QueueSettings) -> T,
) -> Result<T, QueueError> {
    let (mut change, mut said) = (Some(change), None);
    set(inner, name, &mut |settings| said = change.take().map(|change| change(settings)))?;
    Ok(said.expect("nothing is set before it is asked what changes"))
}

fn set(inner: &Inner, name: &QueueName, change: &mut dyn FnMut(&mut QueueSettings)) -> Result<(), QueueError> {
    let _alone = inner.changing.lock().expect(POISON);
    inner.queue(name)?;
    let mut catalog = (*inner.catalog()).clone();
    let entry = catalog.queues.get_mut(name).filter(|entry| !entry.dormant).ok_or_else(|| missing(name))?;
    let before = QueueSettings { spec: entry.spec.clone(), tags: entry.tags.clone(), notes: entry.notes.clone() };
    let mut settings = before.clone();
    change(&mut settings);
    if settings == before {
        return Ok(());
    }
    if settings.spec.name != *name || settings.spec.fifo.is_some() != before.spec.fifo.is_some() {
        return Err(QueueError::KindChanged(name.clone()));
    }
    if settings.spec != before.spec || settings.notes != before.notes {
        entry.changed_at = clock::now();
    }
    let spec = settings.spec.clone();
    (entry.spec, entry.tags, entry.notes) = (settings.spec, settings.tags, settings.notes);
    if spec.redrive != before.spec.redrive {
        catalog.check_redrive(&spec)?;
    }
    keep(inner, catalog, Vec::new())?;
    link(inner);
    Ok(())
}

/// Deletes a queue that clients have made.
pub(crate) fn delete(inner: &Inner, name: &QueueName) -> Result<(), QueueError> {
    let _alone = inner.changing.lock().expect(POISON);
    inner.queue(name)?;
    let mut catalog = (*inner.catalog()).clone();
    let entry = catalog.queues.get(name).filter(|entry| !entry.dormant).ok_or_else(|| missing(name))?;
    if !entry.stack.is_empty() {
        return Err(QueueError::OfStack { queue: name.clone(), stack: entry.stack.clone() });
    }
    let queue = entry.id;
    catalog.queues.remove(name);
    catalog.remains.retain(|remains| remains.queue != queue);
    catalog.remains.push(Remains { queue, below: None });
    keep(inner, catalog, Vec::new())?;
    let live = inner.queues.write().expect(POISON).remove(name);
    live.iter().for_each(|live| live.close());
    link(inner);
    Ok(())
}

/// Takes out all messages that were sent so far.
pub(crate) fn purge(inner: &Inner, name: &QueueName) -> Result<(), QueueError> {
    let _alone = inner.changing.lock().expect(POISON);
    let live = inner.queues.read().expect(POISON).get(name).cloned().ok_or_else(|| missing(name))?;
    let (entry, below) = live.purge_entry();
    let mut catalog = (*inner.catalog()).clone();
    catalog.remains.retain(|remains| remains.queue != live.id);
    catalog.remains.push(Remains { queue: live.id, below: Some(below) });
    keep(inner, catalog, vec![entry])?;
    live.purged(below);
    Ok(())
}

fn missing(name: &QueueName) -> NotFound {
    NotFound { kind: "queue", name: name.to_string() }
}

/// Changes what is deployed: durably, and then for everybody; what follows from a change comes before the next one.
pub(crate) fn change<T, E: From<WriteRefused>>(
    inner: &Inner,
    act: impl FnOnce(&mut Catalog, Timestamp) -> Result<T, E>,
    follow: impl FnOnce() -> Result<(), E>,
) -> Result<T, E> {
    let (_alone, mut catalog) = begin_change(inner);
    let done = act(&mut catalog, inner.clock.now())?;
    if end_change(inner, catalog)? {
        follow()?;
    }
    Ok(done)
}

fn begin_change(inner: &Inner) -> (MutexGuard<'_, ()>, Catalog) {
    let alone = inner.changing.lock().expect(POISON);
    (alone, (*inner.catalog()).clone())
}

/// Whether there was anything to change.
fn end_change(inner: &Inner, catalog: Catalog) -> Result<bool, WriteRefused> {
    let changed = catalog != *inner.catalog();
    if changed {
        keep(inner, catalog, Vec::new())?;
    }
    Ok(changed)
}

/// Makes a catalog durable, together with these entries, and then everybody's. The caller holds `changing`.
pub(crate) fn keep(inner: &Inner, catalog: Catalog, mut with: Vec<EntryBuilder>) -> Result<(), WriteRefused> {
    let value = serde_json::to_vec(&catalog).expect("a catalog is plain data");
    with.push(EntryBuilder::new(kind::CATALOG, &value).put_range(STATE, CATALOG_KEY, 0..value.len()));
    inner.commits.commit_blocking(with)?;
    *inner.catalog.write().expect(POISON) = Arc::new(catalog);
    Ok(())
}

/// Tells every queue at work how it is set now, and where its dead letters go.
pub(crate) fn link(inner: &Inner) {
    let catalog = inner.catalog();
    let queues = inner.queues.read().expect(POISON).clone();
    for (name, live) in &queues {
        // A queue of that name may just have been deleted and made anew.
        let Some(entry) = catalog.queues.get(name).filter(|entry| entry.id == live.id) else { continue };
        let dead_letters = entry.spec.redrive.as_ref().and_then(|redrive| queues.get(&redrive.dead_letters));
        live.configure(&entry.spec, dead_letters);
    }
}

/// Clears away what is left of queues that were deleted or purged.
pub(crate) fn sweep(inner: &Inner) -> Result<(), WriteRefused> {
    let _alone = inner.sweeping.lock().expect(POISON);
    let remains = inner.catalog().remains.clone();
    for one in &remains {
        let first = layout::message(one.queue, 0, MessagePart::Body);
        let next_queue = (one.queue + 1).to_be_bytes();
        match one.below {
            Some(below) => {
                clear_range(inner, MESSAGES, &first, &layout::message(one.queue, below, MessagePart::Body))?;
            }
            None => {
                clear_range(inner, MESSAGES, &first, &next_queue)?;
                clear_range(inner, DEDUPLICATION, &one.queue.to_be_bytes(), &next_queue)?;
                let entry = EntryBuilder::new(kind::HOUSEKEEPING, &[]);
                let entry = entry.delete(STATE, &layout::queue_head(one.queue));
                inner.commits.commit_one_blocking(entry.delete(STATE, &layout::queue_purged(one.queue)))?;
            }
        }
    }
    if remains.is_empty() {
        return Ok(());
    }
    let _alone = inner.changing.lock().expect(POISON);
    let mut catalog = (*inner.catalog()).clone();
    catalog.remains.retain(|one| !remains.contains(one));
    keep(inner, catalog, Vec::new())
}

impl From<RedriveRefused> for QueueError {
    fn from(refused: RedriveRefused) -> Self {
        Self::Redrive(refused)
    }
}
