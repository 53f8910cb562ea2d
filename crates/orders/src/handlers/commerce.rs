//! Decides what is done with changes of the shop front's table: [`CommerceOrders`] and [`PremiumCommerceOrders`].
//!
//! What the pipes matched is checked again here. An order that was written by others may lack its routing attributes,
//! and then its amount and its customer's e-mail decide.

use super::new_orders::premium_answer;
use super::{log_no_order, log_skipped};
use crate::amount::Amount;
use crate::handler::{Context, Handler, HandlerError, run, shown};
use crate::order::id_of;
use crate::shop::money::{Currency, Minor};
use crate::shop::{Order, Status};
use crate::tier::Tier;
use serde_json::Value as Json;
use types::{ChangeKind, Item, Number, Record, object};

/// Tells of orders that were taken in and of orders that are completed, if they are worth it and not a test.
pub(crate) struct CommerceOrders;

/// What was told of so far.
#[derive(Default)]
struct Told {
    received: Vec<Json>,
    completed: Vec<Json>,
}

impl Handler for CommerceOrders {
    fn handle(&self, batch: &[Record], context: &mut Context<'_>) -> Result<Json, HandlerError> {
        let act = |told: &mut Told, record: &Record, context: &mut Context<'_>| {
            let Some(image) = record.new_image() else { return Ok(()) };
            let Some(id) = id_of(image) else {
                log_no_order(context);
                return Ok(());
            };
            let (words, orders) = match (record.change.kind, status(image)) {
                (ChangeKind::Insert, Some(Status::Pending)) => ("🧾 Order received", &mut told.received),
                (ChangeKind::Modify, Some(Status::Completed)) if was(record) != Some(Status::Completed) => {
                    ("✅ Order completed", &mut told.completed)
                }
                _ => return Ok(()),
            };
            if Order::item_is_test(image) {
                log_skipped(context, id, "Test customer");
            } else if tier(image) == Tier::Small {
                log_skipped(context, id, "Amount too low");
            } else {
                let currency = currency(image);
                context.log(&format!("{words} {} | Amount: {} {currency}", shown(id), Amount(amount(image))));
                orders.push(id.into());
            }
            Ok(())
        };
        run(batch, context, Told::default(), act, |told| {
            object([
                ("statusCode", 200.into()),
                ("ordersReceived", Json::Array(told.received)),
                ("ordersCompleted", Json::Array(told.completed)),
            ])
        })
    }
}

/// Gives premium orders the special service once their parcels are on their way.
pub(crate) struct PremiumCommerceOrders;

impl Handler for PremiumCommerceOrders {
    fn handle(&self, batch: &[Record], context: &mut Context<'_>) -> Result<Json, HandlerError> {
        let act = |shipped: &mut Vec<Json>, record: &Record, context: &mut Context<'_>| {
            let Some(image) = record.new_image() else { return Ok(()) };
            let Some(id) = id_of(image) else {
                log_no_order(context);
                return Ok(());
            };
            let now_shipped = was(record) == Some(Status::Fulfillment) && status(image) == Some(Status::Completed);
            if record.change.kind != ChangeKind::Modify || !now_shipped {
                return Ok(());
            }
            if Order::item_is_test(image) {
                log_skipped(context, id, "Test customer");
            } else if tier(image) == Tier::Premium {
                let amount = Amount(amount(image));
                context.log(&format!("🚀 Premium order shipped! Order ID: {} | Amount: {amount}", shown(id)));
                shipped.push(id.into());
            }
            Ok(())
        };
        run(batch, context, Vec::new(), act, premium_answer)
    }
}

fn status(image: &Item) -> Option<Status> {
    Status::parse(image.text("status")?)
}

fn was(record: &Record) -> Option<Status> {
    status(record.old_image()?)
}

/// What an order is in: dollars, if it does not say.
fn currency(image: &Item) -> Currency {
    image.text("currency").and_then(Currency::parse).unwrap_or(Currency::USD)
}

/// What an order costs: in minor units as the shop front writes it, or as a plain `amount`.
fn amount(image: &Item) -> Number {
    let minor = image.number("amountMinor").and_then(|number| number.to_string().parse().ok());
    let minor = minor.map(|units| Minor(units).number(currency(image)));
    minor.or_else(|| image.number("amount")).unwrap_or(Number::ZERO)
}

fn tier(image: &Item) -> Tier {
    let tiers = [Tier::Small, Tier::Standard, Tier::Premium];
    let named = image.text("tier").and_then(|name| tiers.into_iter().find(|tier| tier.name() == name));
    named.unwrap_or_else(|| Tier::of(amount(image)))
}
