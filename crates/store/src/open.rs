//! Decides whether a data directory may be opened, and puts its parts together.
//!
//! Start at [`open`]: lock, format, watermark, index, log, and then what the log has and the index
//! has not. Whatever does not fit together is refused before anything is changed.

use crate::disk::{Disk, create_private_directory, read_small, replace_small};
use crate::index::{Index, NotOpened};
use crate::log::append::Appender;
use crate::log::layout::{LogId, VERSION, parse_segment_name};
use crate::log::reader::LogReader;
use crate::log::recover::{Known, Recovered, Torn, examine, settle};
use crate::log::segments::Segments;
use crate::overlay::{Overlay, Table};
use crate::progress::{OnFatal, Progress};
use crate::space::FreeSpace;
use crate::trim::read_lowest;
use crate::watermark::Watermark;
use crate::{Damage, OpenError, Options, ReadError, Seq};
use std::fs::{File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, Hasher};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

const LOCK: &str = "LOCK";
const FORMAT: &str = "FORMAT";
const LOG: &str = "log";
pub(crate) const INDEX: &str = "index";
const FORMAT_HEAD: &str = "orderflow data directory";

/// What a start has found and done.
#[derive(Debug, Clone)]
pub struct OpenReport {
    /// The newest entry.
    pub last: Seq,
    /// The oldest entry that the log still has.
    pub lowest: Seq,
    /// How far the index had applied the log.
    pub applied: Seq,
    /// How many entries were applied again.
    pub replayed: u64,
    /// The torn end of the log, which was cut. Nothing in it was acknowledged.
    pub torn: Option<Torn>,
    /// True if there was a log but no watermark: the log's own heads were believed.
    pub watermark_was_missing: bool,
    /// How long it took.
    pub took: Duration,
}

/// The parts of an open directory.
pub(crate) struct Parts {
    pub(crate) lock: File,
    pub(crate) progress: Arc<Progress>,
    pub(crate) overlay: Arc<Overlay>,
    pub(crate) index: Arc<Index>,
    pub(crate) segments: Arc<Segments>,
    pub(crate) space: Arc<FreeSpace>,
    pub(crate) watermark: Arc<Watermark>,
    pub(crate) appender: Appender,
    /// How many segments, from the oldest, are still to be read through.
    pub(crate) unverified: usize,
    pub(crate) report: OpenReport,
}

pub(crate) fn open(directory: &Path, options: &Options, on_fatal: OnFatal) -> Result<Parts, OpenError> {
    let began = Instant::now();
    let disk = options.disk.as_ref();
    create_private_directory(directory).map_err(OpenError::io("create", directory))?;
    let lock = lock_directory(directory)?;
    let log_directory = directory.join(LOG);
    create_private_directory(&log_directory).map_err(OpenError::io("create", &log_directory))?;
    let log = read_format(disk, directory, &log_directory)?;
    let lowest = read_lowest(disk, directory, log)?;
    let (watermark, acknowledged) = Watermark::open(disk, directory, log)?;

    let known = Known {
        disk,
        directory: &log_directory,
        log,
        watermark: acknowledged,
        lowest,
        verify_bytes: options.verify_bytes,
        now_ms: (options.clock)(),
    };
    let mut recovered = examine(&known)?;

    let index_directory = directory.join(INDEX);
    let refused = |what| OpenError::Index { directory: index_directory.clone(), what };
    let index = Index::open(&index_directory, log, options).map_err(|error| match error {
        NotOpened::Refused(source) => OpenError::io("open the index in", &index_directory)(source),
        NotOpened::Damaged(what) => refused(what),
    })?;
    if index.log_id().map_err(refused)?.is_some_and(|found| found != log) {
        return Err(OpenError::IndexForeign { directory: index_directory });
    }
    let applied = index.applied().map_err(refused)?;
    let end = recovered.last;
    if applied > end {
        return Err(OpenError::IndexAhead { directory: index_directory, applied, end });
    }
    let lowest = recovered.segments.first().map_or(Seq::FIRST, |segment| segment.head.first);
    if applied.next() < lowest {
        return Err(OpenError::IndexBehind { directory: index_directory, applied, lowest });
    }

    let torn = settle(&known, &mut recovered)?;
    let Recovered { segments, unverified, last, previous_sum, marked_at, .. } = recovered;
    remove_trimmed(disk, &log_directory, lowest)?;
    watermark.write(last).and_then(|()| watermark.sync()).map_err(OpenError::io("write", watermark.path()))?;

    let active = segments.last().expect("a recovered log has a segment").clone();
    let segments = Arc::new(Segments::new(log, log_directory, segments));
    let progress = Arc::new(Progress::new(on_fatal));
    progress.start_at(last, applied);
    let table = replay(&segments, &progress, &index, applied, options).map_err(|error| match error {
        NotReplayed::Log(ReadError::Damaged(damage)) => {
            OpenError::Damaged { damage, advice: "restore a backup, or put the undamaged file back" }
        }
        NotReplayed::Log(error) => refused(error.to_string()),
        NotReplayed::Index(what) => refused(what),
    })?;
    let space =
        FreeSpace::open(options.disk.clone(), directory, options).map_err(OpenError::io("measure", directory))?;
    let report = OpenReport {
        last,
        lowest,
        applied,
        replayed: last.0 - applied.0,
        torn,
        watermark_was_missing: acknowledged.is_none() && last > Seq::NONE,
        took: began.elapsed(),
    };
    let appender = Appender {
        disk: options.disk.clone(),
        segments: segments.clone(),
        end: active.end(),
        zeros_end: active.end(),
        active,
        next: last.next(),
        previous_sum,
        segment_bytes: options.segment_bytes,
        ahead_bytes: options.ahead_bytes,
        marked_at,
    };
    Ok(Parts {
        lock,
        progress,
        overlay: Arc::new(Overlay::new(table)),
        index: Arc::new(index),
        segments,
        space: Arc::new(space),
        watermark: Arc::new(watermark),
        appender,
        unverified,
        report,
    })
}

/// One process at a time. The lock goes with the process, however it ends.
fn lock_directory(directory: &Path) -> Result<File, OpenError> {
    let path = directory.join(LOCK);
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    let mut file = open.map_err(OpenError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let _ = file.read_to_string(&mut text);
            return Err(OpenError::Locked { directory: directory.to_owned(), pid: text.trim().parse().ok() });
        }
        Err(TryLockError::Error(error)) => return Err(OpenError::io("lock", path)(error)),
    }
    let note = |file: &mut File| {
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())
    };
    // Only a help for whoever finds it locked; on a full disk it may be missing.
    let _ = note(&mut file);
    Ok(file)
}

/// The log's id, from a file that also says which version all of this is.
fn read_format(disk: &dyn Disk, directory: &Path, log_directory: &Path) -> Result<LogId, OpenError> {
    let path = directory.join(FORMAT);
    let damaged = |what: &str| OpenError::Damaged {
        damage: Damage { file: path.clone(), offset: 0, what: what.to_owned() },
        advice: "restore a backup, or put the undamaged file back",
    };
    let Some(bytes) = read_small(disk, &path).map_err(OpenError::io("read", &path))? else {
        let names = disk.list(log_directory).map_err(OpenError::io("list", log_directory))?;
        if names.iter().any(|name| parse_segment_name(name).is_some()) {
            return Err(damaged("it is missing, but there is a log"));
        }
        let log = LogId(std::hash::RandomState::new().build_hasher().finish());
        replace_small(disk, directory, FORMAT, format_text(VERSION, log).as_bytes())
            .map_err(OpenError::io("write", &path))?;
        return Ok(log);
    };
    let text = String::from_utf8(bytes).map_err(|_| damaged("it is not text"))?;
    let mut lines = text.lines();
    let head = lines.next().is_some_and(|line| line == FORMAT_HEAD);
    let version = lines.next().and_then(|line| line.strip_prefix("version ")).and_then(|version| version.parse().ok());
    let log = lines.next().and_then(|line| line.strip_prefix("log ")).and_then(|log| u64::from_str_radix(log, 16).ok());
    match (head, version, log) {
        // Before the checksum: a later version may have other lines.
        (true, Some(found), _) if found > VERSION => Err(OpenError::Newer { file: path, found, known: VERSION }),
        (true, Some(version), Some(log)) if text == format_text(version, LogId(log)) => Ok(LogId(log)),
        (true | false, _, _) => {
            Err(damaged("it does not say which version and which log this is, or its checksum does not hold"))
        }
    }
}

fn format_text(version: u32, log: LogId) -> String {
    let text = format!("{FORMAT_HEAD}\nversion {version}\nlog {:016x}\n", log.0);
    let sum = crc32c::crc32c(text.as_bytes());
    format!("{text}sum {sum:08x}\n")
}

/// Removes what a trim has recorded as gone and did not get to remove.
fn remove_trimmed(disk: &dyn Disk, log_directory: &Path, lowest: Seq) -> Result<(), OpenError> {
    for name in disk.list(log_directory).map_err(OpenError::io("list", log_directory))? {
        if parse_segment_name(&name).is_some_and(|first| first < lowest) {
            let path = log_directory.join(name);
            disk.unlink(&path).map_err(OpenError::io("remove", path))?;
        }
    }
    Ok(())
}

enum NotReplayed {
    Log(ReadError),
    Index(String),
}

/// Applies what the log has and the index has not; what is left in memory is the first table.
fn replay(
    segments: &Arc<Segments>,
    progress: &Arc<Progress>,
    index: &Index,
    applied: Seq,
    options: &Options,
) -> Result<Table, NotReplayed> {
    let mut table = Table::new();
    table.set_last(applied);
    let mut reader = LogReader::new(segments.clone(), progress.clone(), applied.next()).map_err(NotReplayed::Log)?;
    while let Some(entry) = reader.next().map_err(NotReplayed::Log)? {
        table.insert(entry.seq, entry.entry());
        table.set_last(entry.seq);
        if table.bytes() >= options.seal_bytes {
            index.wait_for_merging(|| false).map_err(NotReplayed::Index)?;
            index.ingest(&table, entry.seq).map_err(NotReplayed::Index)?;
            progress.set_applied(entry.seq);
            table = Table::new();
            table.set_last(entry.seq);
        }
    }
    Ok(table)
}

/// Where the index of a data directory is.
pub(crate) fn index_directory(directory: &Path) -> PathBuf {
    directory.join(INDEX)
}
