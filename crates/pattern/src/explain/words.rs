//! Decides the words for what a test wants and for what an event has, and how much of it is shown.

use crate::test::{Excluded, Range, Scalar, Test};
use std::fmt::Write;

/// Characters shown of one value.
pub(super) const VALUE_SHOWN_MAX: usize = 120;

/// Characters shown of a key or a place.
const NAME_SHOWN_MAX: usize = 200;

/// Alternatives listed of one clause.
const ALTERNATIVES_SHOWN_MAX: usize = 10;

/// Keys listed of one object.
pub(super) const KEYS_SHOWN_MAX: usize = 6;

/// What a test wants, to follow "the pattern wants".
pub(super) fn wanted(test: &Test) -> String {
    let list = |texts: &[String]| or_list(texts.iter().map(|text| quoted(text)));
    match test {
        Test::Text(text) => quoted(text),
        Test::Address(_, text) => format!("the address {}", quoted(text)),
        Test::Number { text, .. } => format!("the number {}", cut(text)),
        Test::Bool(value) => value.to_string(),
        Test::Null => "null".into(),
        Test::Prefix(prefix) => format!("a string that begins with {}", quoted(prefix)),
        Test::PrefixIgnoringCase(prefix) => format!("a string that begins with {} in any case", quoted(prefix)),
        Test::Suffix(suffix) => format!("a string that ends with {}", quoted(suffix)),
        Test::SuffixIgnoringCase(suffix) => format!("a string that ends with {} in any case", quoted(suffix)),
        Test::EqualIgnoringCase(text) => format!("{} in any case", quoted(text)),
        Test::Wildcard(_, text) => format!("a string like {}", quoted(text)),
        Test::Numeric(range) => range_in_words(range),
        Test::Network(_, text) => format!("an address in {text}"),
        Test::Present => "any value".into(),
        Test::Absent => "it to be absent".into(),
        Test::Not(Excluded::Texts(texts)) => format!("anything but {}", list(texts)),
        Test::Not(Excluded::Numbers(numbers)) => {
            format!("anything but the number {}", or_list(numbers.iter().map(|(text, _)| cut(text))))
        }
        Test::Not(Excluded::Prefixes(texts)) => format!("anything that does not begin with {}", list(texts)),
        Test::Not(Excluded::Suffixes(texts)) => format!("anything that does not end with {}", list(texts)),
        Test::Not(Excluded::EqualIgnoringCase(texts)) => format!("anything but {} in any case", list(texts)),
        Test::Not(Excluded::Wildcards(wildcards)) => {
            format!("anything that is not like {}", or_list(wildcards.iter().map(|(_, text)| quoted(text))))
        }
    }
}

fn range_in_words(range: &Range) -> String {
    match (&range.low, &range.high) {
        (Some(low), Some(high)) if low.text == high.text => format!("a number equal to {}", low.text),
        (low, high) => {
            let low = low.as_ref().map(|low| format!("{} {}", if low.inclusive { ">=" } else { ">" }, low.text));
            let high = high.as_ref().map(|high| format!("{} {}", if high.inclusive { "<=" } else { "<" }, high.text));
            let bounds: Vec<String> = low.into_iter().chain(high).collect();
            format!("a number {}", bounds.join(" and "))
        }
    }
}

/// A scalar as JSON, cut when it is long.
pub(super) fn json_text(value: Scalar<'_>) -> String {
    match value {
        Scalar::Text(text) => quoted(text),
        Scalar::Number(text) => cut(text),
        Scalar::Bool(value) => value.to_string(),
        Scalar::Null => "null".into(),
    }
}

/// A string as JSON, cut when it is long.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for (index, char) in text.chars().enumerate() {
        if index == VALUE_SHOWN_MAX {
            quoted.push('…');
            break;
        }
        match char {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            char => push_escaped(&mut quoted, char),
        }
    }
    quoted.push('"');
    quoted
}

/// A number's text, cut when it is long.
fn cut(text: &str) -> String {
    cut_to(text, VALUE_SHOWN_MAX)
}

/// A key or a place, cut when it is long, and fit for one line.
pub(super) fn shortened(name: &str) -> String {
    cut_to(name, NAME_SHOWN_MAX)
}

fn cut_to(text: &str, characters_max: usize) -> String {
    let cut = match text.char_indices().nth(characters_max) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    };
    if !cut.chars().any(char::is_control) {
        return cut;
    }
    cut.chars().fold(String::new(), |mut text, char| {
        push_escaped(&mut text, char);
        text
    })
}

fn push_escaped(text: &mut String, char: char) {
    match char {
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        char if char.is_control() => {
            write!(text, "\\u{:04x}", u32::from(char)).expect("writing to a string does not fail");
        }
        char => text.push(char),
    }
}

/// A path or a key as it stands in a sentence.
pub(super) fn name(path: &str) -> String {
    if path.is_empty() { "\"\"".to_owned() } else { shortened(path) }
}

/// `a or b or c`, and of many the number of the others.
pub(super) fn or_list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    let (shown, others) = items.split_at(items.len().min(ALTERNATIVES_SHOWN_MAX));
    let mut text = shown.join(" or ");
    if !others.is_empty() {
        write!(text, " or one of {} more", others.len()).expect("writing to a string does not fail");
    }
    text
}

/// `a, b, c and 5 more`
pub(super) fn listed(shown: &[String], count: usize) -> String {
    let mut text = shown.join(", ");
    if count > shown.len() {
        write!(text, " and {} more", count - shown.len()).expect("writing to a string does not fail");
    }
    text
}
