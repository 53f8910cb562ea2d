//! Decides what the work queue's messages say: which order, and nothing else, as the order's item says the rest.

use serde_json::{Value as Json, json};

/// A message of the work queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// What was sent.
    pub body: &'a str,
    /// How often it was received, this time included.
    pub receives: u32,
}

/// The body of the message that has an order worked on.
pub fn body_of(order_id: &str) -> String {
    json!({ "orderId": order_id }).to_string()
}

/// The order that a body names: as an object with `orderId`, or bare.
pub(super) fn order_id(body: &str) -> Option<String> {
    let body = body.trim();
    let id = match serde_json::from_str::<Json>(body) {
        Ok(Json::Object(object)) => object.get("orderId")?.as_str()?.to_owned(),
        Ok(Json::String(id)) => id,
        Ok(_) | Err(_) => body.to_owned(),
    };
    let sound = !id.is_empty() && id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_graphic());
    (sound && !id.starts_with(['{', '[', '"'])).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_name_an_order_or_nothing() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        assert_eq!(order_id(&body_of(id)).as_deref(), Some(id));
        let cases = [
            (r#"{"orderId":"A-1","createdAt":"x"}"#, Some("A-1")),
            (" A-1 ", Some("A-1")),
            (r#""A-1""#, Some("A-1")),
            ("1001", Some("1001")),
            (r#"{"orderId":7}"#, None),
            (r#"{"id":"A-1"}"#, None),
            (r#"{"orderId":"A"#, None),
            ("[]", None),
            ("", None),
            ("two words", None),
            ("ä", None),
        ];
        for (body, expected) in cases {
            let read = order_id(body);
            assert_eq!(read.as_deref(), expected, "{body}");
        }
        assert_eq!(order_id(&"x".repeat(65)), None);
    }
}
