//! Serverless Snacks: each order that was taken in ends PROCESSED; what cannot be processed is kept as it came, and can be
//! tried again; what was told can be told again.

use crate::harness::{self, Connection, Server, Start, soon};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(crate) const TABLE: &str = "Orders";
pub(crate) const BUS: &str = "serverless-snacks-orders";

pub(crate) fn up(data: &Path, template: &Path) -> Server {
    Server::up(&Start { data, template, failing: "" })
}

pub(crate) fn order(customer: &str) -> Json {
    json!({
        "customerName": customer,
        "snackItems": [{"name": "Chips", "quantity": 2, "price": 3.99}, {"name": "Soda", "quantity": 1, "price": 1.99}],
        "totalAmount": 9.97
    })
}

/// Invokes a function; the answer over HTTP.
pub(crate) fn invoke(
    connection: &mut Connection,
    function: &str,
    kind: &str,
    payload: &Json,
) -> std::io::Result<harness::Answer> {
    let path = format!("/2015-03-31/functions/{function}/invocations");
    let headers = [("X-Amz-Invocation-Type", kind), ("X-Amz-Log-Type", "Tail")];
    connection.request("POST", &path, &headers, payload.to_string().as_bytes())
}

/// Every order, by its id.
pub(crate) fn orders(connection: &mut Connection) -> BTreeMap<String, Json> {
    let (mut found, mut asked) = (BTreeMap::new(), json!({ "TableName": TABLE }));
    loop {
        let page = connection.tables("Scan", &asked).unwrap().ok();
        for item in page["Items"].as_array().unwrap() {
            found.insert(item["orderId"]["S"].as_str().unwrap().to_owned(), item.clone());
        }
        match page.get("LastEvaluatedKey") {
            Some(key) => asked["ExclusiveStartKey"] = key.clone(),
            None => return found,
        }
    }
}

/// Calls an operation of event buses.
pub(crate) fn events(connection: &mut Connection, operation: &str, body: &Json) -> Json {
    let answer = connection.call(&format!("AWSEvents.{operation}"), body).unwrap();
    assert_eq!(answer.status, 200, "{operation} {body}: {}", answer.text());
    if answer.body.is_empty() { Json::Null } else { answer.json() }
}

/// How many events the archive has.
pub(crate) fn archived(connection: &mut Connection) -> u64 {
    let told = events(connection, "DescribeArchive", &json!({"ArchiveName": "serverless-snacks-orders"}));
    told["EventCount"].as_u64().unwrap()
}

/// Has all that the archive has told again, to the processor only.
pub(crate) fn replay(connection: &mut Connection, name: &str) {
    let arn = |what: &str| format!("arn:aws:events:us-east-1:000000000000:{what}");
    let rule = arn(&format!("rule/{BUS}/order-created"));
    let asked = json!({
        "ReplayName": name, "EventSourceArn": arn("archive/serverless-snacks-orders"),
        "EventStartTime": 1, "EventEndTime": 4_000_000_000_u64,
        "Destination": {"Arn": arn(&format!("event-bus/{BUS}")), "FilterArns": [rule]},
    });
    events(connection, "StartReplay", &asked);
}

fn processed(server: &Server, id: &str) -> Json {
    soon("the order is processed", || {
        let order = orders(&mut server.connect()).remove(id).ok_or(Json::Null)?;
        if order["status"]["S"] == "PROCESSED" { Ok(order) } else { Err(order) }
    })
}

/// The template, with another number of retries.
fn template_with_retries(directory: &Path, retries: u32) -> PathBuf {
    let text = std::fs::read_to_string(harness::stack("snacks.yaml")).unwrap();
    let changed = text.replace("MaximumRetryAttempts: 2", &format!("MaximumRetryAttempts: {retries}"));
    assert_ne!(changed, text);
    let path = directory.join("snacks.yaml");
    std::fs::write(&path, changed).unwrap();
    path
}

#[test]
fn an_order_becomes_processed_and_its_event_may_come_twice() {
    let directory = harness::directory();
    let server = up(directory.path(), &harness::stack("snacks.yaml"));
    let mut connection = server.connect();
    let answer = invoke(&mut connection, "order-creator", "RequestResponse", &order("Alice Smith")).unwrap();
    assert_eq!(answer.header("x-amz-function-error"), None);
    assert!(answer.header("x-amz-log-result").is_some());
    let told = answer.ok();
    assert_eq!((&told["statusCode"], &told["order"]["status"]), (&json!(201), &json!("NEW")));
    let id = told["order"]["orderId"].as_str().unwrap().to_owned();
    let done = processed(&server, &id);
    assert_eq!(done["customerName"]["S"], "Alice Smith");
    assert_eq!(done["totalAmount"]["N"], "9.97");
    assert_eq!(done["processedAt"], done["updatedAt"]);
    // The same id leads through the lines of both functions; on AWS it is the id of the request too.
    let correlation = told["correlationId"].as_str().unwrap();
    assert_eq!(answer.header("x-amzn-requestid"), Some(correlation));
    for (function, message) in [("order-creator", "Order Created"), ("order-processor", "Order processed")] {
        let filter = format!("{{ $.correlationId = \"{correlation}\" && $.message = \"{message}\" }}");
        soon("the line is there", || {
            let lines = server.lines(function, &filter);
            if lines.len() == 1 { Ok(()) } else { Err(lines) }
        });
    }
    // It went over the bus, and the archive has it: with the order, in one commit.
    assert_eq!(archived(&mut connection), 1);
    let event = json!({"detail-type": "Order Created", "detail": {"orderId": id, "correlationId": "again"}});
    let answer = invoke(&mut connection, "order-processor", "Event", &event).unwrap();
    assert_eq!((answer.status, answer.body.len()), (202, 0));
    soon("the second delivery is noticed", || {
        let lines = server.lines("order-processor", "{ $.correlationId = \"again\" && $.message = \"Order was*\" }");
        if lines.len() == 1 { Ok(()) } else { Err(lines) }
    });
    assert_eq!(orders(&mut connection)[&id], done);
    // What is wrong is answered, and nothing of it is stored.
    let mut wrong = order("Mallory");
    wrong["totalAmount"] = json!(1);
    let told = invoke(&mut connection, "order-creator", "RequestResponse", &wrong).unwrap().ok();
    assert_eq!(told["problems"], json!(["totalAmount: is 1.00, but the items cost 9.97"]));
    assert_eq!(orders(&mut connection).len(), 1);
    assert_eq!(archived(&mut connection), 1);
    server.stop();
}

#[test]
fn who_else_listens_hears_of_the_order_too_and_a_rule_that_is_off_brings_nothing() {
    let directory = harness::directory();
    let server = up(directory.path(), &harness::stack("snacks.yaml"));
    let mut connection = server.connect();
    let url = connection.queues("CreateQueue", &json!({"QueueName": "kitchen"}))["QueueUrl"].clone();
    events(
        &mut connection,
        "PutRule",
        &json!({
            "Name": "kitchen", "EventBusName": BUS,
            "EventPattern": r#"{"source":["serverless-snacks"],"detail":{"snackItems":{"name":["Chips"]}}}"#,
        }),
    );
    let target = json!({"Id": "1", "Arn": "arn:aws:sqs:us-east-1:000000000000:kitchen", "InputPath": "$.detail"});
    events(&mut connection, "PutTargets", &json!({"Rule": "kitchen", "EventBusName": BUS, "Targets": [target]}));
    events(&mut connection, "DisableRule", &json!({"Name": "order-created", "EventBusName": BUS}));
    let told = invoke(&mut connection, "order-creator", "RequestResponse", &order("Alice")).unwrap().ok();
    let asked = json!({"QueueUrl": url, "WaitTimeSeconds": 5});
    let heard = connection.queues("ReceiveMessage", &asked);
    let heard: Json = serde_json::from_str(heard["Messages"][0]["Body"].as_str().unwrap()).unwrap();
    let mut expected = told["order"].clone();
    expected["correlationId"] = told["correlationId"].clone();
    assert_eq!(heard, expected);
    // The processor's work would have been part of the same commit.
    assert!(server.lines("order-processor", "").is_empty());
    let id = told["order"]["orderId"].as_str().unwrap();
    assert_eq!(orders(&mut connection)[id]["status"]["S"], "NEW");
    events(&mut connection, "EnableRule", &json!({"Name": "order-created", "EventBusName": BUS}));
    replay(&mut connection, "again");
    processed(&server, id);
    server.stop();
}

#[test]
fn what_cannot_be_processed_is_kept_as_it_came_and_can_be_tried_again() {
    let directory = harness::directory();
    let data = directory.path().join("data");
    let server = up(&data, &template_with_retries(directory.path(), 0));
    let mut connection = server.connect();
    let event = json!({"detail-type": "Order Created", "detail": {"orderId": "lost", "note": "größe 🚀"}});
    assert_eq!(invoke(&mut connection, "order-processor", "DryRun", &event).unwrap().status, 204);
    let accepted = invoke(&mut connection, "order-processor", "Event", &event).unwrap();
    assert_eq!(accepted.status, 202);
    let url = server.said["stacks"][0]["outputs"]["DLQUrl"].clone();
    let asked =
        json!({"QueueUrl": url, "MessageAttributeNames": ["All"], "WaitTimeSeconds": 1, "VisibilityTimeout": 0});
    let letter = soon("the event is given up", || {
        let received = server.connect().queues("ReceiveMessage", &asked);
        received["Messages"][0].as_object().cloned().ok_or(received)
    });
    let body: Json = serde_json::from_str(letter["Body"].as_str().unwrap()).unwrap();
    assert_eq!(body, event);
    let attribute = |name: &str| {
        let attribute = &letter["MessageAttributes"][name];
        (attribute["DataType"].as_str().unwrap(), attribute["StringValue"].as_str().unwrap())
    };
    assert_eq!(attribute("RequestID"), ("String", accepted.header("x-amzn-requestid").unwrap()));
    assert_eq!(attribute("ErrorCode"), ("Number", "200"));
    assert_eq!(attribute("ErrorMessage"), ("String", "there is no order lost"));
    let told = server.lines("order-processor", "\"given up after 1 attempts\"");
    assert_eq!(told.len(), 1, "{told:?}");
    let command_line = |arguments: &[&str]| {
        let arguments = [&["--data-dir", data.to_str().unwrap(), "dlq"], arguments, &["--json"]].concat();
        harness::run(directory.path(), &arguments).json()
    };
    let listed = command_line(&["list"]);
    assert!(listed.to_string().contains("there is no order lost"), "{listed}");
    // The order comes after all, and the letter is delivered again: by the client's own hand, which changes nothing of
    // it, or by the command line, after which it is gone.
    let put = |connection: &mut Connection| {
        let item = json!({"orderId": {"S": "lost"}, "status": {"S": "NEW"}});
        connection.tables("PutItem", &json!({"TableName": TABLE, "Item": item})).unwrap().ok();
    };
    put(&mut connection);
    let answer = invoke(&mut connection, "order-processor", "RequestResponse", &body).unwrap().ok();
    assert_eq!(answer["status"], "PROCESSED");
    processed(&server, "lost");
    put(&mut connection);
    let redriven = command_line(&["redrive", "serverless-snacks-dlq"]);
    processed(&server, "lost");
    let left = server.connect().queues("ReceiveMessage", &asked);
    assert_eq!(left["Messages"].as_array().map_or(0, Vec::len), 0, "{left}, after {redriven}");
    server.stop();
}
