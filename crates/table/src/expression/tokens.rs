//! Decides what the words of an expression are, and where each stands.

/// One word of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    /// As it was written.
    pub(super) text: &'a str,
    /// Where it begins.
    pub(super) at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, a keyword or a function.
    Word,
    /// `#name`.
    Alias,
    /// `:value`.
    Value,
    /// Digits.
    Index,
    /// `=`, `<=`, `(`, …
    Sign,
    /// A character that no word begins with.
    Unknown,
}

const SIGNS: &[&str] = &["<>", "<=", ">=", "=", "<", ">", "(", ")", "[", "]", ",", ".", "+", "-"];

/// All words of a text. A word begins with a letter; behind `#` and `:` it may begin with a digit or `_` too.
pub(super) fn read(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let run = |from: usize| {
            let more = rest[from..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            more.map_or(rest.len(), |end| from + end)
        };
        let (kind, length) = match first {
            '#' if run(1) > 1 => (Kind::Alias, run(1)),
            ':' if run(1) > 1 => (Kind::Value, run(1)),
            '0'..='9' => (Kind::Index, rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())),
            _ if first.is_ascii_alphabetic() => (Kind::Word, run(0)),
            _ => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                Some(sign) => (Kind::Sign, sign.len()),
                None => (Kind::Unknown, first.len_utf8()),
            },
        };
        tokens.push(Token { kind, text: &rest[..length], at });
        at += length;
    }
    tokens
}

/// The words around the one at `index`, as they were written; of the end, the two before it.
pub(super) fn near<'a>(text: &'a str, tokens: &[Token<'_>], index: usize) -> &'a str {
    let from = if index < tokens.len() { index.saturating_sub(1) } else { index.saturating_sub(2) };
    let until = (index + 1).min(tokens.len().saturating_sub(1));
    match (tokens.get(from), tokens.get(until)) {
        (Some(from), Some(until)) => &text[from.at..until.at + until.text.len()],
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart() {
        use Kind::{Alias, Index, Sign, Unknown, Value, Word};
        let cases = [
            ("a1_b", vec![(Word, "a1_b")]),
            (" a  b\t", vec![(Word, "a"), (Word, "b")]),
            ("_a", vec![(Unknown, "_"), (Word, "a")]),
            ("12a", vec![(Index, "12"), (Word, "a")]),
            ("#1a :_b", vec![(Alias, "#1a"), (Value, ":_b")]),
            ("# :", vec![(Unknown, "#"), (Unknown, ":")]),
            ("a<>b<=c", vec![(Word, "a"), (Sign, "<>"), (Word, "b"), (Sign, "<="), (Word, "c")]),
            ("a[0].b", vec![(Word, "a"), (Sign, "["), (Index, "0"), (Sign, "]"), (Sign, "."), (Word, "b")]),
            ("ü", vec![(Unknown, "ü")]),
            ("Größe", vec![(Word, "Gr"), (Unknown, "ö"), (Unknown, "ß"), (Word, "e")]),
        ];
        for (text, expected) in cases {
            let found: Vec<_> = read(text).into_iter().map(|token| (token.kind, token.text)).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
