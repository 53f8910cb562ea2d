//! Serverless Snacks: an order is taken in as NEW, told of on a bus, and made PROCESSED by whoever hears of it.
//!
//! Start at [`create`] and [`process`], which are the two functions. What they need of the world is [`World`]; what an
//! order has to look like is `submission`'s to decide.
//!
//! Invariant: an order is written together with the event that tells of it, and becomes PROCESSED only from NEW: so an
//! event that comes twice changes nothing.

mod creator;
#[cfg(test)]
mod fake;
mod processor;
mod submission;

pub use creator::create;
pub use processor::process;
pub use submission::ITEMS_MAX;

use serde_json::{Map, Value as Json};
use types::{Gather, Item, Timestamp, Value};

/// What an event of this shop says it comes from.
pub const SOURCE: &str = "serverless-snacks";
/// What the event of a new order is called.
pub const ORDER_CREATED: &str = "Order Created";
/// How an order begins.
pub const NEW: &str = "NEW";
/// How it ends.
pub const PROCESSED: &str = "PROCESSED";

/// Which of the two functions one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It takes orders in.
    Creator,
    /// It processes them.
    Processor,
}

/// Something that happened, for whoever wants to hear of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What it is called.
    pub detail_type: &'static str,
    /// What is told.
    pub detail: Json,
}

/// Why the world does not do what it was asked; later it may.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

/// What the functions need of the world.
pub trait World: Send + Sync {
    /// Stores an order that is new, and publishes the event that tells of it: both, or neither.
    fn create(&self, order: Item, event: Event) -> impl Future<Output = Result<(), Refused>> + Send;

    /// The order of that id, as it durably is.
    fn find(&self, order_id: &str) -> impl Future<Output = Result<Option<Item>, Refused>> + Send;

    /// Writes these attributes of an order, if it still has this status; whether it had.
    fn update(
        &self,
        order_id: &str,
        expected: &str,
        attributes: Vec<(&'static str, Value)>,
    ) -> impl Future<Output = Result<bool, Refused>> + Send;

    /// What time it is.
    fn now(&self) -> Timestamp;

    /// An id that there has never been.
    fn new_id(&self) -> String;
}

/// One invocation.
pub struct Call<'a> {
    /// What the function was given.
    pub payload: &'a Json,
    /// The invocation's id.
    pub request_id: &'a str,
    /// Where its lines go.
    pub log: &'a mut (dyn FnMut(&str) + Send),
}

/// Why an invocation failed. It is tried again where nobody waits for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The event is none that the function knows.
    #[error("{0}")]
    Event(String),
    /// The event tells of an order that is not there.
    #[error("there is no order {0}")]
    NoOrder(String),
    /// The order is in a state that it cannot be processed from.
    #[error("order {order_id} has the status {status:?} and cannot be processed from there")]
    Status {
        /// Which order.
        order_id: String,
        /// How it stands.
        status: String,
    },
    /// The world refuses.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Failure {
    /// The name under which a caller sees it.
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Event(_) => "InvalidEvent",
            Self::NoOrder(_) => "OrderNotFound",
            Self::Status { .. } => "InvalidStatus",
            Self::Refused(_) => "ServiceUnavailable",
        }
    }
}

impl Call<'_> {
    /// Prints one line that machines read: level, message, correlation id, and what belongs to it.
    fn say(&mut self, level: &str, message: &str, correlation_id: &str, at: Timestamp, more: Json) {
        let mut line = Map::new();
        line.insert("level".to_owned(), level.into());
        line.insert("message".to_owned(), message.into());
        line.insert("correlationId".to_owned(), correlation_id.into());
        line.insert("requestId".to_owned(), self.request_id.into());
        line.insert("timestamp".to_owned(), at.iso_millis().into());
        if let Json::Object(more) = more {
            line.extend(more);
        }
        (self.log)(&Json::Object(line).to_string());
    }
}

/// An order as its customer reads it: plain JSON, numbers as numbers.
fn shown(order: &Item) -> Json {
    Json::Object(order.iter().map(|(name, value)| (name.to_owned(), shown_value(value))).into_object())
}

fn shown_value(value: &Value) -> Json {
    match value {
        Value::S(text) => Json::from(text.as_str()),
        Value::N(number) => {
            let text = number.to_text();
            serde_json::from_str(text.as_str()).unwrap_or_else(|_| Json::from(text.as_str()))
        }
        Value::L(list) => list.iter().map(shown_value).collect(),
        Value::M(map) => shown(map),
        // Orders have nothing else; whatever it is, its type stands beside it.
        other => Item::from([("value", other.clone())]).to_json()["value"].take(),
    }
}
