//! Decides how a question to the chatbot is answered over HTTP.

use super::Request;
use super::answer::Answer;
use crate::shop::chatbot::phrasing::Phrasing;
use crate::shop::chatbot::{Reply, reply};
use crate::shop::ports::Shop;
use crate::shop::request::read_question;
use crate::shop::view::text;

/// Answers `POST /chatbot`, in the words of a model if there is one.
pub async fn converse<S: Shop, P: Phrasing>(shop: &S, phrasing: &P, request: &Request<'_>) -> Answer {
    let question = match read_question(request.body) {
        Ok(question) => question,
        Err(refused) => return Answer::refused(refused, None),
    };
    match reply(shop, phrasing, request.tenant, &question).await {
        Ok(reply) => Answer { log: reply.log.clone(), ..Answer::said(body(&reply)) },
        Err(unreadable) => unreadable.into(),
    }
}

fn body(reply: &Reply) -> Vec<u8> {
    let mut out = Vec::with_capacity(256 + reply.text.len());
    text(&mut out, b"{\"reply\":", &reply.text);
    text(&mut out, b",\"intent\":", reply.intent.name());
    out.extend_from_slice(b",\"orders\":[");
    for (index, id) in reply.orders.iter().enumerate() {
        text(&mut out, if index > 0 { b"," } else { b"" }, id);
    }
    out.push(b']');
    text(&mut out, b",\"asOf\":", &reply.as_of.iso_millis());
    text(&mut out, b",\"source\":", if reply.by.is_some() { "model" } else { "template" });
    if let Some(model) = reply.by {
        text(&mut out, b",\"model\":", model.name());
    }
    out.push(b'}');
    out
}
