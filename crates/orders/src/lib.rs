//! The order domain: tiers, tests, and the handlers that act on orders.
