//! Calling orders off, while a worker takes them on.

use super::*;
use crate::shop::fake::interleave;
use crate::shop::order::Paid;
use crate::shop::ports::{Commit, Expected, Put, Shop};
use proptest::prelude::*;

#[test]
fn an_order_is_called_off_as_far_as_it_can_be() {
    let cases = [
        (Status::Pending, 200, Status::Cancelled, true),
        (Status::Validating, 200, Status::Cancelled, true),
        (Status::InventoryCheck, 200, Status::Cancelled, true),
        (Status::PaymentProcessing, 202, Status::PaymentProcessing, true),
        (Status::Fulfillment, 409, Status::Fulfillment, false),
        (Status::Completed, 409, Status::Completed, false),
        (Status::Failed, 409, Status::Failed, false),
        (Status::Cancelled, 200, Status::Cancelled, false),
    ];
    for (from, answered, to, written) in cases {
        let shop = Fake::new();
        let id = id(&Ask::create(BODY).run(&shop));
        take_to(&shop, &id, from);
        let before = kept(&shop, &id);
        let answer = Ask::cancel(&id, r#"{"reason":"too late"}"#).run(&shop);
        let after = kept(&shop, &id);
        assert_eq!((answer.status, after.status), (answered, to), "{from}");
        assert_eq!(after.version, before.version + u64::from(written), "{from}");
        assert_eq!(after.progress.cancel_requested, answered == 202, "{from}");
        if answered == 409 {
            assert_eq!(kind(&answer), Some(ProblemKind::OrderNotCancellable));
        } else {
            assert_eq!(json(&answer), json(&Ask::get(&id).run(&shop)), "{from}");
            assert_eq!(answer.concerns.as_deref(), Some(id.as_str()));
        }
        if answered == 202 {
            assert_eq!(after.progress.cancel_reason.as_deref(), Some("too late"));
        } else if written {
            assert_eq!(after.history.last().unwrap().detail.as_deref(), Some("too late"));
        }
        // Asked again, nothing more happens.
        assert_eq!(Ask::cancel(&id, "").run(&shop).status, answered, "{from}");
        assert_eq!(kept(&shop, &id), after, "{from}");
    }
}

#[test]
fn what_was_set_aside_or_paid_is_left_to_the_worker() {
    for paid in [false, true] {
        let shop = Fake::new();
        let id = id(&Ask::create(BODY).run(&shop));
        take_to(&shop, &id, Status::InventoryCheck);
        change(&shop, &id, |order| {
            order.progress.reserved = !paid;
            order.progress.paid = paid.then(|| Paid { payment_id: "p".into() });
        });
        assert_eq!(Ask::cancel(&id, "").run(&shop).status, 202);
        assert_eq!(kept(&shop, &id).status, Status::InventoryCheck);
    }
}

#[test]
fn an_order_that_moves_on_meanwhile_is_read_again() {
    let shop = Fake::new();
    let id = id(&Ask::create(BODY).run(&shop));
    let order_id = id.clone();
    shop.interfere(move |shop| take_to(shop, &order_id, Status::PaymentProcessing));
    assert_eq!(Ask::cancel(&id, "").run(&shop).status, 202);
    let order_id = id.clone();
    change(&shop, &id, |order| order.progress.cancel_requested = false);
    shop.interfere(move |shop| take_to(shop, &order_id, Status::Fulfillment));
    assert_eq!(Ask::cancel(&id, "").run(&shop).status, 409);
}

#[test]
fn it_is_not_tried_for_ever() {
    let shop = Fake::new();
    let id = id(&Ask::create(BODY).run(&shop));
    for _ in 0..100 {
        let id = id.clone();
        shop.interfere(move |shop| change(shop, &id, |order| order.touch(order.updated_at)));
    }
    shop.take_calls();
    let answer = Ask::cancel(&id, "").run(&shop);
    assert_eq!((answer.status, header(&answer, "retry-after")), (503, Some("1")));
    assert!(shop.take_calls().len() < 50);
    assert_eq!(kept(&shop, &id).status, Status::Pending);
}

#[test]
fn a_faulty_body_cancels_nothing() {
    let shop = Fake::new();
    let id = id(&Ask::create(BODY).run(&shop));
    for body in ["x", "{\"reason\":7}", "{\"status\":\"CANCELLED\"}", "[]"] {
        assert_eq!(Ask::cancel(&id, body).run(&shop).status, 400, "{body}");
    }
    assert_eq!(kept(&shop, &id).status, Status::Pending);
}

/// Takes an order one step further at a time, as far as it goes, under the version it read.
async fn work(shop: &Fake, id: &str) {
    let key = kept(shop, id).to_item();
    let key = types::Item::from(["orderId", "createdAt"].map(|name| (name, key.get(name).unwrap().clone())));
    for _ in 0..20 {
        let item = shop.get(Table::Orders, &key).await.unwrap().unwrap();
        let mut order = Order::from_item(&item).unwrap();
        let read = order.version;
        let next = match order.status {
            Status::Pending => Status::Validating,
            Status::Validating => Status::InventoryCheck,
            Status::InventoryCheck => Status::PaymentProcessing,
            Status::PaymentProcessing if order.progress.cancel_requested => Status::Cancelled,
            Status::PaymentProcessing => Status::Fulfillment,
            Status::Fulfillment => Status::Completed,
            Status::Completed | Status::Failed | Status::Cancelled => return,
        };
        order.advance(next, shop.now(), None);
        let put = Put { table: Table::Orders, item: order.to_item(), expected: Expected::Version(read) };
        let _ = shop.commit(Commit { puts: vec![put], ..Commit::default() }).await;
    }
    panic!("the worker comes to an end");
}

proptest! {
    /// However cancellations and the worker meet: what was answered as cancelled is and stays cancelled, what was
    /// answered as being cancelled ends so, and what was refused is completed.
    #[test]
    fn an_answer_to_a_cancellation_is_kept(seed: u64, cancellations in 1..4usize) {
        let shop = Fake::waiting(6, seed);
        let id = id(&Ask::create(BODY).run(&shop));
        let ask = Ask::cancel(&id, "");
        let mut futures: Vec<std::pin::Pin<Box<dyn Future<Output = u16>>>> = vec![Box::pin(async {
            work(&shop, &id).await;
            0
        })];
        for _ in 0..cancellations {
            futures.push(Box::pin(async { ask.of(&shop).await.status }));
        }
        let statuses = interleave(seed, futures);
        let end = kept(&shop, &id);
        for status in statuses.into_iter().flatten() {
            match status {
                0 => {}
                200 | 202 => prop_assert_eq!(end.status, Status::Cancelled),
                409 => prop_assert_eq!(end.status, Status::Completed),
                other => prop_assert!(false, "{} was answered", other),
            }
        }
        for pair in end.history.windows(2) {
            prop_assert!(pair[0].status.may_become(pair[1].status));
        }
    }
}
