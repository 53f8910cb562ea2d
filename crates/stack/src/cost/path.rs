//! Decides what one order does to a stack: which changes, requests, messages and lines it is made of.
//!
//! The figures are those of the stacks that come with orderflow, as they were counted here; how long functions take is
//! what they take where each call of a table or queue goes over a network.

/// Of ten orders, so many of each tier.
pub(super) const TIERS: [(&str, u64, &str); 3] = [("small", 3, "50"), ("standard", 5, "500"), ("premium", 2, "1500")];
/// How many orders that makes.
pub(super) const OF: u64 = 10;
/// How many questions to the chatbot come with ten orders.
pub(super) const QUESTIONS_OF: u64 = 1;
/// How often somebody asks for an order's status.
pub(super) const STATUS_QUERIES: u64 = 2;
/// The goods of an order.
pub(super) const LINES: u64 = 2;
/// How long functions take.
pub(super) const API_MILLIS: u64 = 20;
pub(super) const CHATBOT_MILLIS: u64 = 30;
pub(super) const WORKER_MILLIS: u64 = 120;
pub(super) const PIPE_MILLIS: u64 = 10;
/// What functions print of an order, in lines and bytes; what Lambda itself prints is in it for those that do not
/// answer requests.
pub(super) const API_LINES: (u64, u64) = (1, 148);
pub(super) const WORKER_LINES: (u64, u64) = (8, 1_360);
pub(super) const PIPE_LINES: (u64, u64) = (4, 340);
/// A line of the access log.
pub(super) const ACCESS_LINES: (u64, u64) = (1, 290);

/// How an order is carried through a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Path {
    /// Over HTTP into a queue, and by a worker to its end.
    Shop,
    /// Written as an item, and changed once.
    Items,
}

impl Path {
    /// The statuses of an order, one change of its item each.
    pub(super) fn statuses(self) -> &'static [&'static str] {
        match self {
            Self::Shop => {
                &["PENDING", "VALIDATING", "INVENTORY_CHECK", "PAYMENT_PROCESSING", "FULFILLMENT", "COMPLETED"]
            }
            Self::Items => &["pending", "shipped"],
        }
    }

    /// The bytes of an order's item at its end.
    pub(super) fn item_bytes(self) -> u64 {
        match self {
            Self::Shop => 1_107,
            Self::Items => 250,
        }
    }

    /// The blocks of 1 KiB that all of its changes write: only at its end does an order of the shop need two.
    pub(super) fn write_blocks(self) -> u64 {
        match self {
            Self::Shop => 7,
            Self::Items => 2,
        }
    }
}
