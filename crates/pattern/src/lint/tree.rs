//! Decides what stands where in a text that may be no pattern: [`Tree::read`].
//!
//! The tree keeps everything with its range of bytes: repeated keys, values that no pattern may have, and what follows
//! the top value. It is only made of texts that are JSON; where a text is not, the place of the first mistake is told.
//!
//! Always holds: the lexer bounds the nesting, so whoever walks a tree may do it by recursion.

use crate::lexer::{Lexer, SyntaxError, Token};
use std::borrow::Cow;
use std::ops::Range;

/// A JSON value, and where it stands.
#[derive(Debug)]
pub(super) struct Value<'t> {
    pub(super) range: Range<usize>,
    pub(super) kind: Kind<'t>,
}

#[derive(Debug)]
pub(super) enum Kind<'t> {
    Object(Vec<Field<'t>>),
    Array(Vec<Value<'t>>),
    String(Cow<'t, str>),
    Number(&'t str),
    Bool(bool),
    Null,
}

#[derive(Debug)]
pub(super) struct Field<'t> {
    pub(super) name: Cow<'t, str>,
    pub(super) name_range: Range<usize>,
    pub(super) value: Value<'t>,
}

impl<'t> Field<'t> {
    /// From the name's opening quote to behind the value.
    pub(super) fn range(&self) -> Range<usize> {
        self.name_range.start..self.value.range.end
    }
}

impl<'t> Value<'t> {
    pub(super) fn string(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<&'t str> {
        match &self.kind {
            Kind::Number(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn array(&self) -> Option<&[Value<'t>]> {
        match &self.kind {
            Kind::Array(values) => Some(values),
            _ => None,
        }
    }

    pub(super) fn object(&self) -> Option<&[Field<'t>]> {
        match &self.kind {
            Kind::Object(fields) => Some(fields),
            _ => None,
        }
    }

    /// The only field of an object that has just one.
    pub(super) fn only_field(&self) -> Option<&Field<'t>> {
        match self.object() {
            Some([field]) => Some(field),
            _ => None,
        }
    }

    pub(super) fn is_scalar(&self) -> bool {
        !matches!(self.kind, Kind::Object(_) | Kind::Array(_))
    }

    /// What it is, in words.
    pub(super) fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Object(_) => "an object",
            Kind::Array(_) => "a list",
            Kind::String(_) => "a string",
            Kind::Number(_) => "a number",
            Kind::Bool(_) => "a boolean",
            Kind::Null => "null",
        }
    }
}

/// A text taken apart.
#[derive(Debug)]
pub(super) struct Tree<'t> {
    pub(super) top: Value<'t>,
}

/// A container whose end has not come yet.
struct Open<'t> {
    start: usize,
    /// The name under which it stands in the object around it.
    name: Option<(Cow<'t, str>, Range<usize>)>,
    inside: Inside<'t>,
}

enum Inside<'t> {
    Object(Vec<Field<'t>>),
    Array(Vec<Value<'t>>),
}

impl<'t> Tree<'t> {
    /// None for a blank text.
    pub(super) fn read(text: &'t str) -> Result<Option<Tree<'t>>, SyntaxError> {
        let mut lexer = Lexer::new(text);
        let mut open: Vec<Open<'t>> = Vec::new();
        let mut name = None;
        while let Some(lexed) = lexer.next()? {
            let range = lexed.start..lexed.end;
            let kind = match lexed.token {
                Token::Name(text) => {
                    name = Some((text, range));
                    continue;
                }
                Token::ObjectStart => {
                    open.push(Open { start: range.start, name: name.take(), inside: Inside::Object(Vec::new()) });
                    continue;
                }
                Token::ArrayStart => {
                    open.push(Open { start: range.start, name: name.take(), inside: Inside::Array(Vec::new()) });
                    continue;
                }
                Token::ObjectEnd | Token::ArrayEnd => {
                    let closed = open.pop().expect("the lexer closes only what it opened");
                    name = closed.name;
                    let kind = match closed.inside {
                        Inside::Object(fields) => Kind::Object(fields),
                        Inside::Array(values) => Kind::Array(values),
                    };
                    let value = Value { range: closed.start..range.end, kind };
                    if let Some(tree) = put(&mut open, &mut name, value) {
                        return Ok(Some(tree));
                    }
                    continue;
                }
                Token::String(text) => Kind::String(text),
                Token::Number(text) => Kind::Number(text),
                Token::True => Kind::Bool(true),
                Token::False => Kind::Bool(false),
                Token::Null => Kind::Null,
            };
            if let Some(tree) = put(&mut open, &mut name, Value { range, kind }) {
                return Ok(Some(tree));
            }
        }
        Ok(None)
    }
}

/// Puts a value where it belongs; if nothing is open around it, the tree is complete.
fn put<'t>(
    open: &mut [Open<'t>],
    name: &mut Option<(Cow<'t, str>, Range<usize>)>,
    value: Value<'t>,
) -> Option<Tree<'t>> {
    match open.last_mut().map(|open| &mut open.inside) {
        None => return Some(Tree { top: value }),
        Some(Inside::Array(values)) => values.push(value),
        Some(Inside::Object(fields)) => {
            let (name, name_range) = name.take().expect("in an object the lexer gives a name before each value");
            fields.push(Field { name, name_range, value });
        }
    }
    None
}
