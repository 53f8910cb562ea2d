//! Measures what writes and queries of tables cost: writes by many at once, to a table without indexes and to one with
//! two, whose keys stay or change; queries by one thread, of the table and of an index.
//!
//! `cargo bench -p engine --bench tables` runs it; `-- --seconds N` changes how long each part takes (5 by default),
//! `-- --directory D` where the data lies (on the real disk under `target` by default; in memory the disk's part falls
//! away).

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]

use engine::spec::*;
use engine::{Engine, Options, TableWrite};
use serde_json::json;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use table::{Condition, Order, Query, Write};
use types::{Account, Item, KeyAttribute, KeySchema, KeyType, KeyValue, Number, TableName, Value, ViewType};

const WRITERS: usize = 256;
const CUSTOMERS: u64 = 1_000;
const ORDERS: u64 = 100_000;

fn attribute(name: &str) -> KeyAttribute {
    KeyAttribute { name: name.to_owned(), key_type: KeyType::S }
}

fn stack(indexed: bool) -> StackSpec {
    let index = |name: &str, hash: &str| IndexSpec {
        name: name.parse().unwrap(),
        keys: KeySchema { hash: attribute(hash), range: Some(attribute("createdAt")) },
        projection: Projection::All,
    };
    let indexes = if indexed { vec![index("byCustomer", "customer"), index("byStatus", "status")] } else { vec![] };
    StackSpec {
        name: "bench".to_owned(),
        tables: vec![TableSpec {
            name: name(),
            keys: KeySchema { hash: attribute("orderId"), range: None },
            view: Some(ViewType::NewAndOldImages),
            indexes,
            expires_by: None,
        }],
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

fn name() -> TableName {
    "Orders".parse().unwrap()
}

fn order(number: u64, status: &str, version: u64) -> Item {
    Item::from([
        ("orderId", Value::from(format!("ORD-{number:010}").as_str())),
        ("customer", format!("tenant#C-{}", number % CUSTOMERS).as_str().into()),
        ("status", status.into()),
        ("amount", Number::from(1500u64).into()),
        ("version", Number::from(version).into()),
        ("createdAt", format!("2026-11-21T02:19:49.{number:010}Z").as_str().into()),
        ("note", "please ring twice and leave the parcel with the neighbours on the second floor".into()),
    ])
}

fn open(directory: &Path, indexed: bool) -> Arc<Engine> {
    let options = Options {
        account: Account::default(),
        directory: directory.to_owned(),
        store: store::Options::default(),
        on_fatal: Box::new(|fatal| panic!("{fatal}")),
        keep_changes_for: Duration::from_secs(24 * 3600),
        log_bytes_max: 64 << 30,
    };
    let (engine, _) = Engine::open(options).expect("an empty directory opens");
    engine.deploy(&stack(indexed)).expect("the stack is in order");
    Arc::new(engine)
}

async fn put(engine: &Engine, item: Item) {
    let table = engine.table(&name()).expect("it was deployed");
    let command = vec![TableWrite { table, write: Write::Put(item), condition: Condition::Always, return_old: false }];
    engine.write(command).await.expect("the disk takes it");
}

/// What this process has had of the processors so far, in seconds: what a measurement is by when others are at work too.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// Lets many write at once until the time is over, or until all numbers below `most` are written: writes a second, and
/// microseconds of processor for each.
fn write(engine: &Arc<Engine>, seconds: u64, most: u64, make: fn(u64) -> Item) -> (f64, f64) {
    let processor = processor_time();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let (begun, next) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let until = begun + Duration::from_secs(seconds);
    runtime.block_on(async {
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..WRITERS {
            let (engine, next) = (Arc::clone(engine), Arc::clone(&next));
            running.spawn(async move {
                while Instant::now() < until {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= most {
                        break;
                    }
                    put(&engine, make(number)).await;
                }
            });
        }
        while running.join_next().await.is_some() {}
    });
    let written = next.load(Ordering::Relaxed).min(most) as f64;
    (written / begun.elapsed().as_secs_f64(), (processor_time() - processor) * 1e6 / written)
}

fn report(name: &str, value: f64, unit: &str, ratio: Option<f64>) {
    println!("BENCH {}", json!({"name": name, "value": value, "unit": unit, "against": "", "ratio": ratio}));
}

fn writes(directory: &Path, seconds: u64, indexed: bool) -> [(f64, f64); 3] {
    let engine = open(directory, indexed);
    let new = write(&engine, seconds, ORDERS, |number| order(number, "pending", 0));
    let stays = write(&engine, seconds, u64::MAX, |number| order(number % 20_000, "pending", number));
    let changes = write(&engine, seconds, u64::MAX, |number| {
        let status = ["pending", "validating", "paid", "shipped"][(number / 20_000 % 4) as usize];
        order(number % 20_000, status, number)
    });
    engine.stop();
    [new, stays, changes]
}

fn queries(directory: &Path) {
    let engine = open(directory, true);
    write(&engine, 600, ORDERS, |number| order(number, "pending", 0));
    let time = |what: &str, ask: &dyn Fn(u64)| {
        const TIMES: u64 = 5_000;
        let (begun, processor) = (Instant::now(), processor_time());
        (0..TIMES).for_each(ask);
        let each = begun.elapsed().as_secs_f64() * 1e6 / TIMES as f64;
        let processor = (processor_time() - processor) * 1e6 / TIMES as f64;
        println!("{what}: {each:.1} µs, {processor:.1} of processor");
        report(&format!("tables/{}", what.replace(' ', "-")), each, "µs", None);
    };
    let key = |number: u64| format!("ORD-{:010}", number * 7919 % ORDERS);
    let table = engine.table(&name()).unwrap();
    time("get of a key", &|number| {
        let key = table.key_of(&Item::from([("orderId", key(number).as_str().into())])).unwrap();
        assert!(engine.get(&table, &key).unwrap().is_some());
    });
    time("first of a hash value", &|number| {
        let found = engine.first(&name(), None, KeyValue::S(key(number).as_str().into()), Order::Ascending);
        assert!(found.unwrap().is_some());
    });
    let index = "byCustomer".parse().unwrap();
    let customer = |number: u64| KeyValue::S(format!("tenant#C-{}", number % CUSTOMERS).as_str().into());
    time("newest of a customer by index", &|number| {
        let found = engine.first(&name(), Some(&index), customer(number), Order::Descending);
        assert!(found.unwrap().is_some());
    });
    time("page of twenty by index", &|number| {
        let mut query = Query::new(Some(index.clone()), customer(number));
        (query.limit, query.order) = (NonZeroUsize::new(20), Order::Descending);
        assert_eq!(engine.query(&name(), &query).unwrap().count, 20);
    });
    engine.stop();
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let given = |name: &str| arguments.iter().position(|argument| argument == name).map(|at| &arguments[at + 1]);
    let seconds = given("--seconds").map_or(5, |seconds| seconds.parse().expect("--seconds takes a number"));
    let root =
        given("--directory").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
    let directory = tempfile::tempdir_in(&root).expect("the directory is there");
    let plain = writes(&directory.path().join("plain"), seconds, false);
    let indexed = writes(&directory.path().join("indexed"), seconds, true);
    for ((what, plain), indexed) in ["new", "index keys stay", "index key changes"].iter().zip(plain).zip(indexed) {
        println!(
            "{what}: {:.0}/s without indexes, {:.0}/s with two; {:.1} and {:.1} µs of processor each",
            plain.0, indexed.0, plain.1, indexed.1
        );
        report(&format!("tables/put/{}", what.replace(' ', "-")), indexed.0, "writes/s", Some(indexed.0 / plain.0));
    }
    queries(&directory.path().join("queries"));
}
