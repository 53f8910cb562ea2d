//! Decides whether what a model said may be told to the customer.
//!
//! Every word with a digit in it (ids, numbers, amounts, dates) and every word that looks like an address must stand in
//! what was looked up; a status, and what was done, must be of these orders; each order is named; and the text is plain, and short. So
//! however a model was led, it tells nothing that the customer could not have looked up. Whether its sentences are
//! friendly, or true in between, no check can say: they are asked for in the prompt, and the facts stand beside them.

use super::facts::Facts;
use super::prompt::data;
use super::template::{as_of, stamp};
use crate::shop::request::is_odd;
use crate::shop::status::Status;
use types::SortedSet;

/// The most characters of an answer.
const LENGTH_MAX: usize = 1_500;

/// What a model likes to promise, and the status that an order must have had for it to be true.
const CLAIMS: [(&str, Option<Status>); 4] = [
    ("cancelled", Some(Status::Cancelled)),
    ("canceled", Some(Status::Cancelled)),
    ("refunded", None),
    ("delivered", None),
];

/// The text to tell; what is wrong with it, as the rest of a sentence, if it may not be.
pub(super) fn spoken(text: &str, facts: &Facts, ours: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Err("is empty");
    }
    // More bytes than so many characters can have are not even counted.
    if text.len() > 4 * LENGTH_MAX || text.chars().count() > LENGTH_MAX {
        return Err("is too long");
    }
    if text.chars().any(|c| (is_odd(c) && c != '\n') || is_unseen(c)) {
        return Err("has characters in it that do not show");
    }
    if text.contains(['<', '>', '`']) || text.contains("](") {
        return Err("has markup in it");
    }
    let known = Known::of(facts, ours);
    if !pieces(text).all(|word| known.allows(word)) {
        return Err("names an id, a number or an address that is not in the data");
    }
    let stands =
        |status: Status| facts.orders.iter().any(|order| order.history.iter().any(|moment| moment.status == status));
    if Status::ALL.into_iter().any(|status| text.contains(status.name()) && !stands(status)) {
        return Err("names a status that no such order had");
    }
    let claims = |claim: &str| pieces(text).any(|word| word.eq_ignore_ascii_case(claim));
    if CLAIMS.into_iter().any(|(claim, status)| claims(claim) && !status.is_some_and(stands)) {
        return Err("claims what is not in the data");
    }
    if !facts.orders.iter().all(|order| text.contains(order.id.as_str())) {
        return Err("does not name the order");
    }
    let dated = text.contains(&stamp(facts.as_of));
    Ok(if dated { text.to_owned() } else { format!("{text} {}", as_of(facts.as_of)) })
}

/// Characters without any width, which part what belongs together.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{180B}'..='\u{180F}')
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}')
}

/// Signs that end a word wherever they stand.
const BETWEEN_WORDS: &str = ",;()[]{}\"'!?|*“”„’—–…";

/// The words of a text that could say something: without the signs around them.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| c.is_whitespace() || BETWEEN_WORDS.contains(c));
    words.map(|word| word.trim_matches(|c: char| !c.is_alphanumeric())).filter(|word| !word.is_empty())
}

/// Words that may be told.
struct Known(SortedSet<String>);

impl Known {
    fn of(facts: &Facts, ours: &str) -> Self {
        let data = data(facts).to_string();
        Self(pieces(ours).chain(pieces(&data)).flat_map(with_parts).map(str::to_lowercase).collect())
    }

    fn holds(&self, word: &str) -> bool {
        self.0.contains(&word.to_lowercase())
    }

    fn allows(&self, word: &str) -> bool {
        if self.holds(word) {
            return true;
        }
        if looks_like_address(word) {
            return false;
        }
        // Counting to ninety-nine is free.
        let small = |part: &str| part.len() <= 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        parts(word).all(|part| !part.contains(char::is_numeric) || small(part) || self.holds(part))
    }
}

/// What stands between the signs inside a word.
fn parts(word: &str) -> impl Iterator<Item = &str> {
    word.split([':', '/', '#', '=', '$', '€', '£']).filter(|part| !part.is_empty())
}

/// A word, and its parts; of an address none, as they would make another.
fn with_parts(word: &str) -> impl Iterator<Item = &str> {
    let whole = looks_like_address(word);
    std::iter::once(word).chain(parts(word).filter(move |_| !whole))
}

/// Whether a word is an address of the web or of mail, or could be taken for one.
fn looks_like_address(word: &str) -> bool {
    let dot = |c: char| matches!(c, '.' | '。' | '．' | '｡' | '․');
    let labels: Vec<&str> = word.split(dot).collect();
    let joined = |pair: &[&str]| {
        pair[0].ends_with(char::is_alphanumeric) && pair[1].chars().take_while(|c| c.is_alphabetic()).count() >= 2
    };
    word.contains("://") || word.contains(['@', '＠', '\\', '%']) || labels.windows(2).any(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_words() {
        let cases = [
            ("https://x", true),
            ("evil.example", true),
            ("www.evil.example", true),
            ("a@b", true),
            ("münchen.example", true),
            ("1.example", true),
            ("evil．com", true),
            ("shipped.Your", true),
            ("e.g", false),
            ("39.80", false),
            ("12:00:00", false),
            ("DHL", false),
            ("on-its-way", false),
            ("a/b", false),
        ];
        for (word, expected) in cases {
            assert_eq!(looks_like_address(word), expected, "{word}");
        }
    }
}
