//! Decides what one group's directory holds: its segments, and a small file that says what the group is.
//!
//! One lock guards it. Only the last segment is appended to, and only while it is `active`; it is sealed when it is
//! large or old enough. Numbers of segments are never used twice, so that positions are not.

use super::batch::{Encoded, HEAD};
use super::names;
use super::segment::{self, Segment, Summary, Times};
use super::sync::{Syncer, Written};
use super::{Dropped, Faults, GroupInfo, StreamInfo, at, disk, lock};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// A segment of this size is sealed.
pub(super) const SEGMENT_LENGTH_MAX: u64 = 8 * 1024 * 1024;
/// A segment of this age is sealed.
const SEGMENT_AGE_MAX_MS: i64 = DAY_MS;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// The file that says what the group is.
const ABOUT: &str = "group";

/// One group.
#[derive(Debug)]
pub(super) struct Group {
    name: Box<str>,
    dir: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    about: About,
    /// By number.
    segments: Vec<Segment>,
    /// The number of the next segment.
    next: u64,
    /// The last segment, if it is appended to.
    active: Option<Active>,
}

/// What is kept of the segment that is appended to.
#[derive(Debug)]
struct Active {
    summary: Summary,
    /// Open since the last append, unless too many were.
    file: Option<Arc<Written>>,
    /// Whether a failed write may have left bytes behind the lines.
    torn: bool,
}

/// What the small file says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct About {
    created_ms: i64,
    retention_days: Option<u32>,
    /// No segment with a number below this one is made any more.
    next: u64,
}

impl About {
    fn write(&self, dir: &Path, name: &str) -> io::Result<()> {
        let retention = self.retention_days.map_or_else(|| "none".to_owned(), |days| days.to_string());
        let name = names::escape(name);
        let text = format!(
            "orderflow lines 1\nname {name}\ncreated {}\nretention {retention}\nnext {}\n",
            self.created_ms, self.next
        );
        disk::replace(&dir.join(ABOUT), &text)
    }

    fn parse(text: &str) -> Option<(String, Self)> {
        let mut lines = text.lines();
        let mut value = |key: &str| lines.next()?.strip_prefix(key)?.strip_prefix(' ');
        if value("orderflow lines")? != "1" {
            return None;
        }
        let name = names::unescape(value("name")?)?;
        let created_ms = value("created")?.parse().ok()?;
        let retention_days = match value("retention")? {
            "none" => None,
            days => Some(days.parse().ok()?),
        };
        Some((name, Self { created_ms, retention_days, next: value("next")?.parse().ok()? }))
    }
}

impl Group {
    /// Makes a group and its directory. A directory that is there already is what a crash or a fault left of it.
    pub(super) fn create(
        dir: &Path,
        name: &str,
        retention_days: Option<u32>,
        now_ms: i64,
        faults: &Faults,
    ) -> io::Result<Self> {
        if name.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a group's name is empty"));
        }
        let parent = dir;
        let dir = dir.join(names::dir_of(name));
        if dir.exists() && (dir.join(ABOUT).exists() || !segment_files(&dir)?.is_empty()) {
            let group = Self::open(&dir, faults)?;
            if *group.name != *name {
                let problem = format!("{}: this directory belongs to the group {:?}", dir.display(), group.name);
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, problem));
            }
            return Ok(group);
        }
        disk::make_dir(&dir)?;
        let about = About { created_ms: now_ms, retention_days, next: 1 };
        about.write(&dir, name)?;
        disk::sync_dir(parent).map_err(|error| at(parent, &error))?;
        let state = State { about, segments: Vec::new(), next: 1, active: None };
        Ok(Self { name: name.into(), dir, state: Mutex::new(state) })
    }

    /// Opens a group's directory.
    pub(super) fn open(dir: &Path, faults: &Faults) -> io::Result<Self> {
        let (mut segments, mut last) = (Vec::new(), None);
        for (first_ms, number, path) in segment_files(dir)? {
            let recovered = match segment::recover(&path, faults) {
                Ok(recovered) => recovered,
                Err(error) => {
                    faults.add(&path, format!("this cannot be read and is left out: {error}"));
                    None
                }
            };
            // A number is used up even if its segment turned out to be empty.
            last = Some((number, None));
            let Some(recovered) = recovered else { continue };
            segments.push(Segment {
                number,
                first_ms,
                length: recovered.length,
                file_length: recovered.file_length,
                times: recovered.summary.times,
            });
            if !recovered.sealed {
                last = Some((number, Some(recovered.summary)));
            }
        }
        let (name, about) = read_about(dir, segments.first(), faults)?;
        let after_last = last.as_ref().map_or(1, |(number, _)| number + 1);
        let next = about.next.max(after_last);
        let summary = last.and_then(|(_, summary)| summary);
        let active = summary.map(|summary| Active { summary, file: None, torn: false });
        Ok(Self { name: name.into(), dir: dir.to_owned(), state: Mutex::new(State { about, segments, next, active }) })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn info(&self) -> GroupInfo {
        let state = lock(&self.state);
        GroupInfo {
            name: self.name.to_string(),
            created_ms: state.about.created_ms,
            retention_days: state.about.retention_days,
            stored_bytes: state.segments.iter().map(|segment| segment.file_length).sum(),
        }
    }

    /// The segments as they are now; lines up to their lengths stay readable while others are appended.
    pub(super) fn segments(&self) -> Vec<Segment> {
        lock(&self.state).segments.clone()
    }

    pub(super) fn set_retention(&self, retention_days: Option<u32>) -> io::Result<()> {
        let mut state = lock(&self.state);
        let about = About { retention_days, ..state.about.clone() };
        about.write(&self.dir, &self.name)?;
        state.about = about;
        Ok(())
    }

    /// Appends batches; whether a segment had to be opened for it.
    pub(super) fn append(
        &self,
        encoded: &Encoded,
        stream: &str,
        ingested_ms: i64,
        syncer: &Syncer,
        faults: &Faults,
    ) -> io::Result<bool> {
        let mut state = lock(&self.state);
        let state = &mut *state;
        let added = encoded.bytes.len() as u64;
        if state.is_full(added, ingested_ms) {
            state.seal(&self.dir, syncer, faults);
        }
        let times = Times { oldest_ms: encoded.oldest_ms, newest_ms: encoded.newest_ms, last_ingested_ms: ingested_ms };
        if state.active.is_none() {
            let (segment, file) = self.start_segment(state.next, &encoded.bytes, ingested_ms, times)?;
            syncer.wrote(&file);
            syncer.made_in(self.dir.clone());
            let mut summary = Summary::new();
            summary.add(stream, times);
            state.next += 1;
            state.segments.push(segment);
            state.active = Some(Active { summary, file: Some(file), torn: false });
            return Ok(true);
        }
        let (active, segment) = state.active().expect("just seen to be there");
        let opened = active.file.is_none();
        let file = active.open(&segment.path(&self.dir))?;
        active.write(&file, &encoded.bytes, segment.length)?;
        segment.length += added;
        segment.file_length = segment.length;
        segment.times.add(times);
        active.summary.add(stream, times);
        syncer.wrote(&file);
        Ok(opened)
    }

    /// Makes a segment with its first lines; if they cannot be written, nothing of it stays.
    fn start_segment(
        &self,
        number: u64,
        bytes: &[u8],
        ingested_ms: i64,
        times: Times,
    ) -> io::Result<(Segment, Arc<Written>)> {
        let mut segment = Segment { number, first_ms: ingested_ms.max(0), length: 0, file_length: 0, times };
        let path = segment.path(&self.dir);
        let file = disk::create(&path)?;
        let whole = [&HEAD[..], bytes].concat();
        if let Err(error) = disk::write_at(&file, &path, &whole, 0) {
            // Should this fail too, the number is taken, and the next append says so until a restart clears it away.
            drop(std::fs::remove_file(&path));
            return Err(error);
        }
        segment.length = whole.len() as u64;
        segment.file_length = segment.length;
        Ok((segment, Arc::new(Written::new(file, path))))
    }

    /// Closes the file that is appended to; the next append opens it again.
    pub(super) fn close_file(&self) {
        if let Some(active) = &mut lock(&self.state).active {
            active.file = None;
        }
    }

    pub(super) fn streams(&self) -> io::Result<Vec<StreamInfo>> {
        let (segments, active) = {
            let state = lock(&self.state);
            (state.segments.clone(), state.active.as_ref().map(|active| active.summary.streams.clone()))
        };
        let sealed = segments.len() - usize::from(active.is_some());
        let mut streams = active.unwrap_or_default();
        for segment in &segments[..sealed] {
            let summary = match segment::summary(&segment.path(&self.dir), segment.length) {
                Ok(summary) => summary,
                // Let go since the lock was given back.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            for (name, span) in summary.streams {
                streams.entry(name).and_modify(|known| known.add(span)).or_insert(span);
            }
        }
        let info = |(name, span): (Box<str>, segment::Span)| StreamInfo {
            name: name.into(),
            created_ms: span.created_ms,
            first_ms: span.times.oldest_ms,
            last_ms: span.times.newest_ms,
            last_ingested_ms: span.times.last_ingested_ms,
        };
        Ok(streams.into_iter().map(info).collect())
    }

    /// Deletes the segments whose newest line is past the retention.
    pub(super) fn drop_expired(&self, now_ms: i64, dropped: &mut Dropped) -> io::Result<()> {
        let mut state = lock(&self.state);
        let state = &mut *state;
        let Some(days) = state.about.retention_days else { return Ok(()) };
        let kept_ms = i64::from(days) * DAY_MS;
        let expired = |segment: &Segment| {
            // A line from the future does not keep its segment for longer than since it was taken in.
            let newest_ms = segment.times.newest_ms.min(segment.times.last_ingested_ms);
            now_ms.saturating_sub(newest_ms) >= kept_ms
        };
        let mut error = None;
        let mut last_kept = None;
        if let Some(last) = state.segments.last().filter(|last| expired(last)) {
            // The last number would be forgotten with its file. If that cannot be written, as on a full disk, the older
            // segments go all the same, and that makes room.
            let about = About { next: state.next, ..state.about.clone() };
            match about.write(&self.dir, &self.name) {
                Ok(()) => (state.about, state.active) = (about, None),
                Err(failed) => (error, last_kept) = (Some(failed), Some(last.number)),
            }
        }
        state.segments.retain(|segment| {
            if !expired(segment) || last_kept == Some(segment.number) {
                return true;
            }
            let path = segment.path(&self.dir);
            match std::fs::remove_file(&path) {
                Err(failed) if failed.kind() != io::ErrorKind::NotFound => {
                    error.get_or_insert(at(&path, &failed));
                    true
                }
                Ok(()) | Err(_) => {
                    dropped.segments += 1;
                    dropped.bytes += segment.file_length;
                    false
                }
            }
        });
        error.map_or(Ok(()), Err)
    }
}

impl State {
    fn active(&mut self) -> Option<(&mut Active, &mut Segment)> {
        self.active.as_mut().zip(self.segments.last_mut())
    }

    /// Whether the segment that is appended to has no room or time for more.
    fn is_full(&self, added: u64, now_ms: i64) -> bool {
        self.active.is_some()
            && self.segments.last().is_some_and(|segment| {
                segment.length + added > SEGMENT_LENGTH_MAX
                    || now_ms.saturating_sub(segment.first_ms) >= SEGMENT_AGE_MAX_MS
            })
    }

    /// Ends the segment that is appended to. Without a seal it is as good, only slower to open.
    fn seal(&mut self, dir: &Path, syncer: &Syncer, faults: &Faults) {
        let Some((active, segment)) = self.active() else { return };
        let path = segment.path(dir);
        let seal = segment::seal(&active.summary);
        let sealed = active.open(&path).and_then(|file| {
            active.write(&file, &seal, segment.length)?;
            syncer.wrote(&file);
            Ok(())
        });
        match sealed {
            Ok(()) => segment.file_length = segment.length + seal.len() as u64,
            Err(error) => faults.add(&path, format!("the segment could not be sealed and opens slower: {error}")),
        }
        self.active = None;
    }
}

impl Active {
    fn open(&mut self, path: &Path) -> io::Result<Arc<Written>> {
        if let Some(file) = &self.file {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(Written::new(disk::open_to_write(path)?, path.to_owned()));
        self.file = Some(Arc::clone(&file));
        Ok(file)
    }

    /// Writes bytes behind the lines, all or none: what a failed write left there is cut, at the latest before the
    /// next one.
    fn write(&mut self, file: &Written, bytes: &[u8], length: u64) -> io::Result<()> {
        if self.torn {
            disk::cut(&file.file, &file.path, length)?;
            self.torn = false;
        }
        let written = disk::write_at(&file.file, &file.path, bytes, length);
        if written.is_err() {
            self.torn = disk::cut(&file.file, &file.path, length).is_err();
        }
        written
    }
}

/// A group's segments by number: first time, number and path.
fn segment_files(dir: &Path) -> io::Result<Vec<(i64, u64, PathBuf)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(|error| at(dir, &error))? {
        let entry = entry.map_err(|error| at(dir, &error))?;
        if let Some((first_ms, number)) = entry.file_name().to_str().and_then(names::parse_segment_file) {
            files.push((first_ms, number, entry.path()));
        }
    }
    files.sort_by_key(|(_, number, _)| *number);
    Ok(files)
}

/// What the group is; if its file is lost, what its directory and its lines tell, kept for ever.
fn read_about(dir: &Path, first: Option<&Segment>, faults: &Faults) -> io::Result<(String, About)> {
    let path = dir.join(ABOUT);
    let read = std::fs::read_to_string(&path);
    if let Some(known) = read.as_deref().ok().and_then(About::parse) {
        return Ok(known);
    }
    let name = dir.file_name().and_then(|name| name.to_str()).and_then(names::unescape);
    let name = name.ok_or_else(|| {
        let problem = format!("{} does not say which group this is", path.display());
        io::Error::new(io::ErrorKind::InvalidData, problem)
    })?;
    let about = About { created_ms: first.map_or(0, |segment| segment.first_ms), retention_days: None, next: 1 };
    about.write(dir, &name)?;
    faults.add(&path, "this was lost or damaged and is made anew; the group's lines are kept until a retention is set");
    Ok((name, about))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_group_is_survives_its_file() {
        let dir = tempfile::tempdir().unwrap();
        for retention_days in [None, Some(14)] {
            let about = About { created_ms: -3, retention_days, next: 9 };
            about.write(dir.path(), "/aws/lambda/F\n").unwrap();
            let text = std::fs::read_to_string(dir.path().join(ABOUT)).unwrap();
            assert_eq!(About::parse(&text), Some(("/aws/lambda/F\n".to_owned(), about)));
        }
        for text in
            ["", "orderflow lines 2\nname a\ncreated 1\nretention none\nnext 1\n", "orderflow lines 1\nname a\n"]
        {
            assert_eq!(About::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_unsealed_segment_gives_the_same_summary_as_a_sealed_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let mut summary = Summary::new();
        let mut bytes = HEAD.to_vec();
        let appends: [(&str, i64, i64); 3] = [("a", 5, 7), ("b", -2, 8), ("a", 3, 9)];
        for (stream, time, ingested_ms) in appends {
            bytes.extend(super::super::batch::encode(stream, &[(time, "x")], ingested_ms).unwrap().bytes);
            summary.add(stream, Times { oldest_ms: time, newest_ms: time, last_ingested_ms: ingested_ms });
        }
        std::fs::write(&path, &bytes).unwrap();
        let length = bytes.len() as u64;
        assert_eq!(segment::summary(&path, length).unwrap(), summary);
        bytes.extend(segment::seal(&summary));
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(segment::summary(&path, length).unwrap(), summary);
        let recovered = segment::recover(&path, &Faults::default()).unwrap().unwrap();
        assert!(recovered.sealed);
        assert_eq!((recovered.length, recovered.file_length), (length, bytes.len() as u64));
    }
}
