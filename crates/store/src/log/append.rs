//! Decides how a group gets onto the end of the log, and what happens when the disk refuses it.
//!
//! Start at [`Appender::append`]. When it returns `Ok`, the group is durable and readers may see
//! it. When the disk is full, the file is cut back to where the group began and nothing has
//! happened. Any other refusal is the end: what the disk holds is then not known.

use super::layout::{GroupHead, LogId, SEGMENT_HEAD, SegmentHead, segment_name};
use super::segments::{MARK_BYTES, Mark, Segment, Segments};
use crate::disk::{Disk, LogFile, OpenHow, is_out_of_space, write_all_at};
use crate::{Fatal, Seq};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    pub(crate) next: Seq,
    pub(crate) previous_sum: u32,
    pub(crate) segment_bytes: u64,
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
        let file = self.active.file.as_ref();
        if let Err(error) = write_all_at(file, group, self.end) {
            return Err(self.cut_back(error));
        }
        if let Err(error) = file.sync_data() {
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

    fn cut_back(&self, error: io::Error) -> NotAppended {
        if !is_out_of_space(&error) {
            return NotAppended::Fatal(Fatal::log("append to", &self.active.path, error));
        }
        let file = self.active.file.as_ref();
        match file.set_len(self.end).and_then(|()| file.sync_data()) {
            Ok(()) => NotAppended::NoSpace,
            Err(error) => NotAppended::Fatal(Fatal::log("cut", &self.active.path, error)),
        }
    }

    /// Seals the active segment and begins the next.
    fn roll(&mut self, created_ms: u64) -> Result<(), NotAppended> {
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
        self.marked_at = 0;
        Ok(())
    }
}

/// Creates a segment with its head, durable, name included.
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
