//! Decides what is kept of a request with an idempotency key, so that the same request is answered the same way again.
//!
//! A key's item is written in the commit that writes its order, under the condition that the key is new: of requests
//! that come at once one makes the order, and the others find its item. The answer is made again from the order, whose
//! goods, amounts and addresses never change. What counts as the same request is what it says: blanks, the order of
//! members and the spelling of a price (`19.9`, `"19.90"`) make no difference.

use super::request::Draft;
use sha2::{Digest, Sha256};
use std::time::Duration;
use types::{Item, Number, Timestamp, Value};

/// How long a key is remembered, at least.
pub const KEPT_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The longest key.
pub const KEY_MAX: usize = 255;

/// The attribute of [`Table::Requests`](super::ports::Table::Requests) that an item is found by.
pub(crate) const REQUEST_ID: &str = "requestId";

/// An idempotency key that a client chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key<'a>(&'a str);

impl<'a> Key<'a> {
    /// Reads the header's value: 1 to 255 visible characters of ASCII.
    pub(crate) fn parse(value: &'a [u8]) -> Option<Self> {
        let value = value.trim_ascii();
        let sound = (1..=KEY_MAX).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic);
        std::str::from_utf8(value).ok().filter(|_| sound).map(Self)
    }

    /// What a tenant's key is found by. No two pairs of tenant and key have the same, because `#` stands for itself
    /// only between the two.
    pub(crate) fn request_id(self, tenant: &str) -> String {
        let mut id = String::with_capacity(tenant.len() + 1 + self.0.len());
        id.push_str(tenant);
        id.push('#');
        for character in self.0.chars() {
            match character {
                '#' => id.push_str("%23"),
                '%' => id.push_str("%25"),
                _ => id.push(character),
            }
        }
        id
    }
}

/// The key of a request's item.
pub(crate) fn item_key(request_id: &str) -> Item {
    Item::from([(REQUEST_ID, request_id.into())])
}

/// What is kept of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) order_id: String,
    pub(crate) created_at: String,
    pub(crate) content: [u8; 32],
}

impl Kept {
    pub(crate) fn to_item(&self, request_id: &str, now: Timestamp) -> Item {
        let expires_at = u64::try_from((now + KEPT_FOR).seconds()).unwrap_or(0);
        Item::from([
            (REQUEST_ID, request_id.into()),
            ("bodyHash", Value::B(self.content.to_vec().into())),
            ("orderId", self.order_id.as_str().into()),
            ("createdAt", self.created_at.as_str().into()),
            ("expiresAt", Number::from(expires_at).into()),
        ])
    }

    /// Reads it back; none if it was not written here.
    pub(crate) fn from_item(item: &Item) -> Option<Self> {
        let Some(Value::B(content)) = item.get("bodyHash") else { return None };
        Some(Self {
            order_id: item.text("orderId")?.to_owned(),
            created_at: item.text("createdAt")?.to_owned(),
            content: (**content).try_into().ok()?,
        })
    }
}

/// What a request says, as a digest: equal for two requests exactly if they order the same.
pub(crate) fn content(draft: &Draft) -> [u8; 32] {
    let Draft { customer_id, customer_email, currency, lines, amount, shipping_address, note } = draft;
    let mut said = Said(Vec::with_capacity(512));
    said.text(customer_id);
    said.text(customer_email);
    said.text(currency.code());
    said.number(amount.0);
    said.number(lines.len() as u64);
    for line in lines {
        said.text(&line.sku);
        said.text(&line.name);
        said.number(u64::from(line.quantity));
        said.number(line.price.0);
    }
    said.optional(shipping_address.as_ref().map(|address| address.line1.as_str()));
    if let Some(address) = shipping_address {
        said.text(&address.city);
        said.text(&address.country);
        for part in [&address.name, &address.line2, &address.region, &address.postal_code] {
            said.optional(part.as_deref());
        }
    }
    said.optional(note.as_deref());
    Sha256::digest(&said.0).into()
}

/// The parts of a request one after the other, each with its length, so that none runs into the next.
struct Said(Vec<u8>);

impl Said {
    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn optional(&mut self, text: Option<&str>) {
        self.0.push(u8::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }
}
