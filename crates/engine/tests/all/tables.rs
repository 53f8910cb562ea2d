//! Reading and writing items: what is acknowledged stays, what is refused leaves no trace.

use crate::fixture::*;
use engine::{CommandRefused, WriteRefused};
use std::sync::Arc;
use table::{Comparison, Condition, Operand, Path};
use types::Number;

#[test]
fn what_is_written_is_read_now_and_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let engine = up(directory.path(), &stack(pipe("p")), &functions);
    assert_eq!(put(&engine, "a", 1).old, None);
    assert_eq!(put(&engine, "a", 2).old, Some(order("a", 1)));
    assert_eq!(delete(&engine, "b").old, None);
    put(&engine, "c", 1);
    assert_eq!(delete(&engine, "c").old, Some(order("c", 1)));
    for _ in 0..2 {
        assert_eq!(get(&engine, "a"), Some(order("a", 2)));
        assert_eq!(get(&engine, "c"), None);
    }
    down(engine);
    let engine = up(directory.path(), &stack(pipe("p")), &functions);
    assert_eq!(get(&engine, "a"), Some(order("a", 2)));
    assert_eq!(get(&engine, "c"), None);
    assert_eq!(put(&engine, "c", 5).old, None);
    down(engine);
}

#[test]
fn a_write_that_changes_nothing_leaves_no_record() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let engine = up(directory.path(), &stack(pipe("p")), &functions);
    assert!(put(&engine, "a", 1).sequence.is_some());
    assert_eq!(put(&engine, "a", 1).sequence, None);
    assert_eq!(delete(&engine, "nothing").sequence, None);
    put(&engine, "z", 1);
    assert_eq!(functions.wait_for(2), [("a".to_owned(), 1), ("z".to_owned(), 1)]);
    down(engine);
}

#[test]
fn a_command_is_carried_out_whole_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let engine = up(directory.path(), &stack(pipe("p")), &Arc::new(Watched::default()));
    put(&engine, "a", 1);
    let absent = Condition::NotExists(Path::from("id"));
    let command =
        vec![put_if(&engine, order("b", 1), Condition::Always), put_if(&engine, order("a", 2), absent.clone())];
    let refused = run(engine.write(command)).unwrap_err();
    assert!(matches!(refused, CommandRefused::Table { index: 1, .. }), "{refused:?}");
    assert_eq!((get(&engine, "a"), get(&engine, "b")), (Some(order("a", 1)), None));
    let command = vec![put_if(&engine, order("b", 1), absent), put_if(&engine, order("a", 2), Condition::Always)];
    let written = run(engine.write(command)).unwrap();
    let places: Vec<u64> = written.iter().map(|one| one.sequence.unwrap().get()).collect();
    assert_eq!(places[1], places[0] + 1);
    assert_eq!((get(&engine, "a"), get(&engine, "b")), (Some(order("a", 2)), Some(order("b", 1))));
    let twice =
        vec![put_if(&engine, order("b", 3), Condition::Always), put_if(&engine, order("b", 4), Condition::Always)];
    assert!(matches!(run(engine.write(twice)).unwrap_err(), CommandRefused::SameItem));
    down(engine);
}

#[test]
fn no_update_is_lost_however_many_write_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let engine = Arc::new(up(directory.path(), &stack(pipe("p")), &Arc::new(Watched::default())));
    put(&engine, "counter", 0);
    const WRITERS: i64 = 6;
    const TIMES: i64 = 40;
    let add_one = |engine: &engine::Engine| loop {
        let version = get(engine, "counter").unwrap().number("v").unwrap();
        let unchanged =
            Condition::Compare(Operand::Path(Path::from("v")), Comparison::Equal, Operand::Value(version.into()));
        let next = order("counter", version.to_f64() as i64 + 1);
        match run(engine.write(vec![put_if(engine, next, unchanged)])) {
            Ok(_) => return,
            Err(CommandRefused::Table { .. } | CommandRefused::Write(WriteRefused::Contended)) => {}
            Err(refused) => panic!("{refused}"),
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| (0..TIMES).for_each(|_| add_one(&engine)));
        }
    });
    assert_eq!(get(&engine, "counter").unwrap().number("v"), Some(Number::from(WRITERS * TIMES)));
    engine.stop();
}

#[test]
fn items_are_counted_across_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let engine = up(directory.path(), &stack(pipe("p")), &functions);
    (0..5).for_each(|n| drop(put(&engine, &format!("o{n}"), n)));
    put(&engine, "o1", 100);
    delete(&engine, "o2");
    let table = |engine: &engine::Engine| engine.table(&"Orders".parse().unwrap()).unwrap();
    let expected: usize = ["o0", "o1", "o3", "o4"].iter().map(|id| get(&engine, id).unwrap().size()).sum();
    let count = engine.count(&table(&engine));
    assert_eq!((count.items, count.bytes), (4, expected as u64));
    down(engine);
    let engine = up(directory.path(), &stack(pipe("p")), &functions);
    assert_eq!(engine.count(&table(&engine)), count);
    put(&engine, "o9", 1);
    assert_eq!(engine.count(&table(&engine)).items, 5);
    down(engine);
}
