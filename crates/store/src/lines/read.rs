//! Decides which lines a query gets, in which order, and from where the next one goes on.
//!
//! Lines come in the order of appending. One batch and its window are in memory at a time, beside the lines that are
//! given back; whole segments are passed over by their times. A query ends early, with a position to go on from, when
//! it has enough lines, enough bytes, or has looked at enough of the disk.

use super::batch::{self, Batch, HEAD, Scan};
use super::group::Group;
use super::segment::Segment;
use super::{Position, disk};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// Which way a query goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From [`Query::from`], that line included, to newer lines.
    Forward,
    /// From [`Query::from`], that line excluded, to older lines.
    Backward,
}

/// Which lines are asked for.
#[derive(Debug, Clone)]
pub struct Query {
    /// Lines of these times, the end excluded.
    pub times_ms: Range<i64>,
    /// Where to begin.
    pub from: Position,
    /// Which way to go.
    pub direction: Direction,
    /// The most lines to give back.
    pub limit: usize,
    /// With this many bytes of text the page is full; its last line may go beyond.
    pub bytes_max: usize,
    /// After this many bytes of segments the query gives back what it has.
    pub scan_max: u64,
}

impl Query {
    /// All lines, oldest first: a page of at most 10,000 lines or 1 MiB, found in at most 64 MiB.
    pub const fn forward() -> Self {
        Self {
            times_ms: i64::MIN..i64::MAX,
            from: Position::FIRST,
            direction: Direction::Forward,
            limit: 10_000,
            bytes_max: 1024 * 1024,
            scan_max: 64 * 1024 * 1024,
        }
    }

    /// All lines, newest first, with the same bounds.
    pub const fn backward() -> Self {
        Self { from: Position::LAST, direction: Direction::Backward, ..Self::forward() }
    }
}

/// A line as it is read; for deciding whether it is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its place in the group.
    pub position: Position,
    /// Its stream.
    pub stream: &'a str,
    /// Its time.
    pub timestamp_ms: i64,
    /// When it was taken in.
    pub ingested_ms: i64,
    /// Its text.
    pub message: &'a str,
}

/// A line that is given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLine {
    /// Its place in the group.
    pub position: Position,
    /// Its stream.
    pub stream: Arc<str>,
    /// Its time.
    pub timestamp_ms: i64,
    /// When it was taken in.
    pub ingested_ms: i64,
    /// Its text.
    pub message: Box<str>,
}

/// What a query got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The lines, in the order of their positions, whichever way the query went.
    pub lines: Vec<StoredLine>,
    /// [`Query::from`] for the query that goes on in the same direction. At the end it does not change until there is
    /// more, and what is appended later is found from it.
    pub next: Position,
    /// Whether the query ended early, so that there may be more at once.
    pub more: bool,
    /// Bytes that were damaged and passed over.
    pub skipped_bytes: u64,
}

/// Why a query goes no further.
struct Full;

/// A query under way.
struct Reading<'q, K> {
    query: &'q Query,
    keep: K,
    page: Page,
    bytes: usize,
    scanned: u64,
    /// The stream of the line before, so that a name is kept once for a run of lines.
    stream: Arc<str>,
}

pub(super) fn read(group: &Group, query: &Query, keep: impl FnMut(&Line<'_>) -> bool) -> io::Result<Page> {
    let page = Page { lines: Vec::new(), next: query.from, more: false, skipped_bytes: 0 };
    let mut reading = Reading { query, keep, page, bytes: 0, scanned: 0, stream: "".into() };
    let segments = group.segments();
    let ended = match query.direction {
        Direction::Forward => reading.forward(group, &segments)?,
        Direction::Backward => reading.backward(group, &segments)?,
    };
    reading.page.more = ended.is_err();
    if query.direction == Direction::Backward {
        reading.page.lines.reverse();
    }
    Ok(reading.page)
}

impl<K: FnMut(&Line<'_>) -> bool> Reading<'_, K> {
    fn forward(&mut self, group: &Group, segments: &[Segment]) -> io::Result<Result<(), Full>> {
        let from = self.query.from;
        for segment in segments.iter().filter(|segment| segment.number >= from.segment) {
            let begin = if segment.number == from.segment { u64::from(from.offset) } else { 0 };
            if self.overlaps(segment.times.oldest_ms, segment.times.newest_ms)
                && begin < segment.length
                && let Some(file) = open(group, segment)?
            {
                let mut scan = Scan::new(&file, begin, segment.length);
                while let Some((offset, body)) = scan.next()? {
                    let Some(batch) = batch::decode(body) else { continue };
                    let place = place(segment, offset, 0);
                    if self.is_full() {
                        self.page.next = place.max(from);
                        return Ok(Err(Full));
                    }
                    self.scanned += body.len() as u64;
                    let first =
                        if place.segment == from.segment && place.offset == from.offset { from.index } else { 0 };
                    if self.take_forward(&batch, place, first).is_err() {
                        return Ok(Err(Full));
                    }
                }
                self.page.skipped_bytes += scan.skipped;
            }
            self.page.next = self.page.next.max(place(segment, segment.length, 0));
        }
        Ok(Ok(()))
    }

    fn take_forward(&mut self, batch: &Batch<'_>, place: Position, first: u32) -> Result<(), Full> {
        if !self.overlaps(batch.oldest_ms, batch.newest_ms) {
            return Ok(());
        }
        for (index, (time, message)) in (0u32..).zip(&batch.lines).skip(first as usize) {
            let position = Position { index, ..place };
            if self.has_enough() {
                self.page.next = position;
                return Err(Full);
            }
            self.consider(batch, position, *time, message);
        }
        Ok(())
    }

    fn backward(&mut self, group: &Group, segments: &[Segment]) -> io::Result<Result<(), Full>> {
        let from = self.query.from;
        for segment in segments.iter().rev().filter(|segment| segment.number <= from.segment) {
            if self.overlaps(segment.times.oldest_ms, segment.times.newest_ms)
                && let Some(file) = open(group, segment)?
            {
                // Batches are found from the front; their places are kept, and then they are read from behind.
                let mut offsets = Vec::new();
                let mut scan = Scan::new(&file, 0, segment.length);
                while let Some((offset, _)) = scan.next()? {
                    if place(segment, offset, 0) >= from {
                        break;
                    }
                    offsets.push(offset);
                }
                self.page.skipped_bytes += scan.skipped;
                for offset in offsets.into_iter().rev() {
                    let mut scan = Scan::new(&file, offset, segment.length);
                    let Some((_, body)) = scan.next()? else { continue };
                    let Some(batch) = batch::decode(body) else { continue };
                    if self.is_full() {
                        return Ok(Err(Full));
                    }
                    self.scanned += body.len() as u64;
                    if self.take_backward(&batch, place(segment, offset, 0)).is_err() {
                        return Ok(Err(Full));
                    }
                }
            }
            self.page.next = self.page.next.min(place(segment, 0, 0));
        }
        Ok(Ok(()))
    }

    fn take_backward(&mut self, batch: &Batch<'_>, place: Position) -> Result<(), Full> {
        if !self.overlaps(batch.oldest_ms, batch.newest_ms) {
            self.page.next = place;
            return Ok(());
        }
        for (index, (time, message)) in batch.lines.iter().enumerate().rev() {
            let index = u32::try_from(index).expect("a batch's count has 32 bits");
            let position = Position { index, ..place };
            if position >= self.query.from {
                continue;
            }
            if self.has_enough() {
                return Err(Full);
            }
            self.consider(batch, position, *time, message);
            self.page.next = position;
        }
        Ok(())
    }

    fn overlaps(&self, oldest_ms: i64, newest_ms: i64) -> bool {
        oldest_ms < self.query.times_ms.end && self.query.times_ms.start <= newest_ms
    }

    fn has_enough(&self) -> bool {
        self.page.lines.len() >= self.query.limit || self.bytes >= self.query.bytes_max.max(1)
    }

    /// Asked between batches, so that every query looks at one at least.
    fn is_full(&self) -> bool {
        self.has_enough() || self.scanned >= self.query.scan_max.max(1)
    }

    fn consider(&mut self, batch: &Batch<'_>, position: Position, timestamp_ms: i64, message: &str) {
        let Batch { stream, ingested_ms, .. } = *batch;
        let line = Line { position, stream, timestamp_ms, ingested_ms, message };
        if !self.query.times_ms.contains(&timestamp_ms) || !(self.keep)(&line) {
            return;
        }
        if *self.stream != *stream {
            self.stream = stream.into();
        }
        let stream = Arc::clone(&self.stream);
        self.bytes += message.len();
        self.page.lines.push(StoredLine { position, stream, timestamp_ms, ingested_ms, message: message.into() });
    }
}

/// Opens a segment; `None` if it was let go since the list was made.
fn open(group: &Group, segment: &Segment) -> io::Result<Option<File>> {
    match disk::open_to_read(&segment.path(group.dir())) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn place(segment: &Segment, offset: u64, index: u32) -> Position {
    debug_assert!(offset == 0 || offset >= HEAD.len() as u64);
    let offset = u32::try_from(offset).expect("segments end far below 4 GiB");
    Position { segment: segment.number, offset, index }
}
