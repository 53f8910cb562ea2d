//! Decides how a disk misbehaves, for crash tests: the n-th call fails, or what was not synced is
//! lost, as in a power cut.
//!
//! Start at [`FaultyDisk`]. It counts every write and every sync; a [`Fault`] says which of them
//! fails and how. Names of files (created, renamed, removed) survive a power cut here; of contents
//! and lengths that were not synced, nothing does ([`FaultyDisk::lose_unsynced`]) or any part
//! ([`FaultyDisk::lose_some_unsynced`]).

use crate::disk::{Disk, LogFile, OpenHow, RealDisk, read_up_to, write_all_at};
use crate::progress::lock;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// A disk writes this much or nothing of it.
const SECTOR: usize = 512;

/// Which calls are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Anything that writes: bytes, names, lengths.
    Write,
    /// Anything that syncs: files, directories.
    Sync,
}

/// How the call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The disk is full; nothing is written.
    NoSpace,
    /// The disk is full after half of the bytes: one short write, then the error.
    NoSpaceHalfway,
    /// The disk is broken.
    Io,
}

/// One fault to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Of which calls.
    pub call: Call,
    /// Which of them, counted from 1 since the disk was made.
    pub nth: u64,
    /// How many of them in a row.
    pub times: u64,
    /// How it fails.
    pub failure: Failure,
}

/// A real disk that fails and forgets on demand.
#[derive(Clone, Default)]
pub struct FaultyDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    fault: Option<Fault>,
    writes: u64,
    syncs: u64,
    free_bytes: Option<u64>,
    /// What to put back into each file so that it is as it was synced last, the newest change last.
    unsynced: BTreeMap<PathBuf, Vec<Undo>>,
}

struct Undo {
    offset: u64,
    bytes: Vec<u8>,
    length: u64,
}

impl FaultyDisk {
    /// The fault to come, instead of any before.
    pub fn set_fault(&self, fault: Option<Fault>) {
        lock(&self.state).fault = fault;
    }

    /// What the disk says is free; `None` for the truth.
    pub fn set_free_bytes(&self, free: Option<u64>) {
        lock(&self.state).free_bytes = free;
    }

    /// How many calls of this kind there were.
    #[must_use]
    pub fn calls(&self, call: Call) -> u64 {
        let state = lock(&self.state);
        match call {
            Call::Write => state.writes,
            Call::Sync => state.syncs,
        }
    }

    /// The power is cut: what was not synced is lost. The store must have been crashed before.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn lose_unsynced(&self) -> io::Result<()> {
        self.lose_some_unsynced(|| false)
    }

    /// The power is cut while the disk is writing what was not synced, in an order of its own:
    /// `reached` says of each length and of each sector whether it had got there.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn lose_some_unsynced(&self, mut reached: impl FnMut() -> bool) -> io::Result<()> {
        for (path, undos) in std::mem::take(&mut lock(&self.state).unsynced) {
            let Ok(file) = RealDisk.open(&path, OpenHow::Existing) else { continue };
            let mut new = vec![0; usize::try_from(file.size()?).unwrap_or(0)];
            read_up_to(file.as_ref(), &mut new, 0)?;
            let mut bytes = new.clone();
            for undo in undos.iter().rev() {
                let from = usize::try_from(undo.offset).unwrap_or(0);
                let to = from + undo.bytes.len();
                bytes.resize(bytes.len().max(to), 0);
                bytes[from..to].copy_from_slice(&undo.bytes);
                bytes.resize(usize::try_from(undo.length).unwrap_or(0), 0);
            }
            let length = if reached() { new.len() } else { bytes.len() };
            bytes.resize(length, 0);
            new.resize(length, 0);
            for (old, new) in bytes.chunks_mut(SECTOR).zip(new.chunks(SECTOR)) {
                if reached() {
                    old.copy_from_slice(new);
                }
            }
            write_all_at(file.as_ref(), &bytes, 0)?;
            file.set_len(length as u64)?;
        }
        Ok(())
    }

    /// Counts a call; the bytes that it may write before it fails, if it fails.
    fn count(&self, call: Call) -> Result<(), Failure> {
        let mut state = lock(&self.state);
        let count = match call {
            Call::Write => &mut state.writes,
            Call::Sync => &mut state.syncs,
        };
        *count += 1;
        let count = *count;
        match state.fault {
            Some(fault) if fault.call == call && (fault.nth..fault.nth + fault.times).contains(&count) => {
                Err(fault.failure)
            }
            Some(_) | None => Ok(()),
        }
    }

    fn check(&self, call: Call) -> io::Result<()> {
        self.count(call).map_err(error)
    }
}

fn error(failure: Failure) -> io::Error {
    match failure {
        Failure::NoSpace | Failure::NoSpaceHalfway => io::ErrorKind::StorageFull.into(),
        Failure::Io => io::Error::other("injected"),
    }
}

impl Disk for FaultyDisk {
    fn open(&self, path: &Path, how: OpenHow) -> io::Result<Arc<dyn LogFile>> {
        if how == OpenHow::New {
            self.check(Call::Write)?;
        }
        let file = RealDisk.open(path, how)?;
        Ok(Arc::new(FaultyFile { disk: self.clone(), path: path.to_owned(), file }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.check(Call::Write)?;
        RealDisk.rename(from, to)?;
        let mut state = lock(&self.state);
        if let Some(undos) = state.unsynced.remove(from) {
            state.unsynced.insert(to.to_owned(), undos);
        }
        Ok(())
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        self.check(Call::Write)?;
        lock(&self.state).unsynced.remove(path);
        RealDisk.unlink(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        RealDisk.list(directory)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        self.check(Call::Sync)?;
        RealDisk.sync_directory(directory)
    }

    fn free_bytes(&self, directory: &Path) -> io::Result<u64> {
        let set = lock(&self.state).free_bytes;
        set.map_or_else(|| RealDisk.free_bytes(directory), Ok)
    }
}

struct FaultyFile {
    disk: FaultyDisk,
    path: PathBuf,
    file: Arc<dyn LogFile>,
}

impl FaultyFile {
    /// Remembers what `offset..offset + bytes` and the length were.
    fn remember(&self, offset: u64, bytes: u64) -> io::Result<()> {
        let length = self.file.size()?;
        let old = length.saturating_sub(offset).min(bytes);
        let mut undo = Undo { offset, bytes: vec![0; usize::try_from(old).unwrap_or(0)], length };
        read_up_to(self.file.as_ref(), &mut undo.bytes, offset)?;
        lock(&self.disk.state).unsynced.entry(self.path.clone()).or_default().push(undo);
        Ok(())
    }
}

impl LogFile for FaultyFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        match self.disk.count(Call::Write) {
            Ok(()) => {
                self.remember(offset, bytes.len() as u64)?;
                self.file.write_at(bytes, offset)
            }
            Err(Failure::NoSpaceHalfway) if bytes.len() > 1 => {
                // The rest is then written by a call of its own, which fails like this one.
                let half = &bytes[..bytes.len() / 2];
                self.remember(offset, half.len() as u64)?;
                write_all_at(self.file.as_ref(), half, offset)?;
                Err(error(Failure::NoSpaceHalfway))
            }
            Err(failure) => Err(error(failure)),
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.check(Call::Sync)?;
        self.file.sync_data()?;
        lock(&self.disk.state).unsynced.remove(&self.path);
        Ok(())
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.disk.check(Call::Write)?;
        self.remember(bytes, u64::MAX - bytes)?;
        self.file.set_len(bytes)
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        self.disk.check(Call::Write)?;
        self.file.allocate(bytes)
    }
}
