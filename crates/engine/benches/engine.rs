//! Measures how soon a durable order reaches its function, and how many orders a second go the whole way.
//!
//! Both pipes of the premium stack filter every change; the functions only note when they were reached. Latency is
//! counted from the return of the order's fdatasync to the function's first instruction, at 5,000 orders a second,
//! beside what waking a waiting thread costs on this machine by itself. The sustained rate is that of 256 writers who
//! each wait for their answer, counted until the last record was handed over.
//!
//! `cargo bench -p engine` runs it; `-- --seconds N` changes how long each part takes (10 by default).

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]

use engine::spec::*;
use engine::{Engine, Functions, Invoked, Options, TableWrite};
use serde_json::json;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::{Duration, Instant};
use table::{Condition, Write};
use types::{Account, FunctionName, Item, KeyAttribute, KeySchema, KeyType, Number, Record, Value, ViewType};

const ORDERS_PER_SECOND: u64 = 5_000;
const WRITERS: usize = 256;
/// What both pipes let through of orders that carry routing attributes, and of those that do not.
const STANDARD: [&str; 2] = [
    r#"{"eventName":["INSERT","MODIFY"],"dynamodb":{"NewImage":{"status":{"S":["pending","shipped"]},"tier":{"S":["standard","premium"]},"test":{"BOOL":[false]}}}}"#,
    r#"{"eventName":["INSERT","MODIFY"],"dynamodb":{"NewImage":{"status":{"S":["pending","shipped"]},"tier":{"S":[{"exists":false}]}}}}"#,
];
const PREMIUM: [&str; 2] = [
    r#"{"eventName":["MODIFY"],"dynamodb":{"NewImage":{"status":{"S":["shipped"]},"tier":{"S":["premium"]},"test":{"BOOL":[false]}},"OldImage":{"status":{"S":["pending"]}}}}"#,
    r#"{"eventName":["MODIFY"],"dynamodb":{"NewImage":{"status":{"S":["shipped"]},"tier":{"S":[{"exists":false}]}},"OldImage":{"status":{"S":["pending"]}}}}"#,
];

/// Notes when functions are reached.
#[derive(Default)]
struct Reached {
    engine: OnceLock<Arc<Engine>>,
    latencies: Mutex<Vec<Duration>>,
    records: AtomicU64,
    invocations: AtomicU64,
}

impl Functions for Reached {
    fn invoke(&self, _: &FunctionName, records: &[Record]) -> Invoked {
        let now = Instant::now();
        self.records.fetch_add(records.len() as u64, Ordering::Relaxed);
        self.invocations.fetch_add(1, Ordering::Relaxed);
        if let Some(engine) = self.engine.get() {
            let durable = records.iter().filter_map(|record| engine.durable_at(record.change.sequence));
            let latencies: Vec<Duration> = durable.map(|at| now.saturating_duration_since(at)).collect();
            self.latencies.lock().unwrap().extend(latencies);
        }
        Invoked::Answered { answer: json!({"statusCode": 200}) }
    }
}

fn stack() -> StackSpec {
    let function = |name: &str| FunctionSpec {
        name: name.parse().unwrap(),
        handler: "none".to_owned(),
        runtime: "provided.al2023".to_owned(),
        timeout_seconds: 3,
        memory_mb: 128,
        concurrency: None,
        environment: Default::default(),
        log_group: format!("/aws/lambda/{name}").parse().unwrap(),
        description: String::new(),
        role: String::new(),
        asynchronous: Default::default(),
    };
    let pipe = |name: &str, filters: [&str; 2], target: &str| PipeSpec {
        name: name.parse().unwrap(),
        source: PipeSource::Table("NewOrders".parse().unwrap()),
        enrichment: None,
        parameters: Default::default(),
        description: None,
        role: None,
        tags: Default::default(),
        filters: filters.map(str::to_owned).to_vec(),
        target: PipeTarget::Function(target.parse().unwrap()),
        qualifier: None,
        invocation: InvocationType::RequestResponse,
        batch_size: 100,
        window_seconds: 0,
        lanes: 1,
        retries: Some(3),
        max_age_seconds: None,
        bisect: true,
        start: StartingPosition::TrimHorizon,
        dead_letters: None,
        running: true,
    };
    let hash = KeyAttribute { name: "orderId".to_owned(), key_type: KeyType::S };
    StackSpec {
        name: "bench".to_owned(),
        tables: vec![TableSpec {
            name: "NewOrders".parse().unwrap(),
            keys: KeySchema { hash, range: None },
            view: Some(ViewType::NewAndOldImages),
            indexes: vec![],
            expires_by: None,
        }],
        queues: vec![],
        functions: vec![function("Standard"), function("Premium")],
        log_groups: vec![],
        pipes: vec![pipe("standard", STANDARD, "Standard"), pipe("premium", PREMIUM, "Premium")],
        pollers: vec![],
        events: Default::default(),
        versions: Default::default(),
        origin: json!(null),
    }
}

/// Every order is written twice: as pending, and as shipped.
fn order(number: u64) -> Item {
    let status = if number.is_multiple_of(2) { "pending" } else { "shipped" };
    Item::from([
        ("orderId", Value::from(format!("ORD-{:010}", number / 2).as_str())),
        ("status", status.into()),
        ("amount", Number::from(1500u64).into()),
        ("tier", "premium".into()),
        ("test", false.into()),
        ("customerEmail", "vip@example.com".into()),
        ("createdAt", "2026-11-21T02:19:49.000Z".into()),
        ("updatedAt", "2026-11-21T02:19:50.000Z".into()),
        ("note", "please ring twice and leave the parcel with the neighbours on the second floor".into()),
    ])
}

fn open(directory: &Path) -> (Arc<Engine>, Arc<Reached>) {
    let options = Options {
        account: Account::default(),
        directory: directory.to_owned(),
        store: store::Options::default(),
        on_fatal: Box::new(|fatal| panic!("{fatal}")),
        keep_changes_for: Duration::from_secs(24 * 3600),
        log_bytes_max: 64 << 30,
    };
    let (engine, _) = Engine::open(options).expect("an empty directory opens");
    engine.deploy(&stack()).expect("the stack is in order");
    let (engine, reached) = (Arc::new(engine), Arc::new(Reached::default()));
    engine.start(&["bench".to_owned()], Arc::clone(&reached) as Arc<dyn Functions>).expect("pipes start");
    (engine, reached)
}

async fn write(engine: &Engine, number: u64) {
    let table = engine.table(&"NewOrders".parse().unwrap()).expect("it was deployed");
    let write = Write::Put(order(number));
    let command = vec![TableWrite { table, write, condition: Condition::Always, return_old: false }];
    engine.write(command).await.expect("the disk takes it");
}

/// Handed over for every two writes: both to the standard function, the second to the premium one as well.
fn expected(writes: u64) -> u64 {
    writes + writes / 2
}

fn wait_for(reached: &Reached, records: u64) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while reached.records.load(Ordering::Relaxed) < records {
        assert!(Instant::now() < deadline, "only {} of {records} arrived", reached.records.load(Ordering::Relaxed));
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn percentile(sorted: &[Duration], part: f64) -> Duration {
    sorted[((sorted.len() - 1) as f64 * part) as usize]
}

/// What it costs to wake a thread that waits, and nothing else.
fn wake_up() -> Vec<Duration> {
    let shared = Arc::new((Mutex::new(None::<Instant>), Condvar::new()));
    let waiting = Arc::clone(&shared);
    const TIMES: usize = 2_000;
    let waiter = std::thread::spawn(move || {
        let mut latencies = Vec::with_capacity(TIMES);
        while latencies.len() < TIMES {
            let rung = waiting.1.wait_while(waiting.0.lock().unwrap(), |rung| rung.is_none()).unwrap().take();
            latencies.push(rung.unwrap().elapsed());
        }
        latencies
    });
    while !waiter.is_finished() {
        let mut rung = shared.0.lock().unwrap();
        if rung.is_none() {
            *rung = Some(Instant::now());
            shared.1.notify_one();
        }
        drop(rung);
        std::thread::sleep(Duration::from_micros(200));
    }
    let mut latencies = waiter.join().unwrap();
    latencies.sort();
    latencies
}

fn report(name: &str, value: f64, unit: &str, against: &str, ratio: Option<f64>) {
    println!("BENCH {}", json!({"name": name, "value": value, "unit": unit, "against": against, "ratio": ratio}));
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

fn latency(directory: &Path, seconds: u64) {
    let (engine, reached) = open(directory);
    reached.engine.set(Arc::clone(&engine)).ok().expect("set once");
    let writes = seconds * ORDERS_PER_SECOND;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let begun = Instant::now();
    runtime.block_on(async {
        let mut running = tokio::task::JoinSet::new();
        for number in 0..writes {
            // Open loop: an order is due when it is due, however long the ones before it take.
            let due = begun + Duration::from_nanos(number * 1_000_000_000 / ORDERS_PER_SECOND);
            if due > Instant::now() {
                tokio::time::sleep_until(due.into()).await;
            }
            let engine = Arc::clone(&engine);
            running.spawn(async move { write(&engine, number).await });
            while running.try_join_next().is_some() {}
        }
        while running.join_next().await.is_some() {}
    });
    let took = begun.elapsed();
    wait_for(&reached, expected(writes));
    let mut latencies = std::mem::take(&mut *reached.latencies.lock().unwrap());
    latencies.sort();
    let (median, p99) = (percentile(&latencies, 0.5), percentile(&latencies, 0.99));
    let woken = percentile(&wake_up(), 0.5);
    println!(
        "{writes} orders in {:.1} s ({:.0}/s): fsync to function median {:.3} ms, p99 {:.3} ms, worst {:.1} ms; {} records an \
         invocation; waking a thread alone {:.3} ms",
        took.as_secs_f64(),
        writes as f64 / took.as_secs_f64(),
        millis(median),
        millis(p99),
        millis(*latencies.last().unwrap()),
        reached.records.load(Ordering::Relaxed) / reached.invocations.load(Ordering::Relaxed).max(1),
        millis(woken),
    );
    let ratio = Some(median.as_secs_f64() / woken.as_secs_f64());
    report("engine/fsync-to-function/median", millis(median), "ms", "waking a waiting thread", ratio);
    report("engine/fsync-to-function/p99", millis(p99), "ms", "", None);
    engine.stop();
}

fn sustained(directory: &Path, seconds: u64) {
    let (engine, reached) = open(directory);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds);
    let next = Arc::new(AtomicU64::new(0));
    runtime.block_on(async {
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..WRITERS {
            let (engine, next) = (Arc::clone(&engine), Arc::clone(&next));
            running.spawn(async move {
                while Instant::now() < until {
                    let number = next.fetch_add(2, Ordering::Relaxed);
                    write(&engine, number).await;
                    write(&engine, number + 1).await;
                }
            });
        }
        while running.join_next().await.is_some() {}
    });
    let (writes, acknowledged) = (next.load(Ordering::Relaxed), begun.elapsed());
    wait_for(&reached, expected(writes));
    let handed_over = begun.elapsed();
    let rate = writes as f64 / handed_over.as_secs_f64();
    println!(
        "{WRITERS} writers: {:.0} orders/s acknowledged, {rate:.0}/s handed over to both functions ({} ms after the last \
         answer), {} records an invocation",
        writes as f64 / acknowledged.as_secs_f64(),
        (handed_over - acknowledged).as_millis(),
        reached.records.load(Ordering::Relaxed) / reached.invocations.load(Ordering::Relaxed).max(1),
    );
    report("engine/sustained", rate, "orders/s", "", None);
    engine.stop();
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let given = arguments.iter().position(|argument| argument == "--seconds").map(|at| &arguments[at + 1]);
    let seconds = given.map_or(10, |seconds| seconds.parse().expect("--seconds takes a number"));
    // On the real disk: what a memory file system says of fsync is of no use.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let directory = tempfile::tempdir_in(&root).expect("target/ is there");
    latency(&directory.path().join("latency"), seconds);
    sustained(&directory.path().join("sustained"), seconds);
}
