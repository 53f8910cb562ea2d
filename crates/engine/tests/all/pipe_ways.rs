//! Pipes from anywhere to anywhere: what each target gets, what an enrichment makes of records, and what becomes of
//! failures.

use crate::buses::{bodies, events_stack, rule, to_queue};
use crate::fixture::*;
use engine::spec::*;
use engine::{Engine, EventDone, Functions, Handed, Invoked, Outgoing};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use types::{FunctionName, QueueName, Record, Version};

/// Functions that answer what they are told to, and remember what they were asked.
#[derive(Default)]
pub(crate) struct Scripted {
    answers: Mutex<BTreeMap<String, VecDeque<EventDone>>>,
    asked: Mutex<Vec<(String, Json)>>,
}

impl Functions for Scripted {
    fn invoke(&self, function: &FunctionName, records: &[Record]) -> Invoked {
        panic!("{function} was called with {} records as they are", records.len())
    }

    fn invoke_event<'a>(
        &'a self,
        function: &'a FunctionName,
        _version: Version,
        event: &'a Handed,
    ) -> Pin<Box<dyn Future<Output = EventDone> + Send + 'a>> {
        self.asked.lock().unwrap().push((function.to_string(), event.payload.clone()));
        let mut answers = self.answers.lock().unwrap();
        let next = answers.get_mut(function.as_str()).and_then(VecDeque::pop_front);
        Box::pin(std::future::ready(next.unwrap_or(EventDone::Answered(Json::Null))))
    }
}

impl Scripted {
    pub(crate) fn answer(&self, function: &str, done: EventDone) {
        self.answers.lock().unwrap().entry(function.to_owned()).or_default().push_back(done);
    }

    pub(crate) fn asked(&self, function: &str) -> Vec<Json> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|(name, _)| name == function).map(|(_, payload)| payload.clone()).collect()
    }

    fn wait_for(&self, function: &str, count: usize) -> Vec<Json> {
        eventually(|| self.asked(function).len() >= count, || format!("{count} calls of {function}"));
        self.asked(function)
    }
}

pub(crate) fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

pub(crate) fn from_queue(pipe: PipeSpec, queue: &str) -> PipeSpec {
    PipeSpec { source: PipeSource::Queue { queue: name(queue) }, dead_letters: None, batch_size: 10, ..pipe }
}

pub(crate) fn into_queue(pipe: PipeSpec, queue: &str) -> PipeSpec {
    PipeSpec { target: PipeTarget::Queue { queue: name(queue) }, batch_size: 10, ..pipe }
}

fn with_input(pipe: PipeSpec, input: &str) -> PipeSpec {
    let parameters = PipeParametersSpec { input: Some(input.to_owned()), ..pipe.parameters };
    PipeSpec { parameters, ..pipe }
}

fn enriched(pipe: PipeSpec, input: Option<&str>) -> PipeSpec {
    let enrichment = EnrichmentSpec { function: name("E"), qualifier: None, input: input.map(str::to_owned) };
    PipeSpec { enrichment: Some(enrichment), ..pipe }
}

/// Table `Orders`, functions `F` and `E`, queues `In`, `Q`, `Second`, `Dead` and `Kept.fifo`, buses, a log group, these
/// pipes.
pub(crate) fn ways(pipes: Vec<PipeSpec>) -> StackSpec {
    let rules = vec![rule("orders", "all", Some(r#"{"source":[{"exists":true}]}"#), vec![to_queue("q", "Q")])];
    let stack = events_stack(rules);
    let source = QueueSpec { visible_for_seconds: 1, ..queue("In") };
    StackSpec {
        tables: vec![table("Orders")],
        queues: stack.queues.into_iter().chain([source]).collect(),
        functions: vec![function("F"), function("E")],
        pipes,
        ..StackSpec { queues: vec![], ..stack }
    }
}

fn start(directory: &Path, pipes: Vec<PipeSpec>, functions: &Arc<Scripted>) -> Engine {
    let engine = open(directory);
    engine.deploy(&ways(pipes)).unwrap();
    engine.start(&["test".to_owned()], Arc::clone(functions) as Arc<dyn Functions>).unwrap();
    engine
}

pub(crate) fn send(engine: &Engine, queue: &str, body: &str) {
    run(engine.send(&name(queue), Outgoing::text(body))).unwrap();
}

/// How many messages a queue has, wherever they are.
pub(crate) fn count(engine: &Engine, queue: &str) -> usize {
    engine.browse(&name::<QueueName>(queue), 0, 1_000).unwrap().len()
}

pub(crate) fn wait_for(engine: &Engine, queue: &str, messages: usize) -> Vec<Json> {
    eventually(|| count(engine, queue) >= messages, || format!("{messages} messages in {queue}"));
    bodies(engine, queue)
}

#[test]
fn a_queue_gets_each_record_as_a_message() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Scripted::default());
    let template = r#"{"order": <$.dynamodb.Keys.id.S>, "was": <$.eventName>, "by": <aws.pipes.pipe-name>}"#;
    let plain = into_queue(pipe("plain"), "Q");
    let filled = with_input(into_queue(pipe("filled"), "Second"), template);
    let parameters = PipeParametersSpec {
        message_group: Some("$.dynamodb.Keys.id.S".to_owned()),
        deduplication: Some("$.dynamodb.NewImage.v.N".to_owned()),
        ..PipeParametersSpec::default()
    };
    let kept = PipeSpec { parameters, ..into_queue(pipe("kept"), "Kept.fifo") };
    let engine = start(directory.path(), vec![plain, filled, kept], &functions);
    put(&engine, "a", 1);
    put(&engine, "b", 1);
    put(&engine, "c", 2);
    let records = wait_for(&engine, "Q", 3);
    let ids: Vec<&Json> = records.iter().map(|record| &record["dynamodb"]["Keys"]["id"]["S"]).collect();
    assert_eq!(ids, ["a", "b", "c"]);
    assert_eq!(records[0]["eventName"], "INSERT");
    let made = wait_for(&engine, "Second", 3);
    assert_eq!(made[2], json!({"order": "c", "was": "INSERT", "by": "filled"}));
    // The second order has the version of the first, which is the same message to this queue.
    wait_for(&engine, "Kept.fifo", 2);
    let kept = engine.browse(&name("Kept.fifo"), 0, 10).unwrap();
    let groups: Vec<_> =
        kept.iter().map(|message| (message.group.as_deref(), message.deduplication.as_deref())).collect();
    assert_eq!(groups, [(Some("a"), Some("1")), (Some("c"), Some("2"))]);
    down(engine);
}

#[test]
fn a_bus_gets_each_record_as_an_event() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Scripted::default());
    let bus = PipeSpec { target: PipeTarget::Bus { bus: name("orders") }, batch_size: 10, ..pipe("plain") };
    let parameters = PipeParametersSpec {
        input: Some(r#"{"id": <$.dynamodb.Keys.id.S>}"#.to_owned()),
        source: Some("shop".to_owned()),
        detail_type: Some("$.eventName".to_owned()),
        resources: vec!["$.dynamodb.Keys.id.S".to_owned()],
        ..PipeParametersSpec::default()
    };
    let told = PipeSpec { name: name("told"), parameters, ..bus.clone() };
    let engine = start(directory.path(), vec![bus, told], &functions);
    put(&engine, "a", 1);
    let mut events = wait_for(&engine, "Q", 2);
    events.sort_by_key(|event| event["source"].to_string());
    assert_eq!(events[0]["source"], "Pipe plain");
    assert_eq!(events[0]["detail-type"], "Event from aws:dynamodb");
    assert_eq!(events[0]["detail"]["dynamodb"]["Keys"], json!({"id": {"S": "a"}}));
    assert_eq!(events[1]["source"], "shop");
    assert_eq!(events[1]["detail-type"], "INSERT");
    assert_eq!(events[1]["resources"], json!(["a"]));
    assert_eq!(events[1]["detail"], json!({"id": "a"}));
    down(engine);
}

#[test]
fn a_log_group_gets_each_record_as_a_line() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Scripted::default());
    let target = PipeTarget::LogGroup { log_group: name("/aws/events/all") };
    let line = PipeSpec { target, ..with_input(pipe("line"), "order <$.dynamodb.Keys.id.S> is <$.eventName>") };
    let engine = start(directory.path(), vec![line], &functions);
    put(&engine, "a", 1);
    let lines = || {
        let (lines, mut found) = (engine.lines(), Vec::new());
        let _ = lines.read("/aws/events/all", &store::lines::Query::forward(), |line| {
            found.push((line.stream.to_owned(), line.message.to_owned()));
            true
        });
        found
    };
    eventually(|| !lines().is_empty(), || "a line".to_owned());
    assert_eq!(lines(), [("line".to_owned(), "order a is INSERT".to_owned())]);
    down(engine);
}

#[test]
fn an_enrichment_stands_between_source_and_target() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Scripted::default());
    functions.answer("E", EventDone::Answered(json!([{"n": 1}, {"n": 2}])));
    functions.answer("E", EventDone::Answered(json!([])));
    functions.answer("E", EventDone::Answered(json!("")));
    functions.answer("E", EventDone::Answered(json!({"n": 3})));
    let asked = enriched(into_queue(pipe("asked"), "Q"), Some("\"<$.dynamodb.Keys.id.S>\""));
    let engine = start(directory.path(), vec![with_input(asked, "<$.n>")], &functions);
    for (at, id) in (1..).zip(["a", "b", "c", "d"]) {
        put(&engine, id, 1);
        functions.wait_for("E", at);
    }
    assert_eq!(wait_for(&engine, "Q", 3), [json!(1), json!(2), json!(3)]);
    assert_eq!(functions.asked("E"), [json!(["a"]), json!(["b"]), json!(["c"]), json!(["d"])]);
    down(engine);
}

#[test]
fn a_failing_enrichment_or_target_is_a_failed_batch() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Scripted::default());
    let broken = || EventDone::Failed(json!({"errorMessage": "no stock is known"}));
    // Once more than it is tried again, so that the first order is given up; the second goes through after one failure.
    (0..4).for_each(|_| functions.answer("E", broken()));
    functions.answer("E", EventDone::Answered(json!([{"id": "b"}])));
    let asked = enriched(into_queue(PipeSpec { batch_size: 1, ..pipe("asked") }, "Q"), None);
    let asked = PipeSpec { batch_size: 1, ..asked };
    let engine = start(directory.path(), vec![asked], &functions);
    put(&engine, "a", 1);
    put(&engine, "b", 1);
    assert_eq!(wait_for(&engine, "Q", 1), [json!({"id": "b"})]);
    let letters = engine.browse(&name("Dead"), 0, 10).unwrap();
    let aside = letters[0].aside.as_ref().unwrap();
    assert_eq!(aside.error.as_deref(), Some("enrichment E: no stock is known"));
    assert_eq!((aside.function.as_str(), aside.attempts, letters.len()), ("queue Q", 3, 1));
    // Delivered again by hand, it takes the whole way.
    functions.answer("E", EventDone::Answered(json!([{"id": "a"}])));
    let redrive = engine::Redrive { queue: name("Dead"), id: None, containing: None, per_second: None, dry_run: false };
    engine.redrive(&redrive, &mut |_| {}).unwrap();
    assert_eq!(wait_for(&engine, "Q", 2)[1], json!({"id": "a"}));
    assert_eq!(count(&engine, "Dead"), 0);
    down(engine);
}

#[test]
fn a_function_gets_what_a_template_makes_and_nobody_waits_for_it_if_so_wanted() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Scripted::default());
    let waiting = with_input(pipe("waiting"), r#"{"id": <$.dynamodb.Keys.id.S>}"#);
    let target = PipeTarget::Function(name("E"));
    let forgotten =
        PipeSpec { name: name("forgotten"), target, invocation: InvocationType::FireAndForget, ..waiting.clone() };
    let engine = start(directory.path(), vec![waiting, forgotten], &functions);
    put(&engine, "a", 1);
    assert_eq!(functions.wait_for("F", 1), [json!([{"id": "a"}])]);
    assert_eq!(functions.wait_for("E", 1), [json!([{"id": "a"}])]);
    down(engine);
}

#[test]
fn messages_of_a_queue_pass_as_records_and_those_that_fail_come_again() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Scripted::default());
    let filters = vec![r#"{"body":{"kind":["order"]}}"#.to_owned(), r#"{"body":["ping"]}"#.to_owned()];
    let engine =
        start(directory.path(), vec![PipeSpec { filters, running: false, ..from_queue(pipe("in"), "In") }], &functions);
    for body in [r#"{"kind":"order","n":1}"#, r#"{"kind":"order","n":2}"#, r#"{"kind":"refund"}"#, "ping", "pong"] {
        send(&engine, "In", body);
    }
    let second = engine.browse(&name("In"), 0, 10).unwrap()[1].origin;
    let id = format!("{}-{}", second.queue, second.id);
    functions.answer("F", EventDone::Answered(json!({"batchItemFailures": [{"itemIdentifier": id}]})));
    engine.resume_pipe(&name("in")).unwrap();
    let asked = functions.wait_for("F", 2);
    let bodies = |payload: &Json| -> Vec<String> {
        payload.as_array().unwrap().iter().map(|record| record["body"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(bodies(&asked[0]), [r#"{"kind":"order","n":1}"#, r#"{"kind":"order","n":2}"#, "ping"]);
    assert_eq!(bodies(&asked[1]), [r#"{"kind":"order","n":2}"#]);
    eventually(|| count(&engine, "In") == 0, || "an empty queue".to_owned());
    down(engine);
}

#[test]
fn what_fails_too_often_goes_where_the_queue_says() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Scripted::default());
    let mut stack = ways(vec![enriched(into_queue(from_queue(pipe("in"), "In"), "Q"), None)]);
    let source = stack.queues.iter_mut().find(|queue| queue.name.as_str() == "In").unwrap();
    source.redrive = Some(RedriveSpec { dead_letters: name("Dead"), receives_max: 2 });
    (0..2).for_each(|_| functions.answer("E", EventDone::Failed(json!({"errorMessage": "no"}))));
    let engine = open(directory.path());
    engine.deploy(&stack).unwrap();
    engine.start(&["test".to_owned()], Arc::clone(&functions) as Arc<dyn Functions>).unwrap();
    send(&engine, "In", r#"{"n":1}"#);
    assert_eq!(wait_for(&engine, "Dead", 1), [json!({"n": 1})]);
    assert_eq!((functions.asked("E").len(), count(&engine, "In"), count(&engine, "Q")), (2, 0, 0));
    // The next one is none of its business.
    functions.answer("E", EventDone::Answered(json!([{"n": 2}])));
    send(&engine, "In", r#"{"n":2}"#);
    assert_eq!(wait_for(&engine, "Q", 1), [json!({"n": 2})]);
    down(engine);
}

#[test]
fn a_pipe_that_a_client_makes_outlives_restarts_and_stacks() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Scripted::default());
    let engine = start(directory.path(), vec![], &functions);
    let spec = with_input(into_queue(from_queue(pipe("mine"), "In"), "Q"), "<$.body>");
    engine.create_pipe(spec.clone()).unwrap();
    assert!(matches!(engine.create_pipe(spec.clone()), Err(engine::PipeRefused::Exists(_))));
    send(&engine, "In", r#"{"n":1}"#);
    assert_eq!(wait_for(&engine, "Q", 1), [json!({"n": 1})]);
    down(engine);
    let engine = start(directory.path(), vec![], &functions);
    send(&engine, "In", r#"{"n":2}"#);
    wait_for(&engine, "Q", 2);
    // A change is heeded at once.
    let other = into_queue(spec.clone(), "Second");
    engine.update_pipe(other.clone()).unwrap();
    send(&engine, "In", r#"{"n":3}"#);
    assert_eq!(wait_for(&engine, "Second", 1), [json!({"n": 3})]);
    assert_eq!(count(&engine, "Q"), 2);
    // What it reads cannot be changed, and a refused change leaves it at work.
    let elsewhere = from_queue(other.clone(), "Dead");
    assert!(matches!(engine.update_pipe(elsewhere), Err(engine::PipeRefused::Refused(_))));
    send(&engine, "In", r#"{"n":4}"#);
    wait_for(&engine, "Second", 2);
    // That it is stopped is remembered.
    engine.stop_pipe(&name("mine")).unwrap();
    down(engine);
    let engine = start(directory.path(), vec![], &functions);
    assert!(engine.pipes().iter().all(|pipe| !pipe.running));
    engine.delete_pipe(&name("mine")).unwrap();
    assert!(matches!(engine.delete_pipe(&name("mine")), Err(engine::PipeRefused::NotFound(_))));
    down(engine);
    let engine = start(directory.path(), vec![], &functions);
    assert!(engine.pipes().is_empty());
    down(engine);
}

#[test]
fn a_clients_pipe_waits_for_what_it_reads() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Scripted::default());
    let engine = start(directory.path(), vec![], &functions);
    engine.create_pipe(PipeSpec { dead_letters: None, ..into_queue(pipe("mine"), "Q") }).unwrap();
    put(&engine, "a", 1);
    wait_for(&engine, "Q", 1);
    down(engine);
    let up = |stack: &StackSpec| {
        let engine = open(directory.path());
        engine.deploy(stack).unwrap();
        engine.start(&["test".to_owned()], Arc::clone(&functions) as Arc<dyn Functions>).unwrap();
        engine
    };
    let engine = up(&StackSpec { tables: vec![], ..ways(vec![]) });
    assert!(!engine.pipes()[0].running);
    down(engine);
    let engine = up(&ways(vec![]));
    put(&engine, "b", 1);
    assert_eq!(wait_for(&engine, "Q", 2).len(), 2);
    down(engine);
}

#[test]
fn a_pipe_of_a_template_stays_the_templates() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Scripted::default());
    let spec = into_queue(pipe("theirs"), "Q");
    let engine = start(directory.path(), vec![spec.clone()], &functions);
    assert!(matches!(engine.delete_pipe(&name("theirs")), Err(engine::PipeRefused::OfStack { .. })));
    put(&engine, "a", 1);
    wait_for(&engine, "Q", 1);
    // More lanes, another target: it goes on from where it was.
    engine.update_pipe(PipeSpec { lanes: 3, ..into_queue(spec.clone(), "Second") }).unwrap();
    (0..6).for_each(|at| drop(put(&engine, &format!("b{at}"), 1)));
    wait_for(&engine, "Second", 6);
    assert_eq!((count(&engine, "Q"), count(&engine, "Second")), (1, 6));
    down(engine);
    // Deployed again, it is as its template says; and what was done is not done again.
    let engine = start(directory.path(), vec![spec], &functions);
    put(&engine, "c", 1);
    wait_for(&engine, "Q", 2);
    assert_eq!(count(&engine, "Second"), 6);
    down(engine);
}

#[test]
fn what_a_pipe_names_must_be_there() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Scripted::default());
    let engine = start(directory.path(), vec![], &functions);
    let bus = PipeTarget::Bus { bus: name("gone") };
    let group = PipeTarget::LogGroup { log_group: name("gone") };
    let fifo = into_queue(pipe("p"), "Kept.fifo");
    let cases = [
        (from_queue(pipe("p"), "gone"), "the messages of queue gone cannot be handed over: the queue is not there"),
        (into_queue(pipe("p"), "gone"), "pipe p names the queue gone, which is not there"),
        (PipeSpec { target: bus, ..pipe("p") }, "pipe p names the event bus gone, which is not there"),
        (PipeSpec { target: group, ..pipe("p") }, "pipe p names the log group gone, which is not there"),
        (fifo, "pipe p: MessageGroupId is missing: the target is a FIFO queue"),
        (with_input(pipe("p"), "{<$.a>"), "pipe p: the InputTemplate begins with { but is no JSON: "),
    ];
    for (spec, expected) in cases {
        let refused = engine.create_pipe(spec).unwrap_err().to_string();
        assert!(refused.starts_with(expected), "{refused}");
    }
    assert!(engine.pipes().is_empty());
    down(engine);
}

#[test]
fn a_pipe_that_was_kept_before_there_were_others_is_read_back() {
    let now = serde_json::to_value(pipe("p")).unwrap();
    let mut before = now.clone();
    for newer in ["enrichment", "parameters", "description", "role", "tags"] {
        before.as_object_mut().unwrap().remove(newer);
    }
    assert_eq!((&before["source"], &before["target"]), (&json!("Orders"), &json!("F")));
    assert_eq!(serde_json::from_value::<PipeSpec>(before).unwrap(), pipe("p"));
    for spec in [into_queue(pipe("p"), "Q"), from_queue(pipe("p"), "In"), enriched(pipe("p"), Some("<$.a>"))] {
        let read: PipeSpec = serde_json::from_value(serde_json::to_value(&spec).unwrap()).unwrap();
        assert_eq!(read, spec);
    }
}
