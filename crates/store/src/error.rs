//! Decides what can go wrong and what there is to do about it: one enum per question.
//!
//! [`Refused`]: why a commit was not accepted. [`OpenError`]: why a directory is not opened.
//! [`ReadError`]: why a read has no answer. [`Fatal`]: why the store has stopped for good.

use crate::Seq;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a commit was not accepted. Nothing of it has happened, except perhaps for [`Refused::Failed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Something that was checked has changed since it was read: read again and decide again.
    #[error("what was read has changed since; read again")]
    Conflict,
    /// More is waiting than the store takes: try again a little later.
    #[error("too many commits are waiting; try again shortly")]
    Busy,
    /// The disk is full: it is accepted again as soon as there is room.
    #[error("the disk is full; make room and try again")]
    NoSpace,
    /// The commit as a whole is larger than a group may be.
    #[error("the commit is larger than {max_bytes} bytes or {max_entries} entries, or is empty")]
    TooLarge {
        /// The most bytes.
        max_bytes: usize,
        /// The most entries.
        max_entries: usize,
    },
    /// The store has failed and stopped; whether this commit is durable shows on the next start.
    #[error("the store has failed; restart it to find out whether this was written")]
    Failed,
    /// The store is being closed.
    #[error("the store is closed")]
    Closed,
}

/// Why state that was seen will not become durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// What was seen was taken back, because the disk was full: read again.
    #[error("what was read was taken back, because the disk is full; read again")]
    TakenBack,
    /// The store has failed or was closed first.
    #[error("the store has stopped before this was durable")]
    Stopped,
}

/// Bytes on disk that are not what was written there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is damaged at byte {offset}: {what}", file.display())]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// The first byte of the part that is damaged.
    pub offset: u64,
    /// What is wrong with it.
    pub what: String,
}

/// Why a data directory is not opened. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("{} is in use by another process{}; stop it first, or use another data directory", directory.display(), pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default())]
    Locked {
        /// The directory.
        directory: PathBuf,
        /// Who has it, if known.
        pid: Option<u32>,
    },
    /// Written by a later program.
    #[error("{} has format version {found}, this program reads up to version {known}; start the newer program", file.display())]
    Newer {
        /// The file that says so.
        file: PathBuf,
        /// Its version.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
    /// Something that was acknowledged is damaged.
    #[error("{damage}. Acknowledged data is affected, so nothing was changed and nothing is started; {advice}")]
    Damaged {
        /// Where and what.
        damage: Damage,
        /// What to do.
        advice: &'static str,
    },
    /// The log ends before what was acknowledged.
    #[error("the log in {} ends at entry {end}, but entries up to {acknowledged} were acknowledged: the end of the log is missing. Put the missing files back or restore a backup", directory.display())]
    EndMissing {
        /// The log's directory.
        directory: PathBuf,
        /// Where it ends.
        end: Seq,
        /// What the watermark says.
        acknowledged: Seq,
    },
    /// The log begins later than it should.
    #[error("the log in {} begins at entry {found}, but it should reach back to entry {expected}: {} is missing. Put it back or restore a backup", directory.display(), missing)]
    BeginMissing {
        /// The log's directory.
        directory: PathBuf,
        /// Where it begins.
        found: Seq,
        /// Where it should begin.
        expected: Seq,
        /// The name of the file that is missing.
        missing: String,
    },
    /// The index has applied entries that the log does not have.
    #[error("the index in {} has applied entries up to {applied}, but the log ends at {end}: they do not belong together, or the log has lost its end. Put the right log back or restore a backup", directory.display())]
    IndexAhead {
        /// The index's directory.
        directory: PathBuf,
        /// What it has applied.
        applied: Seq,
        /// Where the log ends.
        end: Seq,
    },
    /// The index is older than the log reaches back.
    #[error("the index in {} has applied entries up to {applied}, but the log reaches back only to {lowest}: what is between is gone. Restore a backup of the whole data directory", directory.display())]
    IndexBehind {
        /// The index's directory.
        directory: PathBuf,
        /// What it has applied.
        applied: Seq,
        /// The oldest entry of the log.
        lowest: Seq,
    },
    /// The index was written beside another log.
    #[error("the index in {} belongs to another log. Put the right one back, or remove it if the log reaches back to entry 1", directory.display())]
    IndexForeign {
        /// The index's directory.
        directory: PathBuf,
    },
    /// The index cannot be opened.
    #[error("the index in {} cannot be opened: {what}. If the log reaches back to entry 1 it can be removed and is built again; otherwise restore a backup", directory.display())]
    Index {
        /// The index's directory.
        directory: PathBuf,
        /// What its library says.
        what: String,
    },
    /// The system refuses something.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl OpenError {
    pub(crate) fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }
}

/// Why a read has no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// The log no longer reaches back that far.
    #[error("the log no longer holds this entry; it begins at entry {lowest}")]
    Trimmed {
        /// The oldest entry there is.
        lowest: Seq,
    },
    /// The log is damaged there.
    #[error("{0}")]
    Damaged(Damage),
    /// The system refuses to read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// From which file.
        path: PathBuf,
        /// What the system says.
        source: Arc<io::Error>,
    },
    /// The index refuses to read.
    #[error("the index cannot be read: {0}")]
    Index(String),
}

/// Why the log was not trimmed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TrimError {
    /// The store has stopped.
    #[error("the store has stopped")]
    Stopped,
    /// The system refuses something; the log is as long as before, or shorter by whole segments.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// What the system says.
        source: Arc<io::Error>,
    },
}

/// Why the store has stopped for good. Nothing is acknowledged after it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fatal {
    /// The log could not be written, cut or synced.
    #[error("cannot {what} {}: {source}. Nothing is acknowledged any more; check the disk and start again", path.display())]
    Log {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system says.
        source: Arc<io::Error>,
    },
    /// The index could not be written.
    #[error("the index in {} cannot be written: {what}. Nothing is acknowledged any more; check the disk and start again", directory.display())]
    Index {
        /// The index's directory.
        directory: PathBuf,
        /// What its library says.
        what: String,
    },
    /// A thread of the store has panicked, in the caller's feed perhaps.
    #[error(
        "the {thread} thread of the store has panicked. Nothing is acknowledged any more; start again, and report what it printed"
    )]
    Panicked {
        /// Which one.
        thread: &'static str,
    },
    /// The check of older segments found damage.
    #[error("{0}. Acknowledged data is affected; restore a backup")]
    Damaged(Damage),
}

impl Fatal {
    pub(crate) fn log(what: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::Log { what, path: path.into(), source: Arc::new(source) }
    }
}
