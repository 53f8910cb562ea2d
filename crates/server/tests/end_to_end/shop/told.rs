//! The bus is told of every order that came in and of how it ended, once each, also when the server is killed in between.

use super::{Shop, body};
use crate::harness::{Connection, soon};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

const BUS: &str = "commerce-order-events";
const QUEUE_ARN: &str = "arn:aws:sqs:us-east-1:000000000000:heard";

fn ask(connection: &mut Connection, operation: &str, body: &Json) {
    let answer = connection.call(&format!("AWSEvents.{operation}"), body).unwrap();
    assert_eq!(answer.status, 200, "{operation}: {}", answer.text());
}

#[test]
fn the_bus_hears_of_each_order_as_it_comes_in_and_as_it_ends() {
    let mut shop = Shop::open(&[]);
    shop.stock("RARE", 1);
    let mut connection = shop.server().connect();
    connection.queues("CreateQueue", &json!({ "QueueName": "heard" }));
    let pattern = json!({ "source": ["orderflow.shop"] }).to_string();
    ask(&mut connection, "PutRule", &json!({ "Name": "all", "EventBusName": BUS, "EventPattern": pattern }));
    let targets = json!([{ "Id": "queue", "Arn": QUEUE_ARN }]);
    ask(&mut connection, "PutTargets", &json!({ "Rule": "all", "EventBusName": BUS, "Targets": targets }));

    let mut customer = shop.customer();
    let mut expected: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for number in 0..8 {
        // Of the last kind there are too few.
        let (sku, end) = if number == 7 { ("RARE", "Order Failed") } else { ("TEA", "Order Completed") };
        if number == 4 {
            shop.crash();
            connection = shop.server().connect();
            customer = shop.customer();
        }
        let answer = customer.place(&body("C-1", &[(sku, 5, 1_990)]), None).unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text());
        let id = answer.json()["orderId"].as_str().unwrap().to_owned();
        expected.insert(id, vec![end, "Order Created"]);
    }

    let url = format!("http://{}/000000000000/heard", shop.server().admin);
    let asked = json!({ "QueueUrl": url, "WaitTimeSeconds": 1, "MaxNumberOfMessages": 10 });
    let mut heard: BTreeMap<String, Vec<String>> = BTreeMap::new();
    soon("everything was told", || {
        let told = connection.queues("ReceiveMessage", &asked);
        for message in told["Messages"].as_array().into_iter().flatten() {
            let event: Json = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
            assert_eq!((&event["detail"]["customerId"], &event["detail"]["tier"].is_string()), (&json!("C-1"), &true));
            assert!(!event.to_string().contains('@'), "no address is told: {event}");
            let of = heard.entry(event["detail"]["orderId"].as_str().unwrap().to_owned()).or_default();
            of.push(event["detail-type"].as_str().unwrap().to_owned());
            of.sort();
            connection.queues("DeleteMessage", &json!({ "QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"] }));
        }
        let same = heard.len() == expected.len()
            && heard.iter().zip(&expected).all(|((a, told), (b, wanted))| {
                let mut wanted: Vec<&str> = wanted.clone();
                wanted.sort_unstable();
                a == b && told.iter().map(String::as_str).eq(wanted)
            });
        if same { Ok(()) } else { Err(heard.clone()) }
    });
}
