//! Decides how entries are read back from the log: in order, from anywhere, never beyond what is
//! durable, and never unverified.

use super::scan::{NoGroup, Scan, Window};
use super::segments::{Segment, Segments};
use crate::entry::Entry;
use crate::progress::Progress;
use crate::{ReadError, Seq};
use bytes::Bytes;
use std::sync::Arc;

/// One entry as it was committed.
#[derive(Debug, Clone)]
pub struct LogEntry {
    /// Its number.
    pub seq: Seq,
    /// When its group was written, in milliseconds since 1970.
    pub time_ms: u64,
    entry: Entry,
}

impl LogEntry {
    /// What the caller called it.
    #[must_use]
    pub fn kind(&self) -> u8 {
        self.entry.kind()
    }

    /// What the caller wrote.
    #[must_use]
    pub fn record(&self) -> &[u8] {
        self.entry.record()
    }

    /// The same, to keep: it shares the bytes of its group.
    #[must_use]
    pub fn record_bytes(&self) -> Bytes {
        self.entry.record_bytes()
    }

    pub(crate) fn entry(&self) -> &Entry {
        &self.entry
    }
}

/// Reads the log from one entry on. It holds no lock, and can be kept and asked again later.
pub struct LogReader {
    segments: Arc<Segments>,
    progress: Arc<Progress>,
    next: Seq,
    place: Option<Place>,
    group: Bytes,
    time_ms: u64,
}

/// Where the next group begins.
struct Place {
    segment: Arc<Segment>,
    at: u64,
    seq: Seq,
    window: Window,
}

impl LogReader {
    pub(crate) fn new(segments: Arc<Segments>, progress: Arc<Progress>, from: Seq) -> Result<Self, ReadError> {
        let next = from.max(Seq::FIRST);
        let lowest = segments.lowest();
        if next < lowest {
            return Err(ReadError::Trimmed { lowest });
        }
        Ok(Self { segments, progress, next, place: None, group: Bytes::new(), time_ms: 0 })
    }

    /// The number of the entry that [`LogReader::next`] returns next.
    #[must_use]
    pub fn position(&self) -> Seq {
        self.next
    }

    /// The next entry, or `None` if it is not durable yet: ask again later.
    ///
    /// # Errors
    /// When the log was trimmed past this place, is damaged, or cannot be read.
    #[expect(clippy::should_implement_trait, reason = "an iterator that ended must not be asked again, this one may")]
    pub fn next(&mut self) -> Result<Option<LogEntry>, ReadError> {
        while self.group.is_empty() {
            if self.next > self.progress.durable() {
                return Ok(None);
            }
            self.load_group()?;
        }
        let entry = Entry::split_off(&mut self.group).expect("the scan has parsed the group's entries");
        let seq = self.next;
        self.next = seq.next();
        Ok(Some(LogEntry { seq, time_ms: self.time_ms, entry }))
    }

    /// Loads the group that has the next entry, from that entry on.
    fn load_group(&mut self) -> Result<(), ReadError> {
        let mut place = match self.place.take() {
            Some(place) if place.at < place.segment.end() => place,
            Some(_) | None => self.find()?,
        };
        loop {
            let segment = place.segment.clone();
            let mut scan = Scan::with_window(
                segment.file.as_ref(),
                self.segments.log,
                segment.end(),
                place.at,
                place.seq,
                None,
                place.window,
            );
            let loaded = match scan.next() {
                Ok(Some(group)) if group.head.last() < self.next => None,
                Ok(Some(group)) => {
                    self.time_ms = group.head.time_ms;
                    Some((group.head.first, Bytes::copy_from_slice(group.payload)))
                }
                Ok(None) => {
                    return Err(ReadError::Damaged(
                        segment.damage(place.at, format!("entry {} is missing", self.next)),
                    ));
                }
                Err(NoGroup::Bad(what)) => return Err(ReadError::Damaged(segment.damage(place.at, what))),
                Err(NoGroup::Io(source)) => return Err(segment.read_error(source)),
            };
            place =
                Place { segment: segment.clone(), at: scan.offset(), seq: scan.next_seq(), window: scan.into_window() };
            if let Some((first, payload)) = loaded {
                self.group = payload;
                for _ in first.0..self.next.0 {
                    let _ = Entry::split_off(&mut self.group);
                }
                self.place = Some(place);
                return Ok(());
            }
        }
    }

    fn find(&self) -> Result<Place, ReadError> {
        let segment = self.segments.find(self.next)?;
        let mark = self.segments.mark(&segment, self.next)?;
        Ok(Place { segment, at: mark.offset, seq: mark.seq, window: Window::default() })
    }
}
