//! What is answered in our own words: which orders, in which sentences, as of when.

use super::*;

#[test]
fn each_intent_has_its_orders_and_names_them_and_the_time() {
    use Status::*;
    let shop = Watched::new();
    let cases: [(&str, &str, &[Status]); 7] = [
        ("What's my order status?", "status", &[Pending]),
        ("Where is my package?", "tracking", &[Pending, Validating, InventoryCheck]),
        ("Show recent orders", "recent", &[Pending, Validating, InventoryCheck, PaymentProcessing, Fulfillment]),
        ("show my last 2 orders", "recent", &[Pending, Validating]),
        ("why did it fail", "failure", &[Failed]),
        ("how do I cancel my order?", "cancel", &[Pending, Validating, InventoryCheck]),
        ("orders of 2026-11-16", "recent", &[Failed]),
    ];
    for (message, intent, statuses) in cases {
        let answer = shop.ask(message);
        let expected: Vec<&str> =
            statuses.iter().map(|status| shop.with("north", "C-1", *status).id.as_str()).collect();
        assert_eq!((answer["intent"].as_str(), ids(&answer)), (Some(intent), expected.clone()), "{message}");
        assert!(expected.iter().all(|id| reply(&answer).contains(id)), "{message}: {answer}");
        assert!(reply(&answer).ends_with(" As of 2026-11-21 12:00:00 UTC."), "{message}: {answer}");
        assert_eq!((&answer["asOf"], &answer["source"]), (&json!("2026-11-21T12:00:00.000Z"), &json!("template")));
        assert_eq!(answer.get("model"), None);
    }
    for (message, intent) in [("hello", "help"), ("sing a song", "unknown")] {
        let answer = shop.ask(message);
        assert_eq!((answer["intent"].as_str(), ids(&answer).len()), (Some(intent), 0), "{message}");
        assert!(reply(&answer).contains("how an order stands"), "{answer}");
    }
}

#[test]
fn an_order_that_is_named_is_told_of() {
    let shop = Watched::new();
    let of = |status| shop.with("north", "C-1", status);
    let cases = [
        (
            format!("where is {}", of(Status::Completed).id),
            " has been COMPLETED since 2026-11-17 07:30:00 UTC: it was handed over and is on its way. DHL carries it under the \
             number TRACK-northC-1101 (https://track.example/northC-1101). As of",
        ),
        (
            format!("why did {} fail", of(Status::Failed).id),
            "It failed at PAYMENT_PROCESSING (card_declined): the bank northC-1121 said no. As of",
        ),
        (format!("why did {} fail", of(Status::Pending).id), "It has not failed."),
        (
            format!("track {}", of(Status::Pending).id),
            "It is not sent yet; it gets a number to follow it by when it is.",
        ),
        (format!("track {}", of(Status::Cancelled).id), "It is not sent."),
        (format!("cancel {}", of(Status::Fulfillment).id), "It can no longer be cancelled;"),
        (
            format!("cancel {}", of(Status::Failed).id),
            "There is nothing left to cancel. Nothing was cancelled by asking.",
        ),
        (format!("cancel {}", of(Status::Pending).id), "It can still be cancelled: send POST /orders/"),
        (
            of(Status::Validating).id.as_str().to_uppercase(),
            "has been VALIDATING since 2026-11-20 15:30:00 UTC: it is being checked.",
        ),
    ];
    for (message, expected) in cases {
        let answer = shop.ask(&message);
        assert_eq!(ids(&answer).len(), 1, "{message}: {answer}");
        assert!(reply(&answer).contains(expected), "{message}: {answer}");
    }
    let beside =
        json!({ "customerId": "C-1", "message": "where is it?", "orderId": of(Status::Completed).id.as_str() });
    let answer = shop.ask_as("north", &beside, &Templates);
    assert!(String::from_utf8(answer.body).unwrap().contains("TRACK-northC-1101"));
}

/// Somebody else's order, one of another tenant, and one that never was: the same answer, but for nothing.
#[test]
fn an_order_of_somebody_else_is_one_that_is_not_there() {
    let shop = Watched::new();
    let missing = shop.ask("where is 01890a5d-ac96-774b-bcce-b302099a8057");
    assert_eq!(
        reply(&missing),
        "I find no order of yours with the id that you named; check the id. As of 2026-11-21 12:00:00 UTC."
    );
    for (tenant, customer) in [("north", "C-2"), ("south", "C-1"), ("south", "C-2")] {
        for order in shop.own(tenant, customer) {
            assert_eq!(shop.ask(&format!("where is {}", order.id)), missing, "{tenant} {customer}");
        }
    }
}

#[test]
fn days_bound_what_is_told() {
    let shop = Watched::new();
    let count = |message: &str| ids(&shop.ask(message)).len();
    let cases = [
        ("orders of today", 1),
        ("orders of yesterday", 1),
        ("my 10 orders of this week", 7),
        ("10 orders of last week", 1),
        ("orders of 2020-01-01", 0),
        ("orders in 2031-01-01", 0),
    ];
    for (message, expected) in cases {
        assert_eq!(count(message), expected, "{message}");
    }
    assert_eq!(
        reply(&shop.ask("orders of 2020-01-01")),
        "I find no order of yours on 2020-01-01 (UTC). As of 2026-11-21 12:00:00 UTC."
    );
    assert!(reply(&shop.ask("recent orders")).contains(" There are more. "));
    assert!(!reply(&shop.ask("my last 8 orders")).contains("There are more"));
}

/// The days of a busy customer are found however many orders are newer.
#[test]
fn old_days_are_found_behind_many_newer_orders() {
    let orders = (1..=400).map(|hours| order("north", "C-1", hours, Status::Completed)).collect();
    let shop = Watched::of(orders);
    let answer = shop.ask("my 10 orders on 2026-11-06");
    assert_eq!(ids(&answer).len(), 10, "{answer}");
    for id in ids(&answer) {
        let order = shop.orders.iter().find(|order| order.id == id).unwrap();
        assert!(order.created_at.iso_millis().starts_with("2026-11-06"), "{}", order.created_at);
    }
    assert_eq!(shop.fake.take_calls(), [Call::OrdersOf], "in one read");
}

#[test]
fn a_cancellation_under_way_is_told_and_not_offered_again() {
    let mut asked = order("north", "C-1", 1, Status::PaymentProcessing);
    asked.progress.cancel_requested = true;
    let shop = Watched::of(vec![asked]);
    let answer = shop.ask("can I cancel my order");
    assert!(reply(&answer).contains("Its cancellation is asked for") && !reply(&answer).contains("POST"), "{answer}");
}

#[test]
fn what_is_wrong_with_a_question_is_told_all_at_once() {
    let shop = Watched::new();
    let long = "x".repeat(501);
    let cases = [
        (json!({}), vec!["/customerId", "/message"]),
        (json!({ "customerId": "C#1", "message": "" }), vec!["/customerId", "/message"]),
        (json!({ "customerId": "C-1", "message": long }), vec!["/message"]),
        (json!({ "customerId": "C-1", "message": "hi", "tenant": "south" }), vec!["/tenant"]),
        (json!({ "customerId": "C-1", "message": "hi", "orderId": "a b" }), vec!["/orderId"]),
        (json!({ "customerId": ["C-1"], "message": 5 }), vec!["/customerId", "/message"]),
        (json!({ "customerId": "C-1", "message": "a\u{202e}b" }), vec!["/message"]),
        (json!({ "customerId": "north#C-1", "message": "hi" }), vec!["/customerId"]),
    ];
    for (body, expected) in cases {
        let answer = shop.ask_as("north", &body, &Templates);
        assert_eq!(answer.status, 400, "{body}");
        let mut places: Vec<String> = answer.problem.unwrap().errors.into_iter().map(|fault| fault.pointer).collect();
        places.sort();
        assert_eq!(places, expected, "{body}");
    }
    shop.fake.fail_reads(1);
    let answer = shop.ask_as("north", &json!({ "customerId": "C-1", "message": "my orders" }), &Templates);
    assert_eq!(answer.status, 503);
}
