//! The digests by which clients check what they sent and received. What is expected was calculated in Python, from the
//! rule in the developer guide.

use super::{Answer, Any, Call, Message, call, message, queue, sent, wanted};
use crate::{Sent as Request, json};
use serde_json::{Value as Json, json};
use wire::sqs::{Attribute, AttributeValue, NewMessage, Origin, Sent};

fn new_message() -> NewMessage {
    let request = sent(
        "SendMessage",
        r#"{"QueueUrl": "URL", "MessageBody": "hi <&> ✓\n",
            "MessageAttributes": {"price": {"DataType": "Number.eur", "StringValue": "-1.5e3"},
                                  "blob": {"DataType": "Binary.gz", "BinaryValue": "AAH+/w=="},
                                  "kind": {"DataType": "String", "StringValue": "örder"}},
            "MessageSystemAttributes": {"AWSTraceHeader":
                {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}}}"#,
    );
    match call(&request) {
        Call::SendMessage { message, .. } => *message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_sent_is_digested() {
    let message = new_message();
    let origin = Origin { queue: 3, message: 7 };
    let sent = Sent { message: &message, origin, sequence: Some(1_884_949_646_046_769_612) };
    let answer = Any::Sqs(Answer::Sent(sent));
    let expected = json!({
        "MessageId": wire::sqs::message_id(origin),
        "MD5OfMessageBody": "472e72686f5d9e3ddb9ea4fd1e367147",
        "MD5OfMessageAttributes": "a3a0555a4188c0e1dbe93dcebf4f41d8",
        "MD5OfMessageSystemAttributes": "62a56dd927315f2b2e12832b84617ea5",
        "SequenceNumber": "01884949646046769612",
    });
    assert_eq!(json(&Request::json("AmazonSQS.SendMessage", "{}").answer(&answer)), expected);
    let plain = NewMessage { attributes: Vec::new(), trace_header: None, ..message };
    let sent = Sent { message: &plain, origin, sequence: Some(9) };
    let said = json(&Request::json("AmazonSQS.SendMessage", "{}").answer(&Any::Sqs(Answer::Sent(sent))));
    assert_eq!(said["SequenceNumber"], "00000000000000000009");
    assert_eq!(said.get("MD5OfMessageAttributes"), None);
    assert_eq!(said.get("MD5OfMessageSystemAttributes"), None);
}

fn received(message: Message<'_>, names: &str) -> Json {
    let (queue, wanted) = (queue(), wanted(&format!(r#""MessageAttributeNames": {names}"#)));
    let answer = Any::Sqs(Answer::Received { queue: &queue, messages: &[message], wanted: &wanted });
    json(&sent("ReceiveMessage", "{}").answer(&answer))["Messages"][0].clone()
}

#[test]
fn only_what_is_given_is_digested() {
    let with_attributes = || Message { attributes: new_message().attributes, ..message() };
    let cases = [
        (r#"["All"]"#, Some("a3a0555a4188c0e1dbe93dcebf4f41d8"), vec!["blob", "kind", "price"]),
        (r#"[".*"]"#, Some("a3a0555a4188c0e1dbe93dcebf4f41d8"), vec!["blob", "kind", "price"]),
        (r#"["kind", "pri.*"]"#, Some("1a3a5b6bee84b939cc364c74e75bdddc"), vec!["kind", "price"]),
        (r#"["blob"]"#, Some("273a81cdf1967d24714e01d3fe81d494"), vec!["blob"]),
        (r#"["other"]"#, None, vec![]),
        ("[]", None, vec![]),
    ];
    for (names, digest, given) in cases {
        let said = received(with_attributes(), names);
        assert_eq!(said.get("MD5OfMessageAttributes").and_then(Json::as_str), digest, "{names}");
        let attributes: Vec<&String> =
            said["MessageAttributes"].as_object().into_iter().flat_map(|map| map.keys()).collect();
        assert_eq!(attributes, given, "{names}");
    }
    let said = received(with_attributes(), r#"["All"]"#);
    assert_eq!(said["MessageAttributes"]["blob"], json!({"DataType": "Binary.gz", "BinaryValue": "AAH+/w=="}));
    assert_eq!(said["MessageAttributes"]["kind"], json!({"DataType": "String", "StringValue": "örder"}));
}

/// Values that the tests of other implementations expect.
#[test]
fn known_digests_come_out() {
    let text = |name: &str, data_type: &str, text: &str| Attribute {
        name: name.to_owned(),
        data_type: data_type.to_owned(),
        value: AttributeValue::Text(text.to_owned()),
    };
    let bytes = |name: &str, bytes: &[u8]| Attribute {
        name: name.to_owned(),
        data_type: "Binary".to_owned(),
        value: AttributeValue::Bytes(bytes.to_vec()),
    };
    let cases = [
        (vec![text("Hello", "String", "World")], "7db7fb1ba7f41366a8ea5eb18220b26d"),
        (vec![text("UserId", "Number.bigint", "1234567890123456789012")], "797ab158d73dcb5242dedc4412c8e855"),
        (
            // In another order than the digest's.
            vec![
                bytes("Dummy3Name", b"dummy 2 value"),
                text("Dummy2Name", "String", "dummy 2 value"),
                text("Dummy1Name", "String", "dummy 1 value"),
            ],
            "c5c0d2c6f195fcbc91083c5465d8955f",
        ),
    ];
    for (attributes, expected) in cases {
        let said = received(Message { attributes, ..message() }, r#"["All"]"#);
        assert_eq!(said["MD5OfMessageAttributes"], expected);
    }
}
