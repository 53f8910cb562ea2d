//! Decides what a customer's question about orders is answered.
//!
//! Start at `reply`. Our own code reads the question (`asked`: what is wanted, of which order, of which days), looks
//! up what it is about (`facts`), and writes the answer down (`template`). A language model, where there is one, may
//! then say the same in other words ([`phrasing`]); it is given the question and what was looked up, and what it says is
//! checked (`check`) before anybody reads it.
//!
//! Invariant: whatever the question or the model says, only orders of the tenant and customer who ask get past the
//! look-up, what is looked up depends on no model, and nothing is changed.

mod asked;
mod check;
mod dates;
mod facts;
mod intent;
pub mod phrasing;
mod prompt;
pub mod settings;
mod template;

use super::ports::{Shop, Unreadable};
use super::request::Question;
use crate::handler::shown;
use asked::Asked;
use facts::Facts;
pub(super) use intent::Intent;
use phrasing::{Model, Phrasing, Unphrased};
use types::Timestamp;

/// What a question is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// In words.
    pub(super) text: String,
    /// What the question was taken for.
    pub(super) intent: Intent,
    /// The orders that it is about.
    pub(super) orders: Vec<String>,
    /// When they were looked up.
    pub(super) as_of: Timestamp,
    /// Whose words they are; ours if no model's.
    pub(super) by: Option<Model>,
    /// A line for the log, without anything that a customer wrote.
    pub(super) log: Option<String>,
}

/// Answers a customer's question.
pub(super) async fn reply<S: Shop, P: Phrasing>(
    shop: &S,
    phrasing: &P,
    tenant: &str,
    question: &Question,
) -> Result<Reply, Unreadable> {
    let as_of = shop.now();
    let asked = Asked::read(&question.message, question.order_id.as_deref(), as_of);
    let facts = facts::look_up(shop, tenant, &question.customer_id, asked, as_of).await?;
    let ours = template::text(&facts);
    let (text, by, log) = match worded(phrasing, &question.message, &facts, &ours).await {
        Ok((text, model)) => (text, Some(model), None),
        Err(log) => (ours, None, log),
    };
    let Facts { asked, orders, .. } = facts;
    let orders = orders.into_iter().map(|order| order.id.into()).collect();
    Ok(Reply { text, intent: asked.intent, orders, as_of, by, log })
}

/// The answer in a model's words; what there is to log if it stays at ours.
async fn worded<P: Phrasing>(
    phrasing: &P,
    message: &str,
    facts: &Facts,
    ours: &str,
) -> Result<(String, Model), Option<String>> {
    // Without an order there is nothing that a model could say better; and whoever wants to cancel must not be told by
    // mistake that it was done.
    if facts.orders.is_empty() || facts.asked.intent == Intent::Cancel {
        return Err(None);
    }
    let phrased = match phrasing.phrase(&prompt::of(message, facts, ours)).await {
        Ok(phrased) => phrased,
        Err(Unphrased::NoModel) => return Err(None),
        Err(unphrased) => return Err(Some(shown(&format!("no model phrased an answer: {unphrased}")))),
    };
    match check::spoken(&phrased.text, facts, ours) {
        Ok(text) => Ok((text, phrased.by)),
        Err(fault) => Err(Some(format!("what {} said was not told: it {fault}", phrased.by.name()))),
    }
}

#[cfg(test)]
mod tests;
