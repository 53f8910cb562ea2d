//! What the parts of a request's way through the gateway cost, on one thread.
//!
//! `cargo bench -p gateway` prints one line for each: the median of several rounds, in nanoseconds.

use gateway::admission::{Admission, Request, Stage};
use gateway::keys::{KeyId, KeyRecord, Keys, PlanName, Scope, Secret, Tenant};
use gateway::limits::{Ask, Asked, Limits, MethodRate, Period, Plan, Quota, Rate, Usage};
use gateway::route::{Method, RouteId};
use serde_json::json;
use std::hint::black_box;
use std::time::Instant;
use types::Timestamp;

const ROUNDS: usize = 9;

fn main() {
    let stage = stage();
    let (keys, secret) = keys();
    let now = Timestamp::from_millis(1_700_000_000_000);
    let plan = &stage.plans[0];
    let key = KeyId::new("k-0123456789");
    let mut usage = Usage::default();
    let asked = Asked { resource: "/orders", method: Method::Post };
    let ask = Ask { key: Some((&key, plan)), stage: &stage.limits, asked };
    let _ = usage.decide(&ask, now);
    let kept = usage.keep(now);
    usage.kept(&kept);
    measure("limits: key, method, quota and stage", 5_000, || {
        black_box(usage.decide(black_box(&ask), now));
    });

    let headers = [("host", "localhost"), ("content-type", "application/json"), ("x-api-key", secret.show())];
    let post = Request { method: "POST", path: "/orders", query: None, headers: &headers };
    let get =
        Request { method: "GET", path: "/orders/0190a5b4-7c3e-7d2a-9f10-3b5c6d7e8f90", query: None, headers: &headers };
    measure("admit POST /orders, without limits", 20_000, || {
        let admission = stage.admit(&keys, black_box(&post), |_| gateway::limits::Verdict::Taken);
        assert!(matches!(black_box(admission), Admission::Admitted(_)));
    });
    measure("admit GET /orders/{orderId}, without limits", 20_000, || {
        let admission = stage.admit(&keys, black_box(&get), |_| gateway::limits::Verdict::Taken);
        assert!(matches!(black_box(admission), Admission::Admitted(_)));
    });
    measure("the key alone: SHA-256 and look-up", 20_000, || {
        black_box(keys.find(Some(black_box(secret.show())), &[]));
    });
    let body = body();
    let route = stage.api.routes.iter().position(|route| route.resource.as_ref() == "/orders").expect("it is there");
    let name = format!("check_body of {} bytes", body.len());
    measure(&name, 20_000, || {
        assert!(
            black_box(stage.check_body(RouteId(route), Some("application/json"), black_box(body.as_bytes()))).is_ok()
        );
    });
    measure("the same bytes by serde_json into a Value", 20_000, || {
        black_box(serde_json::from_slice::<serde_json::Value>(black_box(body.as_bytes())).is_ok());
    });
}

fn measure(name: &str, times: u32, mut act: impl FnMut()) {
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            (0..times).for_each(|_| act());
            begun.elapsed().as_nanos() as f64 / f64::from(times)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    println!("{name:48} {:8.0} ns   ({:.0} to {:.0})", rounds[ROUNDS / 2], rounds[0], rounds[ROUNDS - 1]);
}

fn body() -> String {
    let item = |sku: &str| json!({"sku": sku, "name": "A thing to be sold", "quantity": 2, "price": "19.99"});
    json!({
        "customerId": "C-100042", "customerEmail": "vip.customer@example.com", "currency": "USD",
        "items": [item("SKU-0001"), item("SKU-0002"), item("SKU-0003")],
        "shippingAddress": {"name": "A. Customer", "line1": "12 Long Street", "city": "Springfield", "country": "US"},
        "note": "Please leave it at the door.",
    })
    .to_string()
}

fn stage() -> Stage {
    let text = |max: u64| json!({"type": "string", "minLength": 1, "maxLength": max});
    let proxy = json!({
        "type": "aws_proxy", "httpMethod": "POST",
        "uri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/\
                arn:aws:lambda:us-east-1:000000000000:function:OrderApi/invocations",
    });
    let document = json!({
        "openapi": "3.0.1", "info": {"title": "shop", "version": "1"},
        "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": true, "validateRequestParameters": true}},
        "x-amazon-apigateway-request-validator": "all",
        "security": [{"api_key": []}],
        "components": {
            "securitySchemes": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
            "schemas": {
                "Item": {"type": "object", "required": ["sku", "name", "quantity", "price"], "additionalProperties": false,
                    "properties": {
                        "sku": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"}, "name": text(200),
                        "quantity": {"type": "integer", "minimum": 1, "maximum": 1000},
                        "price": {"oneOf": [{"type": "string", "pattern": "^[0-9]{1,9}(\\.[0-9]{1,2})?$"},
                                            {"type": "number", "minimum": 0, "multipleOf": 0.01}]}}},
                "Order": {"type": "object", "required": ["customerId", "customerEmail", "items"],
                    "additionalProperties": false, "properties": {
                        "customerId": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
                        "customerEmail": {"type": "string", "format": "email"},
                        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
                        "items": {"type": "array", "minItems": 1, "maxItems": 100,
                                  "items": {"$ref": "#/components/schemas/Item"}},
                        "shippingAddress": {"type": "object", "additionalProperties": text(200)}, "note": text(500)}},
            },
        },
        "paths": {
            "/orders": {"post": {"x-orderflow-scope": "orders:write", "x-amazon-apigateway-integration": proxy,
                "requestBody": {"required": true,
                                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}}},
            "/orders/{orderId}": {"get": {"x-orderflow-scope": "orders:read", "x-amazon-apigateway-integration": proxy,
                "parameters": [{"name": "orderId", "in": "path", "required": true,
                                "schema": {"type": "string", "format": "uuid"}}]}},
            "/orders/{orderId}/cancel": {"post": {"x-amazon-apigateway-integration": proxy}},
            "/customers/{id}/orders": {"get": {"x-amazon-apigateway-integration": proxy}},
        },
    });
    let api = gateway::openapi::read(&document).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let rate = Rate::new(1e9, 1_000_000_000).expect("a rate");
    let methods = vec![MethodRate { resource: "/orders".into(), method: Method::Post, rate }];
    let limits = Limits { overall: Some(rate), methods };
    let quota = Some(Quota { limit: 1_000_000, offset: 0, period: Period::Month });
    let plans = vec![Plan { name: PlanName::new("standard"), limits: limits.clone(), quota }];
    Stage { name: "dev".into(), api, plans, limits, body_max: 1 << 20 }
}

fn keys() -> (Keys, Secret) {
    let mut keys = Keys::default();
    for which in 0..100u8 {
        let secret = Secret::generate([which; 24]);
        keys.put(KeyRecord {
            id: KeyId::new(format!("k-{which}")),
            hash: secret.hash(),
            name: "bench".into(),
            tenant: Tenant::new("t"),
            plan: PlanName::new("standard"),
            scopes: vec![Scope::new("orders:read"), Scope::new("orders:write")],
            created_at: Timestamp::EPOCH,
            revoked_at: None,
            last_four: secret.last_four().into(),
        });
    }
    (keys, Secret::generate([42; 24]))
}
