//! Indexes and queries: what is asked for by any key is what a plain map of the items would give, at any moment.

use crate::fixture::{Watched, eventually, open, run};
use engine::spec::*;
use engine::{By, Command, CommandRefused, Engine, Functions, IndexState, QueryRefused, TableWrite};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use table::{Condition, Give, Order, Query, RangeTest, Refused, Write};
use types::{Item, Key, KeyAttribute, KeySchema, KeyType, KeyValue, Number, TableName, Value};

fn name() -> TableName {
    "Things".parse().unwrap()
}

fn attribute(name: &str, key_type: KeyType) -> KeyAttribute {
    KeyAttribute { name: name.to_owned(), key_type }
}

/// The indexes: by a text and a byte string, by a number alone, and the table's own key the other way round.
fn indexes() -> Vec<IndexSpec> {
    let index = |name: &str, hash: KeyAttribute, range: Option<KeyAttribute>, projection: Projection| IndexSpec {
        name: name.parse().unwrap(),
        keys: KeySchema { hash, range },
        projection,
    };
    vec![
        index("by-a", attribute("a", KeyType::S), Some(attribute("b", KeyType::B)), Projection::All),
        index("by-c", attribute("c", KeyType::N), None, Projection::Keys),
        index(
            "by-r",
            attribute("r", KeyType::N),
            Some(attribute("a", KeyType::S)),
            Projection::Include(vec!["v".to_owned(), "none".to_owned()]),
        ),
    ]
}

fn stack(indexes: Vec<IndexSpec>) -> StackSpec {
    let keys = KeySchema { hash: attribute("h", KeyType::S), range: Some(attribute("r", KeyType::N)) };
    let table = TableSpec { name: name(), keys, view: None, indexes, expires_by: None };
    StackSpec {
        name: "test".to_owned(),
        tables: vec![table],
        queues: vec![],
        functions: vec![],
        log_groups: vec![],
        pipes: vec![],
        pollers: vec![],
        events: Default::default(),
        versions: Default::default(),
        origin: json!(null),
    }
}

fn start(engine: &Engine) {
    engine.start(&["test".to_owned()], Arc::new(Watched::default()) as Arc<dyn Functions>).unwrap();
}

fn up(directory: &Path, indexes: Vec<IndexSpec>) -> Engine {
    let engine = open(directory);
    engine.deploy(&stack(indexes)).unwrap();
    start(&engine);
    engine
}

fn one_of(engine: &Engine, write: Write) -> TableWrite {
    TableWrite { table: engine.table(&name()).unwrap(), write, condition: Condition::Always, return_old: true }
}

fn write(engine: &Engine, write: Write) -> Result<(), CommandRefused> {
    run(engine.write(vec![one_of(engine, write)])).map(drop)
}

/// All pages of a query, one after the other.
fn all(engine: &Engine, mut query: Query) -> Vec<Item> {
    let (mut items, mut pages) = (Vec::new(), 0);
    loop {
        let page = engine.query(&name(), &query).unwrap();
        assert!(query.limit.is_none_or(|limit| page.items.len() <= limit.get()));
        assert_eq!(page.count, page.items.len());
        assert_eq!(page.bytes, page.items.iter().map(Item::size).sum::<usize>());
        items.extend(page.items);
        pages += 1;
        assert!(pages < 1_000, "a query comes to its end");
        match page.last {
            Some(last) => query.after = Some(last),
            None => return items,
        }
    }
}

fn wait_until_built(engine: &Engine) {
    let building = || {
        let table = engine.table(&name()).unwrap();
        table.indexes.iter().any(|index| engine.index_state(index.id) != IndexState::Ready)
    };
    eventually(|| !building(), || "the indexes to be built".to_owned());
}

fn nothing_found(engine: &Engine) {
    let check = engine.check().unwrap();
    assert_eq!(check.findings, Vec::<String>::new());
}

/// As if the process had been killed: whatever lies on the disk now is what the next one finds.
///
/// The engine goes on meanwhile, so the log is copied last: what the rest tells of is in it.
fn killed(directory: &Path) -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        if !from.is_dir() {
            std::fs::copy(from, to).unwrap();
            return;
        }
        std::fs::create_dir_all(to).unwrap();
        let mut names: Vec<_> = std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort_by_key(|name| (name == "log", name.to_string_lossy().ends_with(".log")));
        names.iter().for_each(|name| copy(&from.join(name), &to.join(name)));
    }
    let copied = tempfile::tempdir().unwrap();
    copy(directory, copied.path());
    copied
}

// ── against a plain map ──────────────────────────────────────────────────────────────────────────────────────────────

const TEXTS: [&str; 6] = ["a", "a\0", "a\0\u{1}", "ab", "b", "a\u{7f}"];
const BLOBS: [&[u8]; 6] = [&[0], &[0, 0], &[0, 1], &[0, 0xFF], &[0xFF], &[0xFF, 0xFF]];
const NUMBERS: [&str; 7] = ["-10", "-1.5", "0", "0.5", "2", "10", "1e20"];

fn number(at: usize) -> Number {
    NUMBERS[at % NUMBERS.len()].parse().unwrap()
}

/// An item in a few small numbers: each attribute is one of few, or missing.
#[derive(Debug, Clone)]
struct Drawn {
    h: usize,
    r: usize,
    a: Option<usize>,
    b: Option<usize>,
    c: Option<usize>,
    v: usize,
}

impl Drawn {
    fn item(&self) -> Item {
        let mut item = Item::from([
            ("h", TEXTS[self.h % 3].into()),
            ("r", Value::N(number(self.r))),
            ("v", Number::from(self.v as u64).into()),
        ]);
        let mut add =
            |name: &str, value: Option<Value>| value.into_iter().for_each(|value| drop(item.insert(name, value)));
        add("a", self.a.map(|a| TEXTS[a % TEXTS.len()].into()));
        add("b", self.b.map(|b| Value::B(BLOBS[b % BLOBS.len()].into())));
        add("c", self.c.map(|c| Value::N(number(c))));
        item
    }
}

#[derive(Debug, Clone)]
enum Step {
    Put(Drawn),
    Delete(usize, usize),
    /// Puts and deletes of few items, as one commit.
    Command(Vec<(bool, Drawn)>),
    Restart,
    Kill,
    /// Deploys with the first so many indexes.
    Deploy(usize),
}

fn any_drawn() -> impl Strategy<Value = Drawn> {
    let maybe = || proptest::option::weighted(0.8, 0..7usize);
    (0..3usize, 0..7usize, maybe(), maybe(), maybe(), 0..3usize).prop_map(|(h, r, a, b, c, v)| Drawn {
        h,
        r,
        a,
        b,
        c,
        v,
    })
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => any_drawn().prop_map(Step::Put),
        6 => (0..3usize, 0..7usize).prop_map(|(h, r)| Step::Delete(h, r)),
        6 => proptest::collection::vec((any::<bool>(), any_drawn()), 2..8).prop_map(|mut writes| {
            writes.iter_mut().for_each(|(_, drawn)| (drawn.h, drawn.r) = (0, drawn.r % 3));
            Step::Command(writes)
        }),
        1 => Just(Step::Restart),
        1 => Just(Step::Kill),
        2 => (0..=3usize).prop_map(Step::Deploy),
    ]
}

#[derive(Debug, Clone)]
struct Asked {
    key: usize,
    hash: usize,
    test: usize,
    values: (usize, usize),
    descending: bool,
    limit: Option<usize>,
}

fn any_asked() -> impl Strategy<Value = Asked> {
    let limit = proptest::option::of(1..4usize);
    (0..4usize, 0..7usize, 0..8usize, (0..7usize, 0..7usize), any::<bool>(), limit)
        .prop_map(|(key, hash, test, values, descending, limit)| Asked { key, hash, test, values, descending, limit })
}

fn value_of(key_type: KeyType, at: usize) -> KeyValue {
    match key_type {
        KeyType::S => KeyValue::S(TEXTS[at % TEXTS.len()].into()),
        KeyType::N => KeyValue::N(number(at)),
        KeyType::B => KeyValue::B(BLOBS[at % BLOBS.len()].into()),
    }
}

impl Asked {
    /// The query, the schema that it asks, and the index's definition.
    fn query(&self) -> (Query, KeySchema, Option<IndexSpec>) {
        let index = self.key.checked_sub(1).map(|at| indexes().remove(at));
        let table = KeySchema { hash: attribute("h", KeyType::S), range: Some(attribute("r", KeyType::N)) };
        let keys = index.as_ref().map_or(table, |index| index.keys.clone());
        let mut query =
            Query::new(index.as_ref().map(|index| index.name.clone()), value_of(keys.hash.key_type, self.hash));
        query.range = keys.range.as_ref().and_then(|range| {
            let (x, y) = (value_of(range.key_type, self.values.0), value_of(range.key_type, self.values.1));
            Some(match self.test {
                0 => RangeTest::Equal(x),
                1 => RangeTest::Less(x),
                2 => RangeTest::LessOrEqual(x),
                3 => RangeTest::Greater(x),
                4 => RangeTest::GreaterOrEqual(x),
                5 if x <= y => RangeTest::Between(x, y),
                5 => RangeTest::Between(y, x),
                6 if range.key_type != KeyType::N => RangeTest::BeginsWith(x),
                _ => return None,
            })
        });
        query.order = if self.descending { Order::Descending } else { Order::Ascending };
        query.limit = self.limit.and_then(NonZeroUsize::new);
        (query, keys, index)
    }
}

/// What a query gives, found the slow way: look at every item, sort, cut out.
fn expected(model: &BTreeMap<Key, Item>, asked: &Asked) -> Vec<Item> {
    let (query, keys, index) = asked.query();
    let value = |item: &Item, attribute: &KeyAttribute| {
        let value = item.get(&attribute.name)?;
        Some(match (value, attribute.key_type) {
            (Value::S(text), KeyType::S) => KeyValue::S(text.clone()),
            (Value::N(number), KeyType::N) => KeyValue::N(*number),
            (Value::B(bytes), KeyType::B) => KeyValue::B(bytes.clone()),
            _ => return None,
        })
    };
    let passes = |range: &KeyValue| match &query.range {
        None => true,
        Some(RangeTest::Equal(x)) => range == x,
        Some(RangeTest::Less(x)) => range < x,
        Some(RangeTest::LessOrEqual(x)) => range <= x,
        Some(RangeTest::Greater(x)) => range > x,
        Some(RangeTest::GreaterOrEqual(x)) => range >= x,
        Some(RangeTest::Between(x, y)) => range >= x && range <= y,
        Some(RangeTest::BeginsWith(KeyValue::S(start))) => {
            matches!(range, KeyValue::S(text) if text.starts_with(&**start))
        }
        Some(RangeTest::BeginsWith(KeyValue::B(start))) => {
            matches!(range, KeyValue::B(bytes) if bytes.starts_with(start))
        }
        Some(RangeTest::BeginsWith(KeyValue::N(_))) => unreachable!("never asked"),
    };
    let mut found: Vec<(Option<KeyValue>, &Key, &Item)> = Vec::new();
    for (key, item) in model {
        if value(item, &keys.hash) != Some(query.hash.clone()) {
            continue;
        }
        match &keys.range {
            None => found.push((None, key, item)),
            Some(attribute) => match value(item, attribute) {
                Some(range) if passes(&range) => found.push((Some(range), key, item)),
                _ => {}
            },
        }
    }
    found.sort_by(|x, y| (&x.0, x.1).cmp(&(&y.0, y.1)));
    if asked.descending {
        found.reverse();
    }
    let shown = |item: &Item| {
        let Some(index) = &index else { return item.clone() };
        let included = match &index.projection {
            Projection::All => return item.clone(),
            Projection::Keys => vec![],
            Projection::Include(names) => names.clone(),
        };
        let keys = ["h", "r", index.keys.hash.name.as_str()].map(str::to_owned);
        let range = index.keys.range.iter().map(|range| range.name.clone());
        let wanted: Vec<String> = keys.into_iter().chain(range).chain(included).collect();
        item.iter()
            .filter(|(name, _)| wanted.iter().any(|one| one == name))
            .map(|(n, v)| (n.into(), v.clone()))
            .collect()
    };
    found.into_iter().map(|(_, _, item)| shown(item)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever is put, deleted, deployed and restarted: a query in pages of any size gives each item once, in order,
    /// both ways, as a plain map does.
    #[test]
    fn queries_give_what_a_plain_map_gives(
        steps in proptest::collection::vec(any_step(), 1..60),
        asked in proptest::collection::vec(any_asked(), 40),
    ) {
        let mut directory = tempfile::tempdir().unwrap();
        let mut deployed = 3;
        let mut engine = up(directory.path(), indexes());
        let mut model: BTreeMap<Key, Item> = BTreeMap::new();
        let key = |h: usize, r: usize| Key { hash: KeyValue::S(TEXTS[h % 3].into()), range: Some(KeyValue::N(number(r))) };
        for step in steps {
            match step {
                Step::Put(drawn) => {
                    write(&engine, Write::Put(drawn.item())).unwrap();
                    model.insert(key(drawn.h, drawn.r), drawn.item());
                }
                Step::Delete(h, r) => {
                    write(&engine, Write::Delete(key(h, r))).unwrap();
                    model.remove(&key(h, r));
                }
                Step::Command(writes) => {
                    let each = writes.iter().map(|(put, drawn)| {
                        let write = if *put { Write::Put(drawn.item()) } else { Write::Delete(key(drawn.h, drawn.r)) };
                        one_of(&engine, write)
                    });
                    let command = Command { writes: each.collect(), ..Command::default() };
                    let written = run(engine.command(command, By::Client)).unwrap();
                    for ((put, drawn), written) in writes.iter().zip(written) {
                        let place = key(drawn.h, drawn.r);
                        let old = if *put { model.insert(place, drawn.item()) } else { model.remove(&place) };
                        let changes = old != put.then(|| drawn.item());
                        prop_assert_eq!((written.old, written.sequence.is_some()), (old, changes));
                    }
                }
                Step::Restart => {
                    engine.stop();
                    drop(engine);
                    engine = up(directory.path(), indexes()[..deployed].to_vec());
                }
                Step::Kill => {
                    let copied = killed(directory.path());
                    engine.stop();
                    drop(engine);
                    directory = copied;
                    engine = up(directory.path(), indexes()[..deployed].to_vec());
                }
                Step::Deploy(count) => {
                    deployed = count;
                    engine.deploy(&stack(indexes()[..count].to_vec())).unwrap();
                }
            }
        }
        wait_until_built(&engine);
        for one in asked.iter().filter(|one| one.key <= deployed) {
            let (query, ..) = one.query();
            prop_assert_eq!(all(&engine, query.clone()), expected(&model, one), "{:?}", one);
            let counted = engine.query(&name(), &Query { give: Give::Count, limit: None, ..query }).unwrap();
            prop_assert_eq!((counted.items.len(), counted.count), (0, expected(&model, one).len()));
        }
        nothing_found(&engine);
        engine.stop();
    }
}

// ── one fact each ────────────────────────────────────────────────────────────────────────────────────────────────────

fn thing(h: &str, r: i64, a: &str) -> Item {
    Item::from([("h", h.into()), ("r", Number::from(r).into()), ("a", a.into()), ("b", Value::B([1].into()))])
}

fn by_a(hash: &str) -> Query {
    Query::new(Some("by-a".parse().unwrap()), KeyValue::S(hash.into()))
}

#[test]
fn an_index_that_is_added_is_built_while_items_are_written() {
    const WRITERS: usize = 3;
    let directory = tempfile::tempdir().unwrap();
    let engine = up(directory.path(), vec![]);
    for r in 0..700 {
        write(&engine, Write::Put(thing("old", r, "x"))).unwrap();
    }
    // Whoever keeps an old definition of the table still keeps the new index.
    let table = engine.table(&name()).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (engine, table, stop) = (&engine, &table, &stop);
            scope.spawn(move || {
                for round in 0.. {
                    if stop.load(Ordering::Relaxed) && round > 200 {
                        break;
                    }
                    let item = thing("old", (round * 7 + writer as i64) % 900, if round % 2 == 0 { "x" } else { "y" });
                    let command = TableWrite {
                        table: Arc::clone(table),
                        write: Write::Put(item),
                        condition: Condition::Always,
                        return_old: false,
                    };
                    run(engine.write(vec![command])).unwrap();
                }
            });
        }
        engine.deploy(&stack(indexes())).unwrap();
        wait_until_built(&engine);
        stop.store(true, Ordering::Relaxed);
    });
    let total: usize = ["x", "y"].map(|a| all(&engine, by_a(a)).len()).iter().sum();
    assert_eq!(total, all(&engine, Query::new(None, KeyValue::S("old".into()))).len());
    nothing_found(&engine);
    engine.stop();
}

#[test]
fn building_goes_on_after_a_restart_and_is_refused_until_it_is_done() {
    let directory = tempfile::tempdir().unwrap();
    let engine = up(directory.path(), vec![]);
    write(&engine, Write::Put(thing("old", 1, "x"))).unwrap();
    engine.stop();
    drop(engine);
    // Nothing is built before the engine is started.
    let engine = open(directory.path());
    engine.deploy(&stack(indexes())).unwrap();
    let refused = engine.query(&name(), &by_a("x")).unwrap_err();
    assert!(matches!(refused, QueryRefused::Building(_)), "{refused}");
    write(&engine, Write::Put(thing("new", 1, "x"))).unwrap();
    nothing_found(&engine);
    engine.stop();
    drop(engine);
    let engine = open(directory.path());
    engine.wake_all().unwrap();
    assert!(matches!(engine.query(&name(), &by_a("x")), Err(QueryRefused::Building(_))));
    start(&engine);
    wait_until_built(&engine);
    assert_eq!(all(&engine, by_a("x")), [thing("new", 1, "x"), thing("old", 1, "x")]);
    nothing_found(&engine);
    engine.stop();
}

#[test]
fn an_index_whose_key_changes_is_another_index() {
    let directory = tempfile::tempdir().unwrap();
    let engine = up(directory.path(), indexes());
    write(&engine, Write::Put(thing("h", 1, "x"))).unwrap();
    let before = engine.table(&name()).unwrap().indexes[0].id;
    let mut changed = indexes();
    changed[0].keys.range = None;
    engine.deploy(&stack(changed)).unwrap();
    assert_ne!(engine.table(&name()).unwrap().indexes[0].id, before);
    wait_until_built(&engine);
    assert_eq!(all(&engine, by_a("x")), [thing("h", 1, "x")]);
    // What is given of an item may change without building anything.
    let mut changed = indexes();
    (changed[0].keys.range, changed[0].projection) = (None, Projection::Keys);
    let id = engine.table(&name()).unwrap().indexes[0].id;
    engine.deploy(&stack(changed)).unwrap();
    assert_eq!(engine.table(&name()).unwrap().indexes[0].id, id);
    let keys = Item::from([("h", "h".into()), ("r", Number::from(1i64).into()), ("a", "x".into())]);
    assert_eq!(all(&engine, by_a("x")), [keys]);
    nothing_found(&engine);
    engine.stop();
}

#[test]
fn an_item_that_an_index_cannot_take_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let engine = up(directory.path(), indexes());
    let mut item = thing("h", 1, "x");
    item.insert("a", Number::from(1i64).into());
    let refused = write(&engine, Write::Put(item.clone())).unwrap_err();
    let CommandRefused::Table { refused: Refused::IndexKeyTypeMismatch { index, attribute, .. }, .. } = &refused else {
        panic!("{refused}");
    };
    assert_eq!((index.as_str(), attribute.as_str()), ("by-a", "a"));
    item.insert("a", "".into());
    let refused = write(&engine, Write::Put(item)).unwrap_err();
    assert!(matches!(&refused, CommandRefused::Table { refused: Refused::IndexKeyEmpty { .. }, .. }), "{refused}");
    assert_eq!(all(&engine, Query::new(None, KeyValue::S("h".into()))), []);
    engine.stop();
}

#[test]
fn a_page_ends_at_a_megabyte() {
    let directory = tempfile::tempdir().unwrap();
    let engine = up(directory.path(), indexes());
    for r in 0..9 {
        let mut item = thing("h", r, "x");
        item.insert("v", "x".repeat(300_000).as_str().into());
        write(&engine, Write::Put(item)).unwrap();
    }
    let hash = KeyValue::S("h".into());
    let page = engine.query(&name(), &Query::new(None, hash.clone())).unwrap();
    assert_eq!((page.count, page.last), (4, Some(Item::from([("h", "h".into()), ("r", Number::from(3i64).into())]))));
    assert_eq!(all(&engine, Query::new(None, hash.clone())).len(), 9);
    // An index that gives less fits more on a page.
    let of_r = |r: i64| Query::new(Some("by-r".parse().unwrap()), KeyValue::N(r.into()));
    assert_eq!(engine.query(&name(), &of_r(3)).unwrap().count, 1);
    let page = engine.query(&name(), &Query { index: None, give: Give::Count, ..Query::new(None, hash) }).unwrap();
    assert_eq!((page.count, page.items.len()), (4, 0));
    engine.stop();
}

#[test]
fn the_first_item_of_a_hash_value() {
    let directory = tempfile::tempdir().unwrap();
    let engine = up(directory.path(), indexes());
    for r in [5, 3, 9] {
        write(&engine, Write::Put(thing("h", r, "x"))).unwrap();
    }
    let hash = || KeyValue::S("h".into());
    assert_eq!(engine.first(&name(), None, hash(), Order::Ascending).unwrap(), Some(thing("h", 3, "x")));
    assert_eq!(engine.first(&name(), None, hash(), Order::Descending).unwrap(), Some(thing("h", 9, "x")));
    let index = "by-a".parse().unwrap();
    let first = engine.first(&name(), Some(&index), KeyValue::S("y".into()), Order::Ascending).unwrap();
    assert_eq!(first, None);
    engine.stop();
}
