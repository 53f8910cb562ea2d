//! Decides what a start does with the log that it finds: go on, cut a torn end, or refuse.
//!
//! Start at [`examine`], which changes nothing, and [`settle`], which then cuts and syncs. A group
//! that is not whole is the torn end of something unacknowledged only if it lies above everything
//! that is known to have been durable and nothing whole follows it. Everything else is damage to
//! acknowledged data: nothing is changed, and the start is refused. Zeros to the end of the newest
//! segment were written ahead and are no torn end, but they stand for nothing that was acknowledged.

use super::append::create_segment;
use super::layout::{BadSegmentHead, LogId, SEGMENT_HEAD, SegmentHead, VERSION, parse_segment_name, segment_name};
use super::scan::{NoGroup, end_without_zeros, find_later_group};
use super::segments::{Mark, Segment, add_mark};
use super::verify::{NotVerified, verify_segment};
use crate::disk::{Disk, LogFile, OpenHow, is_out_of_space, read_up_to, write_all_at};
use crate::{Damage, OpenError, Seq};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const RESTORE: &str = "restore a backup, or put the undamaged file back";

/// The torn end of the log, which was cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The file that it was cut from.
    pub file: PathBuf,
    /// Where it began.
    pub offset: u64,
    /// How many bytes it had.
    pub bytes: u64,
    /// Where they are kept, unless there was no room for them.
    pub kept_in: Option<PathBuf>,
}

impl std::fmt::Display for Torn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { file, offset, bytes, kept_in } = self;
        let file = file.display();
        write!(
            f,
            "{bytes} bytes at the end of {file} (from byte {offset}) were torn off by a crash: nobody was told that \
             they were written, so they were cut"
        )?;
        match kept_in {
            Some(kept) => write!(f, " and kept in {}", kept.display()),
            None => f.write_str("; there was no room to keep them"),
        }
    }
}

/// What is known beforehand.
pub(crate) struct Known<'a> {
    pub(crate) disk: &'a dyn Disk,
    pub(crate) directory: &'a Path,
    pub(crate) log: LogId,
    /// What the watermark says; `None` if there is none.
    pub(crate) watermark: Option<Seq>,
    /// The entry that the log should reach back to.
    pub(crate) lowest: Seq,
    /// How many bytes of the newest log are read through now.
    pub(crate) verify_bytes: u64,
    pub(crate) now_ms: u64,
}

/// The log, ready to be continued.
pub(crate) struct Recovered {
    pub(crate) segments: Vec<Arc<Segment>>,
    /// How many of them, from the oldest, are still to be read through.
    pub(crate) unverified: usize,
    pub(crate) last: Seq,
    pub(crate) previous_sum: u32,
    pub(crate) marked_at: u64,
    torn: Option<Tear>,
    /// The newest group, if nobody has said that it reached the disk: where it is and how long.
    unsure: Option<(u64, u64)>,
}

/// Bytes at the end of the log that are to be cut.
struct Tear {
    path: PathBuf,
    file: Arc<dyn LogFile>,
    offset: u64,
    end: u64,
    /// The entry that would stand there.
    next: Seq,
}

struct Found {
    name: Seq,
    path: PathBuf,
    file: Arc<dyn LogFile>,
    bytes: u64,
    head: Result<SegmentHead, &'static str>,
}

/// Finds out how the log is, and changes nothing.
pub(crate) fn examine(known: &Known<'_>) -> Result<Recovered, OpenError> {
    let mut found = find_segments(known)?;
    let acknowledged = known.watermark.unwrap_or(Seq::NONE);
    let torn_head = take_torn_head(known, &mut found, acknowledged)?;
    if found.is_empty() {
        if acknowledged > Seq::NONE || known.lowest > Seq::FIRST {
            let acknowledged = acknowledged.max(known.lowest.before());
            return Err(OpenError::EndMissing { directory: known.directory.to_owned(), end: Seq::NONE, acknowledged });
        }
        let segments = Vec::new();
        return Ok(Recovered {
            segments,
            unverified: 0,
            last: Seq::NONE,
            previous_sum: 0,
            marked_at: 0,
            torn: torn_head,
            unsure: None,
        });
    }
    let segments = check_heads(known, found)?;
    let unverified = verify_sealed(known, &segments)?;
    let tail = walk_tail(known, segments.last().expect("not empty"), acknowledged)?;
    Ok(Recovered {
        segments,
        unverified,
        last: tail.last,
        previous_sum: tail.sum,
        marked_at: tail.marked_at,
        torn: tail.torn.or(torn_head),
        unsure: tail.unsure,
    })
}

/// Makes the log one that can be continued: the torn end is kept aside and cut, the rest is synced.
pub(crate) fn settle(known: &Known<'_>, recovered: &mut Recovered) -> Result<Option<Torn>, OpenError> {
    let torn = recovered.torn.take().map(|tear| cut(known, tear)).transpose()?;
    let Some(segment) = recovered.segments.last() else {
        let head = SegmentHead { first: Seq::FIRST, created_ms: known.now_ms, previous_bytes: 0, previous_sum: 0 };
        let (path, file) = create_segment(known.disk, known.directory, known.log, &head)
            .map_err(|(path, error)| OpenError::io("create", path)(error))?;
        let segment = Segment::new(head, path, file, SEGMENT_HEAD as u64);
        segment.set_marks(Vec::new());
        recovered.segments.push(Arc::new(segment));
        return Ok(torn);
    };
    let file = segment.file.as_ref();
    if let Some((offset, length)) = recovered.unsure {
        // If the sync of this group has failed, the system shows bytes that the disk does not
        // have, and would not write them again by itself.
        let mut bytes = vec![0; usize::try_from(length).expect("a group fits into memory")];
        read_up_to(file, &mut bytes, offset).map_err(OpenError::io("read", &segment.path))?;
        write_all_at(file, &bytes, offset).map_err(OpenError::io("write", &segment.path))?;
    }
    if file.size().map_err(OpenError::io("read", &segment.path))? > segment.end() {
        // Zeros. They are few, and only those that this process writes are known to be on the disk.
        file.set_len(segment.end()).map_err(OpenError::io("cut", &segment.path))?;
    }
    file.sync_data().map_err(OpenError::io("sync", &segment.path))?;
    known.disk.sync_directory(known.directory).map_err(OpenError::io("sync", known.directory))?;
    Ok(torn)
}

fn find_segments(known: &Known<'_>) -> Result<Vec<Found>, OpenError> {
    let names = known.disk.list(known.directory).map_err(OpenError::io("list", known.directory))?;
    let mut firsts: Vec<Seq> = names.iter().filter_map(|name| parse_segment_name(name)).collect();
    firsts.sort_unstable();
    // What a trim has recorded as gone and not removed any more is not looked at.
    while firsts.len() > 1 && firsts[1] <= known.lowest {
        firsts.remove(0);
    }
    let mut found = Vec::with_capacity(firsts.len());
    for name in firsts {
        let path = known.directory.join(segment_name(name));
        let file = known.disk.open(&path, OpenHow::Existing).map_err(OpenError::io("open", &path))?;
        let bytes = file.size().map_err(OpenError::io("read", &path))?;
        let mut head = [0; SEGMENT_HEAD];
        let read = read_up_to(file.as_ref(), &mut head, 0).map_err(OpenError::io("read", &path))?;
        let head = match SegmentHead::decode(known.log, &head[..read]) {
            Ok(head) if head.first != name => Err("its name is not that of its first entry"),
            Ok(head) => Ok(head),
            Err(BadSegmentHead::Newer(found)) => return Err(OpenError::Newer { file: path, found, known: VERSION }),
            Err(BadSegmentHead::Damaged(what)) => Err(what),
        };
        found.push(Found { name, path, file, bytes, head });
    }
    Ok(found)
}

/// The newest segment may have been created and not have got its head any more.
fn take_torn_head(known: &Known<'_>, found: &mut Vec<Found>, acknowledged: Seq) -> Result<Option<Tear>, OpenError> {
    let Some(last) = found.last() else { return Ok(None) };
    let Err(what) = last.head else { return Ok(None) };
    let later = find_later_group(last.file.as_ref(), known.log, 0, last.bytes, Seq::FIRST)
        .map_err(OpenError::io("read", &last.path))?;
    // With no segment before it, it is the log's very first, or the ones before it are missing.
    let belongs_last = found.len() > 1 || last.name == Seq::FIRST;
    if later.is_some() || last.name <= acknowledged || last.bytes > SEGMENT_HEAD as u64 || !belongs_last {
        return Err(damaged(&last.path, 0, what));
    }
    let last = found.pop().expect("looked at above");
    Ok(Some(Tear { path: last.path, file: last.file, offset: 0, end: last.bytes, next: last.name }))
}

fn check_heads(known: &Known<'_>, found: Vec<Found>) -> Result<Vec<Arc<Segment>>, OpenError> {
    let mut segments: Vec<Arc<Segment>> = Vec::with_capacity(found.len());
    for found in found {
        let head = found.head.map_err(|what| damaged(&found.path, 0, what))?;
        match segments.last() {
            None if head.first > known.lowest => {
                return Err(OpenError::BeginMissing {
                    directory: known.directory.to_owned(),
                    found: head.first,
                    expected: known.lowest,
                    missing: segment_name(known.lowest),
                });
            }
            Some(before) if before.end() != head.previous_bytes => {
                let what = format!(
                    "it has {} bytes, but the segment after it, {}, was begun when the one before it had {}: a part of it or a whole segment is missing",
                    before.end(),
                    segment_name(head.first),
                    head.previous_bytes
                );
                return Err(damaged(&before.path, before.end().min(head.previous_bytes), what));
            }
            None | Some(_) => {}
        }
        segments.push(Arc::new(Segment::new(head, found.path, found.file, found.bytes)));
    }
    Ok(segments)
}

/// Reads the newest sealed segments through, in parallel; returns how many older ones it left.
fn verify_sealed(known: &Known<'_>, segments: &[Arc<Segment>]) -> Result<usize, OpenError> {
    let mut left = segments.len() - 1;
    let mut bytes = segments[left].end();
    while left > 0 && (bytes < known.verify_bytes || left + 1 == segments.len()) {
        left -= 1;
        bytes += segments[left].end();
    }
    let next = AtomicUsize::new(left);
    let failed: Mutex<Option<(usize, OpenError)>> = Mutex::new(None);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(segments.len() - 1 - left) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at + 1 >= segments.len() {
                        return;
                    }
                    let error = match verify_segment(&segments[at], known.log, Some(&segments[at + 1].head), |_| true) {
                        Ok(_) => continue,
                        Err(NotVerified::Damaged(damage)) => OpenError::Damaged { damage, advice: RESTORE },
                        Err(NotVerified::Io(error)) => OpenError::io("read", &segments[at].path)(error),
                    };
                    let mut failed = crate::progress::lock(&failed);
                    if failed.as_ref().is_none_or(|(earlier, _)| at < *earlier) {
                        *failed = Some((at, error));
                    }
                }
            });
        }
    });
    match failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        Some((_, error)) => Err(error),
        None => Ok(left),
    }
}

/// Where the log ends.
struct Tail {
    last: Seq,
    sum: u32,
    marked_at: u64,
    torn: Option<Tear>,
    unsure: Option<(u64, u64)>,
}

fn walk_tail(known: &Known<'_>, segment: &Segment, watermark: Seq) -> Result<Tail, OpenError> {
    let file = segment.file.as_ref();
    let mut marks: Vec<Mark> = Vec::new();
    let mut acknowledged = watermark.max(segment.head.first.before());
    let mut last_group = None;
    let mut scan = segment.scan(known.log);
    let bad = loop {
        let offset = scan.offset();
        match scan.next() {
            Ok(Some(group)) => {
                acknowledged = acknowledged.max(group.head.durable);
                last_group = Some((offset, group.head));
                add_mark(&mut marks, Mark { seq: group.head.first, offset });
            }
            Ok(None) => break None,
            Err(NoGroup::Bad(what)) => break Some(what),
            Err(NoGroup::Io(error)) => return Err(OpenError::io("read", &segment.path)(error)),
        }
    };
    let (end, next) = (scan.offset(), scan.next_seq());
    let mut torn = None;
    if let Some(what) = bad {
        let later = find_later_group(file, known.log, end, segment.end(), next)
            .map_err(OpenError::io("read", &segment.path))?;
        if let Some((at, _)) = later {
            return Err(damaged(&segment.path, end, format!("{what}, and a whole group follows at byte {at}")));
        }
        if next <= acknowledged {
            return Err(damaged(
                &segment.path,
                end,
                format!("{what}, and entry {next}, which belongs here, was acknowledged"),
            ));
        }
        let torn_end = end_without_zeros(file, end, segment.end()).map_err(OpenError::io("read", &segment.path))?;
        if torn_end > end {
            torn =
                Some(Tear { path: segment.path.clone(), file: segment.file.clone(), offset: end, end: torn_end, next });
        }
    }
    let last = next.before();
    if last < acknowledged {
        return Err(OpenError::EndMissing { directory: known.directory.to_owned(), end: last, acknowledged });
    }
    let marked_at = marks.last().map_or(0, |mark| mark.offset);
    let sum = scan.previous_sum();
    segment.set_marks(marks);
    segment.set_end(end);
    let unsure =
        last_group.filter(|(_, head)| head.last() > watermark).map(|(offset, head)| (offset, head.group_bytes()));
    Ok(Tail { last, sum, marked_at, torn, unsure })
}

/// Keeps the torn bytes in a file of their own, and takes them off the log.
fn cut(known: &Known<'_>, tear: Tear) -> Result<Torn, OpenError> {
    let Tear { path: from, file, offset, end, next } = tear;
    let path = known.directory.join(format!("torn-{:020}-{}.bin", next.0, known.now_ms));
    let copy = || {
        let mut bytes = vec![0; usize::try_from(end - offset).unwrap_or(0)];
        let read = read_up_to(file.as_ref(), &mut bytes, offset)?;
        let kept = known.disk.open(&path, OpenHow::New)?;
        write_all_at(kept.as_ref(), &bytes[..read], 0)?;
        kept.sync_data()
    };
    let kept_in = match copy() {
        Ok(()) => Some(path),
        Err(error) if is_out_of_space(&error) => {
            // Its bytes are of no use to the log, so a full disk must not keep it from starting.
            let _ = known.disk.unlink(&path);
            None
        }
        Err(error) => return Err(OpenError::io("write", path)(error)),
    };
    if offset == 0 {
        // A segment that never got its head.
        known.disk.unlink(&from).map_err(OpenError::io("remove", &from))?;
    } else {
        file.set_len(offset).map_err(OpenError::io("cut", &from))?;
    }
    Ok(Torn { file: from, offset, bytes: end - offset, kept_in })
}

fn damaged(path: &Path, offset: u64, what: impl Into<String>) -> OpenError {
    OpenError::Damaged { damage: Damage { file: path.to_owned(), offset, what: what.into() }, advice: RESTORE }
}
