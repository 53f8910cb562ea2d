//! Decides who may still write when the disk gets full.
//!
//! Below the first floor clients are refused and the caller's own work goes on, because it is what
//! makes room again; below the second nobody writes. A ballast file holds some room back and is
//! given up at the second floor, so that what is already accepted can still reach the index.

use crate::disk::{Disk, LogFile, OpenHow};
use crate::progress::lock;
use crate::{Class, Options};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

const NAME: &str = "BALLAST";
/// The disk is asked again after this many bytes, and about once a second.
const ASK_AFTER_BYTES: u64 = 8 * 1024 * 1024;

pub(crate) struct FreeSpace {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    floor_clients: u64,
    floor_engine: u64,
    ballast_bytes: u64,
    ballast: Mutex<Option<Arc<dyn LogFile>>>,
    /// What was free when the disk was asked last, less what was written since.
    free: AtomicU64,
    since: AtomicU64,
}

impl FreeSpace {
    pub(crate) fn open(disk: Arc<dyn Disk>, directory: &Path, options: &Options) -> io::Result<Self> {
        let space = Self {
            directory: directory.to_owned(),
            floor_clients: options.floor_clients_bytes,
            floor_engine: options.floor_engine_bytes,
            ballast_bytes: options.ballast_bytes,
            ballast: Mutex::new(None),
            free: AtomicU64::new(0),
            since: AtomicU64::new(0),
            disk,
        };
        match space.disk.open(&space.path(), OpenHow::Existing) {
            Ok(file) => *lock(&space.ballast) = Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        space.look()?;
        Ok(space)
    }

    fn path(&self) -> PathBuf {
        self.directory.join(NAME)
    }

    /// True if this class may write now.
    pub(crate) fn admits(&self, class: Class) -> bool {
        let floor = match class {
            Class::Client => self.floor_clients,
            Class::Engine => self.floor_engine,
        };
        self.free.load(Ordering::Relaxed) >= floor
    }

    /// This much was written to the log.
    pub(crate) fn spend(&self, bytes: u64) -> io::Result<()> {
        let free = self.free.load(Ordering::Relaxed);
        self.free.store(free.saturating_sub(bytes), Ordering::Relaxed);
        if self.since.fetch_add(bytes, Ordering::Relaxed) + bytes >= ASK_AFTER_BYTES {
            self.ask()?;
        }
        Ok(())
    }

    /// An append has found the disk full, whatever was counted; the next look decides again.
    pub(crate) fn exhausted(&self) {
        self.free.store(0, Ordering::Relaxed);
    }

    fn ask(&self) -> io::Result<()> {
        self.since.store(0, Ordering::Relaxed);
        self.free.store(self.disk.free_bytes(&self.directory)?, Ordering::Relaxed);
        Ok(())
    }

    /// Asks the disk, and gives up the ballast or takes it again.
    pub(crate) fn look(&self) -> io::Result<()> {
        self.ask()?;
        let free = self.free.load(Ordering::Relaxed);
        let mut ballast = lock(&self.ballast);
        if free < self.floor_engine && ballast.is_some() {
            self.disk.unlink(&self.path())?;
            *ballast = None;
            self.ask()?;
        } else if ballast.is_none() && self.ballast_bytes > 0 && free >= self.floor_clients + 2 * self.ballast_bytes {
            let file = self.disk.open(&self.path(), OpenHow::New)?;
            match file.allocate(self.ballast_bytes) {
                Ok(()) => *ballast = Some(file),
                // A file system that cannot reserve has no ballast; the floors are still there.
                Err(_) => self.disk.unlink(&self.path())?,
            }
        }
        Ok(())
    }
}
