//! Decides what conditions compare with: a number, a text with wildcards, or a regular expression.

use super::FilterPatternError;
use super::read::Reader;
use std::cmp::Ordering;
use types::Number;

/// How two things are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    /// Reads an operator, if one comes next.
    pub(super) fn parse(reader: &mut Reader<'_>) -> Option<Self> {
        // The longer ones first, because they begin like the shorter ones.
        let all = [
            ("!=", Self::NotEqual),
            ("<=", Self::LessOrEqual),
            (">=", Self::GreaterOrEqual),
            ("=", Self::Equal),
            ("<", Self::Less),
            (">", Self::Greater),
        ];
        all.into_iter().find(|(token, _)| reader.eat(token)).map(|(_, operator)| operator)
    }

    fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// An operator and what stands to its right.
#[derive(Debug, Clone)]
pub(super) enum Comparison {
    /// Bare and numeric: compared as a number with numbers, and as it is written with texts.
    Number { operator: Operator, number: Decimal, text: Glob },
    /// Any other bare word, and whatever stands in quotes.
    Text { wanted: bool, text: Glob },
    /// Between `%`.
    Regex { wanted: bool, regex: regex_lite::Regex },
}

impl Comparison {
    /// Reads the value after an operator; a bare one ends before any of `ends`, or at a blank.
    pub(super) fn parse(
        operator: Operator,
        reader: &mut Reader<'_>,
        ends: &[&str],
    ) -> Result<Self, FilterPatternError> {
        let begin = reader.at();
        let wanted = match operator {
            Operator::Equal => Some(true),
            Operator::NotEqual => Some(false),
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => None,
        };
        let unordered = |reader: &Reader<'_>| reader.error_at(begin, "only a number can be greater or smaller");
        match reader.peek() {
            Some('"') => {
                let text = Glob::new(reader.quoted()?);
                Ok(Self::Text { wanted: wanted.ok_or_else(|| unordered(reader))?, text })
            }
            Some('%') => {
                let regex = parse_regex(reader)?;
                Ok(Self::Regex { wanted: wanted.ok_or_else(|| unordered(reader))?, regex })
            }
            Some(_) | None => {
                let rest = reader.rest();
                let end = |at: usize, c: char| c.is_whitespace() || ends.iter().any(|end| rest[at..].starts_with(end));
                let length = rest.char_indices().find(|(at, c)| end(*at, *c)).map_or(rest.len(), |(at, _)| at);
                let word = reader.take(length);
                if word.is_empty() {
                    return Err(reader.error("a value must follow the operator"));
                }
                let text = Glob::new(word.to_owned());
                match (Decimal::parse(word), wanted) {
                    (Some(number), _) => Ok(Self::Number { operator, number, text }),
                    (None, Some(wanted)) => Ok(Self::Text { wanted, text }),
                    (None, None) => Err(unordered(reader)),
                }
            }
        }
    }

    /// Whether a text, which may be written like a number, fulfils the condition.
    pub(super) fn accepts_field(&self, field: &str) -> bool {
        match (self, Decimal::parse(field)) {
            (Self::Number { operator, number, .. }, Some(found)) => operator.accepts(found.order(number)),
            _ => self.accepts_text(field),
        }
    }

    /// Whether a text, which is never a number, fulfils the condition.
    pub(super) fn accepts_text(&self, found: &str) -> bool {
        match self {
            Self::Number { operator: Operator::Equal, text, .. } => text.matches(found),
            Self::Number { operator: Operator::NotEqual, text, .. } => !text.matches(found),
            Self::Number { .. } => false,
            Self::Text { wanted, text } => text.matches(found) == *wanted,
            Self::Regex { wanted, regex } => regex.is_match(found) == *wanted,
        }
    }

    /// Whether a number fulfils the condition; `text` is how it is written. A wildcard sees its digits, quotes do not.
    pub(super) fn accepts_number(&self, text: &str) -> bool {
        match self {
            Self::Number { operator, number, .. } => {
                Decimal::parse(text).is_some_and(|found| operator.accepts(found.order(number)))
            }
            // A number is never equal to a text.
            Self::Text { wanted, .. } => !wanted,
            Self::Regex { wanted, regex } => regex.is_match(text) == *wanted,
        }
    }
}

/// A number as exactly as it can be had.
#[derive(Debug, Clone, Copy)]
pub(super) enum Decimal {
    Exact(Number),
    /// Beyond 38 digits or 1E±125, where a double must do.
    Rough(f64),
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        // Words that a float would take, such as `inf`, are no numbers here.
        if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
            return None;
        }
        if let Ok(number) = text.parse() {
            return Some(Self::Exact(number));
        }
        text.parse::<f64>().ok().filter(|double| double.is_finite()).map(Self::Rough)
    }

    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Exact(a), Self::Exact(b)) => a.cmp(b),
            _ => self.to_f64().total_cmp(&other.to_f64()),
        }
    }

    fn to_f64(self) -> f64 {
        match self {
            Self::Exact(number) => number.to_f64(),
            Self::Rough(double) => double,
        }
    }
}

/// A text in which `*` stands for any text, the empty one too.
#[derive(Debug, Clone)]
pub(super) struct Glob(String);

impl Glob {
    fn new(text: String) -> Self {
        Self(text)
    }

    fn matches(&self, found: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = found.strip_prefix(first) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        // Each part where it is found first: what is left for those after it can only be more.
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

/// Reads a regular expression between `%`, which come next.
pub(super) fn parse_regex(reader: &mut Reader<'_>) -> Result<regex_lite::Regex, FilterPatternError> {
    let begin = reader.at();
    reader.next();
    let body = reader.at();
    let text = reader.take_while(|c| c != '%');
    if !reader.eat("%") {
        return Err(reader.error_at(begin, "the '%' is never closed"));
    }
    if text.is_empty() {
        return Err(reader.error_at(begin, "the regular expression is empty"));
    }
    let refused = |c: char| matches!(c, '(' | ')') || !c.is_ascii();
    if let Some((at, odd)) = text.char_indices().find(|(_, c)| refused(*c)) {
        return Err(reader.error_at(body + at, format!("a regular expression cannot have '{odd}' here")));
    }
    regex_lite::Regex::new(text)
        .map_err(|error| reader.error_at(begin, format!("the regular expression does not parse: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The obvious way: try every length for every star.
    fn slow(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|length| slow(rest, &text[length..])),
            Some((character, rest)) => text.first() == Some(character) && slow(rest, &text[1..]),
        }
    }

    proptest! {
        /// Wildcards find what the obvious way finds.
        #[test]
        fn wildcards_are_tried_in_every_length(pattern in "[ab*]{0,7}", text in "[ab]{0,9}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            let expected = slow(&chars(&pattern), &chars(&text));
            prop_assert_eq!(Glob::new(pattern).matches(&text), expected);
        }
    }
}
