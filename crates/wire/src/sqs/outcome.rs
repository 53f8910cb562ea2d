//! Decides how it is said what came of one entry of a batch.

use super::Refused;
use crate::Context;
use crate::error::{Refusal, WireError};
use crate::reply::Service;
use serde_json::{Value as Json, json};

/// What came of one entry of a batch.
#[derive(Debug)]
pub struct Outcome<'a, T> {
    /// The entry's id.
    pub id: &'a str,
    /// What was done, or why not.
    pub outcome: Result<T, Failure<'a>>,
}

/// Why an entry of a batch was not done.
#[derive(Debug)]
pub enum Failure<'a> {
    /// It is faulty.
    Faulty(&'a WireError),
    /// The engine refuses.
    Refused(Refusal<'a>),
}

impl Failure<'_> {
    pub(super) fn spell(&self, id: &str, context: &Context) -> Json {
        let refused;
        let error = match self {
            Self::Faulty(error) => error,
            Self::Refused(refusal) => {
                refused = WireError::of(Service::Sqs, refusal, &context.account);
                &refused
            }
        };
        let message = match self {
            // AWS says this otherwise of a batch's entry.
            Self::Refused(Refusal::Queue(Refused::MessageTooLong { most })) => {
                format!(
                    "One or more parameters cannot be validated. Reason: Message must be shorter than {most} bytes."
                )
            }
            _ => error.message.clone(),
        };
        json!({
            "Id": id,
            "SenderFault": error.code.status() < 500,
            "Code": error.code.query_name(),
            "Message": message,
        })
    }
}
