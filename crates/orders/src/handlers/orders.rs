//! Decides what is done with changes of the table `Orders`: [`OrderEvents`] and [`PremiumOrderEvents`].

use super::new_orders::premium_answer;
use super::{log_no_order, log_skipped};
use crate::amount::Amount;
use crate::handler::{Context, Handler, HandlerError, order_id, run, shown};
use crate::order::{Layout, Order};
use crate::tier::Tier;
use serde_json::{Map, Value as Json};
use types::{ChangeKind, Record};

/// Validates each order and processes those that are pending or shipped, worth it, and not a test.
pub(crate) struct OrderEvents;

/// What was done with a batch so far.
#[derive(Default)]
struct Tally {
    processed: Vec<Json>,
    skipped: u64,
    invalid: u64,
}

impl Handler for OrderEvents {
    fn handle(&self, batch: &[Record], context: &mut Context<'_>) -> Result<Json, HandlerError> {
        let act = |tally: &mut Tally, record: &Record, context: &mut Context<'_>| {
            event(tally, record, context);
            Ok(())
        };
        run(batch, context, Tally::default(), act, |tally| {
            Map::from_iter([
                ("statusCode".to_owned(), 200.into()),
                ("ordersProcessed".to_owned(), Json::Array(tally.processed)),
                ("ordersSkipped".to_owned(), tally.skipped.into()),
                ("ordersInvalid".to_owned(), tally.invalid.into()),
            ])
        })
    }
}

fn event(tally: &mut Tally, record: &Record, context: &mut Context<'_>) {
    let Some(id) = order_id(record) else {
        log_no_order(context);
        tally.skipped += 1;
        return;
    };
    let Some(image) = record.new_image() else {
        log_skipped(context, id, "Removed");
        tally.skipped += 1;
        return;
    };
    let faults = Layout::Orders.faults(image);
    let order = match Order::read(image, Layout::Orders) {
        Some(order) if faults.is_empty() => order,
        Some(_) | None => {
            context.log(&format!("❌ Invalid order {} ({})", shown(id), faults.join("; ")));
            tally.invalid += 1;
            return;
        }
    };
    match reason_to_skip(&order) {
        Some(reason) => {
            log_skipped(context, id, &reason);
            tally.skipped += 1;
        }
        None => {
            let (id, status) = (shown(id), shown(order.status.unwrap_or("unknown")));
            let (amount, kind) = (Amount(order.amount), record.change.kind.name());
            let line = format!("✅ Processed order {id} | Event: {kind} | Status: {status} | Amount: {amount}");
            context.log(&line);
            tally.processed.push(order.id.into());
        }
    }
}

/// Why a sound order is none of our business; `None` if it is.
fn reason_to_skip(order: &Order<'_>) -> Option<String> {
    if order.is_test() {
        return Some("Test customer".to_owned());
    }
    if !order.is("pending") && !order.is("shipped") {
        let status = shown(order.status.unwrap_or("unknown"));
        return Some(format!("Status {status} is neither pending nor shipped"));
    }
    (order.tier() == Tier::Small).then(|| "Amount too low".to_owned())
}

/// Gives premium orders that are shipped the special service.
pub(crate) struct PremiumOrderEvents;

impl Handler for PremiumOrderEvents {
    fn handle(&self, batch: &[Record], context: &mut Context<'_>) -> Result<Json, HandlerError> {
        let act = |shipped: &mut Vec<Json>, record: &Record, context: &mut Context<'_>| {
            let Some(image) = record.new_image() else { return Ok(()) };
            let Some(order) = Order::read(image, Layout::Orders) else {
                log_no_order(context);
                return Ok(());
            };
            let was = record.old_image().and_then(|image| image.text(Layout::Orders.status()));
            let now_shipped = was == Some("pending") && order.is("shipped");
            if record.change.kind == ChangeKind::Modify && now_shipped && order.tier() == Tier::Premium {
                let (id, amount) = (shown(order.id), Amount(order.amount));
                context.log(&format!("💎 VIP order shipped! Order ID: {id} | Amount: {amount}"));
                shipped.push(order.id.into());
            }
            Ok(())
        };
        run(batch, context, Vec::new(), act, premium_answer)
    }
}
