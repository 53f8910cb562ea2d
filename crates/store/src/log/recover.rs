//! Decides what a start does with the log that it finds: go on, cut a torn end, or refuse.
//!
//! Start at [`recover`]. A group that is not whole is the torn end of something unacknowledged only
//! if it lies above everything that is known to have been durable and nothing whole follows it.
//! Everything else is damage to acknowledged data: nothing is changed, and the start is refused.

use super::append::create_segment;
use super::layout::{BadSegmentHead, LogId, SEGMENT_HEAD, SegmentHead, VERSION, parse_segment_name, segment_name};
use super::scan::{NoGroup, find_later_group};
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
    pub(crate) torn: Option<Torn>,
}

struct Found {
    name: Seq,
    path: PathBuf,
    file: Arc<dyn LogFile>,
    bytes: u64,
    head: Result<SegmentHead, &'static str>,
}

pub(crate) fn recover(known: &Known<'_>) -> Result<Recovered, OpenError> {
    let mut found = find_segments(known)?;
    let acknowledged = known.watermark.unwrap_or(Seq::NONE);
    let mut torn = drop_torn_head(known, &mut found, acknowledged)?;
    if found.is_empty() {
        return begin(known, acknowledged, torn);
    }
    let segments = check_heads(known, found)?;
    let unverified = verify_sealed(known, &segments)?;
    let (tail, tail_torn) = walk_tail(known, segments.last().expect("not empty"), acknowledged)?;
    torn = tail_torn.or(torn);
    Ok(Recovered { segments, unverified, last: tail.last, previous_sum: tail.sum, marked_at: tail.marked_at, torn })
}

/// An empty directory gets its first segment, unless there should have been something.
fn begin(known: &Known<'_>, acknowledged: Seq, torn: Option<Torn>) -> Result<Recovered, OpenError> {
    if acknowledged > Seq::NONE || known.lowest > Seq::FIRST {
        return Err(OpenError::EndMissing {
            directory: known.directory.to_owned(),
            end: Seq::NONE,
            acknowledged: acknowledged.max(known.lowest.before()),
        });
    }
    let head = SegmentHead { first: Seq::FIRST, created_ms: known.now_ms, previous_bytes: 0, previous_sum: 0 };
    let (path, file) = create_segment(known.disk, known.directory, known.log, &head)
        .map_err(|(path, error)| OpenError::io("create", path)(error))?;
    let segment = Segment::new(head, path, file, SEGMENT_HEAD as u64);
    segment.set_marks(Vec::new());
    Ok(Recovered { segments: vec![Arc::new(segment)], unverified: 0, last: Seq::NONE, previous_sum: 0, marked_at: 0, torn })
}

fn find_segments(known: &Known<'_>) -> Result<Vec<Found>, OpenError> {
    let names = known.disk.list(known.directory).map_err(OpenError::io("list", known.directory))?;
    let mut firsts: Vec<Seq> = names.iter().filter_map(|name| parse_segment_name(name)).collect();
    firsts.sort_unstable();
    // What a trim has recorded as gone and not removed any more.
    while firsts.len() > 1 && firsts[1] <= known.lowest {
        let path = known.directory.join(segment_name(firsts.remove(0)));
        known.disk.unlink(&path).map_err(OpenError::io("remove", &path))?;
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
fn drop_torn_head(known: &Known<'_>, found: &mut Vec<Found>, acknowledged: Seq) -> Result<Option<Torn>, OpenError> {
    let Some(last) = found.last() else { return Ok(None) };
    let Err(what) = last.head else { return Ok(None) };
    let later = find_later_group(last.file.as_ref(), known.log, 0, last.bytes, Seq::FIRST).map_err(OpenError::io("read", &last.path))?;
    // With no segment before it, it is the log's very first, or the ones before it are missing.
    let belongs_last = found.len() > 1 || last.name == Seq::FIRST;
    if later.is_some() || last.name <= acknowledged || last.bytes > SEGMENT_HEAD as u64 || !belongs_last {
        return Err(damaged(&last.path, 0, what));
    }
    let torn = keep_aside(known, last.path.clone(), last.file.as_ref(), 0, last.bytes, last.name)?;
    known.disk.unlink(&last.path).map_err(OpenError::io("remove", &last.path))?;
    known.disk.sync_directory(known.directory).map_err(OpenError::io("sync", known.directory))?;
    found.pop();
    Ok(Some(torn))
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
}

fn walk_tail(known: &Known<'_>, segment: &Segment, watermark: Seq) -> Result<(Tail, Option<Torn>), OpenError> {
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
        let later = find_later_group(file, known.log, end, segment.end(), next).map_err(OpenError::io("read", &segment.path))?;
        if let Some((at, _)) = later {
            return Err(damaged(&segment.path, end, format!("{what}, and a whole group follows at byte {at}")));
        }
        if next <= acknowledged {
            return Err(damaged(&segment.path, end, format!("{what}, and entry {next}, which belongs here, was acknowledged")));
        }
        torn = Some(keep_aside(known, segment.path.clone(), file, end, segment.end(), next)?);
        file.set_len(end).map_err(OpenError::io("cut", &segment.path))?;
        segment.set_end(end);
    }
    let last = next.before();
    if last < acknowledged {
        return Err(OpenError::EndMissing { directory: known.directory.to_owned(), end: last, acknowledged });
    }
    if let Some((offset, head)) = last_group.filter(|(_, head)| head.last() > watermark) {
        // Nobody has said that this group reached the disk. If its sync has failed, the system
        // shows bytes that the disk does not have, and would not write them again by itself.
        let mut bytes = vec![0; usize::try_from(head.group_bytes()).expect("a group fits into memory")];
        read_up_to(file, &mut bytes, offset).map_err(OpenError::io("read", &segment.path))?;
        write_all_at(file, &bytes, offset).map_err(OpenError::io("write", &segment.path))?;
    }
    file.sync_data().map_err(OpenError::io("sync", &segment.path))?;
    known.disk.sync_directory(known.directory).map_err(OpenError::io("sync", known.directory))?;
    let marked_at = marks.last().map_or(0, |mark| mark.offset);
    let sum = scan.previous_sum();
    segment.set_marks(marks);
    Ok((Tail { last, sum, marked_at }, torn))
}

fn keep_aside(known: &Known<'_>, from: PathBuf, file: &dyn LogFile, offset: u64, end: u64, next: Seq) -> Result<Torn, OpenError> {
    let path = known.directory.join(format!("torn-{:020}-{}.bin", next.0, known.now_ms));
    let copy = || {
        let mut bytes = vec![0; usize::try_from(end - offset).unwrap_or(0)];
        let read = read_up_to(file, &mut bytes, offset)?;
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
    Ok(Torn { file: from, offset, bytes: end - offset, kept_in })
}

fn damaged(path: &Path, offset: u64, what: impl Into<String>) -> OpenError {
    OpenError::Damaged { damage: Damage { file: path.to_owned(), offset, what: what.into() }, advice: RESTORE }
}
