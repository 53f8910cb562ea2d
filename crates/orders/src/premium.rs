//! The premium service: what is done for a premium order at the moment it is shipped.
//!
//! Start at [`attend`], which does one [`Effect`] for one [`Shipped`] order: raise its priority, tell the account manager
//! by webhook or mail, tell the CRM. What a [`Desk`] is asked and what it remembers is in `ports`; what is said is in
//! `letter` and `mail`; what is switched on is in [`Settings`].
//!
//! Invariants: an effect that is remembered as done is never asked for again, however often the order's change is
//! delivered; every attempt at an effect carries the same id and says the same; a text of an order's is never more than
//! a text, wherever it is put.

mod effect;
#[cfg(test)]
mod fake;
mod letter;
pub mod mail;
mod ports;
mod settings;
#[cfg(test)]
mod tests;

pub use effect::{Effect, Memory, State};
pub use letter::{Message, PRIORITY, Shipped};
pub use ports::{Desk, Raised};
pub use settings::{Endpoint, MailSettings, Security, Settings, SmtpServer};

use crate::shop::ports::CommitRefused;

/// What came of an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attended {
    /// It is switched off.
    Off,
    /// It was done, or found needless, before.
    Before {
        /// When.
        at: String,
    },
    /// It is done.
    Done {
        /// What a person reads of it.
        detail: String,
        /// At which attempt, from 1.
        attempt: u32,
    },
    /// There is no longer anything to do.
    Needless {
        /// Why.
        why: String,
    },
    /// It is not done, and is to be tried again.
    Failed {
        /// Why.
        error: String,
        /// At which attempt, from 1; 0 if it was not even tried.
        attempt: u32,
    },
}

impl Attended {
    /// As metrics call it; nothing where nothing was done.
    pub const fn outcome(&self) -> Option<&'static str> {
        match self {
            Self::Off | Self::Before { .. } => None,
            Self::Done { .. } => Some("done"),
            Self::Needless { .. } => Some("needless"),
            Self::Failed { .. } => Some("failed"),
        }
    }

    /// What a log says of it; nothing of what is switched off.
    pub fn line(&self, order: &Shipped, effect: Effect) -> Option<String> {
        let (id, what) = (order.shown_id(), effect.words());
        match self {
            Self::Off => None,
            Self::Before { at } => Some(format!("↩️ {id} | {what}: settled before, at {at}")),
            Self::Done { detail, attempt } => Some(format!("📣 {id} | {what}: {detail} (attempt {attempt})")),
            Self::Needless { why } => Some(format!("⚠️ {id} | {what}: {why}")),
            Self::Failed { error, attempt: 0 } => Some(format!("❌ {id} | {what}: {error}")),
            Self::Failed { error, attempt } => Some(format!("❌ {id} | {what}: {error} (attempt {attempt})")),
        }
    }
}

/// Does one effect for an order, unless it is done already, and remembers what came of it.
pub async fn attend<D: Desk>(desk: &D, settings: &Settings, order: &Shipped, effect: Effect) -> Attended {
    if !settings.is_on(effect) {
        return Attended::Off;
    }
    let before = match desk.remembered(&order.id).await {
        Ok(item) => item.as_ref().and_then(|item| Memory::read(item, effect)),
        Err(error) => {
            return Attended::Failed { error: format!("what was done before cannot be read: {error}"), attempt: 0 };
        }
    };
    let attempt = match before {
        Some(Memory { state: State::Done | State::Needless, at, .. }) => return Attended::Before { at },
        Some(Memory { state: State::Failed, attempts, .. }) => attempts.saturating_add(1),
        None => 1,
    };
    let memory = |state, detail: &str| Memory {
        state,
        at: desk.now().iso_millis(),
        attempts: attempt,
        id: order.id_of(effect),
        detail: detail.to_owned(),
    };
    let tried = match effect {
        Effect::ShippingPriority => {
            let detail = format!("raised to {}", letter::PRIORITY);
            match desk.raise(order, &memory(State::Done, &detail)).await {
                Ok(Raised::Done) => return Attended::Done { detail, attempt },
                Ok(Raised::NotShipped) => {
                    let why = "the order is gone, or no longer shipped".to_owned();
                    return match desk.remember(&order.id, effect, &memory(State::Needless, &why)).await {
                        Ok(()) => Attended::Needless { why },
                        Err(refused) => Attended::Failed { error: unremembered(&refused), attempt },
                    };
                }
                Err(refused) => Err(refused.to_string()),
            }
        }
        Effect::ManagerWebhook | Effect::ManagerMail | Effect::Crm => desk.send(&order.message(effect, settings)).await,
    };
    match tried {
        Ok(detail) => match desk.remember(&order.id, effect, &memory(State::Done, &detail)).await {
            Ok(()) => Attended::Done { detail, attempt },
            Err(refused) => Attended::Failed { error: unremembered(&refused), attempt },
        },
        Err(error) => {
            let remembered = desk.remember(&order.id, effect, &memory(State::Failed, &error)).await;
            let more = remembered.err().map(|refused| format!("; and {}", unremembered(&refused)));
            Attended::Failed { error: error + &more.unwrap_or_default(), attempt }
        }
    }
}

fn unremembered(refused: &CommitRefused) -> String {
    format!("what came of it cannot be remembered: {refused}")
}
