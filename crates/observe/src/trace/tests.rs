//! What is kept of traces, what is let go, which settings count, and how spans are spelt.

use super::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn settings(variables: &[(&str, &str)]) -> Result<Option<Settings>, WrongVariable> {
    let variables: BTreeMap<_, _> = variables.iter().copied().collect();
    Settings::read(None, "1.2.3", |name| variables.get(name).map(|value| (*value).to_owned()))
}

fn tracer(waiting_max: usize, batch_max: usize) -> Tracer {
    let on = settings(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318")]).unwrap().unwrap();
    Tracer::new(Settings { waiting_max, batch_max, ..on })
}

fn span(sampled: bool) -> Span {
    let trace = TraceId::parse(TRACE).unwrap();
    Span {
        context: TraceContext { trace, span: SpanId::parse("00f067aa0ba902b7").unwrap(), sampled },
        parent: SpanId::parse("53995c3f42cd8ad8"),
        link: None,
        name: "work".into(),
        kind: Kind::Consumer,
        begun_at: 1_544_712_660_000_000_000,
        ended_at: 1_544_712_661_000_000_000,
        facts: vec![("order.id", "o-1".into()), ("order.version", 3.into())],
        failed: None,
    }
}

#[test]
fn what_there_is_no_room_for_is_counted_and_let_go() {
    let tracer = tracer(3, 2);
    (0..5).for_each(|_| tracer.take(span(true)));
    tracer.take(span(false));
    assert_eq!((tracer.waiting_count(), tracer.counts().dropped), (3, 2));
    assert_eq!([tracer.batch().len(), tracer.batch().len(), tracer.batch().len()], [2, 1, 0]);
    tracer.told(2, 0);
    tracer.told(1, 7);
    assert_eq!(tracer.counts(), Told { taken: 2, dropped: 2, refused: 1 });
}

#[test]
fn a_full_batch_rings() {
    let tracer = tracer(10, 2);
    let rung = Arc::new(AtomicU64::new(0));
    let heard = Arc::clone(&rung);
    tracer.on_full(Box::new(move || {
        heard.fetch_add(1, Ordering::Relaxed);
    }));
    (0..5).for_each(|_| tracer.take(span(true)));
    assert_eq!(rung.load(Ordering::Relaxed), 2);
}

#[test]
fn spans_are_spelt_as_the_example_of_the_specification() {
    // The members and their forms are those of opentelemetry-proto's examples/trace.json.
    let spelt: serde_json::Value =
        serde_json::from_str(&request(&[("service.name".to_owned(), "my.service".to_owned())], "1", &[span(true)]))
            .unwrap();
    let of_resource = &spelt["resourceSpans"][0];
    assert_eq!(
        of_resource["resource"]["attributes"],
        serde_json::json!([{"key": "service.name", "value": {"stringValue": "my.service"}}])
    );
    let span = &of_resource["scopeSpans"][0]["spans"][0];
    assert_eq!(span["traceId"], TRACE);
    assert_eq!(span["spanId"], "00f067aa0ba902b7");
    assert_eq!(span["parentSpanId"], "53995c3f42cd8ad8");
    assert_eq!(span["kind"], 5);
    assert_eq!(span["startTimeUnixNano"], "1544712660000000000");
    assert_eq!(span["endTimeUnixNano"], "1544712661000000000");
    assert_eq!(span["attributes"][1], serde_json::json!({"key": "order.version", "value": {"intValue": "3"}}));
    assert_eq!(span.get("status"), None);
}

#[test]
fn without_an_endpoint_nobody_is_told() {
    type Variables = &'static [(&'static str, &'static str)];
    let cases: [(Variables, Option<&str>); 7] = [
        (&[], None),
        (&[("OTEL_SERVICE_NAME", "shop")], None),
        (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/")], Some("http://c:4318/v1/traces")),
        (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/otel")], Some("http://c:4318/otel/v1/traces")),
        (
            &[
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:1"),
                ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://d:2/spans"),
            ],
            Some("http://d:2/spans"),
        ),
        (&[("OTEL_TRACES_EXPORTER", "otlp")], Some("http://localhost:4318/v1/traces")),
        (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"), ("OTEL_TRACES_EXPORTER", "none")], None),
    ];
    for (variables, url) in cases {
        let read = settings(variables).unwrap();
        assert_eq!(read.as_ref().map(|settings| settings.url.as_str()), url, "{variables:?}");
    }
    assert_eq!(settings(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"), ("OTEL_SDK_DISABLED", "TRUE")]), Ok(None));
    let given = Settings::read(Some("http://e:3"), "1", |_| None).unwrap().unwrap();
    assert_eq!(given.url, "http://e:3/v1/traces");
}

#[test]
fn the_standard_variables_are_read() {
    let read = settings(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://c"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b%3D, x = 1"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "X=2"),
        ("OTEL_SERVICE_NAME", "shop"),
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,deployment.environment.name=test"),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "100"),
    ]);
    let read = read.unwrap().unwrap();
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(read.headers, [pair("api-key", "a b="), pair("X", "2")]);
    assert_eq!(
        read.resource,
        [pair("deployment.environment.name", "test"), pair("service.name", "shop"), pair("service.version", "1.2.3")]
    );
    assert_eq!((read.every.as_millis(), read.waiting_max, read.batch_max), (50, 100, 100));
    assert!(!format!("{read:?}").contains("a b="), "a header may be a secret");
}

#[test]
fn what_cannot_be_meant_is_refused_by_name() {
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "no pair"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=%zz"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_BSP_SCHEDULE_DELAY", "-1"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
    ] {
        let refused = settings(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"), (name, value)]).unwrap_err();
        assert_eq!(refused.variable, name, "{value}");
    }
}

#[test]
fn a_sampler_keeps_its_share_and_follows_whom_it_is_told_to() {
    let of = |count: u64| TraceId::derived(&[&count.to_be_bytes()]);
    let kept = |sampler: Sampler| (0..10_000).filter(|count| sampler.keeps(of(*count), None)).count();
    let parse = |name, argument| Sampler::parse(name, argument).unwrap();
    assert_eq!(kept(parse("always_on", None)), 10_000);
    assert_eq!(kept(parse("always_off", None)), 0);
    let tenth = kept(parse("parentbased_traceidratio", Some("0.1")));
    assert!((800..1_200).contains(&tenth), "{tenth}");
    for (name, decided, keeps) in [
        ("parentbased_always_on", false, false),
        ("parentbased_always_off", true, true),
        ("always_on", false, true),
        ("always_off", true, false),
    ] {
        assert_eq!(parse(name, None).keeps(of(1), Some(decided)), keeps, "{name}");
    }
    assert!(Sampler::parse("traceidratio", Some("1.1")).is_err());
}
