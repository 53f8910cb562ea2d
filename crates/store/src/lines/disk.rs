//! Decides how files and directories are made, written and replaced: for their owner alone, and whole or not at all.

use super::at;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;

/// Makes a directory and those above it, unless they are there.
pub(super) fn make_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| at(path, &error))
}

/// Makes a file that is not there yet.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map_err(|error| at(path, &error))
}

/// Opens a file for writing at any offset.
pub(super) fn open_to_write(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).open(path).map_err(|error| at(path, &error))
}

/// Opens a file for reading.
pub(super) fn open_to_read(path: &Path) -> io::Result<File> {
    File::open(path).map_err(|error| at(path, &error))
}

/// Writes all bytes at an offset.
pub(super) fn write_at(file: &File, path: &Path, bytes: &[u8], offset: u64) -> io::Result<()> {
    #[cfg(test)]
    faults::before_write(file, bytes, offset)?;
    file.write_all_at(bytes, offset).map_err(|error| at(path, &error))
}

/// Cuts a file to a length.
pub(super) fn cut(file: &File, path: &Path, length: u64) -> io::Result<()> {
    #[cfg(test)]
    faults::before_cut()?;
    file.set_len(length).map_err(|error| at(path, &error))
}

/// Replaces a small file: whoever opens it finds the old or the new content, after a power cut too.
pub(super) fn replace(path: &Path, content: &str) -> io::Result<()> {
    let beside = path.with_extension("tmp");
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        sync_dir(path.parent().unwrap_or(path))
    };
    write().map_err(|error| at(path, &error))
}

/// Makes what was created, renamed or removed in a directory outlive a power cut.
pub(super) fn sync_dir(path: &Path) -> io::Result<()> {
    #[cfg(test)]
    faults::before_sync()?;
    File::open(path)?.sync_all()
}

/// Makes what was written to a file outlive a power cut.
pub(super) fn sync(file: &File, path: &Path) -> io::Result<()> {
    #[cfg(test)]
    faults::before_sync()?;
    file.sync_data().map_err(|error| at(path, &error))
}

/// Failures that tests ask for, on their own thread only.
#[cfg(test)]
pub(super) mod faults {
    use std::cell::Cell;
    use std::fs::File;
    use std::io;
    use std::os::unix::fs::FileExt;

    thread_local! {
        static WRITE: Cell<Option<(usize, i32)>> = const { Cell::new(None) };
        static CUT: Cell<Option<i32>> = const { Cell::new(None) };
        static SYNC: Cell<Option<(usize, i32)>> = const { Cell::new(None) };
    }

    /// Lets the next write through for `length` bytes and then fails it with this error number.
    pub(in super::super) fn fail_write(length: usize, errno: i32) {
        WRITE.set(Some((length, errno)));
    }

    /// Fails the next cut with this error number.
    pub(in super::super) fn fail_cut(errno: i32) {
        CUT.set(Some(errno));
    }

    /// Lets so many syncs through, and fails the next with this error number.
    pub(in super::super) fn fail_sync(after: usize, errno: i32) {
        SYNC.set(Some((after, errno)));
    }

    pub(super) fn before_sync() -> io::Result<()> {
        match SYNC.take() {
            None => Ok(()),
            Some((0, errno)) => Err(io::Error::from_raw_os_error(errno)),
            Some((after, errno)) => {
                SYNC.set(Some((after - 1, errno)));
                Ok(())
            }
        }
    }

    pub(super) fn before_write(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        let Some((length, errno)) = WRITE.take() else { return Ok(()) };
        file.write_all_at(&bytes[..length.min(bytes.len())], offset)?;
        Err(io::Error::from_raw_os_error(errno))
    }

    pub(super) fn before_cut() -> io::Result<()> {
        CUT.take().map_or(Ok(()), |errno| Err(io::Error::from_raw_os_error(errno)))
    }
}
