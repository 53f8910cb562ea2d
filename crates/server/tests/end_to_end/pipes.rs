//! Pipes as a template and a client make them: what goes in at one end comes out at the other, once where the target is in
//! the commit of the source's progress, however the server ends in between.

use crate::harness::{self, Answer, Connection, Server, Start, soon};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A client of pipes, tables and queues.
struct Client {
    connection: Connection,
    base: String,
}

impl Client {
    fn of(server: &Server) -> Self {
        Self { connection: server.connect(), base: format!("http://{}/000000000000/", server.admin) }
    }

    fn pipe(&mut self, method: &str, path: &str, body: &Json) -> Answer {
        let headers = [("Content-Type", "application/json")];
        self.connection.request(method, path, &headers, body.to_string().as_bytes()).unwrap()
    }

    fn order(&mut self, id: &str) {
        let item = json!({ "orderId": { "S": id }, "status": { "S": "pending" } });
        let body = json!({ "TableName": "NewOrders", "Item": item });
        self.connection.tables("PutItem", &body).unwrap().ok();
    }

    fn send(&mut self, queue: &str, body: &str) {
        let url = format!("{}{queue}", self.base);
        self.connection.queues("SendMessage", &json!({ "QueueUrl": url, "MessageBody": body }));
    }

    /// So many messages of a queue, which are taken out of it.
    fn take(&mut self, queue: &str, count: usize) -> Vec<Json> {
        let url = format!("{}{queue}", self.base);
        let asked = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1 });
        let mut bodies = Vec::new();
        soon("messages come", || {
            let told = self.connection.queues("ReceiveMessage", &asked);
            for message in told["Messages"].as_array().into_iter().flatten() {
                let gone = json!({ "QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"] });
                self.connection.queues("DeleteMessage", &gone);
                let body = message["Body"].as_str().unwrap();
                bodies.push(serde_json::from_str(body).unwrap_or_else(|_| json!(body)));
            }
            if bodies.len() >= count { Ok(()) } else { Err(bodies.clone()) }
        });
        bodies
    }
}

fn template() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/templates/pipes.yaml")
}

fn up(data: &std::path::Path) -> Server {
    Server::up(&Start { data, template: &template(), failing: "ORD-POISON" })
}

/// How often each value is there.
fn counted(values: impl IntoIterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    values.into_iter().for_each(|value| *counted.entry(value).or_default() += 1);
    counted
}

#[test]
fn a_templates_pipes_hand_on_once_what_came_in() {
    let data = harness::directory();
    let mut ids = Vec::new();
    // Twice the server is killed as soon as all is acknowledged, whatever is on its way.
    for round in 0..3 {
        let server = up(data.path());
        let mut client = Client::of(&server);
        for at in 0..5 {
            let id = format!("ORD-{round}-{at}");
            client.order(&id);
            client.send("in", &json!({ "id": id }).to_string());
            ids.push(id);
        }
        client.send("in", &json!({ "id": "of somebody else" }).to_string());
        if round < 2 {
            server.kill();
            continue;
        }
        let once: BTreeMap<String, usize> = ids.iter().map(|id| (id.clone(), 1)).collect();
        let text = |body: &Json, name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let kept = client.take("kept.fifo", ids.len());
        assert_eq!(counted(kept.iter().map(|body| text(body, "id"))), once);
        assert!(kept.iter().all(|body| body["what"] == "INSERT"));
        let heard = client.take("heard", ids.len());
        assert_eq!(counted(heard.iter().map(|event| text(&event["detail"], "id"))), once);
        assert!(heard.iter().all(|event| event["source"] == "shop" && event["detail-type"] == "INSERT"));
        // A batch of messages is one answer, with the orders of all of them.
        let mut answered = Vec::new();
        soon("every message is answered", || {
            let bodies = client.take("answers", 1);
            answered.extend(bodies.iter().flat_map(|body| body.as_array().unwrap().clone()));
            if answered.len() >= ids.len() { Ok(()) } else { Err(answered.clone()) }
        });
        assert_eq!(counted(answered.iter().map(|id| id.as_str().unwrap().to_owned())), once);
        // What the enrichment fails on comes again, until the queue takes it for poison.
        client.send("in", &json!({ "id": "ORD-POISON" }).to_string());
        assert_eq!(client.take("dead", 1), [json!({ "id": "ORD-POISON" })]);
        soon("every order is a line", || {
            let asked = json!({ "logGroupName": "/pipes/orders" });
            let told = client.connection.call("Logs_20140328.FilterLogEvents", &asked).unwrap().ok();
            let lines = told["events"].as_array().unwrap();
            let said = |id: &String| lines.iter().any(|line| line["message"] == format!("order {id}"));
            if ids.iter().all(said) { Ok(()) } else { Err(told.clone()) }
        });
        server.stop();
    }
}

#[test]
fn a_pipe_that_a_client_makes_is_there_after_a_kill_and_another_up() {
    let data = harness::directory();
    let server = up(data.path());
    let mut client = Client::of(&server);
    client.connection.queues("CreateQueue", &json!({ "QueueName": "mine" }));
    let arn = |queue: &str| format!("arn:aws:sqs:us-east-1:000000000000:{queue}");
    let asked = json!({
        "Source": arn("mine"), "Target": arn("answers"), "RoleArn": "arn:aws:iam::000000000000:role/r",
        "TargetParameters": { "InputTemplate": "<$.body>" },
    });
    let made = client.pipe("POST", "/v1/pipes/mine", &asked).ok();
    assert_eq!((&made["DesiredState"], &made["CurrentState"]), (&json!("RUNNING"), &json!("CREATING")));
    client.send("mine", "first");
    assert_eq!(client.take("answers", 1), [json!("first")]);
    client.send("mine", "second");
    server.kill();

    let server = up(data.path());
    let mut client = Client::of(&server);
    assert_eq!(client.take("answers", 1), [json!("second")]);
    let told = client.pipe("GET", "/v1/pipes/mine", &Json::Null).ok();
    assert_eq!(
        (&told["CurrentState"], &told["TargetParameters"]["InputTemplate"]),
        (&json!("RUNNING"), &json!("<$.body>"))
    );
    // A template's pipe is not the client's to delete, and the client's is not the template's.
    assert_eq!(client.pipe("DELETE", "/v1/pipes/to-bus", &Json::Null).status, 409);
    assert_eq!(client.pipe("DELETE", "/v1/pipes/mine", &Json::Null).ok()["CurrentState"], "DELETING");
    assert_eq!(client.pipe("GET", "/v1/pipes/mine", &Json::Null).status, 404);
    server.stop();
}
