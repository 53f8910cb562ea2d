//! Decides what the effects of the premium service are called, and how it is remembered what came of each.
//!
//! The table of effects has one item for each order, under `orderId`, with a map for each effect that was tried: what
//! `came` of it, `since` when, after how many `attempts`, its `id` and a `detail` for people.

use crate::order::ORDER_ID;
use types::{Item, Number, Value};

/// One thing that is done for a premium order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// The order's item says that its parcel goes first.
    ShippingPriority,
    /// The account manager's system is told by a signed webhook.
    ManagerWebhook,
    /// The account manager is told by mail.
    ManagerMail,
    /// The CRM is told by a signed call.
    Crm,
}

impl Effect {
    /// All of them, in the order in which they are told of.
    pub const ALL: [Self; 4] = [Self::ShippingPriority, Self::ManagerWebhook, Self::ManagerMail, Self::Crm];

    /// As the table of effects and the metrics call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ShippingPriority => "shippingPriority",
            Self::ManagerWebhook => "managerWebhook",
            Self::ManagerMail => "managerMail",
            Self::Crm => "crm",
        }
    }

    /// As people call it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::ShippingPriority => "shipping priority",
            Self::ManagerWebhook => "account manager's webhook",
            Self::ManagerMail => "account manager's mail",
            Self::Crm => "CRM",
        }
    }

    /// What is to be set for it to be done; nothing for what is always done.
    pub const fn setting(self) -> Option<&'static str> {
        match self {
            Self::ShippingPriority => None,
            Self::ManagerWebhook => Some("ACCOUNT_MANAGER_WEBHOOK_URL"),
            Self::ManagerMail => Some("SMTP_URL"),
            Self::Crm => Some("CRM_URL"),
        }
    }
}

/// How an effect stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is done, once and for all.
    Done,
    /// There is no longer anything to do.
    Needless,
    /// It failed so far.
    Failed,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Needless => "needless",
            Self::Failed => "failed",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Done, Self::Needless, Self::Failed].into_iter().find(|state| state.name() == name)
    }
}

/// What is remembered of an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// How it stands.
    pub state: State,
    /// Since when.
    pub at: String,
    /// How often it was tried.
    pub attempts: u32,
    /// The id that every attempt carries.
    pub id: String,
    /// What a person reads of it.
    pub detail: String,
}

impl Memory {
    /// What an item of the table of effects holds of an effect. What cannot be read was not written by us, and settles
    /// nothing.
    pub fn read(item: &Item, effect: Effect) -> Option<Self> {
        let Some(Value::M(map)) = item.get(effect.name()) else { return None };
        let text = |name: &str| map.text(name).map(str::to_owned);
        let attempts = map.number("attempts").and_then(|number| number.to_string().parse().ok());
        Some(Self {
            state: State::parse(map.text("came")?)?,
            at: text("since").unwrap_or_default(),
            attempts: attempts.unwrap_or(0),
            id: text("id").unwrap_or_default(),
            detail: text("detail").unwrap_or_default(),
        })
    }

    /// As it is kept.
    pub fn value(&self) -> Value {
        Value::M(Item::from([
            ("came", Value::from(self.state.name())),
            ("since", self.at.as_str().into()),
            ("attempts", Number::from(u64::from(self.attempts)).into()),
            ("id", self.id.as_str().into()),
            ("detail", self.detail.as_str().into()),
        ]))
    }

    /// The key of an order in the table of effects.
    pub fn key(order_id: &str) -> Item {
        Item::from([(ORDER_ID, order_id.into())])
    }
}
