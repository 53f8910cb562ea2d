//! What functions printed.

use super::{AT, Sent, json, text};
use serde_json::json;
use types::{LogGroupName, Timestamp};
use wire::logs::{Answer, Call, Event, Group, NameFilter, ReadFrom, Span, Stream, StreamFilter, StreamOrder};
use wire::{Answer as Any, Refusal};

const ARN: &str = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/F";

fn sent(operation: &str, body: &str) -> Sent {
    Sent::json(&format!("Logs_20140328.{operation}"), body)
}

fn call(operation: &str, body: &str) -> Call {
    match sent(operation, body).call() {
        wire::Call::Logs(call) => call,
        other => panic!("{other:?}"),
    }
}

fn group() -> LogGroupName {
    "/aws/lambda/F".parse().unwrap()
}

fn say(answer: Answer<'_>) -> serde_json::Value {
    json(&sent("FilterLogEvents", "{}").answer(&Any::Logs(answer)))
}

#[test]
fn requests_are_understood() {
    let always = Span { start: None, end: None };
    let read = |from, limit| Call::GetLogEvents { group: group(), stream: "s".to_owned(), span: always, from, limit };
    let find = |streams, span, pattern: &str, token: Option<&str>, limit| Call::FilterLogEvents {
        group: group(),
        streams,
        span,
        pattern: pattern.to_owned(),
        token: token.map(str::to_owned),
        limit,
    };
    let streams = |order, descending, names| Call::DescribeLogStreams {
        group: group(),
        names,
        order,
        descending,
        after: None,
        limit: 50,
    };
    let cases = [
        ("DescribeLogGroups", "{}".to_owned(), Call::DescribeLogGroups { names: NameFilter::All, after: None, limit: 50 }),
        (
            "DescribeLogGroups",
            r#"{"logGroupNamePrefix": "/aws", "limit": 1, "nextToken": "L2F3cw"}"#.to_owned(),
            Call::DescribeLogGroups {
                names: NameFilter::Prefix("/aws".to_owned()), after: Some("/aws".to_owned()), limit: 1,
            },
        ),
        (
            "DescribeLogGroups",
            r#"{"logGroupNamePattern": "lambda"}"#.to_owned(),
            Call::DescribeLogGroups { names: NameFilter::Contains("lambda".to_owned()), after: None, limit: 50 },
        ),
        (
            "DescribeLogStreams",
            r#"{"logGroupName": "/aws/lambda/F", "logStreamNamePrefix": "2024"}"#.to_owned(),
            streams(StreamOrder::Name, false, NameFilter::Prefix("2024".to_owned())),
        ),
        (
            "DescribeLogStreams",
            format!(r#"{{"logGroupIdentifier": "{ARN}", "orderBy": "LastEventTime", "descending": true}}"#),
            streams(StreamOrder::LastEvent, true, NameFilter::All),
        ),
        ("GetLogEvents", r#"{"logGroupName": "/aws/lambda/F", "logStreamName": "s"}"#.to_owned(), read(ReadFrom::Tail, 10_000)),
        ("GetLogEvents", format!(r#"{{"logGroupIdentifier": "{ARN}:*", "logStreamName": "s", "startFromHead": true, "limit": 5}}"#), read(ReadFrom::Head, 5)),
        ("GetLogEvents", r#"{"logGroupName": "/aws/lambda/F", "logStreamName": "s", "nextToken": "f/9/x"}"#.to_owned(), read(ReadFrom::After("9/x".to_owned()), 10_000)),
        ("GetLogEvents", r#"{"logGroupName": "/aws/lambda/F", "logStreamName": "s", "nextToken": "b/1"}"#.to_owned(), read(ReadFrom::Before("1".to_owned()), 10_000)),
        // What `aws logs tail` sends.
        (
            "FilterLogEvents",
            r#"{"logGroupName": "/aws/lambda/F", "interleaved": true, "startTime": 1709856000498, "filterPattern": "Premium"}"#.to_owned(),
            find(StreamFilter::All, Span { start: Some(AT), end: None }, "Premium", None, 10_000),
        ),
        (
            "FilterLogEvents",
            r#"{"logGroupName": "/aws/lambda/F", "logStreamNames": ["s"], "endTime": 7, "limit": 3, "nextToken": "t", "unmask": true}"#.to_owned(),
            find(StreamFilter::Names(vec!["s".to_owned()]), Span { start: None, end: Some(Timestamp::from_millis(7)) }, "", Some("t"), 3),
        ),
        (
            "FilterLogEvents",
            r#"{"logGroupName": "/aws/lambda/F", "logStreamNamePrefix": "2024"}"#.to_owned(),
            find(StreamFilter::Prefix("2024".to_owned()), always, "", None, 10_000),
        ),
    ];
    for (operation, body, expected) in cases {
        assert_eq!(call(operation, &body), expected, "{operation} {body}");
    }
}

#[test]
fn faulty_requests_are_refused_in_awss_words() {
    const ONE: &str = "InvalidParameterException: 1 validation error detected: Value";
    const RULE: &str = "failed to satisfy constraint: Member must";
    let not_handled = |member: &str| {
        format!("InvalidParameterException: {member} is not handled by this engine yet; send the request without it")
    };
    let cases = [
        ("DescribeLogGroups", r#"{"limit": 51}"#, format!("{ONE} '51' at 'limit' {RULE} have value less than or equal to 50")),
        ("FilterLogEvents", r#"{"logGroupName": "g", "limit": 10001}"#, format!("{ONE} '10001' at 'limit' {RULE} have value less than or equal to 10000")),
        ("FilterLogEvents", "{}", format!("{ONE} null at 'logGroupName' {RULE} not be null")),
        ("FilterLogEvents", r#"{"logGroupName": "a b"}"#, format!(r"{ONE} 'a b' at 'logGroupName' {RULE} satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+")),
        ("GetLogEvents", r#"{"logGroupName": "g"}"#, format!("{ONE} null at 'logStreamName' {RULE} not be null")),
        ("GetLogEvents", r#"{"logGroupName": "g", "logStreamName": "s", "nextToken": "x"}"#, "InvalidParameterException: The specified nextToken is invalid.".to_owned()),
        ("DescribeLogGroups", r#"{"nextToken": "!"}"#, "InvalidParameterException: The specified nextToken is invalid.".to_owned()),
        ("FilterLogEvents", r#"{"logGroupName": "g", "startTime": -1}"#, format!("{ONE} '-1' at 'startTime' {RULE} have value greater than or equal to 0")),
        (
            "DescribeLogGroups",
            r#"{"logGroupNamePrefix": "a", "logGroupNamePattern": "b"}"#,
            "InvalidParameterException: LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.".to_owned(),
        ),
        (
            "DescribeLogStreams",
            r#"{"logGroupName": "g", "logStreamNamePrefix": "a", "orderBy": "LastEventTime"}"#,
            "InvalidParameterException: Cannot order by LastEventTime with a logStreamNamePrefix.".to_owned(),
        ),
        (
            "FilterLogEvents",
            r#"{"logGroupIdentifier": "arn:aws:logs:us-east-1:111111111111:log-group:g"}"#,
            "ResourceNotFoundException: The specified log group does not exist.".to_owned(),
        ),
        ("DescribeLogGroups", r#"{"logGroupClass": "STANDARD"}"#, not_handled("logGroupClass")),
        ("DescribeLogGroups", r#"{"includeLinkedAccounts": true}"#, not_handled("includeLinkedAccounts")),
        ("FilterLogEvents", r#"{"logGroupName": "g", "startFromHead": false}"#, not_handled("startFromHead false")),
        ("FilterLogEvents", r#"{"logGroupName": "g", "startTime": "now"}"#, "SerializationException: STRING_VALUE cannot be converted to Integer".to_owned()),
    ];
    for (operation, body, expected) in cases {
        assert_eq!(sent(operation, body).error(), expected, "{operation} {body}");
    }
    let response = sent("FilterLogEvents", "{}").refuse(&Refusal::NoSuchLogGroup);
    assert_eq!(
        (response.status, text(&response)),
        (400, r#"{"__type":"ResourceNotFoundException","message":"The specified log group does not exist."}"#)
    );
}

#[test]
fn groups_and_streams_are_listed_page_by_page() {
    let group = group();
    let described = Group { name: &group, created_at: AT, retention_days: Some(14), bytes: 10, filters: 2 };
    let spelt = say(Answer::Groups { groups: &[described], more: true, by_part: false });
    assert_eq!(
        spelt["logGroups"][0],
        json!({
            "logGroupName": "/aws/lambda/F", "creationTime": 1_709_856_000_498_u64, "retentionInDays": 14,
            "metricFilterCount": 2, "arn": format!("{ARN}:*"), "logGroupArn": ARN, "storedBytes": 10,
            "logGroupClass": "STANDARD", "deletionProtectionEnabled": false,
        })
    );
    let next = call("DescribeLogGroups", &json!({"nextToken": spelt["nextToken"]}).to_string());
    assert_eq!(
        next,
        Call::DescribeLogGroups { names: NameFilter::All, after: Some("/aws/lambda/F".to_owned()), limit: 50 }
    );
    let endless = Group { retention_days: None, ..described };
    let spelt = say(Answer::Groups { groups: &[endless], more: false, by_part: false });
    assert!(spelt["logGroups"][0].get("retentionInDays").is_none() && spelt.get("nextToken").is_none());

    let stream = Stream {
        name: "2024/03/08/[$LATEST]0123",
        created_at: AT,
        first_event_at: Some(AT),
        last_event_at: None,
        ingested_at: None,
    };
    let spelt = say(Answer::Streams { group: &group, streams: &[stream], more: false });
    assert_eq!(
        spelt,
        json!({"logStreams": [{
            "logStreamName": "2024/03/08/[$LATEST]0123", "creationTime": 1_709_856_000_498_u64,
            "arn": format!("{ARN}:log-stream:2024/03/08/[$LATEST]0123"), "storedBytes": 0,
            "firstEventTimestamp": 1_709_856_000_498_u64,
        }]})
    );
}

#[test]
fn events_carry_what_tailing_needs() {
    let event = Event { stream: "s", at: AT, ingested_at: AT, message: "🚀", id: 42 };
    let found = say(Answer::Filtered { events: &[event], next: Some("t") });
    assert_eq!(
        found,
        json!({
            "events": [{
                "logStreamName": "s", "timestamp": 1_709_856_000_498_u64, "message": "🚀",
                "ingestionTime": 1_709_856_000_498_u64,
                "eventId": "00000000000000000000000000000000000000000000000000000042",
            }],
            "searchedLogStreams": [],
            "nextToken": "t",
        })
    );
    assert!(say(Answer::Filtered { events: &[], next: None }).get("nextToken").is_none());
    let read = say(Answer::Events { events: &[event], forward: "9", backward: "1" });
    assert_eq!(
        read,
        json!({
            "events": [{"timestamp": 1_709_856_000_498_u64, "message": "🚀", "ingestionTime": 1_709_856_000_498_u64}],
            "nextForwardToken": "f/9",
            "nextBackwardToken": "b/1",
        })
    );
}

/// What AWS was recorded to answer to requests that cannot be.
#[test]
fn what_was_recorded_of_refusals_is_said() {
    let long = "X".repeat(513);
    let rule = |value: &str, at: &str, most: usize| {
        format!(
            "InvalidParameterException: 1 validation error detected: Value '{value}' at '{at}' failed to satisfy \
             constraint: Member must have length less than or equal to {most}"
        )
    };
    let transformation = |number: u8| json!({"metricName": format!("metric{number}"), "metricNamespace": format!("namespace{number}"), "metricValue": "1"});
    let put = |name: &str, pattern: &str, transformations: serde_json::Value| json!({"logGroupName": "g", "filterName": name, "filterPattern": pattern, "metricTransformations": transformations});
    let both = "[MetricTransformation(metricName=metric1, metricNamespace=namespace1, metricValue=1, defaultValue=null, \
                unit=null, dimensions=null), MetricTransformation(metricName=metric2, metricNamespace=namespace2, \
                metricValue=1, defaultValue=null, unit=null, dimensions=null)]";
    let too_long =
        "InvalidParameterException: Invalid LogGroup or LogStream, both must have length less than or equal to 512.";
    let events = |times: &[i64]| {
        let events: Vec<_> = times.iter().map(|at| json!({"timestamp": at, "message": "m"})).collect();
        json!({"logGroupName": "g", "logStreamName": "s", "logEvents": events})
    };
    let cases = [
        ("PutMetricFilter", put(&long, "p", json!([transformation(1)])), rule(&long, "filterName", 512)),
        (
            "PutMetricFilter",
            put("f", &"X".repeat(1025), json!([transformation(1)])),
            rule(&"X".repeat(1025), "filterPattern", 1024),
        ),
        (
            "PutMetricFilter",
            put("f", "p", json!([transformation(1), transformation(2)])),
            rule(both, "metricTransformations", 1),
        ),
        ("DeleteMetricFilter", json!({"logGroupName": "g", "filterName": long}), rule(&long, "filterName", 512)),
        ("DeleteMetricFilter", json!({"logGroupName": long, "filterName": "f"}), too_long.to_owned()),
        ("DescribeMetricFilters", json!({"filterNamePrefix": long}), rule(&long, "filterNamePrefix", 512)),
        (
            "DescribeMetricFilters",
            json!({"metricName": "X".repeat(256), "metricNamespace": "valid"}),
            rule(&"X".repeat(256), "metricName", 255),
        ),
        ("CreateLogGroup", json!({"logGroupName": long}), too_long.to_owned()),
        (
            "DescribeLogStreams",
            json!({"logGroupName": "g", "logGroupIdentifier": "g"}),
            "ValidationException: LogGroup name and LogGroup ARN are mutually exclusive parameters.".to_owned(),
        ),
        (
            "PutLogEvents",
            events(&[1_709_856_000_000, 1_709_855_999_999]),
            "InvalidParameterException: Log events in a single PutLogEvents request must be in chronological order.".to_owned(),
        ),
        // As documented, and not recorded.
        (
            "PutLogEvents",
            events(&[0, 24 * 3_600_000 + 1]),
            "InvalidParameterException: The batch of log events in a single PutLogEvents request cannot span more than 24 hours.".to_owned(),
        ),
    ];
    for (operation, body, expected) in cases {
        assert_eq!(sent(operation, &body.to_string()).error(), expected, "{operation}");
    }
    for namespace in ["AWS/SQS", ":Shop"] {
        let mut one = transformation(1);
        one["metricNamespace"] = namespace.into();
        assert_eq!(
            sent("PutMetricFilter", &put("f", "p", json!([one])).to_string()).error(),
            format!(
                "InvalidParameterException: 1 validation error detected: Value '{namespace}' at \
                 'metricTransformations.1.member.metricNamespace' failed to satisfy constraint: Member must satisfy \
                 regular expression pattern: (?!AWS/|:).*"
            )
        );
    }
    for (refusal, what) in [(Refusal::LogGroupExists, "group"), (Refusal::LogStreamExists, "stream")] {
        let expected = json!({
            "__type": "ResourceAlreadyExistsException", "message": format!("The specified log {what} already exists"),
        });
        assert_eq!(json(&sent("CreateLogGroup", "{}").refuse(&refusal)), expected);
    }
}

/// Groups that are looked for by a part of their names were recorded without their size.
#[test]
fn what_was_recorded_of_answers_is_said() {
    let group = group();
    let described = Group { name: &group, created_at: AT, retention_days: None, bytes: 10, filters: 0 };
    assert_eq!(
        say(Answer::Groups { groups: &[described], more: false, by_part: true }),
        json!({"logGroups": [{
            "logGroupName": "/aws/lambda/F", "creationTime": 1_709_856_000_498_u64, "metricFilterCount": 0,
            "arn": format!("{ARN}:*"), "logGroupArn": ARN, "logGroupClass": "STANDARD",
        }]})
    );
    let put = |too_old, too_new| say(Answer::Put { token: 7, too_old, expired: 0, too_new });
    let token = format!("{:056}", 7);
    assert_eq!(put(0, None), json!({"nextSequenceToken": token}));
    assert_eq!(put(1, None)["rejectedLogEventsInfo"], json!({"tooOldLogEventEndIndex": 1}));
    assert_eq!(put(0, Some(0))["rejectedLogEventsInfo"], json!({"tooNewLogEventStartIndex": 0}));
    let tags = [("env".to_owned(), "testing".to_owned())].into();
    assert_eq!(say(Answer::Tags(&tags)), json!({"tags": {"env": "testing"}}));
}
