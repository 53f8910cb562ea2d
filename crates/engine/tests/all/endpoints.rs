//! HTTP endpoints as targets: called as their rules say, tried again, given up, called once more by hand; a slow one holds
//! nobody up, and what the engine itself says goes the same ways.

use crate::buses::{bodies, entry, events_stack, rule, target, to_queue};
use crate::fixture::*;
use delivery::bus::HttpSpec;
use delivery::bus::endpoint::{AuthSpec, ConnectionSpec, DestinationSpec, Method, SecretSpec};
use engine::endpoints::{Answer, Call};
use engine::spec::*;
use engine::{BusError, Engine, Functions, Invoked, Redriven};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;
use types::{FunctionName, Record};

const ARN: &str = "us-east-1:000000000000";
const ALL: Option<&str> = Some(r#"{"source":["shop"]}"#);
const SECRET: &str = "not to be seen by anybody";

/// Endpoints that remember what they were asked.
struct Endpoints {
    calls: Mutex<Vec<Call>>,
    /// What they answer.
    status: AtomicU16,
    /// Whoever is asked at this host waits for one of these.
    slow: Semaphore,
    under_way: AtomicUsize,
    most: AtomicUsize,
}

impl Default for Endpoints {
    fn default() -> Self {
        Self {
            calls: Mutex::default(),
            status: AtomicU16::new(204),
            slow: Semaphore::new(0),
            under_way: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        }
    }
}

impl Endpoints {
    fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    fn of_host(&self, host: &str) -> usize {
        self.calls().iter().filter(|call| call.authority == host).count()
    }
}

impl Functions for Endpoints {
    fn invoke(&self, _: &FunctionName, _: &[Record]) -> Invoked {
        Invoked::NotRun { reason: "there are none".to_owned() }
    }

    fn call<'a>(&'a self, call: &'a Call) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        Box::pin(async move {
            self.calls.lock().unwrap().push(call.clone());
            if call.authority == "slow.example" {
                let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
                self.most.fetch_max(now, Ordering::SeqCst);
                self.slow.acquire().await.unwrap().forget();
                self.under_way.fetch_sub(1, Ordering::SeqCst);
            }
            Answer::Status { status: self.status.load(Ordering::SeqCst), retry_after: None }
        })
    }
}

fn known_as(name: &str) -> ConnectionSpec {
    let auth = AuthSpec::ApiKey { header: "X-Key".to_owned(), value: SecretSpec::Text(SECRET.to_owned()) };
    let name = name.parse().unwrap();
    ConnectionSpec { name, description: None, auth, headers: vec![], query: vec![], body: vec![], says_added: false }
}

fn endpoint(name: &str, url: &str) -> DestinationSpec {
    DestinationSpec {
        name: name.parse().unwrap(),
        description: None,
        connection: format!("arn:aws:events:{ARN}:connection/c/1"),
        endpoint: url.to_owned(),
        method: Method::Post,
        per_second: None,
    }
}

fn to_endpoint(id: &str, name: &str) -> TargetSpec {
    target(id, &format!("arn:aws:events:{ARN}:api-destination/{name}/1"))
}

/// Endpoints `quick` and `slow`, and these rules.
fn stack(rules: Vec<BusRuleSpec>) -> StackSpec {
    let mut stack = events_stack(rules);
    let known = |spec: DestinationSpec| Known { id: "1".to_owned(), spec };
    stack.events.connections = vec![Known { id: "1".to_owned(), spec: known_as("c") }];
    stack.events.destinations = vec![
        known(endpoint("quick", "https://quick.example/orders/*")),
        known(endpoint("slow", "https://slow.example/")),
    ];
    stack
}

fn begin(directory: &Path, stack: &StackSpec, endpoints: &Arc<Endpoints>) -> Engine {
    let engine = open(directory);
    engine.deploy(stack).unwrap();
    engine.start(std::slice::from_ref(&stack.name), Arc::clone(endpoints) as Arc<dyn Functions>).unwrap();
    engine
}

fn put(engine: &Engine, bus: &str, count: usize) {
    for _ in 0..count {
        run(engine.put_events(vec![entry(bus, r#"{"id":"A-1"}"#)])).unwrap().remove(0).unwrap();
    }
}

fn with_order(target: TargetSpec) -> TargetSpec {
    let http = HttpSpec { path_values: vec!["$.detail.id".to_owned()], ..HttpSpec::default() };
    TargetSpec { http, ..target }
}

fn attribute(message: &engine::Message, name: &str) -> Option<String> {
    match &message.attributes.get(name)?.value {
        engine::AttributeValue::Text(text) => Some(text.clone()),
        engine::AttributeValue::Bytes(_) => None,
    }
}

#[test]
fn an_endpoint_is_called_again_and_given_up_and_called_once_more_by_hand() {
    let directory = tempfile::tempdir().unwrap();
    let endpoints = Arc::new(Endpoints::default());
    let hasty = TargetSpec {
        retries: Some(2),
        dead_letters: Some(format!("arn:aws:sqs:{ARN}:Dead")),
        ..with_order(to_endpoint("t", "quick"))
    };
    let engine = begin(directory.path(), &stack(vec![rule("orders", "r", ALL, vec![hasty])]), &endpoints);
    endpoints.status.store(503, Ordering::SeqCst);
    put(&engine, "orders", 1);
    let dead = || engine.browse(&"Dead".parse().unwrap(), 0, 10).unwrap();
    eventually(|| dead().len() == 1, || "the dead letter".to_owned());
    let calls = endpoints.calls();
    assert_eq!(calls.len(), 3);
    assert!(calls.iter().all(|call| call.id == calls[0].id && call.body == calls[0].body), "it is the same call");
    assert_eq!((calls[0].authority.as_str(), calls[0].path.as_str()), ("quick.example", "/orders/A-1"));
    assert!(calls[0].headers.contains(&("X-Key".to_owned(), SECRET.to_owned())));
    let letter = dead().remove(0);
    let said: BTreeMap<&str, String> =
        ["RULE_ARN", "TARGET_ARN", "ERROR_CODE", "ERROR_MESSAGE", "RETRY_ATTEMPTS", "EXHAUSTED_RETRY_CONDITION"]
            .map(|name| (name, attribute(&letter, name).unwrap_or_else(|| panic!("{name}"))))
            .into();
    assert_eq!(said["RULE_ARN"], format!("arn:aws:events:{ARN}:rule/orders/r"));
    assert_eq!(said["TARGET_ARN"], format!("arn:aws:events:{ARN}:api-destination/quick/1"));
    assert_eq!((said["ERROR_CODE"].as_str(), said["RETRY_ATTEMPTS"].as_str()), ("ERROR_FROM_TARGET", "2"));
    assert_eq!(said["EXHAUSTED_RETRY_CONDITION"], "MaximumRetryAttempts");
    assert!(said["ERROR_MESSAGE"].contains("503"));

    let again = |dry_run: bool| {
        let redrive =
            engine::Redrive { queue: "Dead".parse().unwrap(), id: None, containing: None, per_second: None, dry_run };
        let mut done = Vec::new();
        engine.redrive(&redrive, &mut |one| done.push(one)).unwrap();
        done
    };
    let id = letter.id;
    let to = || "API destination quick".to_owned();
    assert_eq!(again(true), [Redriven::Would { id, function: to(), records: 1 }]);
    let failed = Redriven::Failed { id, error: "ERROR_FROM_TARGET: the endpoint answered with status 503".to_owned() };
    assert_eq!(again(false), [failed]);
    assert_eq!(endpoints.calls().len(), 4, "it is tried once");
    endpoints.status.store(200, Ordering::SeqCst);
    assert_eq!(again(false), [Redriven::Delivered { id, function: to(), records: 1 }]);
    assert_eq!((endpoints.calls().len(), dead().len()), (5, 0));
    assert_eq!(endpoints.calls()[4].id, calls[0].id, "the receiver knows that it is the same");
    assert_eq!(again(false), []);
    down(engine);
}

#[test]
fn what_stays_refused_is_given_up_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let endpoints = Arc::new(Endpoints::default());
    let dead = |target: TargetSpec| TargetSpec { dead_letters: Some(format!("arn:aws:sqs:{ARN}:Dead")), ..target };
    let gone = target("gone", &format!("arn:aws:events:{ARN}:api-destination/quick/2"));
    let targets = vec![dead(gone), dead(to_endpoint("less", "quick")), dead(with_order(to_endpoint("t", "quick")))];
    let engine = begin(directory.path(), &stack(vec![rule("orders", "r", ALL, targets)]), &endpoints);
    endpoints.status.store(404, Ordering::SeqCst);
    put(&engine, "orders", 1);
    let codes = || {
        let letters = engine.browse(&"Dead".parse().unwrap(), 0, 10).unwrap();
        let mut codes: Vec<_> = letters.iter().filter_map(|letter| attribute(letter, "ERROR_CODE")).collect();
        codes.sort();
        codes
    };
    eventually(|| codes().len() == 3, || format!("{:?}", codes()));
    assert_eq!(codes(), ["INVALID_PARAMETER", "NO_RESOURCE", "SDK_CLIENT_ERROR"]);
    assert_eq!(endpoints.calls().len(), 1);
    down(engine);
}

#[test]
fn a_slow_endpoint_holds_nobody_up() {
    let directory = tempfile::tempdir().unwrap();
    let endpoints = Arc::new(Endpoints::default());
    let rules = vec![
        rule("orders", "slow", ALL, vec![to_endpoint("t", "slow")]),
        rule("other", "quick", ALL, vec![with_order(to_endpoint("t", "quick"))]),
    ];
    let engine = begin(directory.path(), &stack(rules), &endpoints);
    put(&engine, "orders", 60);
    eventually(|| endpoints.of_host("slow.example") == 8, || "eight slow calls".to_owned());
    put(&engine, "other", 5);
    eventually(|| endpoints.of_host("quick.example") == 5, || "the quick ones".to_owned());
    assert_eq!(endpoints.of_host("slow.example"), 8, "nobody of the slow ones has been answered");
    endpoints.slow.add_permits(60);
    let answered = || endpoints.of_host("slow.example") == 60 && endpoints.under_way.load(Ordering::SeqCst) == 0;
    eventually(answered, || format!("all: {}", endpoints.of_host("slow.example")));
    assert_eq!(endpoints.most.load(Ordering::SeqCst), 8);
    let ids: std::collections::BTreeSet<String> = endpoints.calls().into_iter().map(|call| call.id).collect();
    assert_eq!(ids.len(), 65, "each event once");
    down(engine);
}

#[test]
fn connections_and_endpoints_are_made_changed_and_outlast_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path());
    let made = run(engine.create_connection(known_as("mine"))).unwrap();
    let of = |made: &engine::ConnectionInfo, url: &str| DestinationSpec {
        connection: made.arn.to_string(),
        ..endpoint("d", url)
    };
    let destination = run(engine.create_destination(of(&made, "https://a.example"))).unwrap();
    assert!(destination.active);
    assert!(matches!(run(engine.create_connection(known_as("mine"))), Err(BusError::Exists { .. })));
    assert!(matches!(run(engine.create_destination(of(&made, "nowhere"))), Err(BusError::Endpoint(_))));
    let elsewhere = DestinationSpec { name: "e".parse().unwrap(), ..endpoint("d", "https://a.example") };
    assert!(matches!(run(engine.create_destination(elsewhere)), Err(BusError::NotFound(_))));
    let name = "d".parse().unwrap();
    run(engine.update_destination(&name, |spec| spec.per_second = Some(7))).unwrap();
    assert!(run(engine.update_destination(&name, |spec| spec.per_second = Some(0))).is_err());
    down(engine);
    let engine = open(directory.path());
    let found = engine.destination(&name).unwrap();
    assert_eq!((found.arn, found.entry.spec.per_second, found.active), (destination.arn, Some(7), true));
    assert_eq!(engine.connections(), [made]);
    assert!(!format!("{:?}", engine.catalog()).contains(SECRET));
    run(engine.delete_connection(&"mine".parse().unwrap())).unwrap();
    assert!(!engine.destination(&name).unwrap().active);
    run(engine.delete_destination(&name)).unwrap();
    assert_eq!(engine.destinations(), []);
    down(engine);
}

#[test]
fn a_stack_takes_its_endpoints_away_and_leaves_those_of_others() {
    let directory = tempfile::tempdir().unwrap();
    let endpoints = Arc::new(Endpoints::default());
    let engine = begin(directory.path(), &stack(vec![]), &endpoints);
    run(engine.create_connection(known_as("mine"))).unwrap();
    assert!(matches!(run(engine.delete_connection(&"c".parse().unwrap())), Err(BusError::OfStack { .. })));
    let mut less = stack(vec![]);
    less.events.destinations.remove(0);
    let steps = engine.deploy(&less).unwrap();
    let steps: Vec<_> = steps.iter().map(|step| (step.act, step.kind, step.name.as_str())).collect();
    assert_eq!(steps, [(engine::Act::Removed, "API destination", "quick")]);
    engine.deploy(&events_stack(vec![])).unwrap();
    assert_eq!(engine.destinations(), []);
    assert_eq!(engine.connections().iter().map(|one| one.entry.spec.name.as_str()).collect::<Vec<_>>(), ["mine"]);
    down(engine);
}

/// What AWS's own services say, rules hear; and an alarm's actions go to anybody whom a rule's targets go to.
#[test]
fn the_engine_says_what_no_client_may() {
    let directory = tempfile::tempdir().unwrap();
    let endpoints = Arc::new(Endpoints::default());
    let of_aws = Some(r#"{"source":["aws.cloudwatch"]}"#);
    let rules = vec![
        rule("default", "alarms", of_aws, vec![to_queue("q", "Q")]),
        rule("other", "alarms", of_aws, vec![to_queue("q", "Second")]),
    ];
    let engine = begin(directory.path(), &stack(rules), &endpoints);
    let event = json!({
        "version": "0", "id": "a1", "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch",
        "account": "000000000000", "time": "2024-01-01T00:00:00Z", "region": "us-east-1", "resources": [],
        "detail": {"alarmName": "hot"},
    });
    engine.put_own_event_blocking(&"default".parse().unwrap(), &event).unwrap();
    assert_eq!(bodies(&engine, "Q"), std::slice::from_ref(&event));
    let nowhere = engine.put_own_event_blocking(&"nowhere".parse().unwrap(), &event);
    assert!(matches!(nowhere, Err(BusError::NotFound(_))));

    let by = "alarm-actions".parse().unwrap();
    let tell = |target: TargetSpec| engine.tell_blocking(&by, target, &event).map_err(|error| error.to_string());
    tell(to_queue("action", "Q")).unwrap();
    assert_eq!(bodies(&engine, "Q").len(), 2);
    tell(target("action", &format!("arn:aws:events:{ARN}:event-bus/other"))).unwrap();
    assert_eq!(bodies(&engine, "Second"), std::slice::from_ref(&event));
    assert_eq!(tell(to_queue("action", "Gone")).unwrap_err(), "the queue Gone is not there");
    tell(to_endpoint("action", "slow")).unwrap();
    endpoints.slow.add_permits(1);
    eventually(|| endpoints.calls().len() == 1, || "the call".to_owned());
    let call = endpoints.calls().remove(0);
    assert_eq!(call.id, "a1:alarm-actions:action");
    assert_eq!(serde_json::from_str::<Json>(&call.body).unwrap(), event);
    let refused = tell(target("action", "https://hooks.example/x")).unwrap_err();
    assert!(refused.contains("ORDERFLOW_WEBHOOK_SECRET"), "{refused}");
    down(engine);
}
