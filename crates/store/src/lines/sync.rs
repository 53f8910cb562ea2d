//! Decides when what was written is synced: about once a second, by one thread, and at the latest when it ends.
//!
//! Whoever wrote marks the file as dirty and hands it in once; the thread takes all that came in during a second. More
//! than [`JOBS_MAX`] waiting files are synced by whoever hands in the next, so that few files are ever held open. Who
//! cannot wait for the thread syncs a file itself ([`Written::sync`]).

use super::{Faults, at, disk, lock};
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(1);
const JOBS_MAX: usize = 64;

/// A file that is written, and whether it has bytes that were not synced.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) file: File,
    pub(super) path: PathBuf,
    dirty: AtomicBool,
    /// Whether its name in its directory is known to outlive a power cut.
    named: AtomicBool,
    /// Held while it is synced: the system tells of what it could not write once, to whoever syncs next.
    syncing: Mutex<()>,
    /// How many syncs failed.
    failures: AtomicU64,
}

impl Written {
    pub(super) fn new(file: File, path: PathBuf) -> Self {
        Self {
            file,
            path,
            dirty: AtomicBool::new(false),
            named: AtomicBool::new(false),
            syncing: Mutex::new(()),
            failures: AtomicU64::new(0),
        }
    }

    /// How many syncs of it failed so far; to be asked before something is written that is to be synced.
    pub(super) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Acquire)
    }

    /// Syncs the bytes.
    fn sync_bytes(&self) -> io::Result<()> {
        let _held = lock(&self.syncing);
        let synced = disk::sync(&self.file, &self.path);
        if synced.is_err() {
            self.failures.fetch_add(1, Ordering::AcqRel);
        }
        synced
    }

    /// Makes what was written since `failures` were counted outlive a power cut, before this returns.
    pub(super) fn sync(&self, failures: u64) -> io::Result<()> {
        self.sync_bytes()?;
        if self.failures() != failures {
            // Somebody else was told of it; it may have been these bytes.
            return Err(at(&self.path, &io::Error::other("it could not be synced")));
        }
        if !self.named.load(Ordering::Acquire) {
            let dir = self.path.parent().unwrap_or(&self.path);
            disk::sync_dir(dir).map_err(|error| at(dir, &error))?;
            self.named.store(true, Ordering::Release);
        }
        Ok(())
    }
}

/// Something to sync.
#[derive(Debug)]
enum Job {
    File(Arc<Written>),
    Dir(PathBuf),
}

#[derive(Debug, Default)]
struct Waiting {
    jobs: Vec<Job>,
    closing: bool,
}

#[derive(Debug)]
struct Shared {
    waiting: Mutex<Waiting>,
    wake: Condvar,
    faults: Arc<Faults>,
}

/// The thread that syncs; dropping it syncs what is left and ends the thread.
#[derive(Debug)]
pub(super) struct Syncer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Syncer {
    pub(super) fn start(faults: Arc<Faults>) -> io::Result<Self> {
        let shared = Arc::new(Shared { waiting: Mutex::default(), wake: Condvar::new(), faults });
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("lines-sync".to_owned()).spawn(move || theirs.run())?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Says that bytes were written to the file.
    pub(super) fn wrote(&self, file: &Arc<Written>) {
        if !file.dirty.swap(true, Ordering::AcqRel) {
            self.hand_in(Job::File(Arc::clone(file)));
        }
    }

    /// Says that a file was made in the directory.
    pub(super) fn made_in(&self, dir: PathBuf) {
        self.hand_in(Job::Dir(dir));
    }

    fn hand_in(&self, job: Job) {
        let surplus = {
            let mut waiting = lock(&self.shared.waiting);
            waiting.jobs.push(job);
            if waiting.jobs.len() > JOBS_MAX { std::mem::take(&mut waiting.jobs) } else { Vec::new() }
        };
        self.shared.wake.notify_one();
        self.shared.sync(surplus);
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        lock(&self.shared.waiting).closing = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to say; what it did not sync is in the system's hands.
            drop(thread.join());
        }
    }
}

impl Shared {
    fn run(&self) {
        loop {
            let idle = |waiting: &mut Waiting| waiting.jobs.is_empty() && !waiting.closing;
            let waiting = self.wake.wait_while(lock(&self.waiting), idle).unwrap_or_else(PoisonError::into_inner);
            // Something was written: let a second's worth come together, unless the end is near.
            let open = |waiting: &mut Waiting| !waiting.closing;
            let waited = self.wake.wait_timeout_while(waiting, EVERY, open);
            let (mut waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
            let (jobs, closing) = (std::mem::take(&mut waiting.jobs), waiting.closing);
            drop(waiting);
            self.sync(jobs);
            if closing {
                return;
            }
        }
    }

    fn sync(&self, jobs: Vec<Job>) {
        for job in jobs {
            let (path, synced) = match &job {
                Job::File(written) => {
                    // Before the sync: what is written from here on is handed in again.
                    written.dirty.store(false, Ordering::Release);
                    (&written.path, written.sync_bytes())
                }
                Job::Dir(dir) => (dir, disk::sync_dir(dir)),
            };
            match synced {
                Ok(()) => {}
                // A segment or a group that was let go meanwhile needs no sync.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    self.faults.add(path, format!("syncing failed, a power cut could take the newest lines: {error}"));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_somebody_else_could_not_sync_are_not_synced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lines");
        let written = Written::new(File::create(&path).unwrap(), path);
        let before = written.failures();
        disk::faults::fail_sync(0, 5);
        assert!(written.sync_bytes().is_err(), "the thread that syncs is told of it");
        assert!(written.sync(before).is_err(), "and so is whoever wrote before that");
        written.sync(written.failures()).unwrap();
    }
}
