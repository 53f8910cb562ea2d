//! A request that comes again with its idempotency key makes no second order, however many come at once, and whoever
//! dies in between.

use super::{Shop, body, status};
use crate::harness::{Answer, Connection};
use serde_json::{Value as Json, json};
use std::sync::Barrier;

const THREADS: usize = 20;
const CONNECTIONS: usize = 50;
const KEY: &str = "4f3b6f1e-one-order";

/// A request as it goes over the wire.
fn request(api_key: &str, key: &str, order: &Json) -> Vec<u8> {
    let order = order.to_string();
    let head = format!(
        "POST /orders HTTP/1.1\r\nhost: x\r\nx-api-key: {api_key}\r\nidempotency-key: {key}\r\ncontent-type: \
         application/json\r\ncontent-length: {}\r\n\r\n",
        order.len()
    );
    [head.as_bytes(), order.as_bytes()].concat()
}

/// Sends the same request over a thousand connections at once.
fn at_once(shop: &Shop, order: &Json) -> Vec<Answer> {
    let request = request(&shop.key, KEY, order);
    let (public, all_open) = (&shop.server().public, Barrier::new(THREADS));
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    let mut open: Vec<_> = (0..CONNECTIONS).map(|_| Connection::open(public).unwrap()).collect();
                    all_open.wait();
                    for connection in &mut open {
                        connection.send(&request).unwrap();
                    }
                    open.iter_mut().map(|connection| connection.answer().unwrap()).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn a_thousand_requests_with_one_key_make_one_order() {
    let mut shop = Shop::open(&[("CacheSeconds", "0")]);
    shop.stock("TEA", 5_000);
    let order = body("C-1", &[("TEA", 2, 1_050)]);
    let answers = at_once(&shop, &order);
    assert_eq!(answers.len(), THREADS * CONNECTIONS);
    let first = &answers[0];
    assert_eq!(first.status, 201, "{}", first.text());
    for answer in &answers {
        assert_eq!((answer.status, answer.text()), (201, first.text()));
        assert_eq!(answer.header("location"), first.header("location"));
        assert_eq!(answer.header("etag"), first.header("etag"));
    }
    let mut customer = shop.customer();
    let id = first.json()["orderId"].as_str().unwrap().to_owned();
    assert_eq!(status(&customer.ended(&id)), "COMPLETED");
    shop.drained();

    let other = body("C-1", &[("TEA", 3, 1_050)]);
    for crashed in [false, true] {
        if crashed {
            shop.crash();
        }
        let mut customer = shop.customer();
        let again = customer.place(&order, Some(KEY)).unwrap();
        assert_eq!((again.status, again.text()), (201, first.text()), "crashed: {crashed}");
        let refused = customer.place(&other, Some(KEY)).unwrap();
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert_eq!(refused.header("content-type"), Some("application/problem+json"));
        // The same said otherwise is the same; and a key is its tenant's own.
        let spelled = r#"{"items":[{"price":10.5,"quantity":2,"name":"Goods TEA","sku":"TEA"}], "currency": "USD",
            "customerEmail": "C-1@example.com", "customerId": "C-1"}"#;
        let headers = [("idempotency-key", KEY)];
        let respelled = customer.ask("POST", "/orders", &headers, spelled.as_bytes()).unwrap();
        assert_eq!((respelled.status, respelled.text()), (201, first.text()));
        let listed = customer.list("C-1");
        assert_eq!(listed.iter().map(|order| order["orderId"].as_str().unwrap()).collect::<Vec<_>>(), [&id]);
        assert_eq!(shop.counts("TEA"), [4_998, 0, 2]);
    }
    let stranger = shop.make_key("stranger", &[]);
    let theirs = shop.customer_with(&stranger.value).place(&other, Some(KEY)).unwrap();
    assert_eq!(theirs.status, 201, "{}", theirs.text());
    assert_ne!(theirs.json()["orderId"], json!(id));
}

/// The server dies while requests are on their way: between their commit and their answer, too.
#[test]
fn a_request_that_is_sent_again_after_a_crash_makes_no_second_order() {
    const REQUESTS: usize = 60;
    let mut shop = Shop::open(&[("CacheSeconds", "0")]);
    let orders: Vec<Json> = (1..=REQUESTS as u64).map(|number| body("C-1", &[("TEA", number, 100)])).collect();
    let keys: Vec<String> = (0..REQUESTS).map(|number| format!("key-{number}")).collect();
    let mut open: Vec<_> = (0..REQUESTS).map(|_| Connection::open(&shop.server().public).unwrap()).collect();
    for ((connection, order), key) in open.iter_mut().zip(&orders).zip(&keys) {
        connection.send(&request(&shop.key, key, order)).unwrap();
    }
    let mut answered: Vec<Option<Answer>> = Vec::new();
    // As soon as a few are answered, so that others are not.
    for connection in &mut open[..4] {
        answered.push(Some(connection.answer().unwrap()));
    }
    shop.server.take().unwrap().kill();
    answered.extend(open[4..].iter_mut().map(|connection| connection.answer().ok()));
    let missed = answered.iter().filter(|answer| answer.is_none()).count();
    shop.up();

    let mut customer = shop.customer();
    let before = customer.list("C-1").len();
    println!("{missed} of {REQUESTS} were not answered, {before} orders are there");
    assert!(before >= REQUESTS - missed, "whatever was answered is there");
    for ((order, key), answered) in orders.iter().zip(&keys).zip(&answered) {
        let again = customer.place(order, Some(key)).unwrap();
        assert_eq!(again.status, 201, "{}", again.text());
        if let Some(answered) = answered {
            assert_eq!((answered.status, answered.text()), (201, again.text()));
        }
    }
    let mut amounts: Vec<String> = customer.list("C-1").iter().map(|order| order["amount"].to_string()).collect();
    amounts.sort();
    let mut expected: Vec<String> = (1..=REQUESTS).map(|number| format!("\"{number}.00\"")).collect();
    expected.sort();
    assert_eq!(amounts, expected, "each was ordered once");
}
