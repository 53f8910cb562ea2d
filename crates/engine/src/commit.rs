//! Decides how the other files of this room reach the disk: hand in entries, wait until they are durable.
//!
//! [`Commits`] is the store and the feed together: what a commit carries of typed changes gets its place and instant on
//! a thread of the store's and goes to the feed before anybody is answered.

use crate::codec::Malformed;
use crate::counts::Counters;
use crate::feed::Feed;
use crate::layout;
use crate::queues::{After, Part};
use crate::traffic::TableMeters;
use std::sync::{Arc, Mutex};
use store::{Check, Class, Commit, Committed, Durable, EntryBuilder, Lost, Refused, Seen, Store};
use tokio::sync::oneshot;
use types::{Change, Item, SequenceNumber};

/// Changes that go with a commit.
pub(crate) type Carried = Vec<Carry>;

/// A change that goes with a commit.
pub(crate) struct Carry {
    /// Which of the commit's entries it is.
    pub(crate) entry: usize,
    /// How many entries before it the same item was changed, if this commit did that.
    pub(crate) follows: Option<usize>,
    /// Whether other items of the commit stand or fall with it.
    pub(crate) together: bool,
    /// What changed; its place and instant come with the commit.
    pub(crate) change: Change,
}

/// The store, as this room uses it.
#[derive(Clone)]
pub(crate) struct Commits {
    pub(crate) store: Arc<Store<Carried>>,
    pub(crate) feed: Arc<Feed>,
}

/// Why a write was not made.
#[derive(Debug, thiserror::Error)]
pub enum WriteRefused {
    /// More is being written than the disk takes; nothing was changed.
    #[error("the engine is overloaded; try again in a moment")]
    Busy,
    /// Others changed the same items all the time; nothing was changed.
    #[error("the items are being changed by others all the time; try again")]
    Contended,
    /// The disk is full; nothing was changed.
    #[error("the disk is full: free some space, writes are taken again by themselves")]
    NoSpace,
    /// The command does not fit into one commit.
    #[error("the command is too large for one commit: {0}")]
    TooLarge(String),
    /// The engine is stopping, or stopped because its disk failed.
    #[error("the engine is stopping")]
    Stopping,
    /// What lies on disk cannot be read.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// What functions print cannot be kept.
    #[error("what functions print cannot be kept: {0}")]
    Lines(String),
    /// The disk failed.
    #[error(transparent)]
    Store(#[from] store::ReadError),
    /// The log cannot be shortened.
    #[error(transparent)]
    Trim(#[from] store::TrimError),
}

impl From<Refused> for WriteRefused {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Conflict => Self::Contended,
            Refused::Busy => Self::Busy,
            Refused::NoSpace => Self::NoSpace,
            Refused::TooLarge { .. } => Self::TooLarge(refused.to_string()),
            Refused::Closed | Refused::Failed => Self::Stopping,
        }
    }
}

/// How many bytes the items of a change have, as DynamoDB counts them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) old: usize,
    pub(crate) new: usize,
}

impl Sizes {
    /// To be found once: it takes as long as to copy the items.
    pub(crate) fn of(change: &Change) -> Self {
        let size = |item: &Option<Item>| item.as_ref().map_or(0, Item::size);
        Self { old: size(&change.old), new: size(&change.new) }
    }
}

/// Is shown every change when it is durable and before anybody is answered. It must be quick: all wait for it.
pub type Observer = dyn Fn(&Change) + Send + Sync;

/// Gives changes their place and instant, and hands them to the feed. Runs on a thread of the store's.
pub(crate) fn publish(
    feed: &Feed,
    counters: Option<&Counters>,
    meters: &TableMeters,
    observer: Option<&Observer>,
    group: &mut Vec<Durable<Carried>>,
) {
    let head = group.last().map_or(SequenceNumber::ZERO, |commit| layout::sequence(commit.committed.last));
    let changes = group.drain(..).flat_map(|commit| {
        let (first, at) = (commit.committed.first.0, layout::timestamp(commit.time_ms));
        commit.attachment.into_iter().map(move |Carry { entry, follows, together, mut change }| {
            let place = first + entry as u64;
            change.sequence = SequenceNumber::new(place);
            if let Some(distance) = follows {
                change.previous = SequenceNumber::new(place - distance as u64);
            }
            change.at = at;
            (change, together)
        })
    });
    let sized = changes.map(|(change, together)| {
        let sizes = Sizes::of(&change);
        if let Some(counters) = counters {
            counters.add(&change, sizes);
        }
        meters.wrote(&change, sizes, together);
        if let Some(observer) = observer {
            observer(&change);
        }
        (change, sizes)
    });
    feed.publish(sized, head);
}

impl Commits {
    /// Commits one entry of the engine's own and waits until it is durable, on a thread that may.
    pub(crate) fn commit_one_blocking(&self, entry: EntryBuilder) -> Result<Committed, WriteRefused> {
        self.commit_blocking(vec![entry])
    }

    /// Commits entries of the engine's own, as one, on a thread that may wait.
    pub(crate) fn commit_blocking(&self, entries: Vec<EntryBuilder>) -> Result<Committed, WriteRefused> {
        let entries = finish(entries)?;
        let commit = Commit { entries, checks: Vec::new(), class: Class::Engine, attachment: Vec::new() };
        Ok(self.store.commit_wait(commit)?)
    }

    /// Commits entries as one and waits until they are durable.
    pub(crate) async fn commit(
        &self,
        entries: Vec<EntryBuilder>,
        checks: Vec<Check>,
        carried: Carried,
        class: Class,
    ) -> Result<Committed, WriteRefused> {
        let entries = finish(entries)?;
        let (answer, answered) = oneshot::channel();
        let commit = Commit { entries, checks, class, attachment: carried };
        // A caller who no longer waits is no reason for the writer to stop.
        self.store.commit(commit, move |result| {
            let _ = answer.send(result);
        });
        Ok(answered.await.map_err(|_| WriteRefused::Stopping)??)
    }

    /// Commits entries as one and waits until they are durable. Whoever is to be told of it is told before, and also
    /// when nobody waits any more.
    pub(crate) async fn commit_then(
        &self,
        entries: Vec<EntryBuilder>,
        checks: Vec<Check>,
        carried: Carried,
        class: Class,
        after: After,
    ) -> Result<Committed, WriteRefused> {
        let entries = finish(entries)?;
        let (answer, answered) = oneshot::channel();
        let commit = Commit { entries, checks, class, attachment: carried };
        self.store.commit(commit, move |result| {
            after.tell(result);
            let _ = answer.send(result);
        });
        Ok(answered.await.map_err(|_| WriteRefused::Stopping)??)
    }

    /// Commits entries as one and waits until they are durable. If they are, whoever is to be told of it is told before
    /// anybody else, and also when nobody waits any more; if they are not, it stays with the caller, who may try again.
    pub(crate) async fn try_commit(
        &self,
        entries: Vec<EntryBuilder>,
        checks: Vec<Check>,
        carried: Carried,
        class: Class,
        told: &Arc<Mutex<After>>,
    ) -> Result<Committed, WriteRefused> {
        let entries = finish(entries)?;
        let (answer, answered) = oneshot::channel();
        let (commit, told) = (Commit { entries, checks, class, attachment: carried }, Arc::clone(told));
        self.store.commit(commit, move |result| {
            if result.is_ok() {
                std::mem::take(&mut *told.lock().expect("no thread panics while it holds an act")).durable();
            }
            drop(told);
            let _ = answer.send(result);
        });
        Ok(answered.await.map_err(|_| WriteRefused::Stopping)??)
    }

    /// Commits acts on queues as one.
    pub(crate) async fn commit_parts(&self, parts: Vec<Part>, class: Class) -> Result<Committed, WriteRefused> {
        let (entries, after) = split(parts);
        self.commit_then(entries, Vec::new(), Vec::new(), class, after).await
    }

    /// Commits acts on queues and other entries of the engine's own as one, on a thread that may wait.
    pub(crate) fn commit_parts_blocking(&self, parts: Vec<Part>, with: Vec<EntryBuilder>) -> Result<(), WriteRefused> {
        let (mut entries, after) = split(parts);
        entries.extend(with);
        let committed = self.commit_blocking(entries);
        // Whoever waits for the answer is this very thread: nothing can come in between.
        after.tell(committed.as_ref());
        committed.map(drop)
    }

    /// Waits until all that a read has seen is durable.
    pub(crate) async fn durable(&self, seen: Seen) -> Result<(), WriteRefused> {
        let (answer, answered) = oneshot::channel();
        self.store.when_durable(seen, move |result| {
            let _ = answer.send(result);
        });
        match answered.await {
            Ok(Ok(())) => Ok(()),
            // What was seen was taken back: it is as if somebody else had changed it.
            Ok(Err(Lost::TakenBack)) => Err(WriteRefused::Contended),
            Ok(Err(Lost::Stopped)) | Err(_) => Err(WriteRefused::Stopping),
        }
    }
}

fn split(parts: Vec<Part>) -> (Vec<EntryBuilder>, After) {
    let none = (Vec::with_capacity(parts.len()), After::default());
    parts.into_iter().map(Part::split).fold(none, |(mut entries, after), (entry, one)| {
        entries.push(entry);
        (entries, after.and(one))
    })
}

fn finish(entries: Vec<EntryBuilder>) -> Result<Vec<store::Entry>, WriteRefused> {
    let finished: Result<Vec<_>, _> = entries.into_iter().map(EntryBuilder::finish).collect();
    finished.map_err(|error| WriteRefused::TooLarge(error.to_string()))
}
