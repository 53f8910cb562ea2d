//! What functions do that nobody waits for: handed over in one commit with what it belongs to, tried again, given up to
//! where the function says, and not forgotten by a restart.

use crate::fixture::{down, eventually, function, get, open, order, pipe, put_if, queue, run, stack};
use engine::spec::*;
use engine::{
    Aim, AliasChange, AttributeValue, By, Command, DeployError, Engine, EventDone, Functions, Handed, InvokeChange,
    Invoked, Message, Redrive, Redriven, VersionError,
};
use serde_json::{Value as Json, json};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use table::Condition;
use types::{AliasName, FunctionName, Qualifier, Record, Version};

/// Functions that remember their events, and do with the next one as they are told.
struct Told {
    seen: Mutex<Vec<(String, Handed)>>,
    versions: Mutex<Vec<Version>>,
    done: Mutex<EventDone>,
}

impl Told {
    fn new(done: EventDone) -> Arc<Self> {
        Arc::new(Self { seen: Mutex::default(), versions: Mutex::default(), done: Mutex::new(done) })
    }

    fn seen(&self) -> Vec<(String, Handed)> {
        self.seen.lock().unwrap().clone()
    }

    fn wait_for(&self, count: usize) {
        eventually(|| self.seen().len() >= count, || format!("{count} events, only {:?} came", self.seen()));
    }
}

impl Functions for Told {
    fn invoke(&self, _: &FunctionName, _: &[Record]) -> Invoked {
        Invoked::Answered { answer: Json::Null }
    }

    fn invoke_event<'a>(
        &'a self,
        function: &'a FunctionName,
        version: Version,
        event: &'a Handed,
    ) -> Pin<Box<dyn Future<Output = EventDone> + Send + 'a>> {
        Box::pin(async move {
            self.versions.lock().unwrap().push(version);
            self.seen.lock().unwrap().push((function.to_string(), event.clone()));
            self.done.lock().unwrap().clone()
        })
    }
}

fn answered(answer: Json) -> EventDone {
    EventDone::Answered(answer)
}

fn failed() -> EventDone {
    EventDone::Failed(json!({"errorType": "Broken", "errorMessage": "the jar is empty"}))
}

/// Functions `F` and `G`, queues `Dead` and `Other`; `F` is set like this.
fn stack_with(asynchronous: AsynchronousSpec) -> StackSpec {
    let mut stack = stack(pipe("P"));
    stack.pipes.clear();
    stack.queues.push(queue("Other"));
    stack.functions = vec![FunctionSpec { asynchronous, ..function("F") }, function("G")];
    stack
}

fn up(directory: &std::path::Path, spec: &StackSpec, functions: &Arc<Told>) -> Engine {
    let engine = open(directory);
    engine.deploy(spec).unwrap();
    engine.start(&["test".to_owned()], Arc::clone(functions) as Arc<dyn Functions>).unwrap();
    engine
}

fn event(id: &str) -> Handed {
    Handed { request_id: id.to_owned(), payload: json!({"order": id, "text": "größe 🚀\n"}), qualifier: None }
}

fn hand(engine: &Engine, id: &str) {
    let command = Command { hands: vec![("F".parse().unwrap(), event(id))], ..Command::default() };
    run(engine.command(command, By::Client)).unwrap();
}

fn messages(engine: &Engine, queue: &str) -> Vec<Message> {
    engine.browse(&queue.parse().unwrap(), 0, 100).unwrap()
}

fn wait_for_messages(engine: &Engine, queue: &str, count: usize) -> Vec<Message> {
    eventually(|| messages(engine, queue).len() >= count, || format!("{count} messages in {queue}"));
    messages(engine, queue)
}

#[test]
fn an_event_comes_with_the_order_it_belongs_to_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Told::new(answered(json!("done")));
    let engine = up(directory.path(), &stack_with(AsynchronousSpec::default()), &functions);
    let absent = || Condition::NotExists(table::Path { attribute: "id".into(), steps: vec![] });
    let command = |id: &str| Command {
        writes: vec![put_if(&engine, order("one", 1), absent())],
        hands: vec![("F".parse().unwrap(), event(id))],
        ..Command::default()
    };
    run(engine.command(command("first"), By::Client)).unwrap();
    functions.wait_for(1);
    assert_eq!(get(&engine, "one"), Some(order("one", 1)));
    assert_eq!(functions.seen(), [("F".to_owned(), event("first"))]);
    // The order is there already, so nothing is told of it again.
    run(engine.command(command("second"), By::Client)).unwrap_err();
    hand(&engine, "third");
    functions.wait_for(2);
    assert_eq!(functions.seen()[1].1, event("third"));
    down(engine);
}

/// Who is asked for by an alias is run as the alias stands when it is run, does what nobody waits for as was said of the
/// alias, and is told of by it; versions and aliases are there after a restart.
#[test]
fn an_event_for_an_alias_is_worked_on_by_what_the_alias_stands_for() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Told::new(failed());
    let spec = stack_with(AsynchronousSpec { dead_letters: Some("Dead".parse().unwrap()), ..Default::default() });
    let engine = up(directory.path(), &spec, &functions);
    let (f, live): (FunctionName, AliasName) = ("F".parse().unwrap(), "live".parse().unwrap());
    let qualifier = Qualifier::Alias(live.clone());
    assert_eq!(run(engine.publish_version(&f, None, None)).unwrap(), 1);
    assert_eq!(run(engine.publish_version(&f, None, None)).unwrap(), 1, "nothing has changed");
    let one = Aim::one(Version::Numbered(1));
    run(engine.create_alias(&f, live.clone(), one.clone(), String::new())).unwrap();
    let again = run(engine.create_alias(&f, live.clone(), one, String::new()));
    assert!(matches!(again, Err(VersionError::AliasExists(..))), "{again:?}");
    let stale = run(engine.update_alias(&f, &live, AliasChange::default(), Some("other".to_owned())));
    assert!(matches!(stale, Err(VersionError::Revision)), "{stale:?}");
    let told = Some((None, Some(Destination::Queue("Other".parse().unwrap()))));
    let change = InvokeChange { retries: Some(0), told, ..InvokeChange::default() };
    run(engine.set_invoke_config(&f, &qualifier, change, false)).unwrap();
    down(engine);

    let engine = up(directory.path(), &spec, &functions);
    let hand = |id: &str, qualifier: &Qualifier| {
        let handed = Handed { qualifier: Some(qualifier.clone()), ..event(id) };
        let command = Command { hands: vec![(f.clone(), handed)], ..Command::default() };
        run(engine.command(command, By::Client)).unwrap();
    };
    hand("first", &qualifier);
    let told: Json = serde_json::from_str(&wait_for_messages(&engine, "Other", 1)[0].body).unwrap();
    assert_eq!(*functions.versions.lock().unwrap(), [Version::Numbered(1)]);
    assert_eq!(told["requestContext"]["functionArn"], "arn:aws:lambda:us-east-1:000000000000:function:F:live");
    assert_eq!(told["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(told["responseContext"]["executedVersion"], "1");
    wait_for_messages(&engine, "Dead", 1);
    // What was asked for is not there any more: nothing runs, and the event is kept.
    run(engine.delete_alias(&f, &live)).unwrap();
    hand("second", &qualifier);
    let letters = wait_for_messages(&engine, "Dead", 2);
    assert_eq!(functions.seen().len(), 1);
    let error = &letters[1].failed.as_ref().unwrap().error;
    assert_eq!(error, "function F has no version or alias live");
    down(engine);
}

#[test]
fn what_a_function_gives_up_is_kept_as_it_is_and_told_of() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Told::new(failed());
    let asynchronous = AsynchronousSpec {
        retries: 0,
        dead_letters: Some("Dead".parse().unwrap()),
        on_failure: Some(Destination::Queue("Other".parse().unwrap())),
        ..AsynchronousSpec::default()
    };
    let engine = up(directory.path(), &stack_with(asynchronous), &functions);
    hand(&engine, "one");
    let letter = wait_for_messages(&engine, "Dead", 1).remove(0);
    assert_eq!(serde_json::from_str::<Json>(&letter.body).unwrap(), event("one").payload);
    let attribute = |name: &str| match &letter.attributes[name].value {
        AttributeValue::Text(text) => text.clone(),
        AttributeValue::Bytes(_) => panic!("{name} is a text"),
    };
    assert_eq!(
        [attribute("RequestID"), attribute("ErrorCode"), attribute("ErrorMessage")],
        ["one", "200", "the jar is empty"]
    );
    // Both came with one commit.
    let told: Json = serde_json::from_str(&messages(&engine, "Other")[0].body).unwrap();
    let context = &told["requestContext"];
    assert_eq!((&context["requestId"], &context["condition"]), (&json!("one"), &json!("RetriesExhausted")));
    assert_eq!(context["approximateInvokeCount"], 1);
    assert_eq!(context["functionArn"], "arn:aws:lambda:us-east-1:000000000000:function:F:$LATEST");
    assert_eq!(told["requestPayload"], event("one").payload);
    assert_eq!(told["responsePayload"]["errorMessage"], "the jar is empty");
    assert_eq!(
        told["responseContext"],
        json!({"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"})
    );
    // Delivered again, it goes to the function as it came, and out of the queue.
    *functions.done.lock().unwrap() = answered(Json::Null);
    let redrive =
        Redrive { queue: "Dead".parse().unwrap(), id: None, containing: None, per_second: None, dry_run: false };
    let mut heard = Vec::new();
    engine.redrive(&redrive, &mut |one| heard.push(one)).unwrap();
    assert_eq!(heard, [Redriven::Delivered { id: letter.id, function: "F".to_owned(), records: 1 }]);
    functions.wait_for(2);
    assert_eq!(functions.seen()[1].1, event("one"));
    assert!(messages(&engine, "Dead").is_empty());
    down(engine);
}

#[test]
fn what_a_function_answers_is_told_to_whom_it_says() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Told::new(answered(json!({"eaten": 3})));
    let asynchronous = AsynchronousSpec {
        on_success: Some(Destination::Function("G".parse().unwrap())),
        ..AsynchronousSpec::default()
    };
    let engine = up(directory.path(), &stack_with(asynchronous), &functions);
    hand(&engine, "one");
    functions.wait_for(2);
    let (told, handed) = functions.seen().remove(1);
    assert_eq!(told, "G");
    assert_eq!(handed.payload["requestContext"]["condition"], "Success");
    assert_eq!(handed.payload["responsePayload"], json!({"eaten": 3}));
    assert_eq!(handed.payload["responseContext"], json!({"statusCode": 200, "executedVersion": "$LATEST"}));
    down(engine);
}

#[test]
fn a_failure_is_tried_again_later_and_not_given_up_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Told::new(failed());
    let asynchronous = AsynchronousSpec { dead_letters: Some("Dead".parse().unwrap()), ..AsynchronousSpec::default() };
    let engine = up(directory.path(), &stack_with(asynchronous.clone()), &functions);
    hand(&engine, "one");
    functions.wait_for(1);
    hand(&engine, "two");
    functions.wait_for(2);
    // Each once: both wait for their minute. After a restart they need not.
    assert_eq!(functions.seen().len(), 2);
    assert!(messages(&engine, "Dead").is_empty());
    down(engine);
    let functions = Told::new(answered(Json::Null));
    let engine = up(directory.path(), &stack_with(asynchronous), &functions);
    functions.wait_for(2);
    let mut ids: Vec<String> = functions.seen().into_iter().map(|(_, handed)| handed.request_id).collect();
    ids.sort();
    assert_eq!(ids, ["one", "two"]);
    down(engine);
}

#[test]
fn an_event_waits_for_a_busy_function_and_outlives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Told::new(EventDone::NotRun);
    let spec = stack_with(AsynchronousSpec { retries: 0, ..AsynchronousSpec::default() });
    let engine = up(directory.path(), &spec, &functions);
    hand(&engine, "one");
    functions.wait_for(2);
    down(engine);
    let functions = Told::new(answered(Json::Null));
    let engine = up(directory.path(), &spec, &functions);
    functions.wait_for(1);
    assert_eq!(functions.seen()[0].1, event("one"));
    down(engine);
}

#[test]
fn a_function_cannot_name_what_is_not_there() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path());
    let nowhere = || Some("Nowhere".parse().unwrap());
    let cases = [
        (AsynchronousSpec { dead_letters: nowhere(), ..AsynchronousSpec::default() }, "queue Nowhere"),
        (
            AsynchronousSpec { on_failure: nowhere().map(Destination::Queue), ..AsynchronousSpec::default() },
            "queue Nowhere",
        ),
        (
            AsynchronousSpec {
                on_success: Some(Destination::Function("Nobody".parse().unwrap())),
                ..AsynchronousSpec::default()
            },
            "function Nobody",
        ),
    ];
    for (asynchronous, what) in cases {
        let refused = engine.deploy(&stack_with(asynchronous)).unwrap_err();
        assert!(matches!(refused, DeployError::Refused(_)));
        assert_eq!(refused.to_string(), format!("function F names the {what}, which is not there"));
    }
    down(engine);
}
