//! Decides what a function that is not built in receives of a request, and what its answer means: the Lambda proxy
//! integration of REST APIs, payload 1.0.
//!
//! Start at [`event`] and [`read_answer`].
//!
//! Invariant: an answer that a function gives wrongly is the gateway's 502, whatever is wrong with it; what is sent on
//! is valid HTTP.

use crate::access::request_time;
use crate::admission::{Admitted, Headers};
use crate::answer::{Answer, Header, is_header_name, is_header_value};
use crate::api::Api;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use types::{Gather, Timestamp};

/// What an event tells beside what was decided of the request.
pub struct Told<'a> {
    /// As it came.
    pub method: &'a str,
    /// As it came, without the stage's name and the query.
    pub path: &'a str,
    /// Its headers.
    pub headers: &'a dyn Headers,
    /// Its body.
    pub body: &'a [u8],
    /// Its id.
    pub request_id: &'a str,
    /// When it came.
    pub at: Timestamp,
    /// Where it came from.
    pub source_ip: &'a str,
    /// `HTTP/1.1`
    pub protocol: &'a str,
    /// The name of the stage.
    pub stage: &'a str,
    /// The id of the API.
    pub api_id: &'a str,
    /// The account.
    pub account_id: &'a str,
}

/// The event of a request, as JSON. The API key itself is not in it: its id says whose request it is.
pub fn event(api: &Api, admitted: &Admitted<'_>, told: &Told<'_>) -> Vec<u8> {
    let route = api.route(admitted.route);
    let (mut headers, mut all_headers) = (Map::new(), Map::new());
    told.headers.each(&mut |name, value| {
        if !name.eq_ignore_ascii_case("x-api-key") {
            add(&mut headers, &mut all_headers, name, value);
        }
    });
    let (mut query, mut all_query) = (Map::new(), Map::new());
    for (name, value) in &admitted.query {
        add(&mut query, &mut all_query, name, value);
    }
    let params = admitted.params.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).into_object();
    let content_type = told.headers.value("content-type").unwrap_or_default();
    let (body, is_base64) = match std::str::from_utf8(told.body) {
        _ if told.body.is_empty() => (Value::Null, false),
        Ok(text) if !api.is_binary(content_type) => (json!(text), false),
        _ => (json!(BASE64_STANDARD.encode(told.body)), true),
    };
    let domain = told.headers.value("host").unwrap_or_default();
    let event = json!({
        "resource": &route.resource,
        "path": told.path,
        "httpMethod": told.method,
        "headers": or_null(headers),
        "multiValueHeaders": or_null(all_headers),
        "queryStringParameters": or_null(query),
        "multiValueQueryStringParameters": or_null(all_query),
        "pathParameters": or_null(params),
        "stageVariables": null,
        "requestContext": {
            "accountId": told.account_id,
            "apiId": told.api_id,
            "deploymentId": told.api_id,
            "domainName": domain,
            "domainPrefix": domain.split(['.', ':']).next().unwrap_or_default(),
            "extendedRequestId": told.request_id,
            "httpMethod": told.method,
            "identity": {
                "accessKey": null, "accountId": null, "apiKey": null,
                "apiKeyId": admitted.key.map(|key| key.id.as_str()),
                "caller": null, "cognitoAuthenticationProvider": null, "cognitoAuthenticationType": null,
                "cognitoIdentityId": null, "cognitoIdentityPoolId": null, "principalOrgId": null,
                "sourceIp": told.source_ip, "user": null, "userAgent": told.headers.value("user-agent"), "userArn": null,
            },
            "path": format!("/{}{}", told.stage, told.path),
            "protocol": told.protocol,
            "requestId": told.request_id,
            "requestTime": request_time(told.at),
            "requestTimeEpoch": told.at.millis(),
            "resourceId": format!("r{:05}", admitted.route.0),
            "resourcePath": &route.resource,
            "stage": told.stage,
        },
        "body": body,
        "isBase64Encoded": is_base64,
    });
    serde_json::to_vec(&event).expect("strings, numbers and null are JSON")
}

/// Of several values of a name the last one counts where there is room for one.
fn add(single: &mut Map<String, Value>, all: &mut Map<String, Value>, name: &str, value: &str) {
    single.insert(name.to_owned(), json!(value));
    match all.get_mut(name) {
        Some(Value::Array(values)) => values.push(json!(value)),
        _ => drop(all.insert(name.to_owned(), json!([value]))),
    }
}

fn or_null(map: Map<String, Value>) -> Value {
    if map.is_empty() { Value::Null } else { Value::Object(map) }
}

/// Why a function's answer is none. The client learns only that it failed; this is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAnswer {
    /// Not an object.
    #[error("the function's answer must be a JSON object such as {{\"statusCode\": 200, \"body\": \"…\"}}")]
    NotAnObject,
    /// A member that AWS does not know.
    #[error(
        "the function's answer has a member that is not known; it may have statusCode, headers, multiValueHeaders, body and isBase64Encoded"
    )]
    UnknownMember,
    /// No status.
    #[error("statusCode must be a whole number of 200 to 599")]
    Status,
    /// Headers that are none.
    #[error("headers must be an object of strings, multiValueHeaders one of lists of strings")]
    Headers,
    /// A body that is no string.
    #[error("body must be a string; write JSON as a string")]
    Body,
    /// Not what it says.
    #[error("isBase64Encoded is true, but body is not base64")]
    Base64,
}

/// What a function's answer means. `accept` is what the client takes: base64 is decoded where that is of a binary type.
pub fn read_answer(api: &Api, bytes: &[u8], accept: Option<&str>) -> Result<Answer, BadAnswer> {
    let Ok(Value::Object(answer)) = serde_json::from_slice(bytes) else { return Err(BadAnswer::NotAnObject) };
    const KNOWN: [&str; 5] = ["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"];
    if answer.keys().any(|name| !KNOWN.contains(&name.as_str())) {
        return Err(BadAnswer::UnknownMember);
    }
    let status = match answer.get("statusCode") {
        None | Some(Value::Null) => Some(200),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    let status = status.and_then(|status| u16::try_from(status).ok()).filter(|status| (200..=599).contains(status));
    let status = status.ok_or(BadAnswer::Status)?;
    let mut headers = read_headers(answer.get("headers"), answer.get("multiValueHeaders"))?;
    let has = |headers: &[Header], name: &str| headers.iter().any(|(had, _)| had.eq_ignore_ascii_case(name));
    if !has(&headers, "content-type") {
        headers.push(("content-type".into(), "application/json".into()));
    }
    let body = match answer.get("body") {
        None | Some(Value::Null) => "",
        Some(Value::String(text)) => text,
        Some(_) => return Err(BadAnswer::Body),
    };
    let is_base64 = match answer.get("isBase64Encoded") {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Bool(true)) => true,
        Some(_) => return Err(BadAnswer::Base64),
    };
    // As on AWS the first type that the client names decides.
    let first = accept.and_then(|accept| accept.split(',').next()).map_or("", str::trim);
    let body = if is_base64 && api.is_binary(first) {
        BASE64_STANDARD.decode(body).map_err(|_| BadAnswer::Base64)?
    } else {
        body.as_bytes().to_vec()
    };
    Ok(Answer { status, headers, body: body.into() })
}

/// Both kinds together: a value of `headers` that is among the several is not sent twice.
fn read_headers(single: Option<&Value>, several: Option<&Value>) -> Result<Vec<Header>, BadAnswer> {
    let members = |value: Option<&Value>| match value {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(members)) => Ok(members.clone()),
        Some(_) => Err(BadAnswer::Headers),
    };
    let mut headers: Vec<Header> = Vec::new();
    let push = |name: &str, value: &Value, headers: &mut Vec<Header>| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(yes) => yes.to_string(),
            Value::Null => return Ok(()),
            Value::Array(_) | Value::Object(_) => return Err(BadAnswer::Headers),
        };
        if !is_header_name(name) || !is_header_value(&text) {
            return Err(BadAnswer::Headers);
        }
        let is_ours = ["content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "trailer", "te"];
        let same = headers.iter().any(|(had, value)| had.eq_ignore_ascii_case(name) && *value == text);
        if !same && !is_ours.iter().any(|ours| ours.eq_ignore_ascii_case(name)) {
            headers.push((name.to_owned().into(), text.into()));
        }
        Ok(())
    };
    for (name, values) in &members(several)? {
        for value in values.as_array().ok_or(BadAnswer::Headers)? {
            push(name, value, &mut headers)?;
        }
    }
    for (name, value) in &members(single)? {
        push(name, value, &mut headers)?;
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::RouteId;

    fn api() -> Api {
        crate::openapi::read(&crate::openapi::tests::shop()).unwrap()
    }

    #[test]
    fn an_event_tells_all_of_a_request_but_its_key() {
        let api = api();
        let route = RouteId(api.routes.iter().position(|route| route.cache_keys.len() == 2).unwrap());
        let query = crate::admission::parse_query(Some("limit=1&limit=2")).unwrap();
        let admitted = Admitted { route, params: vec![("orderId", "7".into())], query, key: None };
        let headers = [("Host", "api.example.com:8080"), ("X-Api-Key", "of_secret"), ("Accept", "a"), ("Accept", "b")];
        let told = Told {
            method: "GET",
            path: "/orders/7",
            headers: &headers,
            body: b"",
            request_id: "r-1",
            at: Timestamp::from_millis(1_712_666_096_000),
            source_ip: "1.2.3.4",
            protocol: "HTTP/1.1",
            stage: "dev",
            api_id: "api",
            account_id: "000000000000",
        };
        let bytes = event(&api, &admitted, &told);
        assert!(!String::from_utf8_lossy(&bytes).contains("of_secret"));
        let event: Value = serde_json::from_slice(&bytes).unwrap();
        for (pointer, expected) in [
            ("/resource", json!("/orders/{orderId}")),
            ("/path", json!("/orders/7")),
            ("/headers/Accept", json!("b")),
            ("/multiValueHeaders/Accept", json!(["a", "b"])),
            ("/queryStringParameters/limit", json!("2")),
            ("/multiValueQueryStringParameters/limit", json!(["1", "2"])),
            ("/pathParameters", json!({"orderId": "7"})),
            ("/stageVariables", Value::Null),
            ("/body", Value::Null),
            ("/isBase64Encoded", json!(false)),
            ("/requestContext/path", json!("/dev/orders/7")),
            ("/requestContext/domainPrefix", json!("api")),
            ("/requestContext/requestTime", json!("09/Apr/2024:12:34:56 +0000")),
            ("/requestContext/identity/sourceIp", json!("1.2.3.4")),
        ] {
            assert_eq!(event.pointer(pointer), Some(&expected), "{pointer}");
        }
        let admitted = Admitted { route, params: Vec::new(), query: Vec::new(), key: None };
        for (content_type, body, text, is_base64) in [
            ("application/json", b"{}".as_slice(), "{}", false),
            ("image/png", b"{}", "e30=", true),
            ("text/plain", b"\xff", "/w==", true),
        ] {
            let headers = [("content-type", content_type)];
            let told = Told { headers: &headers, body, ..told };
            let event: Value = serde_json::from_slice(&super::event(&api, &admitted, &told)).unwrap();
            assert_eq!(
                (&event["body"], &event["isBase64Encoded"]),
                (&json!(text), &json!(is_base64)),
                "{content_type}"
            );
            assert_eq!(event["queryStringParameters"], Value::Null);
        }
    }

    #[test]
    fn an_answer_means_what_aws_says() {
        let api = api();
        let cases = [
            (r#"{"statusCode":201,"body":"x"}"#, Ok((201, "x"))),
            (r#"{"statusCode":"404"}"#, Ok((404, ""))),
            (r#"{"headers":{"a":"b"}}"#, Ok((200, ""))),
            (r#"{"statusCode":200,"body":null}"#, Ok((200, ""))),
            ("null", Err(BadAnswer::NotAnObject)),
            ("", Err(BadAnswer::NotAnObject)),
            ("[]", Err(BadAnswer::NotAnObject)),
            (r#""text""#, Err(BadAnswer::NotAnObject)),
            (r#"{"statusCode":"ok"}"#, Err(BadAnswer::Status)),
            (r#"{"statusCode":99}"#, Err(BadAnswer::Status)),
            (r#"{"statusCode":200.5}"#, Err(BadAnswer::Status)),
            (r#"{"statusCode":200,"body":{"a":1}}"#, Err(BadAnswer::Body)),
            (r#"{"status":200}"#, Err(BadAnswer::UnknownMember)),
            (r#"{"headers":[]}"#, Err(BadAnswer::Headers)),
            (r#"{"headers":{"a":"b\r\nc: d"}}"#, Err(BadAnswer::Headers)),
            (r#"{"headers":{"a b":"c"}}"#, Err(BadAnswer::Headers)),
            (r#"{"multiValueHeaders":{"a":"b"}}"#, Err(BadAnswer::Headers)),
        ];
        for (text, expected) in cases {
            let answer = read_answer(&api, text.as_bytes(), None);
            let answer = answer.map(|answer| (answer.status, String::from_utf8(answer.body.into()).unwrap()));
            assert_eq!(answer, expected.map(|(status, body)| (status, body.to_owned())), "{text}");
        }
    }

    #[test]
    fn headers_of_both_kinds_are_sent_once_each() {
        let text = r#"{"headers":{"A":"1","B":"3","Content-Length":"9"},"multiValueHeaders":{"a":["1","2"],"set-cookie":["x","y"]}}"#;
        let answer = read_answer(&api(), text.as_bytes(), None).unwrap();
        let sent: Vec<String> = answer.headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(sent, ["a=1", "a=2", "set-cookie=x", "set-cookie=y", "B=3", "content-type=application/json"]);
    }

    #[test]
    fn base64_is_decoded_for_clients_that_take_the_bytes() {
        let text = r#"{"body":"aGk=","isBase64Encoded":true}"#;
        let body = |accept| Vec::from(read_answer(&api(), text.as_bytes(), accept).unwrap().body);
        assert_eq!(body(Some("image/png, text/html")), b"hi");
        assert_eq!(body(Some("text/html")), b"aGk=");
        assert_eq!(body(None), b"aGk=");
        let bad = r#"{"body":"?","isBase64Encoded":true}"#;
        assert_eq!(read_answer(&api(), bad.as_bytes(), Some("image/png")), Err(BadAnswer::Base64));
    }
}
