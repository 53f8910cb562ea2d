//! What the paths under /_orderflow/ answer.

use super::*;
use crate::{convert, up};
use console::config::Config;
use orders::FailingOrders;
use serde_json::Value as Json;
use stack::{Environment, Overrides, Template};
use std::time::{Duration, Instant};
use types::Timestamp;

/// The premium stack; what fails is given up at once.
const PREMIUM: &str = include_str!("../../../../stacks/premium.yaml");

/// Asks a server that runs the premium stack, whose functions fail on `ORD-BAD`.
struct Asked {
    app: App,
    runtime: tokio::runtime::Runtime,
    _directory: tempfile::TempDir,
}

impl Asked {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (engine, _) = console::open::open(&Config::default(), directory.path()).unwrap();
        let engine = Arc::new(engine);
        let text = PREMIUM.replace("MaximumRetryAttempts: 3", "MaximumRetryAttempts: 0");
        let template = Template::parse(&text, "premium.yaml").unwrap();
        let handlers: Vec<&str> = orders::catalogue().iter().map(|entry| entry.name).collect();
        let stack = template.resolve(&Environment::local("premium"), &Overrides::new(), &handlers).unwrap();
        engine.deploy(&convert::spec_of(&stack)).unwrap();
        let stacks = vec!["premium".to_owned()];
        let functions = Arc::new(up::functions(&engine, &stacks, FailingOrders::parse("ORD-BAD")).unwrap());
        engine.start(&stacks, Arc::clone(&functions) as Arc<dyn engine::Functions>).unwrap();
        let app = App::of_test(engine, functions, stacks);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { app, runtime, _directory: directory }
    }

    /// Writes an order, and waits until it has failed.
    fn put_bad_order(&self) {
        let at = Timestamp::from_millis(1_761_915_600_000);
        let order = orders::sample::orders(1, 1).next().unwrap();
        let order = orders::sample::SampleOrder { id: "ORD-BAD".to_owned(), ..order };
        let write = engine::TableWrite {
            table: self.app.engine.table(&"NewOrders".parse().unwrap()).unwrap(),
            write: table::Write::Put(order.item(orders::Layout::NewOrders, "pending", at, at)),
            condition: table::Condition::Always,
            return_old: false,
        };
        self.runtime.block_on(self.app.engine.write(vec![write])).unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let (_, shown) = self.ask("GET", "/dlq/show?queue=StandardOrdersDLQ", "");
            if shown["messages"][0].is_object() {
                return;
            }
            assert!(Instant::now() < deadline, "{shown}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn ask(&self, method: &str, target: &str, body: &str) -> (u16, Json) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = format!("/_orderflow{path}");
        let answer = self.runtime.block_on(answer(&self.app, method, &path, query, body.as_bytes()));
        assert_eq!(answer.content_type, "application/json");
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.app.engine.stop();
    }
}

#[test]
fn each_path_answers_with_its_view() {
    let asked = Asked::new();
    asked.put_bad_order();
    let cases: [(&str, &str, &str, &str); 11] = [
        ("GET", "/health", "", "/tables/0/layout"),
        ("GET", "/vitals", "", "/queues/0/queue"),
        ("GET", "/explain?order=ORD-BAD", "", "/histories/0/changes/0/pipes/0/verdict/kind"),
        ("GET", "/dlq/list", "", "/queues/1/oldest/0/dead/error"),
        ("GET", "/dlq/show?queue=StandardOrdersDLQ&limit=1", "", "/messages/0/records/0/eventName"),
        ("POST", "/dlq/redrive", r#"{"queue":"StandardOrdersDLQ","dryRun":true}"#, "/letters/0/result/function"),
        ("GET", "/logs", "", "/groups/0/name"),
        ("GET", "/logs?group=OrderProcessor&limit=5&since=0", "", "/lines/0/message"),
        ("GET", "/pipes", "", "/pipes/0/pipe"),
        ("POST", "/pipes/stop?name=premium-premium-orders", "", "/pipes/0/function"),
        ("POST", "/pipes/start?name=premium-premium-orders", "", "/pipes/1/table"),
    ];
    for (method, target, body, member) in cases {
        let (status, json) = asked.ask(method, target, body);
        assert_eq!(status, 200, "{target}: {json}");
        assert!(json.pointer(member).is_some_and(Json::is_string), "{target}: no {member} in {json}");
    }
    assert_eq!(asked.ask("GET", "/doctor", "").1["findings"], Json::Array(vec![]));
}

#[test]
fn what_is_asked_wrongly_is_told() {
    let asked = Asked::new();
    let cases = [
        ("GET", "/explian?order=1", "", 404, "there is nothing at /_orderflow/explian"),
        ("POST", "/explain?order=1", "", 400, "/_orderflow/explain is asked with GET, not with POST"),
        ("GET", "/explain", "", 400, "the parameter order is missing"),
        ("GET", "/explain?order=1&ordr=2", "", 400, "there is no parameter ordr here; there is: order"),
        ("GET", "/explain?order=%zz", "", 400, "order: the value is not UTF-8 in percent encoding"),
        ("GET", "/dlq/list?limit=0", "", 400, "the parameter limit is not between 1 and 1000"),
        ("GET", "/dlq/show?queue=StandardOrdersDLQ&id=x", "", 400, "the parameter id is not a number in range"),
        ("GET", "/dlq/show?queue=Nope", "", 404, "there is no queue Nope"),
        (
            "POST",
            "/dlq/redrive",
            r#"{"queue":"StandardOrdersDLQ","dry_run":true}"#,
            400,
            "the body: unknown field `dry_run`",
        ),
        ("POST", "/dlq/redrive", "", 400, "the body: EOF"),
        ("GET", "/logs?since=1", "", 400, "there is no parameter since here; there is: none"),
        ("GET", "/logs?group=Premium&filter=%7B", "", 400, "invalid filter pattern"),
        ("POST", "/pipes/stop", "", 400, "the parameter name is missing"),
        ("GET", "/doctor?fast=1", "", 400, "there is no parameter fast here; there is: none"),
    ];
    for (method, target, body, status, error) in cases {
        let (got, json) = asked.ask(method, target, body);
        assert_eq!(got, status, "{target}: {json}");
        assert!(json["error"].as_str().unwrap().starts_with(error), "{target}: {json}");
    }
    let (_, json) = asked.ask("GET", "/", "");
    assert!(json["hint"].as_str().unwrap().contains("GET /_orderflow/explain?order="), "{json}");
}
