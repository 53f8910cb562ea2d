//! Decides what the shop front answers: orders are taken, shown, listed, called off, followed and asked about.
//!
//! Start at [`handle`]: a [`Request`] and the world as a [`Shop`] go in, an [`Answer`] comes out. [`OPERATIONS`] is the
//! list of everything that can be asked. Keys, limits and the spelling of problem documents are the gateway's; it says
//! which tenant asks, and nothing here gets past that: to every operation another tenant's order is a missing one.
//!
//! Invariant: an order is answered as taken in only after its commit, and a commit that was refused is answered so.

mod answer;
mod cancel;
mod chat;
mod create;
mod events;
pub(super) mod find;
mod list;
mod read;

pub use super::idempotency::{KEPT_FOR, KEY_MAX};
pub use super::request::{FAULTS_MAX, Fault, LINES_MAX, QUANTITY_MAX};
pub use answer::{Answer, Problem, ProblemKind};
pub use chat::converse;
pub use events::{Follow, KEEP_ALIVE, events_after, more_events};

use super::chatbot::phrasing::Templates;
use super::ports::Shop;
use super::request::{Refused, read_cancellation, read_order, read_question};
use std::borrow::Cow;

/// What can be asked of the shop front.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// `POST /orders`
    CreateOrder,
    /// `GET /orders/{orderId}`
    GetOrder,
    /// `GET /customers/{customerId}/orders`
    ListOrders,
    /// `POST /orders/{orderId}/cancel`
    CancelOrder,
    /// `GET /orders/{orderId}/events`
    FollowOrder,
    /// `POST /chatbot`
    AskChatbot,
}

/// Every operation, with its method and its resource as an OpenAPI document spells them.
pub const OPERATIONS: [(Operation, &str, &str); 6] = [
    (Operation::CreateOrder, "POST", "/orders"),
    (Operation::GetOrder, "GET", "/orders/{orderId}"),
    (Operation::ListOrders, "GET", "/customers/{customerId}/orders"),
    (Operation::CancelOrder, "POST", "/orders/{orderId}/cancel"),
    (Operation::FollowOrder, "GET", "/orders/{orderId}/events"),
    (Operation::AskChatbot, "POST", "/chatbot"),
];

impl Operation {
    /// The operation of a method and a resource, such as `POST` and `/orders/{orderId}/cancel`.
    pub fn parse(method: &str, resource: &str) -> Option<Self> {
        let mut all = OPERATIONS.into_iter();
        all.find(|(_, known, path)| *known == method && *path == resource).map(|(operation, ..)| operation)
    }
}

/// What a client asks, as the gateway hands it on.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// What is asked.
    pub operation: Operation,
    /// What stands in the path for each parameter of the resource, without percent signs.
    pub path: &'a [(&'a str, Cow<'a, str>)],
    /// The query's parameters in their order, without percent signs.
    pub query: &'a [(Cow<'a, str>, Cow<'a, str>)],
    /// The value of a header, by its name in any case. One that came several times has its values joined with `, `.
    pub header: &'a (dyn Fn(&str) -> Option<&'a [u8]> + Sync),
    /// The body.
    pub body: &'a [u8],
    /// Whose key it came with.
    pub tenant: &'a str,
    /// What it is called in all logs.
    pub request_id: &'a str,
}

impl<'a> Request<'a> {
    /// What stands in the path for a parameter of the operation's resource.
    fn parameter(&self, name: &str) -> &'a str {
        let found = self.path.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| &**value).expect("the gateway takes the path apart by the operation's own resource")
    }

    fn header(&self, name: &str) -> Option<&'a [u8]> {
        (self.header)(name)
    }
}

/// Answers a request.
///
/// # Panics
/// When the path lacks a parameter that the operation's resource in [`OPERATIONS`] names.
pub async fn handle<S: Shop>(shop: &S, request: &Request<'_>) -> Answer {
    match request.operation {
        Operation::CreateOrder => create::create(shop, request).await,
        Operation::GetOrder => read::get(shop, request).await,
        Operation::ListOrders => list::list(shop, request).await,
        Operation::CancelOrder => cancel::cancel(shop, request).await,
        Operation::FollowOrder => events::follow(shop, request).await,
        Operation::AskChatbot => converse(shop, &Templates, request).await,
    }
}

/// All that is wrong with the body of a request, whatever else there is to say about it; nothing of a body that is no
/// JSON at all.
pub fn faults(operation: Operation, body: &[u8]) -> Vec<Fault> {
    let refused = match operation {
        Operation::CreateOrder => read_order(body).err(),
        Operation::CancelOrder => read_cancellation(body).err(),
        Operation::AskChatbot => read_question(body).err(),
        Operation::GetOrder | Operation::ListOrders | Operation::FollowOrder => None,
    };
    match refused {
        Some(Refused::Faulty(faults)) => faults.into_list(),
        Some(Refused::NotJson(_)) | None => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
