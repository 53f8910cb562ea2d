//! Clients as they really speak: requests recorded from boto3 (1.44.5, and 1.26.0 for the form protocol), and what
//! they must be understood as; answers, and what they must look like on the wire.
//!
//! One test binary; [`Sent`] is the one way in.

#[cfg(test)]
mod buses;
#[cfg(test)]
mod cbor;
mod cloudwatch;
#[cfg(test)]
mod dynamodb;
#[cfg(test)]
mod events;
#[cfg(test)]
mod expressions;
#[cfg(test)]
mod lambda;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod pipes;
#[cfg(test)]
mod query;
#[cfg(test)]
mod robustness;
#[cfg(test)]
mod services;
#[cfg(test)]
mod signatures;
#[cfg(test)]
mod sqs;
#[cfg(test)]
mod versions;

use serde_json::Value as Json;
use types::{Account, Timestamp};
use wire::{Answer, Call, Context, Refusal, Reply, RequestHead, Response, WireError};

/// 2024-03-08T00:00:00.498Z
const AT: Timestamp = Timestamp::from_millis(1_709_856_000_498);

fn context() -> Context {
    Context { account: Account::default(), base_url: "http://127.0.0.1:4566".to_owned() }
}

/// A request as a client sends it.
#[derive(Debug, Clone)]
struct Sent {
    method: &'static str,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Sent {
    fn new(method: &'static str, path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Self { method, path: path.to_owned(), query: query.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    /// A request of a JSON service; `target` is such as `DynamoDB_20120810.PutItem`.
    fn json(target: &str, body: &str) -> Self {
        let version = if target.starts_with("Logs") || target.starts_with("AWSEvents") { "1.1" } else { "1.0" };
        let sent = Self::new("POST", "/").header("Content-Type", &format!("application/x-amz-json-{version}"));
        let sent = if target.starts_with("AmazonSQS") { sent.header("x-amzn-query-mode", "true") } else { sent };
        sent.header("X-Amz-Target", target).body(body)
    }

    /// A form, as older clients send it.
    fn form(path: &str, body: &str) -> Self {
        Self::new("POST", path).header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8").body(body)
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn body(mut self, body: &str) -> Self {
        self.body = body.as_bytes().to_vec();
        self
    }

    fn with<T>(&self, act: impl FnOnce(&Reply<'_>, &RequestHead<'_>, &[u8]) -> T) -> T {
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        let head = RequestHead { method: self.method, path: &self.path, query: &self.query, headers: &headers };
        let context = context();
        let reply = Reply::new(&head, &self.body, "3f1c2d4e-0000-4000-8000-000000000000", &context);
        act(&reply, &head, &self.body)
    }

    fn parse(&self) -> Result<Call, WireError> {
        self.with(wire::parse)
    }

    fn call(&self) -> Call {
        self.parse().unwrap_or_else(|error| panic!("{error} on {self:?}"))
    }

    /// The error that the request is answered with: its status, and its code and message together.
    fn error(&self) -> String {
        self.parse().expect_err("the request is faulty").to_string()
    }

    /// The answer to the faulty request.
    fn refused(&self) -> Response {
        let error = self.parse().expect_err("the request is faulty");
        self.with(|reply, _, _| reply.error(&error))
    }

    fn answer(&self, answer: &Answer<'_>) -> Response {
        self.with(|reply, _, _| reply.answer(answer))
    }

    fn refuse(&self, refusal: &Refusal<'_>) -> Response {
        self.with(|reply, _, _| reply.refuse(refusal))
    }
}

fn text(response: &Response) -> &str {
    std::str::from_utf8(&response.body).expect("answers are text")
}

fn json(response: &Response) -> Json {
    serde_json::from_slice(&response.body).expect("the answer is JSON")
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}
