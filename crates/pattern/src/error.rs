//! Decides what is said when a pattern or an event cannot be used: [`ParseError`] and [`EventError`].
//!
//! A refused pattern reads as AWS prints it, to the letter where AWS's text is known, so that a person can look it up
//! and a client that compares texts goes on working. Everything in the text is also there as data.

use std::fmt;

/// Why a pattern was refused, and where in its text.
///
/// The text is AWS's, with the line and the column that AWS counts (often just behind the offending value):
///
/// ```
/// use pattern::{Dialect, Pattern};
///
/// let error = Pattern::parse(r#"{"string": "my-value"}"#, Dialect::Bus).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "Event pattern is not valid. Reason: \"string\" must be an object or an array\n \
///      at [Source: (String)\"{\"string\": \"my-value\"}\"; line: 1, column: 13]"
/// );
/// assert_eq!((error.line, error.column, error.path.as_str()), (1, 13, "string"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// What sort of refusal this is.
    pub kind: ParseErrorKind,
    /// The reason alone, without the place.
    pub reason: String,
    /// Line of the place, from 1.
    pub line: u32,
    /// Column of the place, from 1, in UTF-16 units as AWS counts them.
    pub column: u32,
    /// Keys down to the place, joined by dots, with the number of the alternative in brackets: `detail.status[0]`.
    pub path: String,
    /// AWS leaves the place out of some texts and says it twice in others.
    pub(crate) places_in_text: u8,
    /// The beginning of the pattern, as the text quotes it.
    pub(crate) excerpt: String,
}

/// What sort of refusal a [`ParseError`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseErrorKind {
    /// The text is not JSON.
    Syntax,
    /// It is JSON, but not a pattern.
    Invalid,
    /// It is a pattern, but this dialect does not have the operator.
    NotInDialect,
    /// It has more characters than allowed.
    TooLarge,
    /// It is nested deeper than [`crate::DEPTH_MAX`].
    TooDeep,
    /// Its `$or` lists multiply to more than [`crate::BRANCHES_MAX`] combinations.
    TooManyBranches,
    /// Its wildcards can be in too many states at once.
    TooComplex,
}

impl std::error::Error for ParseError {}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Event pattern is not valid. Reason: {}", self.reason)?;
        for _ in 0..self.places_in_text {
            write!(f, "\n at {}", place(&self.excerpt, self.line, self.column))?;
        }
        Ok(())
    }
}

/// `[Source: (String)"…"; line: 1, column: 2]`
pub(crate) fn place(excerpt: &str, line: u32, column: u32) -> String {
    format!("[Source: (String){excerpt}; line: {line}, column: {column}]")
}

/// The pattern as error texts quote it: the first 500 characters, control characters but line ends escaped.
pub(crate) fn excerpt(text: &str) -> String {
    const QUOTED_MAX: usize = 500;
    let mut quoted = String::from("\"");
    let mut units = 0;
    let mut rest = text.chars();
    while units < QUOTED_MAX {
        let Some(char) = rest.next() else { break };
        units += char.len_utf16();
        if char.is_control() && char != '\n' && char != '\r' {
            quoted.push_str(&format!("\\u{:04X}", u32::from(char)));
        } else {
            quoted.push(char);
        }
    }
    quoted.push('"');
    let left: usize = rest.map(char::len_utf16).sum();
    if left > 0 {
        quoted.push_str(&format!("[truncated {left} chars]"));
    }
    quoted
}

/// Why an event could not be matched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The bytes are not JSON up to the end of the object, or nest deeper than [`crate::DEPTH_MAX`].
    #[error("the event is not JSON: {message} (line {line}, column {column})")]
    Syntax {
        /// What is wrong there.
        message: String,
        /// Line, from 1.
        line: u32,
        /// Column, from 1, in UTF-16 units.
        column: u32,
    },
    /// The bytes stop being UTF-8 before the object ends.
    #[error("the event is not UTF-8 from byte {offset} on")]
    NotUtf8 {
        /// Offset of the first byte that is not UTF-8.
        offset: usize,
    },
    /// It is JSON, but not an object.
    #[error("an event must be a JSON object, this is {found}")]
    NotAnObject {
        /// What it is instead.
        found: &'static str,
    },
    /// See [`TooAmbiguous`].
    #[error(transparent)]
    TooAmbiguous(#[from] TooAmbiguous),
}

/// Matching gave up: the event spells one path in so many ways (repeated keys, dotted keys, and arrays below them) that
/// deciding would take time without bound. Only events made for the purpose come here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event repeats keys over arrays in too many combinations to be matched")]
pub struct TooAmbiguous;
