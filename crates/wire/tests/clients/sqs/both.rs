//! Whatever a client asks for: JSON and a form say the same, and nothing breaks.

use crate::Sent;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// A member of a request, before it is written in a protocol.
#[derive(Debug, Clone)]
enum Member {
    Text(String),
    Number(i64),
    Texts(Vec<String>),
    Pairs(BTreeMap<String, String>),
    Attributes(BTreeMap<String, BTreeMap<&'static str, String>>),
    Entries(Vec<Request>),
}

type Request = BTreeMap<&'static str, Member>;

/// What the numbered names of a form are called, by the names that JSON has.
fn numbered(name: &str, operation: &str) -> String {
    match name {
        "AttributeNames" => "AttributeName",
        "MessageSystemAttributeNames" => "MessageSystemAttributeName",
        "MessageAttributeNames" => "MessageAttributeName",
        "TagKeys" => "TagKey",
        "AWSAccountIds" => "AWSAccountId",
        "Actions" => "ActionName",
        "Attributes" => "Attribute",
        "Tags" | "tags" => "Tag",
        "MessageAttributes" => "MessageAttribute",
        "MessageSystemAttributes" => "MessageSystemAttribute",
        "Entries" => return format!("{operation}RequestEntry"),
        other => panic!("{other}"),
    }
    .to_owned()
}

fn as_json(request: &Request) -> Json {
    let member = |member: &Member| match member {
        Member::Text(text) => json!(text),
        Member::Number(number) => json!(number),
        Member::Texts(texts) => json!(texts),
        Member::Pairs(pairs) => json!(pairs),
        Member::Attributes(attributes) => json!(attributes),
        Member::Entries(entries) => entries.iter().map(as_json).collect(),
    };
    Json::Object(request.iter().map(|(name, value)| ((*name).to_owned(), member(value))).collect::<Map<_, _>>())
}

fn as_form(request: &Request, operation: &str, before: &str, fields: &mut Vec<(String, String)>) {
    for (name, member) in request {
        let name = format!("{before}{name}");
        let list = || format!("{before}{}", numbered(&name[before.len()..], operation));
        match member {
            Member::Text(text) => fields.push((name, text.clone())),
            Member::Number(number) => fields.push((name, number.to_string())),
            Member::Texts(texts) => {
                fields.extend(
                    texts.iter().enumerate().map(|(at, text)| (format!("{}.{}", list(), at + 1), text.clone())),
                );
            }
            Member::Pairs(pairs) => {
                let key_name = if list().ends_with("Tag") { "Key" } else { "Name" };
                for (at, (key, value)) in pairs.iter().enumerate() {
                    fields.push((format!("{}.{}.{key_name}", list(), at + 1), key.clone()));
                    fields.push((format!("{}.{}.Value", list(), at + 1), value.clone()));
                }
            }
            Member::Attributes(attributes) => {
                for (at, (key, value)) in attributes.iter().enumerate() {
                    fields.push((format!("{}.{}.Name", list(), at + 1), key.clone()));
                    for (part, text) in value {
                        fields.push((format!("{}.{}.Value.{part}", list(), at + 1), text.clone()));
                    }
                }
            }
            Member::Entries(entries) => {
                for (at, entry) in entries.iter().enumerate() {
                    as_form(entry, operation, &format!("{}.{}.", list(), at + 1), fields);
                }
            }
        }
    }
}

fn escaped(text: &str) -> String {
    let escape =
        |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escape).collect()
}

/// Operations, the members that their requests must have, and those that they may have.
const OPERATIONS: [(&str, &[&str], &[&str]); 23] = [
    ("AddPermission", &["QueueUrl", "Label", "AWSAccountIds", "Actions"], &[]),
    ("CancelMessageMoveTask", &["TaskHandle"], &[]),
    ("ChangeMessageVisibility", &["QueueUrl", "ReceiptHandle", "VisibilityTimeout"], &[]),
    ("ChangeMessageVisibilityBatch", &["QueueUrl", "Entries"], &[]),
    ("CreateQueue", &["QueueName"], &["Attributes", "tags"]),
    ("DeleteMessage", &["QueueUrl", "ReceiptHandle"], &[]),
    ("DeleteMessageBatch", &["QueueUrl", "Entries"], &[]),
    ("DeleteQueue", &["QueueUrl"], &[]),
    ("GetQueueAttributes", &["QueueUrl"], &["AttributeNames"]),
    ("GetQueueUrl", &["QueueName"], &[]),
    ("ListDeadLetterSourceQueues", &["QueueUrl"], &["MaxResults", "NextToken"]),
    ("ListMessageMoveTasks", &["SourceArn"], &["MaxResults"]),
    ("ListQueueTags", &["QueueUrl"], &[]),
    ("ListQueues", &[], &["QueueNamePrefix", "MaxResults", "NextToken"]),
    ("PurgeQueue", &["QueueUrl"], &[]),
    (
        "ReceiveMessage",
        &["QueueUrl"],
        &[
            "AttributeNames",
            "MessageSystemAttributeNames",
            "MessageAttributeNames",
            "MaxNumberOfMessages",
            "VisibilityTimeout",
            "WaitTimeSeconds",
            "ReceiveRequestAttemptId",
        ],
    ),
    ("RemovePermission", &["QueueUrl", "Label"], &[]),
    ("SendMessage", &["QueueUrl", "MessageBody"], OF_MESSAGES),
    ("SendMessageBatch", &["QueueUrl", "Entries"], &[]),
    ("SetQueueAttributes", &["QueueUrl", "Attributes"], &[]),
    ("StartMessageMoveTask", &["SourceArn"], &["DestinationArn", "MaxNumberOfMessagesPerSecond"]),
    ("TagQueue", &["QueueUrl", "Tags"], &[]),
    ("UntagQueue", &["QueueUrl", "TagKeys"], &[]),
];

const OF_MESSAGES: &[&str] =
    &["MessageAttributes", "MessageSystemAttributes", "DelaySeconds", "MessageGroupId", "MessageDeduplicationId"];

/// Texts that mean something somewhere, and others.
fn any_text() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "",
        "a",
        "Orders",
        "All",
        "a.*",
        "*",
        "SendMessage",
        "true",
        "60",
        "String",
        "Number.x",
        "Binary",
        "AAH+",
        "SentTimestamp",
        "VisibilityTimeout",
        "http://h/000000000000/Orders",
        "http://h/000000000000/Orders.fifo",
        "arn:aws:sqs:us-east-1:000000000000:Dead",
        "111111111111",
        "OF2AAAAAAAAAAcAAAGOG1wJ8gAAAAJPcmRlcnPaLGlD",
        r#"{"redrivePermission":"denyAll"}"#,
        r#"{"maxReceiveCount":3,"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:Dead"}"#,
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "\\PC{0,6}", 1 => "[\\x00-\\x7F]{0,4}"]
}

/// Mostly one of these, and sometimes any text.
fn mostly(known: &'static [&'static str]) -> BoxedStrategy<String> {
    prop_oneof![9 => prop::sample::select(known).prop_map(str::to_owned), 1 => any_text()].boxed()
}

const ARN: &str = "arn:aws:sqs:us-east-1:000000000000:Dead";

fn any_attribute() -> impl Strategy<Value = BTreeMap<&'static str, String>> {
    let whole = |data_type: &'static [&'static str], part: &'static str, value: BoxedStrategy<String>| {
        (mostly(data_type), value)
            .prop_map(move |(data_type, value)| BTreeMap::from([("DataType", data_type), (part, value)]))
    };
    prop_oneof![
        4 => whole(&["String", "String.x"], "StringValue", "[a-z✓&=%]{1,4}".boxed()),
        2 => whole(&["Number", "Number.eur"], "StringValue", mostly(&["1", "-2.5e3"])),
        2 => whole(&["Binary"], "BinaryValue", mostly(&["AAH+", "/w=="])),
        1 => btree_map(prop::sample::select(vec!["DataType", "StringValue", "BinaryValue"]), any_text(), 0..3),
    ]
}

fn any_member(name: &'static str, operation: &'static str) -> BoxedStrategy<Member> {
    let texts = |known| vec(mostly(known), 1..4).prop_map(Member::Texts).boxed();
    let text = |known| mostly(known).prop_map(Member::Text).boxed();
    match name {
        "AttributeNames" if operation == "ReceiveMessage" => texts(&["All", "SentTimestamp"]),
        "AttributeNames" => texts(&["All", "QueueArn", "Policy"]),
        "MessageSystemAttributeNames" => texts(&["All", "AWSTraceHeader", "SenderId"]),
        "MessageAttributeNames" => texts(&["All", ".*", "a.*", "b"]),
        "TagKeys" => texts(&["a", "b c", "✓"]),
        "AWSAccountIds" => texts(&["111111111111", "222222222222"]),
        "Actions" => texts(&["*", "SendMessage", "PurgeQueue"]),
        "Attributes" => {
            let numbers = prop::sample::select(vec!["VisibilityTimeout", "MaximumMessageSize", "x"]);
            let documents = prop::sample::select(vec!["RedrivePolicy", "RedriveAllowPolicy", "Policy", "FifoQueue"]);
            let numbers = (numbers, mostly(&["1024", "2000"]));
            let documents = (documents, any_text());
            let pairs = vec(prop_oneof![8 => numbers, 2 => documents], 1..3);
            pairs
                .prop_map(|pairs| {
                    Member::Pairs(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
                })
                .boxed()
        }
        "tags" | "Tags" => btree_map(mostly(&["a", "b c", "✓"]), any_text(), 1..4).prop_map(Member::Pairs).boxed(),
        "MessageAttributes" => {
            btree_map(mostly(&["a", "b", "c.d", "é"]), any_attribute(), 1..4).prop_map(Member::Attributes).boxed()
        }
        "MessageSystemAttributes" => {
            btree_map(mostly(&["AWSTraceHeader"]), any_attribute(), 1..2).prop_map(Member::Attributes).boxed()
        }
        "Entries" => {
            let (must, may): (&[&str], &[&str]) = match operation {
                "SendMessageBatch" => (&["Id", "MessageBody"], OF_MESSAGES),
                "DeleteMessageBatch" => (&["Id", "ReceiptHandle"], &[]),
                _ => (&["Id", "ReceiptHandle", "VisibilityTimeout"], &[]),
            };
            vec(any_request(operation, must, may), 1..5).prop_map(Member::Entries).boxed()
        }
        "MaxNumberOfMessages"
        | "WaitTimeSeconds"
        | "MaxResults"
        | "DelaySeconds"
        | "VisibilityTimeout"
        | "MaxNumberOfMessagesPerSecond" => {
            prop_oneof![9 => 1..11i64, 1 => any::<i64>()].prop_map(Member::Number).boxed()
        }
        "QueueUrl" => text(&["http://h/000000000000/Orders", "http://h/000000000000/Orders.fifo"]),
        "QueueName" => text(&["Orders", "a-b_c"]),
        "NextToken" => text(&["UHJlbWl1bU9yZGVyc0RMUQ"]),
        "ReceiptHandle" => text(&["OF2AAAAAAAAAAcAAAGOG1wJ8gAAAAJPcmRlcnPaLGlD"]),
        "TaskHandle" => {
            text(&["eyJ0YXNrSWQiOiAidDEiLCAic291cmNlQXJuIjogImFybjphd3M6c3FzOnVzLWVhc3QtMTowMDAwMDAwMDAwMDA6RGVhZCJ9"])
        }
        "SourceArn" => text(&[ARN]),
        "DestinationArn" => text(&["arn:aws:sqs:us-east-1:000000000000:Orders", ARN]),
        "Id" => "[a-z]{2}".prop_map(Member::Text).boxed(),
        _ => text(&["a", "b-c", "d&e=f"]),
    }
}

/// Requests that have nearly always the first members, and sometimes the others.
fn any_request(
    operation: &'static str,
    must: &'static [&'static str],
    may: &'static [&'static str],
) -> BoxedStrategy<Request> {
    let one = |name: &'static str, weight| {
        let member = any_member(name, operation);
        // A form cannot say that an entry has nothing at all.
        let member = if name == "Id" {
            member.prop_map(Some).boxed()
        } else {
            proptest::option::weighted(weight, member).boxed()
        };
        member.prop_map(move |member| (name, member))
    };
    let must = must.iter().map(|name| one(name, 0.97));
    let all: Vec<_> = must.chain(may.iter().map(|name| one(name, 0.3))).collect();
    all.prop_map(|all| all.into_iter().filter_map(|(name, member)| Some((name, member?))).collect()).boxed()
}

fn any_call() -> impl Strategy<Value = (&'static str, Request)> {
    let operations = prop::sample::select(OPERATIONS.to_vec());
    operations.prop_flat_map(|(operation, must, may)| (Just(operation), any_request(operation, must, may)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// Both protocols make the same call of the same request, or the same refusal. Only of two names for the same list
    /// a form takes the older one alone.
    #[test]
    fn json_and_forms_are_read_alike((operation, mut request) in any_call()) {
        if matches!(request.get("AttributeNames"), Some(Member::Texts(names)) if !names.is_empty()) {
            request.remove("MessageSystemAttributeNames");
        }
        let json = Sent::json(&format!("AmazonSQS.{operation}"), &as_json(&request).to_string());
        let mut fields = vec![("Action".to_owned(), operation.to_owned()), ("Version".to_owned(), "2012-11-05".to_owned())];
        as_form(&request, operation, "", &mut fields);
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
        prop_assert_eq!(json.parse(), Sent::form("/", &body.join("&")).parse());
    }

    /// Names of a form that are no names at all are answered too.
    #[test]
    fn any_numbered_names_are_answered(
        (operation, ..) in prop::sample::select(OPERATIONS.to_vec()),
        fields in vec(
            (
                "((SendMessageBatchRequestEntry|MessageAttribute|Attribute|Tag|TagKey|Entries|QueueUrl|Value|Name|Key|Id|[0-9]{1,11}|[a-z]?)\\.?){1,6}",
                any_text(),
            ),
            0..12,
        ),
    ) {
        let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let body = format!("Action={operation}&Version=2012-11-05&QueueUrl=http://h/000000000000/Orders&{}", fields.join("&"));
        let sent = Sent::form("/", &body);
        if let Err(error) = sent.parse() {
            prop_assert!(!error.message.is_empty());
            prop_assert!((400..500).contains(&sent.with(|reply, _, _| reply.error(&error)).status));
        }
    }
}

#[test]
fn entries_within_entries_are_not_followed() {
    let name = "SendMessageBatchRequestEntry.1.".repeat(100_000);
    let sent = Sent::form(
        "/",
        &format!("Action=SendMessageBatch&Version=2012-11-05&QueueUrl=http://h/000000000000/Q&{name}Id=a"),
    );
    assert!(sent.error().starts_with("InvalidBatchEntryId: "), "{}", sent.error());
}

#[test]
fn elements_stand_in_the_order_of_their_numbers() {
    let keys = |fields: &str| {
        Sent::form("/", &format!("Action=UntagQueue&Version=2012-11-05&QueueUrl=http://h/000000000000/Q&{fields}"))
            .call()
    };
    assert_eq!(keys("TagKey.10=c&TagKey.2=b&TagKey.1=a"), keys("TagKey.1=a&TagKey.2=b&TagKey.3=c"));
}
