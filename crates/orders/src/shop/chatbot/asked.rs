//! Decides what a question asks: what is wanted, of which orders, of which days, and of how many.
//!
//! A message is read as words: runs of letters, digits and hyphens, in small letters. Nothing of it is kept but what is
//! recognised here.

use super::dates::{self, Days};
use super::intent::Intent;
use types::Timestamp;

/// The most ids that are looked up for one question.
const IDS_MAX: usize = 5;
/// How many orders a list has, and the most it can have.
const COUNT_USUAL: usize = 5;
const COUNT_MAX: usize = 10;

/// What a question asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// What is wanted.
    pub(super) intent: Intent,
    /// The orders that it names.
    pub(super) ids: Vec<String>,
    /// The days that it is about.
    pub(super) days: Option<Days>,
    /// How many orders a list should have.
    pub(super) count: usize,
}

impl Asked {
    /// Reads a message. `order_id` is the order that was named beside it.
    pub(super) fn read(message: &str, order_id: Option<&str>, now: Timestamp) -> Self {
        let words = words(message);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut ids: Vec<String> = order_id.map(str::to_owned).into_iter().collect();
        for id in words.iter().filter(|word| is_uuid(word)) {
            if ids.len() < IDS_MAX && !ids.iter().any(|known| known == id) {
                ids.push((*id).to_owned());
            }
        }
        let days = dates::read(&words, now);
        let intent = Intent::read(&words, !ids.is_empty(), days.is_some());
        Self { intent, ids, days, count: count(&words) }
    }
}

/// The words of a message. An apostrophe is left out, so that "where's" is one word.
fn words(message: &str) -> Vec<String> {
    let message: String = message.chars().filter(|c| !matches!(c, '\'' | '’')).collect();
    let parts = message.split(|c: char| !c.is_alphanumeric() && c != '-');
    parts.map(|part| part.trim_matches('-').to_lowercase()).filter(|word| !word.is_empty()).collect()
}

/// Whether a word is spelled as a UUID, which is what our orders are called.
fn is_uuid(word: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    word.len() == 36 && word.bytes().enumerate().all(fits)
}

/// The number before the word orders.
fn count(words: &[&str]) -> usize {
    let number = |pair: &[&str]| match pair {
        [number, "orders" | "purchases"] => dates::number(number),
        _ => None,
    };
    let asked = words.windows(2).find_map(number).and_then(|number| usize::try_from(number).ok());
    asked.unwrap_or(COUNT_USUAL).clamp(1, COUNT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
    const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

    fn ids(message: &str, beside: Option<&str>) -> Vec<String> {
        Asked::read(message, beside, NOW).ids
    }

    #[test]
    fn ids_are_found_wherever_they_stand() {
        let capital = ID.to_uppercase();
        let messages = [
            format!("Where is {ID}?"),
            capital.clone(),
            format!("(#{ID})"),
            format!("https://shop.example/orders/{ID}?x=1"),
            format!("order:{ID},{ID} {capital}"),
            format!("“{ID}”…"),
            format!("-{ID}-"),
        ];
        for message in messages {
            assert_eq!(ids(&message, None), [ID], "{message}");
        }
        for none in ["", "where", &ID[1..], &format!("x{ID}"), &ID.replace('-', ""), &ID.replace('a', "g")] {
            assert!(ids(none, None).is_empty(), "{none}");
        }
        assert_eq!(
            ids(&format!("{ID}?"), Some("ORD-1")),
            ["ORD-1", ID],
            "what is named beside the message comes first"
        );
        assert_eq!(ids(ID, Some(ID)), [ID]);
    }

    #[test]
    fn only_so_many_orders_are_looked_up() {
        let message: String = (0..40).map(|n| format!("{n:08x}-ac96-774b-bcce-b302099a8057 ")).collect();
        assert_eq!(ids(&message, None).len(), IDS_MAX);
        let cases = [
            ("show my last 3 orders", 3),
            ("two orders", 2),
            ("my orders", COUNT_USUAL),
            ("0 orders", 1),
            ("99999 orders", COUNT_MAX),
            ("99999999999999999999999 orders", COUNT_USUAL),
        ];
        for (message, expected) in cases {
            assert_eq!(Asked::read(message, None, NOW).count, expected, "{message}");
        }
    }

    proptest! {
        /// Whatever somebody writes, it is read as something, within bounds.
        #[test]
        fn anything_is_read(message in any::<String>(), now in any::<i64>()) {
            let asked = Asked::read(&message, None, Timestamp::from_millis(now));
            prop_assert!(asked.ids.len() <= IDS_MAX && (1..=COUNT_MAX).contains(&asked.count));
            if let Some(days) = asked.days {
                prop_assert!(days.from() < days.until(), "{days:?}");
            }
        }
    }
}
