//! Decides which handlers are built in, and under which names templates ask for them.

use crate::handler::Handler;
use crate::handlers::commerce::{CommerceOrders, PremiumCommerceOrders};
use crate::handlers::new_orders::{PremiumOrders, StandardOrders};
use crate::handlers::orders::{OrderEvents, PremiumOrderEvents};
use crate::order::Layout;
use crate::snacks::Part;

/// One handler that is built in.
pub struct Entry {
    /// What a function's `Handler` says.
    pub name: &'static str,
    /// What it is given, and by whom.
    pub kind: Kind,
    /// What it does, in one line.
    pub summary: &'static str,
}

/// What a handler is given.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Changes of a table, in batches.
    Records(&'static dyn Handler),
    /// Changes of a table of this layout, in batches, and the premium service where it is set up.
    Premium(&'static dyn Handler, Layout),
    /// Requests to the shop front's API, one by one.
    Api,
    /// Questions of customers about their orders.
    Chatbot,
    /// Messages of the work queue: orders to be carried on.
    Worker,
    /// Orders of snacks, or the events that tell of them, one by one.
    Snacks(Part),
}

impl Kind {
    /// What takes changes of a table, if this does.
    pub fn records(self) -> Option<&'static dyn Handler> {
        match self {
            Self::Records(handler) | Self::Premium(handler, _) => Some(handler),
            Self::Api | Self::Chatbot | Self::Worker | Self::Snacks(_) => None,
        }
    }
}

static CATALOGUE: [Entry; 11] = [
    Entry {
        name: "standard-orders",
        kind: Kind::Records(&StandardOrders),
        summary: "NewOrders: processes orders of more than 100, skips the rest and test customers",
    },
    Entry {
        name: "premium-orders",
        kind: Kind::Premium(&PremiumOrders, Layout::NewOrders),
        summary: "NewOrders: acts when an order of more than 1000 goes from pending to shipped",
    },
    Entry {
        name: "order-events",
        kind: Kind::Records(&OrderEvents),
        summary: "Orders: validates each order, processes those of more than 100 that are pending or shipped, tells of them",
    },
    Entry {
        name: "premium-order-events",
        kind: Kind::Premium(&PremiumOrderEvents, Layout::Orders),
        summary: "Orders: special service when an order of more than 1000 goes from pending to shipped",
    },
    Entry {
        name: "commerce-orders",
        kind: Kind::Records(&CommerceOrders),
        summary: "Shop front: tells of orders of more than 100 that are taken in or completed",
    },
    Entry {
        name: "premium-commerce-orders",
        kind: Kind::Records(&PremiumCommerceOrders),
        summary: "Shop front: special service when an order of more than 1000 is completed",
    },
    Entry {
        name: "orders-api",
        kind: Kind::Api,
        summary: "Shop front: takes orders in over HTTP, shows them, calls them off",
    },
    Entry {
        name: "chatbot",
        kind: Kind::Chatbot,
        summary: "Shop front: answers customers' questions about their orders, and changes nothing",
    },
    Entry {
        name: "order-worker",
        kind: Kind::Worker,
        summary: "Shop front: carries orders from PENDING to COMPLETED, with stock, payment and fulfilment",
    },
    Entry {
        name: "order-creator",
        kind: Kind::Snacks(Part::Creator),
        summary: "Serverless Snacks: takes an order in as NEW and publishes the event that tells of it",
    },
    Entry {
        name: "order-processor",
        kind: Kind::Snacks(Part::Processor),
        summary: "Serverless Snacks: makes the order that an event tells of PROCESSED, once",
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
