//! Decides what of the log may go, and in which order it goes.
//!
//! Only whole sealed segments go, and only when the index has everything in them in files of its
//! own, synced. The entry that the log reaches back to is durable before the first file is removed.

use crate::disk::{Disk, read_small, replace_small};
use crate::log::layout::{LogId, u32_at, u64_at};
use crate::log::segments::Segments;
use crate::overlay::Overlay;
use crate::progress::Progress;
use crate::{Damage, OpenError, Seq, TrimError};
use std::io;
use std::path::Path;
use std::sync::Arc;

const NAME: &str = "LOWEST";
const MAGIC: [u8; 8] = *b"of-low-1";

/// What may go from the log: whole segments of which every entry is older.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// Entries before this one.
    Seq(Seq),
    /// Entries that are both before this one and written before this, in milliseconds since 1970.
    Old {
        /// This entry and those after it stay, however old.
        seq: Seq,
        /// What was written later stays.
        time_ms: u64,
    },
    /// The oldest entries before this one, and no more than make the log this small.
    Large {
        /// This entry and those after it stay, however large the log is.
        seq: Seq,
        /// How large the log may be.
        bytes_max: u64,
    },
}

/// The entry that the log should reach back to.
pub(crate) fn read_lowest(disk: &dyn Disk, directory: &Path, log: LogId) -> Result<Seq, OpenError> {
    let path = directory.join(NAME);
    match read_small(disk, &path).map_err(OpenError::io("read", &path))? {
        None => Ok(Seq::FIRST),
        Some(bytes)
            if bytes.len() == 20 && bytes[..8] == MAGIC && log.checksum(&[&bytes[..16]]) == u32_at(&bytes, 16) =>
        {
            Ok(Seq(u64_at(&bytes, 8)))
        }
        Some(_) => Err(OpenError::Damaged {
            damage: Damage { file: path, offset: 0, what: "its checksum does not hold".to_owned() },
            advice: "restore a backup, or put the undamaged file back",
        }),
    }
}

fn write_lowest(disk: &dyn Disk, directory: &Path, log: LogId, lowest: Seq) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(20);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&lowest.0.to_le_bytes());
    bytes.extend_from_slice(&log.checksum(&[&bytes]).to_le_bytes());
    replace_small(disk, directory, NAME, &bytes)
}

/// The place where a trim happens.
pub(crate) struct Trim<'a> {
    pub(crate) disk: &'a dyn Disk,
    /// The data directory.
    pub(crate) directory: &'a Path,
    pub(crate) segments: &'a Segments,
    pub(crate) overlay: &'a Overlay,
    pub(crate) progress: &'a Progress,
}

impl Trim<'_> {
    /// Removes what may go; returns the entry that the log now reaches back to.
    pub(crate) fn run(&self, before: Before) -> Result<Seq, TrimError> {
        let lowest = self.lowest_after(before);
        if lowest <= self.segments.lowest() {
            return Ok(self.segments.lowest());
        }
        if self.progress.applied() < lowest.before() {
            self.overlay.ask_to_flush();
            if !self.progress.wait_applied(lowest.before()) {
                return Err(TrimError::Stopped);
            }
        }
        if self.progress.failed() {
            return Err(TrimError::Stopped);
        }
        write_lowest(self.disk, self.directory, self.segments.log, lowest)
            .map_err(refused("write", &self.directory.join(NAME)))?;
        for segment in self.segments.drop_before(lowest) {
            self.disk.unlink(&segment.path).map_err(refused("remove", &segment.path))?;
        }
        self.disk.sync_directory(&self.segments.directory).map_err(refused("sync", &self.segments.directory))?;
        Ok(lowest)
    }

    /// Where the log would begin: at a segment that is kept.
    fn lowest_after(&self, before: Before) -> Seq {
        let segments = self.segments.all();
        // A segment ends where the next begins; what is in it was written before that was created.
        let mut bytes: u64 = segments.iter().map(|segment| segment.end()).sum();
        let gone = segments.windows(2).take_while(|pair| {
            let goes = match before {
                Before::Seq(seq) => pair[1].head.first <= seq,
                Before::Old { seq, time_ms } => pair[1].head.first <= seq && pair[1].head.created_ms < time_ms,
                Before::Large { seq, bytes_max } => pair[1].head.first <= seq && bytes > bytes_max,
            };
            bytes -= pair[0].end();
            goes
        });
        gone.last().map_or(Seq::FIRST, |pair| pair[1].head.first)
    }
}

fn refused(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> TrimError {
    let path = path.to_owned();
    move |source| TrimError::Io { what, path, source: Arc::new(source) }
}
