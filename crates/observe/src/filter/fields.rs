//! Decides patterns of fields: `[ip, ..., status=5* || status=404, bytes]`.
//!
//! A line's fields stand between blanks; what stands in double quotes or in square brackets is one field. A line must
//! have exactly the fields named, in their order; `...`, once, stands for any number of fields. A field may have no
//! name: its number is its name then, as it is for those that the dots stand for. `[]` is any line.

use super::FilterPatternError;
use super::read::Reader;
use super::value::{Comparison, Operator};
use types::SortedMap;

/// The fields of a line.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    /// The fields at the beginning; all of them, if there are no dots.
    head: Vec<Field>,
    /// The fields at the end, after the dots, if there are dots.
    tail: Option<Vec<Field>>,
}

/// A field's name, if it has one, and what is asked of it: any of these, each all of those. Nothing is asked of a field
/// without conditions.
#[derive(Debug, Clone)]
struct Field {
    name: String,
    any: Vec<Vec<Comparison>>,
}

impl Fields {
    pub(super) fn matches(&self, message: &str) -> bool {
        let found = split(message);
        let holds = |(field, text): (&Field, &&str)| field.holds(text);
        match &self.tail {
            None => found.len() == self.head.len() && self.head.iter().zip(&found).all(holds),
            Some(tail) if found.len() < self.head.len() + tail.len() => false,
            Some(tail) => {
                let end = &found[found.len() - tail.len()..];
                self.head.iter().zip(&found).all(holds) && tail.iter().zip(end).all(holds)
            }
        }
    }
}

impl Fields {
    /// The fields of a line that matches, by `$name` or `$number`.
    pub(super) fn extract(&self, message: &str) -> SortedMap<String, String> {
        let found = split(message);
        let tail = self.tail.as_deref().unwrap_or_default();
        let behind = found.len().saturating_sub(tail.len());
        let named = |(at, text): (usize, &&str)| {
            let field = if at >= behind { tail.get(at - behind) } else { self.head.get(at) };
            let name = field.map(|field| field.name.as_str()).filter(|name| !name.is_empty());
            (name.map_or_else(|| format!("${}", at + 1), |name| format!("${name}")), (*text).to_owned())
        };
        found.iter().enumerate().map(named).collect()
    }
}

impl Field {
    fn holds(&self, text: &str) -> bool {
        self.any.is_empty() || self.any.iter().any(|all| all.iter().all(|comparison| comparison.accepts_field(text)))
    }
}

/// The fields of a line; a quote or bracket that is never closed is a field's own character.
fn split(message: &str) -> Vec<&str> {
    let mut fields = Vec::new();
    let mut rest = message.trim_start();
    while !rest.is_empty() {
        let close = match rest.as_bytes()[0] {
            b'"' => Some('"'),
            b'[' => Some(']'),
            _ => None,
        };
        let enclosed = close.and_then(|close| rest[1..].find(close));
        let (field, length) = match enclosed {
            Some(length) => (&rest[1..=length], length + 2),
            None => {
                let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
                (&rest[..length], length)
            }
        };
        fields.push(field);
        rest = rest[length..].trim_start();
    }
    fields
}

pub(super) fn parse(reader: &mut Reader<'_>) -> Result<Fields, FilterPatternError> {
    reader.next();
    let mut fields = Fields { head: Vec::new(), tail: None };
    reader.skip_blanks();
    if reader.eat("]") {
        fields.tail = Some(Vec::new());
        return Ok(fields);
    }
    loop {
        reader.skip_blanks();
        let begin = reader.at();
        if reader.eat("...") {
            if fields.tail.is_some() {
                return Err(reader.error_at(begin, "the dots may stand only once"));
            }
            fields.tail = Some(Vec::new());
        } else {
            let field = field(reader)?;
            fields.tail.as_mut().unwrap_or(&mut fields.head).push(field);
        }
        reader.skip_blanks();
        if reader.eat("]") {
            return Ok(fields);
        }
        if !reader.eat(",") {
            return Err(reader.error("',' or ']' must stand here"));
        }
    }
}

fn field(reader: &mut Reader<'_>) -> Result<Field, FilterPatternError> {
    if matches!(reader.peek(), Some(',' | ']')) {
        return Ok(Field { name: String::new(), any: Vec::new() });
    }
    let name = field_name(reader)?;
    reader.skip_blanks();
    let Some(operator) = Operator::parse(reader) else { return Ok(Field { name: name.to_owned(), any: Vec::new() }) };
    let mut any = vec![vec![comparison(operator, reader)?]];
    loop {
        reader.skip_blanks();
        let alternative = reader.eat("||");
        if !alternative && !reader.eat("&&") {
            return Ok(Field { name: name.to_owned(), any });
        }
        reader.skip_blanks();
        let begin = reader.at();
        if field_name(reader)? != name {
            return Err(reader.error_at(begin, format!("the condition is on another field than {name:?}")));
        }
        reader.skip_blanks();
        let missing = reader.error("an operator must follow: =, !=, <, <=, > or >=");
        let next = comparison(Operator::parse(reader).ok_or(missing)?, reader)?;
        match any.last_mut() {
            Some(all) if !alternative => all.push(next),
            Some(_) | None => any.push(vec![next]),
        }
    }
}

fn field_name<'a>(reader: &mut Reader<'a>) -> Result<&'a str, FilterPatternError> {
    let name = reader.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$'));
    if name.is_empty() { Err(reader.error("a field's name or ... must stand here")) } else { Ok(name) }
}

fn comparison(operator: Operator, reader: &mut Reader<'_>) -> Result<Comparison, FilterPatternError> {
    reader.skip_blanks();
    Comparison::parse(operator, reader, &["&&", "||", ",", "]"])
}
