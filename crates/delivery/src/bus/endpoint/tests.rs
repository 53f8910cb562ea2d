//! What is asked of an endpoint, and what no event and no target can make of that; what answers mean.

use super::*;
use crate::bus::entry::Entry;
use crate::bus::failure::ErrorCode;
use crate::bus::{Event, EventId, HttpParameters, HttpSpec, Parameter, Target, TargetKind, TargetSpec};
use std::time::Duration;
use types::{Account, Timestamp};

const SECRET: &str = "not to be seen by anybody";

fn event(detail: &str) -> Event {
    let text = |text: &str| Some(text.to_owned());
    let entry = Entry { source: text("shop"), detail_type: text("Shipped"), detail: text(detail), ..Entry::default() };
    entry.accept(EventId::new("e1"), &Account::default(), Timestamp::EPOCH).unwrap()
}

fn connection(auth: AuthSpec) -> ConnectionSpec {
    let name = "c".parse().unwrap();
    ConnectionSpec { name, description: None, auth, headers: vec![], query: vec![], body: vec![], says_added: false }
}

fn with_key() -> ConnectionSpec {
    connection(AuthSpec::ApiKey { header: "X-Key".to_owned(), value: SecretSpec::Variable("KEY".to_owned()) })
}

fn destination(endpoint: &str, method: Method) -> DestinationSpec {
    DestinationSpec {
        name: "d".parse().unwrap(),
        description: None,
        connection: "arn:aws:events:us-east-1:000000000000:connection/c/1".to_owned(),
        endpoint: endpoint.to_owned(),
        method,
        per_second: None,
    }
}

fn parameters(path: &[&str], headers: &[(&str, &str)], query: &[(&str, &str)]) -> HttpParameters {
    let owned = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Parameter::parse(value).unwrap())).collect()
    };
    let path_values = path.iter().map(|value| Parameter::parse(value).unwrap()).collect();
    HttpParameters { path_values, headers: owned(headers), query: owned(query) }
}

fn made(
    endpoint: &str,
    method: Method,
    connection: ConnectionSpec,
    parameters: &HttpParameters,
    detail: &str,
) -> Result<Call, (ErrorCode, String)> {
    let secrets = |name: &str| (name == "KEY").then(|| SECRET.to_owned());
    let destination = Destination::parse(destination(endpoint, method)).unwrap();
    let connection = Connection::parse(connection).unwrap();
    let event = event(detail);
    let call = destination.call(
        &connection,
        parameters,
        &|one| one.of_event(&event),
        r#"{"order":"A-1"}"#,
        "id".to_owned(),
        &secrets,
    );
    call.map_err(|failure| (failure.code, failure.message))
}

fn header<'c>(call: &'c Call, name: &str) -> Vec<&'c str> {
    call.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| &**value).collect()
}

#[test]
fn a_call_holds_what_target_and_connection_say_and_the_connection_is_right() {
    let added = |key: &str, value: &str| Added {
        key: key.to_owned(),
        value: SecretSpec::Text(value.to_owned()),
        secret: false,
    };
    let connection = ConnectionSpec {
        headers: vec![added("x-team", "shop")],
        query: vec![added("v", "2")],
        body: vec![added("from", "us")],
        ..with_key()
    };
    let parameters = parameters(
        &["$.detail.id", "a b"],
        &[("X-Team", "others"), ("X-Order", "$.detail.id"), ("content-type", "application/x-order+json")],
        &[("v", "1"), ("tier", "$.detail.tier")],
    );
    let detail = r#"{"id":"A/1?x","tier":"gold&silver"}"#;
    let call = made("https://shop.example:8443/o/*/n/*?fixed=1", Method::Put, connection, &parameters, detail).unwrap();
    assert_eq!((call.method, call.tls, call.authority.as_str()), ("PUT", true, "shop.example:8443"));
    assert_eq!(call.path, "/o/A%2F1%3Fx/n/a%20b?fixed=1&tier=gold%26silver&v=2");
    assert_eq!(header(&call, "x-team"), ["shop"]);
    assert_eq!(header(&call, "x-order"), ["A/1?x"]);
    assert_eq!(header(&call, "content-type"), ["application/x-order+json"]);
    assert_eq!(header(&call, "x-key"), [SECRET]);
    assert_eq!(call.body, r#"{"from":"us","order":"A-1"}"#);
    assert_eq!(call.secret.as_deref(), Some(SECRET));
    let shown = format!("{call:?}");
    assert!(!shown.contains(SECRET) && !shown.contains("A-1"), "{shown}");
}

#[test]
fn what_is_not_said_is_as_aws_has_it() {
    let basic = AuthSpec::Basic { user: "Aladdin".to_owned(), password: SecretSpec::Text("open sesame".to_owned()) };
    let call = made("https://h.example", Method::Post, connection(basic), &HttpParameters::default(), "{}").unwrap();
    assert_eq!(call.path, "/");
    // The example of RFC 7617.
    assert_eq!(header(&call, "authorization"), ["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="]);
    assert_eq!(header(&call, "content-type"), ["application/json; charset=utf-8"]);
    assert_eq!(header(&call, "user-agent"), ["Amazon/EventBridge/ApiDestinations"]);
    assert_eq!(call.body, r#"{"order":"A-1"}"#);
    let get = made("https://h.example", Method::Get, with_key(), &HttpParameters::default(), "{}").unwrap();
    assert_eq!((get.method, get.body.as_str()), ("GET", ""));
}

/// What is in an event gets into no other header, no other path and no other host.
#[test]
fn an_event_cannot_say_more_than_its_value() {
    let path = parameters(&["$.detail.v"], &[], &[]);
    let headers = parameters(&[], &[("X", "$.detail.v")], &[]);
    let bad = ErrorCode::InvalidParameter;
    let cases = [
        ("https://h.example/a/*", &path, r#"{"v":".."}"#, Err(bad)),
        ("https://h.example/a/*", &path, r#"{"v":""}"#, Err(bad)),
        ("https://h.example/a/*", &path, r#"{"w":1}"#, Err(bad)),
        ("https://h.example/*/*", &path, r#"{"v":"x"}"#, Err(bad)),
        ("https://h.example/a/*", &path, r#"{"v":"../../admin?x#y"}"#, Ok("/a/..%2F..%2Fadmin%3Fx%23y")),
        ("https://h.example/a/*", &path, r#"{"v":"@evil.example/é"}"#, Ok("/a/%40evil.example%2F%C3%A9")),
        ("https://h.example/a", &headers, r#"{"v":"x\r\nHost: evil.example"}"#, Err(bad)),
        ("https://h.example/a", &headers, r#"{"v":"x\u0000"}"#, Err(bad)),
        ("https://h.example/a", &headers, r#"{"v":7}"#, Ok("/a")),
    ];
    for (endpoint, parameters, detail, expected) in cases {
        let call = made(endpoint, Method::Post, with_key(), parameters, detail);
        let told = call.as_ref().map(|call| call.path.as_str()).map_err(|(code, _)| *code);
        assert_eq!(told, expected, "{endpoint} {detail}");
        assert!(call.is_err() || call.unwrap().authority == "h.example");
    }
}

#[test]
fn a_secret_that_is_not_there_is_named_and_not_called_without() {
    let missing =
        connection(AuthSpec::ApiKey { header: "X".to_owned(), value: SecretSpec::Variable("NONE".to_owned()) });
    let (code, message) =
        made("https://h.example", Method::Post, missing, &HttpParameters::default(), "{}").unwrap_err();
    assert_eq!(code, ErrorCode::NoPermissions);
    assert!(message.contains("NONE"), "{message}");
    let shown = format!(
        "{:?}",
        connection(AuthSpec::ApiKey { header: "X".to_owned(), value: SecretSpec::Text(SECRET.to_owned()) })
    );
    assert!(!shown.contains(SECRET), "{shown}");
}

#[test]
fn endpoints_are_https_or_this_machine() {
    let sound = ["https://h.example", "https://h.example/a/*?b=c", "http://127.0.0.1:8080/x", "http://localhost/*"];
    for endpoint in sound {
        assert!(Destination::parse(destination(endpoint, Method::Post)).is_ok(), "{endpoint}");
    }
    let wrong = [
        "",
        "ftp://h.example",
        "http://h.example",
        "https://",
        "https://user:password@h.example",
        "https://*.example",
        "https://h.example:99999",
        "https://h.example/a/../b",
        "https://h.example/a b",
        "https://h.example/\r\nX: y",
        "https://h.example/#x",
    ];
    for endpoint in wrong {
        let refused = Destination::parse(destination(endpoint, Method::Post)).unwrap_err().to_string();
        assert!(refused.starts_with("Parameter InvocationEndpoint is not valid."), "{endpoint}: {refused}");
    }
    for (rate, sound) in [(0, false), (1, true), (300, true), (301, false)] {
        let spec = DestinationSpec { per_second: Some(rate), ..destination("https://h.example", Method::Post) };
        assert_eq!(Destination::parse(spec).is_ok(), sound, "{rate}");
    }
}

#[test]
fn headers_of_the_transport_and_of_the_signature_are_not_set_by_others() {
    for (name, sound) in [("X-Key", true), ("Host", false), ("webhook-signature", false), ("a b", false), ("", false)] {
        let auth = AuthSpec::ApiKey { header: name.to_owned(), value: SecretSpec::Text("x".to_owned()) };
        assert_eq!(Connection::parse(connection(auth)).is_ok(), sound, "{name}");
        let http = HttpSpec { headers: [(name.to_owned(), "v".to_owned())].into(), ..HttpSpec::default() };
        let arn = "arn:aws:events:us-east-1:000000000000:api-destination/d/1".to_owned();
        let target = Target::parse(TargetSpec { id: "t".to_owned(), arn, http, ..TargetSpec::default() });
        assert_eq!(target.is_ok_and(|target| matches!(target.kind, TargetKind::ApiDestination(_))), sound, "{name}");
    }
}

#[test]
fn answers_say_whether_to_try_again_and_when() {
    let status = |status, retry_after| Answer::Status { status, retry_after }.came();
    assert_eq!(status(204, Some(5)), Ok(()));
    let busy = status(429, Some(7)).unwrap_err();
    assert_eq!((busy.code, busy.wait), (ErrorCode::Throttling, Some(Duration::from_secs(7))));
    let never = status(503, Some(-1)).unwrap_err();
    assert!(!never.code.is_retried(), "{never:?}");
    let cases = [
        (Answer::Late, ErrorCode::Timeout, true),
        (Answer::Unreached("x".to_owned()), ErrorCode::ConnectionFailure, true),
        (Answer::Forbidden("x".to_owned()), ErrorCode::NoPermissions, false),
        (Answer::Status { status: 404, retry_after: None }, ErrorCode::SdkClientError, false),
        (Answer::Status { status: 302, retry_after: None }, ErrorCode::SdkClientError, false),
    ];
    for (answer, code, retried) in cases {
        let failure = answer.came().unwrap_err();
        assert_eq!((failure.code, failure.code.is_retried()), (code, retried));
    }
}
