//! Decides what is done with changes of the table `NewOrders`: [`StandardOrders`] and [`PremiumOrders`].

use super::{log_no_order, log_skipped};
use crate::amount::Amount;
use crate::handler::{Context, Handler, HandlerError, run, shown};
use crate::order::{Layout, Order};
use crate::tier::Tier;
use serde_json::{Map, Value as Json};
use types::{Record, object};

/// Processes every order that is worth more than the small ones.
pub(crate) struct StandardOrders;

impl Handler for StandardOrders {
    fn handle(&self, batch: &[Record], context: &mut Context<'_>) -> Result<Json, HandlerError> {
        let act = |(): &mut (), record: &Record, context: &mut Context<'_>| {
            let Some(image) = record.new_image() else { return Ok(()) };
            let Some(order) = Order::read(image, Layout::NewOrders) else {
                log_no_order(context);
                return Ok(());
            };
            if order.is_test() {
                log_skipped(context, order.id, "Test customer");
            } else if order.tier() == Tier::Small {
                log_skipped(context, order.id, "Amount too low");
            } else {
                let (id, status) = (shown(order.id), shown(order.status.unwrap_or("unknown")));
                let amount = Amount(order.amount);
                context.log(&format!("✅ Processed order {id} | Status: {status} | Amount: {amount}"));
            }
            Ok(())
        };
        run(batch, context, (), act, |()| object([("statusCode", 200.into())]))
    }
}

/// Acts when a premium order is shipped.
pub(crate) struct PremiumOrders;

impl Handler for PremiumOrders {
    fn handle(&self, batch: &[Record], context: &mut Context<'_>) -> Result<Json, HandlerError> {
        let act = |shipped: &mut Vec<Json>, record: &Record, context: &mut Context<'_>| {
            let Some(image) = record.new_image() else { return Ok(()) };
            let Some(order) = Order::read(image, Layout::NewOrders) else {
                log_no_order(context);
                return Ok(());
            };
            let was = record.old_image().and_then(|image| image.text(Layout::NewOrders.status()));
            if was != Some("pending") || !order.is("shipped") {
                return Ok(());
            }
            if order.is_test() {
                log_skipped(context, order.id, "Test customer");
            } else if order.tier() == Tier::Premium {
                let (id, amount) = (shown(order.id), Amount(order.amount));
                context.log(&format!("🚀 Premium order shipped! Order ID: {id} | Amount: {amount}"));
                shipped.push(order.id.into());
            }
            Ok(())
        };
        run(batch, context, Vec::new(), act, premium_answer)
    }
}

/// What both shops' premium handlers answer.
pub(super) fn premium_answer(shipped: Vec<Json>) -> Map<String, Json> {
    object([("statusCode", 200.into()), ("premiumOrdersProcessed", Json::Array(shipped))])
}
