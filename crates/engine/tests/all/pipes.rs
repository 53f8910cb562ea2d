//! From a committed change to a function: filtered, in order, retried, given up, and on from there after a restart.

use crate::fixture::*;
use engine::spec::{InvocationType, StartingPosition};
use engine::{Redrive, Redriven};
use std::collections::BTreeMap;
use std::sync::Arc;

const VERSION_TWO: &str = r#"{"dynamodb":{"NewImage":{"v":{"N":["2"]}}}}"#;

#[test]
fn only_what_a_filter_lets_through_reaches_the_function() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let mut filtered = pipe("p");
    filtered.filters = vec![VERSION_TWO.to_owned(), r#"{"eventName":["REMOVE"]}"#.to_owned()];
    let engine = up(directory.path(), &stack(filtered), &functions);
    put(&engine, "a", 1);
    put(&engine, "a", 2);
    put(&engine, "a", 3);
    delete(&engine, "a");
    let last = put(&engine, "b", 2).sequence.unwrap();
    assert_eq!(functions.wait_for(3), [("a".to_owned(), 2), ("a".to_owned(), -1), ("b".to_owned(), 2)]);
    eventually(|| engine.pipes()[0].done >= last, || format!("the pipe to pass {last}"));
    down(engine);
}

#[test]
fn records_of_one_key_stay_in_order_in_parallel_lanes() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let mut wide = pipe("p");
    (wide.lanes, wide.batch_size) = (4, 3);
    let engine = up(directory.path(), &stack(wide), &functions);
    for version in 0..20 {
        (0..10).for_each(|key| drop(put(&engine, &format!("k{key}"), version)));
    }
    let seen = functions.wait_for(200);
    assert_eq!(seen.len(), 200, "without a failure each is delivered once");
    let mut by_key: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    seen.into_iter().for_each(|(key, version)| by_key.entry(key).or_default().push(version));
    for (key, versions) in by_key {
        assert_eq!(versions, (0..20).collect::<Vec<_>>(), "{key}");
    }
    down(engine);
}

#[test]
fn a_poison_record_is_given_up_alone_and_can_be_delivered_later() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    functions.poison.lock().unwrap().insert("o41".to_owned());
    let mut waiting = pipe("p");
    waiting.running = false;
    let engine = up(directory.path(), &stack(waiting), &functions);
    (0..100).for_each(|n| drop(put(&engine, &format!("o{n}"), n)));
    engine.resume_pipe(&"p".parse().unwrap()).unwrap();
    let mut seen = functions.wait_for(99);
    eventually(
        || engine.pipes()[0].done >= engine.pipes()[0].head.max(engine.pipes()[0].done),
        || "the end".to_owned(),
    );
    seen.sort();
    let mut expected: Vec<_> = (0..100).filter(|n| *n != 41).map(|n| (format!("o{n}"), n)).collect();
    expected.sort();
    assert_eq!(seen, expected, "the others are done once each");
    let dead = "Dead".parse().unwrap();
    eventually(|| engine.queue_counts(&dead).unwrap().visible == 1, || "the dead letter".to_owned());
    let alone = functions.invocations().iter().filter(|batch| **batch == ["o41"]).count();
    assert_eq!(alone, 3, "two retries are three attempts, and splits do not count");
    let letters = engine.browse(&dead, 0, 10).unwrap();
    let aside = letters[0].aside.as_ref().unwrap();
    assert_eq!((aside.error.as_deref(), aside.attempts, aside.records.len()), (Some("poisoned"), 3, 1));
    let body: serde_json::Value = serde_json::from_str(&letters[0].body).unwrap();
    assert_eq!(body["context"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(body["DDBStreamBatchInfo"]["batchSize"], 1);

    let redrive = |dry_run| {
        let what = Redrive { queue: dead.clone(), id: None, containing: None, per_second: None, dry_run };
        let mut told = Vec::new();
        engine.redrive(&what, &mut |redriven| told.push(redriven)).unwrap();
        told
    };
    assert!(matches!(&redrive(true)[..], [Redriven::Would { records: 1, .. }]));
    assert!(matches!(&redrive(false)[..], [Redriven::Failed { error, .. }] if error == "poisoned"));
    functions.poison.lock().unwrap().clear();
    assert!(matches!(&redrive(false)[..], [Redriven::Delivered { records: 1, .. }]));
    assert_eq!(functions.seen().last(), Some(&("o41".to_owned(), 41)));
    assert_eq!(engine.queue_counts(&dead).unwrap().visible, 0);
    assert!(redrive(false).is_empty());
    down(engine);
}

#[test]
fn a_stopped_engine_goes_on_where_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let engine = up(directory.path(), &stack(pipe("p")), &functions);
    (0..10).for_each(|n| drop(put(&engine, &format!("a{n}"), n)));
    functions.wait_for(10);
    down(engine);
    let later = Arc::new(Watched::default());
    let engine = up(directory.path(), &stack(pipe("p")), &later);
    put(&engine, "b", 1);
    assert_eq!(later.wait_for(1), [("b".to_owned(), 1)], "what was done is not done again");
    down(engine);
}

#[test]
fn attempts_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    functions.poison.lock().unwrap().insert("bad".to_owned());
    let mut patient = pipe("p");
    patient.retries = Some(4);
    let engine = up(directory.path(), &stack(patient.clone()), &functions);
    put(&engine, "bad", 1);
    eventually(|| functions.invocations().len() >= 3, || "three attempts".to_owned());
    down(engine);
    let before = functions.invocations().len();
    assert!(before < 5, "stopped in the middle");
    let engine = up(directory.path(), &stack(patient), &functions);
    let dead = "Dead".parse().unwrap();
    eventually(|| engine.queue_counts(&dead).unwrap().visible == 1, || "the dead letter".to_owned());
    assert_eq!(functions.invocations().len(), 5, "four retries are five attempts, the restart counts for nothing");
    down(engine);
}

#[test]
fn a_new_pipe_begins_where_it_is_told_to() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = stack(pipe("p"));
    first.pipes.clear();
    let engine = up(directory.path(), &first, &Arc::new(Watched::default()));
    put(&engine, "early", 1);
    down(engine);
    for (start, expected) in
        [(StartingPosition::TrimHorizon, vec!["early", "late"]), (StartingPosition::Latest, vec!["late"])]
    {
        let copy = tempfile::tempdir().unwrap();
        copy_directory(directory.path(), copy.path());
        let functions = Arc::new(Watched::default());
        let mut beginning = pipe("p");
        beginning.start = start;
        let engine = up(copy.path(), &stack(beginning), &functions);
        put(&engine, "late", 2);
        let seen = functions.wait_for(expected.len());
        assert_eq!(seen.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), expected);
        down(engine);
    }
}

fn copy_directory(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_directory(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

#[test]
fn what_nobody_waits_for_is_done_from_a_durable_queue() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let mut forgetful = pipe("p");
    (forgetful.invocation, forgetful.batch_size) = (InvocationType::FireAndForget, 4);
    let engine = up(directory.path(), &stack(forgetful), &functions);
    (0..10).for_each(|n| drop(put(&engine, &format!("o{n}"), n)));
    let mut seen = functions.wait_for(10);
    seen.sort();
    assert_eq!(seen, (0..10).map(|n| (format!("o{n}"), n)).collect::<Vec<_>>());
    down(engine);
}

#[test]
fn a_pipe_that_was_stopped_misses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let engine = up(directory.path(), &stack(pipe("p")), &functions);
    let name = "p".parse().unwrap();
    put(&engine, "a", 1);
    functions.wait_for(1);
    engine.stop_pipe(&name).unwrap();
    put(&engine, "b", 1);
    assert!(!engine.pipes()[0].running);
    engine.resume_pipe(&name).unwrap();
    assert_eq!(functions.wait_for(2)[1], ("b".to_owned(), 1));
    down(engine);
}

#[test]
fn a_pipe_that_fell_behind_reads_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let mut waiting = pipe("p");
    (waiting.running, waiting.lanes) = (false, 2);
    let engine = up(directory.path(), &stack(waiting), &functions);
    // More than the ring in memory holds.
    let large = "x".repeat(300_000);
    for n in 0..120i64 {
        let mut item = order(&format!("o{n}"), n);
        item.insert("note", large.as_str().into());
        run(engine.write(vec![put_if(&engine, item, table::Condition::Always)])).unwrap();
    }
    engine.resume_pipe(&"p".parse().unwrap()).unwrap();
    let mut seen = functions.wait_for(120);
    seen.sort_by_key(|(_, version)| *version);
    assert_eq!(seen, (0..120).map(|n| (format!("o{n}"), n)).collect::<Vec<_>>());
    down(engine);
}
