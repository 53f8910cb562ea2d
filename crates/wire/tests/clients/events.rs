//! Event patterns: requests as boto3 sends them, and what AWS was seen to ask of the event in them.

use super::{Sent, header, json, text};
use proptest::prelude::*;
use serde_json::json;
use wire::events::{Answer, Call, EventFault, PATTERN_LENGTH_MAX, check_event};
use wire::{Answer as Any, Refusal};

const EVENT: &str = r#"{"id": "1", "detail-type": "t", "source": "s", "account": "123456789012", "time": "2024-03-08T00:00:00Z", "region": "us-east-1"}"#;

fn sent(body: &str) -> Sent {
    Sent::json("AWSEvents.TestEventPattern", body)
}

/// The event with one field put in place of another, or left out.
fn with(name: &str, value: Option<serde_json::Value>) -> String {
    let mut event: serde_json::Value = serde_json::from_str(EVENT).unwrap();
    let fields = event.as_object_mut().unwrap();
    fields.remove(name);
    fields.extend(value.map(|value| (name.to_owned(), value)));
    event.to_string()
}

#[test]
fn a_request_is_understood() {
    let body = json!({"EventPattern": "{\"source\": [\"s\"]}", "Event": EVENT, "Unknown": 1}).to_string();
    let expected = Call::TestEventPattern { pattern: "{\"source\": [\"s\"]}".to_owned(), event: EVENT.to_owned() };
    assert_eq!(sent(&body).call(), wire::Call::Events(expected));
}

#[test]
fn the_answer_is_one_truth() {
    for matched in [true, false] {
        let response = sent("{}").answer(&Any::Events(Answer::Tested { matched }));
        assert_eq!((response.status, text(&response)), (200, &*format!("{{\"Result\":{matched}}}")));
        assert_eq!(header(&response, "content-type"), Some("application/x-amz-json-1.1"));
    }
}

#[test]
fn a_request_that_breaks_rules_is_refused_with_all_of_them() {
    let missing = |name: &str| format!("Value null at '{name}' failed to satisfy constraint: Member must not be null");
    let long = "é".repeat(PATTERN_LENGTH_MAX + 1);
    let too_long = format!(
        "Value '{long}' at 'eventPattern' failed to satisfy constraint: Member must have length less than or equal to \
         4096"
    );
    let cases = [
        ("".to_owned(), format!("2 validation errors detected: {}; {}", missing("eventPattern"), missing("event"))),
        ("{}".to_owned(), format!("2 validation errors detected: {}; {}", missing("eventPattern"), missing("event"))),
        (json!({"Event": "{}"}).to_string(), format!("1 validation error detected: {}", missing("eventPattern"))),
        (
            json!({"EventPattern": "{}", "Event": null}).to_string(),
            format!("1 validation error detected: {}", missing("event")),
        ),
        (json!({"EventPattern": long, "Event": "{}"}).to_string(), format!("1 validation error detected: {too_long}")),
        (
            json!({"EventPattern": long}).to_string(),
            format!("2 validation errors detected: {too_long}; {}", missing("event")),
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(sent(&body).error(), format!("ValidationException: {expected}"), "{body}");
    }
}

#[test]
fn lengths_are_counted_as_java_counts() {
    let wide = "\u{1F600}".repeat(PATTERN_LENGTH_MAX / 2);
    sent(&json!({"EventPattern": wide, "Event": ""}).to_string()).call();
    let wider = format!("{wide}x");
    let error = sent(&json!({"EventPattern": wider, "Event": ""}).to_string()).error();
    assert!(error.ends_with("Member must have length less than or equal to 4096"), "{error}");
}

#[test]
fn a_body_of_another_shape_is_refused() {
    let cases = [
        (r#"{"EventPattern": 5, "Event": "{}"}"#, "NUMBER_VALUE cannot be converted to String"),
        (r#"{"EventPattern": 0.5, "Event": "{}"}"#, "DECIMAL_VALUE cannot be converted to String"),
        (r#"{"EventPattern": true, "Event": "{}"}"#, "TRUE_VALUE cannot be converted to String"),
        (r#"{"EventPattern": "{}", "Event": {}}"#, "Start of structure or map found where not expected"),
        (r#"{"EventPattern": "{}", "Event": []}"#, "Unrecognized collection type class java.lang.String"),
        ("[]", "Unexpected token received from parser; the body must be a JSON object"),
        ("{", "The body is no JSON: EOF while parsing an object at line 1 column 1"),
    ];
    for (body, expected) in cases {
        assert_eq!(sent(body).error(), format!("SerializationException: {expected}"), "{body}");
    }
}

#[test]
fn errors_are_named_without_where_they_are_defined() {
    let missing = "{\"__type\":\"ValidationException\",\"message\":\"1 validation error detected: Value null at 'event' \
                   failed to satisfy constraint: Member must not be null\"}";
    let refused = sent(r#"{"EventPattern": "{}"}"#).refused();
    assert_eq!((refused.status, text(&refused)), (400, missing));
    let refused = sent(r#"{"EventPattern": 5}"#).refused();
    assert_eq!(
        json(&refused),
        json!({"__type": "SerializationException", "Message": "NUMBER_VALUE cannot be converted to String"})
    );
    let refused = Sent::json("AWSEvents.PutPartnerEvents", "{}").refused();
    assert_eq!(
        json(&refused),
        json!({
            "__type": "UnknownOperationException",
            "Message": "The operation \"PutPartnerEvents\" is not known, or not run by this engine.",
        })
    );
    let problem =
        "Event pattern is not valid. Reason: Filter is not an object\n at [Source: (String)\"[]\"; line: 1, column: 2]";
    let refused = sent("{}").refuse(&Refusal::EventPatternInvalid { problem });
    assert_eq!(refused.status, 400);
    assert_eq!(json(&refused), json!({"__type": "InvalidEventPatternException", "message": problem}));
    let refused = sent("{}").refuse(&Refusal::EventInvalid(&EventFault::TimeInvalid));
    assert_eq!(refused.status, 400);
    assert_eq!(
        json(&refused),
        json!({"__type": "ValidationException", "message": "Parameter Event is not valid. Reason: Invalid time."})
    );
    let refused = sent("{}").refuse(&Refusal::Internal);
    assert_eq!((refused.status, &json(&refused)["__type"]), (500, &json!("InternalException")));
}

#[test]
fn what_is_no_event_is_refused() {
    for event in ["", " ", "{", "{}", "[]", "1", "null", "plain text", "[\"plain text\"]", r#"{"detail": {"v": 1}}"#] {
        assert_eq!(check_event(event), Err(EventFault::NotAnEvent), "{event}");
    }
    for name in ["id", "detail-type", "source", "account", "time", "region"] {
        assert_eq!(check_event(&with(name, None)), Err(EventFault::NotAnEvent), "without {name}");
    }
    assert_eq!(check_event(&EVENT[..EVENT.len() - 1]), Err(EventFault::NotAnEvent));
    assert_eq!(EventFault::NotAnEvent.to_string(), "Parameter Event is not valid.");
}

/// AWS asks that the fields are there, and does not look at them.
#[test]
fn fields_may_have_any_type() {
    assert_eq!(check_event(EVENT), Ok(()));
    assert_eq!(check_event(&format!("{EVENT} and so on")), Ok(()));
    for name in ["id", "detail-type", "source", "account", "region", "version", "resources", "detail"] {
        for value in [json!(1), json!(null), json!("x"), json!({"a": []})] {
            assert_eq!(check_event(&with(name, Some(value.clone()))), Ok(()), "{name}: {value}");
        }
    }
}

#[test]
fn the_time_must_be_one() {
    let good = [
        "2026-09-13T00:00:00Z",
        "2016-01-10T01:29:23.5Z",
        "2020-02-29T23:59:59.123456789+05:30",
        "2024-03-08t00:00:00z",
    ];
    for time in good {
        assert_eq!(check_event(&with("time", Some(json!(time)))), Ok(()), "{time}");
    }
    let bad = [
        json!(1),
        json!(null),
        json!({"at": 1}),
        json!(""),
        json!("not-a-time"),
        json!("2024-03-08"),
        json!("2024-03-08T00:00:00"),
        json!("2024-03-08T00Z"),
        json!("2024-03-08T00:00Z"),
        json!("2024-03-08 00:00:00Z"),
        json!("2024-02-30T00:00:00Z"),
        json!("2024-03-08T24:01:00Z"),
        json!("2024-03-08T00:00:00Z[UTC]"),
        json!("2024-03-08T00:00:00Z trailing"),
    ];
    for time in bad {
        assert_eq!(check_event(&with("time", Some(time.clone()))), Err(EventFault::TimeInvalid), "{time}");
    }
    // What is missing is told first.
    assert_eq!(check_event(r#"{"time": 1}"#), Err(EventFault::NotAnEvent));
}

/// However deep an event is, it costs no stack.
#[test]
fn depth_is_no_matter() {
    let deep = |open: &str, close: &str| {
        let inner = format!("{}{}", open.repeat(100_000), close.repeat(100_000));
        EVENT.replacen('{', &format!("{{\"detail\": {inner}, "), 1)
    };
    assert_eq!(check_event(&deep("[", "]")), Ok(()));
    assert_eq!(check_event(&deep("[", "")), Err(EventFault::NotAnEvent));
    assert_eq!(
        check_event(&EVENT.replace("\"2024", &format!("{}\"2024", "[".repeat(100_000)))),
        Err(EventFault::NotAnEvent)
    );
}

proptest! {
    /// An event stays one whatever it has beside the fields that it must have.
    #[test]
    fn further_fields_do_no_harm(fields in prop::collection::btree_map("[a-h]{1,6}", "\\PC{0,8}", 0..6)) {
        let mut event: serde_json::Value = serde_json::from_str(EVENT).unwrap();
        event.as_object_mut().unwrap().extend(fields.into_iter().map(|(name, value)| (name, value.into())));
        prop_assert_eq!(check_event(&event.to_string()), Ok(()));
    }

    /// Any text is an event or is not.
    #[test]
    fn any_text_is_judged(text in "\\PC{0,60}", at in 0..EVENT.len(), with in any::<char>()) {
        prop_assert_eq!(check_event(&text), Err(EventFault::NotAnEvent));
        let mut event = EVENT.to_owned();
        event.insert(at, with);
        let _ = check_event(&event);
    }
}
