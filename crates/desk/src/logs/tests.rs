//! What clients are told of log groups, by an engine with a disk.

use super::*;
use runtime::Runtime;
use serde_json::{Value as Json, json};
use std::path::Path;
use wire::{Context, RequestHead};

fn no_functions(engine: &Arc<engine::Engine>) -> Runtime {
    let printer = |_: &str, _: &str, _: &[(types::Timestamp, &str)]| Ok(());
    Runtime::new(&Arc::downgrade(engine), [], Default::default(), Arc::new(printer)).unwrap()
}

/// A server that runs no stack.
struct Asked {
    backend: Backend,
    runtime: tokio::runtime::Runtime,
}

impl Asked {
    /// One whose disk is full if less than so many bytes of it are free.
    fn open(directory: &Path, floor_clients_bytes: u64) -> Self {
        let options = engine::Options {
            account: Default::default(),
            directory: directory.to_owned(),
            store: store::Options { floor_clients_bytes, floor_engine_bytes: 0, ..Default::default() },
            on_fatal: Box::new(|fatal| panic!("{fatal}")),
            keep_changes_for: std::time::Duration::from_secs(3600),
            log_bytes_max: 1 << 30,
        };
        let engine = Arc::new(engine::Engine::open(options).unwrap().0);
        let functions = no_functions(&engine);
        let backend = Backend::new(engine, Arc::new(functions), Vec::new());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { backend, runtime }
    }

    /// What a call is answered: nothing if it is done, or the error's name.
    fn ask(&self, operation: &str, body: &Json) -> Result<Json, String> {
        let target = format!("Logs_20140328.{operation}");
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
        let head = RequestHead { method: "POST", path: "/", query: "", headers: &headers };
        let context = Context { account: Default::default(), base_url: "http://127.0.0.1:4566".to_owned() };
        let body = body.to_string();
        let reply = Reply::new(&head, body.as_bytes(), "a request", &context);
        let answer = self.runtime.block_on(crate::answer(&self.backend, &reply, &head, body.as_bytes()));
        let said: Json = serde_json::from_slice(&answer.body).unwrap_or(Json::Null);
        if answer.status == 200 { Ok(said) } else { Err(said["__type"].as_str().unwrap_or_default().to_owned()) }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.backend.engine.stop();
    }
}

fn filter(group: &str, name: &str) -> Json {
    let transformation = json!({"metricName": "M", "metricNamespace": "N", "metricValue": "1"});
    json!({
        "logGroupName": group, "filterName": name, "filterPattern": "x", "metricTransformations": [transformation],
    })
}

#[test]
fn a_full_disk_refuses_what_takes_up_room_and_deletes_all_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let group = json!({"logGroupName": "g"});
    let stream = json!({"logGroupName": "g", "logStreamName": "s"});
    let event = json!({"timestamp": engine::now().millis(), "message": "x"});
    let writes = [
        ("CreateLogGroup", json!({"logGroupName": "g2"})),
        ("CreateLogStream", json!({"logGroupName": "g", "logStreamName": "s2"})),
        ("PutLogEvents", json!({"logGroupName": "g", "logStreamName": "s", "logEvents": [event]})),
        ("PutRetentionPolicy", json!({"logGroupName": "g", "retentionInDays": 7})),
        ("DeleteRetentionPolicy", group.clone()),
        ("TagLogGroup", json!({"logGroupName": "g", "tags": {"k": "v"}})),
        ("UntagLogGroup", json!({"logGroupName": "g", "tags": ["k"]})),
        ("PutMetricFilter", filter("g", "f")),
    ];
    let asked = Asked::open(directory.path(), u64::MAX / 2);
    // As it was made before the disk was full.
    asked.backend.engine.lines().create_group("g", None, 1).unwrap();
    asked.backend.engine.lines().create_stream("g", "s", 1).unwrap();
    for (operation, body) in &writes {
        let refused = asked.ask(operation, body);
        assert_eq!(refused, Err("ServiceUnavailableException".to_owned()), "{operation}");
    }
    assert_eq!(asked.ask("DescribeLogGroups", &json!({})).unwrap()["logGroups"][0]["logGroupName"], "g");
    assert_eq!(asked.ask("ListTagsLogGroup", &group).unwrap(), json!({"tags": {}}));
    asked.ask("DeleteLogStream", &stream).unwrap();
    asked.ask("DeleteLogGroup", &group).unwrap();
    asked.ask("DeleteLogGroup", &group).unwrap_err();
    // With room, each of them is taken.
    let directory = tempfile::tempdir().unwrap();
    let asked = Asked::open(directory.path(), 0);
    asked.ask("CreateLogGroup", &group).unwrap();
    asked.ask("CreateLogStream", &stream).unwrap();
    for (operation, body) in &writes {
        asked.ask(operation, body).unwrap_or_else(|error| panic!("{operation}: {error}"));
    }
}

#[test]
fn a_deleted_group_leaves_no_filter_behind_and_others_theirs() {
    let directory = tempfile::tempdir().unwrap();
    let asked = Asked::open(directory.path(), 0);
    let filters = || -> Vec<String> {
        let told = asked.ask("DescribeMetricFilters", &json!({})).unwrap();
        let told = told["metricFilters"].as_array().unwrap();
        told.iter().map(|filter| filter["filterName"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(asked.ask("PutMetricFilter", &filter("g", "f")), Err("ResourceNotFoundException".to_owned()));
    for group in ["g", "h"] {
        asked.ask("CreateLogGroup", &json!({"logGroupName": group})).unwrap();
        asked.ask("PutMetricFilter", &filter(group, &format!("of-{group}"))).unwrap();
    }
    assert_eq!(filters(), ["of-g", "of-h"]);
    // The group cannot be put aside: its filters are gone already, and asking again deletes it.
    let (lines, away) = (directory.path().join("lines"), directory.path().join("away"));
    std::fs::rename(&lines, &away).unwrap();
    asked.ask("DeleteLogGroup", &json!({"logGroupName": "g"})).unwrap_err();
    assert_eq!(filters(), ["of-h"]);
    std::fs::rename(&away, &lines).unwrap();
    asked.ask("DeleteLogGroup", &json!({"logGroupName": "g"})).unwrap();
    let gone = asked.ask("DeleteLogGroup", &json!({"logGroupName": "g"}));
    assert_eq!(gone, Err("ResourceNotFoundException".to_owned()));
}

#[test]
fn a_group_gets_no_more_tags_than_it_may_have() {
    let directory = tempfile::tempdir().unwrap();
    let asked = Asked::open(directory.path(), 0);
    let tags = |numbers: Range<usize>| -> BTreeMap<String, String> {
        numbers.map(|number| (format!("k{number:02}"), "v".to_owned())).collect()
    };
    asked.ask("CreateLogGroup", &json!({"logGroupName": "g", "tags": tags(0..40)})).unwrap();
    let refused = asked.ask("TagLogGroup", &json!({"logGroupName": "g", "tags": tags(35..51)}));
    assert_eq!(refused, Err("TooManyTagsException".to_owned()));
    let listed = || asked.ask("ListTagsLogGroup", &json!({"logGroupName": "g"})).unwrap();
    assert_eq!(listed(), json!({"tags": tags(0..40)}));
    asked.ask("TagLogGroup", &json!({"logGroupName": "g", "tags": tags(35..50)})).unwrap();
    asked.ask("UntagLogGroup", &json!({"logGroupName": "g", "tags": ["k00"]})).unwrap();
    assert_eq!(listed(), json!({"tags": tags(1..50)}));
}

/// What was brought is found, also by its group's retention, and a group that is gone takes nothing.
#[test]
fn brought_lines_are_found() {
    let directory = tempfile::tempdir().unwrap();
    let asked = Asked::open(directory.path(), 0);
    let now = engine::now().millis();
    let old = now - 3 * 24 * 3_600_000;
    let put = |at: i64| {
        let event = json!({"timestamp": at, "message": format!("at {at}")});
        asked.ask("PutLogEvents", &json!({"logGroupName": "g", "logStreamName": "s", "logEvents": [event]}))
    };
    assert_eq!(put(now), Err("ResourceNotFoundException".to_owned()));
    asked.ask("CreateLogGroup", &json!({"logGroupName": "g"})).unwrap();
    assert_eq!(put(now), Err("ResourceNotFoundException".to_owned()));
    asked.ask("CreateLogStream", &json!({"logGroupName": "g", "logStreamName": "s"})).unwrap();
    put(old).unwrap();
    asked.ask("PutRetentionPolicy", &json!({"logGroupName": "g", "retentionInDays": 1})).unwrap();
    let rejected = put(old).unwrap();
    assert_eq!(rejected["rejectedLogEventsInfo"], json!({"expiredLogEventEndIndex": 1}));
    put(now).unwrap();
    let found = asked.ask("FilterLogEvents", &json!({"logGroupName": "g"})).unwrap();
    let found: Vec<&Json> = found["events"].as_array().unwrap().iter().map(|event| &event["message"]).collect();
    assert_eq!(found, [&json!(format!("at {old}")), &json!(format!("at {now}"))]);
    asked.ask("DeleteLogGroup", &json!({"logGroupName": "g"})).unwrap();
    assert_eq!(put(now), Err("ResourceNotFoundException".to_owned()));
}
