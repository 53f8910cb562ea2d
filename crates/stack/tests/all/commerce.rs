//! The shop front's template: what it asks for, and that there is nothing to mend about it.

use pattern::lint::Severity;
use serde_json::Value as Json;
use stack::check::{Settings, check};
use stack::{Environment, Method, Overrides, Stack, Template};
use std::collections::BTreeSet;

/// The handlers of its functions.
pub(crate) const CATALOGUE: [&str; 5] =
    ["orders-api", "chatbot", "order-worker", "commerce-orders", "premium-commerce-orders"];

fn text() -> String {
    let path = format!("{}/../../stacks/commerce.yaml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("the template is part of this repository")
}

fn resolved(overrides: &[(&str, &str)]) -> Stack {
    let overrides: Overrides =
        overrides.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Template::parse(&text(), "commerce.yaml")
        .and_then(|template| template.resolve(&Environment::local("commerce"), &overrides, &CATALOGUE))
        .unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn it_leaves_nothing_to_mend() {
    let environment = Environment::local("commerce");
    let overrides = Overrides::new();
    let settings = Settings { environment: &environment, catalogue: &CATALOGUE, samples: &[], overrides: &overrides };
    let report = check(&text(), "commerce.yaml", &settings);
    let serious: Vec<_> = report.findings.iter().filter(|finding| finding.severity() > Severity::Info).collect();
    assert!(serious.is_empty(), "{serious:#?}");
    assert_eq!(report.patterns, 4);
}

#[test]
fn its_names_and_limits_can_be_chosen() {
    let stack = resolved(&[
        ("TableName", "Sales"),
        ("QueueName", "Waiting"),
        ("StageName", "dev"),
        ("RateLimit", "100"),
        ("BurstLimit", "200"),
        ("QuotaPerDay", "1000000"),
        ("CacheSeconds", "0"),
        ("AllowOrigin", "https://shop.example.com"),
    ]);
    assert_eq!(stack.tables[0].spec.name.as_str(), "Sales");
    let queues: Vec<_> = stack.queues.iter().map(|queue| queue.spec.name.as_str()).collect();
    assert_eq!(queues[..2], ["Waiting", "WaitingDLQ"]);
    let api = &stack.apis[0].spec;
    let plan = &api.plans[0];
    assert_eq!((api.stage.as_str(), plan.quota.unwrap().limit), ("dev", 1_000_000));
    assert_eq!((plan.throttle.rate.unwrap().per_second(), plan.throttle.burst), (100.0, Some(200)));
    assert!(api.method_settings.iter().all(|settings| settings.cached_for.is_none()));
    let origin = "/x-amazon-apigateway-gateway-responses/DEFAULT_4XX/responseParameters/gatewayresponse.header.Access-Control-Allow-Origin";
    assert_eq!(api.body.pointer(origin), Some(&Json::from("'https://shop.example.com'")));
    assert!(resolved(&[]).apis[0].spec.plans[0].quota.is_none(), "no quota unless one is set");
}

#[test]
fn every_route_says_what_it_takes_and_answers() {
    let stack = resolved(&[]);
    let api = &stack.apis[0].spec;
    let mut routes = Vec::new();
    for (path, methods) in api.body["paths"].as_object().unwrap() {
        for (verb, method) in methods.as_object().unwrap() {
            if verb == "options" {
                assert_eq!(method["x-amazon-apigateway-integration"]["type"], "mock", "{path}");
                continue;
            }
            assert!(method["security"][0].get("apiKey").is_some(), "{verb} {path} needs a key");
            let answers: Vec<&str> = method["responses"].as_object().unwrap().keys().map(String::as_str).collect();
            let scope = method["x-orderflow-scope"].as_str().unwrap();
            routes.push(format!("{verb} {path} {scope} {}", answers.join(" ")));
            // Every part of the path is a parameter, or nobody checks it.
            for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                let parameters = method["parameters"].as_array().unwrap();
                assert!(parameters.iter().any(|parameter| parameter["name"] == name && parameter["required"] == true));
            }
        }
    }
    assert_eq!(
        routes,
        [
            "post /chatbot orders:read 200 400 403 413 415 429 503 default",
            "get /customers/{customerId}/orders orders:read 200 400 403 404 429 503 default",
            "post /orders orders:write 201 400 403 409 413 415 422 429 503 default",
            "get /orders/{orderId} orders:read 200 304 400 403 404 429 503 default",
            "post /orders/{orderId}/cancel orders:write 200 202 400 403 404 409 413 415 422 429 503 default",
            "get /orders/{orderId}/events orders:read 200 204 400 403 404 429 503 default",
        ]
    );
    assert_eq!(api.body.pointer("/paths/~1orders~1{orderId}~1events/get/x-orderflow-stream"), Some(&Json::Bool(true)));
}

#[test]
fn the_chatbot_knows_orders_alone_and_asks_the_model_that_is_chosen() {
    for model in ["", "anthropic.claude-3-haiku-20240307-v1:0"] {
        let stack = resolved(&[("ChatbotModelId", model)]);
        let chatbot = stack.functions.iter().find(|function| function.spec.handler == "chatbot").unwrap();
        let environment = &chatbot.spec.environment;
        assert_eq!(environment["BEDROCK_MODEL_ID"], model);
        let tables: Vec<_> =
            environment.keys().filter(|name| name.contains("TABLE") || name.contains("QUEUE")).collect();
        assert_eq!(tables, ["ORDERS_TABLE"], "it has no other");
    }
}

/// Where a document refers to, and what it may be referred to for.
fn references(value: &Json, found: &mut BTreeSet<String>) {
    match value {
        Json::Object(map) => {
            found.extend(map.get("$ref").and_then(Json::as_str).map(str::to_owned));
            map.values().for_each(|value| references(value, found));
        }
        Json::Array(items) => items.iter().for_each(|item| references(item, found)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

#[test]
fn what_its_document_refers_to_is_there_and_nothing_else() {
    let stack = resolved(&[]);
    let body = &stack.apis[0].spec.body;
    let mut found = BTreeSet::new();
    references(body, &mut found);
    let parts = ["schemas", "responses"].into_iter().flat_map(|part| {
        let all = body["components"][part].as_object().unwrap();
        all.keys().map(move |name| format!("#/components/{part}/{name}"))
    });
    assert_eq!(found, parts.collect());
}

#[test]
fn whatever_is_cached_is_cached_for_one_key() {
    let stack = resolved(&[]);
    let api = &stack.apis[0].spec;
    let cached: Vec<_> = api.method_settings.iter().filter(|settings| settings.cached_for.is_some()).collect();
    assert_eq!(cached.len(), 2);
    for settings in cached {
        let Method::One { path, verb: Some(verb) } = &settings.method else { panic!("{settings:?}") };
        let method = &api.body["paths"][path][verb.to_lowercase()];
        let keys = method["x-amazon-apigateway-integration"]["cacheKeyParameters"].as_array().unwrap();
        let keys: Vec<&str> = keys.iter().map(|key| key.as_str().unwrap()).collect();
        assert!(keys.contains(&"method.request.header.x-api-key"), "{path}");
        // The rest of what the answer depends on, which API Gateway takes only if it is declared.
        for parameter in method["parameters"].as_array().unwrap() {
            let place = match parameter["in"].as_str().unwrap() {
                "query" => "querystring",
                other => other,
            };
            let key = format!("method.request.{place}.{}", parameter["name"].as_str().unwrap());
            assert!(keys.contains(&key.as_str()), "{key} of {path}");
        }
    }
}

#[test]
fn an_order_is_told_of_once_when_it_comes_in_and_once_when_it_is_done() {
    let stack = resolved(&[]);
    let matches = |pipe: &str, event: &str| {
        let pipe = stack.pipes.iter().find(|candidate| candidate.spec.name.as_str() == pipe).unwrap();
        pipe.spec.filters.iter().any(|filter| {
            let parsed = pattern::Pattern::parse(filter, pattern::Dialect::Pipe).unwrap();
            parsed.matches_json(event.as_bytes()).unwrap()
        })
    };
    let event = |name: &str, old: &str, new: &str, tags: &str| {
        let old =
            if old.is_empty() { String::new() } else { format!(r#""OldImage": {{"status": {{"S": "{old}"}}}}, "#) };
        format!(r#"{{"eventName": "{name}", "dynamodb": {{{old}"NewImage": {{"status": {{"S": "{new}"}}{tags}}}}}}}"#)
    };
    let tags = |tier: &str, test: bool| format!(r#", "tier": {{"S": "{tier}"}}, "test": {{"BOOL": {test}}}"#);
    let cases = [
        ("INSERT", "", "PENDING", tags("standard", false), true, false),
        ("INSERT", "", "PENDING", tags("premium", false), true, false),
        ("INSERT", "", "PENDING", tags("small", false), false, false),
        ("INSERT", "", "PENDING", tags("premium", true), false, false),
        ("INSERT", "", "PENDING", String::new(), true, false),
        ("INSERT", "", "COMPLETED", tags("premium", false), false, false),
        ("MODIFY", "PENDING", "PENDING", tags("premium", false), false, false),
        ("MODIFY", "PENDING", "VALIDATING", tags("premium", false), false, false),
        ("MODIFY", "FULFILLMENT", "COMPLETED", tags("standard", false), true, false),
        ("MODIFY", "FULFILLMENT", "COMPLETED", tags("premium", false), true, true),
        ("MODIFY", "FULFILLMENT", "COMPLETED", tags("premium", true), false, false),
        ("MODIFY", "FULFILLMENT", "COMPLETED", String::new(), true, true),
        ("MODIFY", "FULFILLMENT", "FAILED", tags("premium", false), false, false),
    ];
    for (name, old, new, tags, standard, premium) in cases {
        let event = event(name, old, new, &tags);
        assert_eq!(matches("commerce-standard-orders", &event), standard, "standard: {event}");
        assert_eq!(matches("commerce-premium-orders", &event), premium, "premium: {event}");
    }
}
