//! Decides how an order is called off: at once while nothing was done for it, and else by its worker while that can be.

use super::Request;
use super::answer::{Answer, ProblemKind, not_committed};
use super::find::{Found, own_order};
use crate::handler::shown;
use crate::shop::order::Order;
use crate::shop::ports::{Commit, CommitRefused, Expected, Put, Shop, Table};
use crate::shop::request::read_cancellation;
use crate::shop::status::Status;
use types::Text;

/// How often it is tried again after the order moved on in between. An order has fewer steps than this.
const TRIES_MAX: usize = 16;

pub(super) async fn cancel<S: Shop>(shop: &S, request: &Request<'_>) -> Answer {
    let reason = match read_cancellation(request.body) {
        Ok(reason) => reason,
        Err(refused) => return Answer::refused(refused, None),
    };
    for _ in 0..TRIES_MAX {
        let order = match own_order(shop, request.tenant, request.parameter("orderId")).await {
            Ok(Found::Order(order)) => *order,
            Ok(Found::Nothing) => return Answer::not_found(),
            Ok(Found::Unreadable(why)) => return Answer { log: Some(shown(&why.to_string())), ..Answer::not_found() },
            Err(unreadable) => return unreadable.into(),
        };
        let read = order.version;
        let (status, order) = match decide(order, reason.as_deref(), shop) {
            Decision::Write(status, order) => (status, order),
            Decision::Answer(answer) => return *answer,
        };
        let put = Put { table: Table::Orders, item: order.to_item(), expected: Expected::Version(read) };
        match shop.commit(Commit { puts: vec![put], ..Commit::default() }).await {
            Ok(()) => return Answer::written(status, &order),
            Err(CommitRefused::Unexpected { .. }) => {}
            Err(refused @ (CommitRefused::Busy(_) | CommitRefused::Broken(_))) => return not_committed(&refused),
        }
    }
    Answer::unavailable("an order changed again and again while it was to be cancelled")
}

enum Decision {
    /// Write the order as it is now, and answer with this status.
    Write(u16, Box<Order>),
    /// Nothing is to be written.
    Answer(Box<Answer>),
}

fn decide<S: Shop>(mut order: Order, reason: Option<&str>, shop: &S) -> Decision {
    let answer = |answer| Decision::Answer(Box::new(answer));
    let refuse = |why: &str| answer(Answer::problem(ProblemKind::OrderNotCancellable, why));
    // Whatever its status: what was set aside or charged has to be given back, which is the worker's to do.
    let begun = order.progress.reserved || order.progress.paid.is_some();
    match order.status {
        Status::Pending | Status::Validating | Status::InventoryCheck if !begun => {
            order.advance(Status::Cancelled, shop.now(), reason.map(Text::from));
            Decision::Write(200, Box::new(order))
        }
        Status::Pending | Status::Validating | Status::InventoryCheck | Status::PaymentProcessing => {
            if order.progress.cancel_requested {
                return answer(Answer::written(202, &order));
            }
            order.progress.cancel_requested = true;
            order.progress.cancel_reason = reason.map(Text::from);
            order.touch(shop.now());
            Decision::Write(202, Box::new(order))
        }
        Status::Fulfillment => {
            refuse("The order is paid and being handed over for sending. Refuse the parcel or send it back.")
        }
        Status::Completed => refuse("The order is completed; its parcel is on its way. Send it back when it arrives."),
        Status::Failed => {
            refuse("The order failed by itself, and what was done for it is taken back. There is nothing to cancel.")
        }
        Status::Cancelled => answer(Answer::written(200, &order)),
    }
}
