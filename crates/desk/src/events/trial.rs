//! Decides what trying a pattern on an event does.

use crate::internal;
use pattern::{Dialect, Pattern};
use wire::events::{self, Answer, EventFault};
use wire::{Refusal, Reply, Response};

pub(super) async fn test_pattern(reply: &Reply<'_>, pattern: String, event: String) -> Result<Response, Response> {
    // An event may be as large as a body, and matching it never waits: it is done where it holds nobody up.
    match engine::aside(move || test(&pattern, &event)).await {
        Ok(Ok(matched)) => Ok(reply.answer(&wire::Answer::Events(Answer::Tested { matched }))),
        Ok(Err(Fault::Pattern(problem))) => {
            Err(reply.refuse(&Refusal::EventPatternInvalid { problem: &problem.to_string() }))
        }
        Ok(Err(Fault::Event(fault))) => Err(reply.refuse(&Refusal::EventInvalid(&fault))),
        Err(error) => Err(internal(reply, &error)),
    }
}

/// Why there is no saying whether a pattern matches an event.
enum Fault {
    Pattern(pattern::ParseError),
    Event(EventFault),
}

/// Whether the pattern matches the event. If neither is any good, the pattern's fault is told.
fn test(pattern: &str, event: &str) -> Result<bool, Fault> {
    let pattern = Pattern::parse(pattern, Dialect::Bus).map_err(Fault::Pattern)?;
    events::check_event(event).map_err(Fault::Event)?;
    let unmatchable = |error: pattern::EventError| EventFault::Unmatchable { problem: error.to_string() };
    pattern.matches_json(event.as_bytes()).map_err(|error| Fault::Event(unmatchable(error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};
    use types::Account;
    use wire::{Context, RequestHead};

    const EVENT: &str = r#"{"version": "0", "id": "1", "detail-type": "Placed", "source": "shop", "account": "123456789012", "time": "2024-03-08T00:00:00Z", "region": "us-east-1", "resources": [], "detail": {"total": 7, "tags": ["a", "b"], "v": 0, "v": 1}}"#;

    /// What a client hears that tries a pattern on an event: `true`, `false`, or an error's code and text.
    async fn tried(pattern: &str, event: &str) -> String {
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "AWSEvents.TestEventPattern")];
        let head = RequestHead { method: "POST", path: "/", query: "", headers: &headers };
        let body = json!({"EventPattern": pattern, "Event": event}).to_string().into_bytes();
        let context = Context { account: Account::default(), base_url: "http://127.0.0.1:4566".to_owned() };
        let reply = Reply::new(&head, &body, "id", &context);
        let Ok(wire::Call::Events(events::Call::TestEventPattern { pattern, event })) =
            wire::parse(&reply, &head, &body)
        else {
            panic!("{pattern} on {event}")
        };
        let answered = test_pattern(&reply, pattern.clone(), event.clone()).await;
        let response = answered.unwrap_or_else(|refused| refused);
        let said: Json = serde_json::from_slice(&response.body).unwrap();
        match (response.status, &said["Result"]) {
            (200, Json::Bool(matched)) => matched.to_string(),
            (400, Json::Null) => format!("{}: {}", said["__type"].as_str().unwrap(), said["message"].as_str().unwrap()),
            other => panic!("{other:?} for {pattern} on {event}"),
        }
    }

    #[tokio::test]
    async fn patterns_are_tried_on_events() {
        let cases = [
            (r#"{"source": ["shop"]}"#, "true"),
            (r#"{"source": ["shop"], "detail-type": ["Shipped"]}"#, "false"),
            (r#"{"detail": {"total": [{"numeric": [">", 5]}]}}"#, "true"),
            (r#"{"detail": {"total": ["7"]}}"#, "false"),
            (r#"{"detail": {"tags": [{"anything-but": {"prefix": "a"}}]}}"#, "true"),
            (r#"{"detail": {"v": [0]}}"#, "true"),
            (r#"{"detail": {"v": [1]}}"#, "true"),
        ];
        for (pattern, expected) in cases {
            assert_eq!(tried(pattern, EVENT).await, expected, "{pattern}");
        }
    }

    /// Each of these was recorded from AWS, but for the last two: which fault AWS tells of first was not.
    #[tokio::test]
    async fn refusals_have_awss_texts() {
        let any = r#"{"source": ["shop"]}"#;
        let (event, time) = (
            "ValidationException: Parameter Event is not valid.",
            "ValidationException: Parameter Event is not valid. Reason: Invalid time.",
        );
        let pattern =
            |reason: &str| format!("InvalidEventPatternException: Event pattern is not valid. Reason: {reason}");
        let without_id = EVENT.replace(r#""id": "1", "#, "");
        let not_a_time = EVENT.replace("2024-03-08T00:00:00Z", "not-a-time");
        let cases = [
            (
                r#"{"int": 42}"#,
                EVENT,
                pattern(
                    "\"int\" must be an object or an array\n at [Source: (String)\"{\"int\": 42}\"; line: 1, column: 11]",
                ),
            ),
            (
                r#"["not", "a", "dict", "but valid json"]"#,
                EVENT,
                pattern(
                    "Filter is not an object\n at [Source: (String)\"[\"not\", \"a\", \"dict\", \"but valid json\"]\"; line: 1, column: 2]",
                ),
            ),
            (
                "this is valid json but not a dict",
                EVENT,
                pattern(
                    "Unrecognized token 'this': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at [Source: (String)\"this is valid json but not a dict\"; line: 1, column: 5]",
                ),
            ),
            (r#"{"detail":{"v":[{"cidr":"10.0.0.1/32"}]}}"#, EVENT, pattern("IPv4 mask bits must be < 32")),
            (any, "plain text", event.to_owned()),
            (any, "[]", event.to_owned()),
            (any, "{", event.to_owned()),
            (any, &without_id, event.to_owned()),
            (any, &not_a_time, time.to_owned()),
            (r#"{"detail":{"v":[{"cidr":"10.0.0.1/32"}]}}"#, "[]", pattern("IPv4 mask bits must be < 32")),
            (r#"{"detail":{"v":[{"cidr":"10.0.0.1/32"}]}}"#, &not_a_time, pattern("IPv4 mask bits must be < 32")),
        ];
        for (pattern, event, expected) in cases {
            assert_eq!(tried(pattern, event).await, expected, "{pattern} on {event}");
        }
    }

    /// An event that nests deeper than it can be matched is refused with the reason; it costs no stack either way.
    #[tokio::test]
    async fn an_event_of_any_depth_is_answered() {
        for depth in [100, 100_000] {
            let deep = format!("\"resources\": {}{}", "[".repeat(depth), "]".repeat(depth));
            let said = tried(r#"{"source": ["shop"]}"#, &EVENT.replace("\"resources\": []", &deep)).await;
            let refused = said.starts_with("ValidationException: Parameter Event is not valid. Reason: ");
            assert!(said == "true" || (refused && depth > 100), "{said} at {depth}");
        }
    }
}
