//! Where rules bring events, on the real server: functions, log groups through another bus, HTTP endpoints; what is given
//! up, and brought once more by hand; and whom alarms tell.

use crate::harness::{self, Connection, Server, Start, run_with_input, soon};
use serde_json::{Value as Json, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

const SECRET: &str = "a key that is long enough";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:processor";

/// A status that is never answered with.
const HANGS: u16 = 0;

/// A request: its head, line by line, and its body.
type Asked = (Vec<String>, Json);

/// Somebody who listens for HTTP, and what they were asked.
struct Receiver {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    status: Arc<AtomicU16>,
}

impl Receiver {
    fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (asked, status) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicU16::new(204)));
        let (into, answer) = (Arc::clone(&asked), Arc::clone(&status));
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming().flatten() {
                let _ = stream.set_read_timeout(Some(harness::PATIENCE));
                let mut stream = BufReader::new(stream);
                let (mut head, mut line) = (Vec::new(), String::new());
                while stream.read_line(&mut line).is_ok_and(|count| count > 2) {
                    head.push(std::mem::take(&mut line).trim_end().to_owned());
                }
                let length = head.iter().find_map(|line| line.strip_prefix("content-length: "));
                let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
                if head.is_empty() || stream.read_exact(&mut body).is_err() {
                    continue;
                }
                into.lock().unwrap().push((head, serde_json::from_slice(&body).unwrap()));
                let status = answer.load(Ordering::SeqCst);
                if status == HANGS {
                    held.push(stream);
                    continue;
                }
                let said = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                let _ = stream.get_mut().write_all(said.as_bytes());
            }
        });
        Self { url, asked, status }
    }

    /// Waits until so many have asked.
    fn asked(&self, count: usize) -> Vec<Asked> {
        soon("the endpoint is called", || {
            let asked = self.asked.lock().unwrap().clone();
            if asked.len() >= count { Ok(asked) } else { Err(asked) }
        })
    }
}

fn header<'h>(head: &'h [String], name: &str) -> &'h str {
    let of = |line: &'h String| line.split_once(": ").filter(|(known, _)| known.eq_ignore_ascii_case(name));
    head.iter().find_map(of).unwrap_or_else(|| panic!("{name} in {head:?}")).1
}

fn template(directory: &Path, endpoint: &str) -> std::path::PathBuf {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/templates/targets.yaml")).unwrap();
    let path = directory.join("targets.yaml");
    std::fs::write(
        &path,
        text.replace("Endpoint: {Type: String}", &format!("Endpoint: {{Type: String, Default: {endpoint}}}")),
    )
    .unwrap();
    path
}

fn up(directory: &Path, template: &Path) -> Server {
    let config = directory.join("orderflow.toml");
    std::fs::write(&config, "endpoint-addresses = \"127.0.0.1\"\n").unwrap();
    let start = Start { data: &directory.join("data"), template, failing: "" };
    Server::up_configured(&start, &config, &[("TEST_CRM", SECRET), ("ORDERFLOW_WEBHOOK_SECRET", SECRET)])
}

fn put(connection: &mut Connection, kind: &str, detail: &Json) {
    let entry = json!({
        "Source": "shop", "DetailType": kind, "Detail": detail.to_string(), "EventBusName": "orders",
    });
    let told = connection.call("AWSEvents.PutEvents", &json!({ "Entries": [entry] })).unwrap().ok();
    assert_eq!(told["FailedEntryCount"], 0, "{told}");
}

fn messages(connection: &mut Connection, server: &Server, queue: &str, count: usize) -> Vec<Json> {
    let url = format!("http://{}/000000000000/{queue}", server.admin);
    let asked = json!({
        "QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"], "VisibilityTimeout": 0,
    });
    soon("messages come", || {
        let told = connection.queues("ReceiveMessage", &asked);
        let messages = told["Messages"].as_array().cloned().unwrap_or_default();
        if messages.len() >= count { Ok(messages) } else { Err(told) }
    })
}

fn body(message: &Json) -> Json {
    serde_json::from_str(message["Body"].as_str().unwrap()).unwrap()
}

fn command(directory: &Path, server: &Server, arguments: &[&str]) -> harness::Ended {
    run_with_input(directory, &[arguments, &["--json", "--admin", &server.admin]].concat(), "")
}

#[test]
fn functions_log_groups_and_other_buses_get_what_the_rule_makes_of_an_event() {
    let directory = harness::directory();
    let server = up(directory.path(), &template(directory.path(), "http://127.0.0.1:9"));
    let mut connection = server.connect();
    let item = json!({ "orderId": { "S": "A-1" }, "status": { "S": "NEW" } });
    connection.tables("PutItem", &json!({ "TableName": "Orders", "Item": item })).unwrap().ok();
    put(&mut connection, "Order Placed", &json!({ "id": "A-1" }));
    put(&mut connection, "Order Placed", &json!({ "id": "nobody-knows" }));
    soon("the function says that it has processed the order", || {
        let lines = server.lines("processor", "{ $.correlationId = \"A-1\" && $.message = \"Order processed\" }");
        if lines.len() == 1 { Ok(()) } else { Err(server.lines("processor", "")) }
    });
    // What the function fails at is its own to try again, and ends in its own dead letters, as it came.
    let letters = messages(&mut connection, &server, "failed", 1);
    let expected = json!({
        "detail-type": "Order Created", "detail": { "orderId": "nobody-knows", "correlationId": "nobody-knows" },
    });
    assert_eq!(letters.iter().map(body).collect::<Vec<_>>(), [expected]);
    soon("the lines of the ledger are there", || {
        let asked = json!({ "logGroupName": "/aws/events/ledger" });
        let told = connection.call("Logs_20140328.FilterLogEvents", &asked).unwrap().ok();
        let mut lines: Vec<&str> =
            told["events"].as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap().trim()).collect();
        lines.sort_unstable();
        if lines == ["\"booked A-1\"", "\"booked nobody-knows\""] { Ok(()) } else { Err(told.clone()) }
    });
    server.stop();
}

#[test]
fn an_endpoint_is_called_signed_and_what_it_refuses_can_be_sent_again() {
    let directory = harness::directory();
    let receiver = Receiver::listen();
    let server = up(directory.path(), &template(directory.path(), &receiver.url));
    let mut connection = server.connect();
    put(&mut connection, "Order Shipped", &json!({ "id": "A/1", "tier": "gold" }));
    let (head, told) = receiver.asked(1).remove(0);
    assert_eq!(head[0], "POST /orders/A%2F1?by=orderflow HTTP/1.1");
    assert_eq!(told, json!({ "id": "A/1", "tier": "gold" }));
    assert_eq!((header(&head, "x-key"), header(&head, "x-shop"), header(&head, "x-tier")), (SECRET, "snacks", "gold"));
    assert!(header(&head, "webhook-id").ends_with(":shipped:crm"));
    assert!(header(&head, "webhook-signature").starts_with("v1,") && !header(&head, "webhook-timestamp").is_empty());

    receiver.status.store(500, Ordering::SeqCst);
    put(&mut connection, "Order Shipped", &json!({ "id": "A-2", "tier": "gold" }));
    let letter = messages(&mut connection, &server, "undelivered", 1).remove(0);
    let attribute =
        |name: &str| letter["MessageAttributes"][name]["StringValue"].as_str().unwrap_or_default().to_owned();
    assert_eq!(attribute("ERROR_CODE"), "ERROR_FROM_TARGET");
    assert_eq!((attribute("RETRY_ATTEMPTS").as_str(), receiver.asked(3).len()), ("1", 3));
    assert_eq!(attribute("EXHAUSTED_RETRY_CONDITION"), "MaximumRetryAttempts");
    assert_eq!(body(&letter)["detail"]["id"], "A-2");

    let listed = command(directory.path(), &server, &["dlq", "list"]).json();
    let queue = listed["queues"].as_array().unwrap().iter().find(|queue| queue["queue"] == "undelivered").unwrap();
    assert_eq!(queue["deadLetters"], true);
    let dead = &queue["oldest"][0]["dead"];
    assert_eq!((&dead["pipe"], &dead["attempts"]), (&json!("rule orders/shipped"), &json!(2)), "{dead}");
    let redrive = || command(directory.path(), &server, &["dlq", "redrive", "undelivered"]);
    assert_eq!(redrive().code, Some(1), "it fails again, and stays");
    assert_eq!(receiver.asked(4).len(), 4);
    receiver.status.store(200, Ordering::SeqCst);
    let done = redrive();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(receiver.asked(5).len(), 5);
    let counts = server.ask("dlq/list?limit=1");
    let left = counts["queues"].as_array().unwrap().iter().find(|queue| queue["queue"] == "undelivered").unwrap();
    assert_eq!(left["messages"], 0);
    assert!(!server.complaints().contains(SECRET));
    server.stop();
    nothing_holds(SECRET, &directory.path().join("data"));
}

/// Holds that no file below a directory has this text in it.
fn nothing_holds(text: &str, directory: &Path) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            nothing_holds(text, &path);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{}", path.display());
    }
}

#[test]
fn a_call_that_a_crash_cut_off_is_made_again_and_known_again() {
    let directory = harness::directory();
    let receiver = Receiver::listen();
    let template = template(directory.path(), &receiver.url);
    let server = up(directory.path(), &template);
    receiver.status.store(HANGS, Ordering::SeqCst);
    put(&mut server.connect(), "Order Shipped", &json!({ "id": "A-1", "tier": "gold" }));
    receiver.asked(1);
    server.kill();
    receiver.status.store(204, Ordering::SeqCst);
    let server = up(directory.path(), &template);
    let asked = receiver.asked(2);
    assert_eq!(header(&asked[0].0, "webhook-id"), header(&asked[1].0, "webhook-id"));
    assert_eq!(asked[0].1, asked[1].1);
    server.stop();
    let server = up(directory.path(), &template);
    let listed = server.ask("dlq/list?limit=1");
    assert!(listed["queues"].as_array().unwrap().iter().all(|queue| queue["messages"] == 0), "{listed}");
    assert_eq!(receiver.asked(2).len(), 2, "it was taken once");
    server.stop();
}

#[test]
fn a_secret_that_is_not_there_is_asked_for_and_an_address_that_is_not_listed_is_not_called() {
    let directory = harness::directory();
    let receiver = Receiver::listen();
    let template = template(directory.path(), &receiver.url);
    let data = directory.path().join("data");
    let refused = Server::try_up(&Start { data: &data, template: &template, failing: "" }).err().unwrap();
    assert!(refused.contains("set the environment variable TEST_CRM"), "{refused}");
    let server = Server::up_where(&Start { data: &data, template: &template, failing: "" }, &[("TEST_CRM", SECRET)]);
    let mut connection = server.connect();
    put(&mut connection, "Order Shipped", &json!({ "id": "A-1", "tier": "gold" }));
    let letter = messages(&mut connection, &server, "undelivered", 1).remove(0);
    assert_eq!(letter["MessageAttributes"]["ERROR_CODE"]["StringValue"], "NO_PERMISSIONS");
    let why = letter["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"].as_str().unwrap();
    assert!(why.contains("is not public") && why.contains("endpoint-addresses"), "{why}");
    assert_eq!(receiver.asked.lock().unwrap().len(), 0);
    server.stop();
}

#[test]
fn an_alarm_is_an_event_on_the_default_bus_and_tells_whom_it_names() {
    let directory = harness::directory();
    let receiver = Receiver::listen();
    let server = up(directory.path(), &template(directory.path(), &receiver.url));
    let mut connection = server.connect();
    let arn = |resource: &str| format!("arn:aws:events:us-east-1:000000000000:{resource}");
    let listed = connection.call("AWSEvents.ListApiDestinations", &json!({})).unwrap().ok();
    let destination = listed["ApiDestinations"][0]["ApiDestinationArn"].as_str().unwrap().to_owned();
    let actions = json!([
        FUNCTION,
        arn("event-bus/ledger"),
        arn("event-bus/default"),
        destination,
        format!("{}/alarms", receiver.url),
    ]);
    // What nobody measures keeps the state that it was given: a minute may turn while this runs.
    let alarm = json!({
        "AlarmName": "hot", "Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": actions,
        "TreatMissingData": "ignore",
    });
    let service = "GraniteServiceVersion20100801";
    connection.call(&format!("{service}.PutMetricAlarm"), &alarm).unwrap().ok();
    let state = json!({ "AlarmName": "hot", "StateValue": "ALARM", "StateReason": "a test" });
    connection.call(&format!("{service}.SetAlarmState"), &state).unwrap().ok();

    let rung = messages(&mut connection, &server, "bell", 1);
    let event = body(&rung[0]);
    assert_eq!(
        (&event["source"], &event["detail-type"]),
        (&json!("aws.cloudwatch"), &json!("CloudWatch Alarm State Change"))
    );
    assert_eq!(event["resources"], json!(["arn:aws:cloudwatch:us-east-1:000000000000:alarm:hot"]));
    assert_eq!((&event["detail"]["alarmName"], &event["detail"]["state"]["value"]), (&json!("hot"), &json!("ALARM")));
    assert_eq!(rung.len(), 1, "naming the default bus repeats nothing");
    // The function knows no such event, so it is a dead letter of the function: what AWS hands to functions.
    let handed = body(&messages(&mut connection, &server, "failed", 1)[0]);
    assert_eq!(
        handed,
        json!({
            "source": "aws.cloudwatch", "alarmArn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:hot",
            "accountId": "000000000000", "region": "us-east-1", "time": event["detail"]["state"]["timestamp"],
            "alarmData": event["detail"],
        })
    );
    // The endpoint's path wants an order's id, which an alarm has not; the webhook is told.
    let (head, told) = receiver.asked(1).remove(0);
    assert_eq!((head[0].as_str(), &told), ("POST /alarms HTTP/1.1", &event));
    assert!(header(&head, "webhook-signature").starts_with("v1,"));
    let history = json!({ "AlarmName": "hot", "HistoryItemType": "Action" });
    let told = soon("each action is noted", || {
        let told = connection.call(&format!("{service}.DescribeAlarmHistory"), &history).unwrap().ok();
        if told["AlarmHistoryItems"].as_array().unwrap().len() == 5 { Ok(told) } else { Err(told) }
    });
    let failed: Vec<&str> = told["AlarmHistoryItems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["HistorySummary"].as_str().unwrap())
        .filter(|summary| summary.starts_with("Failed"))
        .collect();
    assert_eq!(failed.len(), 1, "{told}");
    assert!(failed[0].contains("api-destination"), "{failed:?}");
    server.stop();
}
