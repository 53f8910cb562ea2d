//! Decides how an answer is put together, and which problems there are.

use super::events::Follow;
use crate::handler::shown;
use crate::shop::order::Order;
use crate::shop::ports::{CommitRefused, Unreadable};
use crate::shop::request::faults::FAULTS_MAX;
use crate::shop::request::{Fault, Refused};
use crate::shop::view::order_json;
use types::Text;

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers, by their names in small letters. The body's type is among them, unless it is a problem's.
    pub headers: Vec<(&'static str, String)>,
    /// The body; of a stream the first piece. Empty when there is a problem, whose document the gateway writes.
    pub body: Vec<u8>,
    /// The order that was shown or changed: what is kept of it elsewhere is by this.
    pub concerns: Option<Text>,
    /// What else is to be sent, as it happens.
    pub stream: Option<Follow>,
    /// What went wrong.
    pub problem: Option<Problem>,
    /// A line for the log, without anything that a customer wrote.
    pub log: Option<String>,
}

/// What went wrong, for a problem document (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which kind.
    pub kind: ProblemKind,
    /// What it is this time, and what to do about it.
    pub detail: String,
    /// What is wrong with the body, place by place.
    pub errors: Vec<Fault>,
}

/// The kinds of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemKind {
    /// The body is not JSON.
    NotJson,
    /// The body is JSON that does not say what it should.
    InvalidBody,
    /// The idempotency key is none.
    InvalidIdempotencyKey,
    /// A parameter in the query is not what it should be.
    InvalidQuery,
    /// There is no such order.
    OrderNotFound,
    /// The order is too far to be called off.
    OrderNotCancellable,
    /// The key was used with another request.
    IdempotencyKeyReused,
    /// The order that the key made is no longer kept.
    OrderGone,
    /// It does not go now.
    Unavailable,
    /// It does not go, and the client cannot help it.
    Internal,
}

impl ProblemKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::NotJson,
        Self::InvalidBody,
        Self::InvalidIdempotencyKey,
        Self::InvalidQuery,
        Self::OrderNotFound,
        Self::OrderNotCancellable,
        Self::IdempotencyKeyReused,
        Self::OrderGone,
        Self::Unavailable,
        Self::Internal,
    ];

    /// A word for programs, which never changes.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::NotJson => "not-json",
            Self::InvalidBody => "invalid-body",
            Self::InvalidIdempotencyKey => "invalid-idempotency-key",
            Self::InvalidQuery => "invalid-query",
            Self::OrderNotFound => "order-not-found",
            Self::OrderNotCancellable => "order-not-cancellable",
            Self::IdempotencyKeyReused => "idempotency-key-reused",
            Self::OrderGone => "order-gone",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// A line for people, the same each time.
    pub const fn title(self) -> &'static str {
        match self {
            Self::NotJson => "The body is not JSON",
            Self::InvalidBody => "The body does not say what it should",
            Self::InvalidIdempotencyKey => "The Idempotency-Key cannot be used",
            Self::InvalidQuery => "A parameter of the query cannot be used",
            Self::OrderNotFound => "There is no such order",
            Self::OrderNotCancellable => "The order can no longer be cancelled",
            Self::IdempotencyKeyReused => "The Idempotency-Key was used for another request",
            Self::OrderGone => "The order that this Idempotency-Key made is gone",
            Self::Unavailable => "The shop cannot do this at the moment",
            Self::Internal => "Something is broken in the shop",
        }
    }

    /// The HTTP status that it is answered with.
    pub const fn status(self) -> u16 {
        match self {
            Self::NotJson | Self::InvalidBody | Self::InvalidIdempotencyKey | Self::InvalidQuery => 400,
            Self::OrderNotFound => 404,
            Self::OrderNotCancellable | Self::OrderGone => 409,
            Self::IdempotencyKeyReused => 422,
            Self::Unavailable => 503,
            Self::Internal => 500,
        }
    }
}

/// The headers that every answer without a longer life has.
const UNKEPT: &str = "no-store";
/// Each use asks again, with the ETag; only the client itself keeps it.
const REVALIDATED: &str = "private, no-cache";

impl Answer {
    /// An answer of this status without a body.
    pub(super) fn bare(status: u16) -> Self {
        Self {
            status,
            headers: Vec::with_capacity(5),
            body: Vec::new(),
            concerns: None,
            stream: None,
            problem: None,
            log: None,
        }
    }

    /// An order that was written just now.
    pub(super) fn written(status: u16, order: &Order) -> Self {
        Self::order(status, order, UNKEPT)
    }

    /// An order that was asked for.
    pub(super) fn shown(order: &Order) -> Self {
        Self::order(200, order, REVALIDATED)
    }

    fn order(status: u16, order: &Order, cache_control: &str) -> Self {
        let mut answer = Self::bare(status).json(order_json(order), cache_control);
        answer.headers.push(("etag", etag(order)));
        answer.concerns = Some(order.id.clone());
        answer
    }

    /// The client has the newest already.
    pub(super) fn not_modified(order: &Order) -> Self {
        let mut answer = Self::bare(304);
        answer.headers.push(("cache-control", REVALIDATED.to_owned()));
        answer.headers.push(("etag", etag(order)));
        answer.concerns = Some(order.id.clone());
        answer
    }

    /// A list that was asked for.
    pub(super) fn list(body: Vec<u8>) -> Self {
        Self::bare(200).json(body, REVALIDATED)
    }

    /// What was said to a question; it is good for this moment.
    pub(super) fn said(body: Vec<u8>) -> Self {
        Self::bare(200).json(body, UNKEPT)
    }

    fn json(mut self, body: Vec<u8>, cache_control: &str) -> Self {
        self.body = body;
        self.headers.push(("content-type", "application/json".to_owned()));
        self.headers.push(("cache-control", cache_control.to_owned()));
        self
    }

    pub(super) fn problem(kind: ProblemKind, detail: impl Into<String>) -> Self {
        let mut answer = Self::bare(kind.status());
        answer.headers.push(("cache-control", UNKEPT.to_owned()));
        answer.problem = Some(Problem { kind, detail: detail.into(), errors: Vec::new() });
        answer
    }

    /// There is no such order, or it is another tenant's: nothing here tells which.
    pub(super) fn not_found() -> Self {
        let detail =
            "There is no order of this id. Check the id: it stands in the answer to the order, and in its Location.";
        Self::problem(ProblemKind::OrderNotFound, detail)
    }

    /// The body is not taken. `also` is what else is wrong with the request.
    pub(super) fn refused(refused: Refused, also: Option<&str>) -> Self {
        let also = also.map(|also| format!(" {also}")).unwrap_or_default();
        match refused {
            Refused::NotJson(not_json) => {
                let detail = format!("The body cannot be read as JSON; {not_json}.{also}");
                Self::problem(ProblemKind::NotJson, detail)
            }
            Refused::Faulty(faults) => {
                let detail = match faults.count() {
                    1 => format!("One thing is wrong with the body; it stands in `errors`.{also}"),
                    count @ 2..=FAULTS_MAX => {
                        format!("{count} things are wrong with the body; they stand in `errors`.{also}")
                    }
                    count => format!(
                        "{count} things are wrong with the body; the first {FAULTS_MAX} of them stand in `errors`.{also}"
                    ),
                };
                let mut answer = Self::problem(ProblemKind::InvalidBody, detail);
                if let Some(problem) = &mut answer.problem {
                    problem.errors = faults.into_list();
                }
                answer
            }
        }
    }

    /// It does not go now; `why` is for the log.
    pub(super) fn unavailable(why: &str) -> Self {
        let detail = "Nothing was changed. Send the same request again in a moment.";
        let mut answer = Self::problem(ProblemKind::Unavailable, detail);
        answer.headers.push(("retry-after", "1".to_owned()));
        answer.log = Some(shown(why));
        answer
    }

    /// It does not go; `why` is for the log.
    pub(super) fn broken(why: &str) -> Self {
        let detail = "Nothing was changed, and sending it again is of no use before it is mended. The shop's log says more \
                      under this request's id.";
        let mut answer = Self::problem(ProblemKind::Internal, detail);
        answer.log = Some(shown(why));
        answer
    }
}

impl From<Unreadable> for Answer {
    fn from(unreadable: Unreadable) -> Self {
        Self::unavailable(&format!("a read failed: {unreadable}"))
    }
}

/// What is answered when nothing was committed, and the reason is not that somebody was faster.
pub(super) fn not_committed(refused: &CommitRefused) -> Answer {
    match refused {
        CommitRefused::Busy(_) => Answer::unavailable(&format!("a commit was put off: {refused}")),
        CommitRefused::Broken(_) | CommitRefused::Unexpected { .. } => {
            Answer::broken(&format!("a commit was refused: {refused}"))
        }
    }
}

/// What tells two states of an order apart.
pub(super) fn etag(order: &Order) -> String {
    format!("\"{}\"", order.version)
}
