//! What is told of an order.

use crate::fixture::*;
use engine::{Decision, How, Older};
use std::sync::Arc;
use types::ChangeKind;

#[test]
fn every_change_is_told_with_what_the_pipe_made_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let mut filtered = pipe("p");
    filtered.filters = vec![r#"{"eventName":["MODIFY"],"dynamodb":{"NewImage":{"v":{"N":["2"]}}}}"#.to_owned()];
    let engine = up(directory.path(), &stack(filtered), &functions);
    put(&engine, "a", 1);
    put(&engine, "a", 2);
    delete(&engine, "a");
    functions.wait_for(1);
    let told = || engine.explain("a").unwrap();
    let delivered = || match &told()[0].changes[1].pipes[0].decision {
        Decision::Matched { outcomes, settled, .. } => *settled && matches!(outcomes[0].how, How::Delivered { .. }),
        other => panic!("{other:?}"),
    };
    eventually(delivered, || "the outcome".to_owned());
    let told = told();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].older, Older::None);
    let kinds: Vec<ChangeKind> = told[0].changes.iter().map(|change| change.record.change.kind).collect();
    assert_eq!(kinds, [ChangeKind::Insert, ChangeKind::Modify, ChangeKind::Remove]);
    let Decision::Stopped(said) = &told[0].changes[0].pipes[0].decision else { panic!("an insert is stopped") };
    let paths: Vec<&str> = said[0].failures().map(|clause| clause.path.as_str()).collect();
    assert_eq!(paths, ["dynamodb.NewImage.v.N", "eventName"]);
    assert!(matches!(told[0].changes[2].pipes[0].decision, Decision::Stopped(_)));
    assert!(engine.explain("nobody").unwrap().is_empty());
    down(engine);
}

#[test]
fn a_change_is_told_by_the_filters_that_decided_on_it() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let engine = up(directory.path(), &stack(pipe("p")), &functions);
    put(&engine, "a", 1);
    functions.wait_for(1);
    down(engine);
    let mut never = pipe("p");
    never.filters = vec![r#"{"eventName":["REMOVE"]}"#.to_owned()];
    let engine = up(directory.path(), &stack(never), &functions);
    let last = put(&engine, "a", 2).sequence.unwrap();
    eventually(|| engine.pipes()[0].done >= last, || "the pipe".to_owned());
    let told = engine.explain("a").unwrap();
    assert!(matches!(told[0].changes[0].pipes[0].decision, Decision::Matched { .. }), "the old filters let it through");
    assert!(matches!(told[0].changes[1].pipes[0].decision, Decision::Stopped(_)), "the new ones do not");
    down(engine);
}

#[test]
fn failures_and_the_dead_letter_are_told_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    functions.poison.lock().unwrap().insert("bad".to_owned());
    let engine = up(directory.path(), &stack(pipe("p")), &functions);
    put(&engine, "bad", 1);
    eventually(|| engine.queue_counts(&"Dead".parse().unwrap()).unwrap().visible == 1, || "the letter".to_owned());
    let told = engine.explain("bad").unwrap();
    let Decision::Matched { outcomes, settled, .. } = &told[0].changes[0].pipes[0].decision else {
        panic!("it matched")
    };
    assert!(settled);
    let attempts: Vec<Option<u32>> = outcomes
        .iter()
        .map(|outcome| match &outcome.how {
            How::Failed { attempt, .. } => Some(*attempt),
            How::GaveUp { attempts, queue, .. } => {
                assert_eq!(queue.as_deref(), Some("Dead"));
                Some(attempts + 100)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(attempts, [Some(1), Some(2), Some(103)], "two retries, then it was given up after three attempts");
    down(engine);
}
