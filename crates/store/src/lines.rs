//! Decides how printed lines are kept on disk, found again, and let go.
//!
//! Lines belong to a stream, streams to a group; both are only names here. Each group has a directory of segments, and
//! a segment is a sequence of checksummed batches. An append is one write, so that the lines are in the system's hands
//! when [`Lines::append`] returns and outlive the process; one background thread syncs what was written about once a
//! second, and closing syncs the rest. Lines are not orders: what a crash tore off is cut, what is damaged in the
//! middle is skipped and said, and neither keeps anything from opening.
//!
//! Start at [`Lines::open`], [`Lines::append`] and [`Lines::read`].
//!
//! Invariant: a line's [`Position`] never changes while the line is there, and positions grow in the order of appending.
//! Only after a power cut took lines that were not synced yet may others come to stand where those stood.

mod about;
mod batch;
mod disk;
mod group;
mod names;
mod read;
mod segment;
mod sync;

#[cfg(test)]
mod tests;

use group::{Appended, Group};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use sync::{Syncer, Written};

pub use batch::MESSAGE_BYTES_MAX;
pub use read::{Direction, Line, Page, Query, StoredLine};

/// How many segments are kept open for appending.
const OPEN_MAX: usize = 64;
/// How many streams a group may have that were made by name.
const MADE_STREAMS_MAX: usize = 1_000;
/// How many all groups together may have.
const ALL_MADE_STREAMS_MAX: usize = 100_000;
/// How many tags a group may have.
const TAGS_MAX: usize = 50;
/// What the directory of a group ends with that is being deleted; no group's own does.
const DELETED: &str = ".%~gone";
/// How many faults are remembered until somebody takes them.
const FAULTS_MAX: usize = 100;

/// A line's place in its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The segment's number.
    pub segment: u64,
    /// Where in the segment the batch begins.
    pub offset: u32,
    /// Which line of the batch, from 0.
    pub index: u32,
}

impl Position {
    /// Before every line.
    pub const FIRST: Self = Self { segment: 0, offset: 0, index: 0 };
    /// After every line.
    pub const LAST: Self = Self { segment: u64::MAX, offset: u32::MAX, index: u32::MAX };

    /// One number that sorts as positions do.
    pub const fn to_u128(self) -> u128 {
        (self.segment as u128) << 64 | (self.offset as u128) << 32 | self.index as u128
    }

    /// The position that this number was made from.
    pub const fn from_u128(number: u128) -> Self {
        Self { segment: (number >> 64) as u64, offset: (number >> 32) as u32, index: number as u32 }
    }
}

/// A group, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupInfo {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_ms: i64,
    /// For how many days its lines are kept; for ever if none.
    pub retention_days: Option<u32>,
    /// The bytes that its segments take up.
    pub stored_bytes: u64,
}

/// What a group took in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TakenIn {
    /// How many lines.
    pub lines: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A stream, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamInfo {
    /// Its name.
    pub name: String,
    /// When it was made, or the first of its lines that are still kept was taken in.
    pub created_ms: i64,
    /// The times of its lines, if it has any.
    pub lines: Option<StreamTimes>,
}

/// The times of a stream's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamTimes {
    /// The earliest.
    pub first_ms: i64,
    /// The latest.
    pub last_ms: i64,
    /// When the latest was taken in.
    pub last_ingested_ms: i64,
}

/// What became of a stream that was to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamMade {
    /// It is made.
    Made,
    /// It was there.
    There,
    /// The group has as many made streams as it may, or all groups together have.
    TooMany,
}

/// What [`Lines::drop_expired`] let go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// How many segments.
    pub segments: u64,
    /// How many bytes they took up.
    pub bytes: u64,
}

/// Something that was found damaged or could not be done in the background, and that lines may be missing for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which file.
    pub path: PathBuf,
    /// What is wrong, and what was done about it.
    pub problem: String,
}

/// Faults until somebody takes them; the first ones, since the later ones tend to follow from them.
#[derive(Debug, Default)]
struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    fn add(&self, path: &Path, problem: impl Into<String>) {
        let mut faults = lock(&self.0);
        if faults.len() < FAULTS_MAX {
            faults.push(Fault { path: path.to_owned(), problem: problem.into() });
        }
    }
}

/// All groups under one directory.
#[derive(Debug)]
pub struct Lines {
    dir: PathBuf,
    /// Nobody waits for the disk while this is locked for writing.
    groups: RwLock<BTreeMap<Box<str>, Arc<Group>>>,
    /// Held by whoever makes a group, so that it is made once.
    making: Mutex<()>,
    /// Groups whose segment is open for appending, the one opened first in front.
    open: Mutex<VecDeque<Arc<Group>>>,
    faults: Arc<Faults>,
    syncer: Syncer,
    taken_in: Mutex<BTreeMap<Box<str>, TakenIn>>,
    /// How many groups were deleted since this was opened.
    deleted: AtomicU64,
}

impl Lines {
    /// Opens the directory, making it if it is not there; torn ends are cut. What is damaged is a fault, not an error.
    ///
    /// # Errors
    /// When the directory cannot be made or listed.
    pub fn open(dir: impl Into<PathBuf>) -> io::Result<Self> {
        let dir = dir.into();
        disk::make_dir(&dir)?;
        let faults = Arc::new(Faults::default());
        let mut groups = BTreeMap::new();
        for entry in std::fs::read_dir(&dir).map_err(|error| at(&dir, &error))? {
            let path = entry.map_err(|error| at(&dir, &error))?.path();
            if !path.is_dir() {
                continue;
            }
            if path.as_os_str().to_string_lossy().ends_with(DELETED) {
                if let Err(error) = std::fs::remove_dir_all(&path) {
                    faults.add(
                        &path,
                        format!("this is what is left of a deleted group, and it cannot be removed: {error}"),
                    );
                }
                continue;
            }
            match Group::open(&path, &faults) {
                Ok(group) => {
                    groups.insert(group.name().into(), Arc::new(group));
                }
                Err(error) => faults.add(&path, format!("the group cannot be read and is left out: {error}")),
            }
        }
        let syncer = Syncer::start(Arc::clone(&faults))?;
        let (groups, taken_in, deleted) = (RwLock::new(groups), Mutex::default(), AtomicU64::new(0));
        let (making, open) = (Mutex::default(), Mutex::default());
        Ok(Self { dir, groups, making, open, faults, syncer, taken_in, deleted })
    }

    /// Appends lines, each with its time, to a stream; the group is made if it is not there. When this returns, the
    /// lines outlive the process, and about a second later they outlive the machine.
    ///
    /// # Errors
    /// When the lines could not be written: none of them is kept then, and the next append starts clean.
    pub fn append<M: AsRef<str>>(
        &self,
        group: &str,
        stream: &str,
        lines: &[(i64, M)],
        ingested_ms: i64,
    ) -> io::Result<()> {
        self.append_to(group, stream, lines, ingested_ms).map(drop)
    }

    /// Appends lines as [`Lines::append`] does; when this returns, they outlive the machine.
    ///
    /// # Errors
    /// As there; and if the disk did not say that it has them, they may be there or not.
    pub fn append_synced<M: AsRef<str>>(
        &self,
        group: &str,
        stream: &str,
        lines: &[(i64, M)],
        ingested_ms: i64,
    ) -> io::Result<()> {
        let written = self.append_to(group, stream, lines, ingested_ms)?;
        written.map_or(Ok(()), |(file, failures)| file.sync(failures))
    }

    /// Appends lines; what they were written to, if there were any, and how many syncs of that had failed before.
    fn append_to<M: AsRef<str>>(
        &self,
        group: &str,
        stream: &str,
        lines: &[(i64, M)],
        ingested_ms: i64,
    ) -> io::Result<Option<(Arc<Written>, u64)>> {
        if lines.is_empty() {
            return Ok(None);
        }
        let encoded = batch::encode(stream, lines, ingested_ms)?;
        let mut tries = 0;
        let (group, Appended { file, opened, failures }) = loop {
            let group = match self.find(group) {
                Ok(group) => group,
                Err(_) => self.make(group, None, BTreeMap::new(), ingested_ms)?.0,
            };
            match group.append(&encoded, stream, ingested_ms, &self.syncer, &self.faults) {
                Ok(appended) => break (group, appended),
                // It was deleted meanwhile: then it is made anew.
                Err(_) if group.is_removed() && tries < 3 => {
                    tries += 1;
                    self.forget(&group);
                }
                Err(error) => return Err(error),
            }
        };
        let bytes: usize = lines.iter().map(|(_, line)| line.as_ref().len()).sum();
        self.count(&group, lines.len() as u64, bytes as u64);
        if opened {
            self.limit_open(group);
        }
        Ok(Some((file, failures)))
    }

    fn count(&self, group: &Arc<Group>, lines: u64, bytes: u64) {
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        // Held meanwhile, so that nothing is counted any more of a group that was deleted.
        if !groups.get(group.name()).is_some_and(|known| Arc::ptr_eq(known, group)) {
            return;
        }
        let group = group.name();
        let mut taken_in = lock(&self.taken_in);
        // Looked for first, since a group's name is only copied for its first lines.
        match taken_in.get_mut(group) {
            Some(count) => *count = TakenIn { lines: count.lines + lines, bytes: count.bytes + bytes },
            None => drop(taken_in.insert(group.into(), TakenIn { lines, bytes })),
        }
    }

    /// What each group took in since it was opened or made here, sorted by name.
    pub fn taken_in(&self) -> Vec<(String, TakenIn)> {
        lock(&self.taken_in).iter().map(|(group, count)| (group.to_string(), *count)).collect()
    }

    /// Makes a group, unless it is there already; whether it was made.
    ///
    /// # Errors
    /// When it could not be written.
    pub fn create_group(&self, name: &str, retention_days: Option<u32>, now_ms: i64) -> io::Result<bool> {
        if self.find(name).is_ok() {
            return Ok(false);
        }
        self.make(name, retention_days, BTreeMap::new(), now_ms).map(|(_, made)| made)
    }

    /// Makes a group that somebody knows by these tags, unless it is there already; whether it was made.
    ///
    /// # Errors
    /// When it could not be written. It is never there without its tags.
    pub fn create_tagged(&self, name: &str, tags: BTreeMap<String, String>, now_ms: i64) -> io::Result<bool> {
        if self.find(name).is_ok() {
            return Ok(false);
        }
        self.make(name, None, tags, now_ms).map(|(_, made)| made)
    }

    /// Changes for how many days a group's lines are kept.
    ///
    /// # Errors
    /// When there is no such group, or it could not be written.
    pub fn set_retention(&self, group: &str, retention_days: Option<u32>) -> io::Result<()> {
        self.find(group)?.set_retention(retention_days)
    }

    /// What somebody knows a group by.
    ///
    /// # Errors
    /// When there is no such group.
    pub fn tags(&self, group: &str) -> io::Result<BTreeMap<String, String>> {
        Ok(self.find(group)?.tags())
    }

    /// Changes what somebody knows a group by, with nobody else's change in between. Whether it was changed: not if it
    /// would have more than 50 tags.
    ///
    /// # Errors
    /// When there is no such group, or it could not be written.
    pub fn change_tags(&self, group: &str, change: impl FnOnce(&mut BTreeMap<String, String>)) -> io::Result<bool> {
        self.find(group)?.change_tags(TAGS_MAX, change)
    }

    /// Makes a stream that has no lines yet.
    ///
    /// # Errors
    /// When there is no such group, or it could not be written.
    pub fn create_stream(&self, group: &str, stream: &str, now_ms: i64) -> io::Result<StreamMade> {
        self.create_stream_below(group, stream, now_ms, ALL_MADE_STREAMS_MAX)
    }

    /// Makes a stream if all groups together have less than `most` made ones; a few more come through when many are made
    /// at once.
    fn create_stream_below(&self, group: &str, stream: &str, now_ms: i64, most: usize) -> io::Result<StreamMade> {
        let (group, all) = {
            let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
            (groups.get(group).cloned().ok_or_else(|| missing(group))?, groups.values().map(|group| group.made()).sum())
        };
        let most: usize = if most > all { MADE_STREAMS_MAX } else { 0 };
        group.make_stream(stream, now_ms, most)
    }

    /// Whether a group has a stream.
    ///
    /// # Errors
    /// When there is no such group, or it could not be read.
    pub fn has_stream(&self, group: &str, stream: &str) -> io::Result<bool> {
        self.find(group)?.has_stream(stream)
    }

    /// Lets go of a stream and its lines; whether it was there. The room that they take up is given back with their
    /// segments.
    ///
    /// # Errors
    /// When there is no such group, or it could not be written.
    pub fn delete_stream(&self, group: &str, stream: &str) -> io::Result<bool> {
        self.find(group)?.delete_stream(stream, &self.syncer, &self.faults)
    }

    /// Deletes a group and all its lines. Who appends to it later makes it anew.
    ///
    /// # Errors
    /// When there is no such group, it could not be removed, or a power cut might still bring it back.
    pub fn delete_group(&self, name: &str) -> io::Result<()> {
        let group = self.find(name)?;
        let beside = loop {
            let mut beside = group.dir().as_os_str().to_owned();
            beside.push(format!(".{}{DELETED}", self.deleted.fetch_add(1, Ordering::Relaxed)));
            let beside = PathBuf::from(beside);
            // What could not be removed earlier may stand there.
            if std::fs::symlink_metadata(&beside).is_err() {
                break beside;
            }
        };
        group.put_aside(&beside)?;
        self.forget(&group);
        let synced = disk::sync_dir(&self.dir).map_err(|error| at(&self.dir, &error));
        if let Err(error) = std::fs::remove_dir_all(&beside) {
            self.faults.add(&beside, format!("a deleted group cannot be removed before the next start: {error}"));
        }
        synced
    }

    /// Lets nobody find a group any more that was put aside, unless another has its name by now.
    fn forget(&self, group: &Arc<Group>) {
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        if groups.get(group.name()).is_some_and(|known| Arc::ptr_eq(known, group)) {
            groups.remove(group.name());
            lock(&self.taken_in).remove(group.name());
        }
    }

    /// What is known of one group.
    ///
    /// # Errors
    /// When there is no such group.
    pub fn info(&self, group: &str) -> io::Result<GroupInfo> {
        Ok(self.find(group)?.info())
    }

    /// How many groups there are.
    pub fn group_count(&self) -> usize {
        self.groups.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// All groups, sorted by name.
    pub fn groups(&self) -> Vec<GroupInfo> {
        self.all().iter().map(|group| group.info()).collect()
    }

    /// The streams of a group, sorted by name.
    ///
    /// # Errors
    /// When there is no such group, or it could not be read.
    pub fn streams(&self, group: &str) -> io::Result<Vec<StreamInfo>> {
        self.find(group)?.streams()
    }

    /// The lines that the query asks for and that `keep` wants, with the position to go on from.
    ///
    /// # Errors
    /// When there is no such group, or it could not be read.
    pub fn read(&self, group: &str, query: &Query, keep: impl FnMut(&Line<'_>) -> bool) -> io::Result<Page> {
        let group = self.find(group)?;
        let gone = group.gone();
        let mut keep = keep;
        read::read(&group, query, |line| {
            gone.get(line.stream).is_none_or(|until| line.position.segment >= *until) && keep(line)
        })
    }

    /// Deletes the segments whose newest line is past its group's retention.
    ///
    /// # Errors
    /// When one could not be deleted; the others are.
    pub fn drop_expired(&self, now_ms: i64) -> io::Result<Dropped> {
        let mut dropped = Dropped::default();
        let mut first_error = None;
        for group in self.all() {
            if let Err(error) = group.drop_expired(now_ms, &mut dropped) {
                first_error.get_or_insert(error);
            }
        }
        first_error.map_or(Ok(dropped), Err)
    }

    /// What was found damaged or failed in the background since this was last asked.
    pub fn take_faults(&self) -> Vec<Fault> {
        std::mem::take(&mut lock(&self.faults.0))
    }

    fn find(&self, name: &str) -> io::Result<Arc<Group>> {
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        groups.get(name).cloned().ok_or_else(|| missing(name))
    }

    fn make(
        &self,
        name: &str,
        retention_days: Option<u32>,
        tags: BTreeMap<String, String>,
        now_ms: i64,
    ) -> io::Result<(Arc<Group>, bool)> {
        let _making = lock(&self.making);
        if let Ok(group) = self.find(name) {
            return Ok((group, false));
        }
        let group = Arc::new(Group::create(&self.dir, name, retention_days, tags, now_ms, &self.faults)?);
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        groups.insert(name.into(), Arc::clone(&group));
        Ok((group, true))
    }

    fn all(&self) -> Vec<Arc<Group>> {
        self.groups.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Closes the segment that was opened first, if too many are open. No two groups are locked at once.
    fn limit_open(&self, opened: Arc<Group>) {
        let surplus = {
            let mut open = lock(&self.open);
            if !open.iter().any(|group| Arc::ptr_eq(group, &opened)) {
                open.push_back(opened);
            }
            if open.len() > OPEN_MAX { open.pop_front() } else { None }
        };
        if let Some(group) = surplus {
            group.close_file();
        }
    }
}

/// Locks; a thread that panicked while it held the lock left nothing half done, since states change after the write.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn missing(group: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("there is no group {group:?}"))
}

/// An error that also says where; its kind stays.
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
