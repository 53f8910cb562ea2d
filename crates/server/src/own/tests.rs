//! What the paths under /_orderflow/ answer.

use super::*;
use crate::ask::tests::House;
use crate::config::Config;
use serde_json::Value as Json;

/// Asks a server on this engine.
struct Asked {
    app: App,
    runtime: tokio::runtime::Runtime,
    _house: House,
}

impl Asked {
    fn new() -> Self {
        let house = House::new();
        let printer: Arc<runtime::Printer> = Arc::new(|_: &str, _: &str, _: &[(types::Timestamp, &str)]| Ok(()));
        let none = orders::FailingOrders::default();
        let app = App {
            engine: Arc::clone(&house.engine),
            runtime: Arc::new(runtime::Runtime::new(&Arc::downgrade(&house.engine), [], none, printer).unwrap()),
            config: Config::default(),
            stacks: vec!["premium".to_owned()],
            admin: "127.0.0.1:4566".parse().unwrap(),
            public: "http://127.0.0.1:8080".to_owned(),
            directory: "orderflow-data".into(),
            credentials: Vec::new(),
            front: crate::front::Shared::open(&house.engine).unwrap(),
            pens: Default::default(),
            http: Default::default(),
            calls: Default::default(),
            under_way: Default::default(),
            turns: tokio::sync::Semaphore::new(1),
            rush: Default::default(),
            stopping: Default::default(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { app, runtime, _house: house }
    }

    fn ask(&self, method: &str, target: &str, body: &str) -> (u16, Json) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = format!("/_orderflow{path}");
        let answer = self.runtime.block_on(answer(&self.app, method, &path, query, body.as_bytes()));
        assert_eq!(answer.content_type, "application/json");
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }
}

#[test]
fn each_path_answers_with_its_view() {
    let asked = Asked::new();
    asked._house.put("ORD-BAD", "pending");
    let cases: [(&str, &str, &str, &str); 11] = [
        ("GET", "/health", "", "/tables/0/layout"),
        ("GET", "/vitals", "", "/queues/0/queue"),
        ("GET", "/explain?order=ORD-BAD", "", "/histories/0/changes/0/pipes/0/verdict/kind"),
        ("GET", "/dlq/list", "", "/queues/0/oldest/0/dead/error"),
        ("GET", "/dlq/show?queue=OrdersDLQ&limit=1", "", "/messages/0/records/0/eventName"),
        ("POST", "/dlq/redrive", r#"{"queue":"OrdersDLQ","dryRun":true}"#, "/letters/0/result/function"),
        ("GET", "/logs", "", "/groups/0/name"),
        ("GET", "/logs?group=Standard&limit=5&since=0", "", "/lines/0/message"),
        ("GET", "/pipes", "", "/pipes/0/pipe"),
        ("POST", "/pipes/stop?name=premium-pipe", "", "/pipes/0/function"),
        ("POST", "/pipes/start?name=premium-pipe", "", "/pipes/1/table"),
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
        ("GET", "/dlq/show?queue=OrdersDLQ&id=x", "", 400, "the parameter id is not a number in range"),
        ("GET", "/dlq/show?queue=Nope", "", 404, "there is no queue Nope"),
        ("POST", "/dlq/redrive", r#"{"queue":"OrdersDLQ","dry_run":true}"#, 400, "the body: unknown field `dry_run`"),
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
