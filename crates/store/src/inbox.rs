//! Decides which commits wait, how many, and in which order the writer takes them.
//!
//! Clients and the engine have a queue each, bounded by count and by bytes; the writer takes from
//! both in turn, so neither can starve the other. A full queue refuses at once.

use crate::progress::lock;
use crate::{Check, Class, Committed, Entry, Refused};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::Thread;

/// What becomes of a commit.
pub type Outcome = Result<Committed, Refused>;

/// Who hears of it.
pub(crate) enum Reply {
    Call(Box<dyn FnOnce(Outcome) + Send>),
    Wake(Arc<Waiter>),
}

impl Reply {
    pub(crate) fn send(self, outcome: Outcome) {
        match self {
            Self::Call(call) => call(outcome),
            Self::Wake(waiter) => waiter.wake(outcome),
        }
    }
}

/// A thread that waits for its commit. Each thread has one and uses it again.
pub(crate) struct Waiter {
    thread: Thread,
    done: AtomicBool,
    outcome: Mutex<Option<Outcome>>,
}

thread_local! {
    static WAITER: RefCell<Option<Arc<Waiter>>> = const { RefCell::new(None) };
}

impl Waiter {
    /// The calling thread's own, ready to be waited on.
    pub(crate) fn mine() -> Arc<Self> {
        WAITER.with_borrow_mut(|waiter| {
            let waiter = waiter.get_or_insert_with(|| {
                Arc::new(Self {
                    thread: std::thread::current(),
                    done: AtomicBool::new(false),
                    outcome: Mutex::new(None),
                })
            });
            waiter.done.store(false, Ordering::Relaxed);
            waiter.clone()
        })
    }

    fn wake(&self, outcome: Outcome) {
        *lock(&self.outcome) = Some(outcome);
        self.done.store(true, Ordering::Release);
        self.thread.unpark();
    }

    pub(crate) fn wait(&self) -> Outcome {
        while !self.done.load(Ordering::Acquire) {
            std::thread::park();
        }
        lock(&self.outcome).take().expect("the outcome is set before `done`")
    }
}

/// A commit on its way to the writer.
pub(crate) struct Waiting<A> {
    pub(crate) entries: Vec<Entry>,
    pub(crate) checks: Vec<Check>,
    pub(crate) class: Class,
    pub(crate) attachment: A,
    pub(crate) bytes: usize,
    pub(crate) reply: Reply,
}

pub(crate) struct Inbox<A> {
    queues: Mutex<Queues<A>>,
    arrived: Condvar,
    commits_max: usize,
    bytes_max: usize,
}

struct Queues<A> {
    clients: Queue<A>,
    engine: Queue<A>,
    engine_is_next: bool,
    writer_sleeps: bool,
    closed: Option<Refused>,
}

struct Queue<A> {
    waiting: VecDeque<Waiting<A>>,
    bytes: usize,
}

impl<A> Queue<A> {
    const fn new() -> Self {
        Self { waiting: VecDeque::new(), bytes: 0 }
    }

    fn pop(&mut self) -> Option<Waiting<A>> {
        let first = self.waiting.pop_front()?;
        self.bytes -= first.bytes;
        Some(first)
    }
}

/// The most that one group takes, unless a single commit is larger.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GroupLimit {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
}

impl<A> Inbox<A> {
    pub(crate) fn new(commits_max: usize, bytes_max: usize) -> Self {
        let queues = Queues {
            clients: Queue::new(),
            engine: Queue::new(),
            engine_is_next: false,
            writer_sleeps: false,
            closed: None,
        };
        Self { queues: Mutex::new(queues), arrived: Condvar::new(), commits_max, bytes_max }
    }

    /// Queues a commit, or hands it back with the reason.
    pub(crate) fn push(&self, commit: Waiting<A>) -> Result<(), (Waiting<A>, Refused)> {
        let mut queues = lock(&self.queues);
        if let Some(refused) = queues.closed {
            return Err((commit, refused));
        }
        let queue = match commit.class {
            Class::Client => &mut queues.clients,
            Class::Engine => &mut queues.engine,
        };
        if queue.waiting.len() >= self.commits_max
            || queue.bytes + commit.bytes > self.bytes_max && !queue.waiting.is_empty()
        {
            return Err((commit, Refused::Busy));
        }
        queue.bytes += commit.bytes;
        queue.waiting.push_back(commit);
        if std::mem::take(&mut queues.writer_sleeps) {
            drop(queues);
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Waits for work and takes a group's worth of it; false when closed and empty.
    pub(crate) fn take(&self, limit: GroupLimit, into: &mut Vec<Waiting<A>>) -> bool {
        let mut queues = lock(&self.queues);
        while queues.clients.waiting.is_empty() && queues.engine.waiting.is_empty() {
            if queues.closed.is_some() {
                return false;
            }
            queues.writer_sleeps = true;
            queues = self.arrived.wait(queues).unwrap_or_else(PoisonError::into_inner);
        }
        let (mut entries, mut bytes) = (0, 0);
        loop {
            let engine =
                (queues.engine_is_next || queues.clients.waiting.is_empty()) && !queues.engine.waiting.is_empty();
            let queue = if engine { &mut queues.engine } else { &mut queues.clients };
            let Some(first) = queue.waiting.front() else { break };
            entries += first.entries.len();
            bytes += first.bytes;
            if !into.is_empty() && (entries > limit.entries || bytes > limit.bytes) {
                break;
            }
            into.extend(queue.pop());
            queues.engine_is_next = !engine;
        }
        true
    }

    /// Nothing more comes in. What is queued stays for the writer.
    pub(crate) fn close(&self, refused: Refused) {
        let mut queues = lock(&self.queues);
        queues.closed.get_or_insert(refused);
        drop(queues);
        self.arrived.notify_one();
    }

    /// Takes everything that is still queued, to refuse it.
    pub(crate) fn drain(&self) -> Vec<Waiting<A>> {
        let mut queues = lock(&self.queues);
        let mut all = Vec::new();
        while let Some(first) = queues.clients.pop() {
            all.push(first);
        }
        while let Some(first) = queues.engine.pop() {
            all.push(first);
        }
        all
    }
}
