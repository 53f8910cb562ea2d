//! What a new version of a stack changes, and what is refused because something would be lost.

use crate::fixture::*;
use engine::{Act, DeployError, DeployRefused};
use std::sync::Arc;
use types::ViewType;

#[test]
fn the_same_stack_again_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path());
    let first = engine.deploy(&stack(pipe("p"))).unwrap();
    assert!(first.iter().all(|step| step.act == Act::Created) && first.len() == 4, "{first:?}");
    assert!(engine.deploy(&stack(pipe("p"))).unwrap().is_empty());
    down(engine);
}

#[test]
fn what_would_lose_something_is_refused_and_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path());
    engine.deploy(&stack(pipe("p"))).unwrap();
    let before = engine.catalog();
    let mut key = stack(pipe("p"));
    key.tables[0].keys.hash.name = "other".to_owned();
    let mut view = stack(pipe("p"));
    view.tables[0].view = Some(ViewType::KeysOnly);
    let mut stream = stack(pipe("p"));
    stream.tables[0].view = None;
    let mut target = stack(pipe("p"));
    target.functions.clear();
    let mut letters = stack(pipe("p"));
    letters.queues.clear();
    let mut filter = stack(pipe("p"));
    filter.pipes[0].filters = vec!["{".to_owned()];
    let mut source = stack(pipe("p"));
    source.tables.push(table("Others"));
    source.pipes[0].source = engine::spec::PipeSource::Table("Others".parse().unwrap());
    let mut taken = stack(pipe("q"));
    taken.name = "another".to_owned();
    let refused = |spec| match engine.deploy(&spec).unwrap_err() {
        DeployError::Refused(refused) => refused,
        DeployError::Write(error) => panic!("{error}"),
    };
    assert!(matches!(refused(key), DeployRefused::KeyChanged(_)));
    assert!(matches!(refused(view), DeployRefused::ViewChanged(_)));
    assert!(matches!(refused(stream), DeployRefused::NoStream { .. }));
    assert!(matches!(refused(target), DeployRefused::NoTarget { kind: "function", .. }));
    assert!(matches!(refused(letters), DeployRefused::NoTarget { kind: "queue", .. }));
    assert!(matches!(refused(filter), DeployRefused::Filter { .. }));
    assert!(matches!(refused(source), DeployRefused::SourceChanged(_)));
    let taken = refused(taken);
    assert!(taken.to_string().contains("belongs to stack test already, and stack another names one too"), "{taken}");
    assert_eq!(engine.catalog(), before);
    down(engine);
}

#[test]
fn what_is_no_longer_named_keeps_its_data_and_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let engine = up(directory.path(), &stack(pipe("p")), &functions);
    put(&engine, "a", 1);
    functions.wait_for(1);
    down(engine);
    let mut empty = stack(pipe("p"));
    (empty.pipes, empty.tables, empty.queues) = (vec![], vec![], vec![]);
    let engine = open(directory.path());
    let steps = engine.deploy(&empty).unwrap();
    assert_eq!(steps.iter().filter(|step| step.act == Act::Dormant).count(), 3, "{steps:?}");
    assert!(engine.table(&"Orders".parse().unwrap()).is_err());
    down(engine);
    let engine = up(directory.path(), &stack(pipe("p")), &functions);
    assert_eq!(get(&engine, "a"), Some(order("a", 1)));
    put(&engine, "b", 1);
    assert_eq!(functions.wait_for(2), [("a".to_owned(), 1), ("b".to_owned(), 1)]);
    down(engine);
}

#[test]
fn a_pipe_with_other_lanes_loses_no_record() {
    let directory = tempfile::tempdir().unwrap();
    let mut waiting = pipe("p");
    waiting.running = false;
    let engine = up(directory.path(), &stack(waiting), &Arc::new(Watched::default()));
    (0..30).for_each(|n| drop(put(&engine, &format!("o{n}"), n)));
    down(engine);
    let functions = Arc::new(Watched::default());
    let mut wide = pipe("p");
    wide.lanes = 5;
    let engine = up(directory.path(), &stack(wide), &functions);
    let mut seen = functions.wait_for(30);
    seen.sort_by_key(|(_, version)| *version);
    assert_eq!(seen, (0..30).map(|n| (format!("o{n}"), n)).collect::<Vec<_>>());
    down(engine);
}
