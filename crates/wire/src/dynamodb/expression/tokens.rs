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

/// All words of a text.
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
            let more = rest[from..].find(|c: char| !c.is_alphanumeric() && c != '_');
            more.map_or(rest.len(), |end| from + end)
        };
        let (kind, length) = match first {
            '#' if run(1) > 1 => (Kind::Alias, run(1)),
            ':' if run(1) > 1 => (Kind::Value, run(1)),
            '0'..='9' => (Kind::Index, run(0)),
            _ if first.is_alphabetic() || first == '_' => (Kind::Word, run(0)),
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
