//! Reading and writing items: what is acknowledged stays, what is refused leaves no trace.

use crate::fixture::*;
use engine::{By, Command, CommandError, CommandRefused, WriteRefused};
use std::sync::Arc;
use table::{Comparison, Condition, Operand, Path};
use types::{Item, Number};

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
fn writes_of_one_item_follow_on_one_another_and_each_is_a_change_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let functions = Arc::new(Watched::default());
    let engine = up(directory.path(), &stack(pipe("p")), &functions);
    put(&engine, "a", 1);
    let is = |version: u64| {
        Condition::Compare(
            Operand::Path(Path::from("v")),
            Comparison::Equal,
            Operand::Value(Number::from(version).into()),
        )
    };
    let writes = |last: u64| {
        vec![
            put_if(&engine, order("a", 2), is(1)),
            put_if(&engine, order("b", 7), Condition::NotExists(Path::from("id"))),
            put_if(&engine, order("a", 2), is(2)),
            put_if(&engine, order("a", 3), is(2)),
            put_if(&engine, order("a", 4), is(last)),
        ]
    };
    let refused = run(engine.command(Command { writes: writes(9), ..Command::default() }, By::Client)).unwrap_err();
    let CommandError::Refused(CommandRefused::Table { index: 4, refused }) = refused else { panic!("{refused:?}") };
    assert_eq!(refused, table::Refused::ConditionFailed { old: Some(order("a", 3)) });
    assert_eq!((get(&engine, "a"), get(&engine, "b")), (Some(order("a", 1)), None));

    let written = run(engine.command(Command { writes: writes(3), ..Command::default() }, By::Client)).unwrap();
    let olds: Vec<_> = written.iter().map(|one| one.old.clone()).collect();
    assert_eq!(olds, [Some(order("a", 1)), None, Some(order("a", 2)), Some(order("a", 2)), Some(order("a", 3))]);
    let first = written[0].sequence.unwrap().get();
    let places: Vec<Option<u64>> = written.iter().map(|one| one.sequence.map(|place| place.get() - first)).collect();
    assert_eq!(places, [Some(0), Some(1), None, Some(2), Some(3)], "the write that changed nothing left no record");
    let delivered = [("a", 1), ("a", 2), ("b", 7), ("a", 3), ("a", 4)].map(|(id, version)| (id.to_owned(), version));
    assert_eq!(functions.wait_for(5), delivered);
    let history = |engine: &engine::Engine| -> Vec<_> {
        let changes = engine.explain("a").unwrap().remove(0).changes.into_iter();
        changes.map(|change| (change.record.change.old.clone(), change.record.change.new.clone())).collect()
    };
    let versions = [None, Some(1), Some(2), Some(3), Some(4)].map(|version| version.map(|version| order("a", version)));
    let expected: Vec<_> = versions.windows(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
    assert_eq!(history(&engine), expected);
    down(engine);
    let engine = up(directory.path(), &stack(pipe("p")), &functions);
    assert_eq!((history(&engine), get(&engine, "a")), (expected, Some(order("a", 4))));
    assert_eq!(engine.check().unwrap().findings, Vec::<String>::new());
    down(engine);
}

#[test]
fn a_command_that_goes_out_from_an_earlier_look_is_decided_by_what_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let engine = up(directory.path(), &stack(pipe("p")), &Arc::new(Watched::default()));
    put(&engine, "a", 1);
    let orders = engine.table(&"Orders".parse().unwrap()).unwrap();
    let look = |id: &str| engine.peek(&orders, &orders.key_of(&Item::from([("id", id.into())])).unwrap()).unwrap();
    let before = look("a");
    assert_eq!(before.item(), Some(&order("a", 1)));
    let write = |version: u64, expected: u64, looked: &engine::Looked| {
        let is = Condition::Compare(
            Operand::Path(Path::from("v")),
            Comparison::Equal,
            Operand::Value(Number::from(expected).into()),
        );
        let writes = vec![put_if(&engine, order("a", version as i64), is)];
        run(engine.command(Command { writes, looked: vec![looked.clone()], ..Command::default() }, By::Client))
    };
    let written = write(2, 1, &before).unwrap();
    assert_eq!((written[0].old.clone(), get(&engine, "a")), (Some(order("a", 1)), Some(order("a", 2))));
    // What was seen then would let this pass, and refuse the next.
    let refused = write(3, 1, &before).unwrap_err();
    let CommandError::Refused(CommandRefused::Table { refused, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(refused, table::Refused::ConditionFailed { old: Some(order("a", 2)) });
    let written = write(3, 2, &before).unwrap();
    assert_eq!((written[0].old.clone(), get(&engine, "a")), (Some(order("a", 2)), Some(order("a", 3))));
    // An item that was missing, and came.
    let missing = look("b");
    assert_eq!(missing.item(), None);
    put(&engine, "b", 1);
    let absent = vec![put_if(&engine, order("b", 2), Condition::NotExists(Path::from("id")))];
    let command = Command { writes: absent, looked: vec![missing], ..Command::default() };
    assert!(matches!(run(engine.command(command, By::Client)), Err(CommandError::Refused(_))));
    assert_eq!(get(&engine, "b"), Some(order("b", 1)));
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

#[test]
fn a_table_finds_nothing_until_an_item_is_acknowledged_and_a_look_that_is_spared_is_counted() {
    let directory = tempfile::tempdir().unwrap();
    let engine = up(directory.path(), &stack(pipe("p")), &Arc::new(Watched::default()));
    let table = engine.table(&"Orders".parse().unwrap()).unwrap();
    let reads = |engine: &engine::Engine| {
        let traffic = engine.traffic().tables.into_iter().find(|(name, _)| *name == table.name).unwrap().1;
        (traffic.reads, traffic.read_blocks)
    };
    let before = reads(&engine);
    assert!(engine.finds_nothing(&table));
    assert_eq!(reads(&engine), (before.0 + 1, before.1 + 1));
    put(&engine, "a", 1);
    assert!(!engine.finds_nothing(&table));
    delete(&engine, "a");
    assert!(engine.finds_nothing(&table));
    assert_eq!(reads(&engine), (before.0 + 2, before.1 + 2));
    down(engine);
}
