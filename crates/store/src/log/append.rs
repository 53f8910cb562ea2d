//! Decides how a group gets onto the end of the log, and what happens when the disk refuses it.
//!
//! Start at [`Appender::append`]. When it returns `Ok`, the group is durable and readers may see
//! it. When the disk is full, the file is cut back to where the group began and nothing has
//! happened. Any other refusal is the end: what the disk holds is then not known.
//!
//! The active segment is kept a little longer than the log: what follows its last group is zeros,
//! written ahead. A group that lies within them changes no length and takes no new blocks, so its
//! sync writes the group and nothing else; one that does not brings the next piece of zeros along.
//! Zeros go when the segment is sealed, and that is durable before the next one exists: a sealed
//! segment ends where its last group does.

use super::layout::{GroupHead, LogId, SEGMENT_HEAD, SegmentHead, segment_name};
use super::segments::{MARK_BYTES, Mark, Segment, Segments};
use crate::disk::{Disk, LogFile, OpenHow, is_out_of_space, write_all_at};
use crate::{Fatal, Seq};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Zeros end where a file system's block does.
const BLOCK: u64 = 4096;

/// Why a group is not in the log.
#[derive(Debug)]
pub(crate) enum NotAppended {
    /// The disk is full; the log is as it was.
    NoSpace,
    Fatal(Fatal),
}

/// The end of the log.
pub(crate) struct Appender {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) segments: Arc<Segments>,
    pub(crate) active: Arc<Segment>,
    pub(crate) end: u64,
    /// The file is no longer than this; what it has behind `end` is zeros.
    pub(crate) zeros_end: u64,
    pub(crate) next: Seq,
    pub(crate) previous_sum: u32,
    pub(crate) segment_bytes: u64,
    /// How many zeros are written ahead, when the last ones are used up.
    pub(crate) ahead_bytes: u64,
    pub(crate) marked_at: u64,
}

impl Appender {
    /// The number that the next entry gets.
    pub(crate) fn next_seq(&self) -> Seq {
        self.next
    }

    /// Appends a group, whose bytes begin with room for its head, and makes it durable.
    pub(crate) fn append(&mut self, group: &mut [u8], mut head: GroupHead) -> Result<(), NotAppended> {
        let bytes = group.len() as u64;
        if self.end + bytes > self.segment_bytes && self.end > SEGMENT_HEAD as u64 {
            self.roll(head.time_ms)?;
        }
        head.first = self.next;
        head.previous_sum = self.previous_sum;
        let head = head.seal(self.segments.log, group);
        if let Err(error) = write_all_at(self.active.file.as_ref(), group, self.end) {
            return Err(self.cut_back(error));
        }
        self.write_ahead(self.end + bytes)?;
        if let Err(error) = self.active.file.sync_data() {
            return Err(NotAppended::Fatal(Fatal::log("sync", &self.active.path, error)));
        }
        if self.end >= self.marked_at + MARK_BYTES {
            self.active.push_mark(Mark { seq: head.first, offset: self.end });
            self.marked_at = self.end;
        }
        self.end += bytes;
        self.next = head.last().next();
        self.previous_sum = head.sum;
        self.active.set_end(self.end);
        Ok(())
    }

    /// Writes the next zeros if a group that ends at `end` has used up the last ones.
    fn write_ahead(&mut self, end: u64) -> Result<(), NotAppended> {
        if end <= self.zeros_end {
            return Ok(());
        }
        let ahead = (end + self.ahead_bytes).next_multiple_of(BLOCK).min(self.segment_bytes.max(end));
        // Counted as written even if the disk has no room for them: then the file just grows until
        // there, and the group, which is written already, keeps the room that it has.
        self.zeros_end = if self.ahead_bytes == 0 { end } else { ahead };
        let zeros = vec![0; usize::try_from(self.zeros_end - end).expect("a piece fits into memory")];
        match write_all_at(self.active.file.as_ref(), &zeros, end) {
            Err(error) if !is_out_of_space(&error) => {
                Err(NotAppended::Fatal(Fatal::log("append to", &self.active.path, error)))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn cut_back(&mut self, error: io::Error) -> NotAppended {
        if !is_out_of_space(&error) {
            return NotAppended::Fatal(Fatal::log("append to", &self.active.path, error));
        }
        match cut_zeros(self.active.file.as_ref(), self.end) {
            Ok(()) => {
                self.zeros_end = self.end;
                NotAppended::NoSpace
            }
            Err(error) => NotAppended::Fatal(Fatal::log("cut", &self.active.path, error)),
        }
    }

    /// Seals the active segment and begins the next.
    fn roll(&mut self, created_ms: u64) -> Result<(), NotAppended> {
        if self.zeros_end > self.end {
            // The next head says how long this file is, so this must be on the disk before it.
            // After a sync that failed, cutting again would change nothing and so sync nothing.
            cut_zeros(self.active.file.as_ref(), self.end)
                .map_err(|error| NotAppended::Fatal(Fatal::log("cut", &self.active.path, error)))?;
            self.zeros_end = self.end;
        }
        let head =
            SegmentHead { first: self.next, created_ms, previous_bytes: self.end, previous_sum: self.previous_sum };
        let directory = self.segments.directory.clone();
        let (path, file) =
            create_segment(self.disk.as_ref(), &directory, self.segments.log, &head).map_err(|(path, error)| {
                if !is_out_of_space(&error) {
                    return NotAppended::Fatal(Fatal::log("create", path, error));
                }
                let removed = match self.disk.unlink(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                    Ok(()) | Err(_) => self.disk.sync_directory(&directory),
                };
                match removed {
                    Ok(()) => NotAppended::NoSpace,
                    Err(error) => NotAppended::Fatal(Fatal::log("remove", path, error)),
                }
            })?;
        let segment = Arc::new(Segment::new(head, path, file, SEGMENT_HEAD as u64));
        segment.set_marks(Vec::new());
        self.segments.push(segment.clone());
        self.segments.remember_marked(self.active.head.first);
        self.active = segment;
        self.end = SEGMENT_HEAD as u64;
        self.zeros_end = self.end;
        self.marked_at = 0;
        Ok(())
    }
}

/// Cuts a segment to where its last group ends, durably.
pub(crate) fn cut_zeros(file: &dyn LogFile, end: u64) -> io::Result<()> {
    file.set_len(end)?;
    // A length is part of what must be there to read a file, so this syncs it too.
    file.sync_data()
}

/// Creates a segment with its head, durable, name included. It gets no zeros yet: a file longer than
/// a head is one whose head was durable.
pub(crate) fn create_segment(
    disk: &dyn Disk,
    directory: &Path,
    log: LogId,
    head: &SegmentHead,
) -> Result<(PathBuf, Arc<dyn LogFile>), (PathBuf, io::Error)> {
    let path = directory.join(segment_name(head.first));
    let create = || {
        let file = disk.open(&path, OpenHow::New)?;
        write_all_at(file.as_ref(), &head.encode(log), 0)?;
        file.sync_data()?;
        disk.sync_directory(directory)?;
        Ok(file)
    };
    match create() {
        Ok(file) => Ok((path, file)),
        Err(error) => Err((path, error)),
    }
}
