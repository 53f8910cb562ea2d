//! Decides what a question to the chatbot may be.

use super::Refused;
use super::faults::Place;
use super::members::{Body, Members};
use super::text;
use std::borrow::Cow;

/// A customer's question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// Who asks; the shop that sends it says so.
    pub(crate) customer_id: String,
    /// What they wrote.
    pub(crate) message: String,
    /// Which order it is about, if that is known.
    pub(crate) order_id: Option<String>,
}

const QUESTION: Members =
    Members { known: &["customerId", "message", "orderId"], required: &["customerId", "message"] };

/// Reads the body of a question.
pub(crate) fn read_question(body: &[u8]) -> Result<Question, Refused> {
    let mut body = Body::new(body)?;
    let (mut customer_id, mut message, mut order_id) = (None, None, None);
    body.object(&Place::Root, &QUESTION, |body, name, place| {
        match name {
            "customerId" => customer_id = body.text(place, &text::CUSTOMER_ID)?,
            "message" => message = body.text(place, &text::QUESTION)?,
            _ => order_id = body.text(place, &text::ORDER_ID)?,
        }
        Ok(())
    })?;
    body.end()?;
    let faults = body.into_faults();
    match (customer_id, message) {
        (Some(customer_id), Some(message)) if faults.is_empty() => Ok(Question {
            customer_id: customer_id.into_owned(),
            message: message.into_owned(),
            order_id: order_id.map(Cow::into_owned),
        }),
        _ => Err(Refused::Faulty(faults)),
    }
}
