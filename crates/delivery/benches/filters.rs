//! What it costs to hold a change against the filters of a pipe, as it lies in memory, and as JSON beside it.
//!
//! The pipe is the premium pipe of `stacks/premium.yaml`: two patterns, four and three fields each. The changes are
//! orders of six attributes with both images. `cargo bench -p delivery` prints a line for each kind of change.

use delivery::filters::Filters;
use pattern::{Dialect, Matcher, Pattern, Scratch};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};
use types::{Account, Change, ChangeKind, Item, Record, SequenceNumber, Stream, TableId, Timestamp, Value, ViewType};

const PATTERNS: [&str; 2] = [
    r#"{"eventName":["MODIFY"],"dynamodb":{"OldImage":{"status":{"S":["pending"]}},
        "NewImage":{"status":{"S":["shipped"]},"tier":{"S":["premium"]},"test":{"BOOL":[false]}}}}"#,
    r#"{"eventName":["MODIFY"],"dynamodb":{"OldImage":{"status":{"S":["pending"]}},
        "NewImage":{"status":{"S":["shipped"]},"tier":{"S":[{"exists":false}]}}}}"#,
];

/// What a change may cost, in nanoseconds.
const BAR: f64 = 150.0;
/// Many short rounds, of which the fastest tenth counts: what is measured is the code, not who else uses the machine.
const ROUNDS: usize = 200;
const ROUND: Duration = Duration::from_millis(2);

fn main() {
    let filters = Filters::parse(&PATTERNS).expect("the patterns are those of our own stack");
    let parse = |text: &&str| Pattern::parse(text, Dialect::Pipe).expect("the same patterns");
    let patterns: Vec<Pattern> = PATTERNS.iter().map(parse).collect();
    let matcher = Matcher::new(patterns.iter().map(|pattern| ((), pattern)));
    let mut scratch = Scratch::new();
    println!(
        "one change against two filters, the fastest tenth of {ROUNDS} rounds: in memory, and as JSON that is there already"
    );
    for (name, kind, old, new, expected) in [
        ("a premium order is shipped", ChangeKind::Modify, Some(("pending", "premium")), ("shipped", "premium"), true),
        ("a small order is shipped", ChangeKind::Modify, Some(("pending", "small")), ("shipped", "small"), false),
        ("a premium order comes in", ChangeKind::Insert, None, ("pending", "premium"), false),
    ] {
        let records: Vec<Record> = (0..100).map(|number| record(number, kind, old, new)).collect();
        let texts: Vec<Vec<u8>> = records.iter().map(json).collect();
        for (record, text) in records.iter().zip(&texts) {
            assert_eq!(filters.passes(record), expected, "{name}");
            let matched = matcher.matches_json(text, &mut scratch).expect("it is JSON").len();
            assert_eq!(matched > 0, expected, "{name}, as JSON");
        }
        let mut typed = Vec::new();
        let mut read = Vec::new();
        for _ in 0..ROUNDS {
            typed.push(round(&records, |record| filters.passes(record)));
            let mut matches = |text: &Vec<u8>| matcher.matches_json(text, &mut scratch).is_ok_and(|all| all.len() > 0);
            read.push(round(&texts, &mut matches));
        }
        let (typed, read) = (fastest(typed), fastest(read));
        let verdict = if typed < BAR { "" } else { "  ABOVE 150 ns" };
        println!("{name:<30} {typed:>6.0} ns   {read:>6.0} ns{verdict}");
        println!(
            "BENCH {{\"name\":\"{name}\",\"value\":{typed:.1},\"unit\":\"ns/change\",\"against\":\"its JSON\",\
             \"ratio\":{:.3}}}",
            read / typed
        );
    }
}

/// Nanoseconds for each input.
fn round<T>(inputs: &[T], mut decide: impl FnMut(&T) -> bool) -> f64 {
    let start = Instant::now();
    let mut count = 0_u64;
    while start.elapsed() < ROUND {
        for input in inputs {
            black_box(decide(black_box(input)));
        }
        count += inputs.len() as u64;
    }
    start.elapsed().as_nanos() as f64 / count as f64
}

fn fastest(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 10]
}

fn record(number: u64, kind: ChangeKind, old: Option<(&str, &str)>, new: (&str, &str)) -> Record {
    let id = format!("ORD-{number}");
    let image = |(status, tier): (&str, &str)| {
        Item::from([
            ("orderId", id.as_str().into()),
            ("status", status.into()),
            ("tier", tier.into()),
            ("test", Value::Bool(false)),
            ("amount", Value::N("1500".parse().expect("a number"))),
            ("customerEmail", format!("customer{number}@example.com").as_str().into()),
        ])
    };
    let change = Change {
        sequence: SequenceNumber::new(number + 1),
        previous: SequenceNumber::ZERO,
        at: Timestamp::from_millis(1_700_000_000_000),
        table: TableId(1),
        kind,
        keys: Item::from([("orderId", id.as_str().into())]),
        old: old.map(image),
        new: Some(image(new)),
        spread: number,
        by_service: false,
        trace: None,
    };
    let stream = Stream {
        arn: Account::default().arn("dynamodb", "table/Orders/stream/2024-01-01T00:00:00.000"),
        region: "us-east-1".into(),
        view: ViewType::NewAndOldImages,
        shard: "shardId-00000001693237371567-aaa1abcd".into(),
    };
    Record { change: Arc::new(change), stream: Some(Arc::new(stream)) }
}

fn json(record: &Record) -> Vec<u8> {
    serde_json::to_vec(record).expect("records are written as JSON")
}
