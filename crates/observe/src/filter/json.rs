//! Decides conditions on lines that are JSON: `{ $.level = "ERROR" && ($.n > 5 || $.x NOT EXISTS) }`.
//!
//! `&&` binds closer than `||`. A comparison holds only where the property is there: `!=` does not find lines without
//! it. A line that is no JSON is never found.

use super::FilterPatternError;
use super::read::Reader;
use super::value::{Comparison, Operator};
use serde_json::Value as Json;

/// How deep brackets may nest; reading and matching recurse as deep.
const DEPTH_MAX: usize = 32;

/// What a line must fulfil.
#[derive(Debug, Clone)]
pub(super) enum Condition {
    Any(Vec<Condition>),
    All(Vec<Condition>),
    On(Selector, Test),
}

/// What is asked of one property.
#[derive(Debug, Clone)]
pub(super) enum Test {
    Compare(Comparison),
    IsNull,
    IsTrue,
    IsFalse,
    Exists,
    NotExists,
}

/// The way from the whole line to a property.
#[derive(Debug, Clone)]
pub(super) struct Selector(Vec<Step>);

#[derive(Debug, Clone)]
enum Step {
    Name(String),
    Index(usize),
    EveryMember,
    EveryElement,
}

pub(super) fn parse(reader: &mut Reader<'_>) -> Result<Condition, FilterPatternError> {
    reader.next();
    let condition = any(reader, 0)?;
    expect(reader, "}")?;
    Ok(condition)
}

fn expect(reader: &mut Reader<'_>, token: &str) -> Result<(), FilterPatternError> {
    reader.skip_blanks();
    if reader.eat(token) { Ok(()) } else { Err(reader.error(format!("'{token}' must stand here"))) }
}

fn any(reader: &mut Reader<'_>, depth: usize) -> Result<Condition, FilterPatternError> {
    joined(reader, depth, "||", all).map(Condition::Any)
}

fn all(reader: &mut Reader<'_>, depth: usize) -> Result<Condition, FilterPatternError> {
    joined(reader, depth, "&&", one).map(Condition::All)
}

fn joined(
    reader: &mut Reader<'_>,
    depth: usize,
    token: &str,
    part: fn(&mut Reader<'_>, usize) -> Result<Condition, FilterPatternError>,
) -> Result<Vec<Condition>, FilterPatternError> {
    let mut parts = vec![part(reader, depth)?];
    loop {
        reader.skip_blanks();
        if !reader.eat(token) {
            return Ok(parts);
        }
        parts.push(part(reader, depth)?);
    }
}

/// A condition in brackets or on one property.
fn one(reader: &mut Reader<'_>, depth: usize) -> Result<Condition, FilterPatternError> {
    reader.skip_blanks();
    if depth == DEPTH_MAX {
        return Err(reader.error(format!("brackets nest deeper than {DEPTH_MAX} levels")));
    }
    if reader.eat("(") {
        let condition = any(reader, depth + 1)?;
        expect(reader, ")")?;
        return Ok(condition);
    }
    let selector = selector(reader)?;
    reader.skip_blanks();
    Ok(Condition::On(selector, test(reader)?))
}

fn test(reader: &mut Reader<'_>) -> Result<Test, FilterPatternError> {
    if let Some(operator) = Operator::parse(reader) {
        reader.skip_blanks();
        return Comparison::parse(operator, reader, &["&&", "||", ")", "}"]).map(Test::Compare);
    }
    if reader.eat_word("EXISTS") {
        return Ok(Test::Exists);
    }
    if reader.eat_word("NOT") {
        reader.skip_blanks();
        let exists = reader.eat_word("EXISTS");
        return if exists { Ok(Test::NotExists) } else { Err(reader.error("EXISTS must follow NOT")) };
    }
    if reader.eat_word("IS") {
        reader.skip_blanks();
        let words = [("NULL", Test::IsNull), ("TRUE", Test::IsTrue), ("FALSE", Test::IsFalse)];
        let found = words.into_iter().find(|(word, _)| reader.eat_word(word));
        return found.map(|(_, test)| test).ok_or_else(|| reader.error("NULL, TRUE or FALSE must follow IS"));
    }
    Err(reader.error("an operator must follow: =, !=, <, <=, >, >=, IS, EXISTS or NOT EXISTS"))
}

fn selector(reader: &mut Reader<'_>) -> Result<Selector, FilterPatternError> {
    if !reader.eat("$") {
        return Err(reader.error("a property such as $.name must stand here"));
    }
    let mut steps = Vec::new();
    loop {
        // A dot may stand before a bracket: $.['a name'].
        let dot = reader.eat(".");
        if reader.eat("[") {
            steps.push(bracket(reader)?);
        } else if !dot {
            break;
        } else if reader.eat("*") {
            steps.push(Step::EveryMember);
        } else {
            let name = reader.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '@' | '#' | ':'));
            if name.is_empty() {
                return Err(reader.error("a property's name must follow the dot"));
            }
            steps.push(Step::Name(name.to_owned()));
        }
    }
    if steps.is_empty() {
        return Err(reader.error("a property such as $.name must stand here"));
    }
    Ok(Selector(steps))
}

fn bracket(reader: &mut Reader<'_>) -> Result<Step, FilterPatternError> {
    let step = match reader.peek() {
        Some('"' | '\'') => Step::Name(reader.quoted()?),
        Some('*') => {
            reader.next();
            Step::EveryElement
        }
        Some(_) | None => {
            let digits = reader.rest().len() - reader.rest().trim_start_matches(|c: char| c.is_ascii_digit()).len();
            match reader.rest()[..digits].parse() {
                Ok(index) => {
                    reader.take_while(|c| c.is_ascii_digit());
                    Step::Index(index)
                }
                Err(_) => return Err(reader.error("an index, * or a quoted name must stand in the brackets")),
            }
        }
    };
    if reader.eat("]") { Ok(step) } else { Err(reader.error("']' must stand here")) }
}

/// Whether a line is JSON and fulfils the condition.
pub(super) fn matches(condition: &Condition, message: &str) -> bool {
    serde_json::from_str(message).is_ok_and(|line| condition.holds(&line))
}

impl Condition {
    fn holds(&self, line: &Json) -> bool {
        match self {
            Self::Any(parts) => parts.iter().any(|part| part.holds(line)),
            Self::All(parts) => parts.iter().all(|part| part.holds(line)),
            Self::On(selector, Test::NotExists) => !reaches(&selector.0, line, &mut |_| true),
            Self::On(selector, test) => reaches(&selector.0, line, &mut |found| test.holds(found)),
        }
    }
}

impl Test {
    fn holds(&self, found: &Json) -> bool {
        match self {
            Self::Compare(comparison) => match found {
                Json::String(text) => comparison.accepts_text(text),
                Json::Number(number) => comparison.accepts_number(&number.to_string()),
                Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => false,
            },
            Self::IsNull => found.is_null(),
            Self::IsTrue => found == &Json::Bool(true),
            Self::IsFalse => found == &Json::Bool(false),
            Self::Exists => true,
            Self::NotExists => false,
        }
    }
}

/// Whether any of the values that the steps lead to fulfils `test`.
fn reaches(steps: &[Step], from: &Json, test: &mut dyn FnMut(&Json) -> bool) -> bool {
    let Some((step, rest)) = steps.split_first() else { return test(from) };
    match (step, from) {
        (Step::Name(name), Json::Object(members)) => members.get(name).is_some_and(|next| reaches(rest, next, test)),
        (Step::Index(index), Json::Array(list)) => list.get(*index).is_some_and(|next| reaches(rest, next, test)),
        (Step::EveryMember, Json::Object(members)) => members.values().any(|next| reaches(rest, next, test)),
        (Step::EveryElement, Json::Array(list)) => list.iter().any(|next| reaches(rest, next, test)),
        (Step::Name(_) | Step::Index(_) | Step::EveryMember | Step::EveryElement, _) => false,
    }
}
