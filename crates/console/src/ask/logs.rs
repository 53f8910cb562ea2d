//! Decides which lines of what functions printed are shown, and how to go on from there.

use super::{Kind, Problem, missing};
use crate::views::{LogGroup, LogGroups, LogLine, LogLines};
use engine::Engine;
use observe::FilterPattern;
use std::io;
use store::lines::{Direction, Lines, Page, Position, Query, StoredLine};
use types::Timestamp;

/// How many lines are shown at most.
pub const LINES_MAX: usize = 10_000;
/// How often a search looks at another part of the disk before it gives back what it has; a part is 64 MiB.
const PARTS_MAX: usize = 16;

/// Which lines are asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The group, by its name or the end of it.
    pub group: String,
    /// Only lines of this instant or later, in milliseconds since 1970.
    pub since_ms: Option<i64>,
    /// The lines that follow this place; without it, the newest ones.
    pub after: Option<u128>,
    /// At most so many.
    pub limit: usize,
    /// Only those that this filter finds.
    pub filter: Option<String>,
}

/// The groups.
pub fn groups(engine: &Engine) -> Result<LogGroups, Problem> {
    let lines = engine.lines();
    let group = |info: store::lines::GroupInfo| {
        let streams = lines.streams(&info.name).map_err(|error| unreadable(&info.name, &error))?;
        let last = streams.iter().filter_map(|stream| stream.lines).map(|lines| lines.last_ms).max();
        Ok(LogGroup {
            last_line_at: last.map(|at| Timestamp::from_millis(at).iso_millis()),
            name: info.name,
            stored_bytes: info.stored_bytes,
            retention_days: info.retention_days,
        })
    };
    Ok(LogGroups { groups: lines.groups().into_iter().map(group).collect::<Result<_, Problem>>()? })
}

/// Lines of a group.
pub fn read(engine: &Engine, asked: &Asked) -> Result<LogLines, Problem> {
    let filter = asked.filter.as_deref().map(FilterPattern::parse).transpose();
    let filter = filter.map_err(|error| Problem::new(Kind::Invalid, error.to_string()))?;
    let lines = engine.lines();
    let group = group_named(lines, &asked.group)?;
    let keep = |message: &str| filter.as_ref().is_none_or(|filter| filter.matches(message));
    let found = match asked.after {
        Some(after) => newer(lines, &group, asked, Position::from_u128(after), &keep),
        None => newest(lines, &group, asked, &keep),
    };
    let Found { lines, after, more } = found.map_err(|error| unreadable(&group, &error))?;
    let line = |line: StoredLine| LogLine {
        at: Timestamp::from_millis(line.timestamp_ms).iso_millis(),
        stream: line.stream.to_string(),
        message: line.message.trim_end_matches(['\n', '\r']).to_owned(),
    };
    Ok(LogLines { group, lines: lines.into_iter().map(line).collect(), after: after.to_u128().to_string(), more })
}

struct Found {
    lines: Vec<StoredLine>,
    after: Position,
    more: bool,
}

/// The lines that follow a place.
fn newer(lines: &Lines, group: &str, asked: &Asked, after: Position, keep: &dyn Fn(&str) -> bool) -> io::Result<Found> {
    let times_ms = asked.since_ms.unwrap_or(i64::MIN)..i64::MAX;
    let query = Query { times_ms, from: after, limit: asked.limit.clamp(1, LINES_MAX), ..Query::forward() };
    let page = lines.read(group, &query, |line| keep(line.message))?;
    Ok(Found { lines: page.lines, after: page.next, more: page.more })
}

/// The newest lines, and the place behind them all.
fn newest(lines: &Lines, group: &str, asked: &Asked, keep: &dyn Fn(&str) -> bool) -> io::Result<Found> {
    let last = lines.read(group, &Query { limit: 1, ..Query::backward() }, |_| true)?;
    let Some(last) = last.lines.last() else {
        return Ok(Found { lines: Vec::new(), after: Position::FIRST, more: false });
    };
    // The next line's place, if it comes in the same batch; else a reader goes on from there to the next batch.
    let end = Position { index: last.position.index + 1, ..last.position };
    let limit = asked.limit.clamp(1, LINES_MAX);
    let times_ms = asked.since_ms.unwrap_or(i64::MIN)..i64::MAX;
    let mut query = Query { times_ms, from: end, limit, ..Query::backward() };
    debug_assert_eq!(query.direction, Direction::Backward);
    let mut parts: Vec<Vec<StoredLine>> = Vec::new();
    let mut more = true;
    for _ in 0..PARTS_MAX {
        let Page { lines, next, more: unread, .. } = lines.read(group, &query, |line| keep(line.message))?;
        query.limit -= lines.len().min(query.limit);
        query.from = next;
        parts.push(lines);
        more = unread;
        if !more || query.limit == 0 {
            break;
        }
    }
    parts.reverse();
    Ok(Found { lines: parts.concat(), after: end, more })
}

/// The group of this name; or the only one whose name ends with it, or has it in it.
fn group_named(lines: &Lines, wanted: &str) -> Result<String, Problem> {
    let names: Vec<String> = lines.groups().into_iter().map(|group| group.name).collect();
    if names.iter().any(|name| name == wanted) {
        return Ok(wanted.to_owned());
    }
    let lower = wanted.to_lowercase();
    let ends = |name: &&String| name.to_lowercase().rsplit('/').next() == Some(lower.as_str());
    let has = |name: &&String| !lower.is_empty() && name.to_lowercase().contains(&lower);
    for fits in [&ends as &dyn Fn(&&String) -> bool, &has] {
        let fitting: Vec<&String> = names.iter().filter(fits).collect();
        match fitting.as_slice() {
            [] => {}
            [one] => return Ok((*one).clone()),
            several => {
                let several: Vec<&str> = several.iter().map(|name| name.as_str()).collect();
                let problem = Problem::new(Kind::NotFound, format!("several log groups have {wanted} in their names"));
                return Err(problem.hint(format!("name one of them: {}", several.join(", "))));
            }
        }
    }
    Err(missing("log group", wanted, names.iter().map(String::as_str)))
}

fn unreadable(group: &str, error: &io::Error) -> Problem {
    Problem::new(Kind::Damaged, format!("the lines of {group} cannot be read: {error}"))
}
