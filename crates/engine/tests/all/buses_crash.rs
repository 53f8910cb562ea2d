//! A bus whose process is killed again and again: what was accepted reaches each target that wants it, and nothing else
//! does.

use crate::buses::{bodies, entry, events_stack, rule, target, to_queue};
use crate::fixture::*;
use engine::spec::*;
use engine::{Engine, Functions};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const ARN: &str = "us-east-1:000000000000";

/// What happens in a test.
#[derive(Debug, Clone)]
enum Act {
    /// Events with these numbers are put as one request.
    Put(Vec<i64>),
    /// The process is killed at this moment, and started anew.
    Kill,
    /// A moment passes.
    Wait,
}

/// Which events each target wants, written down once more and by hand: small ones, even ones, all.
fn wanted(number: i64) -> Vec<&'static str> {
    let mut targets = vec!["all", "letters"];
    targets.extend((number < 50).then_some("small"));
    targets.extend((number % 2 == 0).then_some("function"));
    targets
}

fn stack() -> StackSpec {
    let all = Some(r#"{"source":["shop"]}"#);
    let small = Some(r#"{"detail":{"n":[{"numeric":["<",50]}]}}"#);
    let even = Some(r#"{"detail":{"even":[true]}}"#);
    let gone = TargetSpec { dead_letters: Some(format!("arn:aws:sqs:{ARN}:Dead")), ..to_queue("gone", "Gone") };
    let line = TargetSpec {
        // A log group takes an attempt of its own, after the event is durable.
        input: InputSpec { path: Some("$.detail".to_owned()), ..InputSpec::default() },
        ..target("line", &format!("arn:aws:logs:{ARN}:log-group:/aws/events/all"))
    };
    events_stack(vec![
        rule("orders", "all", all, vec![target("bus", &format!("arn:aws:events:{ARN}:event-bus/other")), gone, line]),
        rule("orders", "small", small, vec![to_queue("q", "Second")]),
        rule("orders", "even", even, vec![target("f", &format!("arn:aws:lambda:{ARN}:function:F"))]),
        rule("other", "all", all, vec![to_queue("q", "Q")]),
    ])
}

/// What is there of the files at this moment, as after `kill -9`.
pub(crate) fn killed(directory: &Path, copy: &Path) {
    std::fs::create_dir_all(copy.join("log")).unwrap();
    for name in ["WATERMARK", "FORMAT", "LOWEST"] {
        if directory.join(name).exists() {
            std::fs::copy(directory.join(name), copy.join(name)).unwrap();
        }
    }
    for file in std::fs::read_dir(directory.join("log")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.join("log").join(file.file_name())).unwrap();
    }
    copy_all(&directory.join("lines"), &copy.join("lines"));
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let to = to.join(file.file_name());
        if file.path().is_dir() {
            copy_all(&file.path(), &to)
        } else {
            std::fs::copy(file.path(), to).map(|_| ()).unwrap()
        }
    }
}

fn start(directory: &Path, functions: &Arc<Watched>) -> Engine {
    let engine = open(directory);
    engine.deploy(&stack()).unwrap();
    engine.start(&["test".to_owned()], Arc::clone(functions) as Arc<dyn Functions>).unwrap();
    engine
}

/// Which events are where: their ids, by target.
fn arrived(engine: &Engine, functions: &[Arc<Watched>]) -> BTreeMap<&'static str, Vec<Json>> {
    let events = functions.iter().flat_map(|functions| functions.events());
    let given = events.map(|(_, payload)| serde_json::from_str(&payload).unwrap()).collect();
    BTreeMap::from([
        ("all", bodies(engine, "Q")),
        ("small", bodies(engine, "Second")),
        ("letters", bodies(engine, "Dead")),
        ("function", given),
    ])
}

fn lines(engine: &Engine) -> BTreeSet<i64> {
    let (lines, mut numbers) = (engine.lines(), BTreeSet::new());
    let query = store::lines::Query::forward();
    let _ = lines.read("/aws/events/all", &query, |line| {
        let detail: Json = serde_json::from_str(line.message).unwrap();
        numbers.insert(detail["n"].as_i64().unwrap())
    });
    numbers
}

fn play(acts: &[Act]) {
    let root = tempfile::tempdir().unwrap();
    let mut directory: PathBuf = root.path().join("0");
    let mut functions = vec![Arc::new(Watched::default())];
    let mut engine = start(&directory, &functions[0]);
    let accepted: Mutex<BTreeMap<String, i64>> = Mutex::default();
    for (number, act) in acts.iter().enumerate() {
        match act {
            Act::Wait => std::thread::sleep(std::time::Duration::from_millis(3)),
            Act::Put(numbers) => {
                let detail = |n: &i64| json!({"n": n, "even": n % 2 == 0}).to_string();
                let entries = numbers.iter().map(|n| entry("orders", &detail(n))).collect();
                let put = run(engine.put_events(entries)).unwrap();
                let put = put.into_iter().zip(numbers).map(|(id, n)| (id.unwrap().to_string(), *n));
                accepted.lock().unwrap().extend(put);
            }
            Act::Kill => {
                let copy = root.path().join((number + 1).to_string());
                killed(&directory, &copy);
                down(engine);
                directory = copy;
                functions.push(Arc::new(Watched::default()));
                engine = start(&directory, functions.last().unwrap());
            }
        }
    }
    let accepted = accepted.into_inner().unwrap();
    let expected = |target: &str| -> BTreeSet<String> {
        accepted.iter().filter(|(_, n)| wanted(**n).contains(&target)).map(|(id, _)| id.clone()).collect()
    };
    let ids = |found: &[Json]| -> BTreeSet<String> {
        found.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
    };
    let numbers: BTreeSet<i64> = accepted.values().copied().collect();
    let complete = || {
        let arrived = arrived(&engine, &functions);
        arrived.iter().all(|(target, found)| expected(target).is_subset(&ids(found)))
            && lines(&engine).is_superset(&numbers)
    };
    eventually(complete, || "all that was accepted".to_owned());
    for (target, found) in arrived(&engine, &functions) {
        assert_eq!(ids(&found), expected(target), "{target} got what it does not want");
        if target != "function" {
            assert_eq!(found.len(), ids(&found).len(), "{target} is a part of the event's own commit, so never twice");
        }
    }
    assert_eq!(lines(&engine), numbers);
    down(engine);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn what_was_accepted_reaches_its_targets_however_often_the_process_is_killed(
        acts in prop::collection::vec(prop_oneof![
            4 => prop::collection::vec(0_i64..100, 1..5).prop_map(Act::Put),
            2 => Just(Act::Kill),
            1 => Just(Act::Wait),
        ], 1..14),
    ) {
        play(&acts);
    }
}
