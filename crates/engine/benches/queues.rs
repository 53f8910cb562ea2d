//! Measures whether a long queue receives as fast as a short one, and what a message that waits costs in memory.
//!
//! A round receives ten messages, deletes them and sends ten new ones, each as one commit, on a queue that holds ten
//! messages and on one that holds a million; both kinds of queue, a group for every ten messages where order is kept.
//!
//! `cargo bench -p engine --bench queues` runs it; `-- --messages N` changes how long the long queue is.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]

use engine::spec::{FifoSpec, QueueSpec};
use engine::{Engine, Options, Outgoing, QueueSettings, ReceiveRequest};
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};
use types::{Account, QueueName};

const ROUNDS: usize = 1_000;

fn open(directory: &Path) -> Engine {
    let options = Options {
        account: Account::default(),
        directory: directory.to_owned(),
        store: store::Options::default(),
        on_fatal: Box::new(|fatal| panic!("{fatal}")),
        keep_changes_for: Duration::from_secs(24 * 3600),
        log_bytes_max: 64 << 30,
    };
    Engine::open(options).expect("an empty directory opens").0
}

fn spec(name: &str, ordered: bool) -> QueueSpec {
    let fifo = FifoSpec { deduplicates_by_content: false, deduplicates_in_groups: false };
    QueueSpec {
        name: name.parse().unwrap(),
        visible_for_seconds: 600,
        retention_seconds: 345_600,
        delay_seconds: 0,
        message_bytes_max: 1 << 20,
        wait_seconds: 0,
        redrive: None,
        fifo: ordered.then_some(fifo),
    }
}

fn message(number: u64) -> Outgoing {
    Outgoing {
        group: Some(format!("customer-{}", number / 10)),
        deduplication: Some(number.to_string()),
        ..Outgoing::text(format!(r#"{{"orderId":"ORD-{number:010}","status":"PENDING","amount":"1500.00"}}"#))
    }
}

/// What this process has in memory that is not a file's, in bytes.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

async fn send(engine: &Engine, queue: &QueueName, from: u64, count: u64) {
    let sent = engine.send_many(queue, (from..from + count).map(message).collect()).await.unwrap();
    assert!(sent.iter().all(|sent| sent.is_ok()));
}

/// How long a round's receive takes, and the whole round: medians.
async fn rounds(engine: &Engine, queue: &QueueName, mut next: u64) -> (Duration, Duration) {
    let (mut receives, mut wholes) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let received = engine.receive(ReceiveRequest::new(queue.clone(), 10)).await.unwrap();
        receives.push(begun.elapsed());
        assert_eq!(received.len(), 10);
        let receipts: Vec<_> = received.iter().map(|one| one.receipt).collect();
        engine.delete_many(queue, &receipts).await.unwrap();
        send(engine, queue, next, 10).await;
        next += 10;
        wholes.push(begun.elapsed());
    }
    receives.sort();
    wholes.sort();
    (receives[ROUNDS / 2], wholes[ROUNDS / 2])
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let given = arguments.iter().position(|argument| argument == "--messages").map(|at| &arguments[at + 1]);
    let messages: u64 = given.map_or(1_000_000, |messages| messages.parse().expect("--messages takes a number"));
    // On the real disk: what a memory file system says of fsync is of no use.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    for (kind, ordered) in [("standard", false), ("ordered", true)] {
        let directory = tempfile::tempdir_in(&root).expect("target/ is there");
        let engine = open(directory.path());
        let (short, long): (QueueName, QueueName) = if ordered {
            ("Short.fifo".parse().unwrap(), "Long.fifo".parse().unwrap())
        } else {
            ("Short".parse().unwrap(), "Long".parse().unwrap())
        };
        let (short_round, long_round, filled) = runtime.block_on(async {
            for queue in [&short, &long] {
                let spec = spec(queue.as_str(), ordered);
                let settings = QueueSettings { spec, tags: Default::default(), notes: Default::default() };
                engine.create_queue(settings).await.unwrap();
            }
            send(&engine, &short, 0, 10).await;
            rounds(&engine, &short, 1_000_000_000).await;
            let begun = Instant::now();
            for from in (0..messages).step_by(1_000) {
                send(&engine, &long, from, 1_000).await;
            }
            let filled = begun.elapsed();
            // In turns, so that the disk's moods meet both.
            let mut best = [(Duration::MAX, Duration::MAX); 2];
            for turn in 0..3 {
                for (at, queue) in [&short, &long].into_iter().enumerate() {
                    let found = rounds(&engine, queue, 2_000_000_000 + turn * 1_000_000).await;
                    best[at] = (best[at].0.min(found.0), best[at].1.min(found.1));
                }
            }
            (best[0], best[1], filled)
        });
        engine.stop();
        drop(engine);
        // Read back by a fresh engine, nothing but the queue is in memory.
        let empty = tempfile::tempdir_in(&root).expect("target/ is there");
        let idle = open(empty.path());
        let before = memory();
        let begun = Instant::now();
        let engine = open(directory.path());
        let (opened, after) = (begun.elapsed(), memory());
        let ratio = long_round.0.as_secs_f64() / short_round.0.as_secs_f64();
        let micros = |span: Duration| span.as_secs_f64() * 1e6;
        println!(
            "{kind}: receiving 10 takes {:.0} µs from a queue of 10 and {:.0} µs from one of {messages} ({ratio:.2}); \
             receive, delete and send {:.0} and {:.0} µs; filled at {:.0}/s, opened in {:.2} s, {:.0} bytes a message \
             and what opening leaves",
            micros(short_round.0),
            micros(long_round.0),
            micros(short_round.1),
            micros(long_round.1),
            messages as f64 / filled.as_secs_f64(),
            opened.as_secs_f64(),
            after.saturating_sub(before) as f64 / messages as f64,
        );
        let line = json!({"name": format!("queues/{kind}/receive"), "value": micros(long_round.0), "unit": "µs",
            "against": "the same from a queue of 10", "ratio": ratio});
        println!("BENCH {line}");
        engine.stop();
        idle.stop();
    }
}
