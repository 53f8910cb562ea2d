//! Event buses as clients use them: events reach the targets of the rules that match, what cannot be delivered is kept
//! with the reason, and an archive brings it all again; rules, archives and tags outlive a `kill -9`.

use crate::harness::{self, Answer, Connection, Server, Start, soon};
use serde_json::{Value as Json, json};

const ARN: &str = "arn:aws:sqs:us-east-1:000000000000:";
const BUS_ARN: &str = "arn:aws:events:us-east-1:000000000000:event-bus/orders";

/// A client of buses and queues.
struct Client {
    connection: Connection,
    base: String,
}

impl Client {
    fn of(server: &Server) -> Self {
        Self { connection: server.connect(), base: format!("http://{}/000000000000/", server.admin) }
    }

    fn call(&mut self, operation: &str, body: &Json) -> Answer {
        self.connection.call(&format!("AWSEvents.{operation}"), body).unwrap()
    }

    /// What is answered; nothing where AWS says nothing.
    fn ok(&mut self, operation: &str, body: &Json) -> Json {
        let answer = self.call(operation, body);
        assert_eq!(answer.status, 200, "{operation} {body}: {}", answer.text());
        if answer.body.is_empty() { Json::Null } else { answer.json() }
    }

    fn make_queue(&mut self, name: &str) {
        self.connection.queues("CreateQueue", &json!({ "QueueName": name }));
    }

    /// The next message of a queue, which is taken out of it.
    fn take(&mut self, queue: &str) -> Json {
        let url = format!("{}{queue}", self.base);
        let asked = json!({ "QueueUrl": url, "WaitTimeSeconds": 1, "MessageAttributeNames": ["All"] });
        let message = soon("a message comes", || {
            let told = self.connection.queues("ReceiveMessage", &asked);
            told["Messages"].get(0).cloned().ok_or(told)
        });
        self.connection.queues("DeleteMessage", &json!({ "QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"] }));
        message
    }

    fn body(&mut self, queue: &str) -> Json {
        serde_json::from_str(self.take(queue)["Body"].as_str().unwrap()).unwrap()
    }

    fn put(&mut self, tier: &str, id: &str) -> String {
        let detail = json!({ "orderId": id, "tier": tier }).to_string();
        let entry = json!({
            "Source": "shop", "DetailType": "Order Created", "Detail": detail, "EventBusName": "orders",
            "Time": 1_704_067_200,
        });
        let told = self.ok("PutEvents", &json!({ "Entries": [entry] }));
        assert_eq!(told["FailedEntryCount"], 0, "{told}");
        told["Entries"][0]["EventId"].as_str().unwrap().to_owned()
    }
}

fn up(data: &std::path::Path) -> Server {
    Server::up(&Start { data, template: &harness::stack("premium.yaml"), failing: "" })
}

#[test]
fn events_are_delivered_kept_and_brought_again() {
    let data = harness::directory();
    let server = up(data.path());
    let mut client = Client::of(&server);
    client.make_queue("whole");
    client.make_queue("short");
    client.make_queue("dead");
    client.ok("CreateEventBus", &json!({ "Name": "orders", "Tags": [{ "Key": "team", "Value": "shop" }] }));
    client.ok("CreateArchive", &json!({ "ArchiveName": "all", "EventSourceArn": BUS_ARN }));
    let pattern = json!({ "source": ["shop"], "detail": { "tier": ["premium"] } }).to_string();
    let put = json!({ "Name": "premium", "EventBusName": "orders", "EventPattern": pattern });
    let arn = "arn:aws:events:us-east-1:000000000000:rule/orders/premium";
    assert_eq!(client.ok("PutRule", &put), json!({ "RuleArn": arn }));
    let targets = json!([
        { "Id": "whole", "Arn": format!("{ARN}whole") },
        {
            "Id": "short", "Arn": format!("{ARN}short"),
            "InputTransformer": {
                "InputPathsMap": { "id": "$.detail.orderId" },
                "InputTemplate": "{\"order\": <id>, \"rule\": \"<aws.events.rule-name>\"}",
            },
        },
        { "Id": "gone", "Arn": format!("{ARN}gone"), "DeadLetterConfig": { "Arn": format!("{ARN}dead") } },
    ]);
    let put = client.ok("PutTargets", &json!({ "Rule": "premium", "EventBusName": "orders", "Targets": targets }));
    assert_eq!(put, json!({ "FailedEntryCount": 0, "FailedEntries": [] }));

    let id = client.put("premium", "A-1");
    let whole = json!({
        "version": "0", "id": id, "detail-type": "Order Created", "source": "shop", "account": "000000000000",
        "time": "2024-01-01T00:00:00Z", "region": "us-east-1", "resources": [],
        "detail": { "orderId": "A-1", "tier": "premium" },
    });
    assert_eq!(client.body("whole"), whole);
    assert_eq!(client.body("short"), json!({ "order": "A-1", "rule": "premium" }));
    // A queue that is not there is nothing that waiting mends: the event is given up at once, and says why.
    let dead = client.take("dead");
    assert_eq!(serde_json::from_str::<Json>(dead["Body"].as_str().unwrap()).unwrap(), whole);
    let attribute = |name: &str| dead["MessageAttributes"][name]["StringValue"].as_str();
    assert_eq!(attribute("RULE_ARN"), Some(arn));
    assert_eq!(attribute("TARGET_ARN"), Some(&*format!("{ARN}gone")));
    assert_eq!(attribute("ERROR_CODE"), Some("NO_RESOURCE"));

    server.kill();
    let server = up(data.path());
    let mut client = Client::of(&server);
    let listed = client.ok("ListTargetsByRule", &json!({ "Rule": "premium", "EventBusName": "orders" }));
    let mut sorted = targets.as_array().unwrap().clone();
    sorted.sort_by_key(|target| target["Id"].as_str().unwrap().to_owned());
    assert_eq!(listed, json!({ "Targets": sorted }));
    let tags = client.ok("ListTagsForResource", &json!({ "ResourceARN": BUS_ARN }));
    assert_eq!(tags, json!({ "Tags": [{ "Key": "team", "Value": "shop" }] }));
    // What a rule does not match is kept all the same.
    client.put("standard", "A-2");
    let second = client.put("premium", "A-3");
    assert_eq!(client.body("whole")["id"], json!(second));
    soon("the archive has all three", || {
        let told = client.ok("DescribeArchive", &json!({ "ArchiveName": "all" }));
        if told["EventCount"] == 3 { Ok(()) } else { Err(told) }
    });

    // What is known of an order has the events that name it.
    let item = json!({ "orderId": { "S": "A-1" }, "status": { "S": "pending" } });
    client.connection.tables("PutItem", &json!({ "TableName": "NewOrders", "Item": item })).unwrap().ok();
    let told = server.ask("explain?order=A-1");
    let event = &told["events"][0];
    assert_eq!(told["events"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(
        (&event["id"], &event["detailType"], &event["archive"]),
        (&json!(id), &json!("Order Created"), &json!("all"))
    );

    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let started = client.ok(
        "StartReplay",
        &json!({
            "ReplayName": "again", "EventSourceArn": "arn:aws:events:us-east-1:000000000000:archive/all",
            "EventStartTime": now - 3600, "EventEndTime": now + 3600, "Destination": { "Arn": BUS_ARN },
        }),
    );
    assert_eq!(started["ReplayArn"], "arn:aws:events:us-east-1:000000000000:replay/again");
    let mut brought = [client.body("whole"), client.body("whole")];
    brought.sort_by_key(|event| event["detail"]["orderId"].as_str().unwrap().to_owned());
    assert_eq!((&brought[0]["id"], &brought[0]["replay-name"]), (&json!(id), &json!("again")));
    assert_eq!((&brought[1]["id"], &brought[1]["replay-name"]), (&json!(second), &json!("again")));
    soon("the replay ends", || {
        let told = client.ok("DescribeReplay", &json!({ "ReplayName": "again" }));
        if told["State"] == "COMPLETED" { Ok(()) } else { Err(told) }
    });
    let told = client.ok("DescribeArchive", &json!({ "ArchiveName": "all" }));
    assert_eq!(told["EventCount"], 3, "what was brought again is not kept again");
    server.stop();
}

/// Whatever is wrong with it: AWS's answer, and the events beside it go through.
#[test]
fn what_is_faulty_is_refused_by_itself() {
    let data = harness::directory();
    let server = up(data.path());
    let mut client = Client::of(&server);
    client.make_queue("q");
    let entry = |detail: &str| json!({ "Source": "shop", "DetailType": "d", "Detail": detail });
    let mut elsewhere = entry("{}");
    elsewhere["EventBusName"] = json!("nowhere");
    client.ok("PutRule", &json!({ "Name": "r", "EventPattern": "{\"source\":[\"shop\"]}" }));
    client.ok("PutTargets", &json!({ "Rule": "r", "Targets": [{ "Id": "1", "Arn": format!("{ARN}q") }] }));
    let told = client.ok("PutEvents", &json!({ "Entries": [entry("no json"), entry("{\"n\":1.50}"), elsewhere] }));
    assert_eq!(told["FailedEntryCount"], 1);
    assert_eq!(told["Entries"][0], json!({ "ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed." }));
    let body = client.take("q")["Body"].as_str().unwrap().to_owned();
    assert!(body.ends_with("\"detail\":{\"n\":1.50}}"), "numbers are as they were written: {body}");
    soon("the operator is told", || {
        let said = server.complaints();
        if said.contains("there is no event bus nowhere") { Ok(()) } else { Err(said) }
    });
    let faults = [
        ("PutEvents", json!({ "Entries": [] }), "ValidationException"),
        ("PutEvents", json!({ "Entries": vec![entry("{}"); 11] }), "ValidationException"),
        ("PutEvents", json!({ "Entries": [entry(&"x".repeat(1_048_577))] }), "ValidationException"),
        ("PutRule", json!({ "Name": "bad", "EventPattern": "{\"source\":[]}" }), "InvalidEventPatternException"),
        ("PutRule", json!({ "Name": "bad" }), "ValidationException"),
        (
            "PutRule",
            json!({ "Name": "r", "EventPattern": "{\"a\":[1]}", "EventBusName": "nowhere" }),
            "ResourceNotFoundException",
        ),
        ("DescribeRule", json!({ "Name": "none" }), "ResourceNotFoundException"),
        ("DeleteRule", json!({ "Name": "r" }), "ValidationException"),
        (
            "PutTargets",
            json!({ "Rule": "none", "Targets": [{ "Id": "1", "Arn": format!("{ARN}q") }] }),
            "ResourceNotFoundException",
        ),
        (
            "PutTargets",
            json!({ "Rule": "r", "Targets": [{ "Id": "2", "Arn": format!("{ARN}q"),
                "InputTransformer": { "InputTemplate": "<unknown>" } }] }),
            "ValidationException",
        ),
        ("DescribeEventBus", json!({ "Name": "nowhere" }), "ResourceNotFoundException"),
        ("CreateEventBus", json!({ "Name": "default" }), "ResourceAlreadyExistsException"),
        ("DeleteEventBus", json!({ "Name": "default" }), "ValidationException"),
        ("DescribeArchive", json!({ "ArchiveName": "none" }), "ResourceNotFoundException"),
        ("CancelReplay", json!({ "ReplayName": "none" }), "ResourceNotFoundException"),
    ];
    for (operation, body, code) in faults {
        let answer = client.call(operation, &body);
        assert_eq!((answer.status, &answer.json()["__type"]), (400, &json!(code)), "{operation}: {}", answer.text());
    }
    let targets = client.ok("ListTargetsByRule", &json!({ "Rule": "r" }));
    assert_eq!(targets["Targets"].as_array().unwrap().len(), 1, "what was refused changed nothing");
    assert_eq!(client.ok("DeleteEventBus", &json!({ "Name": "nowhere" })), Json::Null);
    server.stop();
}

/// The pipes of the template, as AWS's API tells them.
#[test]
fn pipes_are_told_stopped_and_started() {
    let data = harness::directory();
    let server = up(data.path());
    let mut connection = server.connect();
    let mut ask = |method: &str, path: &str| connection.request(method, path, &[], b"").unwrap();
    let listed = ask("GET", "/v1/pipes?CurrentState=RUNNING&SourcePrefix=arn:aws:dynamodb").ok();
    let names: Vec<String> =
        listed["Pipes"].as_array().unwrap().iter().map(|pipe| pipe["Name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names.len(), 2, "{listed}");
    let premium = names.iter().find(|name| name.to_lowercase().contains("premium")).unwrap();
    let path = format!("/v1/pipes/{premium}");
    let told = ask("GET", &path).ok();
    let stream = &told["SourceParameters"]["DynamoDBStreamParameters"];
    assert_eq!((&stream["BatchSize"], &stream["MaximumRetryAttempts"]), (&json!(100), &json!(3)));
    assert!(told["Target"].as_str().unwrap().ends_with(":function:PremiumOrderLambda"), "{told}");
    assert!(told["RoleArn"].as_str().unwrap().starts_with("arn:aws:iam::"), "{told}");
    assert_eq!(ask("POST", &format!("{path}/stop")).ok()["CurrentState"], "STOPPED");
    assert_eq!(ask("GET", &path).ok()["DesiredState"], "STOPPED");
    assert_eq!(ask("GET", "/v1/pipes?DesiredState=STOPPED").ok()["Pipes"][0]["Name"], json!(premium));
    assert_eq!(ask("POST", &format!("{path}/start")).ok()["CurrentState"], "RUNNING");
    let missing = ask("POST", "/v1/pipes/none/start");
    assert_eq!((missing.status, missing.header("x-amzn-errortype")), (404, Some("NotFoundException")));
    server.stop();
}
