//! Decides what is known of one segment without reading its lines, and how it is found again after a crash.
//!
//! While lines are appended the [`Summary`] grows in memory; when the segment is full it is written behind the lines
//! as the seal. A segment without a sound seal is walked once, its torn end cut.

use super::batch::{self, HEAD, HEAD_OF_ALL_VERSIONS, Scan, Take};
use super::{Faults, disk, names};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// A segment, as it stands in its group's list.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) number: u64,
    /// When its first line was taken in, as its name says.
    pub(super) first_ms: i64,
    /// Where its lines end.
    pub(super) length: u64,
    /// What the file takes up, the seal included.
    pub(super) file_length: u64,
    pub(super) times: Times,
}

impl Segment {
    pub(super) fn path(&self, dir: &Path) -> PathBuf {
        dir.join(names::segment_file(self.first_ms, self.number))
    }
}

/// The times of some lines; of none, the earliest is after the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) oldest_ms: i64,
    pub(super) newest_ms: i64,
    pub(super) last_ingested_ms: i64,
}

impl Times {
    pub(super) const NONE: Self = Self { oldest_ms: i64::MAX, newest_ms: i64::MIN, last_ingested_ms: i64::MIN };

    pub(super) fn add(&mut self, other: Self) {
        self.oldest_ms = self.oldest_ms.min(other.oldest_ms);
        self.newest_ms = self.newest_ms.max(other.newest_ms);
        self.last_ingested_ms = self.last_ingested_ms.max(other.last_ingested_ms);
    }
}

/// What is known of one stream's lines in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) created_ms: i64,
    pub(super) times: Times,
}

impl Span {
    pub(super) fn add(&mut self, other: Self) {
        self.created_ms = self.created_ms.min(other.created_ms);
        self.times.add(other.times);
    }
}

/// What is known of a segment's lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) times: Times,
    pub(super) streams: BTreeMap<Box<str>, Span>,
}

impl Summary {
    pub(super) const fn new() -> Self {
        Self { times: Times::NONE, streams: BTreeMap::new() }
    }

    /// Takes in lines of one stream.
    pub(super) fn add(&mut self, stream: &str, times: Times) {
        self.times.add(times);
        let span = Span { created_ms: times.last_ingested_ms, times };
        match self.streams.get_mut(stream) {
            Some(known) => known.add(span),
            None => {
                self.streams.insert(stream.into(), span);
            }
        }
    }

    /// The seal's content: the segment's three times, the count of streams, and for each its name and four times.
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let put = |bytes: &mut Vec<u8>, times: &Times| {
            for time in [times.oldest_ms, times.newest_ms, times.last_ingested_ms] {
                bytes.extend(time.to_le_bytes());
            }
        };
        put(&mut bytes, &self.times);
        bytes.extend((self.streams.len() as u32).to_le_bytes());
        for (name, span) in &self.streams {
            bytes.extend((name.len() as u16).to_le_bytes());
            bytes.extend(name.as_bytes());
            bytes.extend(span.created_ms.to_le_bytes());
            put(&mut bytes, &span.times);
        }
        bytes
    }

    fn decode(content: &[u8]) -> Option<Self> {
        let mut content = Take(content);
        let times = |content: &mut Take<'_>| {
            Some(Times { oldest_ms: content.i64()?, newest_ms: content.i64()?, last_ingested_ms: content.i64()? })
        };
        let mut summary = Self { times: times(&mut content)?, streams: BTreeMap::new() };
        for _ in 0..content.u32()? {
            let name = content.text16()?.into();
            let span = Span { created_ms: content.i64()?, times: times(&mut content)? };
            summary.streams.insert(name, span);
        }
        Some(summary)
    }
}

/// The bytes that seal a segment.
pub(super) fn seal(summary: &Summary) -> Vec<u8> {
    batch::encode_seal(&summary.encode())
}

/// What a segment's file turned out to hold.
#[derive(Debug)]
pub(super) struct Recovered {
    /// Where its lines end.
    pub(super) length: u64,
    pub(super) file_length: u64,
    pub(super) sealed: bool,
    pub(super) summary: Summary,
}

/// Looks at a segment's file after a restart, and cuts a torn end; `None` if it holds no line and was deleted, or if
/// it is none of ours and is left alone.
pub(super) fn recover(path: &Path, faults: &Faults) -> io::Result<Option<Recovered>> {
    let file = disk::open_to_read(path)?;
    let file_length = file.metadata()?.len();
    if let Some((length, summary)) = sealed(&file, file_length)? {
        return Ok(Some(Recovered { length, file_length, sealed: true, summary }));
    }
    let mut head = [0; HEAD.len()];
    let got = head.len().min(usize::try_from(file_length).unwrap_or(usize::MAX));
    file.read_exact_at(&mut head[..got], 0)?;
    if got == head.len() && head.starts_with(HEAD_OF_ALL_VERSIONS) && head != *HEAD {
        faults.add(path, "this is a file of lines of another version; it is left out");
        return Ok(None);
    }
    let (length, skipped, summary) = walk(&file, file_length)?;
    if skipped > 0 {
        faults.add(path, format!("{skipped} bytes between lines are damaged and are skipped"));
    }
    if summary.streams.is_empty() {
        if head[..got] == HEAD[..got] || head == [0; HEAD.len()] {
            faults.add(path, format!("none of its {file_length} bytes is a line, as after a crash; it is deleted"));
            std::fs::remove_file(path)?;
        } else {
            faults.add(path, "this holds no line and does not begin as a file of lines; it is left out");
        }
        return Ok(None);
    }
    if head != *HEAD {
        faults.add(path, "its first bytes are damaged; its lines are kept");
    }
    if length < file_length {
        faults.add(path, format!("{} bytes at the end were torn by a crash and are cut", file_length - length));
        disk::cut(&disk::open_to_write(path)?, path, length)?;
    }
    Ok(Some(Recovered { length, file_length: length, sealed: false, summary }))
}

/// What is known of a segment that nothing is appended to: from its seal, or by walking it.
pub(super) fn summary(path: &Path, length: u64) -> io::Result<Summary> {
    let file = disk::open_to_read(path)?;
    let file_length = file.metadata()?.len();
    match sealed(&file, file_length)? {
        Some((_, summary)) => Ok(summary),
        None => walk(&file, length).map(|(_, _, summary)| summary),
    }
}

fn sealed(file: &File, file_length: u64) -> io::Result<Option<(u64, Summary)>> {
    let seal = batch::read_seal(file, file_length)?;
    Ok(seal.and_then(|(length, content)| Some((length, Summary::decode(&content)?))))
}

/// Where the lines of a file end, how many bytes before that are damaged, and what is known of them.
fn walk(file: &File, end: u64) -> io::Result<(u64, u64, Summary)> {
    let mut scan = Scan::new(file, 0, end);
    let mut summary = Summary::new();
    let mut length = scan.at();
    let mut skipped = 0;
    while let Some((_, body)) = scan.next()? {
        // What is sound but holds no lines is a seal that lost its trailer.
        let Some(batch) = batch::decode(body) else { continue };
        let times =
            Times { oldest_ms: batch.oldest_ms, newest_ms: batch.newest_ms, last_ingested_ms: batch.ingested_ms };
        summary.add(batch.stream, times);
        (length, skipped) = (scan.at(), scan.skipped);
    }
    Ok((length, skipped, summary))
}
