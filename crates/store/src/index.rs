//! Decides how the derived state lies in its ordered files, and what it knows about itself.
//!
//! The index is one keyspace of an LSM tree: keys begin with their space, values with the number of
//! the entry that wrote them. A sealed table of the overlay becomes one sorted, synced file
//! ([`Index::ingest`]): no journal and no second table in memory, because the log is the one and
//! the overlay the other. The last keys say how far the log is applied, and whose log it is.
//!
//! Always holds: the index is at exactly one entry of the log, durably; either all of a table is
//! in it or nothing.

use crate::log::layout::{LogId, u64_at};
use crate::overlay::Table;
use crate::{Options, Seq};
use fjall::config::{BlockSizePolicy, CompressionPolicy};
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Keys of the store itself; they sort behind every space.
const APPLIED: &[u8] = b"\xffapplied";
const LOG_ID: &[u8] = b"\xfflog";

/// From this many unmerged files on they are merged. Each merging writes again what older files have of the same keys: fewer
/// of them cost less, and more files that a key may be in are asked, by their filters, when it is looked up.
const MERGED_FROM: u8 = 8;
/// Above this many unmerged files the applier waits for the merging to catch up.
const UNMERGED_MAX: usize = 16;

pub(crate) struct Index {
    database: Database,
    keys: Keyspace,
    log: LogId,
}

/// A view of the index that does not change.
pub(crate) struct IndexSnapshot {
    pub(crate) snapshot: fjall::Snapshot,
    pub(crate) keys: Keyspace,
}

/// Why an index is not opened.
pub(crate) enum NotOpened {
    /// The system refuses something: too many open files, no room, no permission. Nothing need be wrong with the index.
    Refused(io::Error),
    /// It is not as it was written.
    Damaged(String),
}

impl NotOpened {
    fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut causes = std::iter::successors(Some(error), |error| error.source());
        let system = causes.find_map(|error| error.downcast_ref::<io::Error>()?.raw_os_error());
        match system.map(io::Error::from_raw_os_error) {
            // A file that is missing, or is a directory, is damage.
            Some(refused) if !matches!(refused.kind(), io::ErrorKind::NotFound | io::ErrorKind::IsADirectory) => {
                Self::Refused(refused)
            }
            Some(_) | None => Self::Damaged(error.to_string()),
        }
    }
}

impl Index {
    /// Opens the index of a log; where there is none, an empty one is made.
    pub(crate) fn open(path: &Path, log: LogId, options: &Options) -> Result<Self, NotOpened> {
        if !path.exists() {
            Self::make(path, log, options)?;
        }
        let open = std::panic::AssertUnwindSafe(|| Self::at(path, log, options));
        let opened = std::panic::catch_unwind(open);
        // The library takes some files for granted.
        opened.unwrap_or_else(|_| Err(NotOpened::Damaged("a file or directory of it is not what it was".to_owned())))
    }

    /// Makes an empty index beside its place and moves it there: what a crash leaves in the midst of that cannot be opened,
    /// and must not be taken for one.
    fn make(path: &Path, log: LogId, options: &Options) -> Result<(), NotOpened> {
        let beside = path.with_extension("new");
        match std::fs::remove_dir_all(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(NotOpened::Refused(error)),
            Ok(()) | Err(_) => {}
        }
        drop(Self::at(&beside, log, options)?);
        std::fs::rename(&beside, path).map_err(NotOpened::Refused)?;
        let parent = path.parent().unwrap_or(Path::new("."));
        std::fs::File::open(parent).and_then(|parent| parent.sync_all()).map_err(NotOpened::Refused)
    }

    fn at(path: &Path, log: LogId, options: &Options) -> Result<Self, NotOpened> {
        let text = |error: fjall::Error| NotOpened::of(&error);
        let database = Database::builder(path)
            .cache_size(options.block_cache_bytes)
            .worker_threads(1)
            .max_journaling_size(64 * 1024 * 1024)
            .manual_journal_persist(true)
            .open()
            .map_err(text)?;
        let keys = database
            .keyspace("keys", || {
                KeyspaceCreateOptions::default()
                    .manual_journal_persist(true)
                    .max_memtable_size(1024 * 1024)
                    .data_block_size_policy(BlockSizePolicy::all(8 * 1024))
                    .data_block_compression_policy(CompressionPolicy::all(CompressionType::None))
                    .compaction_strategy(Arc::new(
                        fjall::compaction::Leveled::default()
                            .with_table_target_size(32 * 1024 * 1024)
                            .with_l0_threshold(MERGED_FROM),
                    ))
            })
            .map_err(text)?;
        Ok(Self { database, keys, log })
    }

    /// How far the log is applied.
    pub(crate) fn applied(&self) -> Result<Seq, String> {
        self.number(APPLIED).map(|number| number.map_or(Seq::NONE, Seq))
    }

    /// The log that this index was derived from; `None` if it is empty.
    pub(crate) fn log_id(&self) -> Result<Option<LogId>, String> {
        self.number(LOG_ID).map(|number| number.map(LogId))
    }

    fn number(&self, key: &[u8]) -> Result<Option<u64>, String> {
        let value = self.keys.get(key).map_err(|error| error.to_string())?;
        match value {
            None => Ok(None),
            Some(bytes) if bytes.len() == 8 => Ok(Some(u64_at(&bytes, 0))),
            Some(_) => Err("a number of the index about itself does not have eight bytes".to_owned()),
        }
    }

    /// The value at a full key, with its number in front.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<fjall::Slice>, String> {
        self.keys.get(key).map_err(|error| error.to_string())
    }

    pub(crate) fn snapshot(&self) -> IndexSnapshot {
        IndexSnapshot { snapshot: self.database.snapshot(), keys: self.keys.clone() }
    }

    /// Writes a table as one sorted file, with the number of the last entry that is in it.
    pub(crate) fn ingest(&self, table: &Table, applied: Seq) -> Result<(), String> {
        let text = |error: fjall::Error| error.to_string();
        let mut ingestion = self.keys.start_ingestion().map_err(text)?;
        let mut value = Vec::new();
        for (key, (seq, found)) in table.newest() {
            match found {
                Some(bytes) => {
                    value.clear();
                    value.extend_from_slice(&seq.0.to_le_bytes());
                    value.extend_from_slice(&bytes);
                    ingestion.write(&key[..], &value[..]).map_err(text)?;
                }
                None => ingestion.write_tombstone(&key[..]).map_err(text)?,
            }
        }
        ingestion.write(APPLIED, &applied.0.to_le_bytes()[..]).map_err(text)?;
        ingestion.write(LOG_ID, &self.log.0.to_le_bytes()[..]).map_err(text)?;
        ingestion.finish().map_err(text)
    }

    /// Waits while merging lags far behind; `stopped` ends the wait.
    pub(crate) fn wait_for_merging(&self, stopped: impl Fn() -> bool) -> Result<(), String> {
        while self.keys.l0_table_count() >= UNMERGED_MAX && !stopped() {
            self.check()?;
            std::thread::sleep(Duration::from_millis(2));
        }
        self.check()
    }

    /// An error if the library has given up on its files, in a thread of its own for example.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.database.persist(PersistMode::Buffer).map_err(|error| error.to_string())
    }
}

impl IndexSnapshot {
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<fjall::Slice>, String> {
        self.snapshot.get(&self.keys, key).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_refuses_is_no_damage() {
        // By their numbers on Linux: a missing file, no permission, a directory, too many open files, no room.
        let number = |number| io::Error::from_raw_os_error(number);
        for (error, refused) in [
            (number(2), None),
            (number(21), None),
            (io::Error::new(io::ErrorKind::PermissionDenied, "the library's own words"), None),
            (number(13), Some(13)),
            (number(24), Some(24)),
            (number(28), Some(28)),
        ] {
            let shown = error.to_string();
            let found = match NotOpened::of(&fjall::Error::Io(error)) {
                NotOpened::Refused(error) => error.raw_os_error(),
                NotOpened::Damaged(_) => None,
            };
            assert_eq!(found, refused, "{shown}");
        }
        // The tree below the library wraps them once more.
        let wrapped =
            |number| NotOpened::of(&fjall::Error::Storage(fjall::LsmError::Io(io::Error::from_raw_os_error(number))));
        assert!(matches!(wrapped(24), NotOpened::Refused(_)));
        assert!(matches!(wrapped(2), NotOpened::Damaged(_)));
        assert!(matches!(NotOpened::of(&fjall::Error::Poisoned), NotOpened::Damaged(_)));
    }
}
