//! Decides how a JSON event lies in memory: [`JsonEvent`], one flat list in document order, and its [`JsonNode`]s.
//!
//! Every field is kept, repeated keys too, and numbers keep their text. What follows the top object is not looked at.

use crate::error::EventError;
use crate::lexer::{Lexed, Lexer, SyntaxError, Token, line_and_column};
use crate::node::{Kind, Node};
use std::borrow::Cow;
use std::ops::ControlFlow;

/// An event read once, to be matched against any number of patterns.
///
/// ```
/// use pattern::{Dialect, JsonEvent, Pattern};
///
/// let event = JsonEvent::parse(br#"{"state": "running", "state": "stopped"} and so on"#)?;
/// for state in ["running", "stopped"] {
///     let pattern = Pattern::parse(&format!(r#"{{"state": ["{state}"]}}"#), Dialect::Bus).unwrap();
///     assert!(pattern.matches(event.root()), "both values of a repeated key count");
/// }
/// # Ok::<(), pattern::EventError>(())
/// ```
#[derive(Debug, Clone)]
pub struct JsonEvent<'t> {
    /// In document order: what is inside an entry follows it directly.
    entries: Vec<Entry<'t>>,
}

#[derive(Debug, Clone)]
struct Entry<'t> {
    /// Empty for elements and the root.
    key: Cow<'t, str>,
    value: Value<'t>,
    /// Index behind the last entry inside this one, which is where its next sibling stands.
    end: usize,
}

#[derive(Debug, Clone)]
enum Value<'t> {
    Object,
    Array,
    String(Cow<'t, str>),
    Number(&'t str),
    Bool(bool),
    Null,
}

impl<'t> JsonEvent<'t> {
    /// Reads an event, which must be a JSON object.
    pub fn parse(bytes: &'t [u8]) -> Result<Self, EventError> {
        // Bytes behind the object do not matter, so they need not be UTF-8 either.
        let (text, broken_at) = match std::str::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => {
                let offset = error.valid_up_to();
                let valid = bytes.get(..offset).and_then(|valid| std::str::from_utf8(valid).ok());
                (valid.unwrap_or_default(), Some(offset))
            }
        };
        let failed = |error: SyntaxError| match broken_at {
            Some(offset) if error.reason.is_end_of_input() => EventError::NotUtf8 { offset },
            _ => syntax_error(text, &error),
        };
        let mut lexer = Lexer::new(text);
        let first = lexer.next().map_err(failed)?;
        match first.map(|lexed| lexed.token) {
            Some(Token::ObjectStart) => {}
            None if broken_at.is_some() => return Err(EventError::NotUtf8 { offset: text.len() }),
            other => return Err(EventError::NotAnObject { found: describe(other.as_ref()) }),
        }
        Self::read(&mut lexer).map_err(failed)
    }

    fn read(lexer: &mut Lexer<'t>) -> Result<Self, SyntaxError> {
        let mut entries = vec![Entry { key: Cow::Borrowed(""), value: Value::Object, end: 1 }];
        let mut open = vec![0];
        let mut key = Cow::Borrowed("");
        while let Some(Lexed { token, .. }) = lexer.next()? {
            let value = match token {
                Token::Name(name) => {
                    key = name;
                    continue;
                }
                Token::ObjectEnd | Token::ArrayEnd => {
                    let index = open.pop().expect("the lexer closes only what it opened");
                    entries[index].end = entries.len();
                    continue;
                }
                Token::ObjectStart => Value::Object,
                Token::ArrayStart => Value::Array,
                Token::String(text) => Value::String(text),
                Token::Number(text) => Value::Number(text),
                Token::True => Value::Bool(true),
                Token::False => Value::Bool(false),
                Token::Null => Value::Null,
            };
            if matches!(value, Value::Object | Value::Array) {
                open.push(entries.len());
            }
            let end = entries.len() + 1;
            entries.push(Entry { key: std::mem::take(&mut key), value, end });
        }
        Ok(JsonEvent { entries })
    }

    /// The top object.
    pub fn root(&self) -> JsonNode<'_> {
        JsonNode { entries: &self.entries, index: 0 }
    }
}

fn syntax_error(text: &str, error: &SyntaxError) -> EventError {
    let (line, column) = line_and_column(text, error.offset);
    let message = error.reason.message(|offset| {
        let (line, column) = line_and_column(text, offset);
        format!("line {line}, column {column}")
    });
    EventError::Syntax { message, line, column }
}

fn describe(token: Option<&Token<'_>>) -> &'static str {
    match token {
        None => "empty",
        Some(Token::ArrayStart) => "an array",
        Some(Token::String(_)) => "a string",
        Some(Token::Number(_)) => "a number",
        Some(Token::True | Token::False) => "a boolean",
        Some(Token::Null) => "null",
        Some(Token::ObjectStart | Token::ObjectEnd | Token::ArrayEnd | Token::Name(_)) => "not a value",
    }
}

/// One place of a [`JsonEvent`].
#[derive(Debug, Clone, Copy)]
pub struct JsonNode<'e> {
    entries: &'e [Entry<'e>],
    index: usize,
}

impl<'e> JsonNode<'e> {
    fn children(self) -> impl Iterator<Item = (&'e str, Self)> {
        let end = self.entries[self.index].end;
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            let entry = self.entries[..end].get(next)?;
            let child = JsonNode { entries: self.entries, index: next };
            next = entry.end;
            Some((&*entry.key, child))
        })
    }
}

impl Node for JsonNode<'_> {
    fn kind(&self) -> Kind {
        match &self.entries[self.index].value {
            Value::Object => Kind::Object,
            Value::Array => Kind::Array,
            Value::String(_) => Kind::String,
            Value::Number(_) => Kind::Number,
            Value::Bool(value) => Kind::Bool(*value),
            Value::Null => Kind::Null,
        }
    }

    fn text<'n>(&'n self, _room: &'n mut String) -> &'n str {
        match &self.entries[self.index].value {
            Value::String(text) => text,
            Value::Number(text) => text,
            Value::Object | Value::Array | Value::Bool(_) | Value::Null => "",
        }
    }

    fn fields(self, visit: &mut dyn FnMut(&str, Self) -> ControlFlow<()>) -> ControlFlow<()> {
        if matches!(self.kind(), Kind::Object) {
            for (key, child) in self.children() {
                visit(key, child)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn elements(self, visit: &mut dyn FnMut(Self) -> ControlFlow<()>) -> ControlFlow<()> {
        if matches!(self.kind(), Kind::Array) {
            for (_, child) in self.children() {
                visit(child)?;
            }
        }
        ControlFlow::Continue(())
    }
}
