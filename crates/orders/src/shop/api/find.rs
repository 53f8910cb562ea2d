//! Decides how an order is found by its id, and that nobody finds another tenant's.

use crate::shop::NotAnOrder;
use crate::shop::order::Order;
use crate::shop::order_id;
use crate::shop::ports::{Shop, Table, Unreadable};
use types::Item;

/// Longer than this no id is; such a one is not looked for.
const ID_MAX: usize = 1024;

/// What an id led to.
pub(in crate::shop) enum Found {
    /// The tenant's order.
    Order(Box<Order>),
    /// Nothing of this tenant.
    Nothing,
    /// Something that the tenant has under this id, written by somebody else, which cannot be read as an order. To the
    /// client it is nothing; the log says it.
    Unreadable(NotAnOrder),
}

/// The tenant's order of this id.
///
/// Another tenant's order is looked for with the same reads as one that is missing.
pub(in crate::shop) async fn own_order<S: Shop>(shop: &S, tenant: &str, id: &str) -> Result<Found, Unreadable> {
    if id.is_empty() || id.len() > ID_MAX {
        return Ok(Found::Nothing);
    }
    let own = |item: &Item| item.text("tenant") == Some(tenant);
    let mut item = None;
    if let Some(key) = order_id::key_of(id) {
        item = shop.get(Table::Orders, &key).await?.filter(own);
    }
    if item.is_none() {
        item = shop.find_order(id).await?.filter(own);
    }
    Ok(match item.as_ref().map(Order::from_item) {
        Some(Ok(order)) => Found::Order(Box::new(order)),
        Some(Err(not_an_order)) => Found::Unreadable(not_an_order),
        None => Found::Nothing,
    })
}
