//! Decides what is kept of records that a pipe gave up: the message that AWS sends, and what AWS leaves out.
//!
//! AWS's message says where the records stand in their stream and no more; whoever gets it has a day to look them up.
//! So the records themselves, as the function received them, and what went wrong are kept beside it: a [`Letter`] is
//! both. Start at [`Letter::new`].
//!
//! Invariant: [`Letter::body`] is AWS's message to the letter, the order of its members included.

use crate::lane::{Condition, DeadLetter};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use types::{Arn, PipeName, Timestamp};

/// What is kept of records that were given up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Letter {
    /// The message, as AWS sends it.
    pub message: Message,
    /// What AWS leaves out.
    pub aside: Aside,
}

/// AWS's message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who gave up, and why.
    pub context: Context,
    /// Always `1.0`.
    pub version: String,
    /// When, to the millisecond: `2024-03-08T00:00:00.498Z`.
    pub timestamp: String,
    /// What was given up.
    #[serde(rename = "DDBStreamBatchInfo")]
    pub batch: BatchInfo,
}

/// Who gave up, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Context {
    /// The pipe's ARN.
    pub partner_resource_arn: String,
    /// Why.
    pub condition: Condition,
}

/// Where the records stand in their stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchInfo {
    /// The stream's shard.
    pub shard_id: String,
    /// The first record's sequence number.
    pub start_sequence_number: String,
    /// The last record's.
    pub end_sequence_number: String,
    /// When the first record was made, to the second: `2024-03-08T00:00:00Z`.
    pub approximate_arrival_of_first_record: String,
    /// When the last one was.
    pub approximate_arrival_of_last_record: String,
    /// How many they are.
    pub batch_size: usize,
    /// The stream's ARN.
    pub stream_arn: String,
}

/// What AWS leaves out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Aside {
    /// The pipe.
    pub pipe: PipeName,
    /// Who could not do them: the function's name, or what else the pipe hands them to.
    pub function: String,
    /// What went wrong last, if they were tried at all.
    pub error: Option<String>,
    /// How many attempts at them counted.
    pub attempts: u32,
    /// The records, byte for byte as the function receives them.
    pub records: Vec<Box<RawValue>>,
}

impl Letter {
    /// What is kept of `dead`, which `pipe` gave up at `now`.
    pub fn new(dead: &DeadLetter, pipe: &PipeName, pipe_arn: &Arn, target: &str, now: Timestamp) -> Self {
        let none = "a dead letter holds at least one record";
        let (first, last) = (dead.records.first().expect(none), dead.records.last().expect(none));
        let stream = first.stream.as_ref();
        let batch = BatchInfo {
            shard_id: stream.map(|stream| stream.shard.to_string()).unwrap_or_default(),
            start_sequence_number: first.change.sequence.to_string(),
            end_sequence_number: last.change.sequence.to_string(),
            approximate_arrival_of_first_record: first.change.at.iso_seconds(),
            approximate_arrival_of_last_record: last.change.at.iso_seconds(),
            batch_size: dead.records.len(),
            stream_arn: stream.map(|stream| stream.arn.to_string()).unwrap_or_default(),
        };
        let context = Context { partner_resource_arn: pipe_arn.to_string(), condition: dead.condition };
        let message = Message { context, version: "1.0".to_owned(), timestamp: now.iso_millis(), batch };
        let json = |record| serde_json::value::to_raw_value(record).expect("a record has string keys");
        let aside = Aside {
            pipe: pipe.clone(),
            function: target.to_owned(),
            error: dead.error.clone(),
            attempts: dead.attempts,
            records: dead.records.iter().map(json).collect(),
        };
        Self { message, aside }
    }

    /// The text that whoever receives the message gets.
    pub fn body(&self) -> String {
        serde_json::to_string(&self.message).expect("a message has string keys")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lane::fixture::record;
    use serde_json::json;
    use types::Account;

    fn letter() -> Letter {
        let dead = DeadLetter {
            records: vec![record(1), record(2)],
            condition: Condition::RetryAttemptsExhausted,
            error: Some("boom".to_owned()),
            attempts: 4,
        };
        let pipe = "my-pipe".parse().unwrap();
        let arn = Account::default().arn("pipes", "pipe/my-pipe");
        Letter::new(&dead, &pipe, &arn, "PremiumOrderLambda", Timestamp::from_millis(1_709_856_007_498))
    }

    #[test]
    fn the_message_is_awss() {
        assert_eq!(
            letter().body(),
            concat!(
                r#"{"context":{"partnerResourceArn":"arn:aws:pipes:us-east-1:000000000000:pipe/my-pipe","#,
                r#""condition":"RetryAttemptsExhausted"},"version":"1.0","timestamp":"2024-03-08T00:00:07.498Z","#,
                r#""DDBStreamBatchInfo":{"shardId":"shardId-00000001693237371567-aaa1abcd","#,
                r#""startSequenceNumber":"100000000000000000001","endSequenceNumber":"100000000000000000002","#,
                r#""approximateArrivalOfFirstRecord":"2024-03-08T00:00:01Z","#,
                r#""approximateArrivalOfLastRecord":"2024-03-08T00:00:02Z","batchSize":2,"#,
                r#""streamArn":"arn:aws:dynamodb:us-east-1:000000000000:table/Orders/stream/2024-01-01T00:00:00.000"}}"#,
            )
        );
    }

    #[test]
    fn what_is_kept_is_read_back_with_the_records_to_the_byte() {
        let kept = serde_json::to_string(&letter()).unwrap();
        let read: Letter = serde_json::from_str(&kept).unwrap();
        assert_eq!(read.message, letter().message);
        let texts: Vec<&str> = read.aside.records.iter().map(|record| record.get()).collect();
        let received = [record(1), record(2)].map(|record| serde_json::to_string(&record).unwrap());
        assert_eq!(texts, received);
        assert_eq!(serde_json::to_string(&read).unwrap(), kept);
        let aside: serde_json::Value = serde_json::to_value(&read.aside).unwrap();
        let expected = json!({"pipe": "my-pipe", "function": "PremiumOrderLambda", "error": "boom", "attempts": 4,
            "records": [record(1), record(2)]});
        assert_eq!(aside, expected);
    }

    #[test]
    fn conditions_are_named_as_they_are_written() {
        for condition in [Condition::RetryAttemptsExhausted, Condition::RecordAgeExceeded] {
            assert_eq!(serde_json::to_value(condition).unwrap(), condition.name());
        }
    }
}
