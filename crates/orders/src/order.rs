//! Decides how an order is read from, and written to, an item of either shop's table.
//!
//! The two tables hold the same order under different names; a [`Layout`] is those names. Reading is lenient, because
//! items are written by anyone: what is missing or of another type is a default, and only an item without an order id
//! is no order. [`Layout::faults`] is the strict reader, for those who want to know what is wrong.

mod faults;

use crate::tier::{Tier, is_test, routing_attributes};
use std::borrow::Cow;
use types::{Item, Number, Timestamp};

/// The attribute that holds the order's id, in every table.
pub(crate) const ORDER_ID: &str = "orderId";
/// The attribute that holds the customer's e-mail, in every table.
pub(crate) const CUSTOMER_EMAIL: &str = "customerEmail";

/// Under which names a table keeps an order's parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// The table `NewOrders`: `status`, `amount`, `createdAt`, `updatedAt`.
    NewOrders,
    /// The table `Orders`: `orderStatus`, `orderAmount`, `orderDate`.
    Orders,
}

impl Layout {
    /// The attribute of the order's status.
    pub const fn status(self) -> &'static str {
        match self {
            Self::NewOrders => "status",
            Self::Orders => "orderStatus",
        }
    }

    /// The attribute of the order's amount.
    pub const fn amount(self) -> &'static str {
        match self {
            Self::NewOrders => "amount",
            Self::Orders => "orderAmount",
        }
    }

    /// The attribute that says when the order was made.
    pub const fn created_at(self) -> &'static str {
        match self {
            Self::NewOrders => "createdAt",
            Self::Orders => "orderDate",
        }
    }

    /// The attribute that says when the order last changed, where the table has one.
    pub const fn updated_at(self) -> Option<&'static str> {
        match self {
            Self::NewOrders => Some("updatedAt"),
            Self::Orders => None,
        }
    }

    /// What is wrong with an item as an order of this table, in the order of its attributes; nothing if it is sound.
    pub fn faults(self, item: &Item) -> Vec<String> {
        faults::of(self, item)
    }
}

/// An order as an item holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order<'a> {
    /// Its id, not empty.
    pub id: &'a str,
    /// Such as `pending`; `None` if the item has no text there.
    pub status: Option<&'a str>,
    /// What it costs; zero if the item has no number there.
    pub amount: Number,
    /// The customer's e-mail in lower case; empty if the item has no text there.
    pub customer_email: Cow<'a, str>,
    /// When it was made, as written.
    pub created_at: Option<&'a str>,
    /// When it last changed, as written.
    pub updated_at: Option<&'a str>,
}

impl<'a> Order<'a> {
    /// Reads an item; `None` if it has no order id and so is no order.
    pub fn read(item: &'a Item, layout: Layout) -> Option<Self> {
        let email = item.text(CUSTOMER_EMAIL).unwrap_or_default();
        let lower = !email.chars().any(char::is_uppercase);
        Some(Self {
            id: id_of(item)?,
            status: item.text(layout.status()),
            amount: item.number(layout.amount()).unwrap_or(Number::ZERO),
            customer_email: if lower { Cow::Borrowed(email) } else { Cow::Owned(email.to_lowercase()) },
            created_at: item.text(layout.created_at()),
            updated_at: layout.updated_at().and_then(|name| item.text(name)),
        })
    }

    /// The tier of its amount.
    pub fn tier(&self) -> Tier {
        Tier::of(self.amount)
    }

    /// Whether its customer is a test.
    pub fn is_test(&self) -> bool {
        is_test(&self.customer_email)
    }

    /// Whether it has this status.
    pub(crate) fn is(&self, status: &str) -> bool {
        self.status == Some(status)
    }
}

/// The order id in an item, if it has one.
pub(crate) fn id_of(item: &Item) -> Option<&str> {
    item.text(ORDER_ID).filter(|id| !id.is_empty())
}

/// What is written for one state of an order.
pub(crate) struct Written<'a> {
    pub(crate) id: &'a str,
    pub(crate) status: &'a str,
    pub(crate) amount: Number,
    pub(crate) customer_email: &'a str,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Written<'_> {
    /// The item, routing attributes included.
    pub(crate) fn to_item(&self, layout: Layout) -> Item {
        let mut item = Item::from([
            (ORDER_ID, self.id.into()),
            (layout.status(), self.status.into()),
            (layout.amount(), self.amount.into()),
            (CUSTOMER_EMAIL, self.customer_email.into()),
            (layout.created_at(), self.created_at.iso_seconds().as_str().into()),
        ]);
        if let Some(name) = layout.updated_at() {
            item.insert(name, self.updated_at.iso_seconds().as_str().into());
        }
        for (name, value) in routing_attributes(self.amount, self.customer_email) {
            item.insert(name, value);
        }
        item
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::Value;

    #[test]
    fn both_layouts_are_read() {
        let of_new_orders = Item::from([
            ("orderId", "ORD-1".into()),
            ("status", "pending".into()),
            ("amount", Number::from(1500u64).into()),
            ("customerEmail", "VIP@Example.com".into()),
            ("createdAt", "2025-10-31T10:00:00Z".into()),
            ("updatedAt", "2025-10-31T11:00:00Z".into()),
        ]);
        let order = Order::read(&of_new_orders, Layout::NewOrders).unwrap();
        assert_eq!((order.id, order.status, order.amount), ("ORD-1", Some("pending"), 1500u64.into()));
        assert_eq!(order.customer_email, "vip@example.com");
        assert_eq!(order.created_at, Some("2025-10-31T10:00:00Z"));
        assert_eq!(order.updated_at, Some("2025-10-31T11:00:00Z"));
        assert_eq!(order.tier(), Tier::Premium);

        let of_orders = Item::from([
            ("orderId", "ORD-2".into()),
            ("orderStatus", "shipped".into()),
            ("orderAmount", Number::from(5u64).into()),
            ("customerEmail", "a@TEST.com".into()),
            ("orderDate", "2025-10-31".into()),
        ]);
        let order = Order::read(&of_orders, Layout::Orders).unwrap();
        assert_eq!((order.id, order.status, order.amount), ("ORD-2", Some("shipped"), 5u64.into()));
        assert_eq!((order.created_at, order.updated_at), (Some("2025-10-31"), None));
        assert!(order.is_test());
    }

    #[test]
    fn what_is_missing_or_of_another_type_is_a_default() {
        let bare = Item::from([("orderId", "ORD-1".into())]);
        let odd = Item::from([
            ("orderId", "ORD-1".into()),
            ("status", Value::Null),
            ("amount", "1500".into()),
            ("customerEmail", true.into()),
            ("createdAt", Number::ZERO.into()),
        ]);
        for item in [&bare, &odd] {
            let order = Order::read(item, Layout::NewOrders).unwrap();
            assert_eq!((order.status, order.amount, order.created_at), (None, Number::ZERO, None));
            assert_eq!(order.customer_email, "");
            assert!(!order.is_test());
        }
    }

    #[test]
    fn without_an_order_id_it_is_no_order() {
        let no_id = Item::from([("status", "pending".into())]);
        let empty_id = Item::from([("orderId", "".into())]);
        let number_id = Item::from([("orderId", Number::from(7u64).into())]);
        for item in [no_id, empty_id, number_id] {
            assert_eq!(Order::read(&item, Layout::NewOrders), None, "{item:?}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let written = Written {
            id: "ORD-9",
            status: "shipped",
            amount: "1000.01".parse().unwrap(),
            customer_email: "a@test.com",
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(60_000),
        };
        for layout in [Layout::NewOrders, Layout::Orders] {
            let item = written.to_item(layout);
            let order = Order::read(&item, layout).unwrap();
            assert_eq!((order.id, order.status, order.amount), ("ORD-9", Some("shipped"), written.amount));
            assert_eq!(order.created_at, Some("1970-01-01T00:00:00Z"));
            assert_eq!(item.text("tier"), Some("premium"));
            assert_eq!(item.get("test"), Some(&Value::Bool(true)));
            assert!(layout.faults(&item).is_empty());
        }
    }
}
