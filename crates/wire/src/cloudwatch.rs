//! Decides how requests of metrics, alarms and dashboards are read and answered, in JSON, in CBOR, and in the older form
//! protocol.
//!
//! Start at `parse`. A form is first said in JSON (`form`), and an answer in JSON is said in XML (`xml`); CBOR is JSON in
//! other bytes. So each operation is read and spelt once.

mod alarms;
mod dashboards;
mod form;
mod metrics;
mod spell;
mod tags;
mod xml;

use crate::Context;
use crate::error::{Code, WireError};
use crate::members::{Members, parse_body, serialization};
use crate::reply::Service;
use crate::unknown_operation;
use observe::alarm::{Alarm, Definition, History, HistoryKind, State};
use observe::measure::query::{Found, Query, Totals};
use observe::measure::{Metric, Series, Stat, Statistics, Unit};
use serde_json::{Map, Value as Json};
use types::{SortedMap, Timestamp};

pub use alarms::definition;
pub(crate) use form::parse_form;
pub(crate) use spell::spell;
pub(crate) use xml::spell_xml;

/// How many metrics one page of a listing has.
pub const LISTED_MAX: usize = 500;
/// The most values of one page.
pub const POINTS_MAX: usize = 100_800;
/// The most values of one answer about one metric.
pub const STATISTICS_MAX: i64 = 1_440;

/// What a client asks of metrics, alarms and dashboards.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// Take in measurements.
    PutMetricData {
        /// What was measured.
        data: Vec<Put>,
    },
    /// Say what queries come to.
    GetMetricData {
        /// The queries.
        queries: Vec<Query>,
        /// From when, in seconds since 1970.
        from: i64,
        /// Until before when.
        to: i64,
        /// Whether the newest values come first.
        newest_first: bool,
        /// At most so many values.
        limit: usize,
        /// After so many values.
        skip: usize,
    },
    /// Say what one metric comes to.
    GetMetricStatistics {
        /// The metric.
        metric: Metric,
        /// From when, in seconds since 1970.
        from: i64,
        /// Until before when.
        to: i64,
        /// Period by period.
        period: i64,
        /// What is asked of each.
        stats: Vec<Stat>,
        /// Only values in this unit.
        unit: Option<Unit>,
    },
    /// Say which metrics there are.
    ListMetrics {
        /// Only of this namespace.
        namespace: Option<String>,
        /// Only of this name.
        name: Option<String>,
        /// Only with these dimensions.
        dimensions: Vec<(String, Option<String>)>,
        /// After so many others.
        skip: usize,
    },
    /// Make or change an alarm.
    PutMetricAlarm(Box<Definition>),
    /// Say how alarms stand.
    DescribeAlarms {
        /// Which.
        which: WhichAlarms,
        /// At most so many.
        limit: usize,
        /// Only those after this name.
        after: Option<String>,
    },
    /// Say how the alarms of one metric stand.
    DescribeAlarmsForMetric {
        /// The metric.
        metric: Metric,
        /// Only those of this statistic.
        stat: Option<Stat>,
        /// Only those of this period.
        period: Option<i64>,
        /// Only those in this unit.
        unit: Option<Unit>,
    },
    /// Say what happened to alarms.
    DescribeAlarmHistory {
        /// Only to this one.
        name: Option<String>,
        /// Only this kind of thing.
        kind: Option<HistoryKind>,
        /// Only from then on.
        from: Option<Timestamp>,
        /// Only until then.
        to: Option<Timestamp>,
        /// Whether the newest comes first.
        newest_first: bool,
        /// At most so many.
        limit: usize,
        /// After so many others.
        skip: usize,
    },
    /// Delete alarms.
    DeleteAlarms(Vec<String>),
    /// Set an alarm's state.
    SetAlarmState {
        /// Which.
        name: String,
        /// To what.
        state: State,
        /// Why, in words.
        reason: String,
        /// Why, as JSON.
        reason_data: Option<String>,
    },
    /// Say whether alarms tell anybody.
    EnableAlarmActions {
        /// Which.
        names: Vec<String>,
        /// Whether they do.
        enabled: bool,
    },
    /// Keep a dashboard.
    PutDashboard {
        /// Its name.
        name: String,
        /// What it shows, as JSON.
        body: String,
    },
    /// Show a dashboard.
    GetDashboard(String),
    /// Say which dashboards there are.
    ListDashboards {
        /// Only those that begin so.
        prefix: String,
        /// Only those after this name.
        after: Option<String>,
    },
    /// Delete dashboards.
    DeleteDashboards(Vec<String>),
    /// Say by which tags an alarm is known.
    ListTags {
        /// The alarm.
        alarm: String,
    },
    /// Give an alarm tags.
    Tag {
        /// The alarm.
        alarm: String,
        /// Its new tags; others stay.
        tags: SortedMap<String, String>,
    },
    /// Take tags from an alarm.
    Untag {
        /// The alarm.
        alarm: String,
        /// The tags' keys.
        keys: Vec<String>,
    },
}

/// A measurement to be taken in.
#[derive(Debug, Clone, PartialEq)]
pub struct Put {
    /// What was measured.
    pub series: Series,
    /// When, if not now.
    pub at: Option<Timestamp>,
    /// How much.
    pub values: Statistics,
    /// Whether it is kept second by second.
    pub fine: bool,
}

/// Which alarms are meant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WhichAlarms {
    /// Only those of these names.
    pub names: Option<Vec<String>>,
    /// Only those that begin so.
    pub prefix: Option<String>,
    /// Only those in this state.
    pub state: Option<State>,
    /// Only those that tell somebody whose ARN begins so.
    pub action_prefix: Option<String>,
    /// Whether alarms of metrics are meant at all, and not only alarms of alarms, of which there are none.
    pub of_metrics: bool,
}

/// What is answered about metrics, alarms and dashboards.
#[derive(Debug)]
pub enum Answer<'a> {
    /// It is done, and there is nothing to say of it.
    Done,
    /// It is done, and there could have been something to say of it.
    Nothing,
    /// By which tags an alarm is known.
    Tags(&'a SortedMap<String, String>),
    /// What queries came to.
    Data {
        /// Of each query what fits into the page.
        found: &'a [Page],
        /// After how many values it goes on, if it does.
        next: Option<usize>,
    },
    /// What a metric came to.
    Statistics {
        /// Its name.
        label: &'a str,
        /// Of each unit, by when periods began.
        found: &'a SortedMap<Unit, Totals>,
        /// What was asked of each.
        stats: &'a [Stat],
    },
    /// Which metrics there are.
    Metrics {
        /// The metrics.
        metrics: &'a [Metric],
        /// After how many it goes on, if it does.
        next: Option<usize>,
    },
    /// How alarms stand.
    Alarms {
        /// The alarms, by name.
        alarms: &'a [&'a Alarm],
        /// Whether there are more after them.
        more: bool,
    },
    /// How the alarms of a metric stand.
    AlarmsForMetric(&'a [&'a Alarm]),
    /// What happened to alarms.
    History {
        /// The alarms' names, and what happened.
        items: &'a [(&'a str, &'a History)],
        /// After how many it goes on, if it does.
        next: Option<usize>,
    },
    /// The dashboard is kept.
    DashboardKept,
    /// A dashboard.
    Dashboard {
        /// Its name.
        name: &'a str,
        /// What it shows.
        body: &'a str,
    },
    /// Which dashboards there are.
    Dashboards {
        /// Name, size, and when it was written.
        dashboards: &'a [(&'a str, usize, Timestamp)],
        /// Whether there are more after them.
        more: bool,
    },
}

/// What a page has of a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// What the query came to, as far as it is on the page; in the order that was asked for.
    pub found: Found,
    /// Whether all of it is here or was on pages before.
    pub whole: bool,
}

/// What is refused for reasons that only metrics, alarms and dashboards have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused<'a> {
    /// There is no such alarm.
    NoSuchAlarm,
    /// There is no such alarm whose tags are asked for.
    NothingToTag,
    /// There is no such dashboard.
    NoSuchDashboard(&'a str),
    /// There is no room for more.
    TooMany(&'a str),
    /// The queries are wrong.
    Queries(&'a str),
}

impl Refused<'_> {
    pub(crate) fn error(&self) -> WireError {
        match self {
            // AWS says nothing more.
            Self::NoSuchAlarm => WireError::new(Code::AlarmNotFound, ""),
            Self::NothingToTag => WireError::new(Code::TaggedNotFound, "The specified resource does not exist."),
            Self::NoSuchDashboard(name) => {
                WireError::new(Code::DashboardNotFound, format!("Dashboard {name} does not exist"))
            }
            Self::TooMany(what) => WireError::new(Code::LimitExceeded, *what),
            Self::Queries(what) => WireError::new(Code::Validation, *what),
        }
    }
}

pub(crate) fn parse(operation: &str, body: &[u8], context: &Context) -> Result<Call, WireError> {
    let read = reader(operation)?;
    let body = parse_body(body)?;
    read(Members::new(&body, Service::CloudWatch), context)
}

/// The same, of a body of CBOR.
pub(crate) fn parse_cbor(operation: &str, body: &[u8], context: &Context) -> Result<Call, WireError> {
    let read = reader(operation)?;
    let body = if body.is_empty() { Ok(Json::Object(Map::new())) } else { crate::cbor::read(body) };
    match body {
        Ok(Json::Object(body)) => read(Members::new(&body, Service::CloudWatch), context),
        Ok(_) => Err(serialization("The body must be a CBOR map")),
        Err(fault) => Err(serialization(format!("The body is no CBOR that is understood here: {fault}"))),
    }
}

/// Whether a member of an answer is an instant.
pub(crate) fn is_instant(name: &str) -> bool {
    name.starts_with("Timestamp") || name.ends_with("Timestamp") || name == "LastModified"
}

/// Reads the members of one operation's request.
type Reader = fn(Members<'_>, &Context) -> Result<Call, WireError>;

fn reader(operation: &str) -> Result<Reader, WireError> {
    Ok(match operation {
        "PutMetricData" => metrics::put,
        "GetMetricData" => metrics::data,
        "GetMetricStatistics" => metrics::statistics,
        "ListMetrics" => metrics::list,
        "PutMetricAlarm" => alarms::put,
        "DescribeAlarms" => alarms::describe,
        "DescribeAlarmsForMetric" => alarms::for_metric,
        "DescribeAlarmHistory" => alarms::history,
        "DeleteAlarms" => alarms::delete,
        "SetAlarmState" => alarms::set_state,
        "EnableAlarmActions" => alarms::enable,
        "DisableAlarmActions" => alarms::disable,
        "PutDashboard" => dashboards::put,
        "GetDashboard" => dashboards::get,
        "ListDashboards" => dashboards::list,
        "DeleteDashboards" => dashboards::delete,
        "ListTagsForResource" => tags::list,
        "TagResource" => tags::tag,
        "UntagResource" => tags::untag,
        other => return Err(unknown_operation(other)),
    })
}

fn required<'a>(members: Members<'a>, name: &str) -> Result<&'a str, WireError> {
    let text = members.text(name)?.filter(|text| !text.is_empty());
    text.ok_or_else(|| missing(name))
}

fn missing(name: &str) -> WireError {
    WireError::new(Code::MissingParameter, format!("The parameter {name} is required."))
}

fn invalid(message: impl Into<String>) -> WireError {
    WireError::new(Code::InvalidParameterValue, message)
}

/// Any number that is one.
fn number(members: Members<'_>, name: &str) -> Result<Option<f64>, WireError> {
    let Some(value) = members.get(name) else { return Ok(None) };
    let number = value.as_f64().ok_or_else(|| crate::members::wrong_type(value, "Double"))?;
    number
        .is_finite()
        .then_some(Some(number))
        .ok_or_else(|| invalid(format!("The value {number} for parameter {name} is invalid.")))
}

/// An instant: seconds since 1970, with a fraction.
fn instant(members: Members<'_>, name: &str) -> Result<Option<Timestamp>, WireError> {
    let Some(value) = members.get(name) else { return Ok(None) };
    let seconds = value.as_f64().filter(|seconds| seconds.abs() < 1e11);
    let seconds = seconds.ok_or_else(|| crate::members::wrong_type(value, "Timestamp"))?;
    Ok(Some(Timestamp::from_millis((seconds * 1000.0).round() as i64)))
}

/// How many others come before the page that a token asks for.
fn skip(members: Members<'_>) -> Result<usize, WireError> {
    let Some(token) = members.text("NextToken")? else { return Ok(0) };
    let skip = token.strip_prefix("after-").and_then(|count| count.parse().ok());
    skip.ok_or_else(|| WireError::new(Code::InvalidNextToken, "Request parameter NextToken is invalid."))
}

/// The name after which a listing goes on.
fn after(members: Members<'_>) -> Result<Option<String>, WireError> {
    let Some(token) = members.text("NextToken")? else { return Ok(None) };
    let name = token.strip_prefix("name-").map(str::to_owned);
    name.map(Some).ok_or_else(|| WireError::new(Code::InvalidNextToken, "Request parameter NextToken is invalid."))
}

/// A member that is a number within bounds.
fn limit(members: Members<'_>, name: &str, most: usize) -> Result<usize, WireError> {
    let given = members.integer(name)?.unwrap_or(most as i64);
    let limit = usize::try_from(given).ok().filter(|limit| (1..=most).contains(limit));
    limit.ok_or_else(|| invalid(format!("The value {given} for parameter {name} must be between 1 and {most}.")))
}
