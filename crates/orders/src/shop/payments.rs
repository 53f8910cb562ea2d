//! Decides what a payment is: a port, and a simulator that keeps its payments in a table.

use super::order::Paid;
use super::ports::{Expected, Put, Shop, Table};
use super::worker::{Attempt, Effect, Failed, Timer};
use std::future::Future;
use std::ops::Deref;
use std::time::Duration;
use types::{Item, Number, Text};

/// Whoever takes the money.
///
/// What comes twice under one [`Attempt::key`] is done once. What is voided stays voided, also if the call to charge it
/// under that key comes later; what never was is voided without ado.
pub trait Payments: Send + Sync {
    /// Whether all that a call changes is in the puts it answers, so that a call whose puts are not written never was.
    fn is_atomic(&self) -> bool;

    /// Whether it is atomic, and its calls never have to be waited for: then they may be made before all that was decided
    /// earlier is written.
    fn answers_at_once(&self) -> bool;

    /// Takes an order's amount.
    fn charge(&self, attempt: &Attempt<'_>) -> impl Future<Output = Result<Effect<Paid>, Failed>> + Send;

    /// Gives back what was taken, or may have been.
    fn void(&self, attempt: &Attempt<'_>) -> impl Future<Output = Result<Effect<()>, Failed>> + Send;
}

/// How the simulator behaves. The shares are percents of all charges, together at most 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PaymentBehaviour {
    /// How many fail and may be tried again.
    pub failure_percent: u32,
    /// How many are declined for good.
    pub decline_percent: u32,
    /// How many never answer.
    pub hang_percent: u32,
    /// How long each takes.
    pub delay: Duration,
}

/// Takes no money, and keeps what it took in [`Table::Payments`].
#[derive(Debug)]
pub struct PaymentSimulator<H, T> {
    shop: H,
    timer: T,
    behaviour: PaymentBehaviour,
}

/// Far longer than any call is waited for.
const FOREVER: Duration = Duration::from_secs(24 * 60 * 60);

impl<H, T> PaymentSimulator<H, T> {
    /// A simulator that reads payments from `shop` and waits by `timer`.
    pub fn new(shop: H, timer: T, behaviour: PaymentBehaviour) -> Self {
        Self { shop, timer, behaviour }
    }
}

impl<H, T> PaymentSimulator<H, T>
where
    H: Deref<Target: Shop> + Send + Sync,
    T: Deref<Target: Timer> + Send + Sync,
{
    /// Fails as often as it was told to.
    async fn misbehave(&self) -> Result<(), Failed> {
        let PaymentBehaviour { failure_percent, decline_percent, hang_percent, delay } = self.behaviour;
        if !delay.is_zero() {
            self.timer.sleep(delay).await;
        }
        if failure_percent + decline_percent + hang_percent == 0 {
            return Ok(());
        }
        let rolled = ((u128::from(self.shop.random()) * 100) >> 64) as u32;
        if rolled < hang_percent {
            self.timer.sleep(FOREVER).await;
            return Err(Failed::transient("the simulated payment service did not answer"));
        }
        if rolled < hang_percent + failure_percent {
            return Err(Failed::transient("the simulated payment service failed, as it was told to"));
        }
        if rolled < hang_percent + failure_percent + decline_percent {
            return Err(Failed::refused("card_declined", "the card was declined"));
        }
        Ok(())
    }

    async fn find(&self, attempt: &Attempt<'_>) -> Result<Option<Item>, Failed> {
        let id = attempt.order.id.as_str();
        if let Some(item) = attempt.unwritten(Table::Payments, ("orderId", id)) {
            return Ok(Some(item.clone()));
        }
        let key = Item::from([("orderId", id.into())]);
        self.shop.get(Table::Payments, &key).await.map_err(|error| Failed::transient(&error.to_string()))
    }
}

impl<H, T> Payments for PaymentSimulator<H, T>
where
    H: Deref<Target: Shop> + Send + Sync,
    T: Deref<Target: Timer> + Send + Sync,
{
    fn is_atomic(&self) -> bool {
        true
    }

    fn answers_at_once(&self) -> bool {
        self.behaviour.delay.is_zero() && self.behaviour.hang_percent == 0
    }

    async fn charge(&self, attempt: &Attempt<'_>) -> Result<Effect<Paid>, Failed> {
        self.misbehave().await?;
        let order = attempt.order;
        let payment_id = match attempt.round {
            0 => format!("pay-{}", order.id),
            round => format!("pay-{}-{}", order.id, round + 1),
        };
        let payment_id = Text::from(payment_id);
        // There is nothing to be found when an order comes here for the first time, so nothing is looked for.
        let found = if attempt.again || attempt.round > 0 { self.find(attempt).await? } else { None };
        let version = found.as_ref().and_then(version);
        let is_this =
            |item: &Item| item.text("paymentId") == Some(payment_id.as_str()) && item.text("state") == Some("charged");
        if found.as_ref().is_some_and(is_this) {
            return Ok(Effect::of(Paid { payment_id }));
        }
        let item = Item::from([
            ("orderId", order.id.as_str().into()),
            ("paymentId", payment_id.as_str().into()),
            ("amountMinor", Number::from(order.amount.0).into()),
            ("currency", order.currency.code().into()),
            ("state", "charged".into()),
            ("version", Number::from(version.unwrap_or(0) + 1).into()),
        ]);
        let expected = version.map_or(Expected::Absent, Expected::Version);
        let puts = vec![Put { table: Table::Payments, item, expected }];
        Ok(Effect { value: Paid { payment_id }, puts })
    }

    async fn void(&self, attempt: &Attempt<'_>) -> Result<Effect<()>, Failed> {
        let charged = self.find(attempt).await?.filter(|item| item.text("state") == Some("charged"));
        let Some((mut item, found)) = charged.and_then(|item| version(&item).map(|version| (item, version))) else {
            return Ok(Effect::of(()));
        };
        item.insert("state", "voided".into());
        item.insert("version", Number::from(found + 1).into());
        let put = Put { table: Table::Payments, item, expected: Expected::Version(found) };
        Ok(Effect { value: (), puts: vec![put] })
    }
}

fn version(item: &Item) -> Option<u64> {
    item.number("version")?.to_string().parse().ok()
}
