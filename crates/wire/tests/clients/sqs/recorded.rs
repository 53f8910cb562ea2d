//! Requests as boto3 sends them, in JSON (1.44.5) and as forms (1.30.1), recorded pair by pair.

use super::{AT, Call, call};
use crate::Sent;
use serde_json::Value as Json;
use std::time::Duration;
use types::QueueName;
use wire::sqs::{Attribute, AttributeValue, Change, DeadLetters, RedriveAllowed, Settings};

fn recorded() -> Vec<(String, Sent, Sent)> {
    let pairs: Vec<Json> = serde_json::from_str(include_str!("recorded.json")).unwrap();
    let text = |pair: &Json, name: &str| pair[name].as_str().unwrap().to_owned();
    pairs
        .iter()
        .map(|pair| {
            let operation = text(pair, "operation");
            let json = Sent::json(&format!("AmazonSQS.{operation}"), &text(pair, "json"));
            (operation, json, Sent::form("/", &text(pair, "form")))
        })
        .collect()
}

#[test]
fn both_protocols_are_understood_as_the_same_call() {
    let pairs = recorded();
    for (operation, json, form) in &pairs {
        assert_eq!(call(json), call(form), "{operation}");
    }
    let operations: std::collections::BTreeSet<&str> = pairs.iter().map(|(operation, ..)| operation.as_str()).collect();
    assert_eq!(operations.len(), 23, "every operation that queues have is recorded");
}

fn calls(operation: &str) -> Vec<Call> {
    let pairs = recorded();
    pairs.iter().filter(|(known, ..)| known == operation).map(|(_, json, _)| call(json)).collect()
}

fn name(text: &str) -> QueueName {
    text.parse().unwrap()
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_queue_is_made_as_it_was_asked_for() {
    let calls = calls("CreateQueue");
    assert_eq!(calls[0], Call::CreateQueue { queue: name("Orders"), settings: Box::default(), tags: Vec::new() });
    let settings = Settings {
        visible_after: Some(secs(60)),
        deduplicates_by_content: Some(true),
        deduplicates_in_groups: Some(true),
        limited_by_group: Some(true),
        ..Settings::default()
    };
    let tags = vec![("stage".to_owned(), "tést".to_owned()), ("team".to_owned(), "orders".to_owned())];
    assert_eq!(calls[1], Call::CreateQueue { queue: name("Orders.fifo"), settings: Box::new(settings), tags });
    let arn = |name: &str| format!("arn:aws:sqs:us-east-1:000000000000:{name}").parse().unwrap();
    let settings = Settings {
        visible_after: Some(Duration::ZERO),
        delayed_for: Some(secs(5)),
        retained_for: Some(secs(1_209_600)),
        wait_for: Some(secs(20)),
        message_size_max: Some(2048),
        dead_letters: Change::Set(DeadLetters { queue: name("Dead"), receives_max: 5 }),
        redrive_allowed: Change::Set(RedriveAllowed::From(vec![arn("a"), arn("b")])),
        encrypted: Some(true),
        ..Settings::default()
    };
    assert_eq!(calls[2], Call::CreateQueue { queue: name("Orders"), settings: Box::new(settings), tags: Vec::new() });
}

#[test]
fn a_message_is_sent_with_all_that_its_sender_says() {
    let calls = calls("SendMessage");
    let Call::SendMessage { queue, message } = &calls[0] else { panic!("{calls:?}") };
    assert_eq!(*queue, name("Orders"));
    assert_eq!(message.body, "hi <&> ✓\n");
    assert_eq!(message.delayed_for, Some(secs(900)));
    assert_eq!(message.group.as_deref(), Some("fair"));
    assert_eq!(message.deduplication, None);
    assert_eq!(message.trace_header.as_deref(), Some("Root=1-5759e988-bd862e3fe1be46a994272793"));
    let attribute = |name: &str, data_type: &str, value| Attribute {
        name: name.to_owned(),
        data_type: data_type.to_owned(),
        value,
    };
    let expected = [
        attribute("blob", "Binary.gz", AttributeValue::Bytes(vec![0, 1, 254, 255])),
        attribute("kind", "String", AttributeValue::Text("örder".to_owned())),
        attribute("price", "Number.eur", AttributeValue::Text("-1.5e3".to_owned())),
    ];
    assert_eq!(message.attributes, expected);
    // 11 bytes of body; 4+9+4, 4+6+6 and 5+10+6 of attributes.
    assert_eq!(message.size(), 11 + 17 + 16 + 21);
    let Call::SendMessage { message, .. } = &calls[1] else { panic!("{calls:?}") };
    assert_eq!((message.group.as_deref(), message.deduplication.as_deref()), (Some("g1"), Some("d1")));
}

#[test]
fn entries_of_a_batch_are_faulty_each_for_itself() {
    let calls = calls("SendMessageBatch");
    let Call::SendMessageBatch { entries, .. } = &calls[0] else { panic!("{calls:?}") };
    let ids: Vec<(&str, bool)> = entries.iter().map(|entry| (entry.id.as_str(), entry.asked.is_ok())).collect();
    assert_eq!(ids, [("one", true), ("two", true), ("bad", false)]);
    let error = entries[2].asked.as_ref().unwrap_err().to_string();
    assert!(error.starts_with("InvalidMessageContents: Invalid characters found."), "{error}");
    let Call::SendMessageBatch { entries, .. } = &calls[1] else { panic!("{calls:?}") };
    let bodies: Vec<&str> = entries.iter().map(|entry| entry.asked.as_ref().unwrap().body.as_str()).collect();
    // The tenth entry of a form stands after the ninth, and not after the first.
    assert_eq!(bodies, ["m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9"]);
}

#[test]
fn handles_made_elsewhere_by_the_same_rule_are_read() {
    let receipt = wire::sqs::Receipt { queue: name("Orders"), message: 7, sent_at: AT, receives: 2 };
    assert_eq!(calls("DeleteMessage"), [Call::DeleteMessage { receipt: receipt.clone() }]);
    let hidden = Call::ChangeMessageVisibility { receipt: receipt.clone(), visible_after: Duration::ZERO };
    assert_eq!(calls("ChangeMessageVisibility"), [hidden]);
    let Some(Call::ChangeMessageVisibilityBatch { entries, .. }) = calls("ChangeMessageVisibilityBatch").pop() else {
        panic!()
    };
    assert_eq!(entries[0].asked, Ok((receipt, secs(43_200))));
    assert_eq!(
        entries[1].asked.as_ref().unwrap_err().message,
        "Value 43201 for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer between \
         0 and 43200."
    );
}

#[test]
fn moves_are_read() {
    let (source, task) = (name("Dead"), "t1".to_owned());
    assert_eq!(
        calls("StartMessageMoveTask"),
        [
            Call::StartMessageMoveTask {
                source: source.clone(),
                destination: Some(name("Orders")),
                per_second: Some(500)
            },
            Call::StartMessageMoveTask { source: source.clone(), destination: None, per_second: None },
        ]
    );
    assert_eq!(calls("ListMessageMoveTasks"), [Call::ListMessageMoveTasks { source: source.clone(), limit: 10 }]);
    assert_eq!(calls("CancelMessageMoveTask"), [Call::CancelMessageMoveTask { source, task }]);
}
