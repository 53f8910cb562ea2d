//! Decides how long the disk itself takes: what every acknowledgement waits for, measured beside the load.

use super::histogram::Histogram;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

/// How often the disk is asked, and for how long at most.
const ASKED_MAX: u32 = 300;
const WITHIN: Duration = Duration::from_secs(2);

/// How long it takes to append 4 KiB to a file in the directory and have it on disk. The file has no name, so that
/// nothing of it stays.
pub(super) fn measure(directory: &Path) -> io::Result<Histogram> {
    let mut file = tempfile::tempfile_in(directory)?;
    let mut times = Histogram::new();
    let began = Instant::now();
    for _ in 0..ASKED_MAX {
        file.write_all(&[7; 4096])?;
        let asked = Instant::now();
        file.sync_data()?;
        times.record(u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX));
        if began.elapsed() > WITHIN {
            break;
        }
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_is_asked_and_nothing_stays() {
        let directory = tempfile::tempdir().unwrap();
        assert!(measure(directory.path()).unwrap().count() > 0);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
        assert!(measure(&directory.path().join("nowhere")).is_err());
    }
}
