//! What is refused, and in which words: of a request, of one entry of a batch, and by the engine.

use super::{Call, call, form, queue, sent};
use crate::{Sent, header, json, text};
use serde_json::json;
use std::time::Duration;
use types::QueueName;
use wire::Refusal;
use wire::sqs::{DeadLetters, Refused};

const FIFO: &str = "http://h/000000000000/Orders.fifo";
const INVALID: &str = "InvalidParameterValueException";
const MISSING: &str = "MissingRequiredParameterException: The request must contain the parameter";

fn refused(operation: &str, members: &str) -> String {
    sent(operation, &format!("{{{}}}", members.replace("FIFO", FIFO))).error()
}

fn check(operation: &str, cases: &[(&str, String)]) {
    for (members, expected) in cases {
        assert_eq!(refused(operation, members), *expected, "{operation} {members}");
    }
}

fn value(value: &str, name: &str, reason: &str) -> String {
    format!("{INVALID}: Value {value} for parameter {name} is invalid. Reason: {reason}")
}

#[test]
fn messages_that_cannot_be_sent() {
    let other_type = "The request include parameter that is not valid for this queue type.";
    let token =
        |name: &str| format!("{name} can only include alphanumeric and punctuation characters. 1 to 128 in length.");
    let contents = "InvalidMessageContents: Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | \
                    #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF";
    let long = "a".repeat(1_048_577);
    check(
        "SendMessage",
        &[
            (r#""MessageBody": "a""#, format!("{MISSING} QueueUrl.")),
            (r#""QueueUrl": "URL""#, format!("{MISSING} MessageBody.")),
            (r#""QueueUrl": "URL", "MessageBody": """#, format!("{MISSING} MessageBody.")),
            (r#""QueueUrl": "URL", "MessageBody": "\u0008""#, contents.to_owned()),
            (r#""QueueUrl": "URL", "MessageBody": "\uffff""#, contents.to_owned()),
            (
                &format!(r#""QueueUrl": "URL", "MessageBody": "{long}""#),
                format!(
                    "{INVALID}: One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."
                ),
            ),
            (
                &format!(
                    r#""QueueUrl": "URL", "MessageBody": "{}", "MessageAttributes": {{"n": {{"DataType": "String", "StringValue": "v"}}}}"#,
                    &long[8..]
                ),
                format!(
                    "{INVALID}: One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."
                ),
            ),
            (
                r#""QueueUrl": "URL", "MessageBody": "a", "DelaySeconds": -1"#,
                value("-1", "DelaySeconds", "DelaySeconds must be >= 0 and <= 900."),
            ),
            (
                r#""QueueUrl": "URL", "MessageBody": "a", "DelaySeconds": 901"#,
                value("901", "DelaySeconds", "DelaySeconds must be >= 0 and <= 900."),
            ),
            (
                r#""QueueUrl": "FIFO", "MessageBody": "a", "MessageGroupId": "g", "DelaySeconds": 2"#,
                value("2", "DelaySeconds", other_type),
            ),
            (r#""QueueUrl": "FIFO", "MessageBody": "a""#, format!("{MISSING} MessageGroupId.")),
            (
                r#""QueueUrl": "FIFO", "MessageBody": "a", "MessageGroupId": """#,
                value("", "MessageGroupId", &token("MessageGroupId")),
            ),
            (
                r#""QueueUrl": "URL", "MessageBody": "a", "MessageGroupId": "a b""#,
                value("a b", "MessageGroupId", &token("MessageGroupId")),
            ),
            (
                r#""QueueUrl": "FIFO", "MessageBody": "a", "MessageGroupId": "g", "MessageDeduplicationId": "é""#,
                value("é", "MessageDeduplicationId", &token("MessageDeduplicationId")),
            ),
            (
                r#""QueueUrl": "URL", "MessageBody": "a", "MessageDeduplicationId": "d""#,
                value("d", "MessageDeduplicationId", other_type),
            ),
        ],
    );
    // As long as may be, and the longest of tokens.
    let edge = format!(
        r#"{{"QueueUrl": "{FIFO}", "MessageBody": "{}", "MessageGroupId": "{}", "DelaySeconds": 0}}"#,
        &long[1..],
        "~".repeat(128)
    );
    assert!(matches!(call(&sent("SendMessage", &edge)), Call::SendMessage { .. }));
}

#[test]
fn attributes_that_no_message_can_have() {
    let long = "n".repeat(257);
    let reserved = "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved \
                    for internal use. Additionally, they cannot start or end with '.'.";
    let kinds = "The type of message (user) attribute 'a' is invalid. You must use only the following supported type \
                 prefixes: Binary, Number, String.";
    let string = r#"{"DataType": "String", "StringValue": "v"}"#;
    let eleven: Vec<String> = (0..11).map(|at| format!(r#""a{at}": {string}"#)).collect();
    let empty = |name: &str, kind: &str| {
        format!("Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'.")
    };
    let character = |code: &str| {
        format!(
            "Invalid non-alphanumeric character '#x{code}' was found in the message attribute name. Can only include \
             alphanumeric characters, hyphens, underscores, or dots."
        )
    };
    let cases = [
        (eleven.join(","), "Number of message attributes [11] exceeds the allowed maximum [10].".to_owned()),
        (format!(r#""": {string}"#), "The request must contain non-empty message (user) attribute names.".to_owned()),
        (format!(r#""{long}": {string}"#), "Message (user) attribute name must be shorter than 256 bytes.".to_owned()),
        (format!(r#""a b": {string}"#), character("20")),
        (format!(r#""a§": {string}"#), character("A7")),
        (format!(r#""aWs.a": {string}"#), reserved.to_owned()),
        (format!(r#""AMAZON.a": {string}"#), reserved.to_owned()),
        (format!(r#"".a": {string}"#), reserved.to_owned()),
        (format!(r#""a.": {string}"#), reserved.to_owned()),
        (format!(r#""a..b": {string}"#), "Message attribute name can not have successive '.' characters.".to_owned()),
        (r#""a": {}"#.to_owned(), "The message (user) attribute 'a' must contain a non-empty message attribute value.".to_owned()),
        (r#""a": {"StringValue": "v"}"#.to_owned(), "The message (user) attribute 'a' must contain a non-empty message attribute type.".to_owned()),
        (r#""a": {"DataType": "Invalid", "StringValue": "v"}"#.to_owned(), kinds.to_owned()),
        (r#""a": {"DataType": "Stringent", "StringValue": "v"}"#.to_owned(), kinds.to_owned()),
        (format!(r#""a": {{"DataType": "Number.{long}", "StringValue": "1"}}"#), "Message (user) attribute type must be shorter than 256 bytes.".to_owned()),
        (r#""a": {"DataType": "String", "StringValue": ""}"#.to_owned(), empty("a", "String")),
        (r#""a": {"DataType": "String", "BinaryValue": "AAH+"}"#.to_owned(), empty("a", "String")),
        (r#""a": {"DataType": "Binary", "StringValue": "v"}"#.to_owned(), empty("a", "Binary")),
        (r#""a": {"DataType": "Number", "StringValue": "world"}"#.to_owned(), "Can't cast the value of message (user) attribute 'a' to a number.".to_owned()),
        (r#""a": {"DataType": "Number", "StringValue": "nan"}"#.to_owned(), "Can't cast the value of message (user) attribute 'a' to a number.".to_owned()),
        (r#""a": {"DataType": "String", "StringValue": "v", "BinaryValue": "AAH+"}"#.to_owned(), "Message attribute 'a' has multiple values.".to_owned()),
        (r#""a": {"DataType": "Binary", "BinaryValue": "?"}"#.to_owned(), "The message attribute 'a' contains an invalid Base64 Encoded String as a binary value".to_owned()),
        (
            r#""a": {"DataType": "String", "StringValue": "\u0008"}"#.to_owned(),
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | \
             #x10000 to #x10FFFF".to_owned(),
        ),
    ];
    for (attributes, expected) in cases {
        let members = format!(r#""QueueUrl": "URL", "MessageBody": "b", "MessageAttributes": {{{attributes}}}"#);
        assert_eq!(refused("SendMessage", &members), format!("{INVALID}: {expected}"), "{attributes}");
    }
    let lists = r#""QueueUrl": "URL", "MessageBody": "b", "MessageAttributes": {"a": {"DataType": "StringList", "StringListValues": ["v"]}}"#;
    let unsupported = "UnsupportedOperation: Message attribute list values in SendMessage operation are not supported.";
    assert_eq!(refused("SendMessage", lists), unsupported);
    let list = "Action=SendMessage&QueueUrl=URL&MessageBody=b&MessageAttribute.1.Name=a&MessageAttribute.1.Value.DataType=\
                String&MessageAttribute.1.Value.StringListValue.1=v";
    assert_eq!(form(list).error(), unsupported);
    let system = |attribute: &str| {
        refused(
            "SendMessage",
            &format!(r#""QueueUrl": "URL", "MessageBody": "b", "MessageSystemAttributes": {{{attribute}}}"#),
        )
    };
    assert_eq!(
        system(&format!(r#""Hello": {string}"#)),
        format!("{INVALID}: Message system attribute name 'Hello' is invalid.")
    );
    assert!(
        system(r#""AWSTraceHeader": {"DataType": "Number", "StringValue": "1"}"#)
            .contains("The type of message (system) attribute")
    );
    // What may be: letters of any script, the longest name, ten of them.
    let most: Vec<String> =
        (0..9).map(|at| format!(r#""a{at}": {string}"#)).chain([format!(r#""{}ß": {string}"#, &long[2..])]).collect();
    let body = format!(r#"{{"QueueUrl": "URL", "MessageBody": "b", "MessageAttributes": {{{}}}}}"#, most.join(","));
    assert!(matches!(call(&sent("SendMessage", &body)), Call::SendMessage { .. }));
}

#[test]
fn batches_that_are_refused_whole() {
    let entries = |count: usize| {
        let all: Vec<String> = (0..count).map(|at| format!(r#"{{"Id": "i{at}", "MessageBody": "b"}}"#)).collect();
        format!(r#""QueueUrl": "URL", "Entries": [{}]"#, all.join(","))
    };
    let bad_id = "InvalidBatchEntryId: A batch entry id can only contain alphanumeric characters, hyphens and underscores. \
                  It can be at most 80 letters long.";
    let halves = format!(
        r#""QueueUrl": "URL", "Entries": [{{"Id": "a", "MessageBody": "{}"}}, {{"Id": "b", "MessageBody": "{}"}}]"#,
        "a".repeat(524_288),
        "b".repeat(524_289)
    );
    let id = |id: &str| format!(r#""QueueUrl": "URL", "Entries": [{{"Id": "{id}", "MessageBody": "b"}}]"#);
    check(
        "SendMessageBatch",
        &[
            (
                r#""QueueUrl": "URL""#,
                "EmptyBatchRequest: There should be at least one SendMessageBatchRequestEntry in the request."
                    .to_owned(),
            ),
            (
                &entries(0),
                "EmptyBatchRequest: There should be at least one SendMessageBatchRequestEntry in the request."
                    .to_owned(),
            ),
            (
                &entries(20),
                "TooManyEntriesInBatchRequest: Maximum number of entries per request are 10. You have sent 20."
                    .to_owned(),
            ),
            (&id("a b"), bad_id.to_owned()),
            (&id(""), bad_id.to_owned()),
            (&id(&"a".repeat(81)), bad_id.to_owned()),
            (
                r#""QueueUrl": "URL", "Entries": [{"Id": "x", "MessageBody": "b"}, {"Id": "x", "MessageBody": "b"}]"#,
                "BatchEntryIdsNotDistinct: Id x repeated.".to_owned(),
            ),
            (
                &halves,
                "BatchRequestTooLong: Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes."
                    .to_owned(),
            ),
            (
                r#""QueueUrl": "FIFO", "Entries": [{"Id": "x", "MessageBody": "b"}]"#,
                format!("{INVALID}: The request must contain the parameter MessageGroupId."),
            ),
            (r#""QueueUrl": "URL", "Entries": [7]"#, "SerializationException: Unexpected field type".to_owned()),
        ],
    );
    assert_eq!(
        refused("DeleteMessageBatch", r#""QueueUrl": "URL", "Entries": []"#),
        "EmptyBatchRequest: There should be at least one DeleteMessageBatchRequestEntry in the request."
    );
    assert_eq!(
        form("Action=ChangeMessageVisibilityBatch&QueueUrl=URL").error(),
        "EmptyBatchRequest: There should be at least one ChangeMessageVisibilityBatchRequestEntry in the request."
    );
    let Call::SendMessageBatch { entries, .. } = call(&sent("SendMessageBatch", &format!("{{{}}}", entries(10))))
    else {
        panic!()
    };
    assert_eq!(entries.len(), 10);
}

#[test]
fn queues_tags_and_permissions_that_cannot_be() {
    let name = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
    let fifo_name = "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end \
                     with .fifo suffix and be 1 to 80 in length";
    let long = "q".repeat(81);
    check(
        "CreateQueue",
        &[
            ("", format!("{MISSING} QueueName.")),
            (r#""QueueName": """#, format!("{INVALID}: {name}")),
            (r#""QueueName": "a.b""#, format!("{INVALID}: {name}")),
            (r#""QueueName": "a.fifo""#, format!("{INVALID}: {name}")),
            (&format!(r#""QueueName": "{long}""#), format!("{INVALID}: {name}")),
            (r#""QueueName": "a", "Attributes": {"FifoQueue": "true"}"#, format!("{INVALID}: {fifo_name}")),
            (r#""QueueName": ".fifo", "Attributes": {"FifoQueue": "true"}"#, format!("{INVALID}: {fifo_name}")),
            (
                &format!(r#""QueueName": "{}.fifo", "Attributes": {{"FifoQueue": "true"}}"#, &long[5..]),
                format!("{INVALID}: {fifo_name}"),
            ),
            (
                r#""QueueName": "a", "Attributes": {"FifoQueue": "false"}"#,
                "InvalidAttributeName: Unknown Attribute FifoQueue.".to_owned(),
            ),
            (
                r#""QueueName": "a", "tags": {"": "x"}"#,
                format!("{INVALID}: Tag keys must be between 1 and 128 characters in length."),
            ),
        ],
    );
    let tags: Vec<String> = (0..51).map(|at| format!(r#""k{at}": "v""#)).collect();
    check(
        "TagQueue",
        &[
            (r#""QueueUrl": "URL""#, format!("{MISSING} Tags.")),
            (r#""QueueUrl": "URL", "Tags": {}"#, format!("{MISSING} Tags.")),
            (
                &format!(r#""QueueUrl": "URL", "Tags": {{{}}}"#, tags.join(",")),
                format!("{INVALID}: Too many tags added for queue PremiumOrdersDLQ."),
            ),
            (
                &format!(r#""QueueUrl": "URL", "Tags": {{"k": "{}"}}"#, "v".repeat(257)),
                format!("{INVALID}: Tag values must be between 0 and 256 characters in length."),
            ),
        ],
    );
    check(
        "UntagQueue",
        &[(
            r#""QueueUrl": "URL", "TagKeys": []"#,
            format!("{INVALID}: Tag keys must be between 1 and 128 characters in length."),
        )],
    );
    let eight = r#""Actions": ["*", "SendMessage", "ReceiveMessage", "DeleteMessage", "PurgeQueue", "GetQueueUrl", "GetQueueAttributes", "*"]"#;
    let one = r#""AWSAccountIds": ["111111111111"]"#;
    check(
        "AddPermission",
        &[
            (&format!(r#""QueueUrl": "URL", {one}, "Actions": ["*"]"#), format!("{MISSING} Label.")),
            (&format!(r#""QueueUrl": "URL", "Label": "l", {one}"#), format!("{MISSING} Actions.")),
            (
                &format!(r#""QueueUrl": "URL", "Label": "l", {one}, {eight}"#),
                "OverLimit: 8 Actions were found, maximum allowed is 7.".to_owned(),
            ),
            (
                &format!(r#""QueueUrl": "URL", "Label": "l", {one}, "Actions": ["RemovePermission"]"#),
                value("SQS:RemovePermission", "ActionName", "Only the queue owner is allowed to invoke this action."),
            ),
            (
                r#""QueueUrl": "URL", "Label": "l", "AWSAccountIds": [], "Actions": ["*"]"#,
                value("[]", "PrincipalId", "Unable to verify."),
            ),
            (
                r#""QueueUrl": "URL", "Label": "l", "AWSAccountIds": ["7", "8"], "Actions": ["*"]"#,
                value("[7, 8]", "PrincipalId", "Unable to verify."),
            ),
        ],
    );
}

#[test]
fn moves_that_cannot_be() {
    let format = |name: &str| {
        format!(
            "{INVALID}: You must use this format to specify the {name}: arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
        )
    };
    let absent = |name: &str| {
        format!("ResourceNotFoundException: The resource that you specified for the {name} parameter doesn't exist.")
    };
    let arn = |name: &str| format!("arn:aws:sqs:us-east-1:000000000000:{name}");
    let both =
        |source: &str, destination: &str| format!(r#""SourceArn": "{source}", "DestinationArn": "{destination}""#);
    let rate = |rate: i64| format!(r#""SourceArn": "{}", "MaxNumberOfMessagesPerSecond": {rate}"#, arn("a"));
    let bad_rate = format!(
        "{INVALID}: Value for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: You must enter a number that's between 1 and 500."
    );
    check(
        "StartMessageMoveTask",
        &[
            ("", format!("{MISSING} SourceArn.")),
            (r#""SourceArn": """#, format("SourceArn")),
            (r#""SourceArn": "arn:aws:sns:us-east-1:000000000000:a""#, absent("SourceArn")),
            (r#""SourceArn": "arn:aws:sqs:us-east-1:111111111111:a""#, absent("SourceArn")),
            (&both(&arn("a"), "invalid"), format("DestinationArn")),
            (&both(&arn("a"), "arn:aws:sqs:eu-west-3:000000000000:b"), absent("DestinationArn")),
            (
                &both(&arn("a"), &arn("a")),
                format!("{INVALID}: Source queue arn and destination queue arn cannot be the same."),
            ),
            (
                &both(&arn("a"), &arn("b.fifo")),
                format!("{INVALID}: The source queue and destination queue must be of the same queue type."),
            ),
            (&rate(0), bad_rate.clone()),
            (&rate(501), bad_rate),
        ],
    );
    check(
        "ListMessageMoveTasks",
        &[(
            &format!(r#""SourceArn": "{}", "MaxResults": 11"#, arn("a")),
            format!(
                "{INVALID}: Value for parameter MaxResults is invalid. Reason: You must enter a number that's between 1 and 10."
            ),
        )],
    );
    // eyJhIjoxfQ== is {"a":1}.
    for handle in ["foobared", "", "eyJhIjoxfQ=="] {
        let handle = format!(r#""TaskHandle": "{handle}""#);
        assert_eq!(
            refused("CancelMessageMoveTask", &handle),
            format!("{INVALID}: Value for parameter TaskHandle is invalid.")
        );
    }
}

/// The status, the names in JSON, in the header for older clients and in forms, and the text.
#[test]
fn the_engines_refusals_are_said_in_awss_words() {
    let queue = queue();
    let dead: QueueName = "Dead".parse().unwrap();
    let letters = DeadLetters { queue: dead, receives_max: 5 };
    let own = "com.amazonaws.sqs#";
    let coral = "com.amazon.coral.service#";
    let cases = [
        (
            Refused::QueueDiffers { attribute: "DelaySeconds" },
            400,
            format!("{own}QueueNameExists"),
            "QueueAlreadyExists",
            "A queue already exists with the same name and a different value for attribute DelaySeconds",
        ),
        (
            Refused::NameTaken(&queue),
            400,
            format!("{own}QueueNameExists"),
            "QueueAlreadyExists",
            "A queue named PremiumOrdersDLQ belongs to a stack that is not up; choose another name.",
        ),
        (
            Refused::OfStack { queue: &queue, stack: "shop" },
            400,
            format!("{own}UnsupportedOperation"),
            "AWS.SimpleQueueService.UnsupportedOperation",
            "Queue PremiumOrdersDLQ belongs to stack shop; take it out of the stack's template and deploy that again.",
        ),
        (
            Refused::DeletedRecently,
            400,
            format!("{own}QueueDeletedRecently"),
            "AWS.SimpleQueueService.QueueDeletedRecently",
            "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
        ),
        (
            Refused::PurgedRecently(&queue),
            403,
            format!("{own}PurgeQueueInProgress"),
            "AWS.SimpleQueueService.PurgeQueueInProgress",
            "Only one PurgeQueue operation on PremiumOrdersDLQ is allowed every 60 seconds.",
        ),
        (
            Refused::TooManyTags(&queue),
            400,
            format!("{coral}InvalidParameterValueException"),
            "InvalidParameterValue",
            "Too many tags added for queue PremiumOrdersDLQ.",
        ),
        (
            Refused::NoDeadLetterQueue(&letters),
            400,
            format!("{coral}InvalidParameterValueException"),
            "InvalidParameterValue",
            r#"Value {"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:Dead","maxReceiveCount":5} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist."#,
        ),
        (
            Refused::MessageTooLong { most: 1024 },
            400,
            format!("{coral}InvalidParameterValueException"),
            "InvalidParameterValue",
            "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.",
        ),
        (
            Refused::NoDeduplication,
            400,
            format!("{coral}InvalidParameterValueException"),
            "InvalidParameterValue",
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        ),
        (
            Refused::NotInFlight,
            400,
            format!("{own}MessageNotInflight"),
            "AWS.SimpleQueueService.MessageNotInflight",
            "The specified message isn't in flight.",
        ),
        (
            Refused::ReceiptExpired { handle: "h" },
            400,
            format!("{coral}InvalidParameterValueException"),
            "InvalidParameterValue",
            "Value h for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
        ),
        (
            Refused::HiddenTooLong { visible_after: Duration::from_secs(9) },
            400,
            format!("{coral}InvalidParameterValueException"),
            "InvalidParameterValue",
            "Value 9 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]",
        ),
        (
            Refused::NotDeadLetterQueue,
            400,
            format!("{coral}InvalidParameterValueException"),
            "InvalidParameterValue",
            "Source queue must be configured as a Dead Letter Queue.",
        ),
        (
            Refused::MoveRunning,
            400,
            format!("{coral}InvalidParameterValueException"),
            "InvalidParameterValue",
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        ),
        (
            Refused::NoMoveTask,
            404,
            format!("{own}ResourceNotFoundException"),
            "ResourceNotFoundException",
            "Task does not exist.",
        ),
        (
            Refused::NoMoveSource,
            404,
            format!("{own}ResourceNotFoundException"),
            "ResourceNotFoundException",
            "The resource that you specified for the SourceArn parameter doesn't exist.",
        ),
    ];
    for (refused, status, name, older, message) in cases {
        let refusal = Refusal::Queue(refused);
        let response = Sent::json("AmazonSQS.X", "{}").refuse(&refusal);
        assert_eq!(response.status, status, "{refusal:?}");
        assert_eq!(json(&response), json!({"__type": name, "message": message}));
        assert_eq!(header(&response, "x-amzn-query-error"), Some(format!("{older};Sender").as_str()));
        let response = form("Action=X").refuse(&refusal);
        let said = format!("<Code>{older}</Code>");
        assert!(text(&response).contains(&said), "{}", text(&response));
    }
    assert_eq!(form("Action=X").refuse(&Refusal::Queue(Refused::PurgedRecently(&queue))).status, 403);
    assert_eq!(form("Action=X").refuse(&Refusal::Queue(Refused::NoMoveTask)).status, 404);
}
