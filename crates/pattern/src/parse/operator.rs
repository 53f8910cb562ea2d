//! Decides what one alternative means: a literal, or an object with one operator and its argument.
//!
//! The order of the checks is AWS's, since it decides which reason is given and at which place.

use super::{Reader, Step};
use crate::Dialect;
use crate::address::{Address, Network};
use crate::error::{ParseError, ParseErrorKind};
use crate::lexer::Token;
use crate::number::{Decimal, comparable};
use crate::test::{Bound, Excluded, Range, Test};
use crate::wildcard::Wildcard;
use std::borrow::Cow;

const ONE_KEY: &str = "Only one key allowed in match expression";
const TOO_MANY_ELEMENTS: &str = "Too many elements in numeric expression";

/// A string. One that reads as an IP address stands for the address in any spelling.
pub(super) fn literal(text: String) -> Test {
    match Address::parse(&text) {
        Some(address) => Test::Address(address, text),
        None => Test::Text(text),
    }
}

pub(super) fn number_literal(text: &str) -> Test {
    Test::Number { text: text.to_owned(), value: comparable(text) }
}

/// What may stand inside `anything-but`.
#[derive(Clone, Copy, PartialEq)]
enum Nested {
    Prefix,
    Suffix,
    IgnoringCase,
    Wildcard,
}

impl<'t> Reader<'t> {
    /// An operator whose opening brace was read, to behind its closing one.
    pub(super) fn operator(&mut self) -> Result<Test, ParseError> {
        let Some(Token::Name(name)) = self.next()? else {
            return Err(self.invalid("Match expression name not found"));
        };
        self.steps.push(Step::Key(name.to_string()));
        let test = match &*name {
            "exactly" => Test::Text(self.only_string("exact match pattern must be a string")?),
            "prefix" => self.prefix_or_suffix(
                "prefix match pattern must be a string",
                "Prefix expression name not found",
                "Unsupported prefix pattern: ",
                Test::Prefix,
                Test::PrefixIgnoringCase,
            )?,
            "suffix" => self.prefix_or_suffix(
                "suffix match pattern must be a string",
                "Suffix expression name not found",
                "Unsupported suffix pattern: ",
                Test::Suffix,
                Test::SuffixIgnoringCase,
            )?,
            "equals-ignore-case" => {
                Test::EqualIgnoringCase(self.only_string("equals-ignore-case match pattern must be a string")?)
            }
            "wildcard" => {
                let text = self.string("wildcard match pattern must be a string")?;
                let wildcard = Wildcard::parse(&text).map_err(|reason| self.invalid(reason))?;
                self.close(ONE_KEY)?;
                Test::Wildcard(wildcard, text)
            }
            "cidr" => {
                // The wrong word is AWS's.
                let text = self.string("prefix match pattern must be a string")?;
                let network = Network::parse(&text).map_err(|reason| self.invalid_without_place(reason))?;
                self.close(ONE_KEY)?;
                Test::Network(network, text)
            }
            "numeric" => {
                let Some(Token::ArrayStart) = self.next()? else {
                    return Err(self.invalid("Value of numeric must be an array."));
                };
                let range = self.numeric()?;
                self.close(TOO_MANY_ELEMENTS)?;
                Test::Numeric(range)
            }
            "exists" => {
                let test = match self.next()? {
                    Some(Token::True) => Test::Present,
                    Some(Token::False) => Test::Absent,
                    _ => return Err(self.invalid("exists match pattern must be either true or false.")),
                };
                self.close(ONE_KEY)?;
                test
            }
            "anything-but" => Test::Not(self.anything_but()?),
            other => return Err(self.invalid(format!("Unrecognized match type {other}"))),
        };
        self.steps.pop();
        Ok(test)
    }

    /// A string argument, taken in.
    fn string(&mut self, reason: &str) -> Result<String, ParseError> {
        match self.next()? {
            Some(Token::String(text)) => {
                self.took_text();
                Ok(text.into_owned())
            }
            _ => Err(self.invalid(reason)),
        }
    }

    /// A string argument and the closing brace.
    fn only_string(&mut self, reason: &str) -> Result<String, ParseError> {
        let text = self.string(reason)?;
        self.close(ONE_KEY)?;
        Ok(text)
    }

    fn close(&mut self, reason: &str) -> Result<(), ParseError> {
        match self.next()? {
            Some(Token::ObjectEnd) => Ok(()),
            _ => Err(self.invalid(reason)),
        }
    }

    /// `"text"`, or `{"equals-ignore-case": "text"}`.
    fn prefix_or_suffix(
        &mut self,
        no_string: &str,
        no_name: &str,
        unsupported: &str,
        plain: fn(String) -> Test,
        ignoring_case: fn(String) -> Test,
    ) -> Result<Test, ParseError> {
        match self.next()? {
            Some(Token::String(text)) => {
                self.took_text();
                self.close(ONE_KEY)?;
                Ok(plain(text.into_owned()))
            }
            Some(Token::ObjectStart) => {
                let Some(Token::Name(name)) = self.next()? else {
                    return Err(self.invalid(no_name));
                };
                if name != "equals-ignore-case" {
                    return Err(self.invalid(format!("{unsupported}{name}")));
                }
                let text = self.only_string("equals-ignore-case match pattern must be a string")?;
                self.close(ONE_KEY)?;
                Ok(ignoring_case(text))
            }
            _ => Err(self.invalid(no_string)),
        }
    }

    fn anything_but(&mut self) -> Result<Excluded, ParseError> {
        let mut token = self.next()?;
        let mut nested = None;
        if token == Some(Token::ObjectStart) {
            let Some(Token::Name(name)) = self.next()? else {
                return Err(self.invalid("Anything-But expression name not found"));
            };
            nested = Some(match &*name {
                "prefix" => Nested::Prefix,
                "suffix" => Nested::Suffix,
                "equals-ignore-case" => Nested::IgnoringCase,
                "wildcard" => Nested::Wildcard,
                other => return Err(self.invalid(format!("Unsupported anything-but pattern: {other}"))),
            });
            if self.dialect == Dialect::Pipe {
                let reason = format!(
                    "EventBridge Pipes do not support {name} inside anything-but (event buses do); exclude whole \
                     values with a list, or decide in the pipe's target"
                );
                return Err(self.refused(ParseErrorKind::NotInDialect, reason, 1));
            }
            self.steps.push(Step::Key(name.to_string()));
            token = self.next()?;
        }
        let excluded = match (token, nested) {
            (Some(Token::String(text)), None) => {
                self.took_text();
                Excluded::Texts(vec![text.into_owned()])
            }
            (Some(Token::Number(text)), None) => match self.excluded_number(text) {
                Ok(number) => Excluded::Numbers(vec![number]),
                Err(reason) => return Err(self.invalid_without_place(reason)),
            },
            // AWS catches an error inside a list and reports it again, so that its place stands in the text twice.
            (Some(Token::ArrayStart), None) => self.excluded_list().map_err(with_second_place)?,
            (Some(Token::ArrayStart), Some(nested)) => {
                let texts = self.nested_list(nested).map_err(with_second_place)?;
                self.nested_excluded(nested, texts)?
            }
            (Some(token @ (Token::String(_) | Token::Number(_))), Some(nested)) => {
                let text = self.nested_text(nested, token)?;
                self.nested_excluded(nested, vec![text])?
            }
            _ => {
                let reason = "Value of anything-but must be an array or single string/number value.";
                return Err(self.invalid(reason));
            }
        };
        self.close(TOO_MANY_ELEMENTS)?;
        if nested.is_some() {
            self.close(TOO_MANY_ELEMENTS)?;
            self.steps.pop();
        }
        Ok(excluded)
    }

    fn excluded_number(&self, text: &str) -> Result<(String, Decimal), String> {
        match comparable(text) {
            Some(value) => Ok((text.to_owned(), value)),
            None => Err(cannot_compare(text)),
        }
    }

    /// Strings or numbers, to behind the closing bracket.
    fn excluded_list(&mut self) -> Result<Excluded, ParseError> {
        let mut texts = Vec::new();
        let mut numbers = Vec::new();
        loop {
            match self.next()? {
                Some(Token::ArrayEnd) => break,
                Some(Token::String(text)) => {
                    self.took_text();
                    texts.push(text.into_owned());
                }
                Some(Token::Number(text)) => match self.excluded_number(text) {
                    Ok(number) => numbers.push(number),
                    // This one AWS had not reported before it caught it.
                    Err(reason) => return Err(self.refused(ParseErrorKind::Invalid, reason, 0)),
                },
                _ => return Err(self.invalid("Inside anything but list, start|null|boolean is not supported.")),
            }
        }
        match (texts.is_empty(), numbers.is_empty()) {
            (false, true) => Ok(Excluded::Texts(texts)),
            (true, false) => Ok(Excluded::Numbers(numbers)),
            _ => {
                let reason = "Inside anything but list, either all values are number or string, \
                              mixed type is not supported";
                // Found behind the list, outside of what AWS catches.
                Err(self.refused(ParseErrorKind::Invalid, reason.into(), 0))
            }
        }
    }

    /// Strings for a nested operator, to behind the closing bracket.
    fn nested_list(&mut self, nested: Nested) -> Result<Vec<String>, ParseError> {
        let mut texts = Vec::new();
        loop {
            match self.next()? {
                Some(Token::ArrayEnd) => break,
                Some(token) => texts.push(self.nested_text(nested, token)?),
                None => return Err(self.invalid("Unexpected end of the list")),
            }
        }
        if texts.is_empty() {
            // AWS fails here without a reason, at the first event.
            return Err(self.refused(ParseErrorKind::Invalid, "Empty arrays are not allowed".into(), 0));
        }
        Ok(texts)
    }

    fn nested_text(&mut self, nested: Nested, token: Token<'t>) -> Result<String, ParseError> {
        let Token::String(text) = token else {
            return Err(self.invalid(match nested {
                Nested::Prefix | Nested::Suffix => "prefix/suffix match pattern must be a string",
                Nested::Wildcard => "wildcard match pattern must be a string",
                Nested::IgnoringCase => {
                    "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
                }
            }));
        };
        self.took_text();
        if text.is_empty() && matches!(nested, Nested::Prefix | Nested::Suffix) {
            return Err(self.invalid("Null prefix/suffix not allowed"));
        }
        Ok(text.into_owned())
    }

    fn nested_excluded(&self, nested: Nested, texts: Vec<String>) -> Result<Excluded, ParseError> {
        Ok(match nested {
            Nested::Prefix => Excluded::Prefixes(texts),
            Nested::Suffix => Excluded::Suffixes(texts),
            Nested::IgnoringCase => Excluded::EqualIgnoringCase(texts),
            Nested::Wildcard => {
                let parse = |text: String| Ok((Wildcard::parse(&text)?, text));
                let wildcards: Result<Vec<_>, String> = texts.into_iter().map(parse).collect();
                Excluded::Wildcards(wildcards.map_err(|reason| self.invalid(reason))?)
            }
        })
    }

    /// The argument of `numeric`, whose opening bracket was read, to behind the closing one.
    fn numeric(&mut self) -> Result<Range, ParseError> {
        let first = self.next()?;
        let Some(Token::String(operator)) = first else {
            return Err(self.invalid(format!("Invalid member in numeric match: {}", text_of(first.as_ref()))));
        };
        self.took_text();
        let operand = self.next()?;
        let name = match &*operator {
            "=" => "equals",
            "<" | "<=" | ">" | ">=" => &*operator,
            other => return Err(self.invalid(format!("Unrecognized numeric range operator: {other}"))),
        };
        let Some(Token::Number(number)) = operand else {
            return Err(self.invalid(format!("Value of {name} must be numeric")));
        };
        let next = self.next()?;
        if next != Some(Token::ArrayEnd) {
            return match &*operator {
                ">" | ">=" => self.upper_bound(number, &operator == ">=", next),
                _ => Err(self.invalid(TOO_MANY_ELEMENTS)),
            };
        }
        let bound = self.bound(number, operator != "<" && operator != ">")?;
        Ok(match &*operator {
            "=" => Range { low: Some(bound.clone()), high: Some(bound) },
            ">" | ">=" => Range { low: Some(bound), high: None },
            _ => Range { low: None, high: Some(bound) },
        })
    }

    /// The second half of a range with two ends.
    fn upper_bound(
        &mut self,
        low: &str,
        low_inclusive: bool,
        operator: Option<Token<'t>>,
    ) -> Result<Range, ParseError> {
        let Some(Token::String(operator)) = operator else {
            return Err(self.invalid(format!("Bad value in numeric range: {}", text_of(operator.as_ref()))));
        };
        self.took_text();
        if operator != "<" && operator != "<=" {
            return Err(self.invalid(format!("Bad numeric range operator: {operator}")));
        }
        let Some(Token::Number(high)) = self.next()? else {
            return Err(self.invalid(format!("Value of {operator} must be numeric")));
        };
        if self.next()? != Some(Token::ArrayEnd) {
            return Err(self.invalid("Too many terms in numeric range expression"));
        }
        let low = self.bound(low, low_inclusive)?;
        let high = self.bound(high, operator == "<=")?;
        if low.value >= high.value {
            return Err(self.invalid("Bottom must be less than top"));
        }
        Ok(Range { low: Some(low), high: Some(high) })
    }

    fn bound(&self, text: &str, inclusive: bool) -> Result<Bound, ParseError> {
        match comparable(text) {
            Some(value) => Ok(Bound { value, text: text.to_owned(), inclusive }),
            None => Err(self.invalid(cannot_compare(text))),
        }
    }
}

fn cannot_compare(text: &str) -> String {
    format!("Cannot compare number : {text}")
}

fn with_second_place(mut error: ParseError) -> ParseError {
    error.places_in_text += 1;
    error
}

/// A token as AWS prints it in reasons.
fn text_of<'t>(token: Option<&'t Token<'_>>) -> Cow<'t, str> {
    match token {
        None => Cow::Borrowed("null"),
        Some(Token::ObjectStart) => Cow::Borrowed("{"),
        Some(Token::ObjectEnd) => Cow::Borrowed("}"),
        Some(Token::ArrayStart) => Cow::Borrowed("["),
        Some(Token::ArrayEnd) => Cow::Borrowed("]"),
        Some(Token::Name(text) | Token::String(text)) => Cow::Borrowed(text),
        Some(Token::Number(text)) => Cow::Borrowed(text),
        Some(Token::True) => Cow::Borrowed("true"),
        Some(Token::False) => Cow::Borrowed("false"),
        Some(Token::Null) => Cow::Borrowed("null"),
    }
}
