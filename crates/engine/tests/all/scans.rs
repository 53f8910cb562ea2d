//! Scans and updates: each item once, whatever the pages and parts; and no update lost, however many are made at once.

use crate::fixture::{Watched, open, run};
use engine::spec::*;
use engine::{CommandRefused, Engine, Functions, QueryRefused, TableWrite};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use table::{Condition, Names, Refused, Scan, Segment, UpdateRefused, Write, read_condition, read_update};
use types::{Item, Key, KeyAttribute, KeySchema, KeyType, KeyValue, Number, TableName, Value};

fn name() -> TableName {
    "Things".parse().unwrap()
}

/// Two tables, of which the other one's items are none of a scan's business; things are also found by their colour.
fn up(directory: &Path) -> Engine {
    let attribute = |name: &str, key_type| KeyAttribute { name: name.to_owned(), key_type };
    let keys = || KeySchema { hash: attribute("h", KeyType::S), range: Some(attribute("r", KeyType::N)) };
    let by_colour = IndexSpec {
        name: "by-colour".parse().unwrap(),
        keys: KeySchema { hash: attribute("colour", KeyType::S), range: Some(attribute("r", KeyType::N)) },
        projection: Projection::Keys,
    };
    let table = |name: &str, indexes| TableSpec {
        name: name.parse().unwrap(),
        keys: keys(),
        view: None,
        indexes,
        expires_by: None,
    };
    let stack = StackSpec {
        name: "test".to_owned(),
        tables: vec![table("Others", vec![]), table("Things", vec![by_colour]), table("Zebras", vec![])],
        queues: vec![],
        functions: vec![],
        log_groups: vec![],
        pipes: vec![],
        pollers: vec![],
        events: Default::default(),
        versions: Default::default(),
        origin: json!(null),
    };
    let engine = open(directory);
    engine.deploy(&stack).unwrap();
    engine.start(&["test".to_owned()], Arc::new(Watched::default()) as Arc<dyn Functions>).unwrap();
    engine
}

fn thing(h: &str, r: i64, colour: Option<&str>) -> Item {
    let mut item = Item::from([("h", h.into()), ("r", Number::from(r).into()), ("v", "x".into())]);
    if let Some(colour) = colour {
        item.insert("colour", colour.into());
    }
    item
}

fn key(h: &str, r: i64) -> Key {
    Key { hash: KeyValue::S(h.into()), range: Some(KeyValue::N(r.into())) }
}

fn write_to(engine: &Engine, table: &str, write: Write, condition: Condition) -> Result<Option<Item>, CommandRefused> {
    let table = engine.table(&table.parse().unwrap()).unwrap();
    let command = TableWrite { table, write, condition, return_old: true };
    run(engine.write(vec![command])).map(|mut written| written.remove(0).old)
}

fn put(engine: &Engine, item: Item) {
    write_to(engine, "Things", Write::Put(item), Condition::Always).unwrap();
}

/// All pages of a scan, one after the other.
fn all(engine: &Engine, mut scan: Scan) -> Vec<Item> {
    let mut items = Vec::new();
    for _ in 0..1_000 {
        let page = engine.scan(&name(), &scan).unwrap();
        assert!(scan.limit.is_none_or(|limit| page.items.len() <= limit.get()));
        assert_eq!(page.count, page.items.len());
        assert_eq!(page.bytes, page.items.iter().map(Item::size).sum::<usize>());
        items.extend(page.items);
        match page.last {
            Some(last) => scan.after = Some(last),
            None => return items,
        }
    }
    panic!("a scan comes to its end");
}

fn sorted(items: Vec<Item>) -> BTreeSet<String> {
    let count = items.len();
    let texts: BTreeSet<String> = items.into_iter().map(|item| item.to_json().to_string()).collect();
    assert_eq!(texts.len(), count, "no item comes twice");
    texts
}

const TEXTS: [&str; 5] = ["", "a", "b", "\u{0}", "a\u{0}b"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Whatever is put and deleted: pages of any size, of all parts together, give each item of the table once, and of
    /// an index each that is in it, as it gives it.
    #[test]
    fn scans_give_each_item_once(
        puts in proptest::collection::vec((1..5usize, 0..4i64, proptest::option::of(1..4usize)), 0..30),
        deletes in proptest::collection::vec((1..5usize, 0..4i64), 0..10),
        limit in proptest::option::of(1..5usize),
        total in proptest::option::of(1..6u32),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let engine = up(directory.path());
        for other in ["Others", "Zebras"] {
            write_to(&engine, other, Write::Put(thing("a", 1, Some("red"))), Condition::Always).unwrap();
        }
        let mut model = std::collections::BTreeMap::new();
        for (h, r, colour) in puts {
            let item = thing(TEXTS[h], r, colour.map(|colour| TEXTS[colour]));
            put(&engine, item.clone());
            model.insert((h, r), item);
        }
        for (h, r) in deletes {
            write_to(&engine, "Things", Write::Delete(key(TEXTS[h], r)), Condition::Always).unwrap();
            model.remove(&(h, r));
        }
        let in_index = model.values().filter(|item| item.get("colour").is_some()).map(|item| {
            ["h", "r", "colour"].iter().map(|name| ((*name).into(), item.get(name).unwrap().clone())).collect::<Item>()
        });
        let in_index = sorted(in_index.collect());
        let parts: Vec<Option<Segment>> = match total {
            None => vec![None],
            Some(total) => (0..total).map(|number| Segment::new(number, total)).collect(),
        };
        let limit = limit.and_then(NonZeroUsize::new);
        for (index, expected) in [(None, sorted(model.into_values().collect())), (Some("by-colour"), in_index)] {
            let index = index.map(|name: &str| name.parse().unwrap());
            let scan = |segment: &Option<Segment>| Scan { index: index.clone(), limit, after: None, segment: *segment };
            let found = parts.iter().flat_map(|segment| all(&engine, scan(segment)));
            prop_assert_eq!(sorted(found.collect()), expected);
        }
        engine.stop();
    }
}

#[test]
fn a_page_ends_with_the_item_that_makes_it_a_megabyte() {
    let directory = tempfile::tempdir().unwrap();
    let engine = up(directory.path());
    for r in 0..7 {
        let mut item = thing("a", r, None);
        item.insert("v", "x".repeat(300_000).as_str().into());
        put(&engine, item);
    }
    let page = engine.scan(&name(), &Scan::default()).unwrap();
    assert_eq!(page.count, 4);
    let rest = engine.scan(&name(), &Scan { after: page.last, ..Scan::default() }).unwrap();
    assert_eq!((rest.count, rest.last), (3, None));
    // A page that ends with the last item does not know that nothing follows.
    let limit = NonZeroUsize::new(7);
    let whole = engine.scan(&name(), &Scan { limit: NonZeroUsize::new(3), ..Scan::default() }).unwrap();
    let last = engine.scan(&name(), &Scan { limit, after: whole.last, ..Scan::default() }).unwrap();
    assert_eq!((last.count, last.last.is_some()), (4, true));
    engine.stop();
}

#[test]
fn a_part_with_few_items_is_found_in_bounded_pages() {
    let directory = tempfile::tempdir().unwrap();
    let engine = Arc::new(up(directory.path()));
    // More than one page looks at; each hash value has many, so that only a few parts have any.
    let writes = (0..300).map(|batch| {
        let table = engine.table(&name()).unwrap();
        let write = |r: i64| TableWrite {
            table: Arc::clone(&table),
            write: Write::Put(thing("many", batch * 80 + r, None)),
            condition: Condition::Always,
            return_old: false,
        };
        (0..80).map(write).collect::<Vec<_>>()
    });
    for command in writes {
        run(engine.write(command)).unwrap();
    }
    let part = (0..1_000).find(|number| Segment::new(*number, 1_000).unwrap().covers(&key("many", 0))).unwrap();
    let other = Segment::new((part + 1) % 1_000, 1_000);
    let page = engine.scan(&name(), &Scan { segment: other, ..Scan::default() }).unwrap();
    assert_eq!((page.count, page.last.is_some()), (0, true));
    assert_eq!(all(&engine, Scan { segment: other, ..Scan::default() }), Vec::<Item>::new());
    let segment = Segment::new(part, 1_000);
    assert_eq!(all(&engine, Scan { segment, ..Scan::default() }).len(), 24_000);
    engine.stop();
}

#[test]
fn what_cannot_be_scanned_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let engine = up(directory.path());
    let none = engine.scan(&"None".parse().unwrap(), &Scan::default());
    assert!(matches!(none, Err(QueryRefused::NotFound(_))), "{none:?}");
    let index = Scan { index: Some("none".parse().unwrap()), ..Scan::default() };
    let refused = engine.scan(&name(), &index);
    assert!(matches!(refused, Err(QueryRefused::Query(table::QueryRefused::NoSuchIndex(_)))), "{refused:?}");
    let after = Scan { after: Some(Item::from([("h", Value::Null)])), ..Scan::default() };
    let refused = engine.scan(&name(), &after);
    assert!(matches!(refused, Err(QueryRefused::Query(table::QueryRefused::StartInvalid { .. }))), "{refused:?}");
    engine.stop();
}

#[test]
fn an_update_is_a_change_under_its_condition_and_found_by_indexes() {
    let directory = tempfile::tempdir().unwrap();
    let engine = up(directory.path());
    let names = || Names::new([], [(":v".to_owned(), "red".into())]);
    let update = |text: &str, condition: &str| {
        let names = names();
        let update = read_update(text, &names).unwrap();
        let condition = match condition {
            "" => Condition::Always,
            text => read_condition(text, &names).unwrap(),
        };
        write_to(&engine, "Things", Write::Update(key("a", 1), update), condition)
    };
    let red = || Item::from([("h", "a".into()), ("r", Number::from(1i64).into()), ("colour", "red".into())]);
    let by_colour = || all(&engine, Scan { index: Some("by-colour".parse().unwrap()), ..Scan::default() });
    assert_eq!(update("SET colour = :v", "attribute_not_exists(h)").unwrap(), None);
    assert_eq!(by_colour(), [red()]);
    let refused = update("REMOVE colour", "attribute_not_exists(h)").unwrap_err();
    let failed = Refused::ConditionFailed { old: Some(red()) };
    assert!(matches!(&refused, CommandRefused::Table { refused, .. } if *refused == failed), "{refused:?}");
    let refused = update("SET a.b = :v", "").unwrap_err();
    let invalid = Refused::Update(UpdateRefused::PathInvalid);
    assert!(matches!(&refused, CommandRefused::Table { refused, .. } if *refused == invalid), "{refused:?}");
    assert_eq!(update("REMOVE colour", "colour = :v").unwrap(), Some(red()));
    assert_eq!(by_colour(), Vec::<Item>::new());
    assert_eq!(engine.check().unwrap().findings, Vec::<String>::new());
    engine.stop();
}

#[test]
fn no_update_is_lost_however_many_are_made_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let engine = Arc::new(up(directory.path()));
    const WRITERS: u64 = 6;
    const TIMES: u64 = 40;
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let engine = Arc::clone(&engine);
            std::thread::spawn(move || {
                let names = Names::new([], [(":one".to_owned(), Value::N(1u64.into()))]);
                let update = read_update("ADD n :one", &names).unwrap();
                for _ in 0..TIMES {
                    let write = Write::Update(key("counter", 0), update.clone());
                    write_to(&engine, "Things", write, Condition::Always).unwrap();
                }
            })
        })
        .collect();
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    let table = engine.table(&name()).unwrap();
    let counter = engine.get(&table, &key("counter", 0)).unwrap().unwrap();
    assert_eq!(counter.number("n"), Some((WRITERS * TIMES).into()));
    engine.stop();
}
