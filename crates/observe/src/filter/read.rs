//! Decides how a pattern's text is walked: character by character, with the position for whoever must complain.

use super::FilterPatternError;

/// A place in a pattern's text.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The byte that comes next; for [`Self::error_at`].
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    pub(super) fn skip_blanks(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// Goes past `token` if it comes next.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// Goes past a word in capitals if it comes next and ends there.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let follows = self.rest().strip_prefix(word);
        let ends = follows.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'));
        ends && self.eat(word)
    }

    pub(super) fn take_while(&mut self, mut wanted: impl FnMut(char) -> bool) -> &'a str {
        let rest = self.rest();
        self.take(rest.find(|character| !wanted(character)).unwrap_or(rest.len()))
    }

    /// The next `length` bytes, which end between characters.
    pub(super) fn take(&mut self, length: usize) -> &'a str {
        let taken = &self.rest()[..length];
        self.at += length;
        taken
    }

    /// A text in quotes, which come next; `\` takes the next character as it is.
    pub(super) fn quoted(&mut self) -> Result<String, FilterPatternError> {
        let begin = self.at;
        let mark = self.next();
        let mut text = String::new();
        while let Some(character) = self.next() {
            if Some(character) == mark {
                return Ok(text);
            }
            let escaped = if character == '\\' { self.next() } else { None };
            text.push(escaped.unwrap_or(character));
        }
        Err(self.error_at(begin, "the quotation mark is never closed"))
    }

    pub(super) fn error(&self, problem: impl Into<String>) -> FilterPatternError {
        self.error_at(self.at, problem)
    }

    pub(super) fn error_at(&self, at: usize, problem: impl Into<String>) -> FilterPatternError {
        FilterPatternError::Syntax { position: self.text[..at].chars().count() + 1, problem: problem.into() }
    }
}
