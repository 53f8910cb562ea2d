//! What becomes of requests to a whole API, in AWS's order.

use super::*;
use crate::keys::{KeyId, KeyRecord, PlanName, Scope, Secret, Tenant};
use crate::limits::{Period, Quota, Rate, Usage};
use crate::problem;
use serde_json::{Value, json};
use types::Timestamp;

const GOOD: u8 = 1;
const READER: u8 = 2;
const REVOKED: u8 = 3;
const STRANGER: u8 = 4;
const UNKNOWN: u8 = 5;

fn secret(which: u8) -> Secret {
    Secret::generate([which; 24])
}

fn keys() -> Keys {
    let mut keys = Keys::default();
    for (which, plan, scopes) in [
        (GOOD, "standard", vec!["orders:read", "orders:write"]),
        (READER, "standard", vec!["orders:read"]),
        (REVOKED, "standard", vec!["orders:read", "orders:write"]),
        (STRANGER, "elsewhere", vec!["orders:read", "orders:write"]),
    ] {
        keys.put(KeyRecord {
            id: KeyId::new(format!("k{which}")),
            hash: secret(which).hash(),
            name: "n".into(),
            tenant: Tenant::new("t"),
            plan: PlanName::new(plan),
            scopes: scopes.into_iter().map(Scope::new).collect(),
            created_at: Timestamp::EPOCH,
            revoked_at: None,
            last_four: secret(which).last_four().into(),
        });
    }
    assert!(keys.revoke("k3", Timestamp::EPOCH));
    keys
}

fn stage() -> Stage {
    let api = crate::openapi::read(&crate::openapi::tests::shop()).unwrap();
    let limits = Limits { overall: Some(Rate::new(10.0, 3).unwrap()), methods: Vec::new() };
    let quota = Some(Quota { limit: 50, offset: 0, period: Period::Day });
    let plans = vec![Plan { name: PlanName::new("standard"), limits, quota }];
    Stage { name: "dev".into(), api, plans, limits: Limits::default(), body_max: 1_000_000 }
}

const ID: &str = "/orders/0190a5b4-7c3e-7d2a-9f10-3b5c6d7e8f90";

fn decide(usage: &mut Usage, ask: &Ask<'_>) -> Verdict {
    match usage.decide(ask, Timestamp::EPOCH) {
        Verdict::Reserve => {
            let kept = usage.keep(Timestamp::EPOCH);
            usage.kept(&kept);
            usage.decide(ask, Timestamp::EPOCH)
        }
        verdict => verdict,
    }
}

/// The status and the slug of the problem, or `go on`.
fn outcome(usage: &mut Usage, method: &str, target: &str, key: Option<u8>) -> String {
    let (stage, keys) = (stage(), keys());
    let shown = key.map(|which| secret(which).show().to_owned());
    let headers = [("X-Api-Key", shown.as_deref().unwrap_or(""))];
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let request = Request { method, path, query, headers: &headers };
    match stage.admit(&keys, &request, |ask| decide(usage, ask)) {
        Admission::Refused { refusal, route, .. } => {
            let answer = problem::answer(&stage.api, &refusal, route, None, "r-1");
            let body: Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!(body["status"], json!(answer.status));
            format!("{} {}", answer.status, body["type"].as_str().unwrap().trim_start_matches("/problems/"))
        }
        Admission::Answered { answer, .. } => format!("answered {}", answer.status),
        Admission::Reserve => "reserve".to_owned(),
        Admission::Admitted(_) => "go on".to_owned(),
    }
}

#[test]
fn requests_are_decided_in_the_order_of_aws() {
    let read = format!("{ID}?limit=5");
    let cases = [
        ("POST", "/orders", Some(GOOD), "go on"),
        ("POST", "/orders", None, "403 key-missing"),
        ("POST", "/orders", Some(UNKNOWN), "403 key-unknown"),
        ("POST", "/orders", Some(REVOKED), "403 key-revoked"),
        ("POST", "/orders", Some(STRANGER), "403 key-without-plan"),
        ("POST", "/orders", Some(READER), "403 scope-missing"),
        ("GET", read.as_str(), Some(READER), "go on"),
        ("GET", ID, Some(READER), "400 invalid-parameters"),
        ("GET", ID, None, "403 key-missing"),
        ("GET", "/orders/7?limit=5", Some(READER), "400 invalid-parameters"),
        ("GET", "/orders/7?limit=%zz", Some(READER), "400 invalid-parameters"),
        ("GET", "/orders", None, "405 method-not-allowed"),
        ("GET", "/nothing", None, "404 not-found"),
        ("OPTIONS", "/orders", None, "answered 204"),
        ("DELETE", "/open/a/b", None, "go on"),
    ];
    for (method, target, key, expected) in cases {
        assert_eq!(outcome(&mut Usage::default(), method, target, key), expected, "{method} {target} {key:?}");
    }
}

#[test]
fn what_is_refused_before_the_limits_costs_nothing_and_what_comes_after_does() {
    let mut usage = Usage::default();
    for _ in 0..10 {
        assert_eq!(outcome(&mut usage, "POST", "/orders", Some(READER)), "403 scope-missing");
        assert_eq!(outcome(&mut usage, "PUT", "/orders", Some(READER)), "405 method-not-allowed");
    }
    for _ in 0..3 {
        assert_eq!(outcome(&mut usage, "GET", ID, Some(READER)), "400 invalid-parameters");
    }
    // The template changes the status of this one.
    assert_eq!(outcome(&mut usage, "GET", ID, Some(READER)), "420 too-many-requests");
    assert_eq!(
        outcome(&mut usage, "GET", ID, Some(GOOD)),
        "400 invalid-parameters",
        "another key has a bucket of its own"
    );
    assert_eq!(usage.used(&KeyId::new("k2")), 3);
}

#[test]
fn all_that_is_wrong_with_parameters_is_told() {
    let (stage, keys) = (stage(), keys());
    let shown = secret(GOOD).show().to_owned();
    let headers = [("x-api-key", shown.as_str())];
    let request =
        Request { method: "GET", path: "/orders/7", query: Some("limit=0&limit=x&other=1"), headers: &headers };
    let Admission::Refused { refusal: Refusal::BadParameters { missing, faults }, .. } =
        stage.admit(&keys, &request, |_| Verdict::Taken)
    else {
        panic!("it is refused")
    };
    let mut places: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    places.sort_unstable();
    assert_eq!(places, ["/path/orderId", "/query/limit", "/query/limit"]);
    assert!(missing.is_empty());
}

/// The order in which AWS was recorded to name what is missing; in between are those of the path, which are always there.
#[test]
fn missing_parameters_are_named_in_awss_order() {
    let parameter =
        |name: &str, place: &str| json!({"name": name, "in": place, "required": true, "schema": {"type": "string"}});
    let uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/\
               arn:aws:lambda:us-east-1:000000000000:function:F/invocations";
    let document = json!({
        "openapi": "3.0.1",
        "info": {"title": "t", "version": "1"},
        "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": true, "validateRequestParameters": true}},
        "x-amazon-apigateway-request-validator": "all",
        "paths": {"/nested/{test}": {"get": {
            "parameters": [
                parameter("qs1", "query"), parameter("x-header-param", "header"), parameter("test", "path"),
            ],
            "responses": {"200": {"description": "d"}},
            "x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri": uri},
        }}},
    });
    let api = crate::openapi::read(&document).unwrap();
    let stage = Stage { name: "dev".into(), api, plans: Vec::new(), limits: Limits::default(), body_max: 1_000_000 };
    let cases = [
        (None, [("accept", "*/*")], "Missing required request parameters: [x-header-param, qs1]"),
        (Some("qs1=test"), [("accept", "*/*")], "Missing required request parameters: [x-header-param]"),
        (None, [("X-Header-Param", "test")], "Missing required request parameters: [qs1]"),
    ];
    for (query, headers, expected) in cases {
        let request = Request { method: "GET", path: "/nested/value", query, headers: &headers };
        let Admission::Refused { refusal, .. } = stage.admit(&Keys::default(), &request, |_| Verdict::Taken) else {
            panic!("it is refused")
        };
        assert_eq!((refusal.status(), refusal.message().as_str()), (400, expected));
    }
}

#[test]
fn bodies_are_checked_by_size_type_and_schema() {
    let stage = stage();
    let route = RouteId(stage.api.routes.iter().position(|route| route.operation.is_some()).unwrap());
    let check = |content_type: Option<&str>, body: &str| stage.check_body(route, content_type, body.as_bytes());
    let right = r#"{"customerId":"c","items":[{"sku":"a"}]}"#;
    assert_eq!(check(Some("application/json; charset=utf-8"), right), Ok(()));
    assert_eq!(check(None, right), Ok(()));
    assert!(matches!(check(Some("text/plain"), right), Err(Refusal::UnsupportedMediaType { .. })));
    assert!(matches!(check(None, ""), Err(Refusal::BadBody { .. })));
    let encodings = [None, Some(""), Some("identity"), Some(" Identity "), Some("gzip"), Some("br, gzip")];
    let taken = encodings.map(|told| stage.check_encoding(told, right.as_bytes()).is_ok());
    assert_eq!(taken, [true, true, true, true, false, false]);
    assert_eq!(stage.check_encoding(Some("gzip"), b""), Ok(()), "nothing is encoded");
    assert!(matches!(check(None, &" ".repeat(2_001)), Err(Refusal::TooLarge { max: 2_000 })));
    assert_eq!(stage.check_length(route, Some(2_001)), Err(Refusal::TooLarge { max: 2_000 }));
    assert_eq!(stage.check_length(route, Some(2_000)), Ok(()));
    let Err(Refusal::BadBody { faults }) = check(None, r#"{"items":[{"quantity":0}],"x":1}"#) else {
        panic!("it is wrong")
    };
    let places: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(places, ["/customerId", "/items/0/sku", "/items/0/quantity", "/x"]);
}

#[test]
fn a_query_is_taken_apart_as_forms_write_it() {
    let pairs =
        |text| parse_query(Some(text)).unwrap().into_iter().map(|(a, b)| format!("{a}={b}")).collect::<Vec<_>>();
    assert_eq!(pairs("a=1&b=%C3%A9+x&&c&=d&a=b=c"), ["a=1", "b=é x", "c=", "=d", "a=b=c"]);
    assert!(parse_query(Some("a=%f")).is_err() && parse_query(Some("%ff=1")).is_err());
    assert!(parse_query(Some(&"a&".repeat(QUERY_MAX + 1))).is_err());
}

#[test]
fn problems_say_what_to_mend_and_carry_what_clients_look_for() {
    let stage = stage();
    let route = RouteId(stage.api.routes.iter().position(|route| route.operation.is_some()).unwrap());
    let faults = vec![Fault { pointer: "/a".to_owned(), detail: "this is \"wrong\"".to_owned() }];
    let refusal = Refusal::BadBody { faults };
    let answer = problem::answer(&stage.api, &refusal, Some(route), Some("https://shop.example.com"), "r-1");
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        body,
        json!({"type": "/problems/invalid-body", "title": "The body of the request is wrong", "status": 400,
               "detail": "Mend what `errors` names and send the body again.", "instance": "urn:request:r-1",
               "message": "Invalid request body", "errors": [{"pointer": "/a", "detail": "this is \"wrong\""}]})
    );
    for (name, value) in [
        ("content-type", "application/problem+json"),
        ("x-amzn-errortype", "BadRequestException"),
        ("x-amzn-requestid", "r-1"),
        ("access-control-allow-origin", "*"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    let late = Refusal::Throttled { retry_after: std::time::Duration::from_millis(1_001) };
    let answer = problem::answer(&stage.api, &late, Some(route), Some("https://shop.example.com"), "r-1");
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((answer.status, answer.header("retry-after")), (420, Some("2")));
    assert_eq!((&body["message"], &body["code"]), (&json!("Too Many Requests"), &json!(7)));
    // This kind has an entry of its own, without headers: what OPTIONS allows holds.
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://shop.example.com"));
    let nowhere = problem::answer(&stage.api, &Refusal::Internal, None, Some("https://shop.example.com"), "a\nb");
    assert_eq!(nowhere.header("access-control-allow-origin"), Some("https://shop.example.com"));
    assert_eq!(nowhere.header("x-amzn-requestid"), None);
    let wrong = Refusal::WrongMethod { allow: "GET, POST".to_owned() };
    assert_eq!(problem::answer(&stage.api, &wrong, None, None, "r").header("allow"), Some("GET, POST"));
}
