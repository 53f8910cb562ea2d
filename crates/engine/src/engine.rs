//! Decides how the parts of this room are put together, and offers them to the outside: [`Engine`].

use crate::asynchronous;
use crate::bus::{self, Buses};
use crate::catalog::{Catalog, Deployed, Step, TableEntry};
use crate::clock::{self, Steady};
use crate::codec::Malformed;
use crate::commit::{self, Commits, WriteRefused};
use crate::counts::{Count, Counters};
use crate::explain::{self, Explained};
use crate::feed::Feed;
use crate::functions::Functions;
use crate::housekeeping;
use crate::indexes::{self, IndexState, Indexes};
use crate::layout::{self, CATALOG_KEY, STATE, kind};
use crate::moves::{self, Move, MoveRefused, MoveTask, Moves};
use crate::pipes::{RunningPipe, SpellMessage};
use crate::pollers::{GiveWay, Pollers};
use crate::progress::Checkpoints;
use crate::query::{self, QueryRefused};
use crate::queues::{LiveQueue, LiveQueues, manage};
use crate::scan;
use crate::spec::{IndexSpec, PipeSource, StackSpec};
use crate::tables::{self, CommandRefused, Looked, SameItem, TableWrite, Written};
use crate::traffic::{Meters, Traffic};
use crate::watch::Watch;
use delivery::lane::Progress;
use delivery::queue::Counts;
use observe::measure::Statistics;
use observe::trace::Tracer;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use store::EntryBuilder;
use store::lines::Lines;
use table::{Expiry, Index, IndexId, Page, Query, Scan, Table};
use types::{
    Account, FunctionName, IndexName, Item, Key, KeyValue, LogGroupName, PipeName, QueueName, SequenceNumber,
    SortedMap, SortedSet, TableName,
};

mod error;

pub use error::{DeployError, NotFound, OpenError, PipeError, QueueError};

/// How an engine is opened.
pub struct Options {
    /// Whose resources.
    pub account: Account,
    /// The directory that holds everything.
    pub directory: PathBuf,
    /// How the store is opened.
    pub store: store::Options,
    /// Called once if the disk fails; nothing is acknowledged after that.
    pub on_fatal: Box<dyn Fn(&store::Fatal) + Send + Sync>,
    /// How long changes stay in the log.
    pub keep_changes_for: Duration,
    /// How large the log may get before changes go earlier.
    pub log_bytes_max: u64,
}

/// How a pipe is doing.
#[derive(Debug, Clone)]
pub struct PipeStatus {
    /// The pipe.
    pub name: PipeName,
    /// Whether it runs.
    pub running: bool,
    /// How far its slowest lane is.
    pub done: SequenceNumber,
    /// How far it could be: the newest change, or its own place if that is further.
    pub head: SequenceNumber,
    /// How many changes left the log before it read them.
    pub missed: u64,
}

/// What a check of the data found.
#[derive(Debug)]
pub struct Check {
    /// How many entries of the log were read.
    pub entries: u64,
    /// How many items' newest change was compared with the index.
    pub compared: u64,
    /// What does not agree, in words.
    pub findings: Vec<String>,
}

/// A data directory at work.
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) account: Account,
    pub(crate) commits: Commits,
    pub(crate) checkpoints: Arc<Checkpoints>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) meters: Meters,
    observer: Arc<OnceLock<Box<commit::Observer>>>,
    pub(crate) give_way: OnceLock<Box<GiveWay>>,
    pub(crate) spell_message: OnceLock<Box<SpellMessage>>,
    pub(crate) lines: Arc<Lines>,
    pub(crate) catalog: RwLock<Arc<Catalog>>,
    pub(crate) tables: RwLock<SortedMap<TableName, Arc<Table>>>,
    pub(crate) indexes: Indexes,
    pub(crate) queues: RwLock<LiveQueues>,
    /// What queues go by: it never runs backwards.
    pub(crate) clock: Arc<Steady>,
    pub(crate) moves: Moves,
    /// Held while the catalog is being changed, until that is durable.
    pub(crate) changing: Mutex<()>,
    /// Held by whoever clears away what is left of queues.
    pub(crate) sweeping: Mutex<()>,
    /// The queues of what functions do without being waited for, by function.
    pub(crate) handovers: RwLock<SortedMap<String, Arc<LiveQueue>>>,
    /// The functions whose handover queue somebody works on.
    pub(crate) handing: Mutex<SortedSet<FunctionName>>,
    pub(crate) functions: OnceLock<Arc<dyn Functions>>,
    pub(crate) pollers: Pollers,
    pub(crate) buses: Buses,
    pub(crate) pipes: Mutex<SortedMap<PipeName, RunningPipe>>,
    /// Held while a pipe is stopped or started, until that is done.
    pub(crate) control: Mutex<()>,
    /// Held by whoever delivers dead letters again, so that none is delivered twice at once.
    pub(crate) redriving: Mutex<()>,
    pub(crate) threads: Mutex<Vec<JoinHandle<()>>>,
    pub(crate) stopping: AtomicBool,
    /// Rung when the engine stops, for those who sleep between rounds.
    pub(crate) sleep: (Mutex<()>, Condvar),
    pub(crate) keep_changes_for: Duration,
    pub(crate) log_bytes_max: u64,
    pub(crate) watch: Watch,
    pub(crate) tracer: OnceLock<Arc<Tracer>>,
}

pub(crate) const POISON: &str = "no thread panics while it holds this lock";

impl Engine {
    /// Opens a data directory, and says what was found when it was.
    pub fn open(options: Options) -> Result<(Self, store::OpenReport), OpenError> {
        let feed = Arc::new(Feed::new(SequenceNumber::ZERO));
        let counters = Arc::new(OnceLock::<Arc<Counters>>::new());
        let observer = Arc::new(OnceLock::<Box<commit::Observer>>::new());
        let meters = Meters::new();
        let into_meters = Arc::clone(&meters.tables);
        let (into_feed, into_counters, shown) = (Arc::clone(&feed), Arc::clone(&counters), Arc::clone(&observer));
        let publish = move |group: &mut Vec<store::Durable<commit::Carried>>| {
            let counters = into_counters.get().map(|counters| &**counters);
            commit::publish(&into_feed, counters, &into_meters, shown.get().map(|observer| &**observer), group);
        };
        let clock = Arc::new(Steady::new(Arc::clone(&options.store.clock)));
        let (store, report) =
            store::Store::open(&options.directory, options.store, Box::new(publish), options.on_fatal)?;
        // After the store, which holds the lock on the directory.
        let lines = Lines::open(options.directory.join("lines")).map_err(OpenError::Lines)?;
        let store = Arc::new(store);
        feed.begin(layout::sequence(store.durable()));
        let commits = Commits { store, feed };
        let opened = Arc::new(Counters::open(&commits)?);
        let counters = Arc::clone(counters.get_or_init(|| opened));
        let catalog = match commits.store.get(STATE, CATALOG_KEY)? {
            Some((_, value)) => serde_json::from_slice(&value).map_err(|_| Malformed("catalog"))?,
            None => Catalog::default(),
        };
        let indexes = Indexes::open(&commits.store)?;
        let buses = Buses::open(&commits)?;
        let watch = Watch::open(&commits, &options.account)?;
        let inner = Inner {
            watch,
            tracer: OnceLock::new(),
            account: options.account,
            checkpoints: Checkpoints::new(commits.clone(), clock::now()),
            moves: Moves::open(&commits)?,
            clock,
            changing: Mutex::default(),
            sweeping: Mutex::default(),
            commits,
            counters,
            meters,
            observer,
            give_way: OnceLock::new(),
            spell_message: OnceLock::new(),
            lines: Arc::new(lines),
            catalog: RwLock::new(Arc::new(catalog)),
            tables: RwLock::default(),
            indexes,
            queues: RwLock::default(),
            handovers: RwLock::default(),
            handing: Mutex::default(),
            functions: OnceLock::new(),
            pollers: Pollers::default(),
            buses,
            pipes: Mutex::default(),
            control: Mutex::default(),
            redriving: Mutex::default(),
            threads: Mutex::default(),
            stopping: AtomicBool::new(false),
            sleep: Default::default(),
            keep_changes_for: options.keep_changes_for,
            log_bytes_max: options.log_bytes_max,
        };
        let engine = Self { inner: Arc::new(inner) };
        // What clients have made belongs to no stack, so it waits for none.
        engine.wake("")?;
        Ok((engine, report))
    }

    /// Takes in a stack, or a new version of it; its tables and queues are served from now on.
    pub fn deploy(&self, stack: &StackSpec) -> Result<Vec<Step>, DeployError> {
        Ok(self.deploy_all(std::slice::from_ref(stack))?.remove(0))
    }

    /// Takes in several stacks: all of them or none. What was done is told for each.
    pub fn deploy_all(&self, stacks: &[StackSpec]) -> Result<Vec<Vec<Step>>, DeployError> {
        let inner = &self.inner;
        let _whole = inner.indexes.deploying();
        let changing = inner.changing.lock().expect(POISON);
        let mut catalog = (*inner.catalog()).clone();
        let known = inner.known_progress(&catalog)?;
        let done = |pipe, lane| known.get(&(pipe, lane)).copied().unwrap_or_default();
        let has_log_group = |name: &LogGroupName| inner.has_log_group(name.as_str());
        let standing = inner.standing(&done, &has_log_group);
        let before = catalog.clone();
        let deployed: Vec<Deployed> =
            stacks.iter().map(|stack| catalog.deploy(stack, standing)).collect::<Result<_, _>>()?;
        if catalog != before {
            let value = serde_json::to_vec(&catalog).expect("a catalog is plain data");
            let mut entry = EntryBuilder::new(kind::CATALOG, &value).put_range(STATE, CATALOG_KEY, 0..value.len());
            entry = deployed.iter().fold(entry, |entry, one| one.write_lanes(entry));
            let states: Vec<_> = deployed.iter().flat_map(|one| one.indexes.iter().copied()).collect();
            entry = states.iter().fold(entry, |entry, (index, state)| state.note(*index, entry));
            inner.commits.commit_one_blocking(entry)?;
            inner.indexes.noted(&states);
        }
        *inner.catalog.write().expect(POISON) = Arc::new(catalog);
        drop(changing);
        for stack in stacks {
            self.wake(&stack.name)?;
        }
        inner.indexes.ring();
        Ok(deployed.into_iter().map(|one| one.steps).collect())
    }

    /// Serves what a stack that was deployed before has.
    pub fn wake(&self, stack: &str) -> Result<(), WriteRefused> {
        let (inner, catalog) = (&self.inner, self.inner.catalog());
        for entry in catalog.tables.values().filter(|entry| entry.stack == stack && !entry.dormant) {
            let table = Arc::new(table_of(entry));
            inner.indexes.serve(&table);
            inner.tables.write().expect(POISON).insert(entry.spec.name.clone(), table);
        }
        for entry in catalog.queues.values().filter(|entry| entry.stack == stack && !entry.dormant) {
            let name = &entry.spec.name;
            if !inner.queues.read().expect(POISON).contains_key(name) {
                let live = Arc::new(LiveQueue::open(entry.id, &entry.spec, &inner.commits, &inner.clock)?);
                inner.queues.write().expect(POISON).insert(name.clone(), live);
            }
        }
        manage::link(inner);
        for group in catalog.log_groups.values().filter(|entry| entry.stack == stack) {
            let (name, days) = (group.spec.name.as_str(), group.spec.retention_days);
            let made = inner.lines.create_group(name, days, clock::now().millis());
            let kept = made.and_then(|made| if made { Ok(()) } else { inner.lines.set_retention(name, days) });
            kept.map_err(|error| WriteRefused::Lines(error.to_string()))?;
        }
        for entry in catalog.functions.values().filter(|entry| entry.stack == stack && !entry.dormant) {
            let name = entry.spec.name.to_string();
            if !inner.handovers.read().expect(POISON).contains_key(&name) {
                let live =
                    Arc::new(LiveQueue::open(entry.queue, &asynchronous::queue_spec(), &inner.commits, &inner.clock)?);
                inner.handovers.write().expect(POISON).insert(name, live);
            }
        }
        let _changing = inner.changing.lock().expect(POISON);
        bus::live::rebuild(inner, Some(stack))
    }

    /// Serves everything that was ever deployed; for looking at a directory that no server runs on.
    pub fn wake_all(&self) -> Result<(), WriteRefused> {
        let stacks: Vec<String> = self.inner.catalog().origins.keys().cloned().collect();
        stacks.iter().try_for_each(|stack| self.wake(stack))
    }

    /// Runs the pipes of these stacks, and what must be done from time to time.
    pub fn start(&self, stacks: &[String], functions: Arc<dyn Functions>) -> Result<(), PipeError> {
        let inner = &self.inner;
        let functions = Arc::clone(inner.functions.get_or_init(|| functions));
        let catalog = inner.catalog();
        let mut threads = inner.threads.lock().expect(POISON);
        let checkpoints = Arc::clone(&inner.checkpoints);
        threads.push(spawn("checkpoints", move || checkpoints.run()));
        let housekeeper = Arc::clone(inner);
        threads.push(spawn("housekeeping", move || housekeeping::run(&housekeeper)));
        let builder = Arc::clone(inner);
        threads.push(spawn("indexes", move || indexes::run(&builder)));
        let events = Arc::clone(inner);
        threads.push(spawn("events", move || bus::run(&events)));
        drop(threads);
        for (name, queue) in inner.handovers.read().expect(POISON).iter() {
            let handles = catalog.pipes.values().any(|pipe| {
                pipe.spec.target.function().is_some_and(|target| target.as_str() == name)
                    && pipe.spec.invocation == crate::spec::InvocationType::FireAndForget
            });
            let waits = queue.counts() != Counts::default();
            let function = catalog.functions.values().find(|entry| entry.spec.name.as_str() == name);
            if let Some(entry) = function.filter(|_| handles || waits) {
                asynchronous::begin(inner, queue, &entry.spec.name);
            }
        }
        moves::resume(inner)?;
        bus::replay::resume(inner)?;
        let shown = self.start_pipes(stacks, &functions)?;
        self.start_pollers(stacks, &functions, &shown)
    }

    /// Ends everything in order: lanes finish what they are doing, progress is written, the store is closed.
    pub fn stop(&self) {
        let inner = &self.inner;
        inner.stopping.store(true, Ordering::Release);
        inner.pollers.stop();
        inner.buses.stop();
        // Under the lock, so that nobody falls asleep between looking and waiting.
        drop(inner.sleep.0.lock().expect(POISON));
        inner.sleep.1.notify_all();
        inner.indexes.ring();
        let _control = inner.control.lock().expect(POISON);
        let pipes = std::mem::take(&mut *inner.pipes.lock().expect(POISON));
        pipes.values().for_each(RunningPipe::tell);
        pipes.into_values().for_each(RunningPipe::stop);
        inner.checkpoints.stop();
        for thread in std::mem::take(&mut *inner.threads.lock().expect(POISON)) {
            // A thread that panicked has said so; the others still end in order.
            let _ = thread.join();
        }
        // What cannot be counted now is counted again from the log with the next start.
        let _ = inner.commits.commit_one_blocking(inner.counters.entry());
        inner.commits.store.close();
    }

    /// Carries out writes on tables, each of another item, as one.
    pub async fn write(&self, command: Vec<TableWrite>) -> Result<Vec<Written>, CommandRefused> {
        let (commits, indexes) = (&self.inner.commits, &self.inner.indexes);
        tables::write(commits, indexes, command, SameItem::IsRefused, Default::default(), store::Class::Client).await
    }

    /// The table of that name.
    pub fn table(&self, name: &TableName) -> Result<Arc<Table>, NotFound> {
        let found = self.inner.tables.read().expect(POISON).get(name).cloned();
        found.ok_or_else(|| NotFound { kind: "table", name: name.to_string() })
    }

    /// The stream of a table that is there, if it has one.
    pub fn stream(&self, name: &TableName) -> Option<Arc<types::Stream>> {
        explain::stream_of(self.inner.catalog().tables.get(name)?, &self.inner.account)
    }

    /// The item under a key.
    pub fn get(&self, table: &Table, key: &Key) -> Result<Option<Item>, WriteRefused> {
        let found = tables::get(&self.inner.commits, table, key)?;
        self.inner.meters.tables.read(table.id, found.as_ref().map_or(0, Item::size));
        Ok(found)
    }

    /// The items that a query asks for, as they are durably, a page at a time.
    pub fn query(&self, table: &TableName, query: &Query) -> Result<Page, QueryRefused> {
        let table = self.table(table)?;
        let index = query.index.as_ref().and_then(|name| table.index(name));
        if let Some(index) = index.filter(|index| self.inner.indexes.is_building(index.id)) {
            return Err(QueryRefused::Building(index.name.clone()));
        }
        let page = query::query(&self.inner.commits, &table, query)?;
        self.inner.meters.tables.read(table.id, page.bytes);
        Ok(page)
    }

    /// The items of a table or of an index, in no order that means anything, as they are durably, a page at a time.
    pub fn scan(&self, table: &TableName, scan: &Scan) -> Result<Page, QueryRefused> {
        let table = self.table(table)?;
        let index = scan.index.as_ref().and_then(|name| table.index(name));
        if let Some(index) = index.filter(|index| self.inner.indexes.is_building(index.id)) {
            return Err(QueryRefused::Building(index.name.clone()));
        }
        let page = scan::scan(&self.inner.commits, &table, scan)?;
        self.inner.meters.tables.read(table.id, page.bytes);
        Ok(page)
    }

    /// The first item with this hash value, as an index gives it; or the last, in descending order.
    pub fn first(
        &self,
        table: &TableName,
        index: Option<&IndexName>,
        hash: KeyValue,
        order: table::Order,
    ) -> Result<Option<Item>, QueryRefused> {
        let query = Query { order, limit: Some(NonZeroUsize::MIN), ..Query::new(index.cloned(), hash) };
        Ok(self.query(table, &query)?.items.pop())
    }

    /// What an index holds, as far as is known: beyond some thousands of items it is taken to hold all of its table's.
    pub fn index_count(&self, table: &Table, index: IndexId) -> Result<Count, WriteRefused> {
        indexes::count(&self.inner, index, self.count(table))
    }

    /// Whether an index has all items of its table, or is being built.
    pub fn index_state(&self, index: IndexId) -> IndexState {
        if self.inner.indexes.is_building(index) { IndexState::Building } else { IndexState::Ready }
    }

    /// The item under a key in its newest state, which may not be durable yet: for those who tell of it by a command
    /// only.
    pub fn peek(&self, table: &Table, key: &Key) -> Result<Looked, WriteRefused> {
        let found = tables::peek(&self.inner.commits, table, key)?;
        self.inner.meters.tables.read(table.id, found.item().map_or(0, Item::size));
        Ok(found)
    }

    /// Whether any item that is looked up in a table would be missing, because the table holds none. What somebody was
    /// told is in it is known here. A look that is spared like this is counted as one that found nothing.
    pub fn finds_nothing(&self, table: &Table) -> bool {
        let is_empty = self.count(table).items == 0;
        if is_empty {
            self.inner.meters.tables.read(table.id, 0);
        }
        is_empty
    }

    /// Whether there is room on the disk for what clients write.
    pub fn takes_writes(&self) -> bool {
        self.inner.commits.store.has_room_for(store::Class::Client)
    }

    /// The names of the tables that are served, in order.
    pub fn table_names(&self) -> Vec<TableName> {
        self.inner.tables.read().expect(POISON).keys().cloned().collect()
    }

    /// What a table holds.
    pub fn count(&self, table: &Table) -> Count {
        self.inner.counters.of(table.id)
    }

    /// Everything that is deployed.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.inner.catalog()
    }

    /// Whose resources these are.
    pub fn account(&self) -> &Account {
        &self.inner.account
    }

    /// The files that hold what functions print.
    pub fn lines(&self) -> &Arc<Lines> {
        &self.inner.lines
    }

    /// Starts to move the messages of a dead-letter queue.
    pub async fn start_move(&self, wanted: Move) -> Result<MoveTask, MoveRefused> {
        let inner = Arc::clone(&self.inner);
        blocking(move || moves::start(&inner, wanted)).await
    }

    /// What moves or has moved the messages of a queue, the newest first.
    pub fn list_moves(&self, source: &QueueName) -> Result<Vec<MoveTask>, MoveRefused> {
        moves::list(&self.inner, source)
    }

    /// Tells a task to stop; how many messages it has moved so far.
    pub async fn cancel_move(&self, source: &QueueName, task: u64) -> Result<u64, MoveRefused> {
        let (inner, source) = (Arc::clone(&self.inner), source.clone());
        blocking(move || moves::cancel(&inner, &source, task)).await
    }

    /// Shows every change from now on to this observer, when it is durable and before anybody is answered. There can
    /// be one; a second is not taken.
    pub fn observe(&self, observer: Box<commit::Observer>) -> bool {
        self.inner.observer.set(observer).is_ok()
    }

    /// Functions get fewer messages while this says that somebody who waits is to be served first. There can be one; a
    /// second is not taken.
    pub fn give_way(&self, to: Box<GiveWay>) -> bool {
        self.inner.give_way.set(to).is_ok()
    }

    /// How pipes spell the messages of queues that they hand on. There can be one way; a second is not taken.
    pub fn spell_messages(&self, spell: Box<SpellMessage>) -> bool {
        self.inner.spell_message.set(spell).is_ok()
    }

    /// Has this one keep spans of what is done from now on. There can be one; a second is not taken.
    pub fn trace_by(&self, tracer: Arc<Tracer>) -> bool {
        self.inner.tracer.set(tracer).is_ok()
    }

    /// Who keeps spans, if anybody does.
    pub fn tracer(&self) -> Option<&Arc<Tracer>> {
        self.inner.tracer.get()
    }

    /// What the store has done since it was opened.
    pub fn store_stats(&self) -> store::Stats {
        self.inner.commits.store.stats()
    }

    /// How many bytes of log there are.
    pub fn log_bytes(&self) -> u64 {
        self.inner.commits.store.log_bytes()
    }

    /// Keys, usage and the like.
    pub fn documents(&self) -> crate::documents::Documents {
        crate::documents::Documents::new(self.inner.commits.clone())
    }

    /// What is known of an order.
    pub fn explain(&self, order: &str) -> Result<Vec<Explained>, WriteRefused> {
        explain::explain(&self.inner.commits, &self.inner.catalog(), &self.inner.account, order)
    }

    /// How the pipes are doing.
    pub fn pipes(&self) -> Vec<PipeStatus> {
        let running = self.inner.pipes.lock().expect(POISON);
        let newest = self.inner.commits.feed.newest();
        let status = |entry: &crate::catalog::PipeEntry| {
            let running = running.get(&entry.spec.name);
            let kept = || {
                let done = (0..entry.lanes()).filter_map(|lane| self.inner.progress(entry.id, lane).ok());
                done.map(|progress| progress.done).min().unwrap_or_default()
            };
            let done = match entry.spec.source {
                PipeSource::Table(_) => running.and_then(RunningPipe::done).unwrap_or_else(kept),
                // Its queue keeps its place: there is no change that it has not read.
                PipeSource::Queue { .. } => newest,
            };
            PipeStatus {
                name: entry.spec.name.clone(),
                running: running.is_some(),
                done,
                head: newest.max(done),
                missed: running.map_or(0, RunningPipe::missed),
            }
        };
        self.inner.catalog().pipes.values().map(status).collect()
    }

    /// What tables, queues and pipes were asked to do since the engine was opened.
    pub fn traffic(&self) -> Traffic {
        let meters = &self.inner.meters;
        let table = |name| Some((meters.tables.of(self.table(&name).ok()?.id), name));
        let queue = |name| Some((self.inner.queue(&name).ok()?.traffic(), name));
        Traffic {
            since: meters.since.elapsed(),
            tables: self.table_names().into_iter().filter_map(table).map(|(traffic, name)| (name, traffic)).collect(),
            queues: self.queue_names().into_iter().filter_map(queue).map(|(traffic, name)| (name, traffic)).collect(),
            pipes: meters.pipes.all(),
            buses: meters.buses.all(),
        }
    }

    /// How large the messages of a queue were that were sent since this was asked last.
    pub fn take_sent_sizes(&self, queue: &QueueName) -> Statistics {
        self.inner.queue(queue).map(|queue| queue.take_sizes()).unwrap_or_default()
    }

    /// When the flush of a recent change had returned, by the monotonic clock; for measuring what comes after it.
    pub fn durable_at(&self, sequence: SequenceNumber) -> Option<Instant> {
        self.inner.commits.feed.durable_at(sequence)
    }

    /// Reads the whole log and holds the index against it.
    pub fn check(&self) -> Result<Check, WriteRefused> {
        housekeeping::check(&self.inner)
    }
}

impl Inner {
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().expect(POISON))
    }

    pub(crate) fn queue(&self, name: &QueueName) -> Result<Arc<LiveQueue>, NotFound> {
        let found = self.queues.read().expect(POISON).get(name).cloned();
        found.ok_or_else(|| NotFound { kind: "queue", name: name.to_string() })
    }

    /// Waits for a thread when the engine stops. Those that have ended are let go of.
    pub(crate) fn keep_thread(&self, thread: JoinHandle<()>) {
        let mut threads = self.threads.lock().expect(POISON);
        threads.retain(|thread| !thread.is_finished());
        threads.push(thread);
    }

    /// Whether there is a log group of this name.
    pub(crate) fn has_log_group(&self, name: &str) -> bool {
        self.catalog().log_groups.keys().any(|known| known.as_str() == name)
            || self.lines.groups().iter().any(|group| group.name == name)
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Sleeps, unless the engine stops.
    pub(crate) fn sleep(&self, span: Duration) {
        let (lock, bell) = &self.sleep;
        let waited = bell.wait_timeout_while(lock.lock().expect(POISON), span, |()| !self.is_stopping());
        drop(waited.expect(POISON));
    }

    pub(crate) fn progress(&self, pipe: u32, lane: u16) -> Result<Progress, WriteRefused> {
        match self.commits.store.get(STATE, &layout::progress(pipe, lane))? {
            Some((_, value)) => Ok(serde_json::from_slice(&value).map_err(|_| Malformed("progress"))?),
            None => Ok(Progress::default()),
        }
    }
}

/// Does something that waits for the disk, on a thread that may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MoveRefused> + Send + 'static,
) -> Result<T, MoveRefused> {
    crate::aside(work).await.unwrap_or(Err(MoveRefused::Write(WriteRefused::Stopping)))
}

/// The table as the deciding room knows it.
pub(crate) fn table_of(entry: &TableEntry) -> Table {
    let spec = &entry.spec;
    let index = |index: &IndexSpec| {
        let (name, keys, projection) = (index.name.clone(), index.keys.clone(), index.projection.clone());
        Some(Index { id: *entry.indexes.get(&name)?, name, keys, projection })
    };
    let expiry = spec.expires_by.iter().zip(entry.expiry);
    Table {
        id: entry.id,
        name: spec.name.clone(),
        keys: spec.keys.clone(),
        view: spec.view,
        indexes: spec.indexes.iter().filter_map(index).collect(),
        expiry: expiry.map(|(attribute, index)| Expiry { index, attribute: attribute.clone() }).next(),
    }
}

pub(crate) fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    spawn_boxed(name, Box::new(body))
}

/// Of one type for all threads, so that what begins one is made once.
fn spawn_boxed(name: &str, body: Box<dyn FnOnce() + Send>) -> JoinHandle<()> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    let guarded = move || {
        let _guard = PanicGuard;
        body();
    };
    thread.spawn(guarded).expect("the system has room for a thread")
}

/// A broken invariant ends the process: a pipe that silently no longer runs would be worse.
struct PanicGuard;

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            crate::complain!(
                "orderflow: a thread of the engine broke an invariant; nothing that was acknowledged is lost"
            );
            std::process::abort();
        }
    }
}

impl Inner {
    /// Says something in a function's log group that the function itself did not say.
    pub(crate) fn tell(&self, function: &types::FunctionName, message: &str) {
        let catalog = self.catalog();
        let Some(entry) = catalog.functions.get(function) else { return };
        let now = clock::now().millis();
        let group = entry.spec.log_group.as_str();
        if let Err(error) = self.lines.append(group, "orderflow", &[(now, message)], now) {
            crate::complain!("orderflow: {function}: {message} (and its log cannot be written: {error})");
        }
    }
}
