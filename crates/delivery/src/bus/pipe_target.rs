//! Decides what a pipe hands to its target of each record: [`PipeParameters`], read once when the pipe is made.
//!
//! A record is what came from the source, or what an enrichment answered for it. A queue gets it as a message, a bus as an
//! entry, a log group as a line, a function as one of a list. Nothing here knows which of them are there.
//!
//! Invariant: parameters that were accepted make something of every record, or say why there is nothing.

use super::entry::Entry;
use super::parameter::Parameter;
use super::path::PathError;
use super::pipe_input::{Pipe, PipeEvent, PipeInput, PipeInputRefused};
use serde::{Deserialize, Serialize};
use types::{BusName, Timestamp};

/// How many resources an event names at most.
pub const RESOURCES_MAX: usize = 10;
/// How many characters a parameter has at most.
const PARAMETER_MAX: usize = 256;

/// What was asked for, as it was given and is told again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PipeParametersSpec {
    /// A template that is filled for each record; none hands on the record itself.
    pub input: Option<String>,
    /// Of a message in a queue that keeps order: its group.
    pub message_group: Option<String>,
    /// Of such a message: what makes it the same as another one.
    pub deduplication: Option<String>,
    /// Of an event: who speaks.
    pub source: Option<String>,
    /// Of an event: of what.
    pub detail_type: Option<String>,
    /// Of an event: of what things it happened to.
    pub resources: Vec<String>,
    /// Of an event: when it happened, as a path.
    pub time: Option<String>,
    /// Of a line: its stream.
    pub stream: Option<String>,
    /// Of a line: when it was said, in milliseconds since 1970, as a path.
    pub timestamp: Option<String>,
}

/// What a pipe's target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PipeTargetKind {
    /// A function.
    Function,
    /// A queue, which keeps order or does not.
    Queue {
        /// Whether it does.
        keeps_order: bool,
    },
    /// An event bus.
    Bus,
    /// A log group.
    LogGroup,
}

/// What goes with what a pipe hands on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PipeParameters {
    /// A template that is filled for each record.
    pub input: Option<PipeInput>,
    message_group: Option<Parameter>,
    deduplication: Option<Parameter>,
    source: Option<Parameter>,
    detail_type: Option<Parameter>,
    resources: Vec<Parameter>,
    time: Option<Parameter>,
    stream: Option<Parameter>,
    timestamp: Option<Parameter>,
}

/// Where a pipe's records come from, as AWS writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A table's stream.
    Stream,
    /// A queue.
    Queue,
}

/// Why what was asked for is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PipeParametersRefused {
    /// The template is none.
    #[error(transparent)]
    Input(#[from] PipeInputRefused),
    /// A parameter begins like a path and is none.
    #[error("{name}: {reason}")]
    Path {
        /// Which.
        name: &'static str,
        /// What is wrong with it.
        reason: PathError,
    },
    /// A parameter that must be a path is a text.
    #[error("{name} must be a path that begins with $., not {given:?}")]
    NoPath {
        /// Which.
        name: &'static str,
        /// What was given.
        given: String,
    },
    /// A parameter is empty or too long.
    #[error("{name} has {length} characters; it must have 1 to {PARAMETER_MAX}")]
    Length {
        /// Which.
        name: &'static str,
        /// How long it is.
        length: usize,
    },
    /// A parameter of another kind of target.
    #[error("{name} is for {kind}, and the target is none")]
    NotOfThisKind {
        /// Which.
        name: &'static str,
        /// What takes it.
        kind: &'static str,
    },
    /// The queue keeps the order of groups.
    #[error("MessageGroupId is missing: the target is a FIFO queue")]
    NoGroup,
    /// There are too many resources.
    #[error("Resources has {count} entries; there can be {RESOURCES_MAX}")]
    Resources {
        /// How many there are.
        count: usize,
    },
    /// Events of AWS's own are AWS's.
    #[error("Source must not begin with aws.")]
    ReservedSource,
}

impl Origin {
    /// As AWS names it in records and events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stream => "aws:dynamodb",
            Self::Queue => "aws:sqs",
        }
    }

    /// How a pipe looks at a record: into its body, if it is a message.
    pub fn event(self, record: &str) -> PipeEvent {
        match self {
            Self::Stream => PipeEvent::new(record),
            Self::Queue => PipeEvent::with_encoded(record, "body"),
        }
    }
}

impl PipeTargetKind {
    /// How many records it takes at once at most.
    pub fn batch_max(self) -> u32 {
        match self {
            Self::Function | Self::LogGroup => 10_000,
            Self::Queue { .. } | Self::Bus => 10,
        }
    }
}

impl PipeParameters {
    /// Reads what was asked for a target of this kind.
    pub fn parse(spec: &PipeParametersSpec, kind: PipeTargetKind) -> Result<Self, PipeParametersRefused> {
        let only = |kind_is: bool, name, of, given: bool| {
            if given && !kind_is { Err(PipeParametersRefused::NotOfThisKind { name, kind: of }) } else { Ok(()) }
        };
        let is_queue = matches!(kind, PipeTargetKind::Queue { .. });
        let is_fifo = kind == PipeTargetKind::Queue { keeps_order: true };
        let (is_bus, is_log) = (kind == PipeTargetKind::Bus, kind == PipeTargetKind::LogGroup);
        only(is_queue, "MessageGroupId", "a queue", spec.message_group.is_some())?;
        only(is_fifo, "MessageDeduplicationId", "a FIFO queue", spec.deduplication.is_some())?;
        only(is_bus, "Source", "an event bus", spec.source.is_some())?;
        only(is_bus, "DetailType", "an event bus", spec.detail_type.is_some())?;
        only(is_bus, "Resources", "an event bus", !spec.resources.is_empty())?;
        only(is_bus, "Time", "an event bus", spec.time.is_some())?;
        only(is_log, "LogStreamName", "a log group", spec.stream.is_some())?;
        only(is_log, "Timestamp", "a log group", spec.timestamp.is_some())?;
        if is_fifo && spec.message_group.is_none() {
            return Err(PipeParametersRefused::NoGroup);
        }
        if spec.resources.len() > RESOURCES_MAX {
            return Err(PipeParametersRefused::Resources { count: spec.resources.len() });
        }
        if spec.source.as_ref().is_some_and(|source| source.starts_with("aws.")) {
            return Err(PipeParametersRefused::ReservedSource);
        }
        let maybe = |name, text: &Option<String>| text.as_deref().map(|text| parameter(name, text)).transpose();
        Ok(Self {
            input: spec.input.as_deref().map(PipeInput::parse).transpose()?,
            message_group: maybe("MessageGroupId", &spec.message_group)?,
            deduplication: maybe("MessageDeduplicationId", &spec.deduplication)?,
            source: maybe("Source", &spec.source)?,
            detail_type: maybe("DetailType", &spec.detail_type)?,
            resources: spec.resources.iter().map(|text| parameter("Resources", text)).collect::<Result<_, _>>()?,
            time: spec.time.as_deref().map(|text| path("Time", text)).transpose()?,
            stream: maybe("LogStreamName", &spec.stream)?,
            timestamp: spec.timestamp.as_deref().map(|text| path("Timestamp", text)).transpose()?,
        })
    }

    /// A message's group, and what makes it the same as another one.
    pub fn message(&self, record: &PipeEvent) -> (Option<String>, Option<String>) {
        let of = |parameter: &Option<Parameter>| parameter.as_ref().and_then(|parameter| parameter.of_record(record));
        (of(&self.message_group), of(&self.deduplication))
    }

    /// The entry that a bus gets of a record, whose detail was made already.
    pub fn entry(
        &self,
        record: &PipeEvent,
        detail: String,
        pipe: &Pipe,
        origin: Origin,
        bus: &BusName,
    ) -> Result<Entry, String> {
        let of = |parameter: &Parameter| parameter.of_record(record);
        let or = |parameter: &Option<Parameter>, usual: String| match parameter {
            Some(parameter) => of(parameter),
            None => Some(usual),
        };
        let time = self.time.as_ref().and_then(of);
        let time = time.map(|text| Timestamp::parse(&text).ok_or_else(|| format!("the Time {text:?} is no time")));
        Ok(Entry {
            source: or(&self.source, format!("Pipe {}", pipe.name)),
            detail_type: or(&self.detail_type, format!("Event from {}", origin.name())),
            detail: Some(detail),
            bus: Some(bus.to_string()),
            time: time.transpose()?,
            resources: self.resources.iter().filter_map(of).collect(),
            trace_header: None,
        })
    }

    /// The stream of a line, and when it was said if somebody says so.
    pub fn line(&self, record: &PipeEvent, pipe: &Pipe) -> Result<(String, Option<Timestamp>), String> {
        let stream = self.stream.as_ref().and_then(|stream| stream.of_record(record));
        let stream = stream.unwrap_or_else(|| pipe.name.to_string());
        let at = self.timestamp.as_ref().and_then(|at| at.of_record(record));
        let at = at.map(|text| {
            let millis = text.parse().map_err(|_| format!("the Timestamp {text:?} is no number of milliseconds"))?;
            Ok::<_, String>(Timestamp::from_millis(millis))
        });
        Ok((stream, at.transpose()?))
    }
}

fn parameter(name: &'static str, text: &str) -> Result<Parameter, PipeParametersRefused> {
    let length = text.chars().count();
    if !(1..=PARAMETER_MAX).contains(&length) {
        return Err(PipeParametersRefused::Length { name, length });
    }
    Parameter::parse(text).map_err(|reason| PipeParametersRefused::Path { name, reason })
}

fn path(name: &'static str, text: &str) -> Result<Parameter, PipeParametersRefused> {
    match parameter(name, text)? {
        path @ Parameter::Path(_) => Ok(path),
        Parameter::Constant(given) => Err(PipeParametersRefused::NoPath { name, given }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::Account;

    const FIFO: PipeTargetKind = PipeTargetKind::Queue { keeps_order: true };
    const QUEUE: PipeTargetKind = PipeTargetKind::Queue { keeps_order: false };

    fn pipe() -> Pipe {
        let account = Account::default();
        Pipe {
            name: "orders".parse().unwrap(),
            arn: account.arn("pipes", "pipe/orders"),
            source: account.arn("sqs", "in"),
            enrichment: None,
            target: account.arn("sqs", "out"),
        }
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn a_message_takes_its_group_from_the_record() {
        let spec = PipeParametersSpec {
            message_group: some("$.body.customer"),
            deduplication: some("$.messageId"),
            ..PipeParametersSpec::default()
        };
        let parameters = PipeParameters::parse(&spec, FIFO).unwrap();
        let record = Origin::Queue.event(r#"{"messageId":"m1","body":"{\"customer\":\"c7\"}"}"#);
        assert_eq!(parameters.message(&record), (some("c7"), some("m1")));
        let record = Origin::Queue.event(r#"{"messageId":"m1","body":"text"}"#);
        assert_eq!(parameters.message(&record), (None, some("m1")));
    }

    #[test]
    fn an_entry_says_where_it_comes_from_if_nobody_says_more() {
        let bus = "orders".parse().unwrap();
        let plain = PipeParameters::parse(&PipeParametersSpec::default(), PipeTargetKind::Bus).unwrap();
        let record = Origin::Stream.event(r#"{"eventName":"INSERT","at":"2024-01-01T00:00:00.500Z"}"#);
        let entry = plain.entry(&record, "{}".to_owned(), &pipe(), Origin::Stream, &bus).unwrap();
        let usual = Entry {
            source: some("Pipe orders"),
            detail_type: some("Event from aws:dynamodb"),
            detail: some("{}"),
            bus: some("orders"),
            ..Entry::default()
        };
        assert_eq!(entry, usual);
        let spec = PipeParametersSpec {
            source: some("shop"),
            detail_type: some("$.eventName"),
            resources: vec!["a".to_owned(), "$.gone".to_owned()],
            time: some("$.at"),
            ..PipeParametersSpec::default()
        };
        let parameters = PipeParameters::parse(&spec, PipeTargetKind::Bus).unwrap();
        let entry = parameters.entry(&record, "{}".to_owned(), &pipe(), Origin::Queue, &bus).unwrap();
        let expected = Entry {
            source: some("shop"),
            detail_type: some("INSERT"),
            resources: vec!["a".to_owned()],
            time: Some(Timestamp::from_millis(1_704_067_200_500)),
            ..usual
        };
        assert_eq!(entry, expected);
        let record = Origin::Stream.event(r#"{"at":"noon"}"#);
        let refused = parameters.entry(&record, "{}".to_owned(), &pipe(), Origin::Queue, &bus);
        assert_eq!(refused, Err("the Time \"noon\" is no time".to_owned()));
    }

    #[test]
    fn a_line_has_a_stream_and_may_have_a_time() {
        let spec = PipeParametersSpec { timestamp: some("$.at"), ..PipeParametersSpec::default() };
        let parameters = PipeParameters::parse(&spec, PipeTargetKind::LogGroup).unwrap();
        let line = |record: &str| parameters.line(&PipeEvent::new(record), &pipe());
        assert_eq!(line(r#"{"at":17}"#), Ok(("orders".to_owned(), Some(Timestamp::from_millis(17)))));
        assert_eq!(line("{}"), Ok(("orders".to_owned(), None)));
        assert_eq!(line(r#"{"at":"x"}"#), Err("the Timestamp \"x\" is no number of milliseconds".to_owned()));
    }

    #[test]
    fn what_cannot_be_handed_on_is_refused() {
        let none = PipeParametersSpec::default;
        let cases = [
            (none(), FIFO, "MessageGroupId is missing: the target is a FIFO queue"),
            (
                PipeParametersSpec { deduplication: some("d"), ..none() },
                QUEUE,
                "MessageDeduplicationId is for a FIFO queue, and the target is none",
            ),
            (
                PipeParametersSpec { message_group: some("g"), ..none() },
                PipeTargetKind::Bus,
                "MessageGroupId is for a queue, and the target is none",
            ),
            (
                PipeParametersSpec { source: some("shop"), ..none() },
                PipeTargetKind::Function,
                "Source is for an event bus, and the target is none",
            ),
            (
                PipeParametersSpec { source: some("aws.s3"), ..none() },
                PipeTargetKind::Bus,
                "Source must not begin with aws.",
            ),
            (
                PipeParametersSpec { time: some("noon"), ..none() },
                PipeTargetKind::Bus,
                "Time must be a path that begins with $., not \"noon\"",
            ),
            (
                PipeParametersSpec { stream: some(""), ..none() },
                PipeTargetKind::LogGroup,
                "LogStreamName has 0 characters; it must have 1 to 256",
            ),
            (
                PipeParametersSpec { resources: vec!["r".to_owned(); 11], ..none() },
                PipeTargetKind::Bus,
                "Resources has 11 entries; there can be 10",
            ),
            (
                PipeParametersSpec { input: some("<aws.pipes.name>"), ..none() },
                QUEUE,
                "the InputTemplate has the placeholder <aws.pipes.name>, which is no reserved variable",
            ),
        ];
        for (spec, kind, expected) in cases {
            assert_eq!(PipeParameters::parse(&spec, kind).unwrap_err().to_string(), expected);
        }
    }
}
