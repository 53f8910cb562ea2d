//! Decides how spans are spelt for a collector: OTLP's `ExportTraceServiceRequest`, in JSON.
//!
//! As the specification has it for JSON: ids are hexadecimal, 64-bit numbers are texts, enumerations are numbers.

use super::{Fact, Kind, Span};
use serde_json::{Value as Json, json};
use types::TraceContext;

/// Who tells, as attributes.
pub type Resource = [(String, String)];

/// The flags of a span: that it is kept.
const SAMPLED: u32 = 1;

/// The request that tells a collector of these spans.
pub fn request(resource: &Resource, version: &str, spans: &[Span]) -> String {
    let resource: Vec<Json> =
        resource.iter().map(|(key, value)| attribute(key, json!({ "stringValue": value }))).collect();
    let spans: Vec<Json> = spans.iter().map(spelt).collect();
    json!({
        "resourceSpans": [{
            "resource": {"attributes": resource},
            "scopeSpans": [{"scope": {"name": "orderflow", "version": version}, "spans": spans}],
        }],
    })
    .to_string()
}

fn attribute(key: &str, value: Json) -> Json {
    json!({"key": key, "value": value})
}

fn spelt(span: &Span) -> Json {
    let facts = span.facts.iter().map(|(key, fact)| {
        attribute(
            key,
            match fact {
                Fact::Text(text) => json!({ "stringValue": text }),
                Fact::Whole(number) => json!({ "intValue": number.to_string() }),
            },
        )
    });
    let mut spelt = json!({
        "traceId": span.context.trace.to_string(),
        "spanId": span.context.span.to_string(),
        "flags": SAMPLED,
        "name": span.name,
        "kind": match span.kind {
            Kind::Internal => 1,
            Kind::Server => 2,
            Kind::Client => 3,
            Kind::Producer => 4,
            Kind::Consumer => 5,
        },
        "startTimeUnixNano": span.begun_at.to_string(),
        "endTimeUnixNano": span.ended_at.max(span.begun_at).to_string(),
        "attributes": facts.collect::<Vec<_>>(),
    });
    if let Some(parent) = span.parent {
        spelt["parentSpanId"] = parent.to_string().into();
    }
    if let Some(TraceContext { trace, span, .. }) = span.link {
        spelt["links"] = json!([{"traceId": trace.to_string(), "spanId": span.to_string()}]);
    }
    if let Some(why) = &span.failed {
        // What went well is left unset, as libraries are told to.
        spelt["status"] = json!({"code": 2, "message": why});
    }
    spelt
}
