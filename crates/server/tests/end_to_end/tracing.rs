//! One trace from a request to the last handler: told to a real receiver over HTTP, whatever lies between the two: queues,
//! streams, a `kill -9`. A receiver that hangs or is away costs nobody an order.

use crate::harness::{self, Server, Start, soon};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
const SECRET: (&str, &str) = ("TEST_PAYMENTS", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");

/// What a receiver was told in one request.
#[derive(Debug, Clone)]
struct Told {
    path: String,
    headers: BTreeMap<String, String>,
    body: Json,
}

/// Somebody who listens and answers `200` with this body; one without a body says nothing at all.
struct Receiver {
    url: String,
    told: Arc<Mutex<Vec<Told>>>,
}

impl Receiver {
    fn answering(answer: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let told = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&told);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let into = Arc::clone(&into);
                std::thread::spawn(move || serve(stream, answer, &into));
            }
        });
        Self { url, told }
    }

    fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }

    /// All spans of a trace so far.
    fn spans(&self, trace: &str) -> Vec<Span> {
        let told = self.told();
        let bodies = told.iter().filter(|told| told.path == "/v1/traces").map(|told| &told.body);
        let spans = bodies.flat_map(|body| body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap());
        spans.filter(|span| span["traceId"] == trace).cloned().map(Span).collect()
    }

    /// Waits for the one span of this name under this parent.
    fn span(&self, trace: &str, name: &str, parent: &str) -> Span {
        soon(&format!("there is a span {name:?} under {parent}"), || {
            let spans = self.spans(trace);
            let mut found = spans.iter().filter(|span| span.name() == name && span.parent() == parent);
            match (found.next(), found.next()) {
                (Some(span), None) => Ok(span.clone()),
                _ => Err(spans.iter().map(Span::shown).collect::<Vec<_>>()),
            }
        })
    }
}

fn serve(stream: TcpStream, answer: Option<&str>, told: &Mutex<Vec<Told>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut line, mut headers, mut path) = (String::new(), BTreeMap::new(), String::new());
        while stream.read_line(&mut line).is_ok_and(|count| count > 2) {
            match line.trim_end().split_once(": ") {
                Some((name, value)) => drop(headers.insert(name.to_ascii_lowercase(), value.to_owned())),
                None => path = line.split(' ').nth(1).unwrap().to_owned(),
            }
            line.clear();
        }
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        if path.is_empty() || stream.read_exact(&mut body).is_err() {
            return;
        }
        let body = serde_json::from_slice(&body).unwrap();
        told.lock().unwrap().push(Told { path, headers, body });
        let Some(answer) = answer else {
            let _ = stream.read(&mut [0]);
            return;
        };
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", answer.len());
        if stream.get_mut().write_all(format!("{head}{answer}").as_bytes()).is_err() {
            return;
        }
    }
}

/// A span as it was told.
#[derive(Debug, Clone)]
struct Span(Json);

impl Span {
    fn name(&self) -> &str {
        self.0["name"].as_str().unwrap()
    }

    fn id(&self) -> &str {
        self.0["spanId"].as_str().unwrap()
    }

    fn parent(&self) -> &str {
        self.0["parentSpanId"].as_str().unwrap_or("")
    }

    fn fact(&self, key: &str) -> &Json {
        let facts = self.0["attributes"].as_array().unwrap();
        let value = facts.iter().find(|fact| fact["key"] == key).map(|fact| &fact["value"]);
        value.and_then(|value| value.as_object().unwrap().values().next()).unwrap_or(&Json::Null)
    }

    fn shown(&self) -> String {
        format!("{} {} < {}", self.name(), self.id(), self.parent())
    }

    fn begun_before_its_end(&self) -> bool {
        let at = |name: &str| self.0[name].as_str().unwrap().parse::<u64>().unwrap();
        at("startTimeUnixNano") > 1_600_000_000_000_000_000 && at("startTimeUnixNano") <= at("endTimeUnixNano")
    }
}

/// A server that tells this receiver.
fn up(data: &Path, template: &Path, failing: &str, collector: &Receiver, more: &[(&str, &str)]) -> Server {
    let usual = [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "50")];
    Server::up_where(&Start { data, template, failing }, &[&usual, more].concat())
}

/// The shop's template, with a service of ours that takes the money.
fn shop_with(directory: &Path, payments: &Receiver) -> PathBuf {
    let text = std::fs::read_to_string(harness::stack("commerce.yaml")).unwrap();
    let mut changed = text;
    for (name, value) in [("PaymentUrl", payments.url.as_str()), ("DependencySecret", SECRET.0)] {
        let usual = format!("  {name}:\n    Type: String\n    Default: \"\"\n");
        assert_eq!(changed.matches(&usual).count(), 1, "{name}");
        changed = changed.replace(&usual, &usual.replace("\"\"", &format!("\"{value}\"")));
    }
    let path = directory.join("commerce.yaml");
    std::fs::write(&path, changed).unwrap();
    path
}

/// Orders something; the order's id, and its trace if the server chose it.
fn order(server: &Server, data: &Path, headers: &[(&str, &str)]) -> (String, String) {
    let key = std::fs::read_to_string(data.join("api-key")).unwrap();
    let body = json!({
        "customerId": "C-1", "customerEmail": "ann@shop.example",
        "items": [{"sku": "TEA-1", "name": "Tea", "quantity": 1, "price": "150.00"}],
    });
    let usual = [("x-api-key", key.trim()), ("content-type", "application/json")];
    let mut connection = harness::Connection::open(&server.public).unwrap();
    let answer =
        connection.request("POST", "/orders", &[&usual, headers].concat(), body.to_string().as_bytes()).unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text());
    let trace = answer.header("x-amzn-requestid").unwrap().replace('-', "");
    (answer.json()["orderId"].as_str().unwrap().to_owned(), trace)
}

#[test]
fn one_trace_leads_from_a_request_to_the_last_handler() {
    let directory = harness::directory();
    let (collector, payments) = (Receiver::answering(Some("{}")), Receiver::answering(Some(r#"{"paymentId":"p-1"}"#)));
    let (data, template) = (directory.path().join("data"), shop_with(directory.path(), &payments));
    let headers = [("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20secret"), ("OTEL_SERVICE_NAME", "the-shop"), SECRET];
    let server = up(&data, &template, "", &collector, &headers);
    let (id, _) = order(&server, &data, &[("traceparent", &format!("00-{TRACE}-{CALLER}-01"))]);

    let request = collector.span(TRACE, "POST /orders", CALLER);
    assert_eq!((&request.0["kind"], request.fact("http.response.status_code")), (&json!(2), &json!("201")));
    let front = collector.span(TRACE, "OrdersApi", request.id());
    let commit = collector.span(TRACE, "commit order", front.id());
    assert_eq!(commit.fact("orderflow.order.id"), id.as_str());
    let queue = collector.span(TRACE, "queue OrderQueue", commit.id());
    let worker = collector.span(TRACE, "OrderWorker", queue.id());
    let steps: Vec<Span> = ["PENDING", "VALIDATING", "INVENTORY_CHECK", "PAYMENT_PROCESSING", "FULFILLMENT"]
        .map(|step| collector.span(TRACE, &format!("step {step}"), worker.id()))
        .to_vec();
    let versions: Vec<&Json> = steps.iter().map(|step| step.fact("orderflow.order.version")).collect();
    assert_eq!(versions, ["2", "3", "4", "5", "6"]);
    // What changed goes on in the trace: the order as it came in, and as it is done.
    for write in [&commit, &steps[4]] {
        let pipe = collector.span(TRACE, "pipe commerce-standard-orders", write.id());
        let handler = collector.span(TRACE, "StandardOrderFunction", pipe.id());
        assert_eq!(handler.0.get("status"), None, "{handler:?}");
    }
    // Whoever takes the money was told of the trace, and of the call of which it is a part.
    let call = collector.span(TRACE, "POST charge", worker.id());
    let charge = payments.told().into_iter().find(|told| told.path.ends_with("/charge")).unwrap();
    assert_eq!(charge.headers["traceparent"], format!("00-{TRACE}-{}-01", call.id()));

    let spans = collector.spans(TRACE);
    assert!(spans.iter().all(Span::begun_before_its_end), "{spans:#?}");
    let ids: std::collections::BTreeSet<&str> = spans.iter().map(Span::id).collect();
    assert_eq!(ids.len(), spans.len(), "each span has an id of its own");
    let told = collector.told().remove(0);
    assert_eq!(
        (told.headers["api-key"].as_str(), told.headers["content-type"].as_str()),
        ("a secret", "application/json")
    );
    let service = json!({"key": "service.name", "value": {"stringValue": "the-shop"}});
    assert!(told.body["resourceSpans"][0]["resource"]["attributes"].as_array().unwrap().contains(&service), "{told:?}");
    // It is the same trace by which logs name the order.
    let lines = server.lines("OrderWorker", "\"PENDING → VALIDATING\"");
    assert!(lines.iter().any(|line| line.contains(&format!("\"correlationId\":\"{TRACE}-01\""))), "{lines:?}");
}

#[test]
fn a_trace_that_is_none_is_passed_over_and_one_that_nobody_keeps_is_not_told() {
    let directory = harness::directory();
    let (collector, data) = (Receiver::answering(Some("{}")), directory.path().join("data"));
    let server = up(&data, &harness::stack("commerce.yaml"), "", &collector, &[]);
    // Not kept by whoever sent it; and no trace at all.
    order(&server, &data, &[("traceparent", &format!("00-{TRACE}-{CALLER}-00"))]);
    let (_, own) = order(&server, &data, &[("traceparent", "00-00000000000000000000000000000000-00f067aa0ba902b7-01")]);
    let request = collector.span(&own, "POST /orders", "");
    let front = collector.span(&own, "OrdersApi", request.id());
    let commit = collector.span(&own, "commit order", front.id());
    collector.span(&own, "pipe commerce-standard-orders", commit.id());
    collector.span(&own, "queue OrderQueue", commit.id());
    // The first order was before it, on the same way.
    soon("both are completed", || {
        let lines = server.lines("OrderWorker", "\"FULFILLMENT → COMPLETED\"");
        if lines.len() == 2 { Ok(()) } else { Err(lines) }
    });
    server.stop();
    assert!(collector.spans(TRACE).is_empty());
    // Whoever goes down tells what it still has.
    let steps = collector.spans(&own).iter().filter(|span| span.name().starts_with("step ")).count();
    assert_eq!(steps, 5);
}

/// Writes an order as an AWS client does, within a trace of the client's.
fn put(server: &Server, id: &str, status: &str) {
    let item = json!({
        "orderId": {"S": id}, "orderStatus": {"S": status}, "orderAmount": {"N": "1500"},
        "customerEmail": {"S": "vip@example.com"}, "orderDate": {"S": "2025-10-31"},
    });
    let body = json!({"TableName": "Orders", "Item": item}).to_string();
    let traceparent = format!("00-{TRACE}-{CALLER}-01");
    let headers = [
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-target", "DynamoDB_20120810.PutItem"),
        ("traceparent", &traceparent),
    ];
    assert_eq!(server.connect().request("POST", "/", &headers, body.as_bytes()).unwrap().status, 200);
}

#[test]
fn the_trace_of_an_item_goes_on_behind_a_crash() {
    let directory = harness::directory();
    let (collector, template) = (Receiver::answering(Some("{}")), harness::stack("orders.yaml"));
    let server = up(directory.path(), &template, "VIP-9", &collector, &[]);
    for status in ["pending", "shipped"] {
        put(&server, "VIP-9", status);
    }
    soon("both writes are told", || {
        let writes = collector.spans(TRACE).iter().filter(|span| span.name() == "PutItem").count();
        if writes == 2 { Ok(()) } else { Err(writes) }
    });
    let failed = |server: &Receiver| {
        let spans = server.spans(TRACE);
        let mut failed = spans.into_iter().filter(|span| span.name() == "PremiumOrderProcessorFunction");
        failed.find(|span| span.0["status"]["code"] == 2).ok_or(())
    };
    soon("the function has failed", || failed(&collector));
    server.kill();
    let server = up(directory.path(), &template, "", &collector, &[]);
    // The write that is followed is the second one.
    let done = soon("the function is done", || {
        let spans = collector.spans(TRACE);
        let done =
            spans.iter().find(|span| span.name() == "PremiumOrderProcessorFunction" && span.0.get("status").is_none());
        let pipe = done.and_then(|done| spans.iter().find(|span| span.id() == done.parent()));
        pipe.cloned().ok_or_else(|| spans.iter().map(Span::shown).collect::<Vec<_>>())
    });
    assert_eq!(done.name(), "pipe orders-premium-orders");
    let put = collector.spans(TRACE).into_iter().find(|span| span.id() == done.parent()).unwrap();
    assert_eq!((put.name(), put.parent()), ("PutItem", CALLER));
    server.stop();
}

/// A pipe that does not wait for its function leaves the batch in a queue of the function's own; the trace goes with it.
#[test]
fn the_trace_of_an_item_goes_on_where_nobody_waits() {
    let directory = harness::directory();
    let collector = Receiver::answering(Some("{}"));
    let text = std::fs::read_to_string(harness::stack("orders.yaml")).unwrap();
    let (waits, does_not) = ("InvocationType: REQUEST_RESPONSE", "InvocationType: FIRE_AND_FORGET");
    assert!(text.contains(waits));
    let template = directory.path().join("orders.yaml");
    std::fs::write(&template, text.replace(waits, does_not)).unwrap();
    let server = up(&directory.path().join("data"), &template, "", &collector, &[]);
    for status in ["pending", "shipped"] {
        put(&server, "VIP-1", status);
    }
    let pipe = soon("the pipe has handed it over", || {
        let spans = collector.spans(TRACE);
        spans.into_iter().find(|span| span.name() == "pipe orders-premium-orders").ok_or(())
    });
    let put = soon("the write is told", || {
        collector.spans(TRACE).into_iter().find(|span| span.id() == pipe.parent()).ok_or(())
    });
    assert_eq!((put.name(), put.parent()), ("PutItem", CALLER));
    collector.span(TRACE, "PremiumOrderProcessorFunction", pipe.id());
}

#[test]
fn an_event_takes_its_trace_to_its_target() {
    let directory = harness::directory();
    let (collector, template) = (Receiver::answering(Some("{}")), harness::stack("snacks.yaml"));
    let server = up(directory.path(), &template, "", &collector, &[]);
    let mut connection = server.connect();
    let bus = |connection: &mut harness::Connection, operation: &str, body: Json, more: &[(&str, &str)]| {
        let target = format!("AWSEvents.{operation}");
        let usual = [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.1")];
        let answer = connection.request("POST", "/", &[&usual, more].concat(), body.to_string().as_bytes()).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    let arn = |service: &str, name: &str| format!("arn:aws:{service}:us-east-1:000000000000:{name}");
    connection.queues("CreateQueue", &json!({"QueueName": "heard"}));
    let pattern = json!({"source": ["test"]}).to_string();
    bus(&mut connection, "PutRule", json!({"Name": "all", "EventPattern": pattern}), &[]);
    let targets = json!([
        {"Id": "function", "Arn": arn("lambda", "function:order-processor")},
        {"Id": "queue", "Arn": arn("sqs", "heard")},
    ]);
    bus(&mut connection, "PutTargets", json!({"Rule": "all", "Targets": targets}), &[]);
    let detail = json!({"orderId": "nobody's"}).to_string();
    let entries = json!([{"Source": "test", "DetailType": "Order Created", "Detail": detail}]);
    let traced = [("traceparent", format!("00-{TRACE}-{CALLER}-01"))];
    let traced = traced.each_ref().map(|(name, value)| (*name, value.as_str()));
    bus(&mut connection, "PutEvents", json!({"Entries": entries}), &traced);

    let put = collector.span(TRACE, "PutEvents", CALLER);
    let handled = collector.span(TRACE, "order-processor", put.id());
    assert_eq!(handled.0["status"]["code"], 2, "there is no such order: {handled:?}");
    // A queue says it with the header of AWS's.
    let url = format!("http://{}/000000000000/heard", server.admin);
    let asked = json!({"QueueUrl": url, "WaitTimeSeconds": 5, "MessageSystemAttributeNames": ["AWSTraceHeader"]});
    let message = connection.queues("ReceiveMessage", &asked);
    let (seconds, rest) = TRACE.split_at(8);
    let header = format!("Root=1-{seconds}-{rest};Parent={};Sampled=1", put.id());
    assert_eq!(message["Messages"][0]["Attributes"]["AWSTraceHeader"], header.as_str(), "{message}");
}

#[test]
fn a_collector_that_hangs_costs_nobody_an_order() {
    let directory = harness::directory();
    let (collector, data) = (Receiver::answering(None), directory.path().join("data"));
    let small = [("OTEL_BSP_MAX_QUEUE_SIZE", "20"), ("OTEL_EXPORTER_OTLP_TIMEOUT", "60000")];
    let server = up(&data, &harness::stack("commerce.yaml"), "", &collector, &small);
    (0..10).for_each(|_| drop(order(&server, &data, &[])));
    soon("all are completed", || {
        let lines = server.lines("OrderWorker", "\"FULFILLMENT → COMPLETED\"");
        if lines.len() == 10 { Ok(()) } else { Err(lines.len()) }
    });
    let page = server.connect().request("GET", "/metrics", &[], b"").unwrap().text();
    let dropped = page.lines().find_map(|line| line.strip_prefix("orderflow_trace_spans_total{outcome=\"dropped\"} "));
    assert!(dropped.is_some_and(|count| count.parse::<u64>().unwrap() > 0), "{page}");
    // Nor does it keep the server from going down.
    server.stop();
}

#[test]
fn settings_that_cannot_be_meant_are_said_before_anything_runs() {
    let directory = harness::directory();
    for (variable, value, said) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "is not a URL"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/json alone"),
        ("OTEL_TRACES_SAMPLER", "sometimes", "OTEL_TRACES_SAMPLER is \"sometimes\""),
    ] {
        let mut command = std::process::Command::new(harness::PROGRAM);
        command.current_dir(directory.path()).args(["up", "--admin", "0", "--public", "0"]);
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318").env(variable, value);
        let ended = command.output().unwrap();
        let errors = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.status.code() == Some(2) && errors.contains(said), "{variable}={value}: {errors}");
        assert!(!directory.path().join("orderflow-data").exists());
    }
}
