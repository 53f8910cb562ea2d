//! Decides what of a body is JSON (RFC 8259), and where it stops being it.
//!
//! A reader that walks the text once and hands out pieces of it as they stand: numbers as their digits, so that none
//! goes through a float, and members one by one, so that a name that comes twice is seen twice. A tree would lose
//! both. Start at [`Reader::new`].
//!
//! Invariant: it never goes deeper than [`DEPTH_MAX`], whatever comes.

use std::borrow::Cow;
use std::fmt;

/// How deep arrays and objects may nest. A body that is taken needs three; the rest lets faults in it be named.
pub(crate) const DEPTH_MAX: usize = 32;

/// Why a body is not JSON, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub(crate) struct NotJson {
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 1; in bytes where the body is not UTF-8.
    pub(crate) column: usize,
    /// What is wrong there.
    pub(crate) what: &'static str,
}

/// What kind of value comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Truth,
    Null,
    Array,
    Object,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Truth => "true or false",
            Self::Null => "null",
            Self::Array => "a list",
            Self::Object => "an object",
        })
    }
}

/// A text without its quotes and escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text<'a> {
    pub(crate) value: Cow<'a, str>,
    /// Whether an escape named half a character, as `"\ud800"` does. In `value` stands U+FFFD in its place.
    pub(crate) halved: bool,
}

/// Walks over a text.
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Result<Self, NotJson> {
        match std::str::from_utf8(body) {
            Ok(text) => Ok(Self { text, at: 0, depth: 0 }),
            Err(error) => {
                let before = &body[..error.valid_up_to()];
                let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
                Err(NotJson { line, column: before.len() - line_start + 1, what: "this is not UTF-8" })
            }
        }
    }

    /// How far it is, in bytes.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    fn wrong<T>(&self, what: &'static str) -> Result<T, NotJson> {
        // A byte within a character is that character's.
        let end = (0..=self.at.min(self.text.len())).rev().find(|end| self.text.is_char_boundary(*end));
        let before = &self.text[..end.unwrap_or(0)];
        let line = before.rsplit('\n').next().unwrap_or("");
        let lines = before.bytes().filter(|byte| *byte == b'\n').count();
        Err(NotJson { line: lines + 1, column: line.chars().count() + 1, what })
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// What comes next; it stands there after this.
    pub(crate) fn peek(&mut self) -> Result<Kind, NotJson> {
        self.blanks();
        match self.byte() {
            Some(b'"') => Ok(Kind::Text),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b't' | b'f') => Ok(Kind::Truth),
            Some(b'n') => Ok(Kind::Null),
            Some(b'[') => Ok(Kind::Array),
            Some(b'{') => Ok(Kind::Object),
            Some(_) => self.wrong("a value should stand here"),
            None => self.wrong("it ends where a value should stand"),
        }
    }

    /// The end, with nothing but blanks before it.
    pub(crate) fn end(&mut self) -> Result<(), NotJson> {
        self.blanks();
        if self.at == self.text.len() { Ok(()) } else { self.wrong("something follows the end of the JSON value") }
    }

    /// Opens the object that comes next.
    pub(crate) fn open_object(&mut self) -> Result<(), NotJson> {
        self.open()
    }

    /// Opens the list that comes next.
    pub(crate) fn open_array(&mut self) -> Result<(), NotJson> {
        self.open()
    }

    fn open(&mut self) -> Result<(), NotJson> {
        if self.depth == DEPTH_MAX {
            return self.wrong("lists and objects nest deeper than 32 here");
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// The name of the open object's next member, whose value then comes next; nothing at the object's end, which is
    /// closed then. `first` is whether no member came yet.
    pub(crate) fn member(&mut self, first: bool) -> Result<Option<Text<'a>>, NotJson> {
        self.blanks();
        match self.byte() {
            Some(b'}') => {
                self.close();
                return Ok(None);
            }
            Some(b',') if !first => {
                self.at += 1;
                self.blanks();
            }
            Some(_) if first => {}
            Some(_) => return self.wrong("a `,` or `}` should stand here"),
            None => return self.wrong("it ends within an object"),
        }
        if self.byte() != Some(b'"') {
            return self.wrong("a member's name in `\"` should stand here");
        }
        let name = self.text()?;
        self.blanks();
        if self.byte() != Some(b':') {
            return self.wrong("a `:` should stand here");
        }
        self.at += 1;
        Ok(Some(name))
    }

    /// Whether the open list has another element, which then comes next; if not, it is closed.
    pub(crate) fn element(&mut self, first: bool) -> Result<bool, NotJson> {
        self.blanks();
        match self.byte() {
            Some(b']') => {
                self.close();
                return Ok(false);
            }
            Some(b',') if !first => {
                self.at += 1;
                self.blanks();
            }
            Some(_) if first => {}
            Some(_) => return self.wrong("a `,` or `]` should stand here"),
            None => return self.wrong("it ends within a list"),
        }
        Ok(true)
    }

    fn close(&mut self) {
        self.at += 1;
        self.depth -= 1;
    }

    /// The text that comes next.
    pub(crate) fn text(&mut self) -> Result<Text<'a>, NotJson> {
        self.at += 1;
        let start = self.at;
        self.plain();
        match self.byte() {
            Some(b'"') => {
                let value = Cow::Borrowed(&self.text[start..self.at]);
                self.at += 1;
                Ok(Text { value, halved: false })
            }
            Some(b'\\') => self.escaped(start),
            Some(_) => self.wrong(CONTROL),
            None => self.wrong(OPEN_TEXT),
        }
    }

    /// Goes on to what is not plain in a text: its end, an escape, or a control character.
    fn plain(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F));
        self.at += end.unwrap_or(rest.len());
    }

    /// The rest of a text from its first escape on.
    fn escaped(&mut self, start: usize) -> Result<Text<'a>, NotJson> {
        let mut value = self.text[start..self.at].to_owned();
        let mut halved = false;
        loop {
            let plain = self.at;
            self.plain();
            value.push_str(&self.text[plain..self.at]);
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Text { value: Cow::Owned(value), halved });
                }
                Some(b'\\') => {
                    let character = self.escape()?;
                    halved |= character.is_none();
                    value.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                Some(_) => return self.wrong(CONTROL),
                None => return self.wrong(OPEN_TEXT),
            }
        }
    }

    /// The character of one escape, or of two that make a pair; none if it names half a character.
    fn escape(&mut self) -> Result<Option<char>, NotJson> {
        self.at += 1;
        let character = match self.byte() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            Some(_) | None => return self.wrong("no such escape in a text"),
        };
        self.at += 1;
        Ok(Some(character))
    }

    fn unicode(&mut self) -> Result<Option<char>, NotJson> {
        let unit = self.four()?;
        if !(0xD800..0xDC00).contains(&unit) {
            return Ok(char::from_u32(unit));
        }
        // Only what really is the other half is taken along; anything else stands for itself.
        let after = self.at;
        if self.text.as_bytes()[after..].starts_with(b"\\u") {
            self.at += 2;
            let other = self.four()?;
            if (0xDC00..0xE000).contains(&other) {
                return Ok(char::from_u32(0x1_0000 + ((unit - 0xD800) << 10) + (other - 0xDC00)));
            }
            self.at = after;
        }
        Ok(None)
    }

    fn four(&mut self) -> Result<u32, NotJson> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4);
        let unit = digits.and_then(|digits| {
            digits.iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
        });
        match unit {
            Some(unit) => {
                self.at += 4;
                Ok(unit)
            }
            None => self.wrong("`\\u` should be followed by four hexadecimal digits"),
        }
    }

    /// The number that comes next, as it is written.
    pub(crate) fn number(&mut self) -> Result<&'a str, NotJson> {
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        if self.byte() == Some(b'0') {
            self.at += 1;
            if self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
                return self.wrong("a number does not begin with a needless 0");
            }
        } else {
            self.digits()?;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) -> Result<(), NotJson> {
        if !self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            return self.wrong("a digit should stand here");
        }
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), NotJson> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return self.wrong("a value should stand here");
        }
        self.at += word.len();
        Ok(())
    }

    /// Goes past the value that comes next, whatever it is.
    pub(crate) fn skip(&mut self) -> Result<(), NotJson> {
        match self.peek()? {
            Kind::Text => self.text().map(drop),
            Kind::Number => self.number().map(drop),
            Kind::Truth if self.byte() == Some(b't') => self.word("true"),
            Kind::Truth => self.word("false"),
            Kind::Null => self.word("null"),
            Kind::Array => {
                self.open_array()?;
                let mut first = true;
                while self.element(first)? {
                    self.skip()?;
                    first = false;
                }
                Ok(())
            }
            Kind::Object => {
                self.open_object()?;
                let mut first = true;
                while self.member(first)?.is_some() {
                    self.skip()?;
                    first = false;
                }
                Ok(())
            }
        }
    }
}

const CONTROL: &str = "a control character stands in a text, it should be written as an escape";
const OPEN_TEXT: &str = "it ends within a text";
