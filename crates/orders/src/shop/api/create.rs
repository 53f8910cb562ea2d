//! Decides how an order is taken in: all of it in one commit, and once for each idempotency key.

use super::Request;
use super::answer::{Answer, ProblemKind, not_committed};
use super::find::{Found, own_order};
use crate::shop::idempotency::{self, KEY_MAX, Kept, Key};
use crate::shop::order::{Moment, Order, Progress};
use crate::shop::order_id;
use crate::shop::ports::{Commit, CommitRefused, Expected, Put, Shop, Table, Unreadable};
use crate::shop::request::{Draft, Refused, read_order};
use crate::shop::status::Status;
use crate::shop::view::text;
use types::Timestamp;

/// How often a commit is tried. It fails twice only if an id was drawn twice, or a key was forgotten in between.
const TRIES_MAX: usize = 4;

pub(super) async fn create<S: Shop>(shop: &S, request: &Request<'_>) -> Answer {
    let given = request.header("idempotency-key");
    let key = given.map(|value| Key::parse(value).ok_or(())).transpose();
    match (read_order(request.body), key) {
        (Ok(draft), Ok(key)) => {
            let made = key.map(|key| (key.request_id(request.tenant), idempotency::content(&draft)));
            take_in(shop, request, draft, made).await
        }
        (Ok(_), Err(())) => Answer::problem(ProblemKind::InvalidIdempotencyKey, key_fault()),
        (Err(refused), key) => refuse(request.body, refused, key.err().map(|()| key_fault())),
    }
}

fn key_fault() -> String {
    format!(
        "The header Idempotency-Key should be 1 to {KEY_MAX} visible ASCII characters without blanks, such as a UUID."
    )
}

fn refuse(body: &[u8], refused: Refused, also: Option<String>) -> Answer {
    if body.is_empty() {
        let also = also.map(|also| format!(" {also}")).unwrap_or_default();
        let detail = format!("The body is empty; send the order as a JSON object.{also}");
        return Answer::problem(ProblemKind::NotJson, detail);
    }
    Answer::refused(refused, also.as_deref())
}

/// Commits the order. `made` is what its idempotency key is found by, and what the request says.
async fn take_in<S: Shop>(shop: &S, request: &Request<'_>, draft: Draft, made: Option<(String, [u8; 32])>) -> Answer {
    let mut order = new_order(shop, request, draft);
    for _ in 0..TRIES_MAX {
        let refused = match shop.commit(commit(&order, made.as_ref())).await {
            Ok(()) => return created(&order),
            Err(refused) => refused,
        };
        match (&refused, &made) {
            (CommitRefused::Unexpected { put: 0 }, _) => {
                (order.id, order.created_at) = order_id::new(shop.now(), [shop.random(), shop.random()]);
                order.updated_at = order.created_at;
                order.history = vec![first_moment(order.created_at)];
            }
            (CommitRefused::Unexpected { .. }, Some((request_id, content))) => {
                match again(shop, request, request_id, *content).await {
                    Ok(Some(answer)) => return answer,
                    // The key was forgotten since the commit was refused.
                    Ok(None) => {}
                    Err(unreadable) => return unreadable.into(),
                }
            }
            (CommitRefused::Unexpected { .. } | CommitRefused::Busy(_) | CommitRefused::Broken(_), _) => {
                return not_committed(&refused);
            }
        }
    }
    Answer::unavailable("an order could not be written: its key is there for a commit, and not there for a read")
}

/// The answer to a request whose key was used before; none if the key is not known after all.
async fn again<S: Shop>(
    shop: &S,
    request: &Request<'_>,
    request_id: &str,
    content: [u8; 32],
) -> Result<Option<Answer>, Unreadable> {
    let Some(item) = shop.get(Table::Requests, &idempotency::item_key(request_id)).await? else { return Ok(None) };
    let Some(kept) = Kept::from_item(&item) else {
        return Ok(Some(Answer::broken("an item of the table of requests was not written by the shop front")));
    };
    if kept.content != content {
        let detail = "An earlier request with this Idempotency-Key ordered something else. Nothing was changed. Send the \
                      request with a new key, or the earlier one with this key.";
        return Ok(Some(Answer::problem(ProblemKind::IdempotencyKeyReused, detail)));
    }
    Ok(Some(match own_order(shop, request.tenant, &kept.order_id).await? {
        Found::Order(order) => {
            let mut answer = created(&as_created(*order));
            answer.headers.push(("idempotent-replayed", "true".to_owned()));
            answer
        }
        Found::Nothing | Found::Unreadable(_) => {
            let detail = "This request was done before, and its order has been removed since. Send it with a new \
                          Idempotency-Key to order again.";
            Answer::problem(ProblemKind::OrderGone, detail)
        }
    }))
}

fn created(order: &Order) -> Answer {
    let mut answer = Answer::written(201, order);
    answer.headers.push(("location", format!("/orders/{}", order.id)));
    answer
}

fn new_order<S: Shop>(shop: &S, request: &Request<'_>, draft: Draft) -> Order {
    let (id, created_at) = order_id::new(shop.now(), [shop.random(), shop.random()]);
    let Draft { customer_id, customer_email, currency, lines, amount, shipping_address, note } = draft;
    Order {
        id,
        tenant: request.tenant.into(),
        customer_id,
        customer_email,
        status: Status::Pending,
        currency,
        amount,
        lines,
        shipping_address,
        note,
        created_at,
        updated_at: created_at,
        version: 1,
        history: vec![first_moment(created_at)],
        tracking: None,
        error: None,
        progress: Progress::default(),
        correlation: request.request_id.into(),
    }
}

fn first_moment(at: Timestamp) -> Moment {
    Moment { status: Status::Pending, at, detail: None }
}

/// An order as it was when it was taken in, whatever has become of it since.
fn as_created(order: Order) -> Order {
    Order {
        status: Status::Pending,
        updated_at: order.created_at,
        version: 1,
        history: vec![first_moment(order.created_at)],
        tracking: None,
        error: None,
        progress: Progress::default(),
        ..order
    }
}

fn commit(order: &Order, made: Option<&(String, [u8; 32])>) -> Commit {
    let mut puts = Vec::with_capacity(2);
    puts.push(Put { table: Table::Orders, item: order.to_item(), expected: Expected::Absent });
    if let Some((request_id, content)) = made {
        let created_at = order.created_at.iso_millis();
        let kept = Kept { order_id: order.id.to_string(), created_at, content: *content };
        let item = kept.to_item(request_id, order.created_at);
        puts.push(Put { table: Table::Requests, item, expected: Expected::Absent });
    }
    Commit { puts, send: Some(message(order)), settle: None }
}

/// What the worker is told of an order.
fn message(order: &Order) -> String {
    let mut out = Vec::with_capacity(200);
    text(&mut out, b"{\"orderId\":", &order.id);
    text(&mut out, b",\"createdAt\":", &order.created_at.iso_millis());
    text(&mut out, b",\"tenant\":", &order.tenant);
    text(&mut out, b",\"correlation\":", &order.correlation);
    out.push(b'}');
    String::from_utf8(out).expect("texts and ASCII between them are UTF-8")
}
