//! Showing orders.

use super::*;
use types::Item;

#[test]
fn an_order_is_shown_as_it_stands() {
    for (status, version) in [(Status::Pending, 1), (Status::Completed, 6), (Status::Failed, 2)] {
        let shop = Fake::new();
        let id = id(&Ask::create(BODY).run(&shop));
        take_to(&shop, &id, status);
        let answer = Ask::get(&id).run(&shop);
        assert_eq!(answer.status, 200);
        let shown = json(&answer);
        assert_eq!(shown["status"], status.name());
        assert_eq!(shown["history"].as_array().unwrap().len(), version);
        assert_eq!(shown["tracking"].is_object(), status == Status::Completed);
        assert_eq!(shown["error"].is_object(), status == Status::Failed);
        assert_eq!(header(&answer, "etag"), Some(format!("\"{version}\"").as_str()));
        assert_eq!(header(&answer, "cache-control"), Some("private, no-cache"));
        assert_eq!(answer.concerns.as_deref(), Some(id.as_str()));
    }
}

#[test]
fn whoever_has_seen_it_is_not_sent_it_again() {
    let shop = Fake::new();
    let id = id(&Ask::create(BODY).run(&shop));
    let ask = Ask::get(&id).header("if-none-match", "\"1\"");
    let answer = ask.run(&shop);
    assert_eq!((answer.status, answer.body.len()), (304, 0));
    assert_eq!(header(&answer, "etag"), Some("\"1\""));
    take_to(&shop, &id, Status::Validating);
    assert_eq!(ask.run(&shop).status, 200);
}

#[test]
fn orders_with_ids_of_others_are_found_too() {
    let shop = Fake::new();
    let id = id(&Ask::create(BODY).run(&shop));
    let original = kept(&shop, &id);
    // One that was brought in from elsewhere, and one whose id says another instant than its `createdAt`.
    for other in ["ORD-1001", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"] {
        let order = Order { id: other.into(), ..original.clone() };
        shop.put(Table::Orders, order.to_item());
        let answer = Ask::get(other).run(&shop);
        assert_eq!((answer.status, json(&answer)["orderId"].as_str()), (200, Some(other)));
    }
}

#[test]
fn what_is_not_there_or_no_order_is_not_found() {
    let shop = Fake::new();
    let by_hand = Item::from([
        ("orderId", "ORD-2".into()),
        ("createdAt", "2026-01-01T00:00:00.000Z".into()),
        ("tenant", "demo".into()),
        ("status", "pending".into()),
    ]);
    shop.put(Table::Orders, by_hand);
    let long = "x".repeat(5000);
    for (id, logged) in [("ORD-1", false), ("", false), (&long, false), ("ORD-2", true)] {
        for ask in [Ask::get(id), Ask::cancel(id, ""), Ask::follow(id)] {
            let answer = ask.run(&shop);
            assert_eq!((answer.status, kind(&answer)), (404, Some(ProblemKind::OrderNotFound)), "{id}");
            assert_eq!(answer.log.is_some(), logged, "{:?}", answer.log);
        }
    }
    shop.take_calls();
    Ask::get(&long).run(&shop);
    assert_eq!(shop.take_calls(), []);
}
