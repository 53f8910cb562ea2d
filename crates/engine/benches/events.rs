//! Measures how long it takes from an event being put until its target begins, and what many rules cost.
//!
//! One event after the other is put on a bus with 10 rules and on one with 1,000, of which one matches and hands it to a
//! function. Beside it stands what one commit takes, the disk's flush included: an event is durable after one, and its
//! function begins after two, since it is received durably too.
//!
//! `cargo xtask bench events` runs it; `-- --events N` changes how many events are put.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]

use engine::events::Entry;
use engine::spec::{
    BusRuleSpec, BusSpec, EventsSpec, FunctionSpec, QueueSpec, RuleSpec, RuleState, StackSpec, TargetSpec,
};
use engine::{Engine, EventDone, Functions, Handed, Invoked, Options, Outgoing};
use serde_json::{Value as Json, json};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use types::{Account, FunctionName, Record, SortedMap, Version};

/// Says when the function began.
struct Begun(mpsc::SyncSender<Instant>);

impl Functions for Begun {
    fn invoke(&self, _: &FunctionName, _: &[Record]) -> Invoked {
        Invoked::Answered { answer: Json::Null }
    }

    fn invoke_event<'a>(
        &'a self,
        _: &'a FunctionName,
        _: Version,
        _: &'a Handed,
    ) -> Pin<Box<dyn Future<Output = EventDone> + Send + 'a>> {
        self.0.send(Instant::now()).unwrap();
        Box::pin(std::future::ready(EventDone::Answered(Json::Null)))
    }
}

fn stack(rules: usize) -> StackSpec {
    let rule = |number: usize| BusRuleSpec {
        bus: "orders".parse().unwrap(),
        rule: RuleSpec {
            name: format!("rule-{number}").parse().unwrap(),
            pattern: Some(format!(
                r#"{{"source":["shop-{number}"],"detail":{{"total":[{{"numeric":[">",{number}]}}]}}}}"#
            )),
            schedule: None,
            state: RuleState::Enabled,
            description: None,
        },
        role: None,
        targets: vec![TargetSpec {
            id: "f".to_owned(),
            arn: "arn:aws:lambda:us-east-1:000000000000:function:F".to_owned(),
            ..TargetSpec::default()
        }],
    };
    let function = FunctionSpec {
        name: "F".parse().unwrap(),
        handler: "none".to_owned(),
        runtime: "provided.al2023".to_owned(),
        timeout_seconds: 3,
        memory_mb: 128,
        concurrency: None,
        environment: SortedMap::new(),
        log_group: "/aws/lambda/F".parse().unwrap(),
        description: String::new(),
        role: String::new(),
        asynchronous: Default::default(),
    };
    let queue = QueueSpec {
        name: "Q".parse().unwrap(),
        visible_for_seconds: 30,
        retention_seconds: 345_600,
        delay_seconds: 0,
        message_bytes_max: 1 << 20,
        wait_seconds: 0,
        redrive: None,
        fifo: None,
    };
    StackSpec {
        name: "bench".to_owned(),
        tables: vec![],
        queues: vec![queue],
        functions: vec![function],
        log_groups: vec![],
        pipes: vec![],
        pollers: vec![],
        events: EventsSpec {
            buses: vec![BusSpec { name: "orders".parse().unwrap(), description: None }],
            rules: (0..rules).map(rule).collect(),
            ..EventsSpec::default()
        },
        versions: Default::default(),
        origin: json!(null),
    }
}

fn event(number: usize) -> Entry {
    Entry {
        source: Some("shop-7".to_owned()),
        detail_type: Some("Order Created".to_owned()),
        detail: Some(format!(
            r#"{{"orderId":"ORD-{number:010}","customer":"c-{number}","total":1500,"items":[1,2,3]}}"#
        )),
        bus: Some("orders".to_owned()),
        ..Entry::default()
    }
}

fn median(mut spans: Vec<Duration>) -> f64 {
    spans.sort();
    spans[spans.len() / 2].as_secs_f64() * 1e6
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let given = arguments.iter().position(|argument| argument == "--events").map(|at| &arguments[at + 1]);
    let events: usize = given.map_or(2_000, |events| events.parse().expect("--events takes a number"));
    // On the real disk: what a memory file system says of fsync is of no use.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    for rules in [10, 1_000] {
        let directory = tempfile::tempdir_in(&root).expect("target/ is there");
        let options = Options {
            account: Account::default(),
            directory: directory.path().to_owned(),
            store: store::Options::default(),
            on_fatal: Box::new(|fatal| panic!("{fatal}")),
            keep_changes_for: Duration::from_secs(24 * 3600),
            log_bytes_max: 64 << 30,
        };
        let engine: Engine = Engine::open(options).expect("an empty directory opens").0;
        engine.deploy(&stack(rules)).unwrap();
        let (begin, begun) = mpsc::sync_channel(1);
        let _inside = runtime.enter();
        engine.start(&["bench".to_owned()], Arc::new(Begun(begin))).unwrap();
        let (mut commits, mut durable, mut started) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..events {
            let at = Instant::now();
            runtime.block_on(engine.send(&"Q".parse().unwrap(), Outgoing::text("one commit"))).unwrap();
            commits.push(at.elapsed());
            let at = Instant::now();
            let put = runtime.block_on(engine.put_events(vec![event(number)])).unwrap();
            assert!(put[0].is_ok());
            durable.push(at.elapsed());
            started.push(begun.recv().unwrap() - at);
            // The end of the invocation is a commit of its own, which the next measurement is not to meet.
            std::thread::sleep(Duration::from_millis(3));
        }
        let (commit, durable, started) = (median(commits), median(durable), median(started));
        println!(
            "{rules} rules: one commit takes {commit:.0} µs; an event is durable after {durable:.0} µs and its function \
             begins after {started:.0} µs, {:.0} µs beyond two commits (medians of {events})",
            started - 2.0 * commit
        );
        let figure = json!({
            "name": format!("PutEvents until its target begins, {rules} rules"), "value": started, "unit": "µs",
            "against": "one commit, flushed", "ratio": started / commit,
        });
        println!("BENCH {figure}");
        engine.stop();
    }
}
