//! What each handler prints and answers, seen as the runtime sees it.

use orders::events::{Event, Events, NoneTaken, NotTaken};
use orders::{Context, FailingOrders, HandlerError, find};
use serde_json::{Value as Json, json};
use std::sync::{Arc, Mutex};
use types::{Change, ChangeKind, Item, Record, SequenceNumber, TableId, Timestamp, Value, event};

fn call_with(name: &str, batch: &[Record], drill: &str) -> (Vec<String>, Result<Json, HandlerError>) {
    let mut lines = Vec::new();
    let mut log = |line: &str| lines.push(line.to_owned());
    let failing = FailingOrders::parse(drill);
    let handler =
        find(name).and_then(|entry| entry.kind.records()).expect("a name of the catalogue, and takes records");
    let answer = handler.handle(batch, &mut Context::new(&mut log, &failing, Timestamp::EPOCH));
    (lines, answer)
}

fn call(name: &str, batch: &[Record]) -> (Vec<String>, Json) {
    let (lines, answer) = call_with(name, batch, "");
    (lines, answer.expect("no record of these fails"))
}

fn record(sequence: u64, old: Option<Item>, new: Option<Item>) -> Record {
    let kind = match (&old, &new) {
        (None, _) => ChangeKind::Insert,
        (Some(_), Some(_)) => ChangeKind::Modify,
        (Some(_), None) => ChangeKind::Remove,
    };
    let change = Change {
        sequence: SequenceNumber::new(sequence),
        previous: SequenceNumber::ZERO,
        at: Timestamp::EPOCH,
        table: TableId(1),
        kind,
        keys: Item::new(),
        old,
        new,
        spread: 0,
        by_service: false,
        trace: None,
    };
    Record { change: Arc::new(change), stream: None }
}

fn new_order(id: &str, status: &str, amount: &str, email: &str) -> Item {
    Item::from([
        ("orderId", id.into()),
        ("status", status.into()),
        ("amount", Value::N(amount.parse().expect("a number"))),
        ("customerEmail", email.into()),
    ])
}

fn order(id: &str, status: &str, amount: &str, email: &str) -> Item {
    Item::from([
        ("orderId", id.into()),
        ("orderStatus", status.into()),
        ("orderAmount", Value::N(amount.parse().expect("a number"))),
        ("customerEmail", email.into()),
        ("orderDate", "2025-10-31T10:00:00Z".into()),
    ])
}

fn commerce_order(id: &str, status: &str, minor: u64, email: &str) -> Item {
    Item::from([
        ("orderId", id.into()),
        ("status", status.into()),
        ("amountMinor", Value::N(minor.into())),
        ("currency", "USD".into()),
        ("customerEmail", email.into()),
    ])
}

#[test]
fn the_documented_test_event_gives_the_expected_line_in_every_shape() {
    let event = json!({
        "eventName": "MODIFY",
        "dynamodb": {
            "NewImage": {
                "orderId": {"S": "ORD-1001"}, "status": {"S": "shipped"}, "amount": {"N": "1500"},
                "customerEmail": {"S": "vip@example.com"}
            },
            "OldImage": {"status": {"S": "pending"}}
        }
    });
    for payload in [json!([event]), json!({"Records": [event]}), event] {
        let batch = event::read(&payload).unwrap();
        let (lines, answer) = call("premium-orders", &batch);
        assert_eq!(lines, ["🚀 Premium order shipped! Order ID: ORD-1001 | Amount: 1500.0"]);
        assert_eq!(answer, json!({"statusCode": 200, "premiumOrdersProcessed": ["ORD-1001"]}));
        let (lines, answer) = call("standard-orders", &batch);
        assert_eq!(lines, ["✅ Processed order ORD-1001 | Status: shipped | Amount: 1500.0"]);
        assert_eq!(answer, json!({"statusCode": 200}));
    }
}

#[test]
fn standard_orders_prints_one_line_an_order() {
    let cases = [
        (
            new_order("A", "pending", "100.01", "a@x.io"),
            Some("✅ Processed order A | Status: pending | Amount: 100.01"),
        ),
        (new_order("A", "pending", "100", "a@x.io"), Some("⚠️ Skipped order A (Amount too low)")),
        (new_order("A", "pending", "500", "a@TEST.com"), Some("⚠️ Skipped order A (Test customer)")),
        (Item::from([("orderId", "A".into())]), Some("⚠️ Skipped order A (Amount too low)")),
        (
            Item::from([("orderId", "A".into()), ("amount", Value::N(200u64.into()))]),
            Some("✅ Processed order A | Status: unknown | Amount: 200.0"),
        ),
        (
            Item::from([("orderId", "A".into()), ("amount", "five hundred".into())]),
            Some("⚠️ Skipped order A (Amount too low)"),
        ),
        (Item::new(), Some("⚠️ Skipped a record that is no order (it has no orderId)")),
        (
            new_order("A\n✅ Processed order B", "pending", "1", "a@x.io"),
            Some("⚠️ Skipped order A\\n✅ Processed order B (Amount too low)"),
        ),
    ];
    for (item, expected) in cases {
        let (lines, answer) = call("standard-orders", &[record(1, None, Some(item.clone()))]);
        assert_eq!(lines, Vec::from_iter(expected), "{item:?}");
        assert_eq!(answer, json!({"statusCode": 200}));
    }
    let removed = record(1, Some(new_order("A", "pending", "500", "a@x.io")), None);
    assert_eq!(call("standard-orders", &[removed]), (vec![], json!({"statusCode": 200})));
}

#[test]
fn premium_orders_acts_only_on_pending_to_shipped() {
    let vip = |status, amount| new_order("A", status, amount, "vip@example.com");
    let cases = [
        (vip("pending", "1500"), vip("shipped", "1000.01"), true),
        (vip("pending", "1500"), vip("shipped", "1000"), false),
        (vip("shipped", "1500"), vip("shipped", "1500"), false),
        (vip("pending", "1500"), vip("pending", "1600"), false),
        (vip("pending", "1500"), vip("delivered", "1500"), false),
    ];
    for (old, new, acts) in cases {
        let (lines, answer) = call("premium-orders", &[record(1, Some(old), Some(new.clone()))]);
        assert_eq!(lines.len(), usize::from(acts), "{new:?}");
        assert_eq!(answer["premiumOrdersProcessed"].as_array().unwrap().len(), usize::from(acts), "{new:?}");
    }
    let test = |status| new_order("T", status, "1500", "vip@Test.com");
    let (lines, answer) = call("premium-orders", &[record(1, Some(test("pending")), Some(test("shipped")))]);
    assert_eq!(lines, ["⚠️ Skipped order T (Test customer)"]);
    assert_eq!(answer, json!({"statusCode": 200, "premiumOrdersProcessed": []}));
}

#[test]
fn order_events_validates_then_processes_or_skips() {
    let mut bad = order("D", "pending", "-1", "nobody");
    bad.insert("orderDate", "soon".into());
    let batch = [
        record(1, None, Some(order("A", "pending", "101", "a@x.io"))),
        record(2, None, Some(order("B", "delivered", "101", "a@x.io"))),
        record(3, None, Some(order("C", "shipped", "100", "a@x.io"))),
        record(4, None, Some(bad)),
        record(5, None, Some(order("E", "shipped", "500", "a@test.COM"))),
        record(6, Some(order("F", "shipped", "500", "a@x.io")), None),
        record(7, None, Some(Item::new())),
        record(8, Some(order("G", "pending", "5000", "a@x.io")), Some(order("G", "shipped", "5000", "a@x.io"))),
    ];
    let (mut lines, answer) = call("order-events", &batch);
    let counted: Json = serde_json::from_str(&lines.pop().unwrap()).unwrap();
    assert_eq!(
        lines,
        [
            "✅ Processed order A | Event: INSERT | Status: pending | Amount: 101.0",
            "⚠️ Skipped order B (Status delivered is neither pending nor shipped)",
            "⚠️ Skipped order C (Amount too low)",
            "❌ Invalid order D (orderAmount should be a number that is not negative, it is -1; customerEmail should be \
             an e-mail address, it is \"nobody\"; orderDate should be a date in ISO 8601, it is \"soon\")",
            "⚠️ Skipped order E (Test customer)",
            "⚠️ Skipped order F (Removed)",
            "⚠️ Skipped a record that is no order (it has no orderId)",
            "✅ Processed order G | Event: MODIFY | Status: shipped | Amount: 5000.0",
        ]
    );
    let metrics = ["OrdersProcessed", "OrdersSkipped", "OrdersInvalid", "OrderAmount"];
    assert_eq!(metrics.map(|name| counted[name].as_f64().unwrap()), [2.0, 5.0, 1.0, 101.0]);
    let declared = &counted["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(declared["Namespace"], "Orderflow/Orders");
    let names: Vec<&Json> = declared["Metrics"].as_array().unwrap().iter().map(|metric| &metric["Name"]).collect();
    assert_eq!(names, metrics);
    let expected = json!({"statusCode": 200, "ordersProcessed": ["A", "G"], "ordersSkipped": 5, "ordersInvalid": 1});
    assert_eq!(answer, expected);
}

/// A bus that takes so many events, and then nothing.
struct Bus {
    put: Mutex<Vec<Event>>,
    room: usize,
    /// An order whose event is not taken, while those beside it are.
    refused: &'static str,
}

impl Events for Bus {
    fn put(&self, events: &[Event]) -> Result<Vec<Result<String, NotTaken>>, NoneTaken> {
        let mut put = self.put.lock().expect("no thread panics with it");
        if put.len() + events.len() > self.room {
            return Err(NoneTaken("the disk is full".to_owned()));
        }
        assert!(!events.is_empty() && events.len() <= 10, "{}", events.len());
        put.extend_from_slice(events);
        let refusal = || NotTaken { code: "MalformedDetail".to_owned(), message: "Detail is malformed.".to_owned() };
        let answer =
            |event: &Event| if event.detail["orderId"] == self.refused { Err(refusal()) } else { Ok(String::new()) };
        Ok(events.iter().map(answer).collect())
    }
}

fn call_telling(bus: &Bus, batch: &[Record], drill: &str) -> (Vec<String>, Json) {
    let mut lines = Vec::new();
    let mut log = |line: &str| lines.push(line.to_owned());
    let failing = FailingOrders::parse(drill);
    let handler = find("order-events").and_then(|entry| entry.kind.records()).expect("it is built in");
    let mut context = Context::new(&mut log, &failing, Timestamp::EPOCH).telling(bus, "orders-bus");
    let answer = handler.handle(batch, &mut context).expect("a record that fails is named in the answer");
    (lines, answer)
}

#[test]
fn order_events_tells_of_what_it_processes_and_of_nothing_else() {
    let batch = [
        record(1, None, Some(order("A", "pending", "101.50", "a@x.io"))),
        record(2, None, Some(order("B", "delivered", "101", "a@x.io"))),
        record(3, None, Some(order("C", "shipped", "5000", "a@x.io"))),
        record(4, Some(order("D", "shipped", "5000", "a@x.io")), None),
    ];
    let bus = Bus { put: Mutex::default(), room: 100, refused: "" };
    let (_, answer) = call_telling(&bus, &batch, "");
    assert_eq!(answer["ordersProcessed"], json!(["A", "C"]));
    let told = bus.put.into_inner().unwrap();
    assert_eq!(told.len(), 2);
    let expected = Event {
        bus: Some("orders-bus".to_owned()),
        source: "order-events".to_owned(),
        detail_type: "Order Processed".to_owned(),
        detail: json!({
            "orderId": "A", "change": "INSERT", "changeId": batch[0].event_id(), "status": "pending",
            "amount": 101.5, "tier": "standard", "orderDate": "2025-10-31T10:00:00Z",
        }),
    };
    assert_eq!(told[0], expected);
    assert_eq!((&told[1].detail["orderId"], &told[1].detail["tier"]), (&json!("C"), &json!("premium")));
    assert!(told.iter().all(|event| !event.detail.to_string().contains('@')), "who the customer is, is not told");
}

/// An order counts as processed when it was told of; the first that was not is where the batch stops.
#[test]
fn an_order_that_is_not_told_of_fails() {
    let orders = |count: u64| -> Vec<Record> {
        (1..=count).map(|n| record(n, None, Some(order(&format!("O{n}"), "pending", "500", "a@x.io")))).collect()
    };
    // How many orders, how many events are taken, which is refused, which drill fails; how many are processed, told, and why not.
    let cases = [
        (25, 100, "", "", 25, 25, None),
        (25, 20, "", "", 20, 20, Some("order O21 was not told of: the event bus takes nothing: the disk is full")),
        (25, 0, "", "", 0, 0, Some("order O1 was not told of: the event bus takes nothing: the disk is full")),
        (25, 100, "O13", "", 12, 20, Some("order O13 was not told of: MalformedDetail: Detail is malformed.")),
        (25, 100, "", "O5", 4, 4, Some("a drill makes order O5 fail (ORDERFLOW_FAIL_ORDERS names it)")),
    ];
    for (count, room, refused, drill, processed, told, why) in cases {
        let (batch, bus) = (orders(count), Bus { put: Mutex::default(), room, refused });
        let (lines, answer) = call_telling(&bus, &batch, drill);
        let counted: Json = serde_json::from_str(lines.last().unwrap()).unwrap();
        assert_eq!(answer["ordersProcessed"].as_array().unwrap().len(), processed, "{why:?}");
        assert_eq!(counted["OrdersProcessed"], processed, "{why:?}");
        assert_eq!(bus.put.into_inner().unwrap().len(), told, "{why:?}");
        assert_eq!(answer["errorMessage"].as_str(), why);
        let failed = answer["batchItemFailures"][0]["itemIdentifier"].as_str();
        assert_eq!(failed, batch.get(processed).map(Record::event_id).as_deref(), "{why:?}");
    }
}

#[test]
fn an_order_whose_priority_was_raised_is_not_processed_again() {
    let with = |mut item: Item, priority: &str| {
        item.insert("shippingPriority", priority.into());
        item
    };
    let vip = |status| order("A", status, "5000", "a@x.io");
    let cases = [
        (vip("shipped"), with(vip("shipped"), "high"), false),
        (with(vip("shipped"), "high"), vip("shipped"), false),
        (vip("pending"), with(vip("shipped"), "high"), true),
        (with(vip("shipped"), "high"), with(order("A", "shipped", "5001", "a@x.io"), "high"), true),
        (vip("shipped"), vip("shipped"), true),
    ];
    for (old, new, processed) in cases {
        let (_, answer) = call("order-events", &[record(1, Some(old), Some(new.clone()))]);
        assert_eq!(answer["ordersProcessed"].as_array().unwrap().len(), usize::from(processed), "{new:?}");
    }
}

#[test]
fn premium_order_events_prints_the_vip_line() {
    let vip = |id, status| order(id, status, "1500.50", "vip@example.com");
    let batch = [
        record(1, None, Some(vip("A", "pending"))),
        record(2, Some(vip("A", "pending")), Some(vip("A", "shipped"))),
        record(3, Some(vip("B", "shipped")), Some(vip("B", "shipped"))),
        record(4, Some(vip("C", "pending")), None),
    ];
    let (lines, answer) = call("premium-order-events", &batch);
    assert_eq!(lines, ["💎 VIP order shipped! Order ID: A | Amount: 1500.5"]);
    assert_eq!(answer, json!({"statusCode": 200, "premiumOrdersProcessed": ["A"]}));
}

#[test]
fn commerce_orders_tells_of_orders_that_come_and_are_completed() {
    let of = |id, status, minor| commerce_order(id, status, minor, "a@x.io");
    let with = |mut item: Item, name: &str, value: Value| {
        item.insert(name, value);
        item
    };
    let by_hand = Item::from([
        ("orderId", "J".into()),
        ("status", "PENDING".into()),
        ("amount", Value::N("250.5".parse().unwrap())),
        ("customerEmail", "j@x.io".into()),
    ]);
    let batch = [
        record(1, None, Some(of("A", "PENDING", 150_000))),
        record(2, Some(of("A", "FULFILLMENT", 150_000)), Some(of("A", "COMPLETED", 150_000))),
        record(3, Some(of("A", "PENDING", 150_000)), Some(of("A", "VALIDATING", 150_000))),
        record(4, Some(of("A", "COMPLETED", 150_000)), Some(of("A", "COMPLETED", 150_000))),
        record(5, None, Some(of("B", "COMPLETED", 150_000))),
        record(6, None, Some(of("C", "PENDING", 10_000))),
        record(7, None, Some(of("D", "PENDING", 10_001))),
        record(8, None, Some(commerce_order("E", "PENDING", 50_000, "e@Test.com"))),
        record(9, None, Some(with(of("F", "PENDING", 50_000), "test", true.into()))),
        record(10, None, Some(with(of("G", "PENDING", 5_000), "tier", "standard".into()))),
        record(11, None, Some(with(of("H", "PENDING", 5_000), "currency", "JPY".into()))),
        record(12, None, Some(Item::new())),
        record(13, Some(of("I", "COMPLETED", 50_000)), None),
        record(14, None, Some(by_hand)),
    ];
    let (lines, answer) = call("commerce-orders", &batch);
    assert_eq!(
        lines,
        [
            "🧾 Order received A | Amount: 1500.0 USD",
            "✅ Order completed A | Amount: 1500.0 USD",
            "⚠️ Skipped order C (Amount too low)",
            "🧾 Order received D | Amount: 100.01 USD",
            "⚠️ Skipped order E (Test customer)",
            "⚠️ Skipped order F (Test customer)",
            "🧾 Order received G | Amount: 50.0 USD",
            "🧾 Order received H | Amount: 5000.0 JPY",
            "⚠️ Skipped a record that is no order (it has no orderId)",
            "🧾 Order received J | Amount: 250.5 USD",
        ]
    );
    let received = json!(["A", "D", "G", "H", "J"]);
    assert_eq!(answer, json!({"statusCode": 200, "ordersReceived": received, "ordersCompleted": ["A"]}));
}

#[test]
fn premium_commerce_orders_acts_only_on_fulfilment_to_completed() {
    let vip = |status, minor| commerce_order("A", status, minor, "vip@example.com");
    let cases = [
        (vip("FULFILLMENT", 150_000), vip("COMPLETED", 150_000), true),
        (vip("FULFILLMENT", 150_000), vip("COMPLETED", 100_000), false),
        (vip("PAYMENT_PROCESSING", 150_000), vip("FULFILLMENT", 150_000), false),
        (vip("COMPLETED", 150_000), vip("COMPLETED", 150_000), false),
        (vip("FULFILLMENT", 150_000), vip("FAILED", 150_000), false),
    ];
    for (old, new, acts) in cases {
        let (lines, answer) = call("premium-commerce-orders", &[record(1, Some(old), Some(new.clone()))]);
        let line = "🚀 Premium order shipped! Order ID: A | Amount: 1500.0".to_owned();
        assert_eq!(lines, Vec::from_iter(acts.then_some(line)), "{new:?}");
        let ids = if acts { json!(["A"]) } else { json!([]) };
        assert_eq!(answer, json!({"statusCode": 200, "premiumOrdersProcessed": ids}), "{new:?}");
    }
    let test = |status| commerce_order("T", status, 150_000, "vip@Test.com");
    let (lines, _) = call("premium-commerce-orders", &[record(1, Some(test("FULFILLMENT")), Some(test("COMPLETED")))]);
    assert_eq!(lines, ["⚠️ Skipped order T (Test customer)"]);
}

#[test]
fn a_drill_stops_the_batch_and_names_its_record() {
    for entry in orders::catalogue().iter().filter(|entry| entry.kind.records().is_some()) {
        let state = |id, [plain, commerce]: [&str; 2]| match entry.name {
            name if name.contains("commerce") => commerce_order(id, commerce, 200_000, "a@x.io"),
            name if name.contains("events") => order(id, plain, "2000", "a@x.io"),
            _ => new_order(id, plain, "2000", "a@x.io"),
        };
        let write = |id| state(id, ["shipped", "COMPLETED"]);
        let was = |id| state(id, ["pending", "FULFILLMENT"]);
        let batch: Vec<_> =
            (1..=4u64).zip(["A", "B", "C", "D"]).map(|(n, id)| record(n, Some(was(id)), Some(write(id)))).collect();
        let (lines, answer) = call_with(entry.name, &batch, "Z, C");
        let answer = answer.unwrap();
        assert_eq!(answer["batchItemFailures"], json!([{"itemIdentifier": batch[2].event_id()}]), "{}", entry.name);
        assert_eq!(answer["statusCode"], 200);
        assert_eq!(answer["errorType"], "OrderDrill");
        // What is counted stands behind all of them.
        let lines: Vec<String> = lines.into_iter().filter(|line| !line.starts_with('{')).collect();
        assert_eq!(lines.len(), 3, "{}: the fourth order must not be touched: {lines:?}", entry.name);
        assert_eq!(lines[2], "❌ Failed: a drill makes order C fail (ORDERFLOW_FAIL_ORDERS names it)");
    }
}

#[test]
fn a_drill_finds_removed_orders_too() {
    let removed = record(9, Some(new_order("A", "pending", "500", "a@x.io")), None);
    let (_, answer) = call_with("standard-orders", std::slice::from_ref(&removed), "A");
    assert_eq!(answer.unwrap()["batchItemFailures"][0]["itemIdentifier"], Json::from(removed.event_id()));
}

#[test]
fn a_failed_record_without_a_place_fails_the_batch() {
    let by_hand = record(0, None, Some(new_order("A", "pending", "500", "a@x.io")));
    let (_, answer) = call_with("standard-orders", &[by_hand], "A");
    let error = answer.unwrap_err();
    assert_eq!(error.error_type(), "OrderDrill");
    assert_eq!(
        error.to_string(),
        "record 0 of the batch has no sequence number to report it by, and it failed: a drill makes order A fail \
         (ORDERFLOW_FAIL_ORDERS names it)"
    );
}
