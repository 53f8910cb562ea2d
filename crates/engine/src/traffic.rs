//! Decides what is counted of what tables, queues, pipes and buses are asked to do, so that somebody can say what it would cost
//! elsewhere.
//!
//! All of it is counted from when the engine was opened, and is gone with it. Sizes are counted in blocks that were
//! begun: of 1 KiB for what is written, of 4 KiB for what is read, of 64 KiB for what is handed on. Start at [`Traffic`].

use crate::commit::Sizes;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use types::{BusName, Change, ChangeKind, PipeName, QueueName, RuleName, SortedMap, TableId, TableName};

const WRITTEN_BLOCK: usize = 1024;
const READ_BLOCK: usize = 4 * 1024;
const HANDED_ON_BLOCK: usize = 64 * 1024;
/// Of how many rules it is counted what they did: rules come and go, and what was counted of them stays.
const RULES_MAX: usize = 4_096;

/// What was asked since the engine was opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Traffic {
    /// How long that is.
    pub since: Duration,
    /// Of each table that is served.
    pub tables: Vec<(TableName, TableTraffic)>,
    /// Of each queue.
    pub queues: Vec<(QueueName, QueueTraffic)>,
    /// Of each pipe that ran.
    pub pipes: Vec<(PipeName, PipeTraffic)>,
    /// Of each bus that took an event.
    pub buses: Vec<(BusName, BusTraffic)>,
}

/// What a table was asked to do. What the engine does of itself, such as removing what has expired, is not in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TableTraffic {
    /// Items that were new.
    pub inserts: u64,
    /// Changes of items, the new ones included.
    pub writes: u64,
    /// Blocks of the larger of the item before and after.
    pub write_blocks: u64,
    /// How many of those blocks were written together with other items, all of them or none.
    pub blocks_together: u64,
    /// Reads: of an item, or of a page of them.
    pub reads: u64,
    /// Blocks of what was read; a read that found nothing has one.
    pub read_blocks: u64,
}

/// What a queue was asked to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueTraffic {
    /// Messages that were sent.
    pub sent: u64,
    /// Blocks of them.
    pub sent_blocks: u64,
    /// How many of them were received too often elsewhere, and came here as dead letters.
    pub dead_letters: u64,
    /// Receives that found something.
    pub receives: u64,
    /// Messages that were received, each as often as it was.
    pub received: u64,
    /// Messages that were deleted.
    pub deleted: u64,
    /// How often a received message was hidden for another time.
    pub hidden: u64,
}

/// What a pipe read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PipeTraffic {
    /// Changes that its filters let through.
    pub passed: u64,
    /// Blocks of them.
    pub passed_blocks: u64,
    /// Changes that its filters stopped.
    pub stopped: u64,
    /// Blocks of them.
    pub stopped_blocks: u64,
}

/// What a bus was asked to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BusTraffic {
    /// Events that were put.
    pub events: u64,
    /// Blocks of them.
    pub event_blocks: u64,
    /// Events that a rule wanted.
    pub matched: u64,
    /// What each rule did that wanted any.
    pub rules: SortedMap<RuleName, RuleTraffic>,
}

/// What a rule did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RuleTraffic {
    /// Events that it wanted.
    pub matched: u64,
    /// How often an event came to a target, or was given up.
    pub invocations: u64,
    /// How often one was given up.
    pub failed: u64,
    /// How often one that was given up went to a dead-letter queue.
    pub dead_letters: u64,
}

impl QueueTraffic {
    /// A message of so many bytes was sent; `dead` if it was received too often elsewhere.
    pub(crate) fn sent(&mut self, bytes: usize, dead: bool) {
        self.sent += 1;
        self.dead_letters += u64::from(dead);
        self.sent_blocks += blocks(bytes, HANDED_ON_BLOCK);
    }
}

/// Counts what tables are asked to do.
#[derive(Debug, Default)]
pub(crate) struct TableMeters(Mutex<SortedMap<TableId, TableTraffic>>);

impl TableMeters {
    fn lock(&self) -> MutexGuard<'_, SortedMap<TableId, TableTraffic>> {
        self.0.lock().expect("no thread panics while it counts")
    }

    /// A change is durable; `together` if others stand or fall with it.
    pub(crate) fn wrote(&self, change: &Change, sizes: Sizes, together: bool) {
        if change.by_service {
            return;
        }
        let written = blocks(sizes.old.max(sizes.new), WRITTEN_BLOCK);
        let mut tables = self.lock();
        let table = tables.get_or_default(change.table);
        table.inserts += u64::from(change.kind == ChangeKind::Insert);
        table.writes += 1;
        table.write_blocks += written;
        table.blocks_together += if together { written } else { 0 };
    }

    /// So many bytes of items were read at once.
    pub(crate) fn read(&self, table: TableId, bytes: usize) {
        let mut tables = self.lock();
        let table = tables.get_or_default(table);
        table.reads += 1;
        table.read_blocks += blocks(bytes, READ_BLOCK);
    }

    pub(crate) fn of(&self, table: TableId) -> TableTraffic {
        self.lock().get(&table).copied().unwrap_or_default()
    }
}

/// Counts what pipes read: those that run, and those that have run.
#[derive(Debug, Default)]
pub(crate) struct PipeMeters(Mutex<SortedMap<PipeName, Arc<PipeMeter>>>);

/// Counts what one pipe reads, in all of its lanes.
#[derive(Debug, Default)]
pub(crate) struct PipeMeter {
    passed: [AtomicU64; 2],
    stopped: [AtomicU64; 2],
}

impl PipeMeter {
    /// A change of so many bytes was read.
    pub(crate) fn read(&self, bytes: usize, passed: bool) {
        let [records, in_blocks] = if passed { &self.passed } else { &self.stopped };
        records.fetch_add(1, Ordering::Relaxed);
        in_blocks.fetch_add(blocks(bytes, HANDED_ON_BLOCK), Ordering::Relaxed);
    }

    fn get(&self) -> PipeTraffic {
        let [passed, passed_blocks] = [0, 1].map(|index| self.passed[index].load(Ordering::Relaxed));
        let [stopped, stopped_blocks] = [0, 1].map(|index| self.stopped[index].load(Ordering::Relaxed));
        PipeTraffic { passed, passed_blocks, stopped, stopped_blocks }
    }
}

impl PipeMeters {
    fn lock(&self) -> MutexGuard<'_, SortedMap<PipeName, Arc<PipeMeter>>> {
        self.0.lock().expect("no thread panics while it counts")
    }

    /// The one of this pipe, which goes on where it was.
    pub(crate) fn of(&self, pipe: &PipeName) -> Arc<PipeMeter> {
        Arc::clone(self.lock().get_or_default(pipe.clone()))
    }

    pub(crate) fn all(&self) -> Vec<(PipeName, PipeTraffic)> {
        self.lock().iter().map(|(name, meter)| (name.clone(), meter.get())).collect()
    }
}

/// Counts what buses are asked to do.
#[derive(Debug, Default)]
pub(crate) struct BusMeters(Mutex<SortedMap<BusName, BusTraffic>>);

impl BusMeters {
    fn with(&self, bus: &BusName, count: impl FnOnce(&mut BusTraffic)) {
        let mut buses = self.0.lock().expect("no thread panics while it counts");
        if !buses.contains_key(bus) {
            buses.insert(bus.clone(), BusTraffic::default());
        }
        count(buses.get_mut(bus).expect("it was just put there"));
    }

    /// Somebody put an event of so many bytes.
    pub(crate) fn put(&self, bus: &BusName, bytes: usize) {
        self.with(bus, |traffic| {
            traffic.events += 1;
            traffic.event_blocks += blocks(bytes, HANDED_ON_BLOCK);
        });
    }

    /// An event was wanted by these rules.
    pub(crate) fn matched<'r>(&self, bus: &BusName, rules: impl Iterator<Item = &'r RuleName>) {
        self.with(bus, |traffic| {
            traffic.matched += 1;
            rules.for_each(|rule| traffic.rule(rule, |traffic| traffic.matched += 1));
        });
    }

    /// Something came of an event that a rule wanted.
    pub(crate) fn rule(&self, bus: &BusName, rule: &RuleName, count: impl FnOnce(&mut RuleTraffic)) {
        self.with(bus, |traffic| traffic.rule(rule, count));
    }

    pub(crate) fn all(&self) -> Vec<(BusName, BusTraffic)> {
        let buses = self.0.lock().expect("no thread panics while it counts");
        buses.iter().map(|(name, traffic)| (name.clone(), traffic.clone())).collect()
    }
}

impl BusTraffic {
    fn rule(&mut self, rule: &RuleName, count: impl FnOnce(&mut RuleTraffic)) {
        if !self.rules.contains_key(rule) {
            if self.rules.len() >= RULES_MAX {
                return;
            }
            self.rules.insert(rule.clone(), RuleTraffic::default());
        }
        count(self.rules.get_mut(rule).expect("it is there"));
    }
}

/// Everything that is counted here, but for queues: those count themselves.
#[derive(Debug)]
pub(crate) struct Meters {
    pub(crate) since: Instant,
    pub(crate) tables: Arc<TableMeters>,
    pub(crate) pipes: PipeMeters,
    pub(crate) buses: BusMeters,
}

impl Meters {
    /// From now on.
    pub(crate) fn new() -> Self {
        let (tables, pipes, buses) = Default::default();
        Self { since: Instant::now(), tables, pipes, buses }
    }
}

/// How many blocks are begun; nothing at all still takes one.
fn blocks(bytes: usize, of: usize) -> u64 {
    bytes.div_ceil(of).max(1) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_counted_once_it_is_begun() {
        let cases = [(0, 1), (1, 1), (1024, 1), (1025, 2), (2048, 2), (409_600, 400)];
        for (bytes, expected) in cases {
            assert_eq!(blocks(bytes, WRITTEN_BLOCK), expected, "{bytes}");
        }
    }

    #[test]
    fn a_bus_counts_events_and_what_each_rule_made_of_them() {
        let meters = BusMeters::default();
        let (bus, one, two): (BusName, RuleName, RuleName) =
            ("default".parse().unwrap(), "one".parse().unwrap(), "two".parse().unwrap());
        meters.put(&bus, 65_537);
        meters.put(&bus, 10);
        meters.matched(&bus, [&one, &two].into_iter());
        meters.rule(&bus, &one, |rule| rule.invocations += 1);
        let wanted = RuleTraffic { matched: 1, ..RuleTraffic::default() };
        let rules = SortedMap::from([(one, RuleTraffic { invocations: 1, ..wanted }), (two, wanted)]);
        assert_eq!(meters.all(), [(bus, BusTraffic { events: 2, event_blocks: 3, matched: 1, rules })]);
    }

    #[test]
    fn a_pipe_counts_what_it_lets_through_apart_from_what_it_stops() {
        let meters = PipeMeters::default();
        let pipe: PipeName = "premium".parse().unwrap();
        meters.of(&pipe).read(100, true);
        meters.of(&pipe).read(65_537, true);
        meters.of(&pipe).read(10, false);
        let expected = PipeTraffic { passed: 2, passed_blocks: 3, stopped: 1, stopped_blocks: 1 };
        assert_eq!(meters.all(), [(pipe, expected)]);
    }
}
