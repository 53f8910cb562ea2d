//! Decides what setting goods aside is: a port, and a ledger that keeps the stock in a table.
//!
//! The ledger's item of a sku has `available`, `reserved` and `sold`. Setting aside moves from the first to the second,
//! selling from the second to the third, releasing from the second back to the first.
//!
//! Invariant: none of the three moves changes their sum, and none takes more than is there.

use super::order::Order;
use super::ports::{Expected, Put, Shop, Table};
use super::worker::{Attempt, Effect, Failed};
use std::collections::BTreeMap;
use std::future::Future;
use std::ops::Deref;
use types::{Item, Number, Text};

/// Whoever keeps the goods.
///
/// What comes twice under one [`Attempt::key`] is done once. What is released stays released, also if the call to set it
/// aside under that key comes later; what never was is released without ado.
pub trait Inventory: Send + Sync {
    /// Whether all that a call changes is in the puts it answers, so that a call whose puts are not written never was.
    fn is_atomic(&self) -> bool;

    /// Whether it is atomic, and its calls never have to be waited for: then they may be made before all that was decided
    /// earlier is written.
    fn answers_at_once(&self) -> bool;

    /// Sets the goods of an order aside, all of them or none; answers the skus that `release` and `sell` must touch.
    fn reserve(&self, attempt: &Attempt<'_>) -> impl Future<Output = Result<Effect<Vec<Text>>, Failed>> + Send;

    /// Gives back what was set aside, or may have been.
    fn release(&self, attempt: &Attempt<'_>) -> impl Future<Output = Result<Effect<()>, Failed>> + Send;

    /// Counts as sold what was set aside; asked once the parcel is on its way.
    fn sell(&self, attempt: &Attempt<'_>) -> impl Future<Output = Result<Effect<()>, Failed>> + Send;
}

/// What a sku means that the table does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnlistedStock {
    /// There is always enough of it, and nobody counts.
    #[default]
    Accept,
    /// There is none of it.
    Refuse,
}

/// Keeps the stock in [`Table::Stock`].
#[derive(Debug)]
pub struct StockLedger<H> {
    shop: H,
    unlisted: UnlistedStock,
}

/// The counts of one sku.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counts {
    available: u64,
    reserved: u64,
    sold: u64,
    version: u64,
}

impl<H> StockLedger<H> {
    /// A ledger that reads the stock from `shop`.
    pub fn new(shop: H, unlisted: UnlistedStock) -> Self {
        Self { shop, unlisted }
    }
}

impl<H: Deref<Target: Shop> + Send + Sync> StockLedger<H> {
    async fn find(&self, attempt: &Attempt<'_>, sku: &str) -> Result<Option<(Item, Counts)>, Failed> {
        let found = match attempt.unwritten(Table::Stock, ("sku", sku)) {
            Some(item) => Some(item.clone()),
            None => {
                let key = Item::from([("sku", sku.into())]);
                let found = self.shop.get(Table::Stock, &key).await;
                found.map_err(|error| Failed::transient(&error.to_string()))?
            }
        };
        let Some(item) = found else { return Ok(None) };
        match Counts::read(&item) {
            Some(counts) => Ok(Some((item, counts))),
            None => {
                let wants = "it needs available, a whole number, and may have reserved and sold";
                Err(Failed::transient(&format!("the stock of {sku} cannot be counted: {wants}")))
            }
        }
    }

    /// Changes the counts of all skus that are held for an order.
    async fn change_held(
        &self,
        attempt: &Attempt<'_>,
        change: impl Fn(Counts, u64) -> Counts + Send + Sync,
    ) -> Result<Effect<()>, Failed> {
        let (mut puts, order) = (Vec::new(), attempt.order);
        if !order.progress.held.is_empty() {
            for (sku, quantity) in quantities(order) {
                if !order.progress.held.iter().any(|held| held == sku) {
                    continue;
                }
                // Goods that somebody took out of the table meanwhile are counted no more.
                if let Some((item, counts)) = self.find(attempt, sku).await? {
                    puts.push(change(counts, quantity).put(item, counts.version));
                }
            }
        }
        Ok(Effect { value: (), puts })
    }
}

impl<H: Deref<Target: Shop> + Send + Sync> Inventory for StockLedger<H> {
    fn is_atomic(&self) -> bool {
        true
    }

    fn answers_at_once(&self) -> bool {
        true
    }

    async fn reserve(&self, attempt: &Attempt<'_>) -> Result<Effect<Vec<Text>>, Failed> {
        let (mut held, mut puts) = (Vec::new(), Vec::new());
        for (sku, quantity) in quantities(attempt.order) {
            match self.find(attempt, sku).await? {
                Some((item, counts)) => match counts.reserve(quantity) {
                    Some(reserved) => {
                        puts.push(reserved.put(item, counts.version));
                        held.push(sku.into());
                    }
                    None => {
                        let available = counts.available;
                        return Err(Failed::refused(
                            "out_of_stock",
                            &format!("{quantity} of {sku} were ordered, {available} can be had"),
                        ));
                    }
                },
                None if self.unlisted == UnlistedStock::Accept => {}
                None => return Err(Failed::refused("out_of_stock", &format!("{sku} is not kept in stock"))),
            }
        }
        Ok(Effect { value: held, puts })
    }

    async fn release(&self, attempt: &Attempt<'_>) -> Result<Effect<()>, Failed> {
        self.change_held(attempt, Counts::release).await
    }

    async fn sell(&self, attempt: &Attempt<'_>) -> Result<Effect<()>, Failed> {
        self.change_held(attempt, Counts::sell).await
    }
}

/// How many of each sku an order wants, lines of one sku taken together.
fn quantities(order: &Order) -> BTreeMap<&str, u64> {
    let mut quantities = BTreeMap::new();
    for line in &order.lines {
        *quantities.entry(line.sku.as_str()).or_default() += u64::from(line.quantity);
    }
    quantities
}

impl Counts {
    fn read(item: &Item) -> Option<Self> {
        let whole = |number: Number| number.to_string().parse::<u64>().ok();
        let or_none = |name: &str| if item.get(name).is_none() { Some(0) } else { item.number(name).and_then(whole) };
        Some(Self {
            available: item.number("available").and_then(whole)?,
            reserved: or_none("reserved")?,
            sold: or_none("sold")?,
            version: or_none("version")?,
        })
    }

    fn reserve(self, quantity: u64) -> Option<Self> {
        let available = self.available.checked_sub(quantity)?;
        Some(Self { available, reserved: self.reserved.saturating_add(quantity), ..self })
    }

    /// What somebody took out of the reserved by hand cannot be moved.
    fn release(self, quantity: u64) -> Self {
        let moved = quantity.min(self.reserved);
        Self { available: self.available.saturating_add(moved), reserved: self.reserved - moved, ..self }
    }

    fn sell(self, quantity: u64) -> Self {
        let moved = quantity.min(self.reserved);
        Self { sold: self.sold.saturating_add(moved), reserved: self.reserved - moved, ..self }
    }

    fn put(self, mut item: Item, found: u64) -> Put {
        for (name, count) in [
            ("available", self.available),
            ("reserved", self.reserved),
            ("sold", self.sold),
            ("version", found.saturating_add(1)),
        ] {
            item.insert(name, Number::from(count).into());
        }
        Put { table: Table::Stock, item, expected: Expected::Version(found) }
    }
}

#[cfg(test)]
mod tests;
