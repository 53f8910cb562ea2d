//! Decides how the parts of an open store work together: its threads, its face, its end.
//!
//! Start at [`Store::open`], then [`Store::commit`]. The threads: the writer, the teller, the applier, one
//! that looks after things once a second, and one that reads older segments through and ends.

use crate::applier::Applier;
use crate::inbox::{GroupLimit, Inbox, Outcome, Reply, Waiter, Waiting};
use crate::index::Index;
use crate::log::append::cut_zeros;
use crate::log::reader::{LogEntry, LogReader};
use crate::log::segments::{Segment, Segments};
use crate::log::verify::{NotVerified, verify_segment};
use crate::open::{self, OpenReport, Parts};
use crate::overlay::Overlay;
use crate::progress::{Progress, lock};
use crate::read::{Read, Slice, Snapshot, read};
use crate::space::FreeSpace;
use crate::stats::{Counting, Stats};
use crate::teller::teller;
use crate::trim::{Before, Trim};
use crate::versions::Versions;
use crate::watermark::Watermark;
use crate::writer::Writer;
use crate::{
    Class, Commit, Damage, Fatal, Feed, Lost, OpenError, Options, ReadError, Refused, Seen, Seq, Space, TrimError,
};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// The most that one commit may have.
pub const COMMIT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// An open data directory. Dropping it closes it.
pub struct Store<A: Send + 'static> {
    inbox: Arc<Inbox<A>>,
    progress: Arc<Progress>,
    overlay: Arc<Overlay>,
    index: Arc<Index>,
    segments: Arc<Segments>,
    space: Arc<FreeSpace>,
    directory: PathBuf,
    options: Options,
    counting: Arc<Counting>,
    trimming: Mutex<()>,
    threads: Mutex<Option<Threads>>,
    abandoned: AtomicBool,
    _lock: File,
}

struct Threads {
    writer: JoinHandle<()>,
    teller: JoinHandle<()>,
    applier: JoinHandle<()>,
    keeper: JoinHandle<()>,
    reader: Option<JoinHandle<()>>,
    stop_keeper: Sender<()>,
}

impl<A: Send + 'static> Store<A> {
    /// Opens a data directory, or makes one.
    ///
    /// `feed` is called with every group when it is durable and before anybody is answered, in the
    /// order of the log, on a thread of the store: it must be quick. It may take what it is given.
    /// `on_fatal` is called once if the store fails; nothing is acknowledged after that.
    ///
    /// # Errors
    /// When the directory is in use, from a later version, damaged, or incomplete.
    pub fn open(
        directory: &Path,
        options: Options,
        feed: Feed<A>,
        on_fatal: impl Fn(&Fatal) + Send + Sync + 'static,
    ) -> Result<(Self, OpenReport), OpenError> {
        let Parts { lock, progress, overlay, index, segments, space, watermark, appender, unverified, report } =
            open::open(directory, &options, Box::new(on_fatal))?;
        let inbox = Arc::new(Inbox::new(options.inbox_commits, options.inbox_bytes));
        let counting = Arc::new(Counting::default());
        let (teller, telling) = teller(feed, progress.clone());
        let writer = Writer {
            inbox: inbox.clone(),
            progress: progress.clone(),
            overlay: overlay.clone(),
            space: space.clone(),
            watermark: watermark.clone(),
            appender,
            versions: Versions::new(),
            teller,
            clock: options.clock.clone(),
            counting: Arc::clone(&counting),
            limit: GroupLimit { entries: options.group_entries, bytes: options.group_bytes },
            overlay_bytes: options.overlay_bytes,
            seal_bytes: options.seal_bytes,
        };
        let applier = Applier {
            overlay: overlay.clone(),
            index: index.clone(),
            progress: progress.clone(),
            seal_bytes: options.seal_bytes,
            directory: open::index_directory(directory),
        };
        let older: Vec<_> = segments.all().into_iter().take(unverified + 1).collect();
        let (stop_keeper, stopped) = channel();
        let spawn = |name: &'static str, work: Box<dyn FnOnce() + Send>| {
            let (progress, inbox) = (progress.clone(), inbox.clone());
            let guarded = move || {
                let _guard = PanicGuard { thread: name, progress, inbox };
                work();
            };
            std::thread::Builder::new()
                .name(format!("store:{name}"))
                .spawn(guarded)
                .map_err(OpenError::io("start a thread for", directory))
        };
        let threads = Threads {
            writer: spawn("writer", Box::new(|| writer.run()))?,
            teller: spawn("teller", Box::new(|| telling.run()))?,
            applier: spawn("applier", Box::new(|| applier.run()))?,
            keeper: spawn("keeper", {
                let (progress, space, watermark) = (progress.clone(), space.clone(), watermark.clone());
                Box::new(move || keep(&progress, &space, &watermark, &stopped))
            })?,
            reader: if unverified == 0 {
                None
            } else {
                let (progress, segments) = (progress.clone(), segments.clone());
                Some(spawn("reader", Box::new(move || read_through(&progress, &segments, &older)))?)
            },
            stop_keeper,
        };
        let store = Self {
            inbox,
            progress,
            overlay,
            index,
            segments,
            space,
            directory: directory.to_owned(),
            options,
            counting,
            trimming: Mutex::new(()),
            threads: Mutex::new(Some(threads)),
            abandoned: AtomicBool::new(false),
            _lock: lock,
        };
        Ok((store, report))
    }

    /// Commits, and calls `reply` once: when the commit is durable, or at once if it is refused.
    pub fn commit(&self, commit: Commit<A>, reply: impl FnOnce(Outcome) + Send + 'static) {
        self.send(commit, Reply::Call(Box::new(reply)));
    }

    /// Commits, and waits until it is durable or refused.
    ///
    /// # Errors
    /// The reason for which it was refused.
    pub fn commit_wait(&self, commit: Commit<A>) -> Outcome {
        let waiter = Waiter::mine();
        self.send(commit, Reply::Wake(waiter.clone()));
        waiter.wait()
    }

    fn send(&self, commit: Commit<A>, reply: Reply) {
        let Commit { entries, checks, class, attachment } = commit;
        let bytes: usize = entries.iter().map(crate::Entry::len).sum();
        let (max_bytes, max_entries) = (COMMIT_BYTES_MAX, self.options.group_entries);
        if entries.is_empty() || entries.len() > max_entries || bytes > max_bytes {
            return reply.send(Err(Refused::TooLarge { max_bytes, max_entries }));
        }
        if self.progress.failed() {
            return reply.send(Err(Refused::Failed));
        }
        if !self.space.admits(class) {
            return reply.send(Err(Refused::NoSpace));
        }
        if let Err((commit, refused)) = self.inbox.push(Waiting { entries, checks, class, attachment, bytes, reply }) {
            commit.reply.send(Err(refused));
        }
    }

    /// The newest accepted value of a key, durable or not: to decide on. Before anybody is answered
    /// on the ground of it, what was seen must be durable ([`Store::when_durable`]).
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn read(&self, space: Space, key: &[u8]) -> Result<Read, ReadError> {
        read(&self.overlay, &self.index, self.progress.seen(), space, key)
    }

    /// The newest durable value of a key.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn get(&self, space: Space, key: &[u8]) -> Result<Option<(Seq, Slice)>, ReadError> {
        Ok(read(&self.overlay, &self.index, self.progress.seen_durable(), space, key)?.value)
    }

    /// Everything as it is durable now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(&self.overlay, &self.index, &self.progress)
    }

    /// Calls back when everything that was seen is durable, at once if it is.
    pub fn when_durable(&self, seen: Seen, callback: impl FnOnce(Result<(), Lost>) + Send + 'static) {
        self.progress.when_durable(seen, Box::new(callback));
    }

    /// Waits until everything that was seen is durable.
    ///
    /// # Errors
    /// When it was taken back, or the store stops first.
    pub fn wait_durable(&self, seen: Seen) -> Result<(), Lost> {
        let (sender, receiver) = channel();
        self.when_durable(seen, move |outcome| {
            // A send fails only if nobody waits any more.
            let _ = sender.send(outcome);
        });
        receiver.recv().unwrap_or(Err(Lost::Stopped))
    }

    /// The newest durable entry.
    #[must_use]
    pub fn durable(&self) -> Seq {
        self.progress.durable()
    }

    /// The newest entry that is in the index's own files.
    #[must_use]
    pub fn applied(&self) -> Seq {
        self.progress.applied()
    }

    /// The oldest entry that the log still has.
    #[must_use]
    pub fn lowest(&self) -> Seq {
        self.segments.lowest()
    }

    /// Reads the log from `from` on, up to what is durable, and further as that grows.
    ///
    /// # Errors
    /// When the log no longer reaches back that far.
    pub fn log_from(&self, from: Seq) -> Result<LogReader, ReadError> {
        LogReader::new(self.segments.clone(), self.progress.clone(), from)
    }

    /// One entry of the log; `None` if it is not durable yet.
    ///
    /// # Errors
    /// When the log no longer reaches back that far, or cannot be read.
    pub fn entry(&self, seq: Seq) -> Result<Option<LogEntry>, ReadError> {
        self.log_from(seq)?.next()
    }

    /// Removes old segments, as far as they may go; returns the oldest entry that is left.
    ///
    /// # Errors
    /// When the system refuses, or the store stops.
    pub fn trim(&self, before: Before) -> Result<Seq, TrimError> {
        let _one_at_a_time = lock(&self.trimming);
        Trim {
            disk: self.options.disk.as_ref(),
            directory: &self.directory,
            segments: &self.segments,
            overlay: &self.overlay,
            progress: &self.progress,
        }
        .run(before)
    }

    /// How many bytes of log there are.
    #[must_use]
    pub fn log_bytes(&self) -> u64 {
        self.segments.all().iter().map(|segment| segment.end()).sum()
    }

    /// Whether there is room on the disk for what this class writes.
    #[must_use]
    pub fn has_room_for(&self, class: Class) -> bool {
        self.space.admits(class)
    }

    /// What was done since the store was opened.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.counting.stats()
    }

    /// Reads all of the log through; returns every damage, at most one per segment.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn verify_all(&self) -> Result<Vec<Damage>, ReadError> {
        let segments = self.segments.all();
        let mut damages = Vec::new();
        for (at, segment) in segments.iter().enumerate() {
            let following = segments.get(at + 1).map(|next| &next.head);
            match verify_segment(segment, self.segments.log, following, |_| true) {
                Ok(_) => {}
                Err(NotVerified::Damaged(damage)) => damages.push(damage),
                Err(NotVerified::Io(error)) => return Err(segment.read_error(error)),
            }
        }
        Ok(damages)
    }

    /// Finishes what was accepted, brings the index up to date and stops. Later commits are refused.
    pub fn close(&self) {
        let Some(threads) = lock(&self.threads).take() else { return };
        self.inbox.close(Refused::Closed);
        // A thread that has panicked has already made the store fail.
        let _ = threads.writer.join();
        let _ = threads.teller.join();
        for waiting in self.inbox.drain() {
            waiting.reply.send(Err(Refused::Closed));
        }
        self.overlay.stop();
        let _ = threads.applier.join();
        if !self.abandoned.load(Ordering::Acquire) && !self.progress.failed() {
            self.flush_index();
            self.cut_zeros();
        }
        self.progress.stop();
        drop(threads.stop_keeper);
        let _ = threads.keeper.join();
        if let Some(reader) = threads.reader {
            let _ = reader.join();
        }
    }

    /// What is not in the index can be replayed, so an error here costs the next start some time.
    fn flush_index(&self) {
        let table = self.overlay.seal();
        let last = table.last();
        if last > self.progress.applied() && self.index.ingest(&table, last).is_ok() {
            self.progress.set_applied(last);
        }
    }

    /// Zeros behind the log do no harm, and the next start cuts them: an error here costs nothing.
    fn cut_zeros(&self) {
        if let Some(active) = self.segments.all().last()
            && active.file.size().is_ok_and(|bytes| bytes > active.end())
        {
            let _ = cut_zeros(active.file.as_ref(), active.end());
        }
    }

    /// Ends as if the process had been killed: what is only in memory is gone.
    #[cfg(feature = "faults")]
    pub fn crash(self) {
        self.abandoned.store(true, Ordering::Release);
    }
}

impl<A: Send + 'static> Drop for Store<A> {
    fn drop(&mut self) {
        self.close();
    }
}

/// Once a second: the watermark is synced, the disk's room is looked at.
fn keep(progress: &Progress, space: &FreeSpace, watermark: &Watermark, stop: &Receiver<()>) {
    loop {
        let stopped = stop.recv_timeout(Duration::from_secs(1)) != Err(RecvTimeoutError::Timeout);
        if let Err(error) = watermark.sync() {
            progress.fail(Fatal::log("sync", watermark.path(), error));
            return;
        }
        if stopped {
            return;
        }
        // A look that fails leaves things as they were; an append will tell if the disk is gone.
        let _ = space.look();
    }
}

/// Reads older segments through, at an easy pace.
fn read_through(progress: &Progress, segments: &Segments, older: &[Arc<Segment>]) {
    for pair in older.windows(2) {
        let mut read = 0;
        let easily = |bytes| {
            read += bytes;
            if read > 1024 * 1024 {
                read = 0;
                std::thread::sleep(Duration::from_millis(5));
            }
            !progress.stopped()
        };
        match verify_segment(&pair[0], segments.log, Some(&pair[1].head), easily) {
            Ok(_) => {}
            Err(NotVerified::Damaged(damage)) => return progress.fail(Fatal::Damaged(damage)),
            Err(NotVerified::Io(error)) => return progress.fail(Fatal::log("read", &pair[0].path, error)),
        }
        if progress.stopped() {
            return;
        }
    }
}

/// A thread that panics takes the store with it, loudly.
struct PanicGuard<A> {
    thread: &'static str,
    progress: Arc<Progress>,
    inbox: Arc<Inbox<A>>,
}

impl<A> Drop for PanicGuard<A> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.inbox.close(Refused::Failed);
            self.progress.fail(Fatal::Panicked { thread: self.thread });
            for waiting in self.inbox.drain() {
                waiting.reply.send(Err(Refused::Failed));
            }
        }
    }
}
