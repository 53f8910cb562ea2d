//! An engine with the premium pipeline on it, and what it answers.

use super::*;
use crate::config::Config;
use crate::views::letters::{Again, Redrive};
use crate::views::order::{Delivery, Order, Verdict};
use engine::spec::{
    FunctionSpec, InvocationType, LogGroupSpec, PipeSource, PipeSpec, PipeTarget, QueueSpec, StackSpec,
    StartingPosition, TableSpec,
};
use engine::{Functions, Invoked, TableWrite};
use orders::Layout;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use types::{FunctionName, Item, KeyAttribute, KeySchema, KeyType, Record, ViewType};

/// An engine at work.
pub(crate) struct House {
    pub(crate) engine: Arc<Engine>,
    functions: Arc<Fragile>,
    _directory: tempfile::TempDir,
}

/// Functions that fail on `ORD-BAD` until they are mended, and print a line for each record.
struct Fragile {
    mended: AtomicBool,
    lines: Arc<store::lines::Lines>,
}

impl Functions for Fragile {
    fn invoke(&self, function: &FunctionName, records: &[Record]) -> Invoked {
        let ids = records.iter().filter_map(|record| record.change.keys.text("orderId"));
        let now = engine::now().millis();
        let printed: Vec<(i64, String)> = ids.clone().map(|id| (now, format!("did {id}\n"))).collect();
        self.lines.append(&format!("/aws/lambda/{function}"), "s", &printed, now).unwrap();
        if ids.into_iter().any(|id| id == "ORD-BAD") && !self.mended.load(Ordering::SeqCst) {
            return Invoked::Failed { error: "Broken: cannot do ORD-BAD".to_owned() };
        }
        Invoked::Answered { answer: json!({}) }
    }
}

const PREMIUM: &str = r#"{"eventName":["MODIFY"],"dynamodb":{"OldImage":{"status":{"S":["pending"]}},"NewImage":{"status":{"S":["shipped"]}}}}"#;

fn stack() -> StackSpec {
    let pipe = |name: &str, target: &str, filters: &[&str]| PipeSpec {
        name: name.parse().unwrap(),
        source: PipeSource::Table("NewOrders".parse().unwrap()),
        enrichment: None,
        parameters: Default::default(),
        description: None,
        role: None,
        tags: Default::default(),
        filters: filters.iter().map(|&filter| filter.to_owned()).collect(),
        target: PipeTarget::Function(target.parse().unwrap()),
        qualifier: None,
        invocation: InvocationType::RequestResponse,
        batch_size: 1,
        window_seconds: 0,
        lanes: 1,
        retries: Some(0),
        max_age_seconds: None,
        bisect: true,
        start: StartingPosition::TrimHorizon,
        dead_letters: Some("OrdersDLQ".parse().unwrap()),
        running: true,
    };
    let function = |name: &str, handler: &str| FunctionSpec {
        name: name.parse().unwrap(),
        handler: handler.to_owned(),
        runtime: "provided.al2023".to_owned(),
        timeout_seconds: 30,
        memory_mb: 128,
        concurrency: None,
        environment: Default::default(),
        log_group: format!("/aws/lambda/{name}").parse().unwrap(),
        description: String::new(),
        role: String::new(),
        asynchronous: Default::default(),
    };
    let group = |name: &str| LogGroupSpec { name: name.parse().unwrap(), retention_days: Some(14) };
    StackSpec {
        name: "premium".to_owned(),
        tables: vec![TableSpec {
            name: "NewOrders".parse().unwrap(),
            keys: KeySchema { hash: KeyAttribute { name: "orderId".into(), key_type: KeyType::S }, range: None },
            view: Some(ViewType::NewAndOldImages),
            indexes: vec![],
            expires_by: None,
        }],
        queues: vec![QueueSpec {
            name: "OrdersDLQ".parse().unwrap(),
            visible_for_seconds: 30,
            retention_seconds: 86_400,
            delay_seconds: 0,
            message_bytes_max: 262_144,
            wait_seconds: 0,
            redrive: None,
            fifo: None,
        }],
        functions: vec![function("Standard", "standard-orders"), function("Premium", "premium-orders")],
        log_groups: vec![group("/aws/lambda/Standard"), group("/aws/lambda/Premium")],
        pipes: vec![pipe("standard-pipe", "Standard", &[]), pipe("premium-pipe", "Premium", &[PREMIUM])],
        pollers: vec![],
        events: Default::default(),
        versions: Default::default(),
        origin: json!(null),
    }
}

impl House {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (engine, _) = crate::open::open(&Config::default(), directory.path()).unwrap();
        engine.deploy(&stack()).unwrap();
        let functions = Arc::new(Fragile { mended: AtomicBool::new(false), lines: Arc::clone(engine.lines()) });
        engine.start(&["premium".to_owned()], Arc::clone(&functions) as Arc<dyn Functions>).unwrap();
        Self { engine: Arc::new(engine), functions, _directory: directory }
    }

    /// Writes an order, and waits until every pipe is done with it.
    pub(crate) fn put(&self, id: &str, status: &str) {
        let at = types::Timestamp::from_millis(1_761_915_600_000);
        let order = orders::sample::orders(1, 1).next().unwrap();
        let order = orders::sample::SampleOrder { id: id.to_owned(), ..order };
        self.write(order.item(Layout::NewOrders, status, at, at));
        let done = |order: &Order| {
            order.histories[0]
                .changes
                .iter()
                .flat_map(|change| &change.pipes)
                .all(|pipe| !matches!(pipe.verdict, Verdict::Matched { settled: false, .. }))
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        while !done(&order::explain(&self.engine, id).unwrap()) {
            assert!(Instant::now() < deadline, "{:?}", order::explain(&self.engine, id));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn write(&self, item: Item) {
        let table = self.engine.table(&"NewOrders".parse().unwrap()).unwrap();
        let write = TableWrite {
            table,
            write: table::Write::Put(item),
            condition: table::Condition::Always,
            return_old: false,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(self.engine.write(vec![write])).unwrap();
    }

    fn mend(&self) {
        self.functions.mended.store(true, Ordering::SeqCst);
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.engine.stop();
    }
}

#[test]
fn an_order_is_told_change_by_change_and_pipe_by_pipe() {
    let house = House::new();
    house.put("ORD-1", "pending");
    house.put("ORD-1", "shipped");
    let order = order::explain(&house.engine, "ORD-1").unwrap();
    let [history] = &order.histories[..] else { panic!("{order:?}") };
    assert_eq!((history.table.as_str(), history.older), ("NewOrders", crate::views::order::Older::None));
    let events: Vec<&str> = history.changes.iter().map(|change| change.event.as_str()).collect();
    assert_eq!(events, ["INSERT", "MODIFY"]);
    let changed = &history.changes[1].attributes;
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert_eq!(
        (changed[0].name.as_str(), &changed[0].before, &changed[0].after),
        ("status", &Some(json!({"S": "pending"})), &Some(json!({"S": "shipped"})))
    );
    let premium = |change: usize| {
        let pipes = &history.changes[change].pipes;
        &pipes.iter().find(|pipe| pipe.pipe == "premium-pipe").unwrap().verdict
    };
    let Verdict::Stopped { filters } = premium(0) else { panic!("{:?}", premium(0)) };
    let sentences: Vec<&str> = filters[0].failures.iter().map(|clause| clause.sentence.as_str()).collect();
    assert!(sentences.contains(&r#"eventName is "INSERT", the pattern wants "MODIFY""#), "{sentences:?}");
    let Verdict::Matched { outcomes, settled: true, .. } = premium(1) else { panic!("{:?}", premium(1)) };
    assert!(matches!(outcomes[..], [crate::views::order::Outcome { result: Delivery::Delivered { .. }, .. }]));
    // What goes over the wire is what was sent.
    let text = serde_json::to_string(&order).unwrap();
    assert_eq!(serde_json::from_str::<Order>(&text).unwrap(), order);
}

#[test]
fn an_unknown_order_is_told_with_those_that_were_perhaps_meant() {
    let house = House::new();
    house.put("ORD-1", "pending");
    for (asked, similar) in [("ord-1", vec!["ORD-1".to_owned()]), ("1", vec!["ORD-1".to_owned()]), ("X", vec![])] {
        let order = order::explain(&house.engine, asked).unwrap();
        assert_eq!((order.histories, order.similar), (vec![], similar), "{asked}");
        assert_eq!(order.searched, ["NewOrders"]);
    }
    assert_eq!(order::explain(&house.engine, "").unwrap_err().kind, Kind::Invalid);
}

#[test]
fn a_dead_letter_is_listed_shown_and_delivered_again() {
    let house = House::new();
    house.put("ORD-BAD", "pending");
    house.put("ORD-2", "pending");
    let queues = letters::list(&house.engine, 10).unwrap();
    let [queue] = &queues.queues[..] else { panic!("{queues:?}") };
    assert_eq!((queue.queue.as_str(), queue.dead_letters, queue.messages), ("OrdersDLQ", true, 1));
    let letter = &queue.oldest[0];
    let dead = letter.dead.as_ref().unwrap();
    assert_eq!((dead.pipe.as_str(), dead.function.as_str()), ("standard-pipe", "Standard"));
    assert_eq!((dead.condition.as_str(), dead.records, dead.attempts), ("RetryAttemptsExhausted", 1, 1));
    assert_eq!(dead.error.as_deref(), Some("Broken: cannot do ORD-BAD"));

    let shown = letters::show(&house.engine, "OrdersDLQ", Some(letter.id), 10).unwrap();
    assert!(shown.messages[0].records[0].get().contains("ORD-BAD"));
    assert!(shown.messages[0].body.contains("DDBStreamBatchInfo"));
    let text = serde_json::to_string(&shown).unwrap();
    let read: crate::views::letters::Shown = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);

    let redrive = |containing: Option<&str>, dry_run| {
        let containing = containing.map(str::to_owned);
        let wanted = Redrive { queue: "OrdersDLQ".to_owned(), id: None, containing, per_second: None, dry_run };
        let done = letters::redrive(&house.engine, &wanted).unwrap();
        done.letters.into_iter().map(|letter| letter.result).collect::<Vec<_>>()
    };
    assert_eq!(redrive(Some("ORD-2"), true), []);
    assert_eq!(redrive(Some("ORD-BAD"), true), [Again::Would { function: "Standard".to_owned(), records: 1 }]);
    assert_eq!(redrive(None, false), [Again::Failed { error: "Broken: cannot do ORD-BAD".to_owned() }]);
    house.mend();
    assert_eq!(redrive(None, false), [Again::Delivered { function: "Standard".to_owned(), records: 1 }]);
    assert_eq!(letters::list(&house.engine, 10).unwrap().queues[0].messages, 0);
}

#[test]
fn names_that_are_not_there_are_told_with_what_is() {
    let house = House::new();
    let hint = |problem: Problem| (problem.kind, problem.refused.hint.unwrap());
    let shown = |queue, id| letters::show(&house.engine, queue, id, 10).unwrap_err();
    assert_eq!(hint(shown("OrderDLQ", None)), (Kind::NotFound, "did you mean OrdersDLQ?".to_owned()));
    assert_eq!(hint(shown("Customers", None)), (Kind::NotFound, "there is: OrdersDLQ".to_owned()));
    assert_eq!(shown("OrdersDLQ", Some(7)).refused.error, "there is no message 7 in OrdersDLQ");
    let pipe = stop_pipe(&house.engine, "premium").unwrap_err();
    assert_eq!(hint(pipe), (Kind::NotFound, "did you mean premium-pipe?".to_owned()));
}

#[test]
fn pipes_are_stopped_and_started() {
    let house = House::new();
    let running = |pipes: views::Pipes| -> Vec<(String, bool)> {
        pipes.pipes.into_iter().map(|pipe| (pipe.pipe, pipe.running)).collect()
    };
    let both = |premium| vec![("premium-pipe".to_owned(), premium), ("standard-pipe".to_owned(), true)];
    assert_eq!(running(pipes(&house.engine)), both(true));
    assert_eq!(running(stop_pipe(&house.engine, "premium-pipe").unwrap()), both(false));
    assert_eq!(running(start_pipe(&house.engine, "premium-pipe").unwrap()), both(true));
}

/// Lines as texts.
fn texts(lines: &views::LogLines) -> Vec<&str> {
    lines.lines.iter().map(|line| line.message.as_str()).collect()
}

#[test]
fn following_a_group_shows_every_line_once() {
    let house = House::new();
    let lines = house.engine.lines();
    let group = "/aws/lambda/Premium";
    let ask = |after: Option<u128>, limit| {
        let asked = logs::Asked { group: "premium".to_owned(), after, limit, ..Default::default() };
        logs::read(&house.engine, &asked).unwrap()
    };
    let empty = ask(None, 10);
    assert_eq!((texts(&empty), empty.group.as_str()), (vec![], group));
    lines.append(group, "s", &[(1000, "a\n"), (2000, "b\r\n")], 3000).unwrap();
    lines.append(group, "t", &[(3000, "c")], 3000).unwrap();
    // Whoever began when there was nothing misses nothing.
    assert_eq!(texts(&ask(empty.after.parse().ok(), 10)), ["a", "b", "c"]);
    let newest = ask(None, 2);
    assert_eq!((texts(&newest), newest.more), (vec!["b", "c"], true));
    assert_eq!(texts(&ask(newest.after.parse().ok(), 10)), Vec::<&str>::new());
    lines.append(group, "s", &[(4000, "d"), (4000, "e"), (4000, "f")], 3000).unwrap();
    let first = ask(newest.after.parse().ok(), 2);
    assert_eq!((texts(&first), first.more), (vec!["d", "e"], true));
    assert_eq!(texts(&ask(first.after.parse().ok(), 2)), ["f"]);
}

#[test]
fn lines_are_chosen_by_time_and_filter_and_groups_by_part_of_their_name() {
    let house = House::new();
    let lines = house.engine.lines();
    let printed: Vec<(i64, String)> = (0..50).map(|n| (n * 1000, format!("line {n:02}"))).collect();
    for one in &printed {
        lines.append("/aws/lambda/Standard", "s", std::slice::from_ref(one), one.0).unwrap();
    }
    let ask = |group: &str, since_ms, filter: Option<&str>| {
        let filter = filter.map(str::to_owned);
        let asked = logs::Asked { group: group.to_owned(), since_ms, after: None, limit: 3, filter };
        logs::read(&house.engine, &asked)
    };
    assert_eq!(texts(&ask("Standard", None, None).unwrap()), ["line 47", "line 48", "line 49"]);
    assert_eq!(texts(&ask("Standard", Some(48_000), None).unwrap()), ["line 48", "line 49"]);
    assert_eq!(texts(&ask("stand", None, Some("%line [01]%")).unwrap()), ["line 17", "line 18", "line 19"]);
    assert_eq!(ask("Standard", None, Some("{ $.x")).unwrap_err().kind, Kind::Invalid);
    let several = ask("lambda", None, None).unwrap_err();
    assert_eq!(several.kind, Kind::NotFound);
    assert!(several.refused.hint.unwrap().contains("/aws/lambda/Premium, /aws/lambda/Standard"));
    assert_eq!(ask("nothing-like-it", None, None).unwrap_err().kind, Kind::NotFound);
    let groups = logs::groups(&house.engine).unwrap();
    let standard = groups.groups.iter().find(|group| group.name.ends_with("Standard")).unwrap();
    assert_eq!(standard.last_line_at.as_deref(), Some("1970-01-01T00:00:49.000Z"));
    assert!(standard.stored_bytes > 0);
}

#[test]
fn sound_data_has_no_findings() {
    let house = House::new();
    house.put("ORD-1", "pending");
    let checked = check(&house.engine).unwrap();
    assert_eq!(checked.findings, Vec::<String>::new());
    assert!(checked.entries > 0 && checked.compared == 1, "{checked:?}");
}

#[test]
fn layouts_are_known_by_handlers_and_else_by_names() {
    for entry in orders::catalogue() {
        let expected = match entry.summary.split(':').next() {
            Some("NewOrders") => Some(views::Layout::NewOrders),
            Some("Orders") => Some(views::Layout::Orders),
            // Of the shop front, those that a pipe delivers changes of a table to.
            Some("Shop front") if entry.name.ends_with("commerce-orders") => Some(views::Layout::Shop),
            _ => None,
        };
        assert_eq!(layout_of_handler(entry.name), expected, "{}", entry.name);
    }
    let cases = [
        ("NewOrders", Some(views::Layout::NewOrders)),
        ("dev-new-orders", Some(views::Layout::NewOrders)),
        ("Orders", Some(views::Layout::Orders)),
        ("Customers", None),
    ];
    for (name, layout) in cases {
        assert_eq!(layout_of_name(name), layout, "{name}");
    }
}

#[test]
fn problems_keep_their_kind_over_http() {
    for kind in [Kind::Invalid, Kind::NotFound, Kind::Unavailable, Kind::Damaged] {
        assert_eq!(Kind::of_status(kind.status()), kind);
    }
}
