//! Decides what `/metrics` tells Prometheus: what was counted while the server ran, and how things stand when it asks.
//!
//! Names begin with `orderflow_`; labels are names of resources, routes and outcomes, never of orders or customers.

use crate::app::App;
use observe::metrics::{Counter, Family, Histogram, Page};
use store::{FLUSH_KINDS, Stats};

/// What is counted of requests.
#[derive(Debug)]
pub(crate) struct Http {
    /// Requests, by route, method and status.
    pub(crate) requests: Family<Counter>,
    /// How long they took, by route and method.
    pub(crate) seconds: Family<Histogram>,
    /// How long functions took to answer them, by route and method.
    pub(crate) integration: Family<Histogram>,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            requests: Family::new(
                "orderflow_http_requests_total",
                "Requests of customers, by how they were answered.",
                &["route", "method", "status"],
            ),
            seconds: Family::new(
                "orderflow_http_request_seconds",
                "How long requests of customers took.",
                &["route", "method"],
            ),
            integration: Family::new(
                "orderflow_http_integration_seconds",
                "How long functions took to answer requests of customers.",
                &["route", "method"],
            ),
        }
    }
}

/// The page.
pub(crate) fn page(app: &App) -> String {
    let mut page = Page::default();
    app.http.requests.write(&mut page);
    app.http.seconds.write(&mut page);
    app.http.integration.write(&mut page);
    app.desk.calls.write(&mut page);
    page.family("orderflow_http_followers", "Connections that follow an order.", "gauge");
    page.sample("orderflow_http_followers", &[], &app.front.followers.count().to_string());
    app.runtime.meters().write(&mut page);
    breakers(app, &mut page);
    tables(app, &mut page);
    traffic(app, &mut page);
    queues(app, &mut page);
    pipes(app, &mut page);
    disk(app, &mut page);
    crate::tracing::write(app, &mut page);
    process(&mut page);
    page.finish()
}

fn breakers(app: &App, page: &mut Page) {
    let breakers = app.runtime.breakers();
    if breakers.is_empty() {
        return;
    }
    page.family("orderflow_breaker_open", "Whether a dependency of orders is not asked at present.", "gauge");
    for (function, dependency, position) in breakers {
        let open = if position == runtime::Position::Closed { "0" } else { "1" };
        let labels = [("function", function.as_str()), ("dependency", dependency)];
        page.sample("orderflow_breaker_open", &labels, open);
    }
}

fn tables(app: &App, page: &mut Page) {
    page.family("orderflow_table_items", "Items in a table.", "gauge");
    for entry in app.engine.catalog().tables.values().filter(|entry| !entry.dormant) {
        if let Ok(table) = app.engine.table(&entry.spec.name) {
            let count = app.engine.count(&table);
            page.sample("orderflow_table_items", &[("table", entry.spec.name.as_str())], &count.items.to_string());
        }
    }
}

/// What queues and buses were asked to do.
fn traffic(app: &App, page: &mut Page) {
    let traffic = app.engine.traffic();
    let name = "orderflow_queue_operations_total";
    page.family(name, "What was done with messages of a queue.", "counter");
    for (queue, asked) in &traffic.queues {
        for (what, count) in [("sent", asked.sent), ("received", asked.received), ("deleted", asked.deleted)] {
            page.sample(name, &[("queue", queue.as_str()), ("operation", what)], &count.to_string());
        }
    }
    let name = "orderflow_bus_events_total";
    page.family(name, "Events that were put on a bus, and those of them that a rule wanted.", "counter");
    for (bus, asked) in &traffic.buses {
        for (what, count) in [("put", asked.events), ("matched", asked.matched)] {
            page.sample(name, &[("bus", bus.as_str()), ("outcome", what)], &count.to_string());
        }
    }
}

fn queues(app: &App, page: &mut Page) {
    page.family("orderflow_queue_messages", "Messages in a queue, by whether they can be received.", "gauge");
    for name in app.engine.queue_names() {
        let Ok(counts) = app.engine.queue_counts(&name) else { continue };
        for (state, count) in
            [("visible", counts.visible), ("in_flight", counts.in_flight), ("delayed", counts.delayed)]
        {
            let labels = [("queue", name.as_str()), ("state", state)];
            page.sample("orderflow_queue_messages", &labels, &count.to_string());
        }
    }
}

fn pipes(app: &App, page: &mut Page) {
    let pipes = app.engine.pipes();
    page.family("orderflow_pipe_running", "Whether a pipe runs.", "gauge");
    for pipe in &pipes {
        let running = if pipe.running { "1" } else { "0" };
        page.sample("orderflow_pipe_running", &[("pipe", pipe.name.as_str())], running);
    }
    page.family("orderflow_pipe_behind_entries", "Entries of the log that a pipe has yet to look at.", "gauge");
    for pipe in &pipes {
        let behind = pipe.head.get() - pipe.done.get();
        page.sample("orderflow_pipe_behind_entries", &[("pipe", pipe.name.as_str())], &behind.to_string());
    }
    page.family("orderflow_pipe_missed_total", "Changes that left the log before a pipe read them.", "counter");
    for pipe in &pipes {
        page.sample("orderflow_pipe_missed_total", &[("pipe", pipe.name.as_str())], &pipe.missed.to_string());
    }
}

fn disk(app: &App, page: &mut Page) {
    let stats = app.engine.store_stats();
    for (name, help, value) in [
        ("orderflow_store_commits_total", "Commits that are durable.", stats.commits),
        ("orderflow_store_groups_total", "Groups of commits, each with one flush.", stats.groups),
        ("orderflow_store_written_bytes_total", "Bytes written to the log.", stats.bytes),
    ] {
        page.family(name, help, "counter");
        page.sample(name, &[], &value.to_string());
    }
    page.family("orderflow_store_log_bytes", "Bytes of log that are kept.", "gauge");
    page.sample("orderflow_store_log_bytes", &[], &app.engine.log_bytes().to_string());
    const FLUSH: &str = "orderflow_store_flush_seconds";
    page.family(FLUSH, "How long it took to write and flush a group.", "histogram");
    let mut so_far = 0;
    for (kind, count) in stats.flushes.iter().enumerate() {
        so_far += count;
        let last = kind == FLUSH_KINDS - 1;
        let end = if last { "+Inf".to_owned() } else { Stats::flush_end(kind).as_secs_f64().to_string() };
        page.sample(&format!("{FLUSH}_bucket"), &[("le", &end)], &so_far.to_string());
    }
    page.sample(&format!("{FLUSH}_sum"), &[], &stats.flushing.as_secs_f64().to_string());
    page.sample(&format!("{FLUSH}_count"), &[], &so_far.to_string());
}

fn process(page: &mut Page) {
    for (name, help, field) in [
        ("process_resident_memory_bytes", "Memory that the process has.", "VmRSS:"),
        ("orderflow_anonymous_memory_bytes", "Memory of it that is not of files.", "RssAnon:"),
    ] {
        if let Some(bytes) = memory(field) {
            page.family(name, help, "gauge");
            page.sample(name, &[], &bytes.to_string());
        }
    }
}

/// Bytes of this process's memory, of the kind that the system calls `field`; `None` where it does not say.
pub(crate) fn memory(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib * 1024)
}
