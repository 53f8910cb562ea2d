//! How fast the store is, as ratios to two simpler programs on the same disk in the same run.
//!
//! (a) appends the same bytes to a file in groups, with one fdatasync per group: the least that any
//! durable store must do. (b) commits the same changes straight to the index's library, each group
//! synced. Both share the hand-off between threads, the encoding and the group's limits with the
//! store. Figures are medians of five alternating rounds, with the smallest and the largest.
//!
//! `cargo bench -p store` prints one line per figure; `-- --long` writes two million orders instead.
//! Lines that begin with `BENCH ` are JSON for machines.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::Thread;
use std::time::{Duration, Instant};
use store::{Class, Commit, Entry, EntryBuilder, Options, Space, Store};

const ITEMS: Space = Space::new(1);
const ROUNDS: usize = 5;
const GROUP_ENTRIES: usize = 1024;
const GROUP_BYTES: usize = 1024 * 1024;
/// Groups up to this size are answered by the thread that has written them, as the store does.
const ANSWERED_AT_ONCE: usize = 16;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--long-child") {
        return long_child(Path::new(&arguments[at + 1]));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench-store");
    let _ = std::fs::remove_dir_all(&root);
    std::fs::create_dir_all(&root).expect("a directory for the bench");
    let sync_us = fdatasync_us(&root);
    report("disk/fdatasync of 4 KiB appended", sync_us, "us", "", &[]);
    if arguments.iter().any(|argument| argument == "--long") {
        long(&root);
    } else {
        let only = arguments.iter().skip_while(|argument| *argument != "--writers").nth(1).and_then(|n| n.parse().ok());
        for writers in [1, 16, 64, 256] {
            if only.is_none_or(|only: usize| only == writers) {
                compare(&root, writers);
            }
        }
    }
    let _ = std::fs::remove_dir_all(&root);
}

/// One figure, for people and for machines. `ratios` are those of the rounds.
fn report(name: &str, value: f64, unit: &str, against: &str, ratios: &[f64]) {
    let mut sorted = ratios.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut line = format!("BENCH {{\"name\":\"{name}\",\"value\":{value:.1},\"unit\":\"{unit}\"");
    if let (Some(low), Some(high)) = (sorted.first(), sorted.last()) {
        let ratio = sorted[sorted.len() / 2];
        write!(line, ",\"against\":\"{against}\",\"ratio\":{ratio:.3},\"spread\":[{low:.3},{high:.3}]")
            .expect("a string");
        println!("{name:<44} {value:>12.1} {unit:<9} {ratio:>6.2} x {against} ({low:.2} to {high:.2})");
    } else {
        println!("{name:<44} {value:>12.1} {unit}");
    }
    println!("{line}}}");
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn fdatasync_us(root: &Path) -> f64 {
    let path = root.join("fdatasync");
    let file = File::create(&path).expect("a file for the bench");
    let mut times = Vec::new();
    for at in 0..500 {
        file.write_all_at(&[7; 4096], at * 4096).expect("room on the disk");
        let began = Instant::now();
        file.sync_data().expect("a disk that syncs");
        times.push(began.elapsed().as_secs_f64() * 1e6);
    }
    median(&times)
}

/// What all three do: take an encoded entry from many threads, answer when it is durable.
trait Target: Send + Sync {
    fn commit(&self, entry: Entry, key: &[u8], item: &[u8]);
}

struct Measured {
    per_second: f64,
    median_us: f64,
}

fn compare(root: &Path, writers: usize) {
    let run_for = Duration::from_millis(if writers == 1 { 700 } else { 2000 });
    let (mut ours, mut bare, mut library) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let directory = |what: &str| root.join(format!("{what}-{writers}-{round}"));
        ours.push(measure(&OurStore::open(&directory("store")), writers, run_for));
        bare.push(measure(&BareLog::open(&directory("bare")), writers, run_for));
        library.push(measure(&Library::open(&directory("library")), writers, run_for));
        for what in ["store", "bare", "library"] {
            let _ = std::fs::remove_dir_all(directory(what));
        }
    }
    let ratios = |theirs: &[Measured], of: fn(&Measured) -> f64| -> Vec<f64> {
        ours.iter().zip(theirs).map(|(ours, theirs)| of(ours) / of(theirs)).collect()
    };
    let rate = median(&ours.iter().map(|m| m.per_second).collect::<Vec<_>>());
    let latency = median(&ours.iter().map(|m| m.median_us).collect::<Vec<_>>());
    let append = median(&bare.iter().map(|m| m.per_second).collect::<Vec<_>>());
    report(&format!("store/{writers} writers"), rate, "orders/s", "append+fdatasync", &ratios(&bare, |m| m.per_second));
    report(
        &format!("store/{writers} writers"),
        rate,
        "orders/s",
        "fjall SyncData",
        &ratios(&library, |m| m.per_second),
    );
    report(
        &format!("store/{writers} writers latency"),
        latency,
        "us",
        "append+fdatasync",
        &ratios(&bare, |m| m.median_us),
    );
    report(&format!("append+fdatasync/{writers} writers"), append, "orders/s", "", &[]);
}

fn measure(target: &dyn Target, writers: usize, run_for: Duration) -> Measured {
    let stop = AtomicBool::new(false);
    let began = Instant::now();
    let mut latencies = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..writers)
            .map(|writer| {
                let stop = &stop;
                scope.spawn(move || {
                    let mut latencies = Vec::new();
                    let mut orders = Orders::new(writer);
                    while !stop.load(Ordering::Relaxed) {
                        let began = Instant::now();
                        orders.submit_next(target);
                        latencies.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
                    }
                    latencies
                })
            })
            .collect();
        std::thread::sleep(run_for);
        stop.store(true, Ordering::Relaxed);
        threads.into_iter().flat_map(|thread| thread.join().expect("a writer")).collect::<Vec<u32>>()
    });
    let took = began.elapsed().as_secs_f64();
    latencies.sort_unstable();
    Measured { per_second: latencies.len() as f64 / took, median_us: f64::from(latencies[latencies.len() / 2]) }
}

/// Ids begin with the time, as those of real orders do.
static CLOCK: AtomicU64 = AtomicU64::new(0);

/// One writer's orders: each is put once and changed once.
struct Orders {
    random: u64,
    key: [u8; 36],
    item: Vec<u8>,
    old: Option<Vec<u8>>,
}

impl Orders {
    fn new(writer: usize) -> Self {
        let random = 0x9e37_79b9_7f4a_7c15 ^ ((writer as u64 + 1) << 20);
        let item = (0..400u16).map(|at| u8::try_from(at % 251).expect("below 251")).collect();
        Self { random, key: [0; 36], item, old: None }
    }

    fn submit_next(&mut self, target: &dyn Target) {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let old = self.old.take();
        if old.is_none() {
            let time = CLOCK.fetch_add(1, Ordering::Relaxed);
            let text = format!("{time:016x}-{:016x}-id", self.random);
            self.key.copy_from_slice(text.as_bytes());
        }
        self.item[100..108].copy_from_slice(&self.random.to_le_bytes());
        let expected = 60 + self.item.len() * 2;
        let entry = EntryBuilder::with_record(1, expected, |record| {
            record.extend_from_slice(&[3; 40]);
            record.extend_from_slice(&self.item);
            if let Some(old) = &old {
                record.extend_from_slice(old);
            }
        });
        let entry = entry.put_range(ITEMS, &self.key, 40..40 + self.item.len()).finish().expect("within the limits");
        target.commit(entry, &self.key, &self.item);
        if old.is_none() {
            self.old = Some(self.item.clone());
        }
    }
}

struct OurStore(Store<()>);

impl OurStore {
    fn open(directory: &Path) -> Self {
        let fatal = |fatal: &store::Fatal| panic!("{fatal}");
        Self(Store::open(directory, Options::default(), Box::new(|_| {}), fatal).expect("a fresh directory").0)
    }
}

impl Target for OurStore {
    fn commit(&self, entry: Entry, _key: &[u8], _item: &[u8]) {
        let commit = Commit { entries: vec![entry], checks: Vec::new(), class: Class::Client, attachment: () };
        self.0.commit_wait(commit).expect("nothing is refused");
    }
}

/// The hand-off that both baselines use: the same as the store's, its answering thread included.
struct Handoff<T> {
    queue: Mutex<HandoffQueue<T>>,
    arrived: Condvar,
}

struct HandoffQueue<T> {
    waiting: VecDeque<(T, usize, Arc<Waiter>)>,
    sleeps: bool,
    closed: bool,
}

struct Waiter {
    thread: Thread,
    done: AtomicBool,
}

thread_local! {
    static WAITER: Arc<Waiter> = Arc::new(Waiter { thread: std::thread::current(), done: AtomicBool::new(false) });
}

impl<T> Handoff<T> {
    fn new() -> Self {
        let queue = HandoffQueue { waiting: VecDeque::new(), sleeps: false, closed: false };
        Self { queue: Mutex::new(queue), arrived: Condvar::new() }
    }

    fn commit(&self, what: T, bytes: usize) {
        let waiter = WAITER.with(Arc::clone);
        waiter.done.store(false, Ordering::Relaxed);
        let mut queue = self.queue.lock().expect("no thread panics");
        queue.waiting.push_back((what, bytes, waiter.clone()));
        if std::mem::take(&mut queue.sleeps) {
            drop(queue);
            self.arrived.notify_one();
        } else {
            drop(queue);
        }
        while !waiter.done.load(Ordering::Acquire) {
            std::thread::park();
        }
    }

    fn take(&self, into: &mut Group<T>) -> bool {
        let mut queue = self.queue.lock().expect("no thread panics");
        while queue.waiting.is_empty() {
            if queue.closed {
                return false;
            }
            queue.sleeps = true;
            queue = self.arrived.wait(queue).expect("no thread panics");
        }
        let mut bytes = 0;
        while let Some((_, more, _)) = queue.waiting.front() {
            bytes += more;
            if !into.is_empty() && (into.len() >= GROUP_ENTRIES || bytes > GROUP_BYTES) {
                break;
            }
            into.extend(queue.waiting.pop_front());
        }
        true
    }

    fn close(&self) {
        self.queue.lock().expect("no thread panics").closed = true;
        self.arrived.notify_one();
    }
}

type Group<T> = Vec<(T, usize, Arc<Waiter>)>;

fn answer<T>(group: Group<T>) {
    for (_, _, waiter) in group {
        waiter.done.store(true, Ordering::Release);
        waiter.thread.unpark();
    }
}

/// Answers on a thread of its own while the next group is written, and few at once, as the store does.
struct Answers<T> {
    groups: Option<SyncSender<Group<T>>>,
    outstanding: Arc<AtomicUsize>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl<T: Send + 'static> Answers<T> {
    fn new() -> Self {
        let (groups, answered) = sync_channel::<Group<T>>(2);
        let outstanding = Arc::new(AtomicUsize::new(0));
        let count = outstanding.clone();
        let thread = std::thread::spawn(move || {
            while let Ok(group) = answered.recv() {
                answer(group);
                count.fetch_sub(1, Ordering::AcqRel);
            }
        });
        Self { groups: Some(groups), outstanding, thread: Some(thread) }
    }

    fn give(&self, group: Group<T>) {
        if group.len() <= ANSWERED_AT_ONCE && self.outstanding.load(Ordering::Acquire) == 0 {
            return answer(group);
        }
        self.outstanding.fetch_add(1, Ordering::AcqRel);
        let groups = self.groups.as_ref().expect("open until it is dropped");
        groups.send(group).expect("the thread runs until it is dropped");
    }
}

impl<T> Drop for Answers<T> {
    fn drop(&mut self) {
        drop(self.groups.take());
        self.thread.take().map(std::thread::JoinHandle::join);
    }
}

/// (a)
struct BareLog {
    handoff: Arc<Handoff<Entry>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl BareLog {
    fn open(directory: &Path) -> Self {
        std::fs::create_dir_all(directory).expect("room on the disk");
        let file = File::create(directory.join("log")).expect("room on the disk");
        let handoff = Arc::new(Handoff::<Entry>::new());
        let inner = handoff.clone();
        let work = move || {
            let answers = Answers::new();
            let (mut group, mut bytes, mut end) = (Vec::new(), Vec::new(), 0);
            while inner.take(&mut group) {
                bytes.clear();
                for (entry, ..) in &group {
                    bytes.extend_from_slice(entry.as_bytes());
                }
                file.write_all_at(&bytes, end).expect("room on the disk");
                file.sync_data().expect("a disk that syncs");
                end += bytes.len() as u64;
                answers.give(std::mem::take(&mut group));
            }
        };
        Self { handoff, thread: Some(std::thread::spawn(work)) }
    }
}

impl Target for BareLog {
    fn commit(&self, entry: Entry, _key: &[u8], _item: &[u8]) {
        let bytes = entry.len();
        self.handoff.commit(entry, bytes);
    }
}

impl Drop for BareLog {
    fn drop(&mut self) {
        self.handoff.close();
        self.thread.take().map(std::thread::JoinHandle::join);
    }
}

/// (b): the item under its key, and the record as the change, by number.
struct Library {
    handoff: Arc<Handoff<Change>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Change {
    entry: Entry,
    key: fjall::Slice,
    item: fjall::Slice,
}

impl Library {
    fn open(directory: &Path) -> Self {
        let database = fjall::Database::builder(directory)
            .cache_size(32 * 1024 * 1024)
            .max_journaling_size(64 * 1024 * 1024)
            .worker_threads(2)
            .manual_journal_persist(true)
            .open()
            .expect("a fresh directory");
        let options = || fjall::KeyspaceCreateOptions::default().max_memtable_size(16 * 1024 * 1024);
        let items = database.keyspace("items", options).expect("a fresh directory");
        let changes = database.keyspace("changes", options).expect("a fresh directory");
        let handoff = Arc::new(Handoff::<Change>::new());
        let inner = handoff.clone();
        let work = move || {
            let answers = Answers::new();
            let (mut group, mut next) = (Vec::new(), 0u64);
            while inner.take(&mut group) {
                let mut batch = database.batch().durability(Some(fjall::PersistMode::SyncData));
                for (change, ..) in &group {
                    let change: &Change = change;
                    next += 1;
                    batch.insert(&items, change.key.clone(), change.item.clone());
                    batch.insert(&changes, &next.to_be_bytes()[..], change.entry.record());
                }
                batch.commit().expect("a disk that syncs");
                answers.give(std::mem::take(&mut group));
            }
        };
        Self { handoff, thread: Some(std::thread::spawn(work)) }
    }
}

impl Target for Library {
    fn commit(&self, entry: Entry, key: &[u8], item: &[u8]) {
        let bytes = entry.len();
        self.handoff.commit(Change { entry, key: key.into(), item: item.into() }, bytes);
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        self.handoff.close();
        self.thread.take().map(std::thread::JoinHandle::join);
    }
}

const LONG_ORDERS: u64 = 2_000_000;
const LONG_WRITERS: usize = 256;

/// Two million orders in a child that is then killed in the middle of writing; the parent opens
/// what it has left.
fn long(root: &Path) {
    let directory = root.join("long");
    let program = std::env::current_exe().expect("our own path");
    let status = std::process::Command::new(program).arg("--long-child").arg(&directory).status().expect("a child");
    assert!(!status.success(), "the child ends abruptly");
    let mut times = Vec::new();
    let began = Instant::now();
    let store = OurStore::open(&directory);
    times.push(began.elapsed().as_secs_f64() * 1e3);
    let last = store.0.durable();
    assert!(last.0 >= LONG_ORDERS, "every acknowledged order is there: {last}");
    report("store/open after an abrupt end", times[0], "ms", "", &[]);
    report("store/log after the long run", store.0.log_bytes() as f64 / 1e6, "MB", "", &[]);
    let index = directory_bytes(&directory.join("index")) as f64 / 1e6;
    report("store/index after the long run", index, "MB", "", &[]);
}

fn directory_bytes(directory: &Path) -> u64 {
    let entries = std::fs::read_dir(directory).map(|entries| entries.flatten().collect::<Vec<_>>()).unwrap_or_default();
    entries
        .iter()
        .filter_map(|entry| entry.metadata().ok().map(|meta| (entry.path(), meta)))
        .map(|(path, meta)| if meta.is_dir() { directory_bytes(&path) } else { meta_blocks(&meta) })
        .sum()
}

fn meta_blocks(meta: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(meta) * 512
}

fn long_child(directory: &Path) {
    let peak_kib = Arc::new(AtomicU64::new(0));
    let polled = peak_kib.clone();
    std::thread::spawn(move || {
        loop {
            polled.fetch_max(anonymous_kib(), Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    let store = OurStore::open(directory);
    let tenth = LONG_ORDERS / 10;
    // Its files stay until the end, as the store's do: a file that is removed leaves its pages to
    // the next, and pages that were just used cost a machine less than fresh ones.
    let bare = |when: &str| {
        wait_until_idle();
        let rate = |round: usize| {
            let directory = PathBuf::from(format!("{}-bare-{when}-{round}", directory.display()));
            fixed_count(&BareLog::open(&directory), tenth / 2)
        };
        (0..ROUNDS).map(rate).collect::<Vec<_>>()
    };
    // Around the run, not in it: a pause would let the store catch up with its merging, and its
    // merging would slow the baseline down.
    let before = bare("before");
    wait_until_idle();
    let mut rates = Vec::new();
    for at in 1..=10 {
        let rate = fixed_count(&store, tenth);
        println!("tenth {at}: {rate:.0} orders/s");
        rates.push(rate);
    }
    let after = bare("after");
    let ratios = |rate: f64, bare: &[f64]| bare.iter().map(|bare| rate / bare).collect::<Vec<_>>();
    let (first, last) = (ratios(rates[0], &before), ratios(rates[9], &after));
    report("store/first tenth of two million", rates[0], "orders/s", "append+fdatasync", &first);
    report("store/last tenth of two million", rates[9], "orders/s", "append+fdatasync", &last);
    report("store/last tenth to first tenth", median(&last) / median(&first) * 100.0, "percent", "", &[]);
    let peak_mb = peak_kib.load(Ordering::Relaxed) as f64 / 1024.0;
    report("store/peak anonymous memory", peak_mb, "MiB", "", &[]);
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_millis(500));
        std::process::abort();
    });
    fixed_count(&store, u64::MAX);
}

/// Waits until this process has used next to no processor for half a second.
fn wait_until_idle() {
    let ticks = || {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
        fields.filter_map(|field| field.parse::<u64>().ok()).sum::<u64>()
    };
    loop {
        let before = ticks();
        std::thread::sleep(Duration::from_millis(500));
        if ticks() - before <= 3 {
            return;
        }
    }
}

/// Orders per second over this many orders.
fn fixed_count(target: &dyn Target, orders: u64) -> f64 {
    let left = AtomicU64::new(orders);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for writer in 0..LONG_WRITERS {
            let left = &left;
            let builder = std::thread::Builder::new().stack_size(128 * 1024);
            let work = move || {
                let mut orders = Orders::new(writer);
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                    orders.submit_next(target);
                }
            };
            builder.spawn_scoped(scope, work).expect("a writer");
        }
    });
    orders as f64 / began.elapsed().as_secs_f64()
}

fn anonymous_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap_or(0)
}
