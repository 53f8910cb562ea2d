//! Decides how AWS's clients are understood and answered: bytes to typed commands, typed answers to bytes.
//!
//! For each request, in this order: make its [`Reply`], check its signature where that is asked for
//! ([`sigv4::verify`]), [`parse`] it to a [`Call`], do what it says, and let the reply say the [`Answer`], the
//! [`Refusal`] or the [`WireError`]. AWS's names, texts and shapes are known here and nowhere else.
//!
//! Invariants: no bytes from a client make anything here panic; a member of a request that AWS knows is either handled
//! or refused by its name, never ignored; nothing here reads a socket, a clock or a disk.

mod answer;
mod cbor;
pub mod cloudwatch;
pub mod dynamodb;
mod error;
pub mod events;
mod head;
pub mod lambda;
pub mod logs;
mod members;
pub mod pipes;
mod reply;
pub mod sigv4;
pub mod sqs;
mod sts;
mod xml;

pub use answer::Answer;
pub use error::{Code, Refusal, WireError};
pub use head::RequestHead;
pub use reply::{Reply, Response, Service};

use reply::Protocol;
use types::Account;

/// What all requests have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Whose resources these are.
    pub account: Account,
    /// Where clients reach us, without a slash at the end: `http://127.0.0.1:4566`.
    pub base_url: String,
}

/// What a client asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// Whether somebody is there.
    Health,
    /// Something of tables.
    Dynamodb(dynamodb::Call),
    /// Something of functions.
    Lambda(lambda::Call),
    /// Something of queues.
    Sqs(sqs::Call),
    /// Something of what functions printed.
    Logs(logs::Call),
    /// Something of event buses.
    Events(events::Call),
    /// Something of pipes.
    Pipes(pipes::Call),
    /// Something of metrics, alarms and dashboards.
    CloudWatch(cloudwatch::Call),
    /// Who is asking?
    GetCallerIdentity,
}

/// Reads a request; `reply` was made from the same head and body.
pub fn parse(reply: &Reply<'_>, head: &RequestHead<'_>, body: &[u8]) -> Result<Call, WireError> {
    let operation = reply.operation.as_str();
    match (reply.service, reply.protocol) {
        (Service::Dynamodb, _) => dynamodb::parse(operation, body, reply.context).map(Call::Dynamodb),
        (Service::Lambda, _) => lambda::parse(head, body, reply.context).map(Call::Lambda),
        (Service::Sqs, Protocol::Query { .. }) => {
            let call = sqs::parse_form(operation, &reply.parameters, head.path, reply.context)?;
            Ok(Call::Sqs(call.traced(head.header(TRACE))))
        }
        (Service::Sqs, _) => {
            let call = sqs::parse(operation, body, reply.context)?;
            Ok(Call::Sqs(call.traced(head.header(TRACE))))
        }
        (Service::Logs, _) => logs::parse(operation, body, reply.context).map(Call::Logs),
        (Service::Events, _) => events::parse(operation, body, reply.context).map(Call::Events),
        (Service::Pipes, _) => pipes::parse(head, body, reply.context).map(Call::Pipes),
        (Service::CloudWatch, Protocol::Query { .. }) => {
            cloudwatch::parse_form(operation, &reply.parameters, reply.context).map(Call::CloudWatch)
        }
        (Service::CloudWatch, Protocol::Cbor { .. }) => {
            cloudwatch::parse_cbor(operation, body, reply.context).map(Call::CloudWatch)
        }
        (Service::CloudWatch, _) => cloudwatch::parse(operation, body, reply.context).map(Call::CloudWatch),
        (Service::Sts, _) => sts::parse(operation),
        (Service::Other, Protocol::Plain) if head.method == "GET" && head.path == "/" => Ok(Call::Health),
        (Service::Other, _) => Err(unknown_operation(operation)),
    }
}

/// By what name clients say to which trace a request belongs.
const TRACE: &str = "x-amzn-trace-id";

/// The most bytes that a compressed body may have when it is not.
const UNPACKED_MAX: u64 = 16 << 20;

/// The body as it was before a client compressed it, which some do with large ones. A signature is of the packed one.
pub fn unpack<'a>(head: &RequestHead<'_>, body: &'a [u8]) -> Result<std::borrow::Cow<'a, [u8]>, WireError> {
    use std::io::Read as _;
    match head.header("content-encoding") {
        Some(coding) if coding.eq_ignore_ascii_case("gzip") => {
            let mut unpacked = Vec::new();
            let mut reader = flate2::read::GzDecoder::new(body).take(UNPACKED_MAX + 1);
            match reader.read_to_end(&mut unpacked) {
                Ok(_) if unpacked.len() as u64 <= UNPACKED_MAX => Ok(unpacked.into()),
                Ok(_) => Err(members::serialization(format!("The body has more than {UNPACKED_MAX} bytes unpacked"))),
                Err(error) => Err(members::serialization(format!("The body is no gzip: {error}"))),
            }
        }
        _ => Ok(body.into()),
    }
}

/// What AWS says of an operation that a service does not have, and we of one that is not run here.
fn unknown_operation(operation: &str) -> WireError {
    let operation: String = operation.chars().take(100).collect();
    WireError::new(
        Code::UnknownOperation,
        format!("The operation {operation:?} is not known, or not run by this engine."),
    )
}
