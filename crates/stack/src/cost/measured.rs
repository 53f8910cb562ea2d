//! Decides what a month's usage on AWS is, from what was counted of a stack for some time here.
//!
//! Counts are scaled to a month; what AWS charges whether it is used or not is added as it is. Where AWS does a thing
//! in another way than it is done here, that is said in the assumptions.

use super::{
    ApiUsage, Architecture, Capacity, FunctionUsage, HOURS_IN_MONTH, LogUsage, Month, PipeUsage, QueueUsage, Stopped,
    TableUsage, Usage,
};
use crate::stack::{
    Alarm, Api, Billing, Caching, DesiredState, Function, Pipe, PipeSource, Projection, Queue, Stack, Table,
};
use types::{FunctionName, SortedMap, SortedSet};

/// What CloudWatch counts for each line beside its text.
const LINE_BYTES: u64 = 26;
/// What Lambda itself prints of an invocation: START, END and REPORT, with what is counted for these lines.
pub(super) const PLATFORM_BYTES: u64 = 350;
/// What DynamoDB counts for each item that it keeps, and for each of an index.
const ITEM_BYTES: u64 = 100;
/// How many receives Lambda has open at a queue that is empty, and how long each waits.
const IDLE_POLLS: u64 = 5;
const IDLE_POLL_SECONDS: u64 = 20;
/// The bus that is there without being made.
const DEFAULT_BUS: &str = "default";
/// The days that kept lines are counted for if they are kept for ever.
const DAYS: u64 = 30;
/// What API Gateway answers without charging for it: a missing or wrong key, and too many requests.
const NOT_CHARGED: [u16; 2] = [403, 429];

/// What was counted of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measured {
    /// For how long.
    pub micros: u64,
    /// Requests by the status that answered them.
    pub answers: SortedMap<u16, u64>,
    /// Tables by name.
    pub tables: SortedMap<String, MeasuredTable>,
    /// Queues by name.
    pub queues: SortedMap<String, MeasuredQueue>,
    /// Pipes by name.
    pub pipes: SortedMap<String, MeasuredPipe>,
    /// Functions by name.
    pub functions: SortedMap<String, MeasuredFunction>,
    /// Log groups by name.
    pub logs: SortedMap<String, MeasuredLogs>,
    /// Blocks of 64 KiB of the events that were put on buses, by name.
    pub buses: SortedMap<String, u64>,
    /// How many metrics of one's own there are.
    pub metrics: u64,
}

/// What a table was asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MeasuredTable {
    /// How many items it has.
    pub items: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Items that were new.
    pub inserts: u64,
    /// Changes of items.
    pub writes: u64,
    /// Blocks of 1 KiB that were written.
    pub write_blocks: u64,
    /// Those of them that were written together with other items, all or none.
    pub blocks_together: u64,
    /// Blocks of 4 KiB that were read.
    pub read_blocks: u64,
}

/// What a queue was asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MeasuredQueue {
    /// Messages that were sent.
    pub sent: u64,
    /// Blocks of 64 KiB of them.
    pub sent_blocks: u64,
    /// Receives that found something.
    pub receives: u64,
    /// Receives of clients that found nothing.
    pub empty_receives: u64,
    /// Messages that were deleted.
    pub deleted: u64,
    /// How often a message was hidden for another time.
    pub hidden: u64,
}

/// What a pipe read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MeasuredPipe {
    /// Records that passed its filters.
    pub passed: u64,
    /// Blocks of 64 KiB of them.
    pub passed_blocks: u64,
    /// Records that its filters stopped.
    pub stopped: u64,
    /// Blocks of 64 KiB of them.
    pub stopped_blocks: u64,
}

/// What a function did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MeasuredFunction {
    /// How often it ran.
    pub invocations: u64,
    /// The milliseconds that it began.
    pub millis: u64,
}

/// What a log group took in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MeasuredLogs {
    /// How many lines.
    pub lines: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What a month is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// As it went, for as long as a month is.
    GoesOn,
    /// As it went, for so many orders.
    Orders(u64),
    /// What was counted is the month.
    Whole,
}

/// Why nothing can be said of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NothingMeasured {
    /// There is nothing to scale by.
    #[error("no order came in since the server started, so nobody can say what an order costs")]
    NoOrder,
    /// No time has passed.
    #[error("nothing was counted yet")]
    NoTime,
}

/// By how much counts grow.
#[derive(Debug, Clone, Copy)]
struct Scale {
    numerator: u128,
    denominator: u128,
}

impl Scale {
    /// Rounded up: nobody pays for a part of a request.
    fn of(self, count: u64) -> u64 {
        let scaled = u128::from(count).saturating_mul(self.numerator).div_ceil(self.denominator);
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }
}

/// What a month of a stack is, from what was counted of it.
///
/// # Errors
/// When there is nothing to scale by.
pub fn measured(stack: &Stack, counted: &Measured, period: Period) -> Result<Month, NothingMeasured> {
    let sources: SortedSet<&str> =
        stack.pipes.iter().filter_map(|pipe| Some(pipe.spec.source.table()?.name.as_str())).collect();
    let orders: u64 =
        counted.tables.iter().filter(|(name, _)| sources.contains(name.as_str())).map(|(_, table)| table.inserts).sum();
    let scale = match period {
        Period::GoesOn if counted.micros == 0 => return Err(NothingMeasured::NoTime),
        Period::GoesOn => {
            Scale { numerator: u128::from(HOURS_IN_MONTH) * 3_600_000_000, denominator: u128::from(counted.micros) }
        }
        Period::Orders(_) if orders == 0 => return Err(NothingMeasured::NoOrder),
        Period::Orders(wanted) => Scale { numerator: u128::from(wanted), denominator: u128::from(orders) },
        Period::Whole => Scale { numerator: 1, denominator: 1 },
    };
    let reader = Reader { stack, counted, scale };
    let usage = Usage {
        tables: stack.tables.iter().map(|table| reader.table(&table.spec)).collect(),
        functions: stack.functions.iter().map(|function| reader.function(&function.spec)).collect(),
        pipes: stack.pipes.iter().map(|pipe| reader.pipe(&pipe.spec)).collect(),
        queues: stack.queues.iter().map(|queue| reader.queue(&queue.spec)).collect(),
        apis: stack.apis.iter().enumerate().map(|(index, api)| reader.api(index, &api.spec)).collect(),
        logs: reader.logs(),
        bus_events: reader.bus_events(),
        metrics: reader.metrics(),
        alarms: stack.alarms.iter().map(|alarm| looked_at(&alarm.spec)).sum(),
        dashboards: stack.dashboards.len() as u64,
    };
    Ok(Month { usage, orders: Some(scale.of(orders)).filter(|orders| *orders > 0), assumptions: assumptions(stack) })
}

struct Reader<'a> {
    stack: &'a Stack,
    counted: &'a Measured,
    scale: Scale,
}

impl Reader<'_> {
    fn table(&self, table: &Table) -> TableUsage {
        let counted = self.counted.tables.get(table.name.as_str()).copied().unwrap_or_default();
        let whole = table.indexes.iter().filter(|index| index.projection != Projection::Keys).count() as u64;
        let of_keys = table.indexes.len() as u64 - whole;
        // A transaction writes twice; an index is written after it, once.
        let written = counted.write_blocks + counted.blocks_together;
        let of_indexes = counted.write_blocks * whole + counted.writes * of_keys;
        let capacity = match table.billing {
            Billing::OnDemand => Capacity::Asked {
                write_units: self.scale.of(written + of_indexes),
                read_units: self.scale.of(counted.read_blocks),
            },
            Billing::Provisioned { read_units, write_units } => Capacity::Ready { write_units, read_units },
        };
        let item = counted.bytes.checked_div(counted.items).unwrap_or(0);
        let kept = (item + ITEM_BYTES) * (1 + whole) + ITEM_BYTES * of_keys;
        let stored_bytes = self.scale.of(counted.inserts).saturating_mul(kept);
        TableUsage { name: table.name.to_string(), capacity, stored_bytes }
    }

    fn function(&self, function: &Function) -> FunctionUsage {
        let MeasuredFunction { invocations, millis } = self.of_function(function);
        usage_of(function, self.scale.of(invocations), self.scale.of(millis))
    }

    fn of_function(&self, function: &Function) -> MeasuredFunction {
        self.counted.functions.get(function.name.as_str()).copied().unwrap_or_default()
    }

    fn pipe(&self, pipe: &Pipe) -> PipeUsage {
        let counted = self.counted.pipes.get(pipe.name.as_str()).copied().unwrap_or_default();
        let records = self.scale.of(counted.stopped);
        let called = called_by(pipe);
        let function = called.and_then(|name| self.stack.functions.iter().find(|other| other.spec.name == *name));
        let (function, log_bytes) = match function {
            Some(function) => {
                let ran = self.of_function(&function.spec);
                let same = self.stack.pipes.iter().filter(|other| called_by(&other.spec) == called);
                let handed: u64 = same
                    .filter_map(|other| self.counted.pipes.get(other.spec.name.as_str()))
                    .map(|other| other.passed)
                    .sum();
                // As many records a call as there were; one, as long as nobody knows.
                let per_call = handed.checked_div(ran.invocations).unwrap_or(1).clamp(1, pipe.batch_size.max(1).into());
                let invocations = records.div_ceil(per_call);
                let millis = u128::from(invocations) * u128::from(ran.millis) / u128::from(ran.invocations.max(1));
                let millis = u64::try_from(millis).unwrap_or(u64::MAX).max(invocations);
                (usage_of(&function.spec, invocations, millis), invocations.saturating_mul(PLATFORM_BYTES))
            }
            // What it hands to anybody else would have cost no function more.
            None => {
                let (name, architecture) = (pipe.target.name().to_owned(), Architecture::Arm);
                (FunctionUsage { name, architecture, memory_mib: 128, invocations: 0, millis: 0 }, 0)
            }
        };
        PipeUsage {
            name: pipe.name.to_string(),
            requests: self.scale.of(counted.passed_blocks),
            stopped: Stopped { records, requests: self.scale.of(counted.stopped_blocks), function, log_bytes },
        }
    }

    fn queue(&self, queue: &Queue) -> QueueUsage {
        let counted = self.counted.queues.get(queue.name.as_str()).copied().unwrap_or_default();
        let mut pollers = self.stack.pollers.iter().filter(|poller| poller.spec.queue.name == queue.name);
        let by_pipe = self.stack.pipes.iter().map(|pipe| &pipe.spec).any(|pipe| {
            let reads = matches!(&pipe.source, PipeSource::Queue { queue: read } if read.name == queue.name);
            reads && pipe.desired_state == DesiredState::Running
        });
        let polled = by_pipe || pollers.any(|poller| poller.spec.enabled);
        // Lambda deletes what it has received at once with one request.
        let deletes = if polled { counted.deleted.min(counted.receives) } else { counted.deleted };
        // What is more than one block of a message is more than one request when it is sent, and when it is received.
        let more = counted.sent_blocks.saturating_sub(counted.sent);
        let receives = counted.receives + counted.empty_receives;
        let asked = self.scale.of(counted.sent + receives + deletes + counted.hidden + 2 * more);
        let idle = if polled { IDLE_POLLS * HOURS_IN_MONTH * 3600 / IDLE_POLL_SECONDS } else { 0 };
        QueueUsage { name: queue.name.to_string(), fifo: queue.fifo.is_some(), requests: asked.saturating_add(idle) }
    }

    /// Events of the stack's buses, and of the default one, which is everybody's.
    fn bus_events(&self) -> u64 {
        let names: SortedSet<&str> = self.stack.buses.iter().map(|bus| bus.spec.name.as_str()).collect();
        let is_ours = |name: &str| name == DEFAULT_BUS || names.contains(name);
        let blocks = self.counted.buses.iter().filter(|(name, _)| is_ours(name)).map(|(_, blocks)| blocks).sum();
        self.scale.of(blocks)
    }

    /// Metrics are paid for by their number: those that were seen, or at least those that filters of lines make.
    fn metrics(&self) -> u64 {
        let filters = &self.stack.metric_filters;
        let named: SortedSet<(&str, &str)> =
            filters.iter().map(|filter| (filter.spec.namespace.as_str(), filter.spec.metric.as_str())).collect();
        self.counted.metrics.max(named.len() as u64)
    }

    /// Requests are counted for all APIs together; they stand with the first.
    fn api(&self, index: usize, api: &Api) -> ApiUsage {
        let charged = self.counted.answers.iter().filter(|(status, _)| index == 0 && !NOT_CHARGED.contains(status));
        let cache_mib = match api.caching {
            Caching::Off => None,
            Caching::On { mebibytes } => Some(mebibytes),
        };
        ApiUsage { name: api.name.clone(), requests: self.scale.of(charged.map(|(_, count)| count).sum()), cache_mib }
    }

    fn logs(&self) -> Vec<LogUsage> {
        let of_apis: SortedSet<&str> =
            self.stack.apis.iter().flat_map(|api| &api.spec.functions).map(|function| function.name.as_str()).collect();
        let group = |group: &crate::stack::LogGroup| {
            let MeasuredLogs { lines, bytes } = self.counted.logs.get(group.name.as_str()).copied().unwrap_or_default();
            let functions = || self.stack.functions.iter().filter(|function| function.spec.log_group == group.name);
            // Here functions that answer requests print only what they have to say.
            let more = functions().filter(|function| of_apis.contains(function.spec.name.as_str()));
            let more: u64 = more.map(|function| self.of_function(&function.spec).invocations * PLATFORM_BYTES).sum();
            LogUsage {
                name: group.name.to_string(),
                of_function: functions().next().is_some(),
                bytes: self.scale.of(bytes + lines * LINE_BYTES + more),
                kept_days: group.retention_days.map_or(DAYS, u64::from),
            }
        };
        self.stack.log_groups.iter().map(|declared| group(&declared.spec)).collect()
    }
}

/// The function that a pipe calls for each batch, if there is one.
fn called_by(pipe: &Pipe) -> Option<&FunctionName> {
    let enrichment = pipe.enrichment.as_ref().map(|enrichment| &enrichment.function);
    enrichment.or(pipe.target.function()).map(|function| &function.name)
}

/// How many metrics an alarm looks at: it is paid for each of them.
fn looked_at(alarm: &Alarm) -> u64 {
    let queries = alarm.request["Metrics"].as_array();
    queries.map_or(1, |queries| queries.iter().filter(|query| query.get("MetricStat").is_some()).count().max(1) as u64)
}

fn usage_of(function: &Function, invocations: u64, millis: u64) -> FunctionUsage {
    let architecture = if function.architecture == "arm64" { Architecture::Arm } else { Architecture::X86 };
    FunctionUsage {
        name: function.name.to_string(),
        architecture,
        memory_mib: function.memory_mib,
        invocations,
        millis,
    }
}

/// What holds for every month that is made here.
fn assumptions(stack: &Stack) -> Vec<String> {
    let mut said = Vec::new();
    let mut say = |applies: bool, text: &str| {
        if applies {
            said.push(text.to_owned());
        }
    };
    let tables = || stack.tables.iter().map(|table| &table.spec);
    say(
        tables().next().is_some(),
        "reads of tables are strongly consistent; tables keep the month's new items, and what is older comes on top",
    );
    say(tables().any(|table| !table.indexes.is_empty()), "each write of an item writes it into its indexes too");
    say(!stack.pipes.is_empty(), "pipes read change streams free of charge, as Lambda does");
    say(
        stack.pollers.iter().any(|poller| poller.spec.enabled),
        "Lambda asks each queue that it reads 657,000 times a month in vain",
    );
    say(
        !stack.alarms.is_empty() || !stack.dashboards.is_empty(),
        "alarms and dashboards are those of the template, each there for the whole month; so are metrics of one's own",
    );
    say(!stack.apis.is_empty(), "API Gateway charges for all requests but those it answers with 403 or 429");
    say(
        true,
        "left out: data that leaves AWS, point-in-time recovery, keys of KMS, X-Ray, metrics of single methods, models of Bedrock, taxes",
    );
    said
}
