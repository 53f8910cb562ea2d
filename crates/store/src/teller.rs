//! Decides who hears of a durable group, and in which order: the feed, those who wait, those who
//! committed.
//!
//! Waking hundreds of threads takes about as long as a sync, so a thread of its own does it while
//! the writer is at the next group. A small group is told by the writer itself when nothing is
//! outstanding: for a few clients the way through another thread costs more than it saves.

use crate::inbox::Reply;
use crate::progress::{Progress, lock};
use crate::{Durable, Feed};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

/// Groups that may be durable and untold; then the writer waits.
const OUTSTANDING_MAX: usize = 2;
/// Up to this many commits are told by the writer.
const FEW: usize = 16;

/// A durable group.
pub(crate) struct Told<A> {
    pub(crate) durable: Vec<Durable<A>>,
    pub(crate) replies: Vec<Reply>,
}

/// The writer's end.
pub(crate) struct Teller<A> {
    groups: SyncSender<Told<A>>,
    shared: Arc<Shared<A>>,
}

/// The end that runs on a thread of its own.
pub(crate) struct Telling<A> {
    groups: Receiver<Told<A>>,
    shared: Arc<Shared<A>>,
}

struct Shared<A> {
    feed: Mutex<Feed<A>>,
    progress: Arc<Progress>,
    outstanding: AtomicUsize,
}

pub(crate) fn teller<A>(feed: Feed<A>, progress: Arc<Progress>) -> (Teller<A>, Telling<A>) {
    let (sender, receiver) = sync_channel(OUTSTANDING_MAX);
    let shared = Arc::new(Shared { feed: Mutex::new(feed), progress, outstanding: AtomicUsize::new(0) });
    (Teller { groups: sender, shared: shared.clone() }, Telling { groups: receiver, shared })
}

impl<A> Teller<A> {
    /// Tells of a group, now or soon; hands it back if nobody can be told any more.
    pub(crate) fn tell(&self, group: Told<A>) -> Result<(), Told<A>> {
        if group.replies.len() <= FEW && self.shared.outstanding.load(Ordering::Acquire) == 0 {
            self.shared.tell(group);
            return Ok(());
        }
        self.shared.outstanding.fetch_add(1, Ordering::AcqRel);
        self.groups.send(group).map_err(|unsent| unsent.0)
    }
}

impl<A> Telling<A> {
    /// Tells of group after group until the writer has ended.
    pub(crate) fn run(self) {
        while let Ok(group) = self.groups.recv() {
            self.shared.tell(group);
            self.shared.outstanding.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl<A> Shared<A> {
    fn tell(&self, mut group: Told<A>) {
        let committed: Vec<_> = group.durable.iter().map(|durable| durable.committed).collect();
        (lock(&self.feed))(&mut group.durable);
        self.progress.tell_waiters();
        for (reply, committed) in group.replies.into_iter().zip(committed) {
            reply.send(Ok(committed));
        }
    }
}
