//! Decides what one group's directory holds: its segments, and a small file that says what the group is (`about`).
//!
//! One lock guards it. Only the last segment is appended to, and only while it is `active`; it is sealed when it is
//! large or old enough. Numbers of segments are never used twice, so that positions are not.

use super::about::{self, ABOUT, About};
use super::batch::{Encoded, HEAD};
use super::names;
use super::segment::{self, Segment, Summary, Times};
use super::sync::{Syncer, Written};
use super::{Dropped, Faults, GroupInfo, StreamInfo, StreamMade, StreamTimes, at, disk, lock};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A segment of this size is sealed.
pub(super) const SEGMENT_LENGTH_MAX: u64 = 8 * 1024 * 1024;
/// A segment of this age is sealed.
const SEGMENT_AGE_MAX_MS: i64 = DAY_MS;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// How many streams may have been let go whose lines still take up room.
const GONE_MAX: usize = 1_000;

/// One group.
#[derive(Debug)]
pub(super) struct Group {
    name: Box<str>,
    dir: PathBuf,
    state: Mutex<State>,
    /// How many of its streams were made by name; beside the state, so that all groups are summed up without waiting
    /// for one that is being written.
    made: AtomicUsize,
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
    /// Whether the group was deleted; whoever still holds it writes nothing any more, since what stands in its place may
    /// be another group.
    removed: bool,
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

/// What an append did.
#[derive(Debug)]
pub(super) struct Appended {
    /// What the lines were written to.
    pub(super) file: Arc<Written>,
    /// Whether it had to be opened for them.
    pub(super) opened: bool,
    /// How many syncs of it had failed before they were written.
    pub(super) failures: u64,
}

impl Group {
    /// Makes a group and its directory. A directory that is there already is what a crash or a fault left of it.
    pub(super) fn create(
        dir: &Path,
        name: &str,
        retention_days: Option<u32>,
        tags: BTreeMap<String, String>,
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
            if !tags.is_empty() {
                lock(&group.state).change_about(&group, |about| about.tags = tags)?;
            }
            return Ok(group);
        }
        disk::make_dir(&dir)?;
        let about = About { retention_days, tags, ..About::new(now_ms, 1) };
        about.write(&dir, name)?;
        disk::sync_dir(parent).map_err(|error| at(parent, &error))?;
        let state = State { about, segments: Vec::new(), next: 1, active: None, removed: false };
        Ok(Self { name: name.into(), dir, state: Mutex::new(state), made: AtomicUsize::new(0) })
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
        let (name, about) = about::read(dir, segments.first(), faults)?;
        let after_last = last.as_ref().map_or(1, |(number, _)| number + 1);
        let next = about.next.max(after_last);
        // A segment that was ended because a stream was let go is appended to no more, sealed or not.
        let ended = about.gone.values().max().copied().unwrap_or(0);
        let summary = last.filter(|(number, _)| *number >= ended).and_then(|(_, summary)| summary);
        let active = summary.map(|summary| Active { summary, file: None, torn: false });
        Ok(Self {
            made: AtomicUsize::new(about.made.len()),
            name: name.into(),
            dir: dir.to_owned(),
            state: Mutex::new(State { about, segments, next, active, removed: false }),
        })
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
        lock(&self.state).change_about(self, |about| about.retention_days = retention_days)
    }

    /// What somebody knows it by.
    pub(super) fn tags(&self) -> BTreeMap<String, String> {
        lock(&self.state).about.tags.clone()
    }

    /// Changes what somebody knows it by, unless that would be more than `most`; whether it did.
    pub(super) fn change_tags(
        &self,
        most: usize,
        change: impl FnOnce(&mut BTreeMap<String, String>),
    ) -> io::Result<bool> {
        let mut state = lock(&self.state);
        let mut tags = state.about.tags.clone();
        change(&mut tags);
        if tags.len() > most && !state.removed {
            return Ok(false);
        }
        state.change_about(self, |about| about.tags = tags).map(|()| true)
    }

    /// How many of its streams were made by name.
    pub(super) fn made(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }

    /// Makes a stream that has no lines yet, unless it is there.
    pub(super) fn make_stream(&self, name: &str, now_ms: i64, most: usize) -> io::Result<StreamMade> {
        if self.has_stream(name)? {
            return Ok(StreamMade::There);
        }
        let mut state = lock(&self.state);
        state.check_not_removed(&self.name)?;
        if state.about.made.contains_key(name) {
            return Ok(StreamMade::There);
        }
        if state.about.made.len() >= most {
            return Ok(StreamMade::TooMany);
        }
        state.change_about(self, |about| {
            about.made.insert(name.into(), now_ms);
        })?;
        Ok(StreamMade::Made)
    }

    /// Lets go of a stream: its lines are found no more. Whether it was there.
    pub(super) fn delete_stream(&self, name: &str, syncer: &Syncer, faults: &Faults) -> io::Result<bool> {
        let Some(known) = self.streams()?.into_iter().find(|stream| stream.name == name) else { return Ok(false) };
        let mut state = lock(&self.state);
        let state = &mut *state;
        state.check_not_removed(&self.name)?;
        let appended_to = state.active.as_ref().is_some_and(|active| active.summary.streams.contains_key(name));
        let has_lines = appended_to || known.lines.is_some();
        let oldest = state.segments.first().map_or(state.next, |segment| segment.number);
        if has_lines {
            if state.about.gone.values().filter(|until| **until > oldest).count() >= GONE_MAX {
                let problem = format!("{GONE_MAX} streams of {:?} are gone whose lines are not yet", self.name);
                return Err(io::Error::new(io::ErrorKind::QuotaExceeded, problem));
            }
            // What comes later is in another segment, so that a number says which lines are gone.
            state.seal(&self.dir, syncer, faults);
        }
        let next = state.next;
        state.change_about(self, |about| {
            about.made.remove(name);
            if has_lines {
                about.gone.retain(|_, until| *until > oldest);
                about.next = next;
                about.gone.insert(name.into(), next);
            }
        })?;
        Ok(true)
    }

    pub(super) fn has_stream(&self, name: &str) -> io::Result<bool> {
        {
            let state = lock(&self.state);
            state.check_not_removed(&self.name)?;
            let appended_to = state.active.as_ref().is_some_and(|active| active.summary.streams.contains_key(name));
            if appended_to || state.about.made.contains_key(name) {
                return Ok(true);
            }
        }
        Ok(self.streams()?.iter().any(|stream| stream.name == name))
    }

    /// Streams that were let go, each with the number of the first segment whose lines are found again.
    pub(super) fn gone(&self) -> BTreeMap<Box<str>, u64> {
        lock(&self.state).about.gone.clone()
    }

    /// Whether it was deleted.
    pub(super) fn is_removed(&self) -> bool {
        lock(&self.state).removed
    }

    /// Puts all of it aside, to be deleted. `beside` is a name that no group's directory has, so that a crash leaves all
    /// or nothing.
    pub(super) fn put_aside(&self, beside: &Path) -> io::Result<()> {
        let mut state = lock(&self.state);
        state.check_not_removed(&self.name)?;
        std::fs::rename(&self.dir, beside).map_err(|error| at(&self.dir, &error))?;
        state.removed = true;
        (state.active, state.segments) = (None, Vec::new());
        Ok(())
    }

    /// Appends batches.
    pub(super) fn append(
        &self,
        encoded: &Encoded,
        stream: &str,
        ingested_ms: i64,
        syncer: &Syncer,
        faults: &Faults,
    ) -> io::Result<Appended> {
        let mut state = lock(&self.state);
        let state = &mut *state;
        state.check_not_removed(&self.name)?;
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
            state.active = Some(Active { summary, file: Some(Arc::clone(&file)), torn: false });
            return Ok(Appended { file, opened: true, failures: 0 });
        }
        let (active, segment) = state.active().expect("just seen to be there");
        let opened = active.file.is_none();
        let file = active.open(&segment.path(&self.dir))?;
        let failures = file.failures();
        active.write(&file, &encoded.bytes, segment.length)?;
        segment.length += added;
        segment.file_length = segment.length;
        segment.times.add(times);
        active.summary.add(stream, times);
        syncer.wrote(&file);
        Ok(Appended { file, opened, failures })
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
        let (segments, active, made, gone) = {
            let state = lock(&self.state);
            let active = state.active.as_ref().map(|active| active.summary.streams.clone());
            (state.segments.clone(), active, state.about.made.clone(), state.about.gone.clone())
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
                if gone.get(&name).is_some_and(|until| segment.number < *until) {
                    continue;
                }
                streams.entry(name).and_modify(|known| known.add(span)).or_insert(span);
            }
        }
        let info = |(name, span): (Box<str>, segment::Span)| {
            let times = span.times;
            let lines = StreamTimes {
                first_ms: times.oldest_ms,
                last_ms: times.newest_ms,
                last_ingested_ms: times.last_ingested_ms,
            };
            (name, (span.created_ms, Some(lines)))
        };
        let mut all: BTreeMap<Box<str>, (i64, Option<StreamTimes>)> = streams.into_iter().map(info).collect();
        for (name, made_ms) in made {
            all.entry(name).or_insert((made_ms, None)).0 = made_ms;
        }
        let info = |(name, (created_ms, lines)): (Box<str>, _)| StreamInfo { name: name.into(), created_ms, lines };
        Ok(all.into_iter().map(info).collect())
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
            let (number, next) = (last.number, state.next);
            match state.change_about(self, |about| about.next = next) {
                Ok(()) => state.active = None,
                Err(failed) => (error, last_kept) = (Some(failed), Some(number)),
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
    fn check_not_removed(&self, name: &str) -> io::Result<()> {
        if self.removed {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("the group {name:?} was deleted")));
        }
        Ok(())
    }

    /// Changes what is known of the group, which this is the state of: on disk first, so that a failure changes nothing.
    fn change_about(&mut self, group: &Group, change: impl FnOnce(&mut About)) -> io::Result<()> {
        self.check_not_removed(&group.name)?;
        let mut about = self.about.clone();
        change(&mut about);
        about.write(&group.dir, &group.name)?;
        group.made.store(about.made.len(), Ordering::Relaxed);
        self.about = about;
        Ok(())
    }

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

#[cfg(test)]
mod tests {
    use super::*;

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
