//! Decides where it stands, outside the log, up to which entry everything was durable.
//!
//! Two slots in sectors of their own are written in turn, each with a checksum, so a torn write
//! costs the newer one at most. It is written after every group and synced about once a second:
//! exact after the process was killed, at most a second old after a power cut.

use crate::disk::{Disk, LogFile, OpenHow, read_small, replace_small, write_all_at};
use crate::log::layout::{LogId, u32_at, u64_at};
use crate::{Damage, OpenError, Seq};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

pub(crate) const NAME: &str = "WATERMARK";

const MAGIC: [u8; 8] = *b"of-mark1";
const SLOT: usize = 512;
const SLOT_BYTES: usize = 28;

pub(crate) struct Watermark {
    path: PathBuf,
    file: Arc<dyn LogFile>,
    log: LogId,
    count: AtomicU64,
    dirty: AtomicBool,
}

impl Watermark {
    /// The watermark of a directory and what it says; `None` if there was none.
    pub(crate) fn open(disk: &dyn Disk, directory: &Path, log: LogId) -> Result<(Self, Option<Seq>), OpenError> {
        let path = directory.join(NAME);
        let held = read_small(disk, &path).map_err(OpenError::io("read", &path))?;
        let newest = match &held {
            // Made as a whole, so that what is there later was always readable once.
            None => {
                let slot = encode(log, 0, Seq::NONE);
                let mut bytes = vec![0; SLOT + SLOT_BYTES];
                bytes[..SLOT_BYTES].copy_from_slice(&slot);
                bytes[SLOT..].copy_from_slice(&slot);
                replace_small(disk, directory, NAME, &bytes).map_err(OpenError::io("create", &path))?;
                Some((0, Seq::NONE))
            }
            Some(bytes) => [0, SLOT].into_iter().filter_map(|at| decode(log, bytes.get(at..at + SLOT_BYTES)?)).max(),
        };
        let Some((count, durable)) = newest else {
            return Err(OpenError::Damaged {
                damage: Damage { file: path, offset: 0, what: "neither of its two slots is readable".to_owned() },
                advice: "if the log is known to be complete, remove this file: the log's own heads are believed then",
            });
        };
        let file = disk.open(&path, OpenHow::Existing).map_err(OpenError::io("open", &path))?;
        let watermark = Self { path, file, log, count: AtomicU64::new(count), dirty: AtomicBool::new(false) };
        Ok((watermark, held.map(|_| durable)))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn write(&self, durable: Seq) -> io::Result<()> {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let bytes = encode(self.log, count, durable);
        write_all_at(self.file.as_ref(), &bytes, (count % 2) * SLOT as u64)?;
        self.dirty.store(true, Ordering::Release);
        Ok(())
    }

    /// Syncs what was written since the last time.
    pub(crate) fn sync(&self) -> io::Result<()> {
        if self.dirty.swap(false, Ordering::AcqRel) {
            self.file.sync_data()?;
        }
        Ok(())
    }
}

fn encode(log: LogId, count: u64, durable: Seq) -> [u8; SLOT_BYTES] {
    let mut bytes = [0; SLOT_BYTES];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..16].copy_from_slice(&count.to_le_bytes());
    bytes[16..24].copy_from_slice(&durable.0.to_le_bytes());
    let sum = log.checksum(&[&bytes[..24]]);
    bytes[24..].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// What a slot says, with its count in front, if its checksum holds.
fn decode(log: LogId, slot: &[u8]) -> Option<(u64, Seq)> {
    let holds = slot[..8] == MAGIC && log.checksum(&[&slot[..24]]) == u32_at(slot, 24);
    holds.then(|| (u64_at(slot, 8), Seq(u64_at(slot, 16))))
}
