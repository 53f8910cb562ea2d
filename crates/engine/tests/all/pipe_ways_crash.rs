//! Pipes whose process is killed again and again: each record reaches its queue once, because it is there in the commit
//! that moves the source past it; a function gets each at least once.

use crate::buses_crash::killed;
use crate::fixture::*;
use crate::pipe_ways::{Scripted, count, from_queue, into_queue, name, send, ways};
use engine::spec::*;
use engine::{Engine, Functions};
use proptest::prelude::*;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What happens in a test.
#[derive(Debug, Clone)]
enum Act {
    /// So many orders are written.
    Put(usize),
    /// So many messages are sent.
    Send(usize),
    /// The process is killed at this moment, and started anew.
    Kill,
    /// A moment passes.
    Wait,
}

/// Orders go to `Q`, and by a bus there a second time; messages of `In` go to `Second`, those of `Dead` to `F`.
fn stack() -> StackSpec {
    let orders = PipeSpec { lanes: 2, dead_letters: None, ..into_queue(pipe("orders"), "Q") };
    let bus = PipeTarget::Bus { bus: name("orders") };
    let events = PipeSpec { target: bus, batch_size: 3, dead_letters: None, ..pipe("events") };
    let messages = into_queue(from_queue(pipe("messages"), "In"), "Second");
    let handed = from_queue(pipe("handed"), "Dead");
    let mut stack = ways(vec![orders, events, messages, handed]);
    // What was received by a process that was killed is shown again soon.
    stack.queues.iter_mut().for_each(|queue| queue.visible_for_seconds = 1);
    stack
}

fn start(directory: &Path, functions: &Arc<Scripted>) -> Engine {
    let engine = open(directory);
    engine.deploy(&stack()).unwrap();
    engine.start(&["test".to_owned()], Arc::clone(functions) as Arc<dyn Functions>).unwrap();
    engine
}

fn bodies(engine: &Engine, queue: &str) -> Vec<Json> {
    let messages = engine.browse(&name(queue), 0, 10_000).unwrap();
    messages.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
}

/// The orders that are in `Q`: as records, and as events.
fn orders(engine: &Engine) -> (Vec<String>, Vec<String>) {
    let (events, records): (Vec<Json>, Vec<Json>) =
        bodies(engine, "Q").into_iter().partition(|body| body.get("detail").is_some());
    let id = |record: &Json| record["dynamodb"]["Keys"]["id"]["S"].as_str().unwrap().to_owned();
    (records.iter().map(id).collect(), events.iter().map(|event| id(&event["detail"])).collect())
}

/// What was handed on from a queue.
fn messages(records: &[Json]) -> Vec<String> {
    records.iter().map(|record| record["body"].as_str().unwrap().to_owned()).collect()
}

fn play(acts: &[Act]) {
    let root = tempfile::tempdir().unwrap();
    let mut directory: PathBuf = root.path().join("0");
    let mut functions = vec![Arc::new(Scripted::default())];
    let mut engine = start(&directory, &functions[0]);
    let (mut put_so_far, mut sent_so_far) = (BTreeSet::new(), BTreeSet::new());
    for (number, act) in acts.iter().enumerate() {
        match act {
            Act::Wait => std::thread::sleep(std::time::Duration::from_millis(3)),
            Act::Put(count) => {
                for at in 0..*count {
                    let id = format!("{number}-{at}");
                    put(&engine, &id, 1);
                    put_so_far.insert(id);
                }
            }
            Act::Send(count) => {
                for at in 0..*count {
                    let body = format!("{number}-{at}");
                    send(&engine, "In", &body);
                    send(&engine, "Dead", &body);
                    sent_so_far.insert(body);
                }
            }
            Act::Kill => {
                let copy = root.path().join((number + 1).to_string());
                killed(&directory, &copy);
                down(engine);
                directory = copy;
                functions.push(Arc::new(Scripted::default()));
                engine = start(&directory, functions.last().unwrap());
            }
        }
    }
    let set = |found: &[String]| -> BTreeSet<String> { found.iter().cloned().collect() };
    let handed = || -> Vec<String> {
        let asked = functions.iter().flat_map(|functions| functions.asked("F"));
        asked.flat_map(|payload| messages(payload.as_array().unwrap())).collect()
    };
    let complete = || {
        let (records, events) = orders(&engine);
        let moved = messages(&bodies(&engine, "Second"));
        records.len() >= put_so_far.len()
            && events.len() >= put_so_far.len()
            && moved.len() >= sent_so_far.len()
            && set(&handed()) == sent_so_far
            && ["In", "Dead"].iter().all(|queue| count(&engine, queue) == 0)
    };
    let what = || format!("{put_so_far:?} and {sent_so_far:?}, only {:?} and {:?}", orders(&engine), handed());
    eventually(complete, what);
    let (records, events) = orders(&engine);
    let moved = messages(&bodies(&engine, "Second"));
    for (found, expected) in [(records, &put_so_far), (events, &put_so_far), (moved, &sent_so_far)] {
        assert_eq!(&set(&found), expected);
        assert_eq!(
            found.len(),
            expected.len(),
            "what is in the commit of its source's progress is there once: {found:?}"
        );
    }
    down(engine);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn each_record_is_delivered_however_often_the_process_is_killed(
        acts in prop::collection::vec(prop_oneof![
            3 => (1_usize..6).prop_map(Act::Put),
            3 => (1_usize..6).prop_map(Act::Send),
            2 => Just(Act::Kill),
            1 => Just(Act::Wait),
        ], 1..12),
    ) {
        play(&acts);
    }
}
