//! Decides what is done with changes of the table `Orders`: [`OrderEvents`] and [`PremiumOrderEvents`].

use super::new_orders::premium_answer;
use super::{log_no_order, log_skipped};
use crate::amount::Amount;
use crate::emf::{self, Unit};
use crate::handler::{Context, Handler, HandlerError, order_id, run, shown};
use crate::order::{Layout, Order};
use crate::premium::{Effect, Shipped};
use crate::tier::Tier;
use serde_json::{Map, Value as Json};
use types::{ChangeKind, Item, Record};

/// Where this shop's metrics are kept.
const NAMESPACE: &str = "Orderflow/Orders";

/// Validates each order and processes those that are pending or shipped, worth it, and not a test.
pub(crate) struct OrderEvents;

/// What was done with a batch so far.
#[derive(Default)]
struct Tally {
    processed: Vec<Json>,
    skipped: u64,
    invalid: u64,
    /// What those are worth together that came in with this batch.
    amount: f64,
}

impl Tally {
    /// The batch's metrics, as one line of the log.
    fn metrics(&self, now: types::Timestamp) -> String {
        let processed = self.processed.len();
        let metrics = [
            ("OrdersProcessed", Unit::Count, processed.into()),
            ("OrdersSkipped", Unit::Count, self.skipped.into()),
            ("OrdersInvalid", Unit::Count, self.invalid.into()),
            ("OrderAmount", Unit::None, self.amount.into()),
        ];
        emf::line(NAMESPACE, now, &[("Service", "order-events")], &metrics)
    }
}

impl Handler for OrderEvents {
    fn handle(&self, batch: &[Record], context: &mut Context<'_>) -> Result<Json, HandlerError> {
        let act = |tally: &mut Tally, record: &Record, context: &mut Context<'_>| {
            event(tally, record, context);
            Ok(())
        };
        let mut counted = String::new();
        let now = context.now();
        let answer = run(batch, context, Tally::default(), act, |tally| {
            counted = tally.metrics(now);
            Map::from_iter([
                ("statusCode".to_owned(), 200.into()),
                ("ordersProcessed".to_owned(), Json::Array(tally.processed)),
                ("ordersSkipped".to_owned(), tally.skipped.into()),
                ("ordersInvalid".to_owned(), tally.invalid.into()),
            ])
        });
        context.log(&counted);
        answer
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
    if record.old_image().is_some_and(|old| only_priority_differs(old, image)) {
        log_skipped(context, id, "Only its shipping priority was raised");
        tally.skipped += 1;
        return;
    }
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
            if record.change.kind == ChangeKind::Insert {
                tally.amount += order.amount.to_f64();
            }
            tally.processed.push(order.id.into());
        }
    }
}

/// Whether a change is the premium service's own, which says nothing new of the order.
fn only_priority_differs(old: &Item, new: &Item) -> bool {
    let name = Effect::ShippingPriority.name();
    let rest = |item: &Item| -> Vec<(String, types::Value)> {
        let others = item.iter().filter(|(other, _)| *other != name);
        others.map(|(name, value)| (name.to_owned(), value.clone())).collect()
    };
    old.get(name) != new.get(name) && rest(old) == rest(new)
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
            if Order::read(image, Layout::Orders).is_none() {
                log_no_order(context);
                return Ok(());
            }
            if let Some(order) = Shipped::read(record, Layout::Orders) {
                let (id, amount) = (order.shown_id(), Amount(order.amount));
                context.log(&format!("💎 VIP order shipped! Order ID: {id} | Amount: {amount}"));
                shipped.push(order.id.into());
            }
            Ok(())
        };
        run(batch, context, Vec::new(), act, premium_answer)
    }
}
