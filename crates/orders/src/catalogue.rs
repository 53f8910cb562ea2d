//! Decides which handlers are built in, and under which names templates ask for them.

use crate::handler::Handler;
use crate::handlers::new_orders::{PremiumOrders, StandardOrders};
use crate::handlers::orders::{OrderEvents, PremiumOrderEvents};

/// One handler that is built in.
pub struct Entry {
    /// What a function's `Handler` says.
    pub name: &'static str,
    /// The handler itself.
    pub handler: &'static dyn Handler,
    /// What it does, in one line.
    pub summary: &'static str,
}

static CATALOGUE: [Entry; 4] = [
    Entry {
        name: "standard-orders",
        handler: &StandardOrders,
        summary: "NewOrders: processes orders of more than 100, skips the rest and test customers",
    },
    Entry {
        name: "premium-orders",
        handler: &PremiumOrders,
        summary: "NewOrders: acts when an order of more than 1000 goes from pending to shipped",
    },
    Entry {
        name: "order-events",
        handler: &OrderEvents,
        summary: "Orders: validates each order, processes those of more than 100 that are pending or shipped",
    },
    Entry {
        name: "premium-order-events",
        handler: &PremiumOrderEvents,
        summary: "Orders: special service when an order of more than 1000 goes from pending to shipped",
    },
];

/// All handlers that are built in.
pub fn catalogue() -> &'static [Entry] {
    &CATALOGUE
}

/// The handler of this name, if it is built in.
pub fn find(name: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|entry| entry.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_handler_is_found_by_its_own_name() {
        for entry in catalogue() {
            assert_eq!(find(entry.name).unwrap().summary, entry.summary);
        }
        assert!(find("app.handler").is_none());
    }
}
