//! Decides how far things are: accepted, durable, applied, failed; and who waits for what.
//!
//! Three numbers chase each other: `applied` <= `durable` <= `accepted`. Only `accepted` ever goes
//! back, when a group is taken back because the disk is full; the epoch tells those who looked.

use crate::{Fatal, Lost, Seen, Seq};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

type Callback = Box<dyn FnOnce(Result<(), Lost>) + Send>;

/// Called once, when the store has failed for good.
pub(crate) type OnFatal = Box<dyn Fn(&Fatal) + Send + Sync>;

pub(crate) struct Progress {
    accepted: AtomicU64,
    durable: AtomicU64,
    applied: AtomicU64,
    epoch: AtomicU64,
    stopped: AtomicBool,
    fatal: OnceLock<Fatal>,
    on_fatal: OnFatal,
    waiting: AtomicBool,
    waiters: Mutex<BTreeMap<Seq, Vec<Callback>>>,
    applied_lock: Mutex<()>,
    applied_changed: Condvar,
}

/// Locks, and goes on with what is there if a thread has panicked with the lock held: the panic
/// itself ends the thread that had it, and what these locks guard is whole between statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Progress {
    pub(crate) fn new(on_fatal: OnFatal) -> Self {
        Self {
            accepted: AtomicU64::new(0),
            durable: AtomicU64::new(0),
            applied: AtomicU64::new(0),
            epoch: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            fatal: OnceLock::new(),
            on_fatal,
            waiting: AtomicBool::new(false),
            waiters: Mutex::new(BTreeMap::new()),
            applied_lock: Mutex::new(()),
            applied_changed: Condvar::new(),
        }
    }

    /// Where things stand after a start.
    pub(crate) fn start_at(&self, durable: Seq, applied: Seq) {
        self.accepted.store(durable.0, Ordering::Release);
        self.durable.store(durable.0, Ordering::Release);
        self.applied.store(applied.0, Ordering::Release);
    }

    pub(crate) fn durable(&self) -> Seq {
        Seq(self.durable.load(Ordering::Acquire))
    }

    pub(crate) fn applied(&self) -> Seq {
        Seq(self.applied.load(Ordering::Acquire))
    }

    /// What a read that begins now sees, accepted state included.
    pub(crate) fn seen(&self) -> Seen {
        // The epoch first: `take_back` lowers the number before it raises the epoch, so whoever
        // reads the new epoch also reads the lower number.
        let epoch = self.epoch.load(Ordering::Acquire);
        Seen { seq: Seq(self.accepted.load(Ordering::Acquire)), epoch }
    }

    /// What a read of durable state sees.
    pub(crate) fn seen_durable(&self) -> Seen {
        let epoch = self.epoch.load(Ordering::Acquire);
        Seen { seq: self.durable(), epoch }
    }

    /// True if nothing that was seen then has been taken back.
    pub(crate) fn still_holds(&self, seen: Seen) -> bool {
        seen.epoch == self.epoch.load(Ordering::Acquire)
    }

    pub(crate) fn accept(&self, last: Seq) {
        self.accepted.store(last.0, Ordering::Release);
    }

    /// The accepted state after `last` was taken back; `forget` removes what readers could see.
    pub(crate) fn take_back(&self, last: Seq, forget: impl FnOnce()) {
        self.accepted.store(last.0, Ordering::Release);
        forget();
        self.epoch.fetch_add(1, Ordering::AcqRel);
        for callback in std::mem::take(&mut *lock(&self.waiters)).into_values().flatten() {
            callback(Err(Lost::TakenBack));
        }
    }

    /// Everything up to `last` is durable.
    pub(crate) fn make_durable(&self, last: Seq) {
        self.durable.store(last.0, Ordering::SeqCst);
    }

    /// Tells those who wait for what is durable now.
    pub(crate) fn tell_waiters(&self) {
        if !self.waiting.load(Ordering::SeqCst) {
            return;
        }
        let ready = {
            let mut waiters = lock(&self.waiters);
            let later = waiters.split_off(&self.durable().next());
            self.waiting.store(!later.is_empty(), Ordering::SeqCst);
            std::mem::replace(&mut *waiters, later)
        };
        for callback in ready.into_values().flatten() {
            callback(Ok(()));
        }
    }

    pub(crate) fn when_durable(&self, seen: Seen, callback: Callback) {
        if !self.still_holds(seen) {
            return callback(Err(Lost::TakenBack));
        }
        if seen.seq <= self.durable() {
            return callback(Ok(()));
        }
        let mut waiters = lock(&self.waiters);
        // Announced before the second look, so that the writer either sees the announcement or has
        // already published what this waits for.
        self.waiting.store(true, Ordering::SeqCst);
        let now = if !self.still_holds(seen) {
            Err(Lost::TakenBack)
        } else if seen.seq <= Seq(self.durable.load(Ordering::SeqCst)) {
            Ok(())
        } else if self.stopped() {
            Err(Lost::Stopped)
        } else {
            waiters.entry(seen.seq).or_default().push(callback);
            return;
        };
        drop(waiters);
        callback(now);
    }

    pub(crate) fn set_applied(&self, last: Seq) {
        self.applied.fetch_max(last.0, Ordering::AcqRel);
        let _held = lock(&self.applied_lock);
        self.applied_changed.notify_all();
    }

    /// Waits until the index has applied everything up to `last`; false if the store stops first.
    pub(crate) fn wait_applied(&self, last: Seq) -> bool {
        let mut held = lock(&self.applied_lock);
        while self.applied() < last {
            if self.stopped() {
                return false;
            }
            held = self.applied_changed.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        true
    }

    /// True once nothing is accepted any more.
    pub(crate) fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    pub(crate) fn failed(&self) -> bool {
        self.fatal.get().is_some()
    }

    /// The store has failed for good. The first call tells the owner; later ones change nothing.
    pub(crate) fn fail(&self, fatal: Fatal) {
        if self.fatal.set(fatal).is_ok() {
            self.stop();
            (self.on_fatal)(self.fatal.get().expect("set on the line above"));
        }
    }

    /// Nothing is accepted any more; those who wait are told.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        for callback in std::mem::take(&mut *lock(&self.waiters)).into_values().flatten() {
            callback(Err(Lost::Stopped));
        }
        let _held = lock(&self.applied_lock);
        self.applied_changed.notify_all();
    }
}
