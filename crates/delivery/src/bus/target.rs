//! Decides what may be a target of a rule: [`Target`], read once when it is put.
//!
//! Invariant: a target's kind is one that events can be brought to, and its input, its patience and its dead-letter
//! queue are whole.

use super::input::{Input, InputRefused, InputSpec};
use super::parameter::Parameter;
use super::path::PathError;
use super::retry::{Policy, PolicyRefused};
use serde::{Deserialize, Serialize};
use types::{Account, Arn, NameError, SortedMap, TargetId};

/// A target as it was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetSpec {
    /// Its name within the rule.
    pub id: String,
    /// Where events go.
    pub arn: String,
    /// What they bring.
    pub input: InputSpec,
    /// How often a failed delivery is tried again; none for 185 times.
    pub retries: Option<i64>,
    /// How old an event may be and still be tried, in seconds; none for a day.
    pub max_age_seconds: Option<i64>,
    /// The queue for what is given up.
    pub dead_letters: Option<String>,
    /// The message group, for a FIFO queue.
    pub message_group: Option<String>,
    /// The role that its rule named for it; kept and told again, and nothing here is refused because of it.
    #[serde(default)]
    pub role: Option<String>,
    /// Parts of the request, for an HTTP endpoint.
    pub http: HttpSpec,
}

/// Parts of a request as they were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpSpec {
    /// What stands for each `*` of the endpoint's path.
    pub path_values: Vec<String>,
    /// Headers.
    pub headers: SortedMap<String, String>,
    /// Parameters of the query.
    pub query: SortedMap<String, String>,
}

/// Where a rule sends events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name within the rule.
    pub id: TargetId,
    /// Where events go.
    pub arn: Arn,
    /// What that is.
    pub kind: TargetKind,
    /// What they bring.
    pub input: Input,
    /// How patient it is.
    pub policy: Policy,
    /// The queue for what is given up.
    pub dead_letters: Option<Arn>,
}

/// What a target is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetKind {
    /// A function, which is invoked and not waited for.
    Function,
    /// A queue.
    Queue {
        /// The group of each message, for a FIFO queue.
        message_group: Option<String>,
    },
    /// Another bus.
    Bus,
    /// A log group.
    LogGroup,
    /// An HTTP endpoint, known by its API destination.
    ApiDestination(HttpParameters),
    /// An HTTP endpoint, known by its URL alone: nothing that a client can ask for.
    Webhook {
        /// Where it is.
        url: String,
    },
}

/// Parts of a request to an HTTP endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpParameters {
    /// What stands for each `*` of the endpoint's path.
    pub path_values: Vec<Parameter>,
    /// Headers.
    pub headers: SortedMap<String, Parameter>,
    /// Parameters of the query.
    pub query: SortedMap<String, Parameter>,
}

/// Why a target is refused when it is put: a `ValidationException`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetRefused {
    /// It has no proper name.
    #[error(transparent)]
    Id(#[from] NameError),
    /// Its ARN is none.
    #[error("Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.")]
    Arn {
        /// What was given.
        arn: String,
    },
    /// Events cannot be brought there.
    #[error(
        "Parameter {arn} is not valid. Reason: a target is a function, a queue, an event bus, a log group or an API \
         destination."
    )]
    Kind {
        /// What was given.
        arn: Arn,
    },
    /// A FIFO queue without a message group.
    #[error("Parameter(s) SqsParameters must be specified for target: {id}.")]
    NoMessageGroup {
        /// Which target.
        id: TargetId,
    },
    /// Parameters for something that it is not.
    #[error("{parameters} cannot be specified for target {id}, which is no {kind}.")]
    NotOfThisKind {
        /// Which target.
        id: TargetId,
        /// What was specified.
        parameters: &'static str,
        /// What has such.
        kind: &'static str,
    },
    /// Dead letters cannot go there.
    #[error("The DeadLetterConfig of target {id} is not valid: {arn} is not the ARN of a standard SQS queue.")]
    DeadLetters {
        /// Which target.
        id: TargetId,
        /// What was given.
        arn: String,
    },
    /// A part of the request is no path.
    #[error("HttpParameters of target {id} are not valid: {name}: {reason}.")]
    Http {
        /// Which target.
        id: TargetId,
        /// Which part.
        name: String,
        /// What is wrong with it.
        reason: PathError,
    },
    /// A header is one that whoever makes the call writes.
    #[error("HttpParameters of target {id} are not valid: no target sets the header {name:?}.")]
    Header {
        /// Which target.
        id: TargetId,
        /// Which header.
        name: String,
    },
    /// Its input cannot be made.
    #[error(transparent)]
    Input(#[from] InputRefused),
    /// Its patience is out of bounds.
    #[error("The RetryPolicy of target {id} is not valid: {reason}")]
    Policy {
        /// Which target.
        id: TargetId,
        /// What is out of bounds.
        reason: PolicyRefused,
    },
}

impl Target {
    /// Reads what was asked for.
    pub fn parse(spec: TargetSpec) -> Result<Self, TargetRefused> {
        let id: TargetId = spec.id.parse()?;
        let arn: Arn = spec.arn.parse().map_err(|_| TargetRefused::Arn { arn: cut(&spec.arn) })?;
        let policy = Policy::new(spec.retries, spec.max_age_seconds)
            .map_err(|reason| TargetRefused::Policy { id: id.clone(), reason })?;
        let dead_letters = spec.dead_letters.map(|text| dead_letters(&text, &id)).transpose()?;
        let kind = kind(&arn, &id, spec.message_group, &spec.http)?;
        let input = Input::parse(spec.input, &id)?;
        Ok(Self { id, arn, kind, input, policy, dead_letters })
    }
}

impl TargetSpec {
    /// The target that a URL is, as the engine itself names it.
    pub fn of_webhook(id: &TargetId, url: &str) -> Self {
        Self { id: id.to_string(), arn: url.to_owned(), ..Self::default() }
    }

    /// Whether it was made by [`Self::of_webhook`].
    pub fn is_webhook(&self) -> bool {
        self.arn.starts_with("https://") || self.arn.starts_with("http://")
    }
}

impl Target {
    /// Reads what the engine itself asked for: anything that a client may, and URLs.
    pub fn parse_own(spec: TargetSpec, account: &Account) -> Result<Self, TargetRefused> {
        if !spec.is_webhook() {
            return Self::parse(spec);
        }
        let (id, arn): (TargetId, Arn) = (spec.id.parse()?, account.arn("events", "webhook"));
        let input = Input::parse(InputSpec::default(), &id)?;
        let kind = TargetKind::Webhook { url: spec.arn };
        Ok(Self { id, arn, kind, input, policy: Policy::default(), dead_letters: None })
    }
}

fn kind(arn: &Arn, id: &TargetId, message_group: Option<String>, http: &HttpSpec) -> Result<TargetKind, TargetRefused> {
    let other = |parameters, kind| TargetRefused::NotOfThisKind { id: id.clone(), parameters, kind };
    let kind = match (&*arn.service, arn.resource.split([':', '/']).next()) {
        ("lambda", Some("function")) => TargetKind::Function,
        ("events", Some("event-bus")) => TargetKind::Bus,
        ("logs", Some("log-group")) => TargetKind::LogGroup,
        ("events", Some("api-destination")) => TargetKind::ApiDestination(http_parameters(http, id)?),
        ("sqs", _) if arn.resource.ends_with(".fifo") && message_group.is_none() => {
            return Err(TargetRefused::NoMessageGroup { id: id.clone() });
        }
        ("sqs", _) => TargetKind::Queue { message_group: message_group.clone() },
        _ => return Err(TargetRefused::Kind { arn: arn.clone() }),
    };
    if message_group.is_some() && !matches!(kind, TargetKind::Queue { .. }) {
        return Err(other("SqsParameters", "queue"));
    }
    if *http != HttpSpec::default() && !matches!(kind, TargetKind::ApiDestination(_)) {
        return Err(other("HttpParameters", "API destination"));
    }
    Ok(kind)
}

fn http_parameters(spec: &HttpSpec, id: &TargetId) -> Result<HttpParameters, TargetRefused> {
    let parse = |name: &str, text: &str| {
        let refused = |reason| TargetRefused::Http { id: id.clone(), name: name.to_owned(), reason };
        Parameter::parse(text).map_err(refused)
    };
    if let Some(name) = spec.headers.keys().find(|name| !may_be_set(name)) {
        return Err(TargetRefused::Header { id: id.clone(), name: cut(name) });
    }
    let named = |all: &SortedMap<String, String>| {
        all.iter().map(|(name, text)| Ok((name.clone(), parse(name, text)?))).collect::<Result<_, TargetRefused>>()
    };
    Ok(HttpParameters {
        path_values: spec
            .path_values
            .iter()
            .map(|text| parse("PathParameterValues", text))
            .collect::<Result<_, _>>()?,
        headers: named(&spec.headers)?,
        query: named(&spec.query)?,
    })
}

fn dead_letters(text: &str, id: &TargetId) -> Result<Arn, TargetRefused> {
    let arn: Option<Arn> = text.parse().ok();
    let queue = arn.filter(|arn| &*arn.service == "sqs" && !arn.resource.ends_with(".fifo"));
    queue.ok_or_else(|| TargetRefused::DeadLetters { id: id.clone(), arn: cut(text) })
}

/// Whether a target may set a header of this name.
fn may_be_set(name: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(token) && !super::endpoint::is_header_of_ours(name)
}

/// A text that a person still reads.
fn cut(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(arn: &str) -> TargetSpec {
        TargetSpec { id: "t1".to_owned(), arn: arn.to_owned(), ..TargetSpec::default() }
    }

    #[test]
    fn targets_are_known_by_their_arns() {
        let cases = [
            ("arn:aws:lambda:us-east-1:000000000000:function:F", TargetKind::Function),
            ("arn:aws:sqs:us-east-1:000000000000:q", TargetKind::Queue { message_group: None }),
            ("arn:aws:events:us-east-1:000000000000:event-bus/b", TargetKind::Bus),
            ("arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/x", TargetKind::LogGroup),
            (
                "arn:aws:events:us-east-1:000000000000:api-destination/d/1",
                TargetKind::ApiDestination(HttpParameters::default()),
            ),
        ];
        for (arn, kind) in cases {
            assert_eq!(Target::parse(spec(arn)).unwrap().kind, kind, "{arn}");
        }
    }

    #[test]
    fn requests_take_values_from_events() {
        let mut given = spec("arn:aws:events:us-east-1:000000000000:api-destination/d/1");
        given.http.headers.insert("X-Order".to_owned(), "$.detail.orderId".to_owned());
        given.http.path_values.push("v1".to_owned());
        let TargetKind::ApiDestination(http) = Target::parse(given).unwrap().kind else { panic!("an API destination") };
        assert!(matches!(http.headers["X-Order"], Parameter::Path(_)));
        assert_eq!(http.path_values, [Parameter::Constant("v1".to_owned())]);
    }

    #[test]
    fn what_cannot_be_a_target_is_refused() {
        let queue = "arn:aws:sqs:us-east-1:000000000000:q";
        let function = "arn:aws:lambda:us-east-1:000000000000:function:F";
        let group = |arn: &str| TargetSpec { message_group: Some("g".to_owned()), ..spec(arn) };
        let mut header = spec("arn:aws:events:us-east-1:000000000000:api-destination/d/1");
        header.http.headers.insert("X".to_owned(), "$x".to_owned());
        let http = HttpSpec { path_values: vec!["v".to_owned()], ..HttpSpec::default() };
        let dead = |arn: &str| TargetSpec { dead_letters: Some(arn.to_owned()), ..spec(queue) };
        let cases = [
            (
                TargetSpec { id: "a b".to_owned(), ..spec(queue) },
                "\"a b\" cannot name a target: 1 to 64 letters, digits, '.', '_' or '-'",
            ),
            (spec("queue"), "Parameter queue is not valid. Reason: Provided Arn is not in correct format."),
            (
                spec("arn:aws:sns:us-east-1:000000000000:topic"),
                "Parameter arn:aws:sns:us-east-1:000000000000:topic is not valid. Reason: a target is a function, a \
                 queue, an event bus, a log group or an API destination.",
            ),
            (
                spec("arn:aws:sqs:us-east-1:000000000000:q.fifo"),
                "Parameter(s) SqsParameters must be specified for target: t1.",
            ),
            (group(function), "SqsParameters cannot be specified for target t1, which is no queue."),
            (
                TargetSpec { http: http.clone(), ..spec(queue) },
                "HttpParameters cannot be specified for target t1, which is no API destination.",
            ),
            (
                TargetSpec { http, ..spec(function) },
                "HttpParameters cannot be specified for target t1, which is no API destination.",
            ),
            (
                dead("arn:aws:sqs:us-east-1:000000000000:d.fifo"),
                "The DeadLetterConfig of target t1 is not valid: arn:aws:sqs:us-east-1:000000000000:d.fifo is not the \
                 ARN of a standard SQS queue.",
            ),
            (
                header,
                "HttpParameters of target t1 are not valid: X: the path \"$x\" cannot be read at character 2: here a dot \
                 or a bracket is expected.",
            ),
            (
                TargetSpec { retries: Some(186), ..spec(queue) },
                "The RetryPolicy of target t1 is not valid: MaximumRetryAttempts is 186; it must be from 0 to 185",
            ),
        ];
        for (given, expected) in cases {
            assert_eq!(Target::parse(given).unwrap_err().to_string(), expected);
        }
        assert!(Target::parse(dead(queue)).is_ok());
        assert!(Target::parse(group("arn:aws:sqs:us-east-1:000000000000:q.fifo")).is_ok());
    }
}
