//! Decides what a receipt handle looks like: opaque, and recognisably ours.
//!
//! A handle carries a checksum, so that what was garbled on its way is refused and never taken for another message's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use types::{QueueName, Timestamp};

/// Which receive of which message a client holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The queue.
    pub queue: QueueName,
    /// The message's number in it.
    pub message: u64,
    /// When the message was sent: its place among the others.
    pub sent_at: Timestamp,
    /// How often the message had been received then, that time included.
    pub receives: u32,
}

/// What every handle begins with: which form it has.
const FORM: &str = "OF2";

impl Receipt {
    /// The handle that a client gets.
    pub fn handle(&self) -> String {
        let mut bytes = self.message.to_be_bytes().to_vec();
        bytes.extend(self.sent_at.millis().to_be_bytes());
        bytes.extend(self.receives.to_be_bytes());
        bytes.extend(self.queue.as_str().as_bytes());
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
        format!("{FORM}{}", BASE64.encode(bytes))
    }

    /// Reads a handle back; nothing that was not made by [`Receipt::handle`] is one.
    pub fn read(handle: &str) -> Option<Self> {
        let bytes = BASE64.decode(handle.strip_prefix(FORM)?).ok()?;
        let (content, sum) = bytes.split_last_chunk()?;
        if u32::from_be_bytes(*sum) != crc32fast::hash(content) {
            return None;
        }
        let (message, rest) = content.split_first_chunk()?;
        let (sent_at, rest) = rest.split_first_chunk()?;
        let (receives, queue) = rest.split_first_chunk()?;
        let queue = std::str::from_utf8(queue).ok()?.parse().ok()?;
        Some(Self {
            queue,
            message: u64::from_be_bytes(*message),
            sent_at: Timestamp::from_millis(i64::from_be_bytes(*sent_at)),
            receives: u32::from_be_bytes(*receives),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// A handle is read back as what it was made of, and no other text of its length is one.
        #[test]
        fn handles_round_trip_and_garbled_ones_do_not(
            message: u64, sent_at: i64, receives: u32, name in "[a-zA-Z0-9_-]{1,75}([.]fifo)?", at: proptest::sample::Index, with in "[a-zA-Z0-9_-]",
        ) {
            let receipt = Receipt { queue: name.parse().unwrap(), message, sent_at: Timestamp::from_millis(sent_at), receives };
            let handle = receipt.handle();
            let at = at.index(handle.len());
            let garbled = format!("{}{with}{}", &handle[..at], &handle[at + 1..]);
            prop_assert_eq!(Receipt::read(&handle), Some(receipt));
            prop_assert_eq!(Receipt::read(&garbled).is_some(), garbled == handle);
        }
    }

    #[test]
    fn what_is_no_handle_is_not_read() {
        for text in ["", "OF2", "AQEBzbVv", "OF1AAAA", "OF2AAAA", "OF2====", "✓"] {
            assert_eq!(Receipt::read(text), None, "{text}");
        }
    }
}
