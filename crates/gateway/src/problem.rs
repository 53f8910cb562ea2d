//! Decides what a client is told when its request is not answered: a problem document (RFC 9457) that says what to mend.
//!
//! Start at [`Refusal`] and [`answer`]. The document also carries `message` as AWS's gateway words it, and the headers
//! that its clients look for, so both kinds of client find what they know.
//!
//! Invariant: text of the request is in it only bounded and as JSON strings; in headers never.

use crate::answer::{Answer, Header, is_header_value};
use crate::api::Api;
use crate::fault::{Fault, bounded};
use crate::responses::Variables;
use crate::route::RouteId;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Value, json};
use std::time::Duration;

/// Why a request is not answered as it asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No template fits the path.
    NoRoute,
    /// The path is there for other methods.
    WrongMethod {
        /// `GET, POST`
        allow: String,
    },
    /// The route needs a key.
    KeyMissing,
    /// There is no such key.
    KeyUnknown,
    /// The key was taken back.
    KeyRevoked,
    /// The key's plan is not one of this stage.
    KeyWithoutPlan,
    /// The key may not do this.
    WrongScope {
        /// What it would have to be allowed.
        needed: String,
    },
    /// It came too fast.
    Throttled {
        /// When to come again.
        retry_after: Duration,
    },
    /// The quota is used up.
    QuotaExceeded {
        /// When the next period begins.
        retry_after: Duration,
    },
    /// Parameters are missing or wrong.
    BadParameters {
        /// The names of those that are missing.
        missing: Vec<String>,
        /// All that is wrong.
        faults: Vec<Fault>,
    },
    /// The body is wrong.
    BadBody {
        /// All that is wrong.
        faults: Vec<Fault>,
    },
    /// The body is too large.
    TooLarge {
        /// The most bytes.
        max: u64,
    },
    /// The body is of a type that the route does not take.
    UnsupportedMediaType {
        /// What it takes.
        accepted: String,
    },
    /// The body is compressed, or encoded otherwise.
    Encoded,
    /// The function failed, or its answer is none.
    HandlerFailed,
    /// The function took too long.
    HandlerTimeout,
    /// There is no function behind the route.
    NoHandler,
    /// There is too much to do just now.
    Overloaded {
        /// When to come again.
        retry_after: Duration,
    },
    /// Something went wrong here.
    Internal,
    /// The function says so.
    Told(Told),
}

/// A problem as a function that is built in tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The status of the answer.
    pub status: u16,
    /// The last part of the type's URI.
    pub slug: &'static str,
    /// A line that is the same each time.
    pub title: &'static str,
    /// What is wrong this time, and what to do.
    pub detail: String,
    /// What is wrong with the body, place by place.
    pub faults: Vec<Fault>,
    /// When to come again, if that helps.
    pub retry_after: Option<Duration>,
}

/// What is the same for all refusals of a kind.
struct Kind {
    status: u16,
    /// The last part of the type's URI.
    slug: &'static str,
    title: &'static str,
    /// AWS's name for it, by which a template changes it.
    response_type: &'static str,
    /// AWS's words.
    message: &'static str,
    error_type: &'static str,
}

impl Refusal {
    /// The status, if the template does not change it.
    pub fn status(&self) -> u16 {
        self.kind().status
    }

    /// AWS's name for it, such as `THROTTLED`: for the access log.
    pub fn response_type(&self) -> &'static str {
        self.kind().response_type
    }

    /// AWS's words for it.
    pub fn message(&self) -> String {
        match self {
            Self::BadParameters { missing, .. } if !missing.is_empty() => {
                let names: Vec<String> = missing.iter().map(|name| bounded(name)).collect();
                format!("Missing required request parameters: [{}]", names.join(", "))
            }
            other => other.kind().message.to_owned(),
        }
    }

    fn kind(&self) -> Kind {
        let (status, slug, title, response_type, message, error_type) = match self {
            Self::NoRoute => (
                404,
                "not-found",
                "There is nothing at this path",
                "MISSING_AUTHENTICATION_TOKEN",
                "Missing Authentication Token",
                "MissingAuthenticationTokenException",
            ),
            Self::WrongMethod { .. } => (
                405,
                "method-not-allowed",
                "The path has no such method",
                "MISSING_AUTHENTICATION_TOKEN",
                "Missing Authentication Token",
                "MissingAuthenticationTokenException",
            ),
            Self::KeyMissing => {
                (403, "key-missing", "An API key is needed", "INVALID_API_KEY", "Forbidden", "ForbiddenException")
            }
            Self::KeyUnknown => {
                (403, "key-unknown", "The API key is not known", "INVALID_API_KEY", "Forbidden", "ForbiddenException")
            }
            Self::KeyRevoked => {
                (403, "key-revoked", "The API key was revoked", "INVALID_API_KEY", "Forbidden", "ForbiddenException")
            }
            Self::KeyWithoutPlan => (
                403,
                "key-without-plan",
                "The API key has no usage plan here",
                "INVALID_API_KEY",
                "Forbidden",
                "ForbiddenException",
            ),
            Self::WrongScope { .. } => (
                403,
                "scope-missing",
                "The API key may not do this",
                "ACCESS_DENIED",
                "User is not authorized to access this resource",
                "AccessDeniedException",
            ),
            Self::Throttled { .. } => (
                429,
                "too-many-requests",
                "Requests come too fast",
                "THROTTLED",
                "Too Many Requests",
                "TooManyRequestsException",
            ),
            Self::QuotaExceeded { .. } => (
                429,
                "quota-exceeded",
                "The quota is used up",
                "QUOTA_EXCEEDED",
                "Limit Exceeded",
                "LimitExceededException",
            ),
            Self::BadParameters { .. } => (
                400,
                "invalid-parameters",
                "Parameters of the request are wrong",
                "BAD_REQUEST_PARAMETERS",
                "Invalid request parameters",
                "BadRequestException",
            ),
            Self::BadBody { .. } => (
                400,
                "invalid-body",
                "The body of the request is wrong",
                "BAD_REQUEST_BODY",
                "Invalid request body",
                "BadRequestException",
            ),
            Self::TooLarge { .. } => (
                413,
                "too-large",
                "The body is too large",
                "REQUEST_TOO_LARGE",
                "Request Too Long",
                "RequestTooLargeException",
            ),
            Self::UnsupportedMediaType { .. } => (
                415,
                "unsupported-media-type",
                "The body is of another type than the route takes",
                "UNSUPPORTED_MEDIA_TYPE",
                "Unsupported Media Type",
                "BadRequestException",
            ),
            Self::Encoded => (
                415,
                "encoded",
                "The body is encoded in a way that is not taken",
                "UNSUPPORTED_MEDIA_TYPE",
                "Unsupported Media Type",
                "BadRequestException",
            ),
            Self::HandlerFailed => (
                502,
                "handler-failed",
                "The function behind the route failed",
                "INTEGRATION_FAILURE",
                "Internal server error",
                "InternalServerErrorException",
            ),
            Self::HandlerTimeout => (
                504,
                "handler-timeout",
                "The function behind the route took too long",
                "INTEGRATION_TIMEOUT",
                "Endpoint request timed out",
                "InternalServerErrorException",
            ),
            Self::NoHandler => (
                500,
                "no-handler",
                "There is no function behind the route",
                "API_CONFIGURATION_ERROR",
                "Internal server error",
                "InternalServerErrorException",
            ),
            Self::Overloaded { .. } => (
                503,
                "overloaded",
                "There is too much to do just now",
                "DEFAULT_5XX",
                "Service Unavailable",
                "ServiceUnavailableException",
            ),
            Self::Told(told) => {
                let (response_type, error_type) = match told.status {
                    400 => ("BAD_REQUEST_BODY", "BadRequestException"),
                    404 => ("DEFAULT_4XX", "NotFoundException"),
                    409 => ("DEFAULT_4XX", "ConflictException"),
                    503 => ("DEFAULT_5XX", "ServiceUnavailableException"),
                    500.. => ("DEFAULT_5XX", "InternalServerErrorException"),
                    _ => ("DEFAULT_4XX", "BadRequestException"),
                };
                (told.status, told.slug, told.title, response_type, told.title, error_type)
            }
            Self::Internal => (
                500,
                "internal",
                "Something went wrong here",
                "DEFAULT_5XX",
                "Internal server error",
                "InternalServerErrorException",
            ),
        };
        Kind { status, slug, title, response_type, message, error_type }
    }

    /// What is wrong and what to do, in a sentence or two.
    fn detail(&self) -> String {
        let seconds = |span: &Duration| {
            let seconds = whole_seconds(*span);
            if seconds == 1 { "1 second".to_owned() } else { format!("{seconds} seconds") }
        };
        match self {
            Self::NoRoute => "No route has this path. Check its spelling, its case, and slashes at its end.".to_owned(),
            Self::WrongMethod { allow } => format!("The path is there for these methods: {allow}. Use one of them."),
            Self::KeyMissing => "Send your API key in the header x-api-key.".to_owned(),
            Self::KeyUnknown => "There is no such API key. Check that the header x-api-key holds all of it.".to_owned(),
            Self::KeyRevoked => "This API key was revoked and stays so. Use another key.".to_owned(),
            Self::KeyWithoutPlan => {
                "The usage plan of this API key is not one of this stage. Use another key.".to_owned()
            }
            Self::WrongScope { needed } => {
                format!("This needs a key with the scope {}. Use such a key.", bounded(needed))
            }
            Self::Throttled { retry_after } => {
                format!("The rate of this key or of the API is used up. Try again in {}.", seconds(retry_after))
            }
            Self::QuotaExceeded { retry_after } => {
                format!("The quota of this key is used up. The next period begins in {}.", seconds(retry_after))
            }
            Self::Told(told) => told.detail.clone(),
            Self::BadParameters { .. } => "Mend what `errors` names and send the request again.".to_owned(),
            Self::BadBody { .. } => "Mend what `errors` names and send the body again.".to_owned(),
            Self::TooLarge { max } => format!("The body may have {max} bytes. Send less at once."),
            Self::UnsupportedMediaType { accepted } => {
                format!("Send the body as {accepted} and say so in content-type.")
            }
            Self::Encoded => "Send the body as it is, without content-encoding.".to_owned(),
            Self::HandlerFailed | Self::Internal | Self::NoHandler => {
                "The fault is not in the request. The log has it under the id in `instance`.".to_owned()
            }
            Self::HandlerTimeout => {
                "Whether it took effect is not known. Send the request again with the same idempotency key.".to_owned()
            }
            Self::Overloaded { retry_after } => format!("Nothing was done. Try again in {}.", seconds(retry_after)),
        }
    }

    fn faults(&self) -> &[Fault] {
        match self {
            Self::BadParameters { faults, .. } | Self::BadBody { faults } | Self::Told(Told { faults, .. }) => faults,
            _ => &[],
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after }
            | Self::QuotaExceeded { retry_after }
            | Self::Overloaded { retry_after } => Some(*retry_after),
            Self::Told(told) => told.retry_after,
            _ => None,
        }
    }
}

/// Seconds, rounded up: who comes back then is not too early.
fn whole_seconds(span: Duration) -> u64 {
    span.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX)
}

/// The members of a document, in their order.
struct Members(Vec<(String, Value)>);

impl serde::Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The answer that tells a refusal: as the API words it, with what a browser's page needs to read it.
pub fn answer(api: &Api, refusal: &Refusal, route: Option<RouteId>, origin: Option<&str>, request_id: &str) -> Answer {
    let kind = refusal.kind();
    let changed = api.responses.of(kind.response_type, kind.status);
    let status = changed.and_then(|changed| changed.status).unwrap_or(kind.status);
    let message = refusal.message();
    let mut members = vec![
        ("type".to_owned(), json!(format!("/problems/{}", kind.slug))),
        ("title".to_owned(), json!(kind.title)),
        ("status".to_owned(), json!(status)),
        ("detail".to_owned(), json!(refusal.detail())),
        ("instance".to_owned(), json!(format!("urn:request:{}", bounded(request_id)))),
        ("message".to_owned(), json!(message)),
    ];
    if !refusal.faults().is_empty() {
        members.push(("errors".to_owned(), json!(refusal.faults())));
    }
    if let Some(changed) = changed {
        let validation = refusal.faults().first().map(ToString::to_string).unwrap_or_default();
        let variables =
            Variables { message: &message, response_type: kind.response_type, request_id, validation: &validation };
        for (name, value) in changed.members(variables) {
            match members.iter_mut().find(|(had, _)| *had == name) {
                Some((_, had)) => *had = value,
                None => members.push((name, value)),
            }
        }
    }
    let mut headers: Vec<Header> = vec![
        ("content-type".into(), "application/problem+json".into()),
        ("cache-control".into(), "no-store".into()),
        ("x-amzn-ErrorType".into(), kind.error_type.into()),
    ];
    if is_header_value(request_id) {
        headers.push(("x-amzn-RequestId".into(), request_id.to_owned().into()));
    }
    if let Some(span) = refusal.retry_after() {
        headers.push(("retry-after".into(), whole_seconds(span).to_string().into()));
    }
    if let Refusal::WrongMethod { allow } = refusal {
        headers.push(("allow".into(), allow.clone().into()));
    }
    let body = serde_json::to_vec(&Members(members)).expect("strings and numbers are JSON");
    let mut answer = Answer { status, headers, body: body.into() };
    if let Some(changed) = changed {
        for header in &changed.headers {
            answer.headers.retain(|(had, _)| !had.eq_ignore_ascii_case(&header.0));
            answer.headers.push(header.clone());
        }
    }
    answer.add_missing(api.cors(route).map(|cors| cors.headers(origin)).unwrap_or_default());
    answer
}
