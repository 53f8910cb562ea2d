//! Decides what is said of a text that is not JSON, and how it becomes JSON again: [`check`].
//!
//! Only slips of the hand are mended: commas too many or too few, brackets that were not closed, and the words of other
//! languages for true, false and null.

use super::mend::{Edit, apply};
use super::report::{Found, Level, MENDED_SIZE_MAX, Report};
use super::shape::Shape;
use super::table::Id;
use super::words::{char_at, cut};
use crate::lexer::{Lexer, SyntaxError, Token};

/// Slips that are mended at once.
const SLIPS_MAX: usize = 16;

pub(super) fn check(text: &str, error: &SyntaxError, report: &mut Report) {
    let message = error.reason.message(|offset| format!("byte {offset}"));
    let message = format!("here the text stops being JSON: {}", cut(&message, 300));
    let edits = (text.len() <= MENDED_SIZE_MAX)
        .then(|| mended(text))
        .flatten()
        .map(|mended| vec![Edit::new(0..text.len(), mended)]);
    report.add(
        Found::new(Id::NotJson, Level::Refused, char_at(text, error.offset), Shape::TOP_TRAIL, message).mend(edits),
    );
}

/// The text as JSON, if slips were all that kept it from being JSON.
fn mended(text: &str) -> Option<String> {
    let mut text = text.to_owned();
    for _ in 0..SLIPS_MAX {
        let edit = match first_error(&text) {
            None => return Some(text),
            Some((error, open)) => remedy(&text, &error, &open)?,
        };
        text = apply(&text, &[edit])?;
    }
    first_error(&text).is_none().then_some(text)
}

/// The first mistake, and the brackets that would close what is open there.
fn first_error(text: &str) -> Option<(SyntaxError, String)> {
    let mut lexer = Lexer::new(text);
    let mut open = String::new();
    loop {
        match lexer.next() {
            Ok(None) => return None,
            Ok(Some(lexed)) => match lexed.token {
                Token::ObjectStart => open.push('}'),
                Token::ArrayStart => open.push(']'),
                Token::ObjectEnd | Token::ArrayEnd => {
                    open.pop();
                }
                _ => {}
            },
            Err(error) => return Some((error, open.chars().rev().collect())),
        }
    }
}

fn remedy(text: &str, error: &SyntaxError, open: &str) -> Option<Edit> {
    let before = text.get(..error.offset)?;
    let behind = text.get(error.offset..)?;
    let written = before.trim_end();
    if let Some(without) = written.strip_suffix(',')
        && (behind.starts_with(['}', ']', ',']) || behind.is_empty())
    {
        return Some(Edit::new(without.len()..written.len(), ""));
    }
    if behind.is_empty() {
        for (word, json) in WORDS {
            if written.ends_with(word) {
                return Some(Edit::new(written.len() - word.len()..written.len(), json));
            }
        }
        let inside_string = error.reason.message(|_| String::new()).contains("closing quote");
        return (!inside_string && !open.is_empty()).then(|| Edit::new(written.len()..written.len(), open));
    }
    for (word, json) in WORDS {
        if written.ends_with(word) {
            return Some(Edit::new(written.len() - word.len()..written.len(), json));
        }
    }
    let begins_value = behind.starts_with(['"', '{', '[']);
    let ends_value =
        written.ends_with(['"', '}', ']', 'e', 'l']) || written.ends_with(|char: char| char.is_ascii_digit());
    let wanted_comma = error.reason.message(|_| String::new()).contains("expecting comma");
    (begins_value && ends_value && wanted_comma).then(|| Edit::new(written.len()..written.len(), ","))
}

/// What true, false and null are called elsewhere.
const WORDS: [(&str, &str); 8] = [
    ("True", "true"),
    ("False", "false"),
    ("None", "null"),
    ("TRUE", "true"),
    ("FALSE", "false"),
    ("NULL", "null"),
    ("undefined", "null"),
    ("nil", "null"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_mended_and_nothing_else() {
        let cases = [
            (r#"{"a": ["x",]}"#, Some(r#"{"a": ["x"]}"#)),
            (r#"{"a": ["x"], }"#, Some(r#"{"a": ["x"] }"#)),
            (r#"{"a": ["x",, "y"]}"#, Some(r#"{"a": ["x", "y"]}"#)),
            (r#"{"a": ["x"]"#, Some(r#"{"a": ["x"]}"#)),
            (r#"{"a": ["x""#, Some(r#"{"a": ["x"]}"#)),
            ("{\"a\": [\"x\" \"y\"]\n \"b\": [1]}", Some("{\"a\": [\"x\", \"y\"],\n \"b\": [1]}")),
            (r#"{"a": [True, None]}"#, Some(r#"{"a": [true, null]}"#)),
            (r#"{"a": ["x}"#, None),
            (r#"{a: ["x"]}"#, None),
            (r#"{"a" = ["x"]}"#, None),
            (r#"{"a": [Truely]}"#, None),
        ];
        for (text, expected) in cases {
            assert_eq!(mended(text).as_deref(), expected, "{text}");
        }
    }
}
