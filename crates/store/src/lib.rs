//! Bytes on one disk: the log that is the truth, the index derived from it, recovery.
//!
//! The store knows no word of what it keeps. Callers encode an [`Entry`] (a record that only they
//! understand, and the puts and deletes that it means), put one or more into a [`Commit`] with the
//! [`Check`]s that it depends on, and hear of it when it is durable. Start at [`Store::open`] and
//! [`Store::commit`]; FORMAT.md has every byte that lies on the disk.
//!
//! ```
//! use store::{Class, Check, Commit, EntryBuilder, Options, Space, Store};
//!
//! const STOCK: Space = Space::new(1);
//! # let directory = tempfile::tempdir().unwrap();
//! # let directory = directory.path();
//! let (store, _report) = Store::open(directory, Options::default(), Box::new(|_group| {}), |fatal| eprintln!("{fatal}"))?;
//! let read = store.read(STOCK, b"apples")?;
//! assert!(read.value.is_none());
//! let entry = EntryBuilder::new(1, b"ten apples arrived").put(STOCK, b"apples", b"10").finish()?;
//! let commit = Commit {
//!     entries: vec![entry],
//!     checks: vec![Check::new(STOCK, b"apples", read.seen)],
//!     class: Class::Client,
//!     attachment: (),
//! };
//! let committed = store.commit_wait(commit)?;
//! assert_eq!(store.get(STOCK, b"apples")?.unwrap().0, committed.first);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! How it goes: one writer thread numbers entries, appends them as a group and syncs once; the
//! group is then in the overlay (memory) and in the log (disk). The applier turns the overlay, a
//! large table at a time, into sorted files of the index. Reads look at both. After a crash the log
//! is replayed from where the index stands.
//!
//! Always holds: nobody is told `Ok` before the bytes are synced; the index is never ahead of the
//! log; every queue, cache and buffer has a bound.

mod applier;
mod disk;
mod entry;
mod error;
#[cfg(feature = "faults")]
pub mod faults;
mod inbox;
mod index;
pub mod lines;
mod log;
mod names;
mod open;
mod options;
mod overlay;
mod progress;
mod read;
mod space;
mod stats;
mod store;
mod teller;
mod trim;
mod versions;
mod watermark;
mod writer;

pub use disk::{Disk, LogFile, OpenHow, RealDisk};
pub use entry::{ENTRY_MAX, Entry, EntryBuilder, EntryError, KEY_MAX};
pub use error::{Damage, Fatal, Lost, OpenError, ReadError, Refused, TrimError};
pub use inbox::Outcome;
pub use log::reader::{LogEntry, LogReader};
pub use log::recover::Torn;
pub use names::{Seen, Seq, Space};
pub use open::OpenReport;
pub use options::{Clock, Options};
pub use read::{Direction, Item, Read, Scan, Slice, Snapshot};
pub use stats::{FLUSH_KINDS, Stats};
pub use store::{COMMIT_BYTES_MAX, Store};
pub use trim::Before;
pub use versions::Check;

/// What is committed as one: all of it or nothing.
#[derive(Debug, Clone)]
pub struct Commit<A> {
    /// One or more entries; they get numbers that follow one another.
    pub entries: Vec<Entry>,
    /// What must not have changed.
    pub checks: Vec<Check>,
    /// Whose work it is.
    pub class: Class,
    /// Handed to the feed as it is.
    pub attachment: A,
}

/// Whose work a commit is: both get their turn, and the engine's goes on longer on a full disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// What comes from outside.
    Client,
    /// What the program itself has to do: checkpoints, deletes, whatever makes room.
    Engine,
}

/// The numbers that a commit's entries got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// Of its first entry.
    pub first: Seq,
    /// Of its last.
    pub last: Seq,
}

/// A commit that is durable, as the feed gets it.
#[derive(Debug)]
pub struct Durable<A> {
    /// The numbers of its entries.
    pub committed: Committed,
    /// When its group was written, in milliseconds since 1970.
    pub time_ms: u64,
    /// Its entries.
    pub entries: Vec<Entry>,
    /// What was attached to it.
    pub attachment: A,
}

/// Hears of every durable group, in order, before those who committed do. What it leaves in the
/// list is dropped.
pub type Feed<A> = Box<dyn FnMut(&mut Vec<Durable<A>>) + Send>;
