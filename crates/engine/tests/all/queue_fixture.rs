//! What the tests of queues share: an engine whose clock they set, whose disk they fill, and that they can kill.

use crate::fixture::*;
use engine::spec::*;
use engine::{Engine, Made, Options, Outgoing, QueueSettings, ReceiveRequest, ReceivedMessage, Sent};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use store::faults::FaultyDisk;
use types::{Account, QueueName};

/// An engine in a directory of its own.
pub(crate) struct House {
    engine: Option<Engine>,
    disk: FaultyDisk,
    clock: Clock,
    directory: PathBuf,
    root: tempfile::TempDir,
    lives: u32,
}

/// What it was set to, in milliseconds, and when; it runs on from there.
type Clock = Arc<Mutex<(u64, Instant)>>;

/// Where the clocks of tests begin, in seconds.
const BEGIN: u64 = 1_800_000_000;

impl House {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("0");
        let (clock, disk) = (Arc::new(Mutex::new((BEGIN * 1000, Instant::now()))), FaultyDisk::default());
        let engine = open_with(&directory, &clock, &disk);
        Self { engine: Some(engine), disk, clock, directory, root, lives: 0 }
    }

    /// Sets the clock, in seconds since the test began. It runs on, so tests leave it some seconds of room.
    pub(crate) fn set_clock(&self, seconds: i64) {
        let at = i64::try_from(BEGIN).unwrap() + seconds;
        *self.clock.lock().unwrap() = (u64::try_from(at).unwrap() * 1000, Instant::now());
    }

    /// The process is killed, and started anew on the bytes that are there at this moment.
    pub(crate) fn crash(&mut self) {
        self.lives += 1;
        let copy = self.root.path().join(self.lives.to_string());
        // The mark first: it must not tell of more than the log has. The index is made again from the log.
        std::fs::create_dir_all(copy.join("log")).unwrap();
        for name in ["WATERMARK", "FORMAT", "LOWEST"] {
            if self.directory.join(name).exists() {
                std::fs::copy(self.directory.join(name), copy.join(name)).unwrap();
            }
        }
        for file in std::fs::read_dir(self.directory.join("log")).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), copy.join("log").join(file.file_name())).unwrap();
        }
        self.begin(copy);
    }

    /// The engine is stopped in order, and started again.
    pub(crate) fn restart(&mut self) {
        self.begin(self.directory.clone());
    }

    fn begin(&mut self, directory: PathBuf) {
        // The directory is let go of before it is opened again.
        self.engine.take().expect("it runs").stop();
        self.disk = FaultyDisk::default();
        self.engine = Some(open_with(&directory, &self.clock, &self.disk));
        self.directory = directory;
    }

    pub(crate) fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("it runs")
    }

    pub(crate) fn make(&self, spec: QueueSpec) {
        let settings = QueueSettings { spec, tags: Default::default(), notes: Default::default() };
        assert_eq!(run(self.engine().create_queue(settings)).unwrap(), Made::Created);
    }

    pub(crate) fn send(&self, queue: &str, outgoing: Outgoing) -> Sent {
        run(self.engine().send(&name(queue), outgoing)).unwrap()
    }

    pub(crate) fn receive(&self, queue: &str, max: usize) -> Vec<ReceivedMessage> {
        run(self.engine().receive(now(queue, max))).unwrap()
    }

    pub(crate) fn bodies(&self, queue: &str, max: usize) -> Vec<String> {
        self.receive(queue, max).into_iter().map(|one| one.message.body).collect()
    }

    pub(crate) fn visible(&self, queue: &str) -> usize {
        self.engine().queue_counts(&name(queue)).unwrap().visible
    }

    /// From now on every commit is refused, for want of room, or none any more. Needs a queue `Probe`.
    pub(crate) fn fill_disk(&self, full: bool) {
        self.disk.set_free_bytes(full.then_some(0));
        let probe = name("Probe");
        let refused = || run(self.engine().send(&probe, Outgoing::text("x"))).is_err();
        eventually(|| refused() == full, || "the store to look at its disk".to_owned());
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.engine().stop();
    }
}

fn open_with(directory: &Path, clock: &Clock, disk: &FaultyDisk) -> Engine {
    let clock = Arc::clone(clock);
    let store = store::Options {
        clock: Arc::new(move || {
            let (at, since) = *clock.lock().unwrap();
            at + u64::try_from(since.elapsed().as_millis()).unwrap()
        }),
        disk: Arc::new(disk.clone()),
        ballast_bytes: 0,
        ..store::Options::default()
    };
    let options = Options {
        account: Account::default(),
        directory: directory.to_owned(),
        store,
        on_fatal: Box::new(|fatal| panic!("{fatal}")),
        keep_changes_for: Duration::from_secs(24 * 3600),
        log_bytes_max: 1 << 40,
    };
    Engine::open(options).expect("the directory opens").0
}

pub(crate) fn name(queue: &str) -> QueueName {
    queue.parse().unwrap()
}

/// A receive that does not wait.
pub(crate) fn now(queue: &str, max: usize) -> ReceiveRequest {
    ReceiveRequest { wait: Some(Duration::ZERO), ..ReceiveRequest::new(name(queue), max) }
}

pub(crate) fn ordered(queue_name: &str) -> QueueSpec {
    let fifo = FifoSpec { deduplicates_by_content: false, deduplicates_in_groups: false };
    QueueSpec { fifo: Some(fifo), ..queue(queue_name) }
}

pub(crate) fn redriven(spec: QueueSpec, dead_letters: &str, receives_max: u32) -> QueueSpec {
    QueueSpec { redrive: Some(RedriveSpec { dead_letters: name(dead_letters), receives_max }), ..spec }
}

/// A message of a group, under a name.
pub(crate) fn grouped(body: &str, group: &str, deduplication: &str) -> Outgoing {
    let (group, deduplication) = (Some(group.to_owned()), Some(deduplication.to_owned()));
    Outgoing { group, deduplication, ..Outgoing::text(body) }
}
