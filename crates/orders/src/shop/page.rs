//! Decides how a place in a customer's list of orders is handed out, and taken back: as an opaque text.
//!
//! A cursor is good only for the list that it came from: tenant, customer and direction are part of its check. That
//! catches mistakes. It keeps no secrets, and need not: whatever a cursor says, only the customer's own orders are read.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use sha2::{Digest, Sha256};

/// The longest cursor that is looked at.
const CURSOR_MAX: usize = 4096;
const CHECK_LENGTH: usize = 8;

/// Which list of orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct List<'a> {
    /// Tenant and customer.
    pub(crate) customer_key: &'a str,
    pub(crate) newest_first: bool,
}

impl List<'_> {
    /// The cursor of the page that follows this order, named by its id and `createdAt`.
    pub(crate) fn cursor(self, (order_id, created_at): &(String, String)) -> String {
        let place = [created_at.as_bytes(), b"\0", order_id.as_bytes()].concat();
        let check = self.check(&place);
        BASE64.encode([&check[..], &place].concat())
    }

    /// The order that a cursor of this list names; none if it is not one.
    pub(crate) fn place(self, cursor: &str) -> Option<(String, String)> {
        if cursor.len() > CURSOR_MAX {
            return None;
        }
        let bytes = BASE64.decode(cursor).ok()?;
        let (check, place) = bytes.split_at_checked(CHECK_LENGTH)?;
        if check != self.check(place) {
            return None;
        }
        let (created_at, order_id) = std::str::from_utf8(place).ok()?.split_once('\0')?;
        Some((order_id.to_owned(), created_at.to_owned()))
    }

    fn check(self, place: &[u8]) -> [u8; CHECK_LENGTH] {
        let mut digest = Sha256::new();
        digest.update([u8::from(self.newest_first)]);
        // With its length, so that no list's name runs into a place.
        digest.update((self.customer_key.len() as u64).to_be_bytes());
        digest.update(self.customer_key);
        digest.update(place);
        let digest = digest.finalize();
        digest[..CHECK_LENGTH].try_into().expect("a digest has 32 bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// A cursor leads back to its place, and is refused by every other list.
        #[test]
        fn cursors_are_good_for_their_own_list_only(
            key in "[a-z]{1,3}#[a-z]{1,3}",
            other in "[a-z]{1,3}#[a-z]{1,3}",
            order_id in "[^\0]{0,40}",
            created_at in "[^\0]{0,30}",
            newest_first: bool,
        ) {
            let list = List { customer_key: &key, newest_first };
            let place = (order_id, created_at);
            let cursor = list.cursor(&place);
            prop_assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
            prop_assert_eq!(list.place(&cursor), Some(place));
            prop_assert_eq!(List { newest_first: !newest_first, ..list }.place(&cursor), None);
            if other != key {
                prop_assert_eq!(List { customer_key: &other, ..list }.place(&cursor), None);
            }
        }

        /// Anything else is refused, a cursor with one changed character too.
        #[test]
        fn what_is_no_cursor_is_refused(text in "\\PC{0,80}", at in 0..40usize) {
            let list = List { customer_key: "demo#C-1", newest_first: true };
            prop_assert_eq!(list.place(&text), None);
            let mut cursor = list.cursor(&("an-order".to_owned(), "2026-01-01T00:00:00.000Z".to_owned())).into_bytes();
            let at = at % cursor.len();
            cursor[at] = if cursor[at] == b'A' { b'B' } else { b'A' };
            prop_assert_eq!(list.place(&String::from_utf8(cursor).unwrap()), None);
        }
    }
}
