//! Decides which changes the premium service is for, and what it says of an order to whom.
//!
//! What is said depends on the change alone, so that it is the same at every attempt.

use super::effect::Effect;
use super::mail;
use super::settings::Settings;
use crate::amount::Amount;
use crate::handler::shown;
use crate::order::{Layout, Order};
use crate::tier::Tier;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use types::{ChangeKind, Number, Record, Timestamp};

/// The priority that premium orders have.
pub const PRIORITY: &str = "high";
/// What a message is about.
const EVENT_TYPE: &str = "order.premium_shipped";

/// A premium order at the moment it was shipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipped {
    /// Its id, as it is.
    pub id: String,
    /// Under which names its table keeps its parts.
    pub layout: Layout,
    /// What it costs.
    pub amount: Number,
    /// The customer's e-mail, in lower case.
    pub customer_email: String,
    /// When it was made, as written.
    pub created_at: Option<String>,
    /// When it was shipped.
    pub at: Timestamp,
}

/// What is sent to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// For which effect; mail goes by SMTP, the others over HTTP.
    pub effect: Effect,
    /// The same at every attempt.
    pub id: String,
    /// JSON, or a whole mail.
    pub body: String,
}

impl Shipped {
    /// The order that a change shipped, if it is one for the premium service.
    pub fn read(record: &Record, layout: Layout) -> Option<Self> {
        let order = Order::read(record.new_image()?, layout)?;
        let was = record.old_image().and_then(|image| image.text(layout.status()));
        let now_shipped = was == Some("pending") && order.is("shipped");
        // Who the customer is plays no part in the table `Orders`.
        let is_test = layout == Layout::NewOrders && order.is_test();
        let ours = record.change.kind == ChangeKind::Modify && now_shipped && !is_test && order.tier() == Tier::Premium;
        ours.then(|| Self {
            id: order.id.to_owned(),
            layout,
            amount: order.amount,
            customer_email: order.customer_email.clone().into_owned(),
            created_at: order.created_at.map(str::to_owned),
            at: record.change.at,
        })
    }

    /// Its id, fit for a line.
    pub fn shown_id(&self) -> String {
        shown(&self.id)
    }

    /// The id of an effect for this order: another order or effect has another, and every attempt the same.
    pub fn id_of(&self, effect: Effect) -> String {
        let table = match self.layout {
            Layout::NewOrders => "NewOrders",
            Layout::Orders => "Orders",
        };
        // No name has a line end, so that nobody can make up an id with another's parts.
        let parts = format!("{table}\n{}\n{}", effect.name(), self.id);
        let digest = Sha256::digest(parts);
        digest.iter().take(16).fold("msg_".to_owned(), |id, byte| id + &format!("{byte:02x}"))
    }

    /// What is sent for an effect.
    pub(super) fn message(&self, effect: Effect, settings: &Settings) -> Message {
        let body = match (effect, &settings.mail) {
            (Effect::ManagerMail, Some(mail)) => self.mail(effect, mail),
            _ => self.json().to_string(),
        };
        Message { effect, id: self.id_of(effect), body }
    }

    fn json(&self) -> Json {
        json!({
            "type": EVENT_TYPE,
            "timestamp": self.at.iso_millis(),
            "data": {
                "orderId": self.id,
                "amount": self.amount.to_string(),
                "customerEmail": self.customer_email,
                "orderedAt": self.created_at,
                "shippedAt": self.at.iso_millis(),
                "shippingPriority": PRIORITY,
            },
        })
    }

    fn mail(&self, effect: Effect, settings: &super::MailSettings) -> String {
        let (id, amount) = (self.shown_id(), Amount(self.amount));
        let text = format!(
            "Premium order {id} is on its way.\n\n\
             Amount:    {amount}\n\
             Customer:  {}\n\
             Ordered:   {}\n\
             Shipped:   {}\n\
             Priority:  {PRIORITY}\n\n\
             What is known of it: orderflow explain {id}\n",
            shown(&self.customer_email),
            shown(self.created_at.as_deref().unwrap_or("unknown")),
            self.at.iso_seconds(),
        );
        mail::write(&mail::Mail {
            id: &self.id_of(effect),
            at: self.at,
            from: &settings.from,
            to: &settings.to,
            subject: &format!("Premium order {id} shipped, amount {amount}"),
            text: &text,
        })
    }
}
