//! Asks the shop front everything that can be asked, of a world in memory.

mod cancelling;
mod creating;
mod following;
mod listing;
mod reading;
mod tenants;

use super::*;
use crate::shop::fake::{Call, Fake, run};
use crate::shop::order::{Error, Order, Tracking};
use crate::shop::ports::{CommitRefused, Table};
use crate::shop::status::Status;
use serde_json::Value as Json;
use std::time::Duration;

pub(super) const BODY: &str = r#"{"customerId":"C-1","customerEmail":"ada@example.com","items":[{"sku":"TEA-1","name":"Tea","quantity":2,"price":"19.90"}]}"#;

/// What a test asks.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    operation: Operation,
    path: Vec<(&'static str, Cow<'static, str>)>,
    query: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
    tenant: String,
}

impl Ask {
    fn new(operation: Operation) -> Self {
        Self { operation, path: vec![], query: vec![], headers: vec![], body: vec![], tenant: "demo".to_owned() }
    }

    pub(super) fn create(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::new(Operation::CreateOrder) }
    }

    fn of_order(operation: Operation, id: &str) -> Self {
        Self { path: vec![("orderId", id.to_owned().into())], ..Self::new(operation) }
    }

    fn get(id: &str) -> Self {
        Self::of_order(Operation::GetOrder, id)
    }

    fn cancel(id: &str, body: &str) -> Self {
        Self { body: body.into(), ..Self::of_order(Operation::CancelOrder, id) }
    }

    fn follow(id: &str) -> Self {
        Self::of_order(Operation::FollowOrder, id)
    }

    fn list(customer: &str, query: &[(&str, &str)]) -> Self {
        let query = query.iter().map(|(name, value)| ((*name).to_owned().into(), (*value).to_owned().into())).collect();
        Self { path: vec![("customerId", customer.to_owned().into())], query, ..Self::new(Operation::ListOrders) }
    }

    fn header(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn tenant(self, tenant: &str) -> Self {
        Self { tenant: tenant.to_owned(), ..self }
    }

    pub(super) async fn of(&self, shop: &Fake) -> Answer {
        let header = |name: &str| {
            let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| &**value)
        };
        let request = Request {
            operation: self.operation,
            path: &self.path,
            query: &self.query,
            header: &header,
            body: &self.body,
            tenant: &self.tenant,
            request_id: "r-1",
        };
        handle(shop, &request).await
    }

    fn run(&self, shop: &Fake) -> Answer {
        run(self.of(shop))
    }
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let mut found = answer.headers.iter().filter(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    let value = found.next();
    assert_eq!(found.next(), None, "{name} stands there once");
    value
}

fn json(answer: &Answer) -> Json {
    serde_json::from_slice(&answer.body).unwrap()
}

fn kind(answer: &Answer) -> Option<ProblemKind> {
    answer.problem.as_ref().map(|problem| problem.kind)
}

/// The id of an order that was taken in.
fn id(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{answer:?}");
    json(answer)["orderId"].as_str().unwrap().to_owned()
}

/// The order as it lies in the table.
fn kept(shop: &Fake, id: &str) -> Order {
    let items = shop.items(Table::Orders);
    Order::from_item(items.iter().find(|item| item.text("orderId") == Some(id)).unwrap()).unwrap()
}

/// Changes the order in the table, as the worker would.
fn change(shop: &Fake, id: &str, change: impl FnOnce(&mut Order)) {
    let mut order = kept(shop, id);
    change(&mut order);
    shop.put(Table::Orders, order.to_item());
}

/// Takes the order to a status, by the shortest way.
fn take_to(shop: &Fake, id: &str, status: Status) {
    const WAY: [Status; 5] =
        [Status::Validating, Status::InventoryCheck, Status::PaymentProcessing, Status::Fulfillment, Status::Completed];
    change(shop, id, |order| {
        let at = order.updated_at + Duration::from_millis(5);
        if matches!(status, Status::Failed | Status::Cancelled) {
            order.advance(status, at, Some("so it is".into()));
        }
        for step in WAY {
            if order.status != status && step > order.status {
                order.advance(step, at, None);
            }
        }
        match status {
            Status::Completed => {
                order.tracking = Some(Tracking { carrier: "DHL".into(), number: "7".into(), url: None });
            }
            Status::Failed => {
                let message = "there is none left".into();
                order.error = Some(Error { step: Status::InventoryCheck, code: "out_of_stock".into(), message });
            }
            _ => {}
        }
    });
}

#[test]
fn every_operation_is_found_by_its_method_and_resource() {
    for (operation, method, resource) in OPERATIONS {
        assert_eq!(Operation::parse(method, resource), Some(operation));
        assert_eq!(Operation::parse("DELETE", resource), None);
    }
    assert_eq!(Operation::parse("GET", "/orders"), None);
    assert_eq!(Operation::parse("get", "/orders/{orderId}"), None);
}

#[test]
fn problems_have_words_of_their_own() {
    for (index, one) in ProblemKind::ALL.into_iter().enumerate() {
        for other in &ProblemKind::ALL[..index] {
            assert_ne!(one.slug(), other.slug());
            assert_ne!(one.title(), other.title());
        }
    }
}

/// Whatever cannot be done now says so, and what broke inside stays inside.
#[test]
fn what_the_world_cannot_do_is_told_to_the_log_and_not_to_the_client() {
    let secret = "disk 7 at /var/lib/secret\nis broken";
    let refused = [
        (CommitRefused::Busy(secret.into()), 503, ProblemKind::Unavailable),
        (CommitRefused::Broken(secret.into()), 500, ProblemKind::Internal),
    ];
    for (refused, status, expected) in refused {
        let shop = Fake::new();
        let id = id(&Ask::create(BODY).run(&shop));
        let before = shop.items(Table::Orders);
        for ask in [Ask::create(BODY).header("Idempotency-Key", "k"), Ask::cancel(&id, "")] {
            shop.plan(crate::shop::fake::Mishap::Refuse(refused.clone()));
            let answer = ask.run(&shop);
            assert_eq!((answer.status, kind(&answer)), (status, Some(expected)));
            assert_eq!(header(&answer, "retry-after"), (status == 503).then_some("1"));
            assert!(!answer.problem.as_ref().unwrap().detail.contains("disk"));
            let log = answer.log.unwrap();
            assert!(log.contains("disk 7") && !log.contains('\n') && !log.contains("ada@"), "{log}");
            assert_eq!((answer.body.as_slice(), answer.concerns), (&b""[..], None));
        }
        assert_eq!(shop.items(Table::Orders), before);
        assert_eq!(shop.items(Table::Requests), []);
        assert_eq!(shop.messages().len(), 1);
    }
    let shop = Fake::new();
    let id = id(&Ask::create(BODY).header("Idempotency-Key", "k").run(&shop));
    let reading = [
        Ask::create(BODY).header("Idempotency-Key", "k"),
        Ask::get(&id),
        Ask::get("ORD-1"),
        Ask::list("C-1", &[]),
        Ask::cancel(&id, ""),
        Ask::follow(&id),
    ];
    for ask in reading {
        shop.fail_reads(1);
        let answer = ask.run(&shop);
        assert_eq!((answer.status, header(&answer, "retry-after")), (503, Some("1")), "{ask:?}");
        assert!(!answer.problem.unwrap().detail.contains("holiday"));
        assert!(answer.log.unwrap().contains("holiday"));
    }
}

#[test]
fn an_order_is_shown_after_one_read() {
    let shop = Fake::new();
    let id = id(&Ask::create(BODY).run(&shop));
    shop.take_calls();
    Ask::get(&id).run(&shop);
    assert_eq!(shop.take_calls(), [Call::Get(Table::Orders)]);
}

/// A server moves a request from thread to thread while it waits.
#[test]
fn requests_may_be_answered_on_any_thread() {
    fn any_thread<T: Send>(future: T) -> T {
        future
    }
    let shop = Fake::new();
    assert_eq!(run(any_thread(Ask::create(BODY).of(&shop))).status, 201);
    let follow = Follow { order_id: "ORD-1".to_owned(), sent: 0 };
    assert!(run(any_thread(more_events(&shop, "demo", follow))).is_ok());
}
