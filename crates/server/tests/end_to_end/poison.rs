//! One order of a hundred cannot be done: the others go through, and it ends in the dead-letter queue, to be delivered
//! again when the cause is gone.
//!
//! The template is the repository's own, but for a batching window: with it the hundred reach the function as one
//! batch, however they were written. Without a crash each of the others is done exactly once. A crash may repeat what
//! was on its way, and nothing else: counted attempts are durable before the next one begins.

use crate::harness::{self, Server, Start, soon};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};

const ORDERS: usize = 100;
/// In the middle, so that there are orders before it and after it.
const POISON: &str = "P-037";
const FUNCTION: &str = "PremiumOrderLambda";
const QUEUE: &str = "PremiumOrdersDLQ";
/// The template's `MaximumRetryAttempts`, and the attempt before the first retry.
const ATTEMPTS: u64 = 3 + 1;

fn id(at: usize) -> String {
    format!("P-{at:03}")
}

/// The premium stack, whose premium pipe waits until it has a whole batch.
fn template(directory: &Path) -> PathBuf {
    let text = std::fs::read_to_string(harness::stack("premium.yaml")).unwrap();
    let (before, premium) = text.split_once("  PremiumOrdersPipe:").unwrap();
    let batch = "          BatchSize: 100\n";
    assert_eq!(premium.matches(batch).count(), 1, "the premium pipe has one batch size");
    let premium = premium.replace(batch, &format!("{batch}          MaximumBatchingWindowInSeconds: 60\n"));
    let path = directory.join("premium.yaml");
    std::fs::write(&path, format!("{before}  PremiumOrdersPipe:{premium}")).unwrap();
    path
}

/// Puts all orders, in batches as large as they may be.
fn put_all(server: &Server, status: &str) {
    let mut connection = server.connect();
    let all: Vec<usize> = (0..ORDERS).collect();
    for chunk in all.chunks(25) {
        let item = |at: &usize| {
            json!({ "PutRequest": { "Item": {
                "orderId": { "S": id(*at) }, "status": { "S": status }, "amount": { "N": (1500 + at).to_string() },
                "customerEmail": { "S": "vip@example.com" } } } })
        };
        let requests: Vec<Json> = chunk.iter().map(item).collect();
        let asked = json!({ "RequestItems": { "NewOrders": requests } });
        assert_eq!(connection.tables("BatchWriteItem", &asked).unwrap().ok()["UnprocessedItems"], json!({}));
    }
}

/// How often each order was shipped, by its place.
fn shipped(server: &Server) -> Vec<usize> {
    let lines = server.lines(FUNCTION, "\"Premium order shipped!\"");
    let times = |at: usize| {
        let line = format!("🚀 Premium order shipped! Order ID: {} | Amount: {}.0", id(at), 1500 + at);
        lines.iter().filter(|printed| **printed == line).count()
    };
    let times: Vec<usize> = (0..ORDERS).map(times).collect();
    assert_eq!(times.iter().sum::<usize>(), lines.len(), "nothing else was shipped: {lines:?}");
    times
}

fn waiting(server: &Server) -> u64 {
    let mut connection = server.connect();
    let url = format!("http://{}/000000000000/{QUEUE}", server.admin);
    let asked = json!({ "QueueUrl": url, "AttributeNames": ["All"] });
    let told = connection.queues("GetQueueAttributes", &asked);
    told["Attributes"]["ApproximateNumberOfMessages"].as_str().unwrap().parse().unwrap()
}

/// What became of the poison's shipping, as the premium pipe tells it.
fn outcomes(server: &Server) -> Vec<Json> {
    let told = server.ask(&format!("explain?order={POISON}"));
    let changes = told["histories"][0]["changes"].as_array().unwrap();
    let verdicts = changes.last().unwrap()["pipes"].as_array().unwrap().iter();
    let premium = verdicts.filter(|pipe| pipe["function"] == FUNCTION).map(|pipe| &pipe["verdict"]["outcomes"]);
    premium.flat_map(|outcomes| outcomes.as_array().cloned().unwrap_or_default()).collect()
}

/// The attempts at the poison that counted, in order.
fn counted(server: &Server) -> Vec<u64> {
    let outcomes = outcomes(server);
    let retried = outcomes.iter().filter(|outcome| outcome["result"]["then"]["kind"] == "retry");
    retried.map(|outcome| outcome["result"]["attempt"].as_u64().unwrap()).collect()
}

fn wait_for_the_letter(server: &Server) {
    soon("the poison is in the dead-letter queue", || match waiting(server) {
        1 => Ok(()),
        other => Err(format!("{other} messages; {:#?}", outcomes(server))),
    });
}

/// The dead letter is AWS's, holds what AWS leaves out, and tells of exactly the attempts that were configured.
fn the_letter_is_whole(server: &Server, directory: &Path) {
    let mut connection = server.connect();
    let url = format!("http://{}/000000000000/{QUEUE}", server.admin);
    let asked = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0 });
    let received = connection.queues("ReceiveMessage", &asked);
    let [message] = &received["Messages"].as_array().unwrap()[..] else { panic!("one message: {received:#}") };
    let body = message["Body"].as_str().unwrap();
    let members = [
        "context",
        "partnerResourceArn",
        "condition",
        "version",
        "timestamp",
        "DDBStreamBatchInfo",
        "shardId",
        "startSequenceNumber",
        "endSequenceNumber",
        "approximateArrivalOfFirstRecord",
        "approximateArrivalOfLastRecord",
        "batchSize",
        "streamArn",
    ];
    let places: Vec<usize> =
        members.iter().map(|name| body.find(&format!("\"{name}\":")).unwrap_or(usize::MAX)).collect();
    assert!(places.is_sorted() && places.last() < Some(&usize::MAX), "its members, in AWS's order: {body}");
    let told: Json = serde_json::from_str(body).unwrap();
    let batch = &told["DDBStreamBatchInfo"];
    assert_eq!(told["version"], "1.0");
    assert_eq!(told["context"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(
        told["context"]["partnerResourceArn"],
        "arn:aws:pipes:us-east-1:000000000000:pipe/premium-premium-orders"
    );
    assert_eq!((&batch["batchSize"], &batch["startSequenceNumber"]), (&json!(1), &batch["endSequenceNumber"]));
    assert!(
        batch["streamArn"]
            .as_str()
            .unwrap()
            .starts_with("arn:aws:dynamodb:us-east-1:000000000000:table/NewOrders/stream/")
    );
    assert!(batch["shardId"].as_str().unwrap().starts_with("shardId-"), "{batch}");

    let verb = |arguments: &[&str]| {
        let ended = harness::run(directory, &[arguments, &["--admin", &server.admin]].concat());
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended
    };
    let shown = verb(&["dlq", "show", QUEUE, "--json"]).json();
    let [letter] = &shown["messages"].as_array().unwrap()[..] else { panic!("one letter: {shown:#}") };
    let dead = &letter["letter"]["dead"];
    assert_eq!(dead["attempts"], ATTEMPTS, "{dead:#}");
    assert!(dead["error"].as_str().unwrap().contains(POISON), "{dead:#}");
    assert_eq!(letter["body"], body);
    let [record] = &letter["records"].as_array().unwrap()[..] else { panic!("one record: {letter:#}") };
    assert_eq!(record["dynamodb"]["NewImage"]["orderId"]["S"], POISON);
    assert_eq!(record["dynamodb"]["OldImage"]["status"]["S"], "pending");
    assert_eq!(record["dynamodb"]["SequenceNumber"], batch["startSequenceNumber"]);
    let words = verb(&["dlq", "show", QUEUE]).output;
    for part in [POISON, "ORDERFLOW_FAIL_ORDERS", FUNCTION, "RetryAttemptsExhausted"] {
        assert!(words.contains(part), "{part} is shown:\n{words}");
    }
    let listed = verb(&["dlq", "list"]).output;
    assert!(listed.contains(QUEUE), "{listed}");

    let expected: Vec<u64> = (1..ATTEMPTS).collect();
    assert_eq!(counted(server), expected, "the attempts that counted, but for the last: {:#?}", outcomes(server));
    let outcomes = outcomes(server);
    let last = &outcomes.last().unwrap()["result"];
    assert_eq!((&last["kind"], &last["attempts"], &last["queue"]), (&json!("gaveUp"), &json!(ATTEMPTS), &json!(QUEUE)));
}

/// After the cause is gone, the letter is delivered and the queue is empty.
fn redrive(start: &Start<'_>, directory: &Path) -> Server {
    let server = Server::up(&Start { failing: "", ..*start });
    assert_eq!(waiting(&server), 1, "the letter survives the restart");
    let verb = |arguments: &[&str]| harness::run(directory, &[arguments, &["--admin", &server.admin]].concat());
    let dry = verb(&["dlq", "redrive", QUEUE, "--dry-run"]);
    assert_eq!(dry.code, Some(0), "{dry:?}");
    assert_eq!((waiting(&server), shipped(&server)[37]), (1, 0), "a dry run does nothing");
    let driven = verb(&["dlq", "redrive", QUEUE, "--json"]);
    assert_eq!(driven.code, Some(0), "{driven:?}");
    let told = driven.json();
    let [letter] = &told["letters"].as_array().unwrap()[..] else { panic!("one letter: {driven:?}") };
    assert_eq!((&letter["result"]["kind"], &letter["result"]["records"]), (&json!("delivered"), &json!(1)));
    assert_eq!(waiting(&server), 0, "the queue is empty");
    assert_eq!(shipped(&server)[37], 1, "the poison was shipped");
    let again = verb(&["dlq", "redrive", QUEUE, "--json"]);
    assert_eq!((again.code, again.json()["letters"].as_array().unwrap().len()), (Some(0), 0), "nothing is left");
    server
}

#[test]
fn one_order_that_fails_costs_the_other_ninety_nine_nothing() {
    let directory = harness::directory();
    let (data, template) = (directory.path().join("data"), template(directory.path()));
    let start = Start { data: &data, template: &template, failing: POISON };
    let server = Server::up(&start);
    put_all(&server, "pending");
    put_all(&server, "shipped");
    wait_for_the_letter(&server);
    server.drain();
    let expected: Vec<usize> = (0..ORDERS).map(|at| usize::from(id(at) != POISON)).collect();
    assert_eq!(shipped(&server), expected, "each of the others once, and the poison never");
    // The batch was one: its first outcome tells of all that followed the poison, or of all.
    let first = &outcomes(&server)[0];
    assert_eq!(first["result"]["then"]["kind"], "rest", "{first:#}");
    the_letter_is_whole(&server, directory.path());
    let failed = server.lines(FUNCTION, "\"❌ Failed:\"").len() as u64;
    assert!(failed > ATTEMPTS, "the splits were invocations too, but did not count: {failed}");
    server.stop();
    let server = redrive(&start, directory.path());
    let expected: Vec<usize> = vec![1; ORDERS];
    assert_eq!(shipped(&server), expected, "each of all once");
    server.stop();
}

#[test]
fn crashes_in_the_middle_repeat_what_was_on_its_way_and_lose_nothing() {
    let directory = harness::directory();
    let (data, template) = (directory.path().join("data"), template(directory.path()));
    let start = Start { data: &data, template: &template, failing: POISON };
    let server = Server::up(&start);
    put_all(&server, "pending");
    put_all(&server, "shipped");
    // In the middle of the batch: it has failed, and is not taken apart yet.
    soon("the batch has failed", || match server.lines(FUNCTION, "\"❌ Failed:\"").len() {
        0 => Err(()),
        _ => Ok(()),
    });
    server.kill();
    // In the middle of the retries: one of them was counted.
    let server = Server::up(&start);
    soon("an attempt was counted", || match counted(&server).len() {
        0 => Err(outcomes(&server)),
        _ => Ok(()),
    });
    server.kill();
    let server = Server::up(&start);
    wait_for_the_letter(&server);
    server.drain();
    let times = shipped(&server);
    assert_eq!(times[37], 0, "the poison never");
    let missing: Vec<String> = (0..ORDERS).filter(|at| *at != 37 && times[*at] == 0).map(id).collect();
    assert!(missing.is_empty(), "each of the others at least once, but not {missing:?}");
    // Two crashes can repeat the batch that was on its way twice, and no more.
    assert!(times.iter().all(|times| *times <= 3), "{times:?}");
    the_letter_is_whole(&server, directory.path());
    server.stop();
    let server = redrive(&start, directory.path());
    assert_eq!(&shipped(&server)[..37], &times[..37], "what was done is not done again");
    assert_eq!(&shipped(&server)[38..], &times[38..], "what was done is not done again");
    server.stop();
}
