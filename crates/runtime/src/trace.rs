//! Decides which spans functions make: one for each invocation, and of a batch one in each trace that it is of.

use crate::invoke::Runtime;
use engine::ReceivedMessage;
use engine::trace::{self, Begun, Current};
use observe::trace::{Kind, Tracer};
use serde_json::Value as Json;
use std::sync::Arc;
use types::{FunctionName, Origin, QueueName, Record, TraceContext};

/// The spans of one invocation on a batch of records.
pub(crate) struct Spans {
    each: Vec<Begun>,
    /// For each record, which of them is its.
    of_record: Vec<usize>,
}

impl Spans {
    /// Begins one for each trace that these records are of.
    pub(crate) fn begin(tracer: &Arc<Tracer>, function: &FunctionName, request_id: &str, records: &[Record]) -> Self {
        let mut each: Vec<Begun> = Vec::new();
        let came_from = trace::of_records(tracer, records);
        let of_record = came_from.iter().map(|parent| {
            let known = each.iter().position(|span| span.context().trace == parent.trace);
            known.unwrap_or_else(|| {
                let span = Begun::child(Arc::clone(tracer), *parent, Kind::Internal, function.to_string().into());
                each.push(named(span, function, request_id));
                each.len() - 1
            })
        });
        Self { of_record: of_record.collect(), each }
    }

    /// What is done for the record at this place.
    pub(crate) fn of(&self, record: usize) -> Option<Current> {
        Some(self.each.get(*self.of_record.get(record)?)?.current())
    }

    /// The invocation is over.
    pub(crate) fn end(self, answer: &Json, failed: bool, records: &[Record]) {
        let mut why: Vec<Option<&str>> = vec![answer["errorMessage"].as_str().filter(|_| failed); self.each.len()];
        for (record, of) in records.iter().zip(&self.of_record) {
            if trace::is_reported(answer, record) {
                why[*of] = Some("a record is reported as failed");
            }
        }
        self.each.into_iter().zip(why).for_each(|(span, why)| span.end(why.map(str::to_owned)));
    }
}

fn named(mut span: Begun, function: &FunctionName, request_id: &str) -> Begun {
    span.say("faas.name", function.as_str());
    span.say("faas.invocation_id", request_id);
    span
}

impl Runtime {
    /// Begins the span of an invocation, if anybody traces.
    pub(crate) fn begin_span(&self, function: &FunctionName, request_id: &str) -> Option<Begun> {
        let tracer = self.tracer.as_ref()?;
        let name = || function.to_string().into();
        let span = trace::begin(Kind::Internal, name).unwrap_or_else(|| {
            let mut span = Begun::request(tracer, None, request_id);
            span.rename(name());
            span
        });
        Some(named(span, function, request_id))
    }

    /// Begins the span of working on a message, behind one of its waiting in the queue.
    pub(crate) fn begin_message(
        &self,
        function: &FunctionName,
        received: Option<(&QueueName, &ReceivedMessage)>,
        body: &str,
    ) -> Option<Begun> {
        let tracer = self.tracer.as_ref()?;
        let sent_in = received.and_then(|(_, received)| TraceContext::parse_aws(received.message.trace.as_deref()?));
        let parent = sent_in.or_else(|| told_in(tracer, body))?;
        let parent = match received {
            None => parent,
            Some((queue, received)) => {
                let name = format!("queue {queue}").into();
                let mut waited = Begun::child(Arc::clone(tracer), parent, Kind::Producer, name);
                waited = waited.since(trace::nanos(received.message.sent_at));
                waited.say("messaging.system", "aws_sqs");
                waited.say("messaging.destination.name", queue.as_str());
                waited.say("messaging.message.id", received.message.id.to_string());
                waited.say("orderflow.receives", i64::from(received.receipt.receives));
                let context = waited.context();
                waited.end(None);
                context
            }
        };
        let mut span = Begun::child(Arc::clone(tracer), parent, Kind::Consumer, function.to_string().into());
        span.say("faas.name", function.as_str());
        Some(span)
    }
}

/// The span that wrote the first version of the order that a message tells of.
fn told_in(tracer: &Tracer, body: &str) -> Option<TraceContext> {
    let told: Json = serde_json::from_str(body).ok()?;
    let Origin { trace, sampled } = Origin::parse(told["correlation"].as_str()?)?;
    let span = trace::write_of(trace, told["orderId"].as_str()?, 1);
    Some(TraceContext { trace, span, sampled: tracer.keeps(trace, sampled) })
}

/// Begins the span of a call of somebody elsewhere, if anybody traces.
pub(crate) fn calling(verb: &str, address: &str) -> Option<Begun> {
    let mut span = trace::begin(Kind::Client, || format!("POST {verb}").into())?;
    span.say("http.request.method", "POST");
    span.say("url.full", address);
    Some(span)
}

/// It is over.
pub(crate) fn called<T>(span: Option<Begun>, status: Option<u16>, failed: Option<String>, answer: T) -> T {
    if let Some(mut span) = span {
        if let Some(status) = status {
            span.say("http.response.status_code", i64::from(status));
        }
        span.end(failed);
    }
    answer
}
