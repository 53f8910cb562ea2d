//! Decides how traces leave this server: which settings count, who tells the collector, and what happens when it does not
//! listen.
//!
//! Spans wait in [`observe::trace::Tracer`]; [`run`] takes them out in batches, on threads that stand back for all others.
//! A batch that a collector may take later is tried again a few times, and then let go; what comes meanwhile has the room
//! that is set, and is counted beyond it. So nobody who serves an order ever waits for a collector.

use crate::app::App;
use bytes::Bytes;
use engine::trace::Begun;
use gateway::admission::Headers;
use observe::metrics::Page;
use observe::trace::{self, Settings, Tracer};
use runtime::{Collector, Heard};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use types::{Origin, TraceContext};

/// How often a batch is told, and how long it is waited for the first time that it was not taken.
const TRIES_MAX: u32 = 5;
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// How long the last batches may take when the server goes down.
const LAST_WITHIN: Duration = Duration::from_secs(2);

/// What an operator set, read; nothing if nobody is to be told. What is wrong is said in words.
pub(crate) fn read(endpoint: Option<&str>) -> Result<Option<(Tracer, Collector)>, String> {
    let version = env!("CARGO_PKG_VERSION");
    let settings = Settings::read(endpoint, version, |name| std::env::var(name).ok());
    let Some(settings) = settings.map_err(|error| format!("error: {error}"))? else { return Ok(None) };
    let collector = Collector::new(&settings.url, &settings.headers).map_err(|problem| {
        format!(
            "error: the collector of traces {:?} {problem}\nhint: name one such as http://127.0.0.1:4318",
            settings.url
        )
    })?;
    Ok(Some((Tracer::new(settings), collector)))
}

/// Tells a collector of spans until it is to stop, and then of those that still wait.
pub(crate) async fn run(tracer: Arc<Tracer>, collector: Collector, mut stop: watch::Receiver<bool>) {
    let bell = Arc::new(Notify::new());
    let rung = Arc::clone(&bell);
    tracer.on_full(Box::new(move || rung.notify_one()));
    let mut telling = Telling { tracer, collector, is_deaf: false };
    let every = telling.tracer.settings().every;
    loop {
        tokio::select! {
            () = bell.notified() => {}
            () = tokio::time::sleep(every) => {}
            _ = stop.changed() => break,
        }
        tokio::select! {
            () = telling.tell_all() => {}
            _ = stop.changed() => break,
        }
    }
    // What was under way when it was told to stop is lost, as it is in a crash.
    let _ = tokio::time::timeout(LAST_WITHIN, telling.tell_all()).await;
}

struct Telling {
    tracer: Arc<Tracer>,
    collector: Collector,
    /// Whether it was said that the collector does not listen.
    is_deaf: bool,
}

impl Telling {
    async fn tell_all(&mut self) {
        loop {
            let spans = self.tracer.batch();
            if spans.is_empty() {
                return;
            }
            let version = env!("CARGO_PKG_VERSION");
            let body = Bytes::from(trace::request(&self.tracer.settings().resource, version, &spans));
            let refused = self.tell(&body).await.unwrap_or(spans.len() as u64);
            self.tracer.told(spans.len(), refused);
        }
    }

    /// Tells of a batch; how many of its spans were refused, or nothing if it was not taken at all.
    async fn tell(&mut self, body: &Bytes) -> Option<u64> {
        let within = self.tracer.settings().within;
        let mut after = AGAIN_AFTER;
        for tried in 1..=TRIES_MAX {
            let late = |_| Heard::Later(format!("no answer within {} ms", within.as_millis()));
            let why = match tokio::time::timeout(within, self.collector.tell(body)).await.unwrap_or_else(late) {
                Heard::Taken { refused } => {
                    self.is_deaf = false;
                    return Some(refused);
                }
                Heard::Later(why) if tried < TRIES_MAX => {
                    self.complain(&why);
                    tokio::time::sleep(after).await;
                    after *= 2;
                    continue;
                }
                Heard::Later(why) | Heard::Never(why) => why,
            };
            self.complain(&why);
            return None;
        }
        None
    }

    /// Says once that the collector does not listen, until it does again.
    fn complain(&mut self, why: &str) {
        if !std::mem::replace(&mut self.is_deaf, true) {
            let shown = self.collector.shown();
            engine::complain!(
                "orderflow: the collector of traces {shown} does not take them: {why}; orders go on without"
            );
        }
    }
}

/// Begins the span of a request, if anybody traces.
pub(crate) fn begin(app: &App, headers: &dyn Headers, request_id: &str) -> Option<Begun> {
    let tracer = app.engine.tracer()?;
    let asked_in = headers.value("traceparent").and_then(TraceContext::parse);
    let asked_in = asked_in.or_else(|| TraceContext::parse_aws(headers.value("x-amzn-trace-id")?));
    Some(Begun::request(tracer, asked_in, request_id))
}

/// What an order that is taken in says of where it comes from: the request's own id, whose digits are the trace's, or the
/// trace that the client had begun.
pub(crate) fn correlation(span: Option<&Begun>, request_id: &str) -> Option<String> {
    let context = span?.context();
    let own = Origin::parse(request_id).is_some_and(|origin| origin.trace == context.trace);
    (!own).then(|| Origin::within(&context))
}

/// What became of spans.
pub(crate) fn write(app: &App, page: &mut Page) {
    let Some(tracer) = app.engine.tracer() else { return };
    let (counts, name) = (tracer.counts(), "orderflow_trace_spans_total");
    page.family(name, "Spans of traces, by what became of them.", "counter");
    for (outcome, count) in [("exported", counts.taken), ("dropped", counts.dropped), ("refused", counts.refused)] {
        page.sample(name, &[("outcome", outcome)], &count.to_string());
    }
    page.family("orderflow_trace_spans_waiting", "Spans that wait to be told.", "gauge");
    page.sample("orderflow_trace_spans_waiting", &[], &tracer.waiting_count().to_string());
}
