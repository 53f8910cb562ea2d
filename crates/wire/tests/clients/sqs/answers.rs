//! Answers as they go out, in JSON and in XML. The recorded ones were read by boto3's own parsers (1.44.5 for JSON,
//! 1.30.1 for XML), which found the same in both.

use super::{AT, Answer, Any, Call, Message, call, form, queue, sent, wanted};
use crate::text;
use serde_json::Value as Json;
use types::QueueName;
use wire::Refusal;
use wire::sqs::{
    Attribute, AttributeValue, Failure, MoveState, MoveTask, NewMessage, Origin, Outcome, Receipt, Refused, Sent,
    WantedOfMessages,
};

/// Every answer that has something to say, with the operation that it answers.
fn tell(told: &mut dyn FnMut(&str, Answer<'_>)) {
    let (queue, other): (QueueName, QueueName) = (queue(), "Other.fifo".parse().unwrap());
    told("DeleteQueue", Answer::Done);
    told("CreateQueue", Answer::Url(&queue));
    let names = [queue.clone(), other.clone()];
    told("ListQueues", Answer::Listed { names: &names, more: true });
    told("ListDeadLetterSourceQueues", Answer::DeadLetterSources { names: &names, more: false });
    told("ListDeadLetterSourceQueues", Answer::DeadLetterSources { names: &[], more: false });
    let tags = [("a b".to_owned(), "1&2".to_owned()), ("ü".to_owned(), String::new())];
    told("ListQueueTags", Answer::Tags(&tags));
    told("ListQueueTags", Answer::Tags(&[]));
    let message = NewMessage {
        body: "1".to_owned(),
        delayed_for: None,
        attributes: Vec::new(),
        trace_header: Some("Root=1-5759e988-bd862e3fe1be46a994272793".to_owned()),
        trace_of_request: None,
        group: None,
        deduplication: None,
    };
    let origin = Origin { queue: 3, message: 7 };
    let sent_one = Sent { message: &message, origin, sequence: Some(3) };
    told("SendMessage", Answer::Sent(sent_one));
    let faulty = r#"{"QueueUrl": "URL", "Entries": [{"Id": "b", "MessageBody": "\u0001"}]}"#;
    let Call::SendMessageBatch { entries, .. } = call(&sent("SendMessageBatch", faulty)) else { panic!() };
    let error = entries[0].asked.as_ref().unwrap_err();
    let outcomes = [
        Outcome { id: "a", outcome: Ok(sent_one) },
        Outcome { id: "b", outcome: Err(Failure::Faulty(error)) },
        Outcome { id: "c", outcome: Err(Failure::Refused(Refusal::Throttled)) },
        Outcome { id: "d", outcome: Err(Failure::Refused(Refusal::DiskFull)) },
    ];
    told("SendMessageBatch", Answer::SentBatch(&outcomes));
    let outcomes = [
        Outcome { id: "a", outcome: Ok(()) },
        Outcome { id: "b", outcome: Err(Failure::Refused(Refusal::Queue(Refused::NotInFlight))) },
    ];
    told("ChangeMessageVisibilityBatch", Answer::Batch(&outcomes));
    told("DeleteMessageBatch", Answer::Batch(&outcomes[..1]));
    let attribute = |name: &str, data_type: &str, value| Attribute {
        name: name.to_owned(),
        data_type: data_type.to_owned(),
        value,
    };
    let messages = [
        Message {
            id: 9,
            origin,
            body: "hi <&> ✓\r\n",
            attributes: vec![
                attribute("blob", "Binary.gz", AttributeValue::Bytes(vec![0, 1, 254, 255])),
                attribute("kind", "String", AttributeValue::Text("örder".to_owned())),
            ],
            sent_at: AT,
            receives: 2,
            received_before: 0,
            first_received_at: AT,
            trace_header: Some("Root=1"),
            group: Some("g&1"),
            deduplication: Some("d1"),
            sequence: Some(3),
            dead_letter_source: Some(&queue),
        },
        Message { id: 10, origin: Origin { queue: 4, message: 10 }, ..super::message() },
    ];
    let all = wanted(r#""AttributeNames": ["All"], "MessageAttributeNames": ["All"]"#);
    told("ReceiveMessage", Answer::Received { queue: &other, messages: &messages, wanted: &all });
    let nothing = WantedOfMessages::default();
    told("ReceiveMessage", Answer::Received { queue: &other, messages: &messages[1..], wanted: &nothing });
    told("StartMessageMoveTask", Answer::MoveStarted { source: &queue, task: "t1" });
    let task = |id, state| MoveTask {
        id,
        state,
        destination: None,
        per_second: None,
        moved: 4,
        to_move: Some(5),
        started_at: AT,
    };
    let tasks = [
        MoveTask { destination: Some(&other), per_second: Some(500), ..task("t5", MoveState::Running) },
        task("t4", MoveState::Cancelling),
        MoveTask { to_move: None, ..task("t3", MoveState::Cancelled) },
        task("t2", MoveState::Completed),
        task("t1", MoveState::Failed { reason: "AWS.SimpleQueueService.NonExistentQueue" }),
    ];
    told("ListMessageMoveTasks", Answer::MovesListed { source: &queue, tasks: &tasks });
    told("CancelMessageMoveTask", Answer::MoveCancelled { moved: 4 });
}

#[test]
fn answers_are_as_they_were_recorded() {
    let recorded: Vec<Json> = serde_json::from_str(include_str!("answers.json")).unwrap();
    let mut recorded = recorded.into_iter();
    tell(&mut |operation, answer| {
        let expected = recorded.next().unwrap_or_default();
        let answer = Any::Sqs(answer);
        let json = sent(operation, "{}").answer(&answer);
        assert_eq!(json.status, 200);
        let body: Json = serde_json::from_str(text(&json)).unwrap();
        assert_eq!((operation, &body), (expected["operation"].as_str().unwrap_or(""), &expected["json"]));
        let xml = form(&format!("Action={operation}")).answer(&answer);
        assert_eq!(text(&xml), expected["xml"].as_str().unwrap_or(""), "{operation}");
    });
    assert_eq!(recorded.next(), None);
}

#[test]
fn a_received_message_is_deleted_by_the_handle_that_was_given() {
    let queue = queue();
    let wanted = WantedOfMessages::default();
    let messages = [super::message()];
    let answer = Any::Sqs(Answer::Received { queue: &queue, messages: &messages, wanted: &wanted });
    let said: Json = serde_json::from_str(text(&sent("ReceiveMessage", "{}").answer(&answer))).unwrap();
    let handle = said["Messages"][0]["ReceiptHandle"].as_str().unwrap();
    let receipt = Receipt { queue, message: 7, sent_at: AT, receives: 2 };
    let body = format!(r#"{{"QueueUrl": "URL", "ReceiptHandle": "{handle}"}}"#);
    assert_eq!(call(&sent("DeleteMessage", &body)), Call::DeleteMessage { receipt });
}
