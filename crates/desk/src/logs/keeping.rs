//! Decides what calls do that make and delete log groups and streams, tag them, and bring lines.
//!
//! Invariants: what clients bring counts for metric filters as what functions print does, and is on the disk before they
//! are answered.

use super::super::internal;
use super::{filter_refused, read, say, unread};
use crate::Backend;
use engine::watch::LineFilterError;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use store::lines::{Lines, StreamMade};
use types::{LogGroupName, Timestamp};
use wire::logs::Answer;
use wire::{Refusal, Reply, Response};

/// The most log groups of a data directory that clients may come to.
const GROUPS_MAX: usize = 10_000;
/// How long ago a line may have been printed, and how far ahead it may be, in milliseconds: two weeks, two hours.
const AGE_MAX: i64 = 14 * DAY;
const AHEAD_MAX: i64 = 2 * 3_600_000;
const DAY: i64 = 24 * 3_600_000;

pub(super) async fn done(reply: &Reply<'_>, work: impl FnOnce() -> io::Result<()> + Send + 'static) -> Response {
    match read(work).await {
        Ok(()) => say(reply, Answer::Done),
        Err(error) => unread(reply, &error),
    }
}

pub(super) async fn create_group(
    reply: &Reply<'_>,
    lines: Arc<Lines>,
    group: LogGroupName,
    tags: BTreeMap<String, String>,
) -> Response {
    let make = move || {
        if lines.group_count() >= GROUPS_MAX {
            return Ok(None);
        }
        lines.create_tagged(group.as_str(), tags, engine::now().millis()).map(Some)
    };
    match read(make).await {
        Ok(Some(true)) => say(reply, Answer::Done),
        Ok(Some(false)) => reply.refuse(&Refusal::LogGroupExists),
        Ok(None) => reply.refuse(&Refusal::TooManyOfLogs),
        Err(error) => internal(reply, &error),
    }
}

/// Deletes the filters that count a group's lines, and then the group: whatever fails in between, none is left that would
/// count for a later group of its name.
pub(super) async fn delete_group(
    backend: &Backend,
    reply: &Reply<'_>,
    lines: Arc<Lines>,
    group: LogGroupName,
) -> Response {
    let filters = Arc::clone(&backend.engine.watch().line_filters);
    let delete = move || {
        lines.info(group.as_str())?;
        for filter in filters.all().iter().filter(|filter| filter.group == group.as_str()) {
            match filters.delete(&filter.group, &filter.name) {
                // Somebody else was faster.
                Ok(()) | Err(LineFilterError::NotFound) => {}
                Err(refused) => return Ok(Err(refused)),
            }
        }
        lines.delete_group(group.as_str()).map(Ok)
    };
    match read(delete).await {
        Ok(Ok(())) => say(reply, Answer::Done),
        Ok(Err(refused)) => filter_refused(reply, &refused),
        Err(error) => unread(reply, &error),
    }
}

pub(super) async fn create_stream(
    reply: &Reply<'_>,
    lines: Arc<Lines>,
    group: LogGroupName,
    stream: String,
) -> Response {
    match read(move || lines.create_stream(group.as_str(), &stream, engine::now().millis())).await {
        Ok(StreamMade::Made) => say(reply, Answer::Done),
        Ok(StreamMade::There) => reply.refuse(&Refusal::LogStreamExists),
        Ok(StreamMade::TooMany) => reply.refuse(&Refusal::TooManyOfLogs),
        Err(error) => unread(reply, &error),
    }
}

pub(super) async fn delete_stream(
    reply: &Reply<'_>,
    lines: Arc<Lines>,
    group: LogGroupName,
    stream: String,
) -> Response {
    match read(move || lines.delete_stream(group.as_str(), &stream)).await {
        Ok(true) => say(reply, Answer::Done),
        Ok(false) => reply.refuse(&Refusal::NoSuchLogStream),
        Err(error) if error.kind() == io::ErrorKind::QuotaExceeded => reply.refuse(&Refusal::TooManyOfLogs),
        Err(error) => unread(reply, &error),
    }
}

pub(super) async fn tag(
    reply: &Reply<'_>,
    lines: Arc<Lines>,
    group: LogGroupName,
    tags: BTreeMap<String, String>,
    gone: Vec<String>,
) -> Response {
    let change = move || {
        lines.change_tags(group.as_str(), |had| {
            had.extend(tags);
            had.retain(|key, _| !gone.contains(key));
        })
    };
    match read(change).await {
        Ok(true) => say(reply, Answer::Done),
        Ok(false) => reply.refuse(&Refusal::TooManyLogTags),
        Err(error) => unread(reply, &error),
    }
}

/// Which lines of a request are taken in, by when they were printed.
#[derive(Debug, PartialEq, Eq)]
struct Taken {
    too_old: usize,
    expired: usize,
    too_new: Option<usize>,
}

impl Taken {
    /// The times are in their order.
    fn of(times: &[Timestamp], retention_days: Option<u32>, now: Timestamp) -> Self {
        let before = |ms: i64| times.iter().take_while(|at| at.millis() < ms).count();
        let now = now.millis();
        let newest = before(now.saturating_add(AHEAD_MAX + 1));
        Self {
            too_old: before(now - AGE_MAX),
            expired: retention_days.map_or(0, |days| before(now - i64::from(days) * DAY)),
            too_new: (newest < times.len()).then_some(newest),
        }
    }

    fn range(&self, count: usize) -> std::ops::Range<usize> {
        let end = self.too_new.unwrap_or(count);
        self.too_old.max(self.expired).min(end)..end
    }
}

pub(super) async fn put(
    backend: &Backend,
    reply: &Reply<'_>,
    lines: Arc<Lines>,
    group: LogGroupName,
    stream: String,
    events: Vec<(Timestamp, String)>,
) -> Response {
    let watch = backend.engine.watch().clone();
    let now = engine::now();
    let take = move || {
        if !lines.has_stream(group.as_str(), &stream)? {
            return Ok(None);
        }
        let retention_days = lines.info(group.as_str())?.retention_days;
        let times: Vec<Timestamp> = events.iter().map(|(at, _)| *at).collect();
        let taken = Taken::of(&times, retention_days, now);
        let events = &events[taken.range(events.len())];
        let brought: Vec<(i64, &str)> = events.iter().map(|(at, line)| (at.millis(), line.as_str())).collect();
        lines.append_synced(group.as_str(), &stream, &brought, now.millis())?;
        watch.see_lines(group.as_str(), events.iter().map(|(at, line)| (*at, line.as_str())));
        Ok(Some(taken))
    };
    match read(take).await {
        Ok(Some(Taken { too_old, expired, too_new })) => {
            let token = now.millis().unsigned_abs().into();
            say(reply, Answer::Put { token, too_old, expired, too_new })
        }
        Ok(None) => reply.refuse(&Refusal::NoSuchLogStream),
        Err(error) => unread(reply, &error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_that_are_neither_too_old_nor_of_the_future() {
        let now = Timestamp::from_millis(100 * DAY);
        let at = |days: i64, ms: i64| Timestamp::from_millis((100 + days) * DAY + ms);
        let cases = [
            (vec![at(0, 0)], None, (0, 0, None), 0..1),
            (vec![at(-30, 0)], None, (1, 0, None), 1..1),
            (vec![at(1, 0)], None, (0, 0, Some(0)), 0..0),
            (vec![at(-14, -1), at(-14, 0), at(0, AHEAD_MAX), at(0, AHEAD_MAX + 1)], None, (1, 0, Some(3)), 1..3),
            (vec![at(-8, 0), at(-7, 0)], Some(7), (0, 1, None), 1..2),
            (vec![at(-20, 0), at(-20, 0)], Some(1), (2, 2, None), 2..2),
        ];
        for (times, days, (too_old, expired, too_new), range) in cases {
            let taken = Taken::of(&times, days, now);
            assert_eq!(taken, Taken { too_old, expired, too_new }, "{times:?}");
            assert_eq!(taken.range(times.len()), range, "{times:?}");
        }
    }
}
