//! Decides what calls on log groups do. Places in a listing are positions in the files that hold what functions print.
//! What is made, deleted, tagged and brought by clients is in `keeping`.

mod keeping;

use super::{internal, not_written};
use crate::Backend;
use engine::watch::{LineFilter, LineFilterError, LineFilters};
use observe::FilterPattern;
use observe::measure::LineMetricError;
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use store::lines::{Direction, GroupInfo, Line, Lines, Page, Position, Query, StoredLine, StreamInfo};
use types::{LogGroupName, Timestamp, sort};
use wire::logs::{self, Call, NameFilter, ReadFrom, Span, StreamFilter, StreamOrder};
use wire::{Answer, Refusal, Reply, Response};

#[cfg(test)]
mod tests;

pub(super) async fn answer(backend: &Backend, reply: &Reply<'_>, call: Call) -> Response {
    if needs_room(&call) && !backend.engine.takes_writes() {
        return reply.refuse(&Refusal::DiskFull);
    }
    let lines = Arc::clone(backend.engine.lines());
    match call {
        Call::DescribeLogGroups { names, after, limit } => {
            groups(backend, reply, lines, &names, after.as_deref(), limit).await
        }
        Call::DescribeLogStreams { group, names, order, descending, after, limit } => {
            let name = group.clone();
            let found = match read(move || lines.streams(name.as_str())).await {
                Ok(found) => found,
                Err(error) => return unread(reply, &error),
            };
            streams(reply, &group, found, &names, order, descending, after.as_deref(), limit)
        }
        Call::GetLogEvents { group, stream, span, from, limit } => {
            events(reply, lines, group, stream, span, from, limit).await
        }
        Call::PutMetricFilter(filter) => {
            let name = filter.group.clone();
            if let Err(error) = read(move || lines.info(name.as_str())).await {
                return unread(reply, &error);
            }
            let logs::MetricFilter { group, name, pattern, namespace, metric, value, otherwise, dimensions, unit, at } =
                *filter;
            let group = group.to_string();
            let stack = None;
            let filter =
                LineFilter { name, group, pattern, namespace, metric, value, otherwise, dimensions, unit, at, stack };
            change_filters(backend, reply, move |filters| filters.put(filter)).await
        }
        Call::DescribeMetricFilters { group, prefix, metric, limit, skip } => {
            let wanted = |filter: &LineFilter| {
                group.as_ref().is_none_or(|group| filter.group == group.as_str())
                    && prefix.as_ref().is_none_or(|prefix| filter.name.starts_with(prefix))
                    && metric.as_ref().is_none_or(|(name, space)| filter.metric == *name && filter.namespace == *space)
            };
            metric_filters(backend, reply, wanted, limit, skip).await
        }
        Call::DeleteMetricFilter { group, name } => {
            change_filters(backend, reply, move |filters| filters.delete(group.as_str(), &name)).await
        }
        Call::TestMetricFilter { pattern, messages } => match FilterPattern::parse(&pattern) {
            Ok(pattern) => {
                let found = messages.iter().enumerate();
                let found = found.filter_map(|(number, line)| Some((number, line.as_str(), pattern.extract(line)?)));
                say(reply, logs::Answer::Matches(&found.collect::<Vec<_>>()))
            }
            Err(error) => reply.refuse(&Refusal::FilterPatternInvalid { problem: &error.to_string() }),
        },
        Call::CreateLogGroup { group, tags } => keeping::create_group(reply, lines, group, tags).await,
        Call::DeleteLogGroup(group) => keeping::delete_group(backend, reply, lines, group).await,
        Call::PutRetentionPolicy { group, days } => {
            keeping::done(reply, move || lines.set_retention(group.as_str(), days)).await
        }
        Call::CreateLogStream { group, stream } => keeping::create_stream(reply, lines, group, stream).await,
        Call::DeleteLogStream { group, stream } => keeping::delete_stream(reply, lines, group, stream).await,
        Call::PutLogEvents { group, stream, events } => {
            keeping::put(backend, reply, lines, group, stream, events).await
        }
        Call::ListTags(group) => match read(move || lines.tags(group.as_str())).await {
            Ok(tags) => say(reply, logs::Answer::Tags(&tags)),
            Err(error) => unread(reply, &error),
        },
        Call::Tag { group, tags } => keeping::tag(reply, lines, group, tags, Vec::new()).await,
        Call::Untag { group, keys } => keeping::tag(reply, lines, group, BTreeMap::new(), keys).await,
        Call::FilterLogEvents { group, streams, span, pattern, token, limit } => {
            let pattern = match FilterPattern::parse(&pattern) {
                Ok(pattern) => pattern,
                Err(error) => return reply.refuse(&Refusal::FilterPatternInvalid { problem: &error.to_string() }),
            };
            let Some(from) = token.map_or(Some(Position::FIRST), |token| position(&token)) else {
                return reply.refuse(&Refusal::TokenInvalid);
            };
            // The end of a search is meant: an event of that very millisecond is found.
            let times_ms = times(span, 1);
            let query = Query { times_ms, from, limit, ..Query::forward() };
            let wanted = move |line: &Line<'_>| stream_wanted(&streams, line.stream) && pattern.matches(line.message);
            match read(move || lines.read(group.as_str(), &query, wanted)).await {
                Ok(page) => {
                    let next = page.more.then(|| page.next.to_u128().to_string());
                    let events = told_by_time(&page);
                    say(reply, logs::Answer::Filtered { events: &events, next: next.as_deref() })
                }
                Err(error) => unread(reply, &error),
            }
        }
    }
}

/// Whether a call writes what takes up room. What deletes is done on a full disk too, since that makes room.
fn needs_room(call: &Call) -> bool {
    match call {
        Call::CreateLogGroup { .. }
        | Call::CreateLogStream { .. }
        | Call::PutLogEvents { .. }
        | Call::PutRetentionPolicy { .. }
        | Call::Tag { .. }
        | Call::Untag { .. }
        | Call::PutMetricFilter(_) => true,
        Call::DeleteLogGroup(_)
        | Call::DeleteLogStream { .. }
        | Call::DeleteMetricFilter { .. }
        | Call::DescribeLogGroups { .. }
        | Call::DescribeLogStreams { .. }
        | Call::DescribeMetricFilters { .. }
        | Call::FilterLogEvents { .. }
        | Call::GetLogEvents { .. }
        | Call::ListTags(_)
        | Call::TestMetricFilter { .. } => false,
    }
}

/// What is known of a filter, in the words of a request.
fn told(filter: LineFilter) -> Option<logs::MetricFilter> {
    let LineFilter { name, group, pattern, namespace, metric, value, otherwise, dimensions, unit, at, .. } = filter;
    let group = group.parse().ok()?;
    Some(logs::MetricFilter { group, name, pattern, namespace, metric, value, otherwise, dimensions, unit, at })
}

async fn metric_filters(
    backend: &Backend,
    reply: &Reply<'_>,
    wanted: impl Fn(&LineFilter) -> bool,
    limit: usize,
    skip: usize,
) -> Response {
    let all = match all_filters(backend).await {
        Ok(all) => all,
        Err(error) => return internal(reply, &error),
    };
    let mut found: Vec<_> = all.into_iter().filter(wanted).filter_map(told).skip(skip).collect();
    let next = (found.len() > limit).then_some(skip + limit);
    found.truncate(limit);
    say(reply, logs::Answer::MetricFilters { filters: &found, next })
}

/// All filters; somebody may be writing one.
async fn all_filters(backend: &Backend) -> io::Result<Vec<LineFilter>> {
    let filters = Arc::clone(&backend.engine.watch().line_filters);
    read(move || Ok(filters.all())).await
}

/// Changes filters where waiting for the disk costs nobody else.
async fn change_filters(
    backend: &Backend,
    reply: &Reply<'_>,
    work: impl FnOnce(&LineFilters) -> Result<(), LineFilterError> + Send + 'static,
) -> Response {
    let filters = Arc::clone(&backend.engine.watch().line_filters);
    match engine::aside(move || work(&filters)).await {
        Ok(Ok(())) => say(reply, logs::Answer::Done),
        Ok(Err(error)) => filter_refused(reply, &error),
        Err(error) => internal(reply, &error),
    }
}

fn filter_refused(reply: &Reply<'_>, error: &LineFilterError) -> Response {
    match error {
        LineFilterError::Filter(LineMetricError::Pattern(error)) => {
            reply.refuse(&Refusal::FilterPatternInvalid { problem: &error.to_string() })
        }
        LineFilterError::Filter(error) => reply.refuse(&Refusal::MetricFilterInvalid { problem: &error.to_string() }),
        LineFilterError::TooMany => reply.refuse(&Refusal::TooManyOfLogs),
        LineFilterError::NotFound => reply.refuse(&Refusal::NoSuchMetricFilter),
        LineFilterError::Write(refused) => not_written(reply, refused),
    }
}

/// Reads files where waiting for the disk costs nobody else.
async fn read<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    engine::aside(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

fn say(reply: &Reply<'_>, answer: logs::Answer<'_>) -> Response {
    reply.answer(&Answer::Logs(answer))
}

fn unread(reply: &Reply<'_>, error: &io::Error) -> Response {
    match error.kind() {
        io::ErrorKind::NotFound => reply.refuse(&Refusal::NoSuchLogGroup),
        _ => internal(reply, error),
    }
}

async fn groups(
    backend: &Backend,
    reply: &Reply<'_>,
    lines: Arc<Lines>,
    names: &NameFilter,
    after: Option<&str>,
    limit: usize,
) -> Response {
    let known = read(move || Ok(lines.groups())).await;
    let (all, all_filters) = match (known, all_filters(backend).await) {
        (Ok(all), Ok(filters)) => (all, filters),
        (Err(error), _) | (_, Err(error)) => return internal(reply, &error),
    };
    let mut filters: BTreeMap<String, usize> = BTreeMap::new();
    for filter in all_filters {
        *filters.entry(filter.group).or_default() += 1;
    }
    let wanted = |group: &GroupInfo| name_wanted(names, &group.name) && after.is_none_or(|after| *group.name > *after);
    let mut found: Vec<(LogGroupName, GroupInfo)> =
        all.into_iter().filter(wanted).filter_map(|group| Some((group.name.parse().ok()?, group))).collect();
    let more = found.len() > limit;
    found.truncate(limit);
    let groups: Vec<_> = found
        .iter()
        .map(|(name, group)| logs::Group {
            name,
            created_at: Timestamp::from_millis(group.created_ms),
            retention_days: group.retention_days,
            bytes: group.stored_bytes,
            filters: filters.get(&group.name).copied().unwrap_or(0),
        })
        .collect();
    let by_part = matches!(names, NameFilter::Contains(_));
    say(reply, logs::Answer::Groups { groups: &groups, more, by_part })
}

#[expect(clippy::too_many_arguments, reason = "each is one member of the call, and named there")]
fn streams(
    reply: &Reply<'_>,
    group: &LogGroupName,
    mut found: Vec<StreamInfo>,
    names: &NameFilter,
    order: StreamOrder,
    descending: bool,
    after: Option<&str>,
    limit: usize,
) -> Response {
    found.retain(|stream| name_wanted(names, &stream.name));
    match order {
        StreamOrder::Name => sort::by(&mut found, |a, b| a.name.cmp(&b.name)),
        StreamOrder::LastEvent => {
            let last = |stream: &StreamInfo| stream.lines.map(|lines| lines.last_ms);
            sort::by(&mut found, |a, b| (last(a), &a.name).cmp(&(last(b), &b.name)));
        }
    }
    if descending {
        found.reverse();
    }
    if let Some(after) = after {
        let behind = found.iter().position(|stream| stream.name == after).map_or(0, |at| at + 1);
        found.drain(..behind);
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let streams: Vec<_> = found
        .iter()
        .map(|stream| logs::Stream {
            name: &stream.name,
            created_at: Timestamp::from_millis(stream.created_ms),
            first_event_at: stream.lines.map(|lines| Timestamp::from_millis(lines.first_ms)),
            last_event_at: stream.lines.map(|lines| Timestamp::from_millis(lines.last_ms)),
            ingested_at: stream.lines.map(|lines| Timestamp::from_millis(lines.last_ingested_ms)),
        })
        .collect();
    say(reply, logs::Answer::Streams { group, streams: &streams, more })
}

async fn events(
    reply: &Reply<'_>,
    lines: Arc<Lines>,
    group: LogGroupName,
    stream: String,
    span: Span,
    from: ReadFrom,
    limit: usize,
) -> Response {
    let (direction, from) = match from {
        ReadFrom::Head => (Direction::Forward, Some(Position::FIRST)),
        ReadFrom::Tail => (Direction::Backward, Some(Position::LAST)),
        ReadFrom::After(token) => (Direction::Forward, position(&token)),
        ReadFrom::Before(token) => (Direction::Backward, position(&token)),
    };
    let Some(from) = from else { return reply.refuse(&Refusal::TokenInvalid) };
    let query = Query { times_ms: times(span, 0), from, direction, limit, ..Query::forward() };
    let found = read(move || {
        if !lines.has_stream(group.as_str(), &stream)? {
            return Ok(None);
        }
        lines.read(group.as_str(), &query, |line| line.stream == stream).map(Some)
    });
    let page = match found.await {
        Ok(Some(page)) => page,
        Ok(None) => return reply.refuse(&Refusal::NoSuchLogStream),
        Err(error) => return unread(reply, &error),
    };
    let (forward, backward) = ends(&page, direction, from);
    let events = told_by_time(&page);
    let (forward, backward) = (forward.to_u128().to_string(), backward.to_u128().to_string());
    say(reply, logs::Answer::Events { events: &events, forward: &forward, backward: &backward })
}

/// Where to read on from a page, in either direction.
fn ends(page: &Page, direction: Direction, from: Position) -> (Position, Position) {
    let after = |line: &StoredLine| Position { index: line.position.index + 1, ..line.position };
    match direction {
        Direction::Forward => (page.next, page.lines.first().map_or(from, |first| first.position)),
        Direction::Backward => (page.lines.last().map_or(from, after), page.next),
    }
}

/// The lines of a page in the order of their times. Who brings lines late gets them where they belong, page by page.
fn told_by_time(page: &Page) -> Vec<logs::Event<'_>> {
    let mut events: Vec<_> = page.lines.iter().map(event).collect();
    sort::by_key(&mut events, |event| event.at);
    events
}

fn event(line: &StoredLine) -> logs::Event<'_> {
    logs::Event {
        stream: &line.stream,
        at: Timestamp::from_millis(line.timestamp_ms),
        ingested_at: Timestamp::from_millis(line.ingested_ms),
        message: &line.message,
        id: line.position.to_u128(),
    }
}

fn position(token: &str) -> Option<Position> {
    token.parse().ok().map(Position::from_u128)
}

fn times(span: Span, beyond_end: i64) -> Range<i64> {
    let start = span.start.map_or(i64::MIN, Timestamp::millis);
    let end = span.end.map_or(i64::MAX, |end| end.millis().saturating_add(beyond_end));
    start..end
}

fn name_wanted(names: &NameFilter, name: &str) -> bool {
    match names {
        NameFilter::All => true,
        NameFilter::Prefix(prefix) => name.starts_with(prefix),
        NameFilter::Contains(part) => name.contains(part),
    }
}

fn stream_wanted(streams: &StreamFilter, name: &str) -> bool {
    match streams {
        StreamFilter::All => true,
        StreamFilter::Prefix(prefix) => name.starts_with(prefix),
        StreamFilter::Names(names) => names.iter().any(|known| known == name),
    }
}
