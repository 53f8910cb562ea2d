//! Decides what is done with changes of the table `Orders`: [`OrderEvents`] and [`PremiumOrderEvents`].

use super::new_orders::premium_answer;
use super::{log_no_order, log_skipped};
use crate::amount::Amount;
use crate::emf::{self, Unit};
use crate::events::Event;
use crate::handler::{Context, Failure, Handler, HandlerError, drill, order_id, run, shown};
use crate::order::{Layout, Order};
use crate::premium::{Effect, Shipped};
use crate::tier::Tier;
use serde_json::{Value as Json, json};
use types::{ChangeKind, Item, Record, object};

/// Where this shop's metrics are kept.
const NAMESPACE: &str = "Orderflow/Orders";
/// What its events say they come from.
const SOURCE: &str = "order-events";
/// What the event of an order that was processed is called.
const ORDER_PROCESSED: &str = "Order Processed";
/// How many events a bus takes at once.
const EVENTS_AT_ONCE: usize = 10;

/// Validates each order, processes those that are pending or shipped, worth it, and not a test, and tells of these.
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
        let verdicts: Vec<Verdict<'_>> = batch.iter().map(Verdict::of).collect();
        // Who hears of an order hears before it counts as processed: what was not told is told with the next attempt.
        let untold = tell(batch, &verdicts, context);
        let mut left = verdicts.into_iter().enumerate();
        let act = |tally: &mut Tally, record: &Record, context: &mut Context<'_>| match (left.next(), &untold) {
            (Some((index, Verdict::Processed(order))), Some((first, error))) if index >= *first => {
                Err(Failure::Untold { order_id: shown(order.id), error: error.clone() })
            }
            (Some((_, verdict)), _) => {
                tally.count(record, verdict, context);
                Ok(())
            }
            (None, _) => unreachable!("there is a verdict for each record"),
        };
        let mut counted = String::new();
        let now = context.now();
        let answer = run(batch, context, Tally::default(), act, |tally| {
            counted = tally.metrics(now);
            object([
                ("statusCode", 200.into()),
                ("ordersProcessed", Json::Array(tally.processed)),
                ("ordersSkipped", tally.skipped.into()),
                ("ordersInvalid", tally.invalid.into()),
            ])
        });
        context.log(&counted);
        answer
    }
}

/// What is to be done with a change.
enum Verdict<'r> {
    /// It is no order's.
    NoOrder,
    /// The order is not sound.
    Invalid { id: &'r str, faults: Vec<String> },
    /// It is none of our business.
    Skipped { id: &'r str, reason: String },
    /// It is processed.
    Processed(Order<'r>),
}

impl<'r> Verdict<'r> {
    fn of(record: &'r Record) -> Self {
        let Some(id) = order_id(record) else { return Self::NoOrder };
        let Some(image) = record.new_image() else { return Self::Skipped { id, reason: "Removed".to_owned() } };
        let faults = Layout::Orders.faults(image);
        let order = match Order::read(image, Layout::Orders) {
            Some(order) if faults.is_empty() => order,
            Some(_) | None => return Self::Invalid { id, faults },
        };
        if record.old_image().is_some_and(|old| only_priority_differs(old, image)) {
            return Self::Skipped { id, reason: "Only its shipping priority was raised".to_owned() };
        }
        match reason_to_skip(&order) {
            Some(reason) => Self::Skipped { id, reason },
            None => Self::Processed(order),
        }
    }
}

impl Tally {
    fn count(&mut self, record: &Record, verdict: Verdict<'_>, context: &mut Context<'_>) {
        match verdict {
            Verdict::NoOrder => {
                log_no_order(context);
                self.skipped += 1;
            }
            Verdict::Invalid { id, faults } => {
                context.log(&format!("❌ Invalid order {} ({})", shown(id), faults.join("; ")));
                self.invalid += 1;
            }
            Verdict::Skipped { id, reason } => {
                log_skipped(context, id, &reason);
                self.skipped += 1;
            }
            Verdict::Processed(order) => {
                let (id, status) = (shown(order.id), shown(order.status.unwrap_or("unknown")));
                let (amount, kind) = (Amount(order.amount), record.change.kind.name());
                let line = format!("✅ Processed order {id} | Event: {kind} | Status: {status} | Amount: {amount}");
                context.log(&line);
                if record.change.kind == ChangeKind::Insert {
                    self.amount += order.amount.to_f64();
                }
                self.processed.push(order.id.into());
            }
        }
    }
}

/// Tells of the orders of a batch that are processed, if anybody is to be told. If that fails, the first one that was not
/// told of, and why.
fn tell(batch: &[Record], verdicts: &[Verdict<'_>], context: &Context<'_>) -> Option<(usize, String)> {
    let told = context.told()?;
    let reached = batch.iter().zip(verdicts).take_while(|(record, _)| drill(record, context).is_ok());
    let events = reached.enumerate().filter_map(|(index, (record, verdict))| match verdict {
        Verdict::Processed(order) => Some((index, processed(record, order, told.bus))),
        Verdict::NoOrder | Verdict::Invalid { .. } | Verdict::Skipped { .. } => None,
    });
    let (places, events): (Vec<usize>, Vec<Event>) = events.unzip();
    for (places, events) in places.chunks(EVENTS_AT_ONCE).zip(events.chunks(EVENTS_AT_ONCE)) {
        let first_not = match told.events.put(events) {
            Ok(answers) => {
                answers.into_iter().zip(places).find_map(|(answer, at)| Some((*at, answer.err()?.to_string())))
            }
            Err(none) => Some((places[0], none.to_string())),
        };
        if first_not.is_some() {
            return first_not;
        }
    }
    None
}

/// What others hear of an order that was processed. Who the customer is, they look up where they may.
fn processed(record: &Record, order: &Order<'_>, bus: &str) -> Event {
    let detail = json!({
        "orderId": order.id,
        "change": record.change.kind.name(),
        // The same change is told under the same id, however often.
        "changeId": record.event_id(),
        "status": order.status,
        "amount": order.amount.to_f64(),
        "tier": order.tier().name(),
        "orderDate": order.created_at,
    });
    let (source, detail_type) = (SOURCE.to_owned(), ORDER_PROCESSED.to_owned());
    Event { bus: Some(bus.to_owned()), source, detail_type, detail }
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
