//! Decides what a function's answer says about the batch that it was given.
//!
//! A function that did everything answers anything; one that did not names the records that failed:
//! `{"batchItemFailures": [{"itemIdentifier": "…"}]}`. A stream is done in order, so only the failed record that comes
//! first counts: what stands before it is done, it and all after it are not. Start at [`read`].
//!
//! Invariant: an answer that cannot be understood never settles a record. The whole batch counts as failed then.

use serde_json::Value as Json;
use types::{Record, SequenceNumber};

/// From which record on a batch is not done, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Failure {
    /// How many records at the front of the batch are done; 0 if none is.
    pub done: usize,
    /// What to tell a person who asks.
    pub error: String,
}

/// What the answer to `batch` means. A record may be named by its event id or by its sequence number.
pub fn read(answer: &Json, batch: &[Record]) -> Result<(), Failure> {
    let whole = |error: String| Failure { done: 0, error };
    let failures = match answer.get("batchItemFailures") {
        None | Some(Json::Null) => return Ok(()),
        Some(Json::Array(failures)) => failures,
        Some(other) => return Err(whole(format!("batchItemFailures is {}, not a list", kind(other)))),
    };
    let mut lowest: Option<(usize, &str)> = None;
    for (index, failure) in failures.iter().enumerate() {
        let identifier = match failure.get("itemIdentifier") {
            Some(Json::String(identifier)) if !identifier.is_empty() => identifier,
            Some(Json::String(_)) => return Err(whole(format!("batchItemFailures[{index}].itemIdentifier is empty"))),
            Some(other) => {
                let found = kind(other);
                return Err(whole(format!("batchItemFailures[{index}].itemIdentifier is {found}, not a string")));
            }
            None => return Err(whole(format!("batchItemFailures[{index}] has no itemIdentifier"))),
        };
        let Some(position) = position(identifier, batch) else {
            return Err(whole(format!("batchItemFailures[{index}] names {identifier:?}, which is not in the batch")));
        };
        if lowest.is_none_or(|(known, _)| position < known) {
            lowest = Some((position, identifier));
        }
    }
    match lowest {
        None => Ok(()),
        Some((done, identifier)) => {
            // Beside the list a function may say why; only people read it.
            let said = answer.get("errorMessage").and_then(Json::as_str).map(str::to_owned);
            let error = said.unwrap_or_else(|| format!("the function reported {identifier} as failed"));
            Err(Failure { done, error })
        }
    }
}

/// Where in the batch the record with this event id or sequence number stands.
fn position(identifier: &str, batch: &[Record]) -> Option<usize> {
    match SequenceNumber::parse(identifier) {
        Some(sequence) => batch.iter().position(|record| record.change.sequence == sequence),
        None => batch.iter().position(|record| record.event_id() == identifier),
    }
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lane::fixture::record;
    use serde_json::json;

    #[test]
    fn answers_mean_what_they_mean_at_aws() {
        let batch: Vec<Record> = (1..=4).map(record).collect();
        let sequence = |at: usize| batch[at].change.sequence.to_string();
        let id = |at: usize| batch[at].event_id();
        let named = |names: &[String]| {
            let list: Vec<Json> = names.iter().map(|name| json!({ "itemIdentifier": name })).collect();
            json!({ "batchItemFailures": list })
        };
        let done = None;
        let failed = Some(0);
        let cases = [
            (json!(null), done),
            (json!(""), done),
            (json!("batchItemFailures"), done),
            (json!([]), done),
            (json!(7), done),
            (json!({}), done),
            (json!({"statusCode": 200}), done),
            (json!({"batchItemFailures": null}), done),
            (json!({"batchItemFailures": []}), done),
            (named(&[sequence(2)]), Some(2)),
            (named(&[id(2)]), Some(2)),
            (named(&[id(3), sequence(1), id(2)]), Some(1)),
            (named(&[sequence(0)]), failed),
            (named(&[sequence(2), "unknown".to_owned()]), failed),
            (named(&[SequenceNumber::new(5).to_string()]), failed),
            (named(&[String::new()]), failed),
            (json!({"batchItemFailures": [{"itemIdentifier": null}]}), failed),
            (json!({"batchItemFailures": [{"itemIdentifier": 3}]}), failed),
            (json!({"batchItemFailures": [{"item": sequence(2)}]}), failed),
            (json!({"batchItemFailures": [sequence(2)]}), failed),
            (json!({"batchItemFailures": [null]}), failed),
            (json!({"batchItemFailures": {}}), failed),
            (json!({"batchItemFailures": sequence(2)}), failed),
        ];
        for (answer, expected) in cases {
            assert_eq!(read(&answer, &batch).err().map(|failure| failure.done), expected, "{answer}");
        }
    }

    #[test]
    fn a_refused_answer_says_what_is_wrong_with_it() {
        let batch = [record(1)];
        let error = |answer: Json| read(&answer, &batch).unwrap_err().error;
        let unknown = error(json!({"batchItemFailures": [{"itemIdentifier": "x"}]}));
        assert_eq!(unknown, r#"batchItemFailures[0] names "x", which is not in the batch"#);
        let empty = error(json!({"batchItemFailures": [{"itemIdentifier": ""}]}));
        assert_eq!(empty, "batchItemFailures[0].itemIdentifier is empty");
        let keyless = error(json!({"batchItemFailures": [{"id": "x"}]}));
        assert_eq!(keyless, "batchItemFailures[0] has no itemIdentifier");
    }
}
