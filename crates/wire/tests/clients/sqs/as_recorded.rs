//! What AWS was recorded to answer where nobody would think of it; each test says when.

use super::{Any, Call, Message, Sent, call, form, json, message, queue, sent, text, wanted};
use wire::Refusal;
use wire::sqs::{Answer, Failure, Outcome, Refused};

/// May 2024, both protocols: a queue is found by its name alone.
#[test]
fn a_queue_may_be_named_without_its_url() {
    let purge = Call::PurgeQueue { queue: queue() };
    assert_eq!(call(&sent("PurgeQueue", r#"{"QueueUrl": "PremiumOrdersDLQ"}"#)), purge);
    assert_eq!(call(&form("Action=PurgeQueue&QueueUrl=PremiumOrdersDLQ")), purge);
    assert_eq!(
        sent("PurgeQueue", r#"{"QueueUrl": "a b"}"#).error(),
        "QueueDoesNotExist: The specified queue does not exist."
    );
}

/// June 2025, both protocols.
#[test]
fn a_message_belongs_to_the_trace_of_its_request_unless_it_says_otherwise() {
    let own = r#""MessageSystemAttributes": {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=own"}}"#;
    let body = format!(r#"{{"QueueUrl": "URL", "MessageBody": "x", {own}}}"#);
    let form = form("Action=SendMessage&QueueUrl=URL&MessageBody=x");
    for (request, said) in [(sent("SendMessage", &body), Some("Root=own")), (form, None)] {
        let Call::SendMessage { message, .. } = call(&request.header("X-Amzn-Trace-Id", "Root=1")) else { panic!() };
        assert_eq!((message.trace_header.as_deref(), message.trace_of_request.as_deref()), (said, Some("Root=1")));
    }
    let batch = sent("SendMessageBatch", r#"{"QueueUrl": "URL", "Entries": [{"Id": "a", "MessageBody": "x"}]}"#);
    let Call::SendMessageBatch { entries, .. } = call(&batch.header("x-amzn-trace-id", "Root=1")) else { panic!() };
    assert_eq!(entries[0].asked.as_ref().unwrap().trace_of_request.as_deref(), Some("Root=1"));
}

/// April 2024, both protocols.
#[test]
fn an_asterisk_alone_asks_for_all_attributes() {
    let asked = wanted(r#""MessageAttributeNames": ["*"]"#);
    assert!(asked.sent.wants("General") && asked.sent.wants("Help.Me"));
    assert!(!wanted(r#""MessageAttributeNames": ["Hel*"]"#).sent.wants("Help.Me"));
}

/// June 2024: as JSON both names for what the system knows count, in a form the older one alone.
#[test]
fn two_names_for_the_same_list_count_both_or_the_older_one() {
    let Call::ReceiveMessage { wanted: asked, .. } =
        call(&form("Action=ReceiveMessage&QueueUrl=URL&MessageSystemAttributeName.1=All&AttributeName.1=SenderId"))
    else {
        panic!()
    };
    assert_eq!(asked, wanted(r#""AttributeNames": ["SenderId"]"#));
    let both = wanted(r#""MessageSystemAttributeNames": ["All"], "AttributeNames": ["SenderId"]"#);
    assert_eq!(both, wanted(r#""AttributeNames": ["All"]"#));
}

/// April 2024, both protocols: the words of a request of one message, under another code.
#[test]
fn a_batch_without_a_group_is_refused_whole_and_under_another_code() {
    let entries = r#"[{"Id": "a", "MessageBody": "x", "MessageGroupId": "g"}, {"Id": "b", "MessageBody": "x"}]"#;
    let url = "http://x/000000000000/Q.fifo";
    assert_eq!(
        sent("SendMessageBatch", &format!(r#"{{"QueueUrl": "{url}", "Entries": {entries}}}"#)).error(),
        "InvalidParameterValueException: The request must contain the parameter MessageGroupId."
    );
    assert_eq!(
        sent("SendMessage", &format!(r#"{{"QueueUrl": "{url}", "MessageBody": "x"}}"#)).error(),
        "MissingRequiredParameterException: The request must contain the parameter MessageGroupId."
    );
}

/// April 2024.
#[test]
fn an_entry_that_is_too_long_is_said_so_in_other_words_than_a_message() {
    let failure = Failure::Refused(Refusal::Queue(Refused::MessageTooLong { most: 1024 }));
    let outcomes = [Outcome { id: "b", outcome: Err(failure) }];
    let told = json(&sent("SendMessageBatch", "{}").answer(&Any::Sqs(Answer::SentBatch(&outcomes))));
    let expected = json!({"Failed": [{
        "Code": "InvalidParameterValue",
        "Id": "b",
        "Message": "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.",
        "SenderFault": true,
    }]});
    assert_eq!(told, expected);
}

/// April 2024: a message that was received once, and then once from the dead-letter queue.
#[test]
fn a_dead_letters_receives_go_on_from_where_they_were() {
    let queue = queue();
    let messages = [Message { receives: 1, received_before: 1, ..message() }];
    let wanted = wanted(r#""AttributeNames": ["ApproximateReceiveCount"]"#);
    let answer = Any::Sqs(Answer::Received { queue: &queue, messages: &messages, wanted: &wanted });
    let told = json(&sent("ReceiveMessage", "{}").answer(&answer));
    assert_eq!(told["Messages"][0]["Attributes"], json!({"ApproximateReceiveCount": "2"}));
}

/// Both of an unknown action and of what is not done at a queue's own address.
#[test]
fn a_form_with_an_action_that_is_not_done_there_is_told_so() {
    for (path, action) in [("/", "FooBar"), ("/000000000000/Q", "CreateQueue"), ("/000000000000/Q", "ListQueues")] {
        let request = Sent::form(path, &format!("Version=2012-11-05&Action={action}&QueueName=P"));
        let response = request.refused();
        let expected =
            format!("<Code>InvalidAction</Code><Message>The action {action} is not valid for this endpoint.</Message>");
        assert_eq!(response.status, 400);
        assert!(text(&response).contains(&expected), "{}", text(&response));
    }
    assert!(matches!(call(&Sent::form("/", "Version=2012-11-05&Action=ListQueues")), Call::ListQueues { .. }));
}
