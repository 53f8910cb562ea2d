//! Measures how many records built-in functions take in a second, in batches of 100 of which each prints a line.
//!
//! The function, what it prints and how that is kept are as in a server: the engine's log of lines, on the real disk.
//! Beside it stands the least that a program could do with the same lines: write them as bare text to a file, one write
//! for each batch. Figures are medians of five rounds that take turns, on one thread.
//!
//! `cargo xtask bench functions` runs it; `-- --batches N` changes how many batches a round has.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]

use engine::spec::FunctionSpec;
use engine::{Engine, Functions as _, Invoked, Options};
use orders::FailingOrders;
use runtime::Runtime;
use serde_json::json;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use types::{Account, FunctionName, Record, SortedMap, Timestamp};

const ROUNDS: usize = 5;
const BATCH: usize = 100;

/// Functions, and the handlers that they are.
const FUNCTIONS: &[(&str, &str)] = &[("Standard", "standard-orders"), ("Premium", "premium-orders")];

fn spec(name: &str, handler: &str) -> FunctionSpec {
    FunctionSpec {
        name: name.parse().unwrap(),
        handler: handler.to_owned(),
        runtime: "provided.al2023".to_owned(),
        timeout_seconds: 3,
        memory_mb: 128,
        concurrency: None,
        environment: SortedMap::new(),
        log_group: format!("/aws/lambda/{name}").parse().unwrap(),
        description: String::new(),
        role: String::new(),
        asynchronous: Default::default(),
    }
}

/// Orders of which each has something done with it by either function.
fn batch() -> Vec<Record> {
    let record = |number: usize| {
        let order = |status: &str| {
            json!({
                "orderId": {"S": format!("ORD-{number:06}")}, "status": {"S": status}, "amount": {"N": "1500"},
                "customerEmail": {"S": format!("customer-{number}@example.com")}
            })
        };
        json!({"eventName": "MODIFY", "dynamodb": {"NewImage": order("shipped"), "OldImage": order("pending")}})
    };
    types::event::read(&(0..BATCH).map(record).collect()).unwrap()
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let given = arguments.iter().position(|argument| argument == "--batches").map(|at| &arguments[at + 1]);
    let batches: usize = given.map_or(2_000, |batches| batches.parse().expect("--batches takes a number"));
    // On the real disk, as a server's data would be.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let directory = tempfile::tempdir_in(&root).expect("target/ is there");
    let options = Options {
        account: Account::default(),
        directory: directory.path().to_owned(),
        store: Default::default(),
        on_fatal: Box::new(|fatal| panic!("{fatal}")),
        keep_changes_for: Duration::from_secs(24 * 3600),
        log_bytes_max: 64 << 30,
    };
    let engine = Arc::new(Engine::open(options).expect("an empty directory opens").0);
    let (lines, watch) = (Arc::clone(engine.lines()), engine.watch().clone());
    // What one batch printed is remembered, so that as much can be written without us.
    let printed = Arc::new(Mutex::new(String::new()));
    let last = Arc::clone(&printed);
    let printer = move |group: &str, stream: &str, printed: &[(Timestamp, &str)]| {
        let mut last = last.lock().unwrap();
        if last.is_empty() {
            last.extend(printed.iter().map(|(_, line)| *line));
        }
        drop(last);
        watch.see_lines(group, printed.iter().copied());
        let printed: Vec<(i64, &str)> = printed.iter().map(|(at, line)| (at.millis(), *line)).collect();
        lines.append(group, stream, &printed, engine::now().millis())
    };
    let specs = FUNCTIONS.iter().map(|(name, handler)| spec(name, handler));
    let made = Runtime::new(&Arc::downgrade(&engine), specs, FailingOrders::default(), Arc::new(printer));
    let Ok(runtime) = made else { panic!("built-in handlers need nothing of their surroundings") };
    let records = batch();
    for (name, handler) in FUNCTIONS {
        let name: FunctionName = name.parse().unwrap();
        printed.lock().unwrap().clear();
        run(&runtime, &name, &records, 10);
        let text = printed.lock().unwrap().clone();
        assert!(text.lines().count() >= BATCH, "every record prints a line: {text}");
        let (mut rates, mut ratios) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let ours = run(&runtime, &name, &records, batches);
            let bare = write(&directory.path().join("bare"), &text, batches);
            rates.push((batches * BATCH) as f64 / ours);
            ratios.push(bare / ours);
        }
        rates.sort_by(f64::total_cmp);
        ratios.sort_by(f64::total_cmp);
        let (rate, ratio, low, high) = (rates[ROUNDS / 2], ratios[ROUNDS / 2], ratios[0], ratios[ROUNDS - 1]);
        println!(
            "{handler}: {rate:.0} records/s on one thread, {ratio:.3} x as many as bare text ({low:.3} to {high:.3})"
        );
        println!(
            "BENCH {{\"name\":\"functions/{handler}, batches of {BATCH}, a line each\",\"value\":{rate:.0},\"unit\":\"records/s\",\
             \"against\":\"the same lines as bare text\",\"ratio\":{ratio:.3},\"spread\":[{low:.3},{high:.3}]}}"
        );
    }
}

/// Invokes the function on that many batches; how many seconds it took.
fn run(runtime: &Runtime, name: &FunctionName, records: &[Record], batches: usize) -> f64 {
    let began = Instant::now();
    for _ in 0..batches {
        let invoked = runtime.invoke(name, records);
        assert!(matches!(invoked, Invoked::Answered { .. }), "{invoked:?}");
    }
    began.elapsed().as_secs_f64()
}

/// Writes the lines of that many batches to a file; how many seconds it took.
fn write(path: &Path, text: &str, batches: usize) -> f64 {
    let began = Instant::now();
    let mut file = File::create(path).unwrap();
    for _ in 0..batches {
        file.write_all(text.as_bytes()).unwrap();
    }
    began.elapsed().as_secs_f64()
}
