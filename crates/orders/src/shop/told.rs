//! Decides what the shop front tells others of an order: that it came in, and how it ended.
//!
//! An event goes with the commit of the change it tells of, so neither is ever there without the other. It holds what
//! routes an order, and nothing by which a person could be found but the customer's id.

use super::money::{Currency, Minor};
use super::ports::{Expected, Put, Table};
use crate::events::Event;
use serde_json::{Map, Value as Json};
use types::{Gather, Item, Value};

/// Who speaks.
pub const SOURCE: &str = "orderflow.shop";

/// What is told of an item that is written; nothing of a step in between, or of anything but an order.
pub fn event_of(put: &Put, bus: &str) -> Option<Event> {
    Some(Event {
        bus: Some(bus.to_owned()),
        source: SOURCE.to_owned(),
        detail_type: told_as(put)?.to_owned(),
        detail: detail(&put.item),
    })
}

/// As what an item that is written is told of, if it is: the type of its event.
pub fn told_as(put: &Put) -> Option<&'static str> {
    if put.table != Table::Orders {
        return None;
    }
    match (put.expected, put.item.text("status")?) {
        (Expected::Absent, _) => Some("Order Created"),
        (_, "COMPLETED") => Some("Order Completed"),
        (_, "FAILED") => Some("Order Failed"),
        (_, "CANCELLED") => Some("Order Cancelled"),
        _ => None,
    }
}

fn detail(order: &Item) -> Json {
    let mut detail = Map::new();
    for name in ["orderId", "customerId", "tenant", "status", "tier", "currency", "createdAt", "updatedAt"] {
        if let Some(text) = order.text(name) {
            detail.insert(name.to_owned(), text.into());
        }
    }
    let currency = order.text("currency").and_then(Currency::parse);
    if let Some((currency, minor)) = currency.zip(order.number("amountMinor").and_then(types::Number::to_u64)) {
        detail.insert("amount".to_owned(), Minor(minor).decimal(currency).into());
    }
    if let Some(Value::Bool(test)) = order.get("test") {
        detail.insert("test".to_owned(), (*test).into());
    }
    if let Some(Value::M(error)) = order.get("error") {
        let parts = ["step", "code"].into_iter().filter_map(|name| Some((name.to_owned(), error.text(name)?.into())));
        detail.insert("error".to_owned(), Json::Object(parts.into_object()));
    }
    Json::Object(detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn put(expected: Expected, status: &str) -> Put {
        let item = Item::from([
            ("amountMinor", types::Number::from(159_999u64).into()),
            ("createdAt", "2026-11-21T10:00:00.000Z".into()),
            ("currency", "USD".into()),
            ("customerEmail", "vip@example.com".into()),
            ("customerId", "C-1".into()),
            ("error", Value::M(Item::from([("code", "out_of_stock".into()), ("message", "no more".into())]))),
            ("orderId", "o-1".into()),
            ("status", status.into()),
            ("test", true.into()),
            ("tier", "premium".into()),
        ]);
        Put { table: Table::Orders, item, expected }
    }

    #[test]
    fn the_beginning_and_the_end_of_an_order_are_told_and_no_step_between() {
        let told = |expected, status| event_of(&put(expected, status), "b").map(|event| event.detail_type);
        assert_eq!(told(Expected::Absent, "PENDING").as_deref(), Some("Order Created"));
        for step in ["PENDING", "VALIDATING", "INVENTORY_CHECK", "PAYMENT_PROCESSING", "FULFILLMENT"] {
            assert_eq!(told(Expected::Version(1), step), None, "{step}");
        }
        for (end, name) in
            [("COMPLETED", "Order Completed"), ("FAILED", "Order Failed"), ("CANCELLED", "Order Cancelled")]
        {
            assert_eq!(told(Expected::Version(6), end).as_deref(), Some(name));
        }
        let stock = Put { table: Table::Stock, ..put(Expected::Absent, "COMPLETED") };
        assert_eq!(event_of(&stock, "b"), None);
    }

    #[test]
    fn an_event_holds_what_routes_an_order_and_no_address() {
        let event = event_of(&put(Expected::Version(3), "FAILED"), "commerce-order-events").unwrap();
        assert_eq!((event.source.as_str(), event.bus.as_deref()), (SOURCE, Some("commerce-order-events")));
        let expected = json!({
            "orderId": "o-1", "customerId": "C-1", "status": "FAILED", "tier": "premium", "test": true,
            "amount": "1599.99", "currency": "USD", "createdAt": "2026-11-21T10:00:00.000Z",
            "error": {"code": "out_of_stock"}
        });
        assert_eq!(event.detail, expected);
    }
}
