//! Decides what is looked up for a question, and which of it the answer is about.
//!
//! Invariant: only orders of this tenant and this customer get in here. One that is named and is somebody else's is
//! missing, as one that never was.

use super::asked::Asked;
use super::intent::Intent;
use crate::shop::api::find::{Found, own_order};
use crate::shop::order::{Order, customer_key};
use crate::shop::ports::{CustomerQuery, Shop, Unreadable};
use crate::shop::status::Status;
use types::Timestamp;

/// How many of a customer's orders are looked at, the newest first.
const READ_MAX: usize = 50;
/// How many orders an answer about the present is about.
const SHOWN_MAX: usize = 3;

/// What is known about a question.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// What it asks.
    pub(super) asked: Asked,
    /// What the answer is about.
    pub(super) orders: Vec<Order>,
    /// How many of the named orders the customer does not have.
    pub(super) missing: usize,
    /// Whether a list goes on.
    pub(super) more: bool,
    /// When it was looked up.
    pub(super) as_of: Timestamp,
}

/// Looks up what a customer's question is about.
pub(super) async fn look_up<S: Shop>(
    shop: &S,
    tenant: &str,
    customer_id: &str,
    asked: Asked,
    as_of: Timestamp,
) -> Result<Facts, Unreadable> {
    let own = |order: &Order| order.tenant == tenant && order.customer_id == customer_id;
    let mut facts = Facts { asked, orders: Vec::new(), missing: 0, more: false, as_of };
    if matches!(facts.asked.intent, Intent::Help | Intent::Unknown) {
        return Ok(facts);
    }
    if facts.asked.ids.is_empty() {
        let (mut orders, more) = newest(shop, tenant, customer_id, &facts.asked).await?;
        orders.retain(own);
        (facts.orders, facts.more) = choose(&facts.asked, orders, more);
        return Ok(facts);
    }
    for id in &facts.asked.ids {
        match own_order(shop, tenant, id).await? {
            Found::Order(order) if own(&order) => facts.orders.push(*order),
            Found::Order(_) | Found::Nothing | Found::Unreadable(_) => facts.missing += 1,
        }
    }
    Ok(facts)
}

/// The customer's newest orders of the days that are asked for, and whether there are more.
async fn newest<S: Shop>(
    shop: &S,
    tenant: &str,
    customer_id: &str,
    asked: &Asked,
) -> Result<(Vec<Order>, bool), Unreadable> {
    // Whatever is called so was made in the last day's last millisecond at the latest: every id comes after a blank.
    let after = asked.days.map(|days| (" ".to_owned(), days.until().iso_millis()));
    let customer_key = customer_key(tenant, customer_id);
    let page = shop.orders_of(CustomerQuery { customer_key, limit: READ_MAX, after, newest_first: true }).await?;
    let mut orders: Vec<Order> = page.items.iter().filter_map(|item| Order::from_item(item).ok()).collect();
    let read = orders.len();
    if let Some(days) = asked.days {
        orders.retain(|order| (days.from()..days.until()).contains(&order.created_at));
    }
    let whole = orders.len() < read || page.next.is_none();
    Ok((orders, !whole))
}

/// What an answer is about, of orders that stand newest first, and whether there are more of that.
fn choose(asked: &Asked, mut orders: Vec<Order>, more: bool) -> (Vec<Order>, bool) {
    let wanted = |order: &Order| match asked.intent {
        Intent::Tracking => !matches!(order.status, Status::Failed | Status::Cancelled),
        Intent::Failure => order.status == Status::Failed,
        Intent::Cancel => may_be_cancelled(order),
        Intent::Status | Intent::Recent | Intent::Help | Intent::Unknown => true,
    };
    let most = match asked.intent {
        Intent::Recent => asked.count,
        Intent::Status if asked.days.is_none() => 1,
        Intent::Status | Intent::Tracking | Intent::Failure | Intent::Cancel | Intent::Help | Intent::Unknown => {
            SHOWN_MAX
        }
    };
    // If none is as it is wanted, the newest is what the customer most likely means.
    if orders.iter().any(wanted) {
        orders.retain(wanted);
    } else {
        orders.truncate(1);
    }
    let more = more || orders.len() > most;
    orders.truncate(most);
    (orders, more && asked.intent == Intent::Recent)
}

/// Whether an order can be called off while it stands where it does.
pub(super) fn may_be_cancelled(order: &Order) -> bool {
    match order.status {
        Status::Pending | Status::Validating | Status::InventoryCheck | Status::PaymentProcessing => {
            !order.progress.cancel_requested
        }
        Status::Fulfillment | Status::Completed | Status::Failed | Status::Cancelled => false,
    }
}
