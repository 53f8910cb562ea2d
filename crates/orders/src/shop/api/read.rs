//! Decides how one order is shown: as it stands, or not again to whoever has seen that.

use super::Request;
use super::answer::{Answer, etag};
use super::find::{Found, own_order};
use crate::shop::ports::Shop;

pub(super) async fn get<S: Shop>(shop: &S, request: &Request<'_>) -> Answer {
    match own_order(shop, request.tenant, request.parameter("orderId")).await {
        Ok(Found::Order(order)) => {
            let known = request.header("if-none-match").is_some_and(|tags| names(tags, &etag(&order)));
            if known { Answer::not_modified(&order) } else { Answer::shown(&order) }
        }
        Ok(Found::Nothing) => Answer::not_found(),
        Ok(Found::Unreadable(not_an_order)) => {
            Answer { log: Some(crate::handler::shown(&not_an_order.to_string())), ..Answer::not_found() }
        }
        Err(unreadable) => unreadable.into(),
    }
}

/// Whether the value of `If-None-Match` names this tag, weakly compared as RFC 9110 has it.
fn names(tags: &[u8], etag: &str) -> bool {
    let tags = tags.trim_ascii();
    let plain = |tag: &[u8]| {
        let tag = tag.trim_ascii();
        tag.strip_prefix(b"W/").unwrap_or(tag) == etag.as_bytes()
    };
    // Tags of ours have no comma in them; others that have one are no tags of ours in any part.
    tags == b"*" || tags.split(|byte| *byte == b',').any(plain)
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn tags_are_compared_weakly_and_in_lists() {
        let cases: [(&[u8], bool); 9] = [
            (b"\"7\"", true),
            (b"W/\"7\"", true),
            (b" \"6\" , \"7\"", true),
            (b"*", true),
            (b"\"70\"", false),
            (b"7", false),
            (b"", false),
            (b"\"6\", \"8\"", false),
            (b"\xff", false),
        ];
        for (tags, expected) in cases {
            assert_eq!(names(tags, "\"7\""), expected, "{tags:?}");
        }
    }
}
