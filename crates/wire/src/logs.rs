//! Decides how requests of what functions printed are read and answered.
//!
//! Start at `parse`. Places in a listing are handed out as opaque tokens; what stands in a token of events is the
//! keeper's own affair and passes through unread.

mod keeping;
mod metric_filters;
mod spell;

use crate::error::{Code, WireError};
use crate::members::{Members, Rules, parse_body};
use crate::reply::Service;
use crate::{Context, unknown_operation};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use std::collections::BTreeMap;
use types::{Arn, LogGroupName, SortedMap, Timestamp};

/// The most events of one page.
pub const EVENTS_MAX: usize = 10_000;
/// The most groups or streams of one page.
const LISTED_MAX: i64 = 50;

/// What a client asks of what functions printed.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// Say which groups there are, sorted by name.
    DescribeLogGroups {
        /// Which of them.
        names: NameFilter,
        /// Only those after this name.
        after: Option<String>,
        /// At most so many.
        limit: usize,
    },
    /// Say which streams a group has.
    DescribeLogStreams {
        /// The group.
        group: LogGroupName,
        /// Which of them.
        names: NameFilter,
        /// In which order.
        order: StreamOrder,
        /// The last comes first.
        descending: bool,
        /// Only those that come after the stream of this name, in this order.
        after: Option<String>,
        /// At most so many.
        limit: usize,
    },
    /// Read one stream from one of its ends, or on from a token.
    GetLogEvents {
        /// The group.
        group: LogGroupName,
        /// The stream.
        stream: String,
        /// Which events.
        span: Span,
        /// Where to begin.
        from: ReadFrom,
        /// At most so many.
        limit: usize,
    },
    /// Find events in a group.
    FilterLogEvents {
        /// The group.
        group: LogGroupName,
        /// Which of its streams.
        streams: StreamFilter,
        /// Which events.
        span: Span,
        /// What they must contain, as it was written; empty for anything.
        pattern: String,
        /// What [`Answer::Filtered`] gave out with the page before.
        token: Option<String>,
        /// At most so many.
        limit: usize,
    },
    /// Count lines.
    PutMetricFilter(Box<MetricFilter>),
    /// Say which lines are counted.
    DescribeMetricFilters {
        /// Only in this group.
        group: Option<LogGroupName>,
        /// Only by filters that begin so.
        prefix: Option<String>,
        /// Only for this metric, of this namespace.
        metric: Option<(String, String)>,
        /// At most so many.
        limit: usize,
        /// After so many others.
        skip: usize,
    },
    /// Count lines no longer.
    DeleteMetricFilter {
        /// The group.
        group: LogGroupName,
        /// The filter.
        name: String,
    },
    /// Try a pattern on lines.
    TestMetricFilter {
        /// The pattern, as it was written.
        pattern: String,
        /// The lines.
        messages: Vec<String>,
    },
    /// Make a group.
    CreateLogGroup {
        /// Its name.
        group: LogGroupName,
        /// What it is known by.
        tags: BTreeMap<String, String>,
    },
    /// Delete a group with all its lines.
    DeleteLogGroup(LogGroupName),
    /// Say for how many days lines are kept.
    PutRetentionPolicy {
        /// The group.
        group: LogGroupName,
        /// For how many; `None` for ever.
        days: Option<u32>,
    },
    /// Make a stream.
    CreateLogStream {
        /// The group.
        group: LogGroupName,
        /// The stream.
        stream: String,
    },
    /// Delete a stream with its lines.
    DeleteLogStream {
        /// The group.
        group: LogGroupName,
        /// The stream.
        stream: String,
    },
    /// Take lines in.
    PutLogEvents {
        /// The group.
        group: LogGroupName,
        /// The stream.
        stream: String,
        /// When each was printed, and what it says; the oldest first.
        events: Vec<(Timestamp, String)>,
    },
    /// Say what a group is known by.
    ListTags(LogGroupName),
    /// Have a group known by these, too.
    Tag {
        /// The group.
        group: LogGroupName,
        /// The tags.
        tags: BTreeMap<String, String>,
    },
    /// Have a group known by these no longer.
    Untag {
        /// The group.
        group: LogGroupName,
        /// The tags' keys.
        keys: Vec<String>,
    },
}

pub use metric_filters::MetricFilter;
pub(crate) use spell::spell;

/// Which names are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameFilter {
    /// All.
    All,
    /// Those that begin so.
    Prefix(String),
    /// Those that contain this.
    Contains(String),
}

/// Which streams of a group are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamFilter {
    /// All.
    All,
    /// Those that begin so.
    Prefix(String),
    /// These.
    Names(Vec<String>),
}

/// In which order streams are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamOrder {
    /// By name.
    Name,
    /// By the time of their last event.
    LastEvent,
}

/// From when on, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Not before this.
    pub start: Option<Timestamp>,
    /// Before this, or for [`Call::FilterLogEvents`] not after it.
    pub end: Option<Timestamp>,
}

/// Where reading a stream begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadFrom {
    /// With the oldest event.
    Head,
    /// With the newest events.
    Tail,
    /// After the place that [`Answer::Events`] gave out as `forward`.
    After(String),
    /// Before the place that [`Answer::Events`] gave out as `backward`.
    Before(String),
}

/// What is answered about what functions printed.
#[derive(Debug)]
pub enum Answer<'a> {
    /// Which groups there are.
    Groups {
        /// Sorted by name.
        groups: &'a [Group<'a>],
        /// Whether there are more after them.
        more: bool,
        /// Whether they were looked for by a part of their names: AWS says less of them then.
        by_part: bool,
    },
    /// Which streams a group has.
    Streams {
        /// The group.
        group: &'a LogGroupName,
        /// In the order that was asked for.
        streams: &'a [Stream<'a>],
        /// Whether there are more after them.
        more: bool,
    },
    /// Events of one stream, the oldest first.
    Events {
        /// The events.
        events: &'a [Event<'a>],
        /// Where to read on towards newer events. At the end it is the place that was asked for.
        forward: &'a str,
        /// Where to read on towards older events.
        backward: &'a str,
    },
    /// Events that were found, the oldest first.
    Filtered {
        /// The events.
        events: &'a [Event<'a>],
        /// Where to search on, if it is not the end.
        next: Option<&'a str>,
    },
    /// It is done.
    Done,
    /// Lines were taken in.
    Put {
        /// What the next request may say and need not.
        token: u128,
        /// How many at the beginning were refused, and why.
        too_old: usize,
        /// How many at the beginning are past the group's retention.
        expired: usize,
        /// From which on they were refused because they are of the future.
        too_new: Option<usize>,
    },
    /// What a group is known by.
    Tags(&'a BTreeMap<String, String>),
    /// Which lines a pattern found, by their numbers, and what it took out of them.
    Matches(&'a [(usize, &'a str, SortedMap<String, String>)]),
    /// Which lines are counted.
    MetricFilters {
        /// The filters, by group and name.
        filters: &'a [MetricFilter],
        /// After how many it goes on, if it does.
        next: Option<usize>,
    },
}

/// What a group is said to be.
#[derive(Debug, Clone, Copy)]
pub struct Group<'a> {
    /// Its name.
    pub name: &'a LogGroupName,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many days lines are kept; `None` for ever.
    pub retention_days: Option<u32>,
    /// How many bytes it keeps.
    pub bytes: u64,
    /// How many filters count its lines.
    pub filters: usize,
}

/// What a stream is said to be.
#[derive(Debug, Clone, Copy)]
pub struct Stream<'a> {
    /// Its name.
    pub name: &'a str,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its first event was, if it has one.
    pub first_event_at: Option<Timestamp>,
    /// When its last event was, if it has one.
    pub last_event_at: Option<Timestamp>,
    /// When that was taken in.
    pub ingested_at: Option<Timestamp>,
}

/// One line.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// The stream it stands in.
    pub stream: &'a str,
    /// When it was printed.
    pub at: Timestamp,
    /// When it was taken in.
    pub ingested_at: Timestamp,
    /// What it says.
    pub message: &'a str,
    /// A number that no other event of the group has, the same whenever it is asked.
    pub id: u128,
}

pub(crate) fn parse(operation: &str, body: &[u8], context: &Context) -> Result<Call, WireError> {
    let read: fn(Members<'_>, &Context) -> Result<Call, WireError> = match operation {
        "DescribeLogGroups" => describe_log_groups,
        "DescribeLogStreams" => describe_log_streams,
        "GetLogEvents" => get_log_events,
        "FilterLogEvents" => filter_log_events,
        "PutMetricFilter" => metric_filters::put,
        "DescribeMetricFilters" => metric_filters::describe,
        "DeleteMetricFilter" => metric_filters::delete,
        "TestMetricFilter" => metric_filters::test,
        "CreateLogGroup" => keeping::create_group,
        "DeleteLogGroup" => keeping::delete_group,
        "PutRetentionPolicy" => keeping::put_retention,
        "DeleteRetentionPolicy" => keeping::delete_retention,
        "CreateLogStream" => keeping::create_stream,
        "DeleteLogStream" => keeping::delete_stream,
        "PutLogEvents" => keeping::put_events,
        "ListTagsLogGroup" | "ListTagsForResource" => keeping::list_tags,
        "TagLogGroup" | "TagResource" => keeping::tag,
        "UntagLogGroup" | "UntagResource" => keeping::untag,
        other => return Err(unknown_operation(other)),
    };
    let body = parse_body(body)?;
    read(Members::new(&body, Service::Logs), context)
}

fn describe_log_groups(members: Members<'_>, _: &Context) -> Result<Call, WireError> {
    members.refuse(&["accountIdentifiers", "logGroupClass", "logGroupIdentifiers"])?;
    if members.truth("includeLinkedAccounts")? == Some(true) {
        return Err(WireError::not_handled(Service::Logs, "includeLinkedAccounts"));
    }
    let names = match (members.text("logGroupNamePrefix")?, members.text("logGroupNamePattern")?) {
        (None, None) => NameFilter::All,
        (Some(prefix), None) => NameFilter::Prefix(prefix.to_owned()),
        (None, Some(part)) => NameFilter::Contains(part.to_owned()),
        (Some(_), Some(_)) => {
            let message = "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.";
            return Err(WireError::new(Code::InvalidParameter, message));
        }
    };
    let limit = limit(members, LISTED_MAX, LISTED_MAX)?;
    Ok(Call::DescribeLogGroups { names, after: token_name(members)?, limit })
}

fn describe_log_streams(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let group = group(members, context)?;
    let names = members.text("logStreamNamePrefix")?.map(|prefix| NameFilter::Prefix(prefix.to_owned()));
    let names = names.unwrap_or(NameFilter::All);
    let mut rules = Rules::default();
    let order = members.text("orderBy")?.unwrap_or("LogStreamName");
    rules.one_of(order, "orderBy", &["LogStreamName", "LastEventTime"]);
    rules.check(Code::InvalidParameter)?;
    let order = if order == "LastEventTime" { StreamOrder::LastEvent } else { StreamOrder::Name };
    if order == StreamOrder::LastEvent && names != NameFilter::All {
        let message = "Cannot order by LastEventTime with a logStreamNamePrefix.";
        return Err(WireError::new(Code::InvalidParameter, message));
    }
    let descending = members.truth("descending")?.unwrap_or(false);
    let (after, limit) = (token_name(members)?, limit(members, LISTED_MAX, LISTED_MAX)?);
    Ok(Call::DescribeLogStreams { group, names, order, descending, after, limit })
}

fn get_log_events(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let group = group(members, context)?;
    let stream = keeping::stream(members)?;
    let from_head = members.truth("startFromHead")?.unwrap_or(false);
    let from = match members.text("nextToken")? {
        None if from_head => ReadFrom::Head,
        None => ReadFrom::Tail,
        Some(token) => match token.split_once('/') {
            Some(("f", place)) => ReadFrom::After(place.to_owned()),
            Some(("b", place)) => ReadFrom::Before(place.to_owned()),
            _ => return Err(WireError::token_invalid(Service::Logs)),
        },
    };
    let limit = limit(members, EVENTS_MAX as i64, EVENTS_MAX as i64)?;
    Ok(Call::GetLogEvents { group, stream, span: span(members)?, from, limit })
}

fn filter_log_events(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let group = group(members, context)?;
    // Events always come interleaved and the oldest first, and nothing is masked: those members are met either way.
    members.truth("interleaved")?;
    members.truth("unmask")?;
    if members.truth("startFromHead")? == Some(false) {
        return Err(WireError::not_handled(Service::Logs, "startFromHead false"));
    }
    let streams = match (members.texts("logStreamNames")?, members.text("logStreamNamePrefix")?) {
        (None, None) => StreamFilter::All,
        (Some(names), None) => {
            let mut rules = Rules::default();
            if names.is_empty() || names.len() > 100 {
                let bound = if names.is_empty() { "greater than or equal to 1" } else { "less than or equal to 100" };
                let shown = format!("[{}]", names.join(", "));
                rules.broken(Some(&shown), "logStreamNames", &format!("Member must have length {bound}"));
            }
            rules.check(Code::InvalidParameter)?;
            StreamFilter::Names(names.into_iter().map(str::to_owned).collect())
        }
        (None, Some(prefix)) => StreamFilter::Prefix(prefix.to_owned()),
        (Some(_), Some(_)) => {
            let message = "logStreamNames and logStreamNamePrefix are mutually exclusive parameters.";
            return Err(WireError::new(Code::InvalidParameter, message));
        }
    };
    let pattern = members.text("filterPattern")?.unwrap_or("").to_owned();
    let token = members.text("nextToken")?.map(str::to_owned);
    let limit = limit(members, EVENTS_MAX as i64, EVENTS_MAX as i64)?;
    Ok(Call::FilterLogEvents { group, streams, span: span(members)?, pattern, token, limit })
}

/// The group's name, from its name or its ARN; an ARN of another account names no group of ours.
fn group(members: Members<'_>, context: &Context) -> Result<LogGroupName, WireError> {
    let given = match (members.text("logGroupName")?, members.text("logGroupIdentifier")?) {
        (Some(name), None) | (None, Some(name)) => name,
        (None, None) => {
            let mut rules = Rules::default();
            rules.missing("logGroupName");
            return Err(rules.check(Code::InvalidParameter).expect_err("a rule was just broken"));
        }
        (Some(_), Some(_)) => {
            let message = "LogGroup name and LogGroup ARN are mutually exclusive parameters.";
            return Err(WireError::new(Code::Validation, message));
        }
    };
    group_of(given, context)
}

/// The group of a name or an ARN.
fn group_of(given: &str, context: &Context) -> Result<LogGroupName, WireError> {
    let arn = given.parse::<Arn>().ok();
    let ours = arn.as_ref().filter(|arn| context.account.arn("logs", &arn.resource) == **arn);
    let name = match (&arn, ours.and_then(|arn| arn.resource.strip_prefix("log-group:"))) {
        (None, _) => given,
        (Some(_), Some(name)) => name.trim_end_matches(":*"),
        (Some(_), None) => {
            return Err(WireError::new(Code::ResourceNotFound, "The specified log group does not exist."));
        }
    };
    if name.len() > NAME_MAX {
        return Err(too_long());
    }
    name.parse().map_err(|_| {
        let mut rules = Rules::default();
        let pattern = r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+";
        rules.broken(Some(given), "logGroupName", pattern);
        rules.check(Code::InvalidParameter).expect_err("a rule was just broken")
    })
}

/// The longest name of a group or a stream.
const NAME_MAX: usize = 512;

fn too_long() -> WireError {
    let message = format!("Invalid LogGroup or LogStream, both must have length less than or equal to {NAME_MAX}.");
    WireError::new(Code::InvalidParameter, message)
}

fn span(members: Members<'_>) -> Result<Span, WireError> {
    let mut rules = Rules::default();
    let mut at = |name: &str| {
        let millis = members.integer(name)?;
        if let Some(millis) = millis {
            rules.range(millis, name, 0, i64::MAX);
        }
        Ok::<_, WireError>(millis.map(Timestamp::from_millis))
    };
    let (start, end) = (at("startTime")?, at("endTime")?);
    rules.check(Code::InvalidParameter)?;
    Ok(Span { start, end })
}

fn limit(members: Members<'_>, most: i64, otherwise: i64) -> Result<usize, WireError> {
    let mut rules = Rules::default();
    let limit = rules.range(members.integer("limit")?.unwrap_or(otherwise), "limit", 1, most);
    rules.check(Code::InvalidParameter)?;
    Ok(limit)
}

/// The name after which a listing goes on.
fn token_name(members: Members<'_>) -> Result<Option<String>, WireError> {
    let Some(token) = members.text("nextToken")? else { return Ok(None) };
    let name = BASE64.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    name.map(Some).ok_or_else(|| WireError::token_invalid(Service::Logs))
}
