//! What clients may say of a queue, and how it compares to a queue that is there.

use super::{Call, call, description, queue, queue_attributes, sent};
use crate::{Sent, json};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::time::Duration;
use types::QueueName;
use wire::Answer as Any;
use wire::sqs::{Answer, Change, Encryption, Fifo, QueueAttributes, QueueDescription, RedriveAllowed, Settings};

fn set(url: &str, name: &str, value: &str) -> Result<Settings, String> {
    let body = json!({"QueueUrl": url, "Attributes": {name: value}}).to_string();
    let sent = Sent::json("AmazonSQS.SetQueueAttributes", &body);
    match sent.parse() {
        Ok(wire::Call::Sqs(Call::SetQueueAttributes { settings, .. })) => Ok(*settings),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.to_string()),
    }
}

const STANDARD: &str = "http://h/000000000000/Q";
const FIFO: &str = "http://h/000000000000/Q.fifo";

#[test]
fn numbers_have_their_bounds() {
    let cases = [
        ("VisibilityTimeout", "0", "43200", "43201"),
        ("DelaySeconds", "0", "900", "901"),
        ("MessageRetentionPeriod", "60", "1209600", "1209601"),
        ("ReceiveMessageWaitTimeSeconds", "0", "20", "21"),
        ("MaximumMessageSize", "1024", "1048576", "1048577"),
        ("KmsDataKeyReusePeriodSeconds", "60", "86400", "86401"),
    ];
    for (name, least, most, above) in cases {
        assert!(set(STANDARD, name, least).is_ok() && set(STANDARD, name, most).is_ok(), "{name}");
        let below = (least.parse::<i64>().unwrap() - 1).to_string();
        for value in [above, &below, "", " 60", "60.5", "+60", "true", "99999999999999999999"] {
            let expected = format!("InvalidAttributeValue: Invalid value for the parameter {name}.");
            assert_eq!(set(STANDARD, name, value), Err(expected), "{name} {value}");
        }
    }
}

#[test]
fn attributes_are_refused_in_awss_words() {
    let arn = |name: &str| format!("arn:aws:sqs:us-east-1:000000000000:{name}");
    let redrive = |policy: &str, reason: &str| {
        (
            STANDARD,
            "RedrivePolicy",
            policy.to_owned(),
            format!(
                "InvalidParameterValueException: Value {policy} for parameter RedrivePolicy is invalid. Reason: {reason}"
            ),
        )
    };
    let no_map = "InvalidAttributeValue: Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map.";
    let format = "InvalidAttributeValue: Invalid value for the parameter RedriveAllowPolicy. Reason: Amazon SQS can't create the redrive allow policy, as it’s in an unsupported format.";
    let allow = |policy: &str, reason: &str| {
        (
            STANDARD,
            "RedriveAllowPolicy",
            policy.to_owned(),
            format!(
                "InvalidParameterValueException: Value {policy} for parameter RedriveAllowPolicy is invalid. Reason: Amazon SQS can't create the redrive allow policy. {reason}"
            ),
        )
    };
    let unknown = |name: &str| format!("InvalidAttributeName: Unknown Attribute {name}.");
    let faulty = |name: &str| format!("InvalidAttributeValue: Invalid value for the parameter {name}.");
    let only =
        |name: &str| format!("InvalidAttributeName: You can specify the {name} only when FifoQueue is set to true.");
    let by_queue =
        "When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values.";
    let eleven: Vec<String> = (0..11).map(|at| arn(&format!("q{at}"))).collect();
    let statements = vec![json!({"Effect": "Allow"}); 21];
    let cases = [
        (STANDARD, "Huh", "1".to_owned(), unknown("Huh")),
        (STANDARD, "QueueArn", arn("Q"), unknown("QueueArn")),
        (STANDARD, "All", "1".to_owned(), unknown("All")),
        (STANDARD, "FifoQueue", "true".to_owned(), unknown("FifoQueue")),
        (STANDARD, "ContentBasedDeduplication", "true".to_owned(), unknown("ContentBasedDeduplication")),
        (STANDARD, "DeduplicationScope", "queue".to_owned(), only("DeduplicationScope")),
        (STANDARD, "FifoThroughputLimit", "perQueue".to_owned(), only("FifoThroughputLimit")),
        (FIFO, "FifoQueue", "false".to_owned(), "InvalidAttributeValue: Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.".to_owned()),
        (FIFO, "ContentBasedDeduplication", "yes".to_owned(), faulty("ContentBasedDeduplication")),
        (FIFO, "DeduplicationScope", "group".to_owned(), faulty("DeduplicationScope")),
        (STANDARD, "SqsManagedSseEnabled", "1".to_owned(), faulty("SqsManagedSseEnabled")),
        (STANDARD, "Policy", "badjson".to_owned(), faulty("Policy")),
        (STANDARD, "Policy", "[]".to_owned(), faulty("Policy")),
        (STANDARD, "Policy", "{}".to_owned(), faulty("Policy")),
        (STANDARD, "Policy", r#"{"Version": "1", "Statement": {"Effect": "Allow"}}"#.to_owned(), faulty("Policy")),
        (STANDARD, "Policy", r#"{"Statement": [{"Effect": "Perhaps"}]}"#.to_owned(), faulty("Policy")),
        (STANDARD, "Policy", json!({"Statement": statements}).to_string(), "OverLimit: 21 statements were found in the submitted policy, max allowed is 20".to_owned()),
        (STANDARD, "RedrivePolicy", " ".to_owned(), no_map.to_owned()),
        (STANDARD, "RedrivePolicy", "[]".to_owned(), no_map.to_owned()),
        redrive("{}", "Redrive policy does not contain mandatory attribute: maxReceiveCount."),
        redrive(r#"{"maxReceiveCount":5}"#, "Redrive policy does not contain mandatory attribute: deadLetterTargetArn."),
        redrive(&format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":-36}}"#, arn("D")), "Invalid value for maxReceiveCount: -36, valid values are from 1 to 1000 both inclusive."),
        redrive(&format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":"1001"}}"#, arn("D")), "Invalid value for maxReceiveCount: 1001, valid values are from 1 to 1000 both inclusive."),
        redrive(r#"{"deadLetterTargetArn":"x","maxReceiveCount":5}"#, "Invalid value for deadLetterTargetArn."),
        redrive(r#"{"deadLetterTargetArn":"arn:aws:sns:us-east-1:000000000000:T","maxReceiveCount":5}"#, "Only SQS queues are valid resources for deadLetterTargetArn."),
        redrive(r#"{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:D","maxReceiveCount":5}"#, "Dead-letter target must be in same region as the source."),
        redrive(r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:111111111111:D","maxReceiveCount":5}"#, "Dead-letter target owner should be same as the source."),
        redrive(&format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":5}}"#, arn("D.fifo")), "Dead-letter queue must be same type of queue as the source."),
        redrive(&format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":5,"dummy":1}}"#, arn("D")), "Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn]."),
        (STANDARD, "RedriveAllowPolicy", "badjson".to_owned(), format.to_owned()),
        (STANDARD, "RedriveAllowPolicy", "{}".to_owned(), format.to_owned()),
        (STANDARD, "RedriveAllowPolicy", r#"{"redrivePermission":"allowAll","dummy":1}"#.to_owned(), format.to_owned()),
        (STANDARD, "RedriveAllowPolicy", r#"{"redrivePermission":"byQueue","sourceQueueArns":"x"}"#.to_owned(), format.to_owned()),
        allow(r#"{"redrivePermission":"byQueue"}"#, by_queue),
        allow(r#"{"redrivePermission":"byQueue","sourceQueueArns":[]}"#, by_queue),
        allow(&json!({"redrivePermission": "byQueue", "sourceQueueArns": eleven}).to_string(), "The maximum number of source queue ARNs you can specify is 10."),
        allow(&json!({"redrivePermission": "denyAll", "sourceQueueArns": [arn("a")]}).to_string(), "To specify one or more source queue ARNs, you must set redrivePermission to byQueue."),
    ];
    for (url, name, value, expected) in cases {
        assert_eq!(set(url, name, &value), Err(expected), "{name} {value}");
    }
    let nothing = sent("SetQueueAttributes", r#"{"QueueUrl": "URL", "Attributes": {}}"#).error();
    assert_eq!(nothing, "MissingRequiredParameterException: The request must contain the parameter Attributes.");
    let both =
        r#"{"QueueName": "Q", "Attributes": {"SqsManagedSseEnabled": "true", "KmsMasterKeyId": "alias/aws/sqs"}}"#;
    assert!(
        sent("CreateQueue", both).error().contains("You can use one type of server-side encryption (SSE) at one time.")
    );
}

#[test]
fn groups_have_limits_of_their_own_only_where_they_deduplicate() {
    let limit = r#""FifoQueue": "true", "FifoThroughputLimit": "perMessageGroupId""#;
    let made =
        |others: &str| sent("CreateQueue", &format!(r#"{{"QueueName": "Q.fifo", "Attributes": {{{limit}{others}}}}}"#));
    let message = "InvalidParameterValueException: The perMessageGroupId value is allowed only when the value for \
                   DeduplicationScope is messageGroup.";
    assert_eq!(made("").error(), message);
    assert!(matches!(call(&made(r#", "DeduplicationScope": "messageGroup""#)), Call::CreateQueue { .. }));
    // Of a queue that is there, only the engine knows the scope.
    assert_eq!(set(FIFO, "FifoThroughputLimit", "perMessageGroupId").unwrap().limited_by_group, Some(true));
}

#[test]
fn an_empty_document_is_taken_away() {
    let cleared = |name| set(STANDARD, name, "").unwrap();
    assert_eq!(cleared("RedrivePolicy").dead_letters, Change::Clear);
    assert_eq!(cleared("RedriveAllowPolicy").redrive_allowed, Change::Clear);
    assert_eq!(cleared("Policy").policy, Change::Clear);
    assert_eq!(Change::Keep.apply(Some(1)), Some(1));
    assert_eq!(Change::Clear.apply(Some(1)), None);
    assert_eq!(Change::Set(2).apply(Some(1)), Some(2));
}

#[test]
fn a_queue_that_is_there_is_compared() {
    let name: QueueName = "Q.fifo".parse().unwrap();
    let policy = r#"{"Statement":{"Effect":"Allow"}}"#;
    let there = QueueDescription { fifo: Some(Fifo::default()), policy: Some(policy), ..description(&name) };
    let cases = [
        ("VisibilityTimeout", "30", None),
        ("VisibilityTimeout", "31", Some("VisibilityTimeout")),
        ("DelaySeconds", "0", None),
        ("DelaySeconds", "1", Some("DelaySeconds")),
        ("MaximumMessageSize", "1024", Some("MaximumMessageSize")),
        ("FifoQueue", "true", None),
        ("ContentBasedDeduplication", "false", None),
        ("ContentBasedDeduplication", "true", Some("ContentBasedDeduplication")),
        ("Policy", r#"{ "Statement": {"Effect": "Allow"} }"#, None),
        ("Policy", r#"{"Statement":{"Effect":"Deny"}}"#, Some("Policy")),
        ("Policy", "", Some("Policy")),
        ("RedrivePolicy", "", None),
        (
            "RedrivePolicy",
            r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:D.fifo","maxReceiveCount":1}"#,
            Some("RedrivePolicy"),
        ),
        ("RedriveAllowPolicy", r#"{"redrivePermission":"allowAll"}"#, None),
        ("RedriveAllowPolicy", r#"{"redrivePermission":"denyAll"}"#, Some("RedriveAllowPolicy")),
        ("SqsManagedSseEnabled", "true", Some("SqsManagedSseEnabled")),
    ];
    for (attribute, value, expected) in cases {
        assert_eq!(set(FIFO, attribute, value).unwrap().differs_from(&there), expected, "{attribute} {value}");
    }
}

#[test]
fn permission_to_send_dead_letters_is_decided() {
    let arn = |name: &str| format!("arn:aws:sqs:us-east-1:000000000000:{name}").parse().unwrap();
    let cases = [
        (RedriveAllowed::All, true),
        (RedriveAllowed::None, false),
        (RedriveAllowed::From(vec![arn("a"), arn("b")]), true),
        (RedriveAllowed::From(vec![arn("a")]), false),
    ];
    for (allowed, expected) in cases {
        assert_eq!(allowed.allows(&arn("b")), expected, "{allowed:?}");
    }
}

fn described(queue: &QueueDescription<'_>, attributes: QueueAttributes) -> Json {
    let answer = Any::Sqs(Answer::Described { queue, attributes });
    json(&sent("GetQueueAttributes", "{}").answer(&answer))["Attributes"].clone()
}

#[test]
fn what_only_some_queues_have_is_said_of_those() {
    let fifo = Fifo { deduplicates_by_content: true, deduplicates_in_groups: true, limited_by_group: true };
    let names = r#"["FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"]"#;
    let name = queue();
    assert_eq!(described(&description(&name), queue_attributes(names)), Json::Null);
    let encryption = Encryption { key: Some("alias/aws/sqs"), ..Encryption::default() };
    let there = QueueDescription { fifo: Some(fifo), encryption, ..description(&name) };
    assert_eq!(
        described(&there, queue_attributes(names)),
        json!({"FifoQueue": "true", "ContentBasedDeduplication": "true", "DeduplicationScope": "messageGroup",
               "FifoThroughputLimit": "perMessageGroupId", "KmsMasterKeyId": "alias/aws/sqs",
               "KmsDataKeyReusePeriodSeconds": "300"})
    );
}

proptest! {
    /// What is said of a queue, a client can say back to make one that does not differ.
    #[test]
    fn attributes_round_trip(
        visible in 0..=43_200u64, delay in 0..=900u64, kept in 60..=1_209_600u64, wait in 0..=20u64, size in 1024..=1_048_576u32,
        by_content: bool, in_groups: bool, letters in proptest::option::of(1..=1000u32), allowed in 0..4usize, own: bool,
    ) {
        let name: QueueName = "Q.fifo".parse().unwrap();
        let arn = |name: &str| format!("arn:aws:sqs:us-east-1:000000000000:{name}").parse().unwrap();
        let all = [None, Some(RedriveAllowed::All), Some(RedriveAllowed::None), Some(RedriveAllowed::From(vec![arn("a"), arn("b")]))];
        let there = QueueDescription {
            visible_after: Duration::from_secs(visible),
            delayed_for: Duration::from_secs(delay),
            retained_for: Duration::from_secs(kept),
            wait_for: Duration::from_secs(wait),
            message_size_max: size,
            dead_letters: letters.map(|receives_max| wire::sqs::DeadLetters { queue: "D.fifo".parse().unwrap(), receives_max }),
            redrive_allowed: all[allowed].clone(),
            fifo: Some(Fifo { deduplicates_by_content: by_content, deduplicates_in_groups: in_groups, limited_by_group: in_groups }),
            encryption: Encryption { own, ..Encryption::default() },
            ..description(&name)
        };
        let mut said = described(&there, QueueAttributes::ALL);
        for read_only in [
            "QueueArn", "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed", "CreatedTimestamp", "LastModifiedTimestamp",
        ] {
            prop_assert!(said.as_object_mut().unwrap().remove(read_only).is_some());
        }
        let body = json!({"QueueName": "Q.fifo", "Attributes": said}).to_string();
        let Call::CreateQueue { queue, settings, .. } = call(&sent("CreateQueue", &body)) else { panic!() };
        prop_assert_eq!(&queue, &name);
        prop_assert_eq!(settings.differs_from(&there), None);
        prop_assert_eq!(settings.dead_letters.clone().apply(None), there.dead_letters.clone());
        prop_assert_eq!(settings.visible_after, Some(there.visible_after));
        let other = QueueDescription { visible_after: there.visible_after + Duration::from_secs(1), ..there };
        prop_assert_eq!(settings.differs_from(&other), Some("VisibilityTimeout"));
    }
}
