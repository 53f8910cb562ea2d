//! Decides how a piece of JSON is looked into without being taken apart: [`Json`].
//!
//! Numbers keep their spelling and strings their escapes, because what is found is a part of the text itself. Start at
//! [`compact`], which checks a text once; everything else relies on that.
//!
//! Invariant: a [`Json`] is one whole JSON value without blanks between its tokens.

use serde::de::IgnoredAny;
use std::borrow::Cow;

/// A JSON value, as a part of a checked and compacted text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Json<'t>(&'t str);

/// A checked text without the blanks between its tokens, and how deep it nests: 0 for a scalar.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Compact {
    pub(super) text: String,
    pub(super) depth: usize,
}

/// Checks that a text is one JSON value and takes out the blanks.
pub(super) fn compact(text: &str) -> Result<Compact, serde_json::Error> {
    // Reading for nothing follows any nesting without recursion.
    serde_json::from_str::<IgnoredAny>(text)?;
    let mut kept = String::with_capacity(text.len());
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut rest = text;
    while let Some(at) = rest.find(['"', '{', '[', '}', ']', ' ', '\n', '\r', '\t']) {
        kept.push_str(&rest[..at]);
        let end = match rest.as_bytes()[at] {
            b'"' => string_end(rest, at),
            _ => at + 1,
        };
        match rest.as_bytes()[at] {
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        if !rest.as_bytes()[at].is_ascii_whitespace() {
            kept.push_str(&rest[at..end]);
        }
        rest = &rest[end..];
    }
    kept.push_str(rest);
    Ok(Compact { text: kept, depth: deepest })
}

/// A text as a JSON string, with its quotes.
pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text can always be written as JSON")
}

impl<'t> Json<'t> {
    /// A text that came out of [`compact`], or was put together from such.
    pub(super) fn of_compact(text: &'t str) -> Self {
        Self(text)
    }

    pub(super) fn as_str(self) -> &'t str {
        self.0
    }

    pub(super) fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    fn is_array(self) -> bool {
        self.0.starts_with('[')
    }

    /// What is between the quotes of a string, escapes and all.
    pub(super) fn string(self) -> Option<&'t str> {
        self.0.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))
    }

    /// The text of a string.
    pub(super) fn text(self) -> Option<Cow<'t, str>> {
        self.string().map(unescaped)
    }

    /// The value of a key of an object; the last one, if the key is repeated.
    pub(super) fn member(self, key: &str) -> Option<Json<'t>> {
        self.members().filter(|(name, _)| name.text().is_some_and(|name| name == key)).last().map(|(_, value)| value)
    }

    /// An element of an array.
    pub(super) fn element(self, index: usize) -> Option<Json<'t>> {
        self.elements().nth(index)
    }

    /// The keys and values of an object, in their order. Anything else has none.
    pub(super) fn members(self) -> impl Iterator<Item = (Json<'t>, Json<'t>)> {
        let mut rest = if self.is_object() { inside(self.0) } else { "" };
        std::iter::from_fn(move || {
            let key_end = if rest.is_empty() { return None } else { string_end(rest, 0) };
            let value = value_at(&rest[key_end + 1..]);
            let found = (Json(&rest[..key_end]), Json(value));
            rest = rest[key_end + 1 + value.len()..].trim_start_matches(',');
            Some(found)
        })
    }

    /// The elements of an array, in their order. Anything else has none.
    pub(super) fn elements(self) -> impl Iterator<Item = Json<'t>> {
        let mut rest = if self.is_array() { inside(self.0) } else { "" };
        std::iter::from_fn(move || {
            let value = if rest.is_empty() { return None } else { value_at(rest) };
            rest = rest[value.len()..].trim_start_matches(',');
            Some(Json(value))
        })
    }

    /// The text without the quotes around its strings, which can stand inside a JSON string: escapes stay.
    pub(super) fn without_quotes(self) -> String {
        let mut kept = String::with_capacity(self.0.len());
        let mut rest = self.0;
        while let Some(at) = rest.find('"') {
            let end = string_end(rest, at);
            kept.push_str(&rest[..at]);
            kept.push_str(&rest[at + 1..end - 1]);
            rest = &rest[end..];
        }
        kept.push_str(rest);
        kept
    }
}

fn inside(container: &str) -> &str {
    &container[1..container.len() - 1]
}

/// Where the string that begins at `start` ends, behind its closing quote.
fn string_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = start + 1;
    loop {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The value that a compact text begins with.
fn value_at(text: &str) -> &str {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'"' => at = string_end(text, at),
            b'{' | b'[' => {
                depth += 1;
                at += 1;
                continue;
            }
            b'}' | b']' => {
                depth -= 1;
                at += 1;
            }
            b',' | b':' => {
                at += 1;
                continue;
            }
            // A number or a word, which goes on to the next mark.
            _ => at += text[at..].find([',', ':', '}', ']']).unwrap_or(text.len() - at),
        }
        if depth == 0 {
            return &text[..at];
        }
    }
    text
}

/// The text that a string's inside stands for. Half a surrogate pair, which is no character, reads as U+FFFD.
fn unescaped(inside: &str) -> Cow<'_, str> {
    if !inside.contains('\\') {
        return Cow::Borrowed(inside);
    }
    let mut text = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let hex = |from: &str| from.get(2..6).and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let here = &rest[at..];
        let (char, length) = match here.as_bytes()[1] {
            b'b' => ('\u{8}', 2),
            b'f' => ('\u{c}', 2),
            b'n' => ('\n', 2),
            b'r' => ('\r', 2),
            b't' => ('\t', 2),
            b'u' => {
                let first = hex(here).unwrap_or(0xfffd);
                let second = here.get(6..).filter(|next| next.starts_with("\\u")).and_then(hex);
                let pair = second.and_then(|second| char::decode_utf16([first, second]).next()?.ok());
                match pair {
                    Some(char) if char.len_utf16() == 2 => (char, 12),
                    _ => (char::from_u32(u32::from(first)).unwrap_or('\u{fffd}'), 6),
                }
            }
            mark => (char::from(mark), 2),
        };
        text.push(char);
        rest = &here[length..];
    }
    text.push_str(rest);
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::btree_map(".{0,4}", inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn blanks_go_and_spellings_stay() {
        let compacted = compact(" { \"a b\" : [ 1.50 , 1e400, \" \\\" \\u00e9\" ] , \"c\":{ } }\n").unwrap();
        assert_eq!(compacted.text, r#"{"a b":[1.50,1e400," \" \u00e9"],"c":{}}"#);
        assert_eq!(compacted.depth, 2);
        for text in ["", "{", "{}{}", "{'a':1}", "[1,]", "\"a\nb\"", "nul"] {
            assert!(compact(text).is_err(), "{text}");
        }
    }

    #[test]
    fn any_depth_is_followed() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(compact(&deep).unwrap().depth, 100_000);
        assert_eq!(Json::of_compact(&deep).element(0).unwrap().as_str().len(), 199_998);
    }

    #[test]
    fn halves_of_pairs_are_replaced() {
        let cases = [
            (r#""\ud83d\ude00!""#, "\u{1f600}!"),
            (r#""\ud800""#, "\u{fffd}"),
            (r#""\ud800\ud800x""#, "\u{fffd}\u{fffd}x"),
            (r#""\ud800A""#, "\u{fffd}A"),
            (r#""A\u0062\/\\\n""#, "Ab/\\\n"),
        ];
        for (json, text) in cases {
            assert_eq!(Json::of_compact(json).text().unwrap(), text, "{json}");
        }
    }

    #[test]
    fn the_last_of_repeated_keys_counts() {
        assert_eq!(Json::of_compact(r#"{"a":1,"b":2,"a":3}"#).member("a").unwrap().as_str(), "3");
    }

    proptest! {
        /// What is found by looking into the text is what a reader of JSON finds.
        #[test]
        fn members_and_elements_are_those_of_the_value(value in any_json()) {
            let text = compact(&serde_json::to_string_pretty(&value).unwrap()).unwrap().text;
            prop_assert_eq!(&text, &value.to_string());
            let json = Json::of_compact(&text);
            if let Value::Object(members) = &value {
                prop_assert_eq!(json.members().count(), members.len());
                for (key, member) in members {
                    prop_assert_eq!(json.member(key).unwrap().as_str(), member.to_string());
                }
            }
            if let Value::Array(elements) = &value {
                let found: Vec<&str> = json.elements().map(Json::as_str).collect();
                prop_assert_eq!(found, elements.iter().map(Value::to_string).collect::<Vec<_>>());
            }
            if let Value::String(string) = &value {
                prop_assert_eq!(json.text().unwrap(), string.as_str());
            }
            let inside = format!("\"{}\"", json.without_quotes());
            prop_assert!(serde_json::from_str::<String>(&inside).is_ok(), "{}", inside);
        }
    }
}
