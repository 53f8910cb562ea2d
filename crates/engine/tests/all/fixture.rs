//! What the tests share: an engine on a scratch directory, stacks in a few words, and functions that are watched.

use engine::spec::*;
use engine::{Engine, EventDone, Functions, Handed, Invoked, Options, TableWrite, Written};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use table::{Condition, Write};
use types::{
    Account, FunctionName, Item, KeyAttribute, KeySchema, KeyType, Number, Record, SortedMap, Value, Version, ViewType,
};

/// How long a test waits for what must happen; long, because the machines are busy.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn open(directory: &Path) -> Engine {
    let options = Options {
        account: Account::default(),
        directory: directory.to_owned(),
        store: store::Options::default(),
        on_fatal: Box::new(|fatal| panic!("{fatal}")),
        keep_changes_for: Duration::from_secs(24 * 3600),
        log_bytes_max: 1 << 40,
    };
    Engine::open(options).expect("the directory opens").0
}

/// Opens, deploys and starts.
pub(crate) fn up(directory: &Path, stack: &StackSpec, functions: &Arc<Watched>) -> Engine {
    let engine = open(directory);
    engine.deploy(stack).expect("the stack is in order");
    engine.start(std::slice::from_ref(&stack.name), Arc::clone(functions) as Arc<dyn Functions>).expect("pipes start");
    engine
}

/// Stops an engine and lets go of its directory.
pub(crate) fn down(engine: Engine) {
    engine.stop();
}

pub(crate) fn function(name: &str) -> FunctionSpec {
    FunctionSpec {
        name: name.parse().unwrap(),
        handler: "none".to_owned(),
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

pub(crate) fn table(name: &str) -> TableSpec {
    let hash = KeyAttribute { name: "id".to_owned(), key_type: KeyType::S };
    TableSpec {
        name: name.parse().unwrap(),
        keys: KeySchema { hash, range: None },
        view: Some(ViewType::NewAndOldImages),
        indexes: vec![],
        expires_by: None,
    }
}

pub(crate) fn queue(name: &str) -> QueueSpec {
    QueueSpec {
        name: name.parse().unwrap(),
        visible_for_seconds: 30,
        retention_seconds: 345_600,
        delay_seconds: 0,
        message_bytes_max: 1 << 20,
        wait_seconds: 0,
        redrive: None,
        fifo: None,
    }
}

pub(crate) fn pipe(name: &str) -> PipeSpec {
    PipeSpec {
        name: name.parse().unwrap(),
        source: PipeSource::Table("Orders".parse().unwrap()),
        enrichment: None,
        parameters: Default::default(),
        description: None,
        role: None,
        tags: Default::default(),
        filters: vec![],
        target: PipeTarget::Function("F".parse().unwrap()),
        qualifier: None,
        invocation: InvocationType::RequestResponse,
        batch_size: 100,
        window_seconds: 0,
        lanes: 1,
        retries: Some(2),
        max_age_seconds: None,
        bisect: true,
        start: StartingPosition::TrimHorizon,
        dead_letters: Some("Dead".parse().unwrap()),
        running: true,
    }
}

/// Table `Orders`, function `F`, queue `Dead`, and this pipe between them.
pub(crate) fn stack(pipe: PipeSpec) -> StackSpec {
    StackSpec {
        name: "test".to_owned(),
        tables: vec![table("Orders")],
        queues: vec![queue("Dead")],
        functions: vec![function("F")],
        log_groups: vec![],
        pipes: vec![pipe],
        pollers: vec![],
        events: Default::default(),
        versions: Default::default(),
        origin: json!(null),
    }
}

/// Functions that remember what they were given, and stop at the orders they are told to.
#[derive(Default)]
pub(crate) struct Watched {
    seen: Mutex<Vec<(String, i64)>>,
    invocations: Mutex<Vec<Vec<String>>>,
    pub(crate) poison: Mutex<BTreeSet<String>>,
    events: Mutex<Vec<(String, String)>>,
}

impl Functions for Watched {
    fn invoke(&self, _: &FunctionName, records: &[Record]) -> Invoked {
        let id = |record: &Record| record.change.keys.text("id").expect("an order has an id").to_owned();
        self.invocations.lock().unwrap().push(records.iter().map(id).collect());
        for record in records {
            if self.poison.lock().unwrap().contains(&id(record)) {
                let failed = json!([{"itemIdentifier": record.event_id()}]);
                let answer = json!({"batchItemFailures": failed, "errorMessage": "poisoned"});
                return Invoked::Answered { answer };
            }
            let version = record.new_image().and_then(|item| item.number("v")).map_or(-1, |v| v.to_f64() as i64);
            self.seen.lock().unwrap().push((id(record), version));
        }
        Invoked::Answered { answer: Json::Null }
    }

    fn invoke_event<'a>(
        &'a self,
        function: &'a FunctionName,
        _: Version,
        event: &'a Handed,
    ) -> Pin<Box<dyn Future<Output = EventDone> + Send + 'a>> {
        self.events.lock().unwrap().push((function.to_string(), event.payload.to_string()));
        Box::pin(std::future::ready(EventDone::Answered(Json::Null)))
    }
}

impl Watched {
    /// Which functions were given which events.
    pub(crate) fn events(&self) -> Vec<(String, String)> {
        self.events.lock().unwrap().clone()
    }

    /// What was done so far: order and version.
    pub(crate) fn seen(&self) -> Vec<(String, i64)> {
        self.seen.lock().unwrap().clone()
    }

    /// Which orders each invocation was given.
    pub(crate) fn invocations(&self) -> Vec<Vec<String>> {
        self.invocations.lock().unwrap().clone()
    }

    pub(crate) fn wait_for(&self, count: usize) -> Vec<(String, i64)> {
        eventually(|| self.seen().len() >= count, || format!("{count} records, only {:?} came", self.seen()));
        self.seen()
    }
}

pub(crate) fn eventually(mut holds: impl FnMut() -> bool, what: impl Fn() -> String) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for {}", what());
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub(crate) fn order(id: &str, version: i64) -> Item {
    Item::from([("id", Value::from(id)), ("v", Number::from(version).into())])
}

pub(crate) fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work)
}

pub(crate) fn put_if(engine: &Engine, item: Item, condition: Condition) -> TableWrite {
    let table = engine.table(&"Orders".parse().unwrap()).unwrap();
    TableWrite { table, write: Write::Put(item), condition, return_old: true }
}

pub(crate) fn put(engine: &Engine, id: &str, version: i64) -> Written {
    let command = vec![put_if(engine, order(id, version), Condition::Always)];
    run(engine.write(command)).unwrap().remove(0)
}

pub(crate) fn delete(engine: &Engine, id: &str) -> Written {
    let table = engine.table(&"Orders".parse().unwrap()).unwrap();
    let key = table.key_of(&Item::from([("id", id.into())])).unwrap();
    let command = TableWrite { table, write: Write::Delete(key), condition: Condition::Always, return_old: true };
    run(engine.write(vec![command])).unwrap().remove(0)
}

pub(crate) fn get(engine: &Engine, id: &str) -> Option<Item> {
    let table = engine.table(&"Orders".parse().unwrap()).unwrap();
    let key = table.key_of(&Item::from([("id", id.into())])).unwrap();
    engine.get(&table, &key).unwrap()
}
