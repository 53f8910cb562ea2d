//! Decides what a month's usage costs: lines by service, each with the tiers of its price, and what filters save.
//!
//! AWS prices an account as a whole, so what the parts of a stack use of one kind is added up before it is priced.
//!
//! Invariants: a line costs what its parts cost together, a bill what its lines do; who uses more never pays less.

use super::exact::{Money, Quantity};
use super::prices::{Prices, Tariff};
use super::{Architecture, Capacity, FreeTier, FunctionUsage, HOURS_IN_MONTH, LogUsage, Stopped, Usage};
use std::fmt;

/// Bytes of a GB, as AWS counts what is stored.
const GB: u128 = 1 << 30;
/// What is left of 100 bytes of logs when they are kept.
const KEPT_OF_100: u128 = 15;
/// The days of a month, for what is kept for days.
const DAYS_IN_MONTH: u64 = 30;

/// Whose line it is, in the order of a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// The way in.
    ApiGateway,
    /// Functions.
    Lambda,
    /// Tables.
    DynamoDb,
    /// What hands on changes of tables.
    Pipes,
    /// Buses.
    EventBridge,
    /// Queues.
    Sqs,
    /// Logs, metrics, alarms.
    CloudWatch,
}

impl Service {
    /// As AWS calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ApiGateway => "API Gateway",
            Self::Lambda => "Lambda",
            Self::DynamoDb => "DynamoDB",
            Self::Pipes => "EventBridge Pipes",
            Self::EventBridge => "EventBridge",
            Self::Sqs => "SQS",
            Self::CloudWatch => "CloudWatch",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What one kind of thing costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whose.
    pub service: Service,
    /// What it is, such as `requests`.
    pub item: String,
    /// What one of it is, such as `request`.
    pub unit: &'static str,
    /// How much of it.
    pub quantity: Quantity,
    /// How much of that is free.
    pub free: Quantity,
    /// By tier.
    pub parts: Vec<Part>,
    /// The price of the first tier, as the file has it.
    pub price: String,
    /// For how many units that is.
    pub per: u64,
    /// Where it stands.
    pub source: String,
}

/// What falls into one tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// How much of it, what is free left out.
    pub quantity: Quantity,
    /// What that costs.
    pub cost: Money,
}

impl Line {
    /// What all of it costs.
    pub fn cost(&self) -> Money {
        self.parts.iter().map(|part| part.cost).sum()
    }
}

/// What a month costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// By service; nothing of what is not used.
    pub lines: Vec<Line>,
    /// What filters save, if they stop anything.
    pub saving: Option<Saving>,
}

/// What filters at the source save against filters in functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saving {
    /// How many records they stop.
    pub records: u64,
    /// How many calls of functions there would be in addition.
    pub invocations: u64,
    /// What that would cost in addition.
    pub cost: Money,
}

impl Bill {
    /// What this usage costs at these prices.
    pub fn of(usage: &Usage, prices: &Prices, free_tier: FreeTier) -> Self {
        let lines = lines(usage, prices, free_tier);
        let stopped = || usage.pipes.iter().map(|pipe| &pipe.stopped);
        let records: u64 = stopped().map(|stopped| stopped.records).sum();
        let saving = (records > 0).then(|| Saving {
            records,
            invocations: stopped().map(|stopped| stopped.function.invocations).sum(),
            cost: total(&self::lines(&unfiltered(usage), prices, free_tier)) - total(&lines),
        });
        Self { lines, saving }
    }

    /// What all of it costs.
    pub fn total(&self) -> Money {
        total(&self.lines)
    }

    /// What a service costs.
    pub fn of_service(&self, service: Service) -> Money {
        self.lines.iter().filter(|line| line.service == service).map(Line::cost).sum()
    }

    /// The services that are used, in order.
    pub fn services(&self) -> Vec<Service> {
        let mut services: Vec<Service> = self.lines.iter().map(|line| line.service).collect();
        services.dedup();
        services
    }

    /// The line that costs most; nothing if nothing costs anything.
    pub fn biggest(&self) -> Option<&Line> {
        // The first of those that cost the same.
        self.lines.iter().rev().max_by_key(|line| line.cost()).filter(|line| line.cost() > Money::ZERO)
    }
}

fn total(lines: &[Line]) -> Money {
    lines.iter().map(Line::cost).sum()
}

/// The usage if functions had to stop what filters stop.
fn unfiltered(usage: &Usage) -> Usage {
    let mut usage = usage.clone();
    for pipe in &mut usage.pipes {
        let Stopped { requests, function, log_bytes, .. } = pipe.stopped.clone();
        pipe.requests = pipe.requests.saturating_add(requests);
        let name = function.name.clone();
        usage.functions.push(function);
        usage.logs.push(LogUsage { name, of_function: true, bytes: log_bytes, kept_days: 0 });
    }
    usage
}

/// Prices the parts of a bill one after the other.
struct Till {
    free_tier: FreeTier,
    lines: Vec<Line>,
    /// What is left of what is free, for the next line of the same kind.
    left: Quantity,
}

fn lines(usage: &Usage, prices: &Prices, free_tier: FreeTier) -> Vec<Line> {
    let mut till = Till { free_tier, lines: Vec::new(), left: Quantity::ZERO };
    apis(usage, prices, &mut till);
    functions(usage, prices, &mut till);
    tables(usage, prices, &mut till);
    let pipes = sum(usage.pipes.iter().map(|pipe| pipe.requests));
    till.add(
        Service::Pipes,
        "requests of 64 KB that passed",
        "request",
        Quantity::whole(pipes),
        &prices.pipes_requests,
    );
    till.add(Service::EventBridge, "events of 64 KB", "event", Quantity::whole(usage.bus_events), &prices.bus_events);
    queues(usage, prices, &mut till);
    watching(usage, prices, &mut till);
    till.lines
}

impl Till {
    fn add(&mut self, service: Service, item: &str, unit: &'static str, quantity: Quantity, tariff: &Tariff) {
        self.left = Quantity::ZERO;
        self.add_another(service, item, unit, quantity, tariff);
    }

    /// Adds a line that may use what the line before it left of what is free.
    fn add_another(&mut self, service: Service, item: &str, unit: &'static str, quantity: Quantity, tariff: &Tariff) {
        let offered = match self.free_tier {
            FreeTier::Taken => tariff.free + self.left,
            FreeTier::Left => Quantity::ZERO,
        };
        let free = offered.min(quantity);
        self.left = offered - free;
        if quantity == Quantity::ZERO {
            return;
        }
        self.lines.push(Line {
            service,
            item: item.to_owned(),
            unit,
            quantity,
            free,
            parts: parts(quantity, free, tariff),
            price: tariff.told.clone(),
            per: tariff.per,
            source: tariff.source.clone(),
        });
    }
}

/// What falls into which tier. What is free is what comes first.
fn parts(quantity: Quantity, free: Quantity, tariff: &Tariff) -> Vec<Part> {
    let (mut parts, mut from) = (Vec::new(), Quantity::ZERO);
    for tier in &tariff.tiers {
        let to = tier.up_to.map_or(quantity, |up_to| up_to.min(quantity));
        let begun = if from < free { free } else { from };
        let in_tier = to - begun;
        if in_tier > Quantity::ZERO {
            parts.push(Part { quantity: in_tier, cost: in_tier.at(tier.price) });
        }
        from = to;
    }
    parts
}

fn sum(all: impl Iterator<Item = u64>) -> u64 {
    all.fold(0, u64::saturating_add)
}

fn apis(usage: &Usage, prices: &Prices, till: &mut Till) {
    let requests = sum(usage.apis.iter().map(|api| api.requests));
    till.add(Service::ApiGateway, "requests", "request", Quantity::whole(requests), &prices.api_requests);
    for (api, size) in usage.apis.iter().filter_map(|api| Some((api, api.cache_mib?))) {
        let item = format!("cache of {}", api.name);
        till.add(Service::ApiGateway, &item, "hour", Quantity::whole(HOURS_IN_MONTH), prices.api_cache_hours.of(size));
    }
}

fn functions(usage: &Usage, prices: &Prices, till: &mut Till) {
    let requests = sum(usage.functions.iter().map(|function| function.invocations));
    till.add(Service::Lambda, "requests", "invocation", Quantity::whole(requests), &prices.lambda_requests);
    let seconds = |architecture| {
        let of = usage.functions.iter().filter(|function| function.architecture == architecture);
        let megabyte_millis = |function: &FunctionUsage| u128::from(function.memory_mib) * u128::from(function.millis);
        Quantity::fraction(of.map(megabyte_millis).fold(0, u128::saturating_add), 1024 * 1000)
    };
    let (arm, x86) = (seconds(Architecture::Arm), seconds(Architecture::X86));
    till.add(Service::Lambda, "time on arm64", "GB-second", arm, &prices.lambda_arm_gb_seconds);
    till.add_another(Service::Lambda, "time on x86_64", "GB-second", x86, &prices.lambda_x86_gb_seconds);
}

fn tables(usage: &Usage, prices: &Prices, till: &mut Till) {
    let (mut writes, mut reads, mut write_hours, mut read_hours) = (0_u64, 0_u64, 0_u64, 0_u64);
    for table in &usage.tables {
        match table.capacity {
            Capacity::Asked { write_units, read_units } => {
                writes = writes.saturating_add(write_units);
                reads = reads.saturating_add(read_units);
            }
            Capacity::Ready { write_units, read_units } => {
                write_hours = write_hours.saturating_add(u64::from(write_units) * HOURS_IN_MONTH);
                read_hours = read_hours.saturating_add(u64::from(read_units) * HOURS_IN_MONTH);
            }
        }
    }
    let stored = usage.tables.iter().map(|table| u128::from(table.stored_bytes)).sum();
    let service = Service::DynamoDb;
    till.add(service, "writes of 1 KB", "write", Quantity::whole(writes), &prices.dynamodb_writes);
    till.add(service, "reads of 4 KB", "read", Quantity::whole(reads), &prices.dynamodb_reads);
    till.add(
        service,
        "capacity for writes",
        "unit-hour",
        Quantity::whole(write_hours),
        &prices.dynamodb_write_capacity_hours,
    );
    till.add(
        service,
        "capacity for reads",
        "unit-hour",
        Quantity::whole(read_hours),
        &prices.dynamodb_read_capacity_hours,
    );
    till.add(service, "storage", "GB-month", Quantity::fraction(stored, GB), &prices.dynamodb_storage_gb_months);
}

fn queues(usage: &Usage, prices: &Prices, till: &mut Till) {
    let requests = |fifo: bool| {
        let of = usage.queues.iter().filter(|queue| queue.fifo == fifo);
        Quantity::whole(sum(of.map(|queue| queue.requests)))
    };
    till.add(Service::Sqs, "requests of 64 KB", "request", requests(false), &prices.sqs_standard_requests);
    till.add_another(Service::Sqs, "requests of 64 KB, FIFO", "request", requests(true), &prices.sqs_fifo_requests);
}

fn watching(usage: &Usage, prices: &Prices, till: &mut Till) {
    let bytes = |of_function: bool| {
        let of = usage.logs.iter().filter(|log| log.of_function == of_function);
        Quantity::fraction(of.map(|log| u128::from(log.bytes)).sum(), GB)
    };
    let kept = |log: &LogUsage| u128::from(log.bytes) * u128::from(log.kept_days.min(DAYS_IN_MONTH)) * KEPT_OF_100;
    let kept = Quantity::fraction(usage.logs.iter().map(kept).sum(), GB * 100 * u128::from(DAYS_IN_MONTH));
    let service = Service::CloudWatch;
    till.add(service, "logs of functions", "GB", bytes(true), &prices.function_logs_gb);
    till.add_another(service, "other logs", "GB", bytes(false), &prices.other_logs_gb);
    till.add(service, "kept logs", "GB-month", kept, &prices.log_storage_gb_months);
    till.add(service, "metrics", "metric", Quantity::whole(usage.metrics), &prices.metrics);
    till.add(service, "alarms", "metric", Quantity::whole(usage.alarms), &prices.alarms);
    till.add(service, "dashboards", "dashboard", Quantity::whole(usage.dashboards), &prices.dashboards);
}
