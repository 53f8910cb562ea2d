//! Decides what belongs to which trace: what is being done at present, and what is taken from the log or a queue later.
//!
//! Whoever begins something begins a span ([`begin`]) and does the rest within it ([`within`]); what that does is then its
//! child. Across the log nothing is kept if it need not be: an order says by its correlation id which trace it is of, and
//! the span that wrote its version has an id that follows from both ([`written_by`]). Only changes of other items carry
//! the span that made them, and queues a header of AWS's.
//!
//! Invariant: while nobody traces ([`crate::Engine::trace_by`]), nothing here allocates.

use observe::trace::{Fact, Kind, Span, Tracer};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::task::futures::TaskLocalFuture;
use types::{Change, Item, Origin, Record, SpanId, TraceContext, TraceId};

tokio::task_local! {
    static CURRENT: Option<Current>;
    /// For each record of a batch, the span of its delivery.
    static DELIVERIES: Arc<[TraceContext]>;
}

/// The span within which something is done.
#[derive(Debug, Clone)]
pub struct Current {
    /// Who keeps spans.
    pub tracer: Arc<Tracer>,
    /// The span.
    pub context: TraceContext,
}

/// The span within which this is done, if anybody traces it.
pub fn current() -> Option<Current> {
    CURRENT.try_with(Clone::clone).ok().flatten()
}

/// Does something within a span, or within none.
pub fn within<F: Future>(current: Option<Current>, work: F) -> TaskLocalFuture<Option<Current>, F> {
    CURRENT.scope(current, work)
}

/// Does something within a span, or within none, without waiting.
pub fn within_now<T>(current: Option<Current>, work: impl FnOnce() -> T) -> T {
    CURRENT.sync_scope(current, work)
}

/// Now, in nanoseconds since 1970.
pub fn now_nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// An instant of the engine's as nanoseconds since 1970.
pub fn nanos(at: types::Timestamp) -> u64 {
    u64::try_from(at.millis()).unwrap_or(0).saturating_mul(1_000_000)
}

/// An id that no other span has.
pub fn new_span() -> SpanId {
    let [.., a, b, c, d, e, f, g, h] = uuid::Uuid::new_v4().into_bytes();
    // Of a version 4 UUID the first two bits of these are fixed, and the first is set, so they are never all zero.
    SpanId::new([a, b, c, d, e, f, g, h]).expect("one bit of it is always set")
}

/// A span that has begun. One that is dropped before its end was cut off.
#[derive(Debug)]
pub struct Begun {
    current: Current,
    parent: Option<SpanId>,
    kind: Kind,
    begun_at: u64,
    name: Cow<'static, str>,
    facts: Vec<(&'static str, Fact)>,
    ended: bool,
}

/// Begins a span of what is being done, if anybody traces that.
pub fn begin(kind: Kind, name: impl FnOnce() -> Cow<'static, str>) -> Option<Begun> {
    let Current { tracer, context } = current()?;
    Some(Begun::child(tracer, context, kind, name()))
}

impl Begun {
    /// A span that follows from another one.
    pub fn child(tracer: Arc<Tracer>, parent: TraceContext, kind: Kind, name: Cow<'static, str>) -> Self {
        let current = Current { tracer, context: TraceContext { span: new_span(), ..parent } };
        let (parent, begun_at) = (Some(parent.span), now_nanos());
        Self { current, parent, kind, begun_at, name, facts: Vec::new(), ended: false }
    }

    /// The first span here of what somebody asks for: theirs goes on if they sent one along, otherwise a trace begins whose
    /// id follows from the request's own.
    pub fn request(tracer: &Arc<Tracer>, asked_in: Option<TraceContext>, request_id: &str) -> Self {
        let trace = match asked_in {
            Some(context) => context.trace,
            None => TraceId::of_uuid(request_id).unwrap_or_else(|| TraceId::derived(&[request_id.as_bytes()])),
        };
        let sampled = tracer.keeps(trace, asked_in.map(|context| context.sampled));
        let context = TraceContext { trace, span: new_span(), sampled };
        Self {
            current: Current { tracer: Arc::clone(tracer), context },
            parent: asked_in.map(|context| context.span),
            kind: Kind::Server,
            begun_at: now_nanos(),
            name: Cow::Borrowed("request"),
            facts: Vec::new(),
            ended: false,
        }
    }

    /// The same, begun earlier.
    #[must_use]
    pub fn since(mut self, begun_at: u64) -> Self {
        self.begun_at = begun_at;
        self
    }

    /// What is done within it.
    pub fn current(&self) -> Current {
        self.current.clone()
    }

    /// As others are told of it.
    pub fn context(&self) -> TraceContext {
        self.current.context
    }

    /// Calls it otherwise.
    pub fn rename(&mut self, name: impl Into<Cow<'static, str>>) {
        self.name = name.into();
    }

    /// Says more of it.
    pub fn say(&mut self, key: &'static str, fact: impl Into<Fact>) {
        if self.current.context.sampled {
            self.facts.push((key, fact.into()));
        }
    }

    /// It is over; why it failed, if it did.
    pub fn end(mut self, failed: Option<String>) {
        self.tell(failed);
    }

    fn tell(&mut self, failed: Option<String>) {
        self.ended = true;
        if !self.current.context.sampled {
            return;
        }
        self.current.tracer.take(Span {
            context: self.current.context,
            parent: self.parent,
            link: None,
            name: std::mem::take(&mut self.name),
            kind: self.kind,
            begun_at: self.begun_at,
            ended_at: now_nanos(),
            facts: std::mem::take(&mut self.facts),
            failed,
        });
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if !self.ended {
            self.tell(Some("it was cut off before its end".to_owned()));
        }
    }
}

/// The trace that an order says it is of, and the span that wrote this version of it; none for any other item.
pub fn written_by(item: &Item) -> Option<(Origin, SpanId)> {
    let origin = Origin::parse(item.text("correlation")?)?;
    let version = item.number("version")?.to_u64()?;
    Some((origin, write_of(origin.trace, item.text("orderId")?, version)))
}

/// The span that writes this version of an order.
pub fn write_of(trace: TraceId, order_id: &str, version: u64) -> SpanId {
    SpanId::derived(trace, &[b"write", order_id.as_bytes(), &version.to_be_bytes()])
}

/// The span that made a change.
pub(crate) fn made(tracer: &Tracer, change: &Change) -> TraceContext {
    if let Some((origin, span)) = change.new.as_ref().or(change.old.as_ref()).and_then(written_by) {
        let sampled = tracer.keeps(origin.trace, origin.sampled);
        return TraceContext { trace: origin.trace, span, sampled };
    }
    change.trace.unwrap_or_else(|| {
        // Made while nobody traced: what comes of it is a trace of its own.
        let place = change.sequence.get().to_be_bytes();
        let at = change.at.millis().to_be_bytes();
        let trace = TraceId::derived(&[b"change", &place, &at]);
        TraceContext { trace, span: SpanId::derived(trace, &[b"change"]), sampled: tracer.keeps(trace, None) }
    })
}

/// Delivers records within spans of their own: each in the trace of its change, from when that was made.
pub(crate) fn deliver<T>(
    tracer: &Arc<Tracer>,
    pipe: &str,
    records: &[Record],
    work: impl FnOnce() -> T,
    failed: impl Fn(&T, &Record) -> Option<String>,
) -> T {
    let spans = deliveries(tracer, pipe, records);
    let delivered: Arc<[TraceContext]> = spans.iter().map(Begun::context).collect();
    let done = DELIVERIES.sync_scope(delivered, work);
    spans.into_iter().zip(records).for_each(|(span, record)| span.end(failed(&done, record)));
    done
}

/// The same of records that are handed over to be worked on later: for each its span, for [`handed_over`].
pub(crate) fn hand_over(tracer: &Arc<Tracer>, pipe: &str, records: &[Record]) -> String {
    let spans = deliveries(tracer, pipe, records);
    let contexts: Vec<String> = spans.iter().map(|span| span.context().traceparent()).collect();
    spans.into_iter().for_each(|span| span.end(None));
    contexts.join(" ")
}

/// Does something with records that were handed over within these spans.
pub(crate) fn handed_over<T>(spans: Option<&str>, work: impl FnOnce() -> T) -> T {
    let spans = spans.and_then(|spans| spans.split(' ').map(TraceContext::parse).collect::<Option<Arc<[_]>>>());
    match spans {
        Some(spans) => DELIVERIES.sync_scope(spans, work),
        None => work(),
    }
}

/// Begins a span for each record, in the trace of its change.
fn deliveries(tracer: &Arc<Tracer>, pipe: &str, records: &[Record]) -> Vec<Begun> {
    let mut spans: Vec<Begun> = Vec::with_capacity(records.len());
    for record in records {
        let made = made(tracer, &record.change);
        // What is not kept needs no name.
        let name = if made.sampled { Cow::Owned(format!("pipe {pipe}")) } else { Cow::Borrowed("pipe") };
        let mut span = Begun::child(Arc::clone(tracer), made, Kind::Consumer, name).since(nanos(record.change.at));
        if made.sampled {
            span.say("orderflow.change.sequence", record.change.sequence.to_string());
            span.say("orderflow.change.kind", record.change.kind.name());
        }
        spans.push(span);
    }
    spans
}

/// Whether a function answered that it could not do this record of its batch.
pub fn is_reported(answer: &Json, record: &Record) -> bool {
    let Some(failures) = answer["batchItemFailures"].as_array().filter(|failures| !failures.is_empty()) else {
        return false;
    };
    let (id, place) = (record.event_id(), record.change.sequence.to_string());
    let names = |failure: &Json| failure["itemIdentifier"].as_str().is_some_and(|name| name == id || name == place);
    failures.iter().any(names)
}

/// For each of these records, the span that it comes from: its delivery's, or that of its change.
pub fn of_records(tracer: &Tracer, records: &[Record]) -> Vec<TraceContext> {
    let delivered = DELIVERIES.try_with(Arc::clone).ok().filter(|spans| spans.len() == records.len());
    match delivered {
        Some(spans) => spans.to_vec(),
        None => records.iter().map(|record| made(tracer, &record.change)).collect(),
    }
}

/// The header by which what is left in a queue says where it comes from.
pub(crate) fn header() -> Option<String> {
    current().map(|current| current.context.aws())
}
