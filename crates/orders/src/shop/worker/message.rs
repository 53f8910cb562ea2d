//! Decides what the work queue's messages say: which order, and nothing else, as the order's item says the rest.

use serde_json::{Value as Json, json};
use types::{Item, Timestamp};

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

/// The whole key of an order whose id is a UUID of version 7: its millisecond is when the order was made.
pub(super) fn key_of(order_id: &str) -> Option<Item> {
    let bytes = order_id.as_bytes();
    if bytes.len() != 36 || bytes[8] != b'-' || bytes[13] != b'-' || bytes[14] != b'7' {
        return None;
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16).map(i64::from);
    let mut digits = bytes[..8].iter().chain(&bytes[9..13]).map(digit);
    let millis = digits.try_fold(0, |millis, digit| Some(millis << 4 | digit?))?;
    let created_at = Timestamp::from_millis(millis).iso_millis();
    Some(Item::from([("orderId", order_id.into()), ("createdAt", created_at.as_str().into())]))
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

    #[test]
    fn an_id_of_version_7_has_its_time_in_it() {
        let key = key_of("01890a5d-ac96-774b-bcce-b302099a8057").unwrap();
        assert_eq!(key.text("createdAt"), Some("2023-06-30T03:34:18.518Z"));
        let cases = [
            "01890a5d-ac96-474b-bcce-b302099a8057",
            "ORD-1",
            "",
            "0189äa5d-ac96-774b-bcce-b302099a8057",
            "+1890a5d-ac96-774b-bcce-b302099a8057",
        ];
        for id in cases {
            assert_eq!(key_of(id), None, "{id}");
        }
    }
}
