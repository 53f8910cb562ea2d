//! Documents are kept, replaced and taken away, each kind by itself.

use crate::fixture::*;
use engine::Document;

#[test]
fn documents_survive_a_restart_and_go_when_told_to() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path());
    let documents = engine.documents();
    documents.keep_blocking(Document::ApiKey, &[("a", Some(b"1")), ("b", Some(b"2"))]).unwrap();
    documents.keep_blocking(Document::Usage, &[("a", Some(b"other"))]).unwrap();
    run(documents.keep(Document::ApiKey, &[("a", Some(b"3")), ("b", None)])).unwrap();
    drop(documents);
    down(engine);
    let engine = open(directory.path());
    let all = |of| engine.documents().all(of).unwrap();
    assert_eq!(all(Document::ApiKey), [("a".to_owned(), b"3".to_vec())]);
    assert_eq!(all(Document::Usage), [("a".to_owned(), b"other".to_vec())]);
    down(engine);
}

#[test]
fn an_observer_sees_each_change_before_its_writer_hears_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path());
    engine.deploy(&stack(pipe("P"))).unwrap();
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let into = std::sync::Arc::clone(&seen);
    assert!(engine.observe(Box::new(move |change| into.lock().unwrap().push(change.sequence))));
    assert!(!engine.observe(Box::new(|_| panic!("a second observer is not taken"))));
    for version in 1..=3 {
        let written = put(&engine, "ORD-1", version);
        assert_eq!(seen.lock().unwrap().last().copied(), written.sequence);
    }
    down(engine);
}
