//! Decides how an order is followed: as server-sent events, one for each entry of its history.
//!
//! An event's id is its place in the history, from 1, so a client that lost the connection goes on after the last it
//! saw (`Last-Event-ID`), and none comes twice or is left out. The stream ends when the order is final; a client that
//! comes back after that is told to stop (204). The connection itself is kept by the shell: it sends the answer's body,
//! and then, each time the order may have changed, what [`more_events`] gives.

use super::Request;
use super::answer::Answer;
use super::find::{Found, own_order};
use crate::handler::shown;
use crate::shop::order::Order;
use crate::shop::ports::{Shop, Unreadable};
use crate::shop::view::{digits, text, write_moment};

/// What a shell sends now and then while nothing happens, so that nobody on the way takes the connection for dead.
pub const KEEP_ALIVE: &[u8] = b":\n\n";

/// An order that is being followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// Which.
    pub order_id: String,
    /// How many entries of its history the client has.
    pub sent: usize,
}

pub(super) async fn follow<S: Shop>(shop: &S, request: &Request<'_>) -> Answer {
    let order = match own_order(shop, request.tenant, request.parameter("orderId")).await {
        Ok(Found::Order(order)) => order,
        Ok(Found::Nothing) => return Answer::not_found(),
        Ok(Found::Unreadable(why)) => return Answer { log: Some(shown(&why.to_string())), ..Answer::not_found() },
        Err(unreadable) => return unreadable.into(),
    };
    // An id that is none of ours, or beyond the history, is taken for none: rather twice than never.
    let last = request.header("last-event-id").and_then(|id| std::str::from_utf8(id).ok()?.trim().parse().ok());
    let sent = last.filter(|sent| *sent <= order.history.len()).unwrap_or(0);
    let done = order.status.is_final();
    let mut answer = Answer::bare(if done && sent == order.history.len() { 204 } else { 200 });
    answer.headers.push(("cache-control", "no-store".to_owned()));
    answer.concerns = Some(order.id.clone());
    if answer.status == 200 {
        answer.headers.push(("content-type", "text/event-stream".to_owned()));
        // Proxies that collect an answer before they hand it on would keep the events to themselves.
        answer.headers.push(("x-accel-buffering", "no".to_owned()));
        answer.body = b"retry: 2000\n\n".to_vec();
        answer.body.extend_from_slice(&events_after(&order, sent));
        answer.stream = (!done).then(|| Follow { order_id: order.id.to_string(), sent: order.history.len() });
    }
    answer
}

/// The events of an order after the first `sent`.
pub fn events_after(order: &Order, sent: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, moment) in order.history.iter().enumerate().skip(sent) {
        out.extend_from_slice(b"event: status\nid: ");
        digits(&mut out, index as u64 + 1, 1);
        // JSON has no line end of its own, so this is one line whatever stands in it.
        text(&mut out, b"\ndata: {\"orderId\":", &order.id);
        out.push(b',');
        write_moment(&mut out, moment);
        out.extend_from_slice(b"}\n\n");
    }
    out
}

/// What has happened to an order since: the piece to send, perhaps empty, and how to go on; nothing more is to be
/// followed once it is final, or gone.
///
/// # Errors
/// When it cannot be read now; the shell may try again, or close: the client comes back and loses nothing.
pub async fn more_events<S: Shop>(
    shop: &S,
    tenant: &str,
    follow: Follow,
) -> Result<(Vec<u8>, Option<Follow>), Unreadable> {
    let Found::Order(order) = own_order(shop, tenant, &follow.order_id).await? else { return Ok((Vec::new(), None)) };
    let piece = events_after(&order, follow.sent);
    let follow = (!order.status.is_final()).then_some(Follow { sent: order.history.len(), ..follow });
    Ok((piece, follow))
}
