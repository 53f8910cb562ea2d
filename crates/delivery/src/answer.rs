//! Decides what a function's answer says about the batch that it was given.
//!
//! A function that did everything answers anything; one that did not names the records that failed:
//! `{"batchItemFailures": [{"itemIdentifier": "…"}]}`. A stream is done in order, so only the failed record that comes
//! first counts: what stands before it is done, it and all after it are not. Start at [`read`].
//!
//! Invariant: an answer that cannot be understood never settles a record. The whole batch counts as failed then.

use serde_json::Value as Json;
use types::{Record, SequenceNumber, SortedSet};

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
    let mut lowest: Option<(usize, &str)> = None;
    for (index, identifier) in identifiers(answer).map_err(whole)?.into_iter().enumerate() {
        let Some(position) = position(identifier, batch) else { return Err(whole(unknown(index, identifier))) };
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

/// Which messages of a batch failed, by their places; each message stands for itself. An answer that cannot be understood
/// is an error: then all failed.
pub fn failed_messages(answer: &Json, ids: &[String]) -> Result<SortedSet<usize>, String> {
    let named = identifiers(answer)?.into_iter().enumerate();
    let place = |(index, identifier): (usize, &str)| {
        ids.iter().position(|id| id == identifier).ok_or_else(|| unknown(index, identifier))
    };
    named.map(place).collect()
}

fn unknown(index: usize, identifier: &str) -> String {
    format!("batchItemFailures[{index}] names {identifier:?}, which is not in the batch")
}

/// What the answer names as failed.
fn identifiers(answer: &Json) -> Result<Vec<&str>, String> {
    let failures = match answer.get("batchItemFailures") {
        None | Some(Json::Null) => return Ok(Vec::new()),
        Some(Json::Array(failures)) => failures,
        Some(other) => return Err(format!("batchItemFailures is {}, not a list", kind(other))),
    };
    let identifier = |(index, failure): (usize, &'_ Json)| match failure.get("itemIdentifier") {
        Some(Json::String(identifier)) if !identifier.is_empty() => Ok(()),
        Some(Json::String(_)) => Err(format!("batchItemFailures[{index}].itemIdentifier is empty")),
        Some(other) => Err(format!("batchItemFailures[{index}].itemIdentifier is {}, not a string", kind(other))),
        None => Err(format!("batchItemFailures[{index}] has no itemIdentifier")),
    };
    failures.iter().enumerate().try_for_each(identifier)?;
    Ok(failures.iter().filter_map(|failure| failure["itemIdentifier"].as_str()).collect())
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
    fn each_message_of_a_queue_stands_for_itself() {
        let ids = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let named = |names: &[&str]| {
            let list: Vec<Json> = names.iter().map(|name| json!({ "itemIdentifier": name })).collect();
            failed_messages(&json!({ "batchItemFailures": list }), &ids)
        };
        assert_eq!(named(&["c", "a"]), Ok(SortedSet::from([0, 2])));
        assert_eq!(named(&[]), Ok(SortedSet::new()));
        assert_eq!(failed_messages(&json!({"statusCode": 200}), &ids), Ok(SortedSet::new()));
        assert!(named(&["a", "d"]).is_err() && named(&[""]).is_err());
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
