//! Decides what is counted and timed of what AWS clients ask of tables and queues, beside what the engine counts itself.

use crate::Backend;
use observe::metrics::{Counter, Family, Histogram, Page};
use std::time::Instant;
use types::{SortedSet, TableName};
use wire::dynamodb::Call;
use wire::{Reply, Response};

/// What a read unit reads, and a write unit writes.
const READ_BLOCK: usize = 4 * 1024;
const WRITE_BLOCK: usize = 1024;

/// What is counted of calls.
#[derive(Debug)]
pub struct Calls {
    /// How long calls on tables took that went well, by table and operation.
    pub table_seconds: Family<Histogram>,
    /// Calls on tables that failed here, by table and operation.
    pub table_failures: Family<Counter>,
    /// Calls on tables that were faulty.
    pub table_faults: Family<Counter>,
    /// Writes whose condition did not hold, by table.
    pub conditions_failed: Family<Counter>,
    /// Blocks of 1 KiB of the items that were looked at for those, by table.
    pub failed_blocks: Family<Counter>,
    /// Blocks of 4 KiB that were read without a wish for consistency, which costs half, by table.
    pub eventual_blocks: Family<Counter>,
    /// Receives that found nothing, by queue.
    pub empty_receives: Family<Counter>,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            table_seconds: Family::new(
                "orderflow_table_call_seconds",
                "How long calls of AWS clients on tables took that went well.",
                &["table", "operation"],
            ),
            table_failures: Family::new(
                "orderflow_table_call_failures_total",
                "Calls of AWS clients on tables that failed here.",
                &["table", "operation"],
            ),
            table_faults: Family::new(
                "orderflow_table_call_faults_total",
                "Calls of AWS clients on tables that were faulty.",
                &["operation"],
            ),
            conditions_failed: Family::new(
                "orderflow_table_conditions_failed_total",
                "Writes of AWS clients whose condition did not hold.",
                &["table"],
            ),
            failed_blocks: Family::new(
                "orderflow_table_condition_blocks_total",
                "Blocks of 1 KiB of items whose condition did not hold.",
                &["table"],
            ),
            eventual_blocks: Family::new(
                "orderflow_table_eventual_read_blocks_total",
                "Blocks of 4 KiB that AWS clients read without a wish for consistency.",
                &["table"],
            ),
            empty_receives: Family::new(
                "orderflow_queue_empty_receives_total",
                "Receives of AWS clients that found nothing.",
                &["queue"],
            ),
        }
    }
}

impl Calls {
    /// Writes all of it.
    pub fn write(&self, page: &mut Page) {
        self.table_seconds.write(page);
        self.table_failures.write(page);
        self.table_faults.write(page);
        self.conditions_failed.write(page);
        self.failed_blocks.write(page);
        self.eventual_blocks.write(page);
        self.empty_receives.write(page);
    }

    /// So many bytes of a table were read.
    pub(crate) fn read(&self, table: &TableName, bytes: usize, consistent: bool) {
        if !consistent {
            self.eventual_blocks.with(&[table.as_str()]).many(bytes.div_ceil(READ_BLOCK).max(1) as u64);
        }
    }

    /// A condition did not hold on an item of so many bytes.
    pub(crate) fn condition_failed(&self, table: &TableName, bytes: usize) {
        self.conditions_failed.with(&[table.as_str()]).one();
        self.failed_blocks.with(&[table.as_str()]).many(bytes.div_ceil(WRITE_BLOCK).max(1) as u64);
    }
}

/// Answers a call on tables, and counts and times it.
pub(super) async fn tables(backend: &Backend, reply: &Reply<'_>, call: Call) -> Response {
    // Nobody makes up new ones.
    let is_there = |table: &TableName| backend.engine.table(table).is_ok();
    let tables: SortedSet<TableName> = tables_of(&call).into_iter().filter(is_there).collect();
    let begun = Instant::now();
    let failed = |tables: &SortedSet<TableName>| -> u64 {
        tables.iter().map(|table| backend.calls.conditions_failed.with(&[table.as_str()]).get()).sum()
    };
    // Only writes have conditions; another write of the same table in between is counted for one of the two.
    let before = failed(&tables);
    let response = super::tables::answer(backend, reply, call).await;
    let operation = reply.operation();
    match response.status {
        200..300 => tables.iter().for_each(|table| {
            backend.calls.table_seconds.with(&[table.as_str(), operation]).took(begun.elapsed());
        }),
        500.. => tables.iter().for_each(|table| backend.calls.table_failures.with(&[table.as_str(), operation]).one()),
        // A condition that does not hold is no fault of its client's.
        _ if failed(&tables) > before => {}
        _ => backend.calls.table_faults.with(&[operation]).one(),
    }
    response
}

/// The tables whose items a call is about.
fn tables_of(call: &Call) -> SortedSet<TableName> {
    let only = |table: &TableName| SortedSet::from([table.clone()]);
    match call {
        Call::PutItem { table, .. } | Call::DeleteItem { table, .. } | Call::GetItem { table, .. } => only(table),
        Call::UpdateItem(call) => only(&call.table),
        Call::Query(call) => only(&call.reading.table),
        Call::Scan(call) => only(&call.reading.table),
        Call::BatchGetItem { reads, .. } => reads.iter().map(|one| one.table.clone()).collect(),
        Call::BatchWriteItem { writes, .. } => writes.iter().map(|one| one.table.clone()).collect(),
        _ => SortedSet::new(),
    }
}
