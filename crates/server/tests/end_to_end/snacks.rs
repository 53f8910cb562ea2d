//! Serverless Snacks: each order that was taken in ends PROCESSED, once, however often the server is killed; what cannot
//! be processed is kept as it came, and can be tried again.

use crate::harness::{self, Chance, Connection, Server, Start, soon};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

const TABLE: &str = "Orders";
const ROUNDS: u64 = 4;
const CLIENTS: usize = 4;

fn up(data: &Path, template: &Path) -> Server {
    Server::up(&Start { data, template, failing: "" })
}

fn order(customer: &str) -> Json {
    json!({
        "customerName": customer,
        "snackItems": [{"name": "Chips", "quantity": 2, "price": 3.99}, {"name": "Soda", "quantity": 1, "price": 1.99}],
        "totalAmount": 9.97
    })
}

/// Invokes a function; the answer over HTTP.
fn invoke(connection: &mut Connection, function: &str, kind: &str, payload: &Json) -> std::io::Result<harness::Answer> {
    let path = format!("/2015-03-31/functions/{function}/invocations");
    let headers = [("X-Amz-Invocation-Type", kind), ("X-Amz-Log-Type", "Tail")];
    connection.request("POST", &path, &headers, payload.to_string().as_bytes())
}

/// Every order, by its id.
fn orders(connection: &mut Connection) -> BTreeMap<String, Json> {
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

fn processed(server: &Server, id: &str) -> Json {
    soon("the order is processed", || {
        let order = orders(&mut server.connect()).remove(id).ok_or(Json::Null)?;
        if order["status"]["S"] == "PROCESSED" { Ok(order) } else { Err(order) }
    })
}

/// `kill -9`, while others still talk to it.
fn kill(server: &Server) {
    let killed = std::process::Command::new("kill").args(["-9", &server.id().to_string()]).status().unwrap();
    assert!(killed.success());
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

/// Orders are taken in as fast as can be, while the server is killed again and again: whatever was answered 201 is there
/// and ends PROCESSED, and so does whatever else was stored; each becomes so in one change.
#[test]
fn every_order_is_processed_once_however_often_the_server_is_killed() {
    let directory = harness::directory();
    let (data, template) = (directory.path().join("data"), harness::stack("snacks.yaml"));
    let mut chance = Chance(0x5_4AC6);
    let taken: Mutex<Vec<String>> = Mutex::default();
    for _ in 0..ROUNDS {
        let server = up(&data, &template);
        let (dead, after) = (AtomicBool::new(false), chance.millis(20, 400));
        std::thread::scope(|scope| {
            for client in 0..CLIENTS {
                let (server, taken, dead) = (&server, &taken, &dead);
                scope.spawn(move || {
                    // On a busy machine the server may be gone before its clients have come.
                    let Ok(mut connection) = Connection::open(&server.admin) else { return };
                    while !dead.load(Ordering::Relaxed) {
                        let payload = order(&format!("Customer {client}"));
                        let answer = invoke(&mut connection, "order-creator", "RequestResponse", &payload);
                        // It was killed while somebody waited.
                        let Ok(answer) = answer else { return };
                        let told = answer.ok();
                        assert_eq!(told["statusCode"], 201, "{told}");
                        taken.lock().unwrap().push(told["order"]["orderId"].as_str().unwrap().to_owned());
                    }
                });
            }
            std::thread::sleep(after);
            kill(&server);
            dead.store(true, Ordering::Relaxed);
        });
    }
    let server = up(&data, &template);
    let taken = taken.into_inner().unwrap();
    assert!(taken.len() > 20, "only {} orders were taken in", taken.len());
    let all = soon("every order is processed", || {
        let all = orders(&mut server.connect());
        let waiting: Vec<&String> =
            all.iter().filter(|(_, one)| one["status"]["S"] != "PROCESSED").map(|one| one.0).collect();
        if waiting.is_empty() { Ok(all) } else { Err(waiting.len()) }
    });
    for id in &taken {
        assert!(all.contains_key(id), "{id} was answered 201 and is not there");
    }
    for id in all.keys().step_by(7) {
        let told = server.ask(&format!("explain?order={id}"));
        let changes = told["histories"][0]["changes"].as_array().unwrap();
        let kinds: Vec<&str> = changes.iter().map(|change| change["event"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["INSERT", "MODIFY"], "{id}");
    }
    let url = server.said["stacks"][0]["outputs"]["DLQUrl"].clone();
    let received = server.connect().queues("ReceiveMessage", &json!({ "QueueUrl": url }));
    assert_eq!(received["Messages"].as_array().map_or(0, Vec::len), 0, "{received}");
    server.stop();
}
