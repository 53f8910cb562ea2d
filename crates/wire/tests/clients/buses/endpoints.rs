//! Connections and API destinations: what their requests are understood as, what is refused, and that secrets stay within.

use super::{call, error, header, json, sent};
use delivery::bus::endpoint::{Added, AuthSpec, ConnectionSpec, DestinationSpec, Method, SecretSpec};
use serde_json::{Value as Json, json};
use types::Arn;
use wire::events::{Answer, Call, ConnectionDescription, DestinationDescription};

const SECRET: &str = "not to be seen by anybody";
const CONNECTION: &str = "arn:aws:events:us-east-1:000000000000:connection/c/1";

fn secret() -> SecretSpec {
    SecretSpec::Text(SECRET.to_owned())
}

fn connection(auth: AuthSpec) -> ConnectionSpec {
    let name = "c".parse().unwrap();
    ConnectionSpec { name, description: None, auth, headers: vec![], query: vec![], body: vec![], says_added: false }
}

fn with_key() -> ConnectionSpec {
    connection(AuthSpec::ApiKey { header: "X-Key".to_owned(), value: secret() })
}

fn with_password() -> ConnectionSpec {
    connection(AuthSpec::Basic { user: "u".to_owned(), password: secret() })
}

fn key() -> Json {
    json!({"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": SECRET}})
}

fn password() -> Json {
    json!({"BasicAuthParameters": {"Username": "u", "Password": SECRET}})
}

fn said(answer: Answer<'_>) -> Json {
    let response = sent("ListRules", &json!({})).answer(&wire::Answer::Events(answer));
    assert_eq!((response.status, header(&response, "content-type")), (200, Some("application/x-amz-json-1.1")));
    json(&response)
}

#[test]
fn connections_and_destinations_are_read() {
    let mut parameters = key();
    parameters["InvocationHttpParameters"] = json!({
        "HeaderParameters": [{"Key": "X-Team", "Value": "shop"}],
        "BodyParameters": [{"Key": "token", "Value": SECRET, "IsValueSecret": true}],
    });
    let added = |key: &str, value: SecretSpec, secret| Added { key: key.to_owned(), value, secret };
    let whole = ConnectionSpec {
        description: Some("d".to_owned()),
        headers: vec![added("X-Team", SecretSpec::Text("shop".to_owned()), false)],
        body: vec![added("token", secret(), true)],
        says_added: true,
        ..with_key()
    };
    let asked = json!({"Name": "c", "Description": "d", "AuthorizationType": "API_KEY", "AuthParameters": parameters});
    assert_eq!(call("CreateConnection", &asked), Call::CreateConnection { connection: Box::new(whole) });
    let asked = json!({"Name": "c", "AuthorizationType": "BASIC", "AuthParameters": password()});
    assert_eq!(call("CreateConnection", &asked), Call::CreateConnection { connection: Box::new(with_password()) });
    let asked = json!({
        "Name": "d", "ConnectionArn": CONNECTION, "InvocationEndpoint": "https://h.example/*", "HttpMethod": "PATCH",
        "InvocationRateLimitPerSecond": 7,
    });
    let destination = DestinationSpec {
        name: "d".parse().unwrap(),
        description: None,
        connection: CONNECTION.to_owned(),
        endpoint: "https://h.example/*".to_owned(),
        method: Method::Patch,
        per_second: Some(7),
    };
    assert_eq!(call("CreateApiDestination", &asked), Call::CreateApiDestination { destination: Box::new(destination) });
}

#[test]
fn a_change_of_a_connection_keeps_what_it_does_not_name() {
    let cases = [
        (with_key(), json!({}), Ok(with_key())),
        (
            with_key(),
            json!({"Description": "new"}),
            Ok(ConnectionSpec { description: Some("new".to_owned()), ..with_key() }),
        ),
        (
            with_key(),
            json!({"AuthParameters": {"ApiKeyAuthParameters": {"ApiKeyName": "X-New"}}}),
            Ok(connection(AuthSpec::ApiKey { header: "X-New".to_owned(), value: secret() })),
        ),
        (with_key(), json!({"AuthorizationType": "BASIC", "AuthParameters": password()}), Ok(with_password())),
        (with_password(), json!({"AuthParameters": key()}), Ok(with_key())),
        (with_key(), json!({"AuthorizationType": "BASIC"}), Err("a part of the new kind is missing")),
        (
            with_key(),
            json!({"AuthParameters": {"BasicAuthParameters": {"Username": "u"}}}),
            Err("a part of the new kind is missing"),
        ),
        (
            with_key(),
            json!({"AuthorizationType": "API_KEY", "AuthParameters": password()}),
            Err("they are not those of the AuthorizationType"),
        ),
    ];
    for (mut spec, mut asked, expected) in cases {
        asked["Name"] = json!("c");
        let Call::UpdateConnection { change, .. } = call("UpdateConnection", &asked) else { panic!("a change") };
        let changed = change.apply(&mut spec).map(|()| spec);
        let reason = |reason: &str| format!("Parameter AuthParameters is not valid. Reason: {reason}.");
        assert_eq!(changed.map_err(|refused| refused.to_string()), expected.map_err(reason), "{asked}");
    }
}

#[test]
fn what_is_faulty_is_refused_without_a_word_of_a_secret() {
    let long = SECRET.repeat(30);
    let cases = [
        (
            "CreateConnection",
            json!({"AuthorizationType": "API_KEY", "AuthParameters": key()}),
            "'name' failed to satisfy constraint: Member must not be null",
        ),
        (
            "CreateConnection",
            json!({"Name": "c", "AuthParameters": key()}),
            "'authorizationType' failed to satisfy constraint: Member must not be null",
        ),
        (
            "CreateConnection",
            json!({"Name": "c", "AuthorizationType": "API_KEY", "AuthParameters": password()}),
            "exactly the parameters of the AuthorizationType must be there",
        ),
        (
            "CreateConnection",
            json!({"Name": "c", "AuthorizationType": "OAUTH_CLIENT_CREDENTIALS", "AuthParameters": {}}),
            "The AuthorizationType OAUTH_CLIENT_CREDENTIALS is not handled by this engine yet.",
        ),
        (
            "CreateConnection",
            json!({"Name": "c", "AuthorizationType": "API_KEY", "AuthParameters": {"OAuthParameters": {}}}),
            "OAuthParameters is not handled by this engine yet",
        ),
        (
            "CreateConnection",
            json!({"Name": "c", "AuthorizationType": "API_KEY",
                "AuthParameters": {"ApiKeyAuthParameters": {"ApiKeyName": "X", "ApiKeyValue": long}}}),
            "Value '[hidden]' at 'authParameters.apiKeyAuthParameters.apiKeyValue'",
        ),
        (
            "CreateApiDestination",
            json!({"Name": "d", "ConnectionArn": CONNECTION, "InvocationEndpoint": "https://h.example", "HttpMethod": "TRACE"}),
            "Member must satisfy enum value set: [HEAD, POST, PATCH, DELETE, PUT, GET, OPTIONS]",
        ),
        (
            "CreateApiDestination",
            json!({"Name": "d", "ConnectionArn": CONNECTION, "HttpMethod": "PUT"}),
            "'invocationEndpoint' failed to satisfy constraint: Member must not be null",
        ),
        ("UpdateApiDestination", json!({"Name": "d", "InvocationRateLimitPerSecond": 0}), "greater than or equal to 1"),
        // Recorded from AWS.
        (
            "CreateApiDestination",
            json!({"Name": "d", "ConnectionArn": "invalid-connection-arn", "HttpMethod": "INVALID_METHOD",
                "InvocationEndpoint": "invalid-endpoint"}),
            r"2 validation errors detected: Value 'invalid-connection-arn' at 'connectionArn' failed to satisfy constraint: Member must satisfy regular expression pattern: ^arn:aws([a-z]|\-)*:events:([a-z]|\d|\-)*:([0-9]{12})?:connection\/[\.\-_A-Za-z0-9]+\/[\-A-Za-z0-9]+$; Value 'INVALID_METHOD' at 'httpMethod' failed to satisfy constraint: Member must satisfy enum value set: [HEAD, POST, PATCH, DELETE, PUT, GET, OPTIONS]",
        ),
        (
            "CreateConnection",
            json!({"Name": "Invalid Name With Spaces!", "AuthorizationType": "INVALID", "AuthParameters": {}}),
            r"2 validation errors detected: Value 'Invalid Name With Spaces!' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+; Value 'INVALID' at 'authorizationType' failed to satisfy constraint: Member must satisfy enum value set: [BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY]",
        ),
    ];
    for (operation, body, expected) in cases {
        let said = error(operation, &body).to_string();
        assert!(said.contains(expected), "{operation}: {said}");
        assert!(!said.contains(SECRET), "{operation}: {said}");
    }
}

#[test]
fn everything_is_told_but_the_secrets() {
    let arn: Arn = CONNECTION.parse().unwrap();
    let at = super::super::AT;
    let spec = ConnectionSpec {
        query: vec![
            Added { key: "v".to_owned(), value: SecretSpec::Text("2".to_owned()), secret: false },
            Added { key: "t".to_owned(), value: secret(), secret: true },
        ],
        ..with_key()
    };
    let described = ConnectionDescription { arn: &arn, spec: &spec, created_at: at, changed_at: at };
    let mut told = said(Answer::Connection(&described));
    assert!(!told.to_string().contains(SECRET), "{told}");
    for name in ["CreationTime", "LastModifiedTime", "LastAuthorizedTime"] {
        assert!(told.as_object_mut().unwrap().remove(name).unwrap().is_number(), "{name}");
    }
    // An id and a suffix of the secret's own.
    let secret = told.as_object_mut().unwrap().remove("SecretArn").unwrap();
    let parts = secret
        .as_str()
        .unwrap()
        .strip_prefix("arn:aws:secretsmanager:us-east-1:000000000000:secret:events!connection/c/");
    let lengths: Vec<usize> = parts.unwrap().split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12, 6], "{secret}");
    assert_eq!(
        told,
        json!({
            "ConnectionArn": CONNECTION, "Name": "c", "ConnectionState": "AUTHORIZED", "AuthorizationType": "API_KEY",
            "AuthParameters": {
                "ApiKeyAuthParameters": {"ApiKeyName": "X-Key"},
                "InvocationHttpParameters": {"QueryStringParameters": [
                    {"Key": "v", "Value": "2", "IsValueSecret": false}, {"Key": "t", "IsValueSecret": true},
                ]},
            },
        })
    );
    // That nothing is added is told to whoever said so, as AWS was recorded to do.
    for (says_added, expected) in [(false, None), (true, Some(json!({})))] {
        let spec = ConnectionSpec { says_added, ..with_password() };
        let described = ConnectionDescription { arn: &arn, spec: &spec, created_at: at, changed_at: at };
        let told = said(Answer::Connection(&described));
        assert_eq!(told["AuthParameters"].get("InvocationHttpParameters"), expected.as_ref());
    }
    let spec = DestinationSpec {
        name: "d".parse().unwrap(),
        description: Some("what it is for".to_owned()),
        connection: CONNECTION.to_owned(),
        endpoint: "https://h.example/*".to_owned(),
        method: Method::Post,
        per_second: None,
    };
    let arn: Arn = "arn:aws:events:us-east-1:000000000000:api-destination/d/1".parse().unwrap();
    let described = DestinationDescription { arn: &arn, spec: &spec, active: false, created_at: at, changed_at: at };
    let told = said(Answer::Destinations { destinations: &[described], more: true });
    let one = &told["ApiDestinations"][0];
    assert_eq!((&one["ApiDestinationState"], &one["HttpMethod"]), (&json!("INACTIVE"), &json!("POST")));
    assert_eq!((&one["InvocationRateLimitPerSecond"], one.get("Description")), (&json!(300), None));
    assert!(told["NextToken"].is_string());
}
