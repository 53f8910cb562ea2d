//! Decides how a server's traffic is read off its meters: what was asked of each part since it started.

use crate::metrics::Http;
use console::views::traffic::{Bus, Function, LogGroup, Pipe, Queue, Route, Table, Traffic};
use desk::Calls;
use engine::Engine;
use observe::measure::Metric;
use runtime::Runtime;
use types::SortedMap;

/// Where what this engine measures of itself is kept; on AWS nobody would.
const OURS: &str = "Orderflow";

/// The requests of customers, by route.
pub(super) fn routes(http: &Http) -> Vec<Route> {
    let mut routes: SortedMap<(String, String), SortedMap<String, u64>> = SortedMap::new();
    http.requests.each(|labels, counter| {
        let [route, method, status] = labels else { return };
        let statuses = routes.get_or_default((route.to_string(), method.to_string()));
        statuses.insert(status.to_string(), counter.get());
    });
    routes.into_iter().map(|((route, method), by_status)| Route { route, method, by_status }).collect()
}

/// How often clients received nothing, by queue.
pub(super) fn empty_receives(calls: &Calls) -> SortedMap<String, u64> {
    let mut found = SortedMap::new();
    calls.empty_receives.each(|labels, counter| {
        found.insert(labels[0].to_string(), counter.get());
    });
    found
}

/// All of it; what was counted of requests is given.
pub(super) fn traffic(
    engine: &Engine,
    runtime: &Runtime,
    routes: Vec<Route>,
    empty_receives: &SortedMap<String, u64>,
) -> Traffic {
    let engine::Traffic { since, tables, queues, pipes, buses } = engine.traffic();
    let is_own = |metric: &Metric| !metric.namespace.starts_with("AWS/") && &*metric.namespace != OURS;
    let own_metrics = engine.watch().measures.list(engine::now(), is_own, 0, usize::MAX).metrics.len() as u64;
    let bus = |(name, asked): (types::BusName, engine::BusTraffic)| Bus {
        bus: name.to_string(),
        events: asked.events,
        event_blocks: asked.event_blocks,
        matched: asked.matched,
    };
    let table = |(name, asked): (types::TableName, engine::TableTraffic)| {
        let count = engine.table(&name).map(|table| engine.count(&table)).unwrap_or_default();
        Table {
            table: name.to_string(),
            items: count.items,
            bytes: count.bytes,
            inserts: asked.inserts,
            writes: asked.writes,
            write_blocks: asked.write_blocks,
            blocks_together: asked.blocks_together,
            reads: asked.reads,
            read_blocks: asked.read_blocks,
        }
    };
    let queue = |(name, asked): (types::QueueName, engine::QueueTraffic)| Queue {
        queue: name.to_string(),
        sent: asked.sent,
        sent_blocks: asked.sent_blocks,
        receives: asked.receives,
        empty_receives: empty_receives.get(name.as_str()).copied().unwrap_or(0),
        received: asked.received,
        deleted: asked.deleted,
        hidden: asked.hidden,
    };
    let pipe = |(name, read): (types::PipeName, engine::PipeTraffic)| Pipe {
        pipe: name.to_string(),
        passed: read.passed,
        passed_blocks: read.passed_blocks,
        stopped: read.stopped,
        stopped_blocks: read.stopped_blocks,
    };
    let mut functions: SortedMap<String, Function> = SortedMap::new();
    let meters = runtime.meters();
    meters.invocations.each(|labels, counter| {
        // What was throttled did not run.
        let [function, outcome] = labels else { return };
        if &**outcome != "throttled" {
            let empty = || Function { function: function.to_string(), invocations: 0, millis: 0 };
            functions.get_or_insert_with(function.to_string(), empty).invocations += counter.get();
        }
    });
    meters.invocation_millis.each(|labels, counter| {
        if let Some(function) = labels.first().and_then(|name| functions.get_mut(&**name)) {
            function.millis = counter.get();
        }
    });
    let logs = engine.lines().taken_in().into_iter();
    Traffic {
        at: engine::now().iso_millis(),
        since_micros: u64::try_from(since.as_micros()).unwrap_or(u64::MAX),
        routes,
        tables: tables.into_iter().map(table).collect(),
        queues: queues.into_iter().map(queue).collect(),
        pipes: pipes.into_iter().map(pipe).collect(),
        functions: functions.into_values().collect(),
        buses: buses.into_iter().map(bus).collect(),
        own_metrics,
        logs: logs.map(|(group, taken)| LogGroup { group, lines: taken.lines, bytes: taken.bytes }).collect(),
    }
}
