//! What `cost` makes of what a server counted, and of a template alone; and how it ends.

use crate::harness::{self, Server, Start, run, run_with_input, soon};
use serde_json::Value as Json;

/// The quantity of a line.
fn quantity(bill: &Json, service: &str, item: &str) -> f64 {
    let line = bill["lines"].as_array().unwrap().iter().find(|line| line["service"] == service && line["item"] == item);
    line.unwrap_or_else(|| panic!("no line {service}, {item}: {bill:#}"))["quantity"].as_f64().unwrap()
}

#[test]
fn what_a_server_did_for_its_orders_is_counted_and_scaled() {
    const ORDERS: u64 = 20;
    let directory = harness::directory();
    let template = harness::stack("commerce.yaml");
    let server = Server::up(&Start { data: &directory.path().join("data"), template: &template, failing: "" });
    let admin = ["--admin", server.admin.as_str()];
    // Nothing came in yet, so nobody knows what an order costs.
    let none = run(directory.path(), &[&["cost", "--orders-per-month", "5"], &admin[..]].concat());
    assert_eq!((none.code, none.output.as_str()), (Some(1), ""));
    assert!(none.complaints.contains("no order came in since the server started"), "{none:#?}");
    let count = ORDERS.to_string();
    let data = directory.path().join("data");
    let sent = ["trigger", "--count", &count, "--seed", "7", "--data-dir", data.to_str().unwrap()];
    let sent = run(directory.path(), &[&sent[..], &admin[..]].concat());
    assert_eq!(sent.code, Some(0), "{sent:#?}");
    let traffic = soon("every order is done, and every pipe has read it", || {
        let traffic = server.ask("traffic");
        let pipes = traffic["pipes"].as_array().unwrap();
        let read = |pipe: &Json| pipe["passed"].as_u64().unwrap() + pipe["stopped"].as_u64().unwrap();
        let done = traffic["queues"][0]["deleted"] == ORDERS && pipes.iter().all(|pipe| read(pipe) == 6 * ORDERS);
        if done { Ok(traffic) } else { Err(traffic) }
    });
    let ask = |wanted: u64| {
        let wanted = wanted.to_string();
        let arguments = ["cost", "--json", "--orders-per-month", &wanted];
        run(directory.path(), &[&arguments[..], &admin[..]].concat()).json()
    };
    let bill = ask(ORDERS);
    assert_eq!(bill["orders"], ORDERS);
    let orders = ORDERS as f64;
    assert_eq!(quantity(&bill, "API Gateway", "requests"), orders);
    // Sent; received and deleted, each up to ten at once; and what Lambda asks in vain.
    let requests = quantity(&bill, "SQS", "requests of 64 KB") - 657_000.0;
    assert!((orders + 2.0 * orders / 10.0..=3.0 * orders).contains(&requests), "{requests}");
    // Six changes of each order, at least as many of its entry in the index, and a payment, all but those in
    // transactions once; no order here needs more than 2 KB.
    let writes = quantity(&bill, "DynamoDB", "writes of 1 KB");
    assert!((16.0 * orders..=24.0 * orders).contains(&writes), "{writes}");
    // What the template watches with is there the whole month: five metrics of three alarms, and a board.
    assert_eq!([quantity(&bill, "CloudWatch", "alarms"), quantity(&bill, "CloudWatch", "dashboards")], [5.0, 1.0]);
    let table = |name: &str| {
        let tables = traffic["tables"].as_array().unwrap();
        tables.iter().find(|table| table["table"] == name).unwrap().clone()
    };
    assert_eq!((&table("Orders")["inserts"], &table("Orders")["writes"]), (&ORDERS.into(), &(6 * ORDERS).into()));
    assert_eq!(table("Payments")["blocksTogether"], ORDERS);
    let together = table("Orders")["blocksTogether"].as_u64().unwrap();
    assert!((ORDERS..=2 * ORDERS).contains(&together), "only the last change of an order is one with its payment");
    // Records pass or are stopped; those that are stopped are what is saved.
    let passed: u64 = traffic["pipes"].as_array().unwrap().iter().map(|pipe| pipe["passed"].as_u64().unwrap()).sum();
    assert_eq!(quantity(&bill, "EventBridge Pipes", "requests of 64 KB that passed"), passed as f64);
    assert_eq!(bill["savedByFilters"]["records"], 12 * ORDERS - passed);
    assert!(bill["savedByFilters"]["cost"].as_f64().unwrap() > 0.0);
    // A thousand times the orders are a thousand times the requests, but no more of what AWS asks in vain.
    let more = ask(1_000 * ORDERS);
    assert_eq!(quantity(&more, "SQS", "requests of 64 KB"), 1_000.0 * requests + 657_000.0);
    assert!(more["total"].as_f64() > bill["total"].as_f64());
    let told = run(directory.path(), &[&["cost"], &admin[..]].concat());
    assert!(told.output.contains("as if it went on for a month"), "{told:#?}");
    // Events and receives in vain are counted too.
    let mut client = server.connect();
    for _ in 0..3 {
        let entry = serde_json::json!({"Source": "test", "DetailType": "t", "Detail": "{}"});
        client.call("AWSEvents.PutEvents", &serde_json::json!({ "Entries": [entry] })).unwrap().ok();
        let url = format!("http://{}/000000000000/OrderQueueDLQ", server.admin);
        client.queues("ReceiveMessage", &serde_json::json!({ "QueueUrl": url }));
    }
    let now = ask(ORDERS);
    // Two of each order, and those.
    assert_eq!(quantity(&now, "EventBridge", "events of 64 KB"), (2 * ORDERS + 3) as f64);
    assert_eq!(quantity(&now, "SQS", "requests of 64 KB"), requests + 657_000.0 + 3.0);
    // Another stack's template says nothing of this server.
    let premium = harness::stack("premium.yaml");
    let other = run(directory.path(), &[&["cost", premium.to_str().unwrap()], &admin[..]].concat());
    assert_eq!((other.code, other.output.as_str()), (Some(1), ""));
    assert!(other.complaints.contains("does not run a stack premium"), "{other:#?}");
}

#[test]
fn every_stack_of_the_repository_is_estimated() {
    let directory = harness::directory();
    for (name, records) in [("commerce", 12.0), ("orders", 4.0), ("premium", 4.0)] {
        let template = harness::stack(&format!("{name}.yaml"));
        let bill = run(directory.path(), &["cost", template.to_str().unwrap(), "--orders", "1000", "--json"]).json();
        assert_eq!((&bill["stack"], &bill["orders"]), (&name.into(), &1000.into()));
        let passed = quantity(&bill, "EventBridge Pipes", "requests of 64 KB that passed");
        assert_eq!(bill["savedByFilters"]["records"].as_f64().unwrap() + passed, records * 1000.0, "{name}");
        let of_lines: f64 = bill["lines"].as_array().unwrap().iter().map(|line| line["cost"].as_f64().unwrap()).sum();
        assert!((of_lines - bill["total"].as_f64().unwrap()).abs() < 1e-9, "{name}");
    }
}

#[test]
fn prices_of_ones_own_take_the_place_of_those_built_in() {
    let directory = harness::directory();
    let prices = include_str!("../../../stack/prices/us-east-1.toml");
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("here.toml", &prices.replace("price = \"0.625\"", "price = \"6.25\"").replace("us-east-1\"", "here\""));
    write("bad.toml", &prices.replace("price = \"0.625\"", "price = \"cheap\""));
    let bill = |arguments: &[&str]| {
        run(directory.path(), &[&["cost", "--orders", "1000000", "--json"], arguments].concat()).json()
    };
    let (ours, theirs) = (bill(&[]), bill(&["--prices", "here.toml"]));
    assert_eq!((&ours["prices"]["region"], &theirs["prices"]["region"]), (&"us-east-1".into(), &"here".into()));
    let more = theirs["total"].as_f64().unwrap() - ours["total"].as_f64().unwrap();
    let writes = quantity(&ours, "DynamoDB", "writes of 1 KB");
    assert!((more - writes * 5.625 / 1e6).abs() < 1e-6, "{more}");
    let free = bill(&["--free-tier"]);
    assert!(free["total"].as_f64() < ours["total"].as_f64() && free["prices"]["freeTier"] == true);
}

#[test]
fn what_cannot_be_said_is_told_why() {
    let directory = harness::directory();
    let prices = include_str!("../../../stack/prices/us-east-1.toml");
    std::fs::write(directory.path().join("bad.toml"), prices.replace("\"0.625\"", "\"cheap\"")).unwrap();
    let cases: [(&[&str], i32, &[&str]); 7] = [
        (&[], 3, &["no server answers at", "start one with: orderflow up", "orderflow cost --orders"]),
        (&["nowhere.yaml", "--orders", "1"], 2, &["nowhere.yaml cannot be read"]),
        (&["--orders", "1", "--prices", "nowhere.toml"], 2, &["nowhere.toml cannot be read"]),
        (&["--orders", "1", "--prices", "bad.toml"], 2, &["bad.toml", "line ", "\"cheap\" is no decimal number"]),
        (&["--orders", "0"], 2, &["--orders"]),
        (&["--orders", "1", "--orders-per-month", "1"], 2, &["cannot be used with"]),
        (&["--orders", "1", "--param", "NoSuch=1"], 1, &["NoSuch"]),
    ];
    for (arguments, code, complaints) in cases {
        let ended = run(directory.path(), &[&["cost"], arguments].concat());
        assert_eq!((ended.code, ended.output.as_str()), (Some(code), ""), "{arguments:?}: {ended:#?}");
        for complaint in complaints {
            assert!(ended.complaints.contains(complaint), "{complaint}: {ended:#?}");
        }
    }
    let queue = "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}}";
    let ended = run_with_input(directory.path(), &["cost", "-", "--orders", "1"], queue);
    assert_eq!((ended.code, ended.output.as_str()), (Some(1), ""));
    assert!(ended.complaints.contains("neither an API nor a pipe"), "{ended:#?}");
}
