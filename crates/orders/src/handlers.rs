//! The handlers: one module for each shop.

pub(crate) mod commerce;
pub(crate) mod new_orders;
pub(crate) mod orders;

use crate::handler::{Context, shown};

/// Says that a record is no order, so that nobody looks for it in vain.
fn log_no_order(context: &mut Context<'_>) {
    context.log("⚠️ Skipped a record that is no order (it has no orderId)");
}

/// Says why an order was left alone.
fn log_skipped(context: &mut Context<'_>, order_id: &str, reason: &str) {
    context.log(&format!("⚠️ Skipped order {} ({reason})", shown(order_id)));
}
