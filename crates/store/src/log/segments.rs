//! Decides which segment holds an entry, and where in it to begin looking.
//!
//! Writer and readers share [`Segments`]. A segment's `end` is what readers may look at; it moves
//! only when bytes are durable. Marks (number of an entry, offset) stand at most one per 64 KiB;
//! those of sealed segments are built when first asked for and kept for the newest asked few.

use super::layout::{LogId, SEGMENT_HEAD, SegmentHead};
use super::scan::{NoGroup, Scan};
use crate::disk::LogFile;
use crate::progress::lock;
use crate::{Damage, ReadError, Seq};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// At most one mark per this many bytes.
pub(crate) const MARK_BYTES: u64 = 64 * 1024;
/// Marks of this many sealed segments are kept in memory.
const MARKED_SEGMENTS_MAX: usize = 16;

/// The entry numbered `seq` begins a group at `offset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) seq: Seq,
    pub(crate) offset: u64,
}

pub(crate) struct Segment {
    pub(crate) head: SegmentHead,
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<dyn LogFile>,
    end: AtomicU64,
    marks: Mutex<Option<Vec<Mark>>>,
}

impl Segment {
    pub(crate) fn new(head: SegmentHead, path: PathBuf, file: Arc<dyn LogFile>, end: u64) -> Self {
        Self { head, path, file, end: AtomicU64::new(end), marks: Mutex::new(None) }
    }

    /// The bytes that are durable, and that readers may look at.
    pub(crate) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    pub(crate) fn set_end(&self, end: u64) {
        self.end.store(end, Ordering::Release);
    }

    pub(crate) fn set_marks(&self, marks: Vec<Mark>) {
        *lock(&self.marks) = Some(marks);
    }

    pub(crate) fn push_mark(&self, mark: Mark) {
        lock(&self.marks).get_or_insert_default().push(mark);
    }

    pub(crate) fn damage(&self, offset: u64, what: impl Into<String>) -> Damage {
        Damage { file: self.path.clone(), offset, what: what.into() }
    }

    pub(crate) fn read_error(&self, source: std::io::Error) -> ReadError {
        ReadError::Io { path: self.path.clone(), source: Arc::new(source) }
    }

    /// A walk from the first group to the end.
    pub(crate) fn scan(&self, log: LogId) -> Scan<'_> {
        Scan::new(
            self.file.as_ref(),
            log,
            self.end(),
            SEGMENT_HEAD as u64,
            self.head.first,
            Some(self.head.previous_sum),
        )
    }

    fn mark_before(&self, seq: Seq) -> Option<Mark> {
        let marks = lock(&self.marks);
        let marks = marks.as_ref()?;
        let behind = marks.partition_point(|mark| mark.seq <= seq);
        Some(behind.checked_sub(1).map_or(self.first_mark(), |at| marks[at]))
    }

    fn first_mark(&self) -> Mark {
        Mark { seq: self.head.first, offset: SEGMENT_HEAD as u64 }
    }

    fn build_marks(&self, log: LogId) -> Result<Vec<Mark>, ReadError> {
        let mut marks = vec![self.first_mark()];
        let mut scan = self.scan(log);
        loop {
            let offset = scan.offset();
            match scan.next() {
                Ok(Some(group)) => add_mark(&mut marks, Mark { seq: group.head.first, offset }),
                Ok(None) => return Ok(marks),
                Err(NoGroup::Bad(what)) => return Err(ReadError::Damaged(self.damage(offset, what))),
                Err(NoGroup::Io(source)) => return Err(self.read_error(source)),
            }
        }
    }
}

/// Adds a mark if the last one is far enough away.
pub(crate) fn add_mark(marks: &mut Vec<Mark>, mark: Mark) {
    if marks.last().is_none_or(|last| mark.offset >= last.offset + MARK_BYTES) {
        marks.push(mark);
    }
}

pub(crate) struct Segments {
    pub(crate) log: LogId,
    pub(crate) directory: PathBuf,
    list: RwLock<Vec<Arc<Segment>>>,
    marked: Mutex<VecDeque<Seq>>,
}

impl Segments {
    pub(crate) fn new(log: LogId, directory: PathBuf, list: Vec<Arc<Segment>>) -> Self {
        Self { log, directory, list: RwLock::new(list), marked: Mutex::new(VecDeque::new()) }
    }

    pub(crate) fn all(&self) -> Vec<Arc<Segment>> {
        self.list.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn push(&self, segment: Arc<Segment>) {
        self.list.write().unwrap_or_else(PoisonError::into_inner).push(segment);
    }

    /// Takes the oldest segments off the list, those that begin before `lowest`.
    pub(crate) fn drop_before(&self, lowest: Seq) -> Vec<Arc<Segment>> {
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        let keep = list.partition_point(|segment| segment.head.first < lowest);
        list.drain(..keep).collect()
    }

    /// The oldest entry that the log reaches back to.
    pub(crate) fn lowest(&self) -> Seq {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        list.first().map_or(Seq::FIRST, |segment| segment.head.first)
    }

    /// The segment that holds `seq`, or will.
    pub(crate) fn find(&self, seq: Seq) -> Result<Arc<Segment>, ReadError> {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        let behind = list.partition_point(|segment| segment.head.first <= seq);
        match behind.checked_sub(1) {
            Some(at) => Ok(list[at].clone()),
            None => Err(ReadError::Trimmed { lowest: list.first().map_or(Seq::FIRST, |segment| segment.head.first) }),
        }
    }

    /// Where in `segment` to begin looking for `seq`.
    pub(crate) fn mark(&self, segment: &Segment, seq: Seq) -> Result<Mark, ReadError> {
        if seq == segment.head.first {
            return Ok(segment.first_mark());
        }
        if let Some(mark) = segment.mark_before(seq) {
            return Ok(mark);
        }
        let marks = segment.build_marks(self.log)?;
        segment.set_marks(marks);
        self.remember_marked(segment.head.first);
        Ok(segment.mark_before(seq).unwrap_or_else(|| segment.first_mark()))
    }

    /// Counts a segment among those whose marks are in memory, and forgets those of the oldest.
    pub(crate) fn remember_marked(&self, first: Seq) {
        let mut marked = lock(&self.marked);
        marked.push_back(first);
        if marked.len() > MARKED_SEGMENTS_MAX
            && let Some(oldest) = marked.pop_front()
        {
            let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(segment) = list.iter().find(|segment| segment.head.first == oldest) {
                *lock(&segment.marks) = None;
            }
        }
    }
}
