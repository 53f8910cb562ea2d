//! Decides where it stands, outside the log, up to which entry everything was durable.
//!
//! Two slots in sectors of their own are written in turn, each with a checksum, so a torn write
//! costs the newer one at most. It is written after every group and synced about once a second:
//! exact after the process was killed, at most a second old after a power cut.

use crate::disk::{Disk, LogFile, OpenHow, write_all_at};
use crate::log::layout::{LogId, u64_at};
use crate::{OpenError, Seq, Damage};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

pub(crate) const NAME: &str = "WATERMARK";

const MAGIC: [u8; 8] = *b"of-mark1";
const SLOT: u64 = 512;
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
        let file = match disk.open(&path, OpenHow::Existing) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let file = disk.open(&path, OpenHow::New).map_err(OpenError::io("create", &path))?;
                let watermark = Self::new(path, file, log, 0);
                return Ok((watermark, None));
            }
            Err(error) => return Err(OpenError::io("open", path)(error)),
        };
        let mut newest: Option<(u64, Seq)> = None;
        let mut written = false;
        for slot in 0..2 {
            let mut bytes = [0; SLOT_BYTES];
            let read = crate::disk::read_up_to(file.as_ref(), &mut bytes, slot * SLOT).map_err(OpenError::io("read", &path))?;
            written |= bytes.iter().any(|byte| *byte != 0);
            if read == SLOT_BYTES && bytes[..8] == MAGIC && log.checksum(&[&bytes[..24]]).to_le_bytes() == bytes[24..28] {
                newest = newest.max(Some((u64_at(&bytes, 8), Seq(u64_at(&bytes, 16)))));
            }
        }
        match newest {
            Some((count, durable)) => Ok((Self::new(path, file, log, count), Some(durable))),
            // Created, and the process ended before its first word: as if it were missing.
            None if !written => Ok((Self::new(path, file, log, 0), None)),
            None => Err(OpenError::Damaged {
                damage: Damage { file: path, offset: 0, what: "neither of its two slots is readable".to_owned() },
                advice: "if the log is known to be complete, remove this file: the log's own heads are believed then",
            }),
        }
    }

    fn new(path: PathBuf, file: Arc<dyn LogFile>, log: LogId, count: u64) -> Self {
        Self { path, file, log, count: AtomicU64::new(count), dirty: AtomicBool::new(false) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn write(&self, durable: Seq) -> io::Result<()> {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let mut bytes = [0; SLOT_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..16].copy_from_slice(&count.to_le_bytes());
        bytes[16..24].copy_from_slice(&durable.0.to_le_bytes());
        let sum = self.log.checksum(&[&bytes[..24]]);
        bytes[24..28].copy_from_slice(&sum.to_le_bytes());
        write_all_at(self.file.as_ref(), &bytes, (count % 2) * SLOT)?;
        self.dirty.store(true, Ordering::Release);
        Ok(())
    }

    /// Writes both slots and syncs them: the start of a file's life.
    pub(crate) fn write_both(&self, durable: Seq) -> io::Result<()> {
        self.write(durable)?;
        self.write(durable)?;
        self.sync()
    }

    /// Syncs what was written since the last time.
    pub(crate) fn sync(&self) -> io::Result<()> {
        if self.dirty.swap(false, Ordering::AcqRel) {
            self.file.sync_data()?;
        }
        Ok(())
    }
}
