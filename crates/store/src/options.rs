//! Decides the sizes and limits of a store, with defaults that fit a small machine.

use crate::disk::{Disk, RealDisk};
use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, as the caller counts them.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// The sizes and limits of a store.
#[derive(Clone)]
pub struct Options {
    /// A segment of the log is sealed before it gets larger.
    pub segment_bytes: u64,
    /// How many zeros are written behind the end of the newest segment when it grows, so that most
    /// flushes of the log need not make it longer; 0 for none.
    pub ahead_bytes: u64,
    /// The most entries that are synced together.
    pub group_entries: usize,
    /// The most bytes that are synced together, unless a single commit is larger.
    pub group_bytes: usize,
    /// The most commits that wait, for each class.
    pub inbox_commits: usize,
    /// The most bytes that wait, for each class.
    pub inbox_bytes: usize,
    /// The most bytes in memory that the index does not have yet. Full, the writer waits.
    pub overlay_bytes: usize,
    /// From this many bytes on, changes are moved to the index.
    pub seal_bytes: usize,
    /// How much of the index is kept in memory for reading.
    pub block_cache_bytes: u64,
    /// Below this much free disk, clients' commits are refused.
    pub floor_clients_bytes: u64,
    /// Below this much free disk, everybody's are.
    pub floor_engine_bytes: u64,
    /// How much disk is held back to be given up in need; 0 for none.
    pub ballast_bytes: u64,
    /// How much of the newest log is read through before a start is done; older log is read
    /// through afterwards, in the background.
    pub verify_bytes: u64,
    /// Where the time comes from.
    pub clock: Clock,
    /// Where the files are.
    pub disk: Arc<dyn Disk>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 64 * MIB,
            ahead_bytes: 128 * KIB,
            group_entries: 1024,
            group_bytes: 1024 * 1024,
            inbox_commits: 4096,
            inbox_bytes: 16 * 1024 * 1024,
            overlay_bytes: 32 * 1024 * 1024,
            seal_bytes: 16 * 1024 * 1024,
            block_cache_bytes: 8 * MIB,
            floor_clients_bytes: 128 * MIB,
            floor_engine_bytes: 48 * MIB,
            ballast_bytes: 32 * MIB,
            verify_bytes: 512 * MIB,
            clock: Arc::new(system_clock),
            disk: Arc::new(RealDisk),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("segment_bytes", &self.segment_bytes)
            .field("ahead_bytes", &self.ahead_bytes)
            .field("group_entries", &self.group_entries)
            .field("group_bytes", &self.group_bytes)
            .field("overlay_bytes", &self.overlay_bytes)
            .field("seal_bytes", &self.seal_bytes)
            .finish_non_exhaustive()
    }
}

fn system_clock() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
