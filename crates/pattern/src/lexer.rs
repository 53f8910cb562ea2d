//! Decides what the tokens of a JSON text are and where each begins and ends; shared by patterns and events.
//!
//! Start at [`Lexer::next`]. No recursion anywhere: nesting is a stack with the limit [`DEPTH_MAX`]. The lexer stops
//! behind the first complete value and never looks at what follows. A number keeps its text. Messages and places of
//! syntax errors are those that AWS's own reader gives.

use crate::DEPTH_MAX;
use std::borrow::Cow;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token<'t> {
    ObjectStart,
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    Name(Cow<'t, str>),
    String(Cow<'t, str>),
    Number(&'t str),
    True,
    False,
    Null,
}

/// A token and its place in the text.
#[derive(Debug, Clone)]
pub(crate) struct Lexed<'t> {
    pub(crate) token: Token<'t>,
    /// Offset of the first byte.
    pub(crate) start: usize,
    /// Offset that an error names while the value has only been looked at: behind the opening quote of a string,
    /// else behind the token.
    pub(crate) seen: usize,
    /// Offset behind the last byte.
    pub(crate) end: usize,
}

/// The text is not JSON here.
#[derive(Debug, Clone)]
pub(crate) struct SyntaxError {
    pub(crate) reason: SyntaxReason,
    /// The place that the message speaks of.
    pub(crate) offset: usize,
}

#[derive(Debug, Clone)]
pub(crate) enum SyntaxReason {
    Message(String),
    /// The text ends inside an object or array that began at `start`.
    UnclosedContainer {
        name: &'static str,
        start: usize,
    },
    /// The text ends inside a string or before a value.
    EndOfInput(&'static str),
    TooDeep,
}

impl SyntaxReason {
    /// The message; `place` writes a place of the text, because one message contains another place.
    pub(crate) fn message(&self, place: impl Fn(usize) -> String) -> String {
        match self {
            SyntaxReason::Message(message) => message.clone(),
            SyntaxReason::UnclosedContainer { name, start } => {
                format!("Unexpected end-of-input: expected close marker for {name} (start marker at {})", place(*start))
            }
            SyntaxReason::EndOfInput(expected) => format!("Unexpected end-of-input: {expected}"),
            SyntaxReason::TooDeep => format!("nested deeper than {DEPTH_MAX} levels"),
        }
    }

    pub(crate) fn is_end_of_input(&self) -> bool {
        matches!(self, SyntaxReason::EndOfInput(_) | SyntaxReason::UnclosedContainer { .. })
    }
}

enum Expect {
    Value,
    FirstName,
    Name,
    FirstElement,
    CommaOrEnd,
    Nothing,
}

enum Container {
    Object { start: usize },
    Array { start: usize },
}

/// Reads one JSON value token by token.
pub(crate) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    expect: Expect,
    open: Vec<Container>,
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Lexer { text, at: 0, expect: Expect::Value, open: Vec::new() }
    }

    /// The next token, or none behind the end of the one value. A blank text is `Ok(None)` at once.
    pub(crate) fn next(&mut self) -> Result<Option<Lexed<'t>>, SyntaxError> {
        if matches!(self.expect, Expect::Nothing) {
            return Ok(None);
        }
        self.skip_blanks();
        let Some(byte) = self.peek() else {
            return match self.open.last() {
                None => Ok(None),
                Some(Container::Object { start }) => self.end_of_container("Object", *start),
                Some(Container::Array { start }) => self.end_of_container("Array", *start),
            };
        };
        match (&self.expect, byte) {
            (Expect::CommaOrEnd, b',') => {
                self.at += 1;
                self.expect = match self.open.last() {
                    Some(Container::Object { .. }) => Expect::Name,
                    _ => Expect::Value,
                };
                self.next()
            }
            (Expect::CommaOrEnd | Expect::FirstName, b'}')
                if matches!(self.open.last(), Some(Container::Object { .. })) =>
            {
                self.close(Token::ObjectEnd)
            }
            (Expect::CommaOrEnd | Expect::FirstElement, b']')
                if matches!(self.open.last(), Some(Container::Array { .. })) =>
            {
                self.close(Token::ArrayEnd)
            }
            (Expect::CommaOrEnd, _) => match self.open.last() {
                Some(Container::Object { .. }) => self.unexpected("was expecting comma to separate Object entries"),
                _ => self.unexpected("was expecting comma to separate Array entries"),
            },
            (Expect::FirstName | Expect::Name, b'"') => self.name().map(Some),
            (Expect::FirstName | Expect::Name, _) => self.unexpected("was expecting double-quote to start field name"),
            (Expect::Value | Expect::FirstElement, _) => self.value(byte).map(Some),
            (Expect::Nothing, _) => Ok(None),
        }
    }

    fn value(&mut self, first: u8) -> Result<Lexed<'t>, SyntaxError> {
        let start = self.at;
        let token = match first {
            b'{' => return self.open(Container::Object { start }, Token::ObjectStart, Expect::FirstName),
            b'[' => return self.open(Container::Array { start }, Token::ArrayStart, Expect::FirstElement),
            b'"' => {
                let text = self.string("was expecting closing quote for a string value")?;
                self.value_ended();
                return Ok(Lexed { token: Token::String(text), start, seen: start + 1, end: self.at });
            }
            b'-' | b'0'..=b'9' => Token::Number(self.number()?),
            b't' if self.word("true") => Token::True,
            b'f' if self.word("false") => Token::False,
            b'n' if self.word("null") => Token::Null,
            _ => return Err(self.unrecognized()),
        };
        self.value_ended();
        Ok(Lexed { token, start, seen: self.at, end: self.at })
    }

    fn open(&mut self, container: Container, token: Token<'t>, expect: Expect) -> Result<Lexed<'t>, SyntaxError> {
        let start = self.at;
        if self.open.len() == DEPTH_MAX {
            return Err(SyntaxError { reason: SyntaxReason::TooDeep, offset: start });
        }
        self.open.push(container);
        self.at += 1;
        self.expect = expect;
        Ok(Lexed { token, start, seen: self.at, end: self.at })
    }

    fn close(&mut self, token: Token<'t>) -> Result<Option<Lexed<'t>>, SyntaxError> {
        let start = self.at;
        self.at += 1;
        self.open.pop();
        self.value_ended();
        Ok(Some(Lexed { token, start, seen: self.at, end: self.at }))
    }

    fn value_ended(&mut self) {
        self.expect = if self.open.is_empty() { Expect::Nothing } else { Expect::CommaOrEnd };
    }

    /// A field's name and the colon behind it.
    fn name(&mut self) -> Result<Lexed<'t>, SyntaxError> {
        let start = self.at;
        let name = self.string("was expecting closing quote for a field name")?;
        let end = self.at;
        self.skip_blanks();
        match self.peek() {
            Some(b':') => self.at += 1,
            Some(_) => return self.unexpected("was expecting a colon to separate field name and value"),
            None => return Err(self.end_of_input("was expecting a colon to separate field name and value")),
        }
        self.skip_blanks();
        if self.peek().is_none() {
            return Err(self.end_of_input("was expecting a value"));
        }
        self.expect = Expect::Value;
        Ok(Lexed { token: Token::Name(name), start, seen: self.at, end })
    }

    /// A quoted string; borrowed when nothing in it is escaped.
    fn string(&mut self, expected: &'static str) -> Result<Cow<'t, str>, SyntaxError> {
        self.at += 1;
        let mut from = self.at;
        let mut unescaped: Option<String> = None;
        loop {
            match self.peek() {
                None => return Err(self.end_of_input(expected)),
                Some(b'"') => {
                    let last = &self.text[from..self.at];
                    self.at += 1;
                    return Ok(match unescaped {
                        None => Cow::Borrowed(last),
                        Some(mut text) => {
                            text.push_str(last);
                            Cow::Owned(text)
                        }
                    });
                }
                Some(b'\\') => {
                    let text = unescaped.get_or_insert_default();
                    text.push_str(&self.text[from..self.at]);
                    let char = self.escape()?;
                    text.push(char);
                    from = self.at;
                }
                Some(byte) if byte < 0x20 => {
                    let message = format!(
                        "Illegal unquoted character ((CTRL-CHAR, code {byte})): \
                         has to be escaped using backslash to be included in string value"
                    );
                    return Err(self.error(message, self.at));
                }
                Some(_) => self.at += 1,
            }
        }
    }

    /// One escape sequence. A surrogate without its other half is no character; it reads as U+FFFD.
    fn escape(&mut self) -> Result<char, SyntaxError> {
        self.at += 1;
        let Some(kind) = self.peek() else {
            return Err(self.end_of_input("in character escape sequence"));
        };
        self.at += 1;
        Ok(match kind {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.hex4()?;
                if !(0xD800..0xDC00).contains(&unit) {
                    return Ok(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                let behind = self.at;
                if self.text[self.at..].starts_with("\\u") {
                    self.at += 2;
                    let low = self.hex4()?;
                    if (0xDC00..0xE000).contains(&low) {
                        let code = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                        return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    self.at = behind;
                }
                char::REPLACEMENT_CHARACTER
            }
            _ => {
                self.at -= 1;
                let char = self.char_here();
                return Err(self.error(format!("Unrecognized character escape {}", quoted(char)), self.at));
            }
        })
    }

    fn hex4(&mut self) -> Result<u32, SyntaxError> {
        let mut value = 0;
        for _ in 0..4 {
            let Some(byte) = self.peek() else {
                return Err(self.end_of_input("in character escape sequence"));
            };
            let Some(digit) = char::from(byte).to_digit(16) else {
                return self.unexpected("expected a hex-digit for character escape sequence");
            };
            value = value * 16 + digit;
            self.at += 1;
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<&'t str, SyntaxError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => {
                self.at += 1;
                if let Some(b'0'..=b'9') = self.peek() {
                    return Err(self.error("Invalid numeric value: Leading zeroes not allowed".into(), self.at));
                }
            }
            Some(b'1'..=b'9') => self.digits("")?,
            _ => self.digits("expected digit (0-9) to follow minus sign, for valid numeric value")?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("Decimal point not followed by a digit")?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits("Exponent indicator not followed by a digit")?;
        }
        let text = &self.text[start..self.at];
        match self.peek() {
            None | Some(b' ' | b'\t' | b'\n' | b'\r' | b',' | b']' | b'}') => Ok(text),
            Some(_) if self.open.is_empty() => Ok(text),
            Some(_) => self.unexpected("Expected space separating root-level values or a separator behind a number"),
        }
    }

    /// One digit at least, then all that follow.
    fn digits(&mut self, expected: &str) -> Result<(), SyntaxError> {
        match self.peek() {
            Some(b'0'..=b'9') => {}
            Some(_) => return self.unexpected(expected),
            None => return Err(self.end_of_input("was expecting a digit")),
        }
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        Ok(())
    }

    /// Takes the word if it stands here and no letter or digit follows.
    fn word(&mut self, word: &str) -> bool {
        let rest = &self.text[self.at..];
        let found = rest.strip_prefix(word).is_some_and(|rest| !rest.starts_with(is_word_char));
        if found {
            self.at += word.len();
        }
        found
    }

    fn unrecognized(&self) -> SyntaxError {
        const WANTED: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
        let rest = &self.text[self.at..];
        let length = rest.find(|char| !is_word_char(char)).unwrap_or(rest.len());
        if length == 0 {
            let message =
                format!("Unexpected character ({}): expected a valid value {WANTED}", quoted(self.char_here()));
            return self.error(message, self.at);
        }
        const SHOWN_MAX: usize = 64;
        let word: String = rest[..length].chars().take(SHOWN_MAX).collect();
        let dots = if word.len() < length { "..." } else { "" };
        let message = format!("Unrecognized token '{word}{dots}': was expecting {WANTED}");
        self.error(message, self.at + length)
    }

    fn unexpected<T>(&self, expected: &str) -> Result<T, SyntaxError> {
        let message = format!("Unexpected character ({}): {expected}", quoted(self.char_here()));
        Err(self.error(message, self.at))
    }

    fn error(&self, message: String, offset: usize) -> SyntaxError {
        SyntaxError { reason: SyntaxReason::Message(message), offset }
    }

    fn end_of_input(&self, expected: &'static str) -> SyntaxError {
        SyntaxError { reason: SyntaxReason::EndOfInput(expected), offset: self.text.len() }
    }

    fn end_of_container<T>(&self, name: &'static str, start: usize) -> Result<T, SyntaxError> {
        Err(SyntaxError { reason: SyntaxReason::UnclosedContainer { name, start }, offset: self.text.len() })
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The character that begins at the current offset, which is always one of the text's boundaries.
    fn char_here(&self) -> char {
        self.text.get(self.at..).and_then(|rest| rest.chars().next()).unwrap_or('\0')
    }
}

/// Writes out what stands between the quotes of a string, with nothing escaped any more; false if it is not JSON.
pub(crate) fn unescape(content: &[u8], into: &mut Vec<u8>) -> bool {
    into.clear();
    let Ok(text) = std::str::from_utf8(content) else {
        return false;
    };
    let mut lexer = Lexer::new(text);
    while let Some(byte) = lexer.peek() {
        if byte == b'\\' {
            let Ok(char) = lexer.escape() else {
                return false;
            };
            into.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            into.push(byte);
            lexer.at += 1;
        }
    }
    true
}

fn is_word_char(char: char) -> bool {
    char.is_alphanumeric() || char == '_' || char == '$'
}

/// `'x' (code 120)`
fn quoted(char: char) -> String {
    let code = u32::from(char);
    if char.is_control() { format!("(CTRL-CHAR, code {code})") } else { format!("'{char}' (code {code})") }
}

/// Line and column of an offset, both from 1, the column in UTF-16 units. Line ends are `\n`, `\r\n` and a lone `\r`.
pub(crate) fn line_and_column(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let bytes = text.as_bytes();
    let mut line = 1;
    let mut line_start = 0;
    for (at, byte) in before.bytes().enumerate() {
        if byte == b'\n' || (byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')) {
            line += 1;
            line_start = at + 1;
        }
    }
    let column = before[line_start..].encode_utf16().count() + 1;
    (line, u32::try_from(column).unwrap_or(u32::MAX))
}
