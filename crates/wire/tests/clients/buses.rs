//! Event buses: requests as boto3 sends them, answers and refusals as AWS was recorded, or as its API reference has them.

mod answers;
mod endpoints;
mod refusals;
mod requests;

use super::{Sent, header, json, text};
use serde_json::Value as Json;
use wire::WireError;
use wire::events::Call;

fn sent(operation: &str, body: &Json) -> Sent {
    Sent::json(&format!("AWSEvents.{operation}"), &body.to_string())
}

fn call(operation: &str, body: &Json) -> Call {
    match sent(operation, body).call() {
        wire::Call::Events(call) => call,
        other => panic!("{other:?} for {operation}"),
    }
}

fn error(operation: &str, body: &Json) -> WireError {
    sent(operation, body).parse().expect_err("the request is faulty")
}
