//! Queues, in JSON and as forms: what all of these tests share, and how clients find queues and receive from them.

mod answers;
mod as_recorded;
mod both;
mod digests;
mod permissions;
mod recorded;
mod refusals;
mod settings;

use super::{AT, Sent, header, json, text};
use serde_json::json;
use std::time::Duration;
use types::QueueName;
use wire::sqs::{
    Answer, Call, DeadLetters, Encryption, Message, MessageAttributes, Origin, QueueAttributes, QueueDescription,
    Receipt, WantedOfMessages,
};
use wire::{Answer as Any, Refusal};

const URL: &str = "http://somewhere:99/000000000000/PremiumOrdersDLQ";

fn sent(operation: &str, body: &str) -> Sent {
    Sent::json(&format!("AmazonSQS.{operation}"), &body.replace("URL", URL))
}

fn form(body: &str) -> Sent {
    let url = URL.replace(':', "%3A").replace('/', "%2F");
    Sent::form("/", &format!("Version=2012-11-05&{}", body.replace("URL", &url)))
}

fn call(sent: &Sent) -> Call {
    match sent.call() {
        wire::Call::Sqs(call) => call,
        other => panic!("{other:?}"),
    }
}

fn queue() -> QueueName {
    "PremiumOrdersDLQ".parse().unwrap()
}

fn message() -> Message<'static> {
    Message {
        id: 7,
        origin: Origin { queue: 3, message: 7 },
        body: "{\"a\":\"<&✓>\"}\n",
        attributes: Vec::new(),
        sent_at: AT,
        receives: 2,
        received_before: 0,
        first_received_at: AT,
        trace_header: None,
        group: None,
        deduplication: None,
        sequence: None,
        dead_letter_source: None,
    }
}

fn description(name: &QueueName) -> QueueDescription<'_> {
    QueueDescription {
        name,
        created_at: AT,
        modified_at: AT,
        visible_after: Duration::from_secs(30),
        delayed_for: Duration::ZERO,
        retained_for: Duration::from_secs(345_600),
        wait_for: Duration::from_secs(20),
        message_size_max: 1_048_576,
        waiting: 3,
        in_flight: 1,
        delayed: 2,
        dead_letters: None,
        redrive_allowed: None,
        policy: None,
        fifo: None,
        encryption: Encryption::default(),
    }
}

/// What is asked for by a request to receive that has these members beside the queue's URL.
fn wanted(members: &str) -> WantedOfMessages {
    match call(&sent("ReceiveMessage", &format!(r#"{{"QueueUrl": "URL", {members}}}"#))) {
        Call::ReceiveMessage { wanted, .. } => wanted,
        other => panic!("{other:?}"),
    }
}

fn receipt() -> Receipt {
    Receipt { queue: queue(), message: 7, sent_at: AT, receives: 2 }
}

/// The attributes that a request for a queue names.
fn queue_attributes(names: &str) -> QueueAttributes {
    match call(&sent("GetQueueAttributes", &format!(r#"{{"QueueUrl": "URL", "AttributeNames": {names}}}"#))) {
        Call::GetQueueAttributes { attributes, .. } => attributes,
        other => panic!("{other:?}"),
    }
}

#[test]
fn json_and_forms_say_the_same() {
    let handle = receipt().handle();
    let nothing = WantedOfMessages::default();
    let all = wanted(r#""MessageSystemAttributeNames": ["All"], "MessageAttributeNames": [".*"]"#);
    assert_eq!(all.attributes, MessageAttributes::ALL);
    let receive =
        |max, visible_after: Option<u64>, wait_for: Option<u64>, wanted: &WantedOfMessages| Call::ReceiveMessage {
            queue: queue(),
            max,
            visible_after: visible_after.map(Duration::from_secs),
            wait_for: wait_for.map(Duration::from_secs),
            attempt: None,
            wanted: wanted.clone(),
        };
    let cases = [
        ("GetQueueUrl", r#"{"QueueName": "PremiumOrdersDLQ"}"#.to_owned(), "QueueName=PremiumOrdersDLQ".to_owned(), Call::GetQueueUrl { queue: queue() }),
        ("ListQueues", "{}".to_owned(), String::new(), Call::ListQueues { prefix: String::new(), after: None, limit: None }),
        (
            "ListQueues",
            r#"{"QueueNamePrefix": "Prem", "MaxResults": 2, "NextToken": "UHJlbWl1bU9yZGVyc0RMUQ"}"#.to_owned(),
            "QueueNamePrefix=Prem&MaxResults=2&NextToken=UHJlbWl1bU9yZGVyc0RMUQ".to_owned(),
            Call::ListQueues { prefix: "Prem".to_owned(), after: Some(queue()), limit: Some(2) },
        ),
        ("ReceiveMessage", r#"{"QueueUrl": "URL"}"#.to_owned(), "QueueUrl=URL".to_owned(), receive(1, None, None, &nothing)),
        (
            "ReceiveMessage",
            r#"{"QueueUrl": "URL", "MaxNumberOfMessages": 10, "VisibilityTimeout": 0, "WaitTimeSeconds": 20, "AttributeNames": ["All"], "MessageAttributeNames": ["All"]}"#.to_owned(),
            "QueueUrl=URL&MaxNumberOfMessages=10&VisibilityTimeout=0&WaitTimeSeconds=20&AttributeName.1=All&MessageAttributeName.1=All".to_owned(),
            receive(10, Some(0), Some(20), &all),
        ),
        (
            "ReceiveMessage",
            r#"{"QueueUrl": "URL", "MessageSystemAttributeNames": ["SentTimestamp", "SenderId"]}"#.to_owned(),
            "QueueUrl=URL&MessageSystemAttributeName.1=SentTimestamp&MessageSystemAttributeName.2=SenderId".to_owned(),
            receive(1, None, None, &wanted(r#""AttributeNames": ["SenderId", "SentTimestamp"]"#)),
        ),
        (
            "DeleteMessage",
            format!(r#"{{"QueueUrl": "URL", "ReceiptHandle": "{handle}"}}"#),
            format!("QueueUrl=URL&ReceiptHandle={handle}"),
            Call::DeleteMessage { receipt: receipt() },
        ),
        (
            "GetQueueAttributes",
            r#"{"QueueUrl": "URL", "AttributeNames": ["QueueArn", "ApproximateNumberOfMessages"]}"#.to_owned(),
            "QueueUrl=URL&AttributeName.1=QueueArn&AttributeName.2=ApproximateNumberOfMessages".to_owned(),
            Call::GetQueueAttributes {
                queue: queue(),
                attributes: queue_attributes(r#"["ApproximateNumberOfMessages", "QueueArn"]"#),
            },
        ),
    ];
    for (operation, body, fields, expected) in cases {
        assert_eq!(call(&sent(operation, &body)), expected, "{body}");
        assert_eq!(call(&form(&format!("Action={operation}&{fields}"))), expected, "{fields}");
    }
    // Old clients post to the queue's own URL.
    let posted = Sent::form("/000000000000/PremiumOrdersDLQ", "Action=ReceiveMessage");
    assert_eq!(call(&posted), receive(1, None, None, &nothing));
}

#[test]
fn faulty_requests_are_refused_in_awss_words() {
    let other = Receipt { queue: "Other".parse().unwrap(), ..receipt() }.handle();
    let parameter = "InvalidParameterValueException: Value";
    let cases = [
        (
            "ReceiveMessage",
            "{}".to_owned(),
            "MissingRequiredParameterException: The request must contain the parameter QueueUrl.".to_owned(),
        ),
        (
            "GetQueueUrl",
            "{}".to_owned(),
            "MissingRequiredParameterException: The request must contain the parameter QueueName.".to_owned(),
        ),
        (
            "GetQueueUrl",
            r#"{"QueueName": "a b"}"#.to_owned(),
            "QueueDoesNotExist: The specified queue does not exist.".to_owned(),
        ),
        (
            "GetQueueUrl",
            r#"{"QueueName": "Q", "QueueOwnerAWSAccountId": "111111111111"}"#.to_owned(),
            "QueueDoesNotExist: The specified queue does not exist.".to_owned(),
        ),
        (
            "ReceiveMessage",
            r#"{"QueueUrl": "http://h/111111111111/Q"}"#.to_owned(),
            "QueueDoesNotExist: The specified queue does not exist.".to_owned(),
        ),
        (
            "ReceiveMessage",
            r#"{"QueueUrl": "http://h"}"#.to_owned(),
            "InvalidAddress: The address http://h is not valid for this endpoint.".to_owned(),
        ),
        (
            "ReceiveMessage",
            r#"{"QueueUrl": "URL", "MaxNumberOfMessages": 11}"#.to_owned(),
            format!(
                "{parameter} 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."
            ),
        ),
        (
            "ReceiveMessage",
            r#"{"QueueUrl": "URL", "MaxNumberOfMessages": 0}"#.to_owned(),
            format!(
                "{parameter} 0 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."
            ),
        ),
        (
            "ReceiveMessage",
            r#"{"QueueUrl": "URL", "WaitTimeSeconds": 21}"#.to_owned(),
            format!(
                "{parameter} 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."
            ),
        ),
        (
            "ReceiveMessage",
            r#"{"QueueUrl": "URL", "VisibilityTimeout": 43201}"#.to_owned(),
            format!(
                "{parameter} 43201 for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if provided."
            ),
        ),
        (
            "ReceiveMessage",
            r#"{"QueueUrl": "URL", "ReceiveRequestAttemptId": "x"}"#.to_owned(),
            format!(
                "{parameter} x for parameter ReceiveRequestAttemptId is invalid. Reason: The request include parameter that is not valid for this queue type."
            ),
        ),
        (
            "ReceiveMessage",
            r#"{"QueueUrl": 7}"#.to_owned(),
            "SerializationException: NUMBER_VALUE cannot be converted to String".to_owned(),
        ),
        (
            "GetQueueAttributes",
            r#"{"QueueUrl": "URL", "AttributeNames": ["Huh"]}"#.to_owned(),
            "InvalidAttributeName: Unknown Attribute Huh.".to_owned(),
        ),
        (
            "DeleteMessage",
            r#"{"QueueUrl": "URL", "ReceiptHandle": "x"}"#.to_owned(),
            "ReceiptHandleIsInvalid: The input receipt handle \"x\" is not a valid receipt handle.".to_owned(),
        ),
        (
            "DeleteMessage",
            format!(r#"{{"QueueUrl": "URL", "ReceiptHandle": "{other}"}}"#),
            "ReceiptHandleIsInvalid: The input receipt handle is invalid.".to_owned(),
        ),
        (
            "ListQueues",
            r#"{"NextToken": "!"}"#.to_owned(),
            "InvalidParameterValueException: Invalid or expired next token.".to_owned(),
        ),
    ];
    for (operation, body, expected) in cases {
        assert_eq!(sent(operation, &body).error(), expected, "{operation} {body}");
    }
    assert_eq!(
        form("Action=ReceiveMessage&QueueUrl=URL&WaitTimeSeconds=soon").error(),
        "SerializationException: STRING_VALUE cannot be converted to Integer"
    );
}

#[test]
fn an_error_carries_its_old_name_for_those_who_ask() {
    let queue = queue();
    let response = sent("ReceiveMessage", "{}").refuse(&Refusal::NoSuchQueue(&queue));
    assert_eq!(response.status, 400);
    assert_eq!(header(&response, "x-amzn-query-error"), Some("AWS.SimpleQueueService.NonExistentQueue;Sender"));
    assert_eq!(
        text(&response),
        r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}"#
    );
    let response = sent("ReceiveMessage", r#"{"QueueUrl": "URL", "MaxNumberOfMessages": 11}"#).refused();
    assert_eq!(header(&response, "x-amzn-query-error"), Some("InvalidParameterValue;Sender"));
    assert_eq!(json(&response)["__type"], "com.amazon.coral.service#InvalidParameterValueException");
    let response = sent("ReceiveMessage", "{}").refuse(&Refusal::TooManyInFlight);
    assert_eq!(header(&response, "x-amzn-query-error"), Some("OverLimit;Sender"));
    let response = form("Action=ReceiveMessage").refuse(&Refusal::NoSuchQueue(&queue));
    assert_eq!(header(&response, "x-amzn-query-error"), None);
    assert_eq!(
        text(&response),
        "<?xml version=\"1.0\"?><ErrorResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><Error>\
         <Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>The specified queue does not \
         exist for this wsdl version.</Message></Error><RequestId>3f1c2d4e-0000-4000-8000-000000000000</RequestId>\
         </ErrorResponse>"
    );
    let response = form("Action=ReceiveMessage").refuse(&Refusal::DiskFull);
    assert_eq!(response.status, 503);
    assert!(text(&response).contains("<Type>Receiver</Type><Code>ServiceUnavailable</Code>"), "{}", text(&response));
}

#[test]
fn messages_are_handed_out_in_both_protocols() {
    let queue = queue();
    let messages = [message()];
    let wanted = wanted(r#""AttributeNames": ["SentTimestamp", "ApproximateReceiveCount", "MessageGroupId"]"#);
    let answer = Any::Sqs(Answer::Received { queue: &queue, messages: &messages, wanted: &wanted });
    let response = sent("ReceiveMessage", "{}").answer(&answer);
    let body = json(&response);
    let spelt = &body["Messages"][0];
    let handle = spelt["ReceiptHandle"].as_str().unwrap();
    assert_eq!(Receipt::read(handle), Some(receipt()));
    // Calculated with Python's hashlib.md5 over the body.
    assert_eq!(spelt["MD5OfBody"], "29a6e1b37ee7a36104dba3eed0b6263c");
    assert_eq!(spelt["Body"], "{\"a\":\"<&✓>\"}\n");
    assert_eq!(spelt["Attributes"], json!({"ApproximateReceiveCount": "2", "SentTimestamp": "1709856000498"}));
    let id = spelt["MessageId"].as_str().unwrap();
    assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);

    let response = form("Action=ReceiveMessage").answer(&answer);
    assert_eq!(
        text(&response),
        format!(
            "<?xml version=\"1.0\"?><ReceiveMessageResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\">\
             <ReceiveMessageResult><Message><Attribute><Name>ApproximateReceiveCount</Name><Value>2</Value></Attribute>\
             <Attribute><Name>SentTimestamp</Name><Value>1709856000498</Value></Attribute>\
             <Body>{{&quot;a&quot;:&quot;&lt;&amp;✓&gt;&quot;}}\n</Body><MD5OfBody>29a6e1b37ee7a36104dba3eed0b6263c</MD5OfBody>\
             <MessageId>{id}</MessageId><ReceiptHandle>{handle}</ReceiptHandle></Message></ReceiveMessageResult>\
             <ResponseMetadata><RequestId>3f1c2d4e-0000-4000-8000-000000000000</RequestId></ResponseMetadata>\
             </ReceiveMessageResponse>"
        )
    );
    let none = Any::Sqs(Answer::Received { queue: &queue, messages: &[], wanted: &wanted });
    assert_eq!(text(&sent("ReceiveMessage", "{}").answer(&none)), "{}");
    assert!(
        text(&form("Action=ReceiveMessage").answer(&none)).contains("<ReceiveMessageResult></ReceiveMessageResult>")
    );
}

#[test]
fn message_ids_differ_between_messages_and_between_queues() {
    let id = |queue, message| wire::sqs::message_id(Origin { queue, message });
    let ids = [id(3, 1), id(3, 2), id(4, 1)];
    assert_ne!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
    assert_eq!(ids[0], id(3, 1));
}

#[test]
fn queues_are_found_and_described() {
    let queue = queue();
    let response = sent("GetQueueUrl", "{}").answer(&Any::Sqs(Answer::Url(&queue)));
    assert_eq!(text(&response), r#"{"QueueUrl":"http://127.0.0.1:4566/000000000000/PremiumOrdersDLQ"}"#);
    let names = [queue.clone()];
    let response = sent("ListQueues", "{}").answer(&Any::Sqs(Answer::Listed { names: &names, more: true }));
    let next = json(&response)["NextToken"].as_str().unwrap().to_owned();
    let after = call(&sent("ListQueues", &format!(r#"{{"NextToken": "{next}"}}"#)));
    assert_eq!(after, Call::ListQueues { prefix: String::new(), after: Some(queue.clone()), limit: None });
    let response = sent("ListQueues", "{}").answer(&Any::Sqs(Answer::Listed { names: &[], more: false }));
    assert_eq!(text(&response), "{}");
    assert_eq!(text(&sent("DeleteMessage", "{}").answer(&Any::Sqs(Answer::Done))), "{}");
    let deleted = form("Action=DeleteMessage").answer(&Any::Sqs(Answer::Done));
    assert!(!text(&deleted).contains("DeleteMessageResult"), "{}", text(&deleted));

    let description = QueueDescription {
        dead_letters: Some(DeadLetters { queue: "dlq".parse().unwrap(), receives_max: 5 }),
        ..description(&queue)
    };
    let describe = |attributes| {
        let response =
            sent("GetQueueAttributes", "{}").answer(&Any::Sqs(Answer::Described { queue: &description, attributes }));
        json(&response)
    };
    assert_eq!(
        describe(QueueAttributes::ALL),
        json!({"Attributes": {
            "QueueArn": "arn:aws:sqs:us-east-1:000000000000:PremiumOrdersDLQ",
            "ApproximateNumberOfMessages": "3",
            "ApproximateNumberOfMessagesNotVisible": "1",
            "ApproximateNumberOfMessagesDelayed": "2",
            "CreatedTimestamp": "1709856000",
            "LastModifiedTimestamp": "1709856000",
            "VisibilityTimeout": "30",
            "MaximumMessageSize": "1048576",
            "MessageRetentionPeriod": "345600",
            "DelaySeconds": "0",
            "ReceiveMessageWaitTimeSeconds": "20",
            "RedrivePolicy": "{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dlq\",\"maxReceiveCount\":5}",
            "SqsManagedSseEnabled": "false",
        }})
    );
    assert_eq!(describe(queue_attributes(r#"["Policy", "FifoQueue"]"#)), json!({}));
    assert_eq!(
        describe(queue_attributes(r#"["VisibilityTimeout"]"#)),
        json!({"Attributes": {"VisibilityTimeout": "30"}})
    );
}
