//! What becomes of a premium order's effects, whatever goes wrong on the way.

use super::fake::FakeDesk;
use super::*;
use crate::order::Layout;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use types::{Change, ChangeKind, Item, Record, SequenceNumber, TableId, Timestamp, Value};

/// Nothing in these tests waits, so one look is enough.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(given) => given,
        Poll::Pending => panic!("nobody is waited for"),
    }
}

fn settings() -> Settings {
    let variables = [
        ("ACCOUNT_MANAGER_WEBHOOK_URL", "https://hooks.example/vip"),
        ("ACCOUNT_MANAGER_WEBHOOK_SECRET", "S"),
        ("CRM_URL", "https://crm.example"),
        ("CRM_SECRET", "S"),
        ("SMTP_URL", "smtp://mail.example"),
        ("MAIL_FROM", "orders@shop.example"),
        ("MAIL_TO", "vip@shop.example"),
    ];
    Settings::parse(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)).unwrap()
}

fn order(id: &str, status: &str, amount: u64, email: &str) -> Item {
    Item::from([
        ("orderId", id.into()),
        ("orderStatus", status.into()),
        ("orderAmount", Value::N(amount.into())),
        ("customerEmail", email.into()),
        ("orderDate", "2025-10-31".into()),
    ])
}

fn record(old: Option<Item>, new: Option<Item>) -> Record {
    let kind = match (&old, &new) {
        (None, _) => ChangeKind::Insert,
        (_, None) => ChangeKind::Remove,
        _ => ChangeKind::Modify,
    };
    let (sequence, previous) = (SequenceNumber::new(1), SequenceNumber::ZERO);
    let at = Timestamp::from_millis(1_709_856_000_000);
    let keys = Item::new();
    let change = Change {
        sequence,
        previous,
        at,
        table: TableId(1),
        kind,
        keys,
        old,
        new,
        spread: 0,
        by_service: false,
        trace: None,
    };
    Record { change: Arc::new(change), stream: None }
}

fn shipped(id: &str, email: &str) -> Shipped {
    let record = record(Some(order(id, "pending", 1500, email)), Some(order(id, "shipped", 1500, email)));
    Shipped::read(&record, Layout::Orders).unwrap()
}

#[test]
fn only_premium_orders_at_the_moment_they_are_shipped_are_looked_after() {
    let of = |status, amount| order("A", status, amount, "vip@example.com");
    let cases = [
        (Some(of("pending", 1500)), Some(of("shipped", 1001)), true),
        (Some(of("pending", 1500)), Some(of("shipped", 1000)), false),
        (Some(of("shipped", 1500)), Some(of("shipped", 1500)), false),
        (Some(of("pending", 1500)), Some(of("delivered", 1500)), false),
        (None, Some(of("shipped", 1500)), false),
        (Some(of("pending", 1500)), None, false),
    ];
    for (old, new, ours) in cases {
        let record = record(old, new);
        assert_eq!(Shipped::read(&record, Layout::Orders).is_some(), ours, "{record:?}");
    }
}

#[test]
fn each_effect_is_done_once_however_often_the_change_comes() {
    let (desk, settings, order) = (FakeDesk::default(), settings(), shipped("A", "vip@example.com"));
    for round in 0..3 {
        for effect in Effect::ALL {
            let came = now(attend(&desk, &settings, &order, effect));
            match (round, came) {
                (0, Attended::Done { attempt: 1, .. }) => {}
                (1.., Attended::Before { at }) => assert_eq!(at, "2024-03-08T00:00:00.498Z"),
                (_, came) => panic!("{effect:?} in round {round}: {came:?}"),
            }
        }
    }
    assert_eq!(desk.sent.lock().unwrap().len(), 3);
    assert_eq!(*desk.raised.lock().unwrap(), ["A"]);
    let other = shipped("B", "vip@example.com");
    assert!(matches!(now(attend(&desk, &settings, &other, Effect::Crm)), Attended::Done { attempt: 1, .. }));
}

#[test]
fn what_fails_is_remembered_tried_again_and_says_the_same() {
    let desk = FakeDesk { failures: Mutex::new(2), ..FakeDesk::default() };
    let (settings, order) = (settings(), shipped("A", "vip@example.com"));
    for attempt in 1..=2 {
        let came = now(attend(&desk, &settings, &order, Effect::ManagerWebhook));
        assert_eq!(came, Attended::Failed { error: "it answers with status 503".to_owned(), attempt });
        let kept = desk.effects.lock().unwrap()["A"].clone();
        let memory = Memory::read(&kept, Effect::ManagerWebhook).unwrap();
        assert_eq!((memory.state, memory.attempts), (State::Failed, attempt));
    }
    let came = now(attend(&desk, &settings, &order, Effect::ManagerWebhook));
    assert!(matches!(came, Attended::Done { attempt: 3, .. }), "{came:?}");
    let sent = desk.sent.lock().unwrap();
    assert!(sent.len() == 3 && sent.iter().all(|message| *message == sent[0]));
}

#[test]
fn nothing_is_sent_while_it_is_not_known_what_was_sent() {
    let desk = FakeDesk { is_unreadable: true, ..FakeDesk::default() };
    let came = now(attend(&desk, &settings(), &shipped("A", "v@x.io"), Effect::Crm));
    assert!(matches!(&came, Attended::Failed { error, attempt: 0 } if error.contains("the disk is gone")), "{came:?}");
    assert!(desk.sent.lock().unwrap().is_empty());
}

#[test]
fn what_cannot_be_remembered_is_not_taken_for_done() {
    let desk = FakeDesk { is_full: Mutex::new(true), ..FakeDesk::default() };
    let (settings, order) = (settings(), shipped("A", "v@x.io"));
    for effect in Effect::ALL {
        let came = now(attend(&desk, &settings, &order, effect));
        assert!(matches!(&came, Attended::Failed { error, .. } if error.contains("the disk is full")), "{came:?}");
    }
    *desk.is_full.lock().unwrap() = false;
    for effect in Effect::ALL {
        assert!(matches!(now(attend(&desk, &settings, &order, effect)), Attended::Done { .. }));
    }
}

#[test]
fn an_order_that_is_gone_needs_no_priority() {
    let desk = FakeDesk { is_gone: true, ..FakeDesk::default() };
    let (settings, order) = (settings(), shipped("A", "v@x.io"));
    let came = now(attend(&desk, &settings, &order, Effect::ShippingPriority));
    assert!(matches!(came, Attended::Needless { .. }), "{came:?}");
    let came = now(attend(&desk, &settings, &order, Effect::ShippingPriority));
    assert!(matches!(came, Attended::Before { .. }), "{came:?}");
}

#[test]
fn what_is_off_is_left_alone() {
    let settings = Settings { crm: None, mail: None, ..settings() };
    let desk = FakeDesk::default();
    for effect in [Effect::Crm, Effect::ManagerMail] {
        assert_eq!(now(attend(&desk, &settings, &shipped("A", "v@x.io"), effect)), Attended::Off);
    }
    assert!(desk.effects.lock().unwrap().is_empty());
}

#[test]
fn ids_differ_by_order_effect_and_table_and_are_fit_for_a_header() {
    let (a, b) = (shipped("A", "v@x.io"), shipped("B\r\nx: y", "v@x.io"));
    let of_new_orders = Shipped { layout: Layout::NewOrders, ..a.clone() };
    let mut ids: Vec<String> =
        [&a, &b, &of_new_orders].iter().flat_map(|order| Effect::ALL.map(|effect| order.id_of(effect))).collect();
    assert!(ids.iter().all(|id| id.len() == 36 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 12);
}

#[test]
fn an_order_says_what_it_is_in_json_and_mail_and_nothing_else() {
    let settings = settings();
    let nasty = shipped("A\r\nBcc: all@example.com\r\n\r\n.\r\n", "vip@example.com\r\nSubject: x");
    let json: serde_json::Value = serde_json::from_str(&nasty.message(Effect::Crm, &settings).body).unwrap();
    assert_eq!(json["type"], "order.premium_shipped");
    assert_eq!(json["timestamp"], "2024-03-08T00:00:00.000Z");
    assert_eq!(json["data"]["orderId"], nasty.id.as_str());
    assert_eq!(json["data"]["amount"], "1500");
    let mail = nasty.message(Effect::ManagerMail, &settings).body;
    let (head, text) = mail.split_once("\r\n\r\n").unwrap();
    assert_eq!(head.replace("\r\n ", " ").lines().count(), 9, "{head}");
    assert!(head.contains("Subject: Premium order A\\r\\nBcc:"), "{head}");
    assert!(text.contains("Amount:    1500.0\r\n") && !text.contains("\r\n.\r\n"), "{text}");
}
