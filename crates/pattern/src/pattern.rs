//! Decides what a [`Pattern`] offers and within which [`Limits`] it is accepted. Start at [`Pattern::parse`].

use crate::complexity::WILDCARD_COMPLEXITY_MAX;
use crate::error::{EventError, ParseError, TooAmbiguous};
use crate::explain::{self, Explanation};
use crate::json::JsonEvent;
use crate::node::Node;
use crate::rule::Rule;
use crate::{parse, search};
use std::sync::Arc;

/// Characters that a pattern may have: an event bus's adjustable maximum, and a pipe's.
pub const SIZE_MAX: usize = 4096;

/// Characters that a bus's rule may have on an account whose quota nobody has raised.
pub const BUS_SIZE_DEFAULT: usize = 2048;

/// Combinations that the `$or` lists of a pattern may multiply to.
pub const BRANCHES_MAX: usize = 1000;

/// Levels to which patterns and JSON events may nest. The limit is our own; it keeps any input from overflowing the
/// stack and is far above what a DynamoDB item can nest.
pub const DEPTH_MAX: usize = 256;

/// Whose patterns these are. The language is one; a few operators are missing in pipes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// A rule of an event bus.
    Bus,
    /// A filter of a pipe: no prefix, suffix, equals-ignore-case or wildcard inside `anything-but`.
    Pipe,
}

/// What a pattern may cost. The default is what AWS accepts at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Characters of the text.
    pub size_max: usize,
    /// Combinations that `$or` lists multiply to.
    pub branches_max: usize,
    /// States that the wildcards of one field may be in at once; none for no limit.
    pub wildcard_complexity_max: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            size_max: SIZE_MAX,
            branches_max: BRANCHES_MAX,
            wildcard_complexity_max: Some(WILDCARD_COMPLEXITY_MAX),
        }
    }
}

/// A pattern, ready to be matched against any number of events.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: Arc<str>,
    dialect: Dialect,
    rule: Arc<Rule>,
}

impl Pattern {
    /// Reads a pattern within the default [`Limits`].
    ///
    /// ```
    /// use pattern::{Dialect, Pattern};
    ///
    /// let pattern = Pattern::parse(r#"{"detail": {"total": [{"numeric": [">", 100]}]}}"#, Dialect::Bus)?;
    /// assert!(pattern.matches_json(br#"{"detail": {"total": 100.5}}"#)?);
    /// assert!(!pattern.matches_json(br#"{"detail": {"total": "100.5"}}"#)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse(text: &str, dialect: Dialect) -> Result<Pattern, ParseError> {
        Pattern::parse_within(text, dialect, &Limits::default())
    }

    /// Reads a pattern within limits of the caller's.
    pub fn parse_within(text: &str, dialect: Dialect, limits: &Limits) -> Result<Pattern, ParseError> {
        let rule = Arc::new(parse::parse(text, dialect, limits)?);
        Ok(Pattern { source: text.into(), dialect, rule })
    }

    /// Reads a pattern of any size and with any wildcards, which the matcher can do though AWS would not. Nesting, `$or`
    /// combinations and the length of all paths together stay limited, because without limits they would cost memory
    /// without bound.
    ///
    /// ```
    /// use pattern::{Dialect, ParseErrorKind, Pattern};
    ///
    /// let text = r#"{"arn": [{"wildcard": "*:*:*:*:*:event-bus/*"}]}"#;
    /// assert_eq!(Pattern::parse(text, Dialect::Bus).unwrap_err().kind, ParseErrorKind::TooComplex);
    /// assert!(Pattern::parse_unlimited(text, Dialect::Bus).is_ok());
    /// ```
    pub fn parse_unlimited(text: &str, dialect: Dialect) -> Result<Pattern, ParseError> {
        let limits = Limits { size_max: usize::MAX, branches_max: BRANCHES_MAX, wildcard_complexity_max: None };
        Pattern::parse_within(text, dialect, &limits)
    }

    /// The text that was parsed.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whose pattern it is.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The paths that the pattern asks about, in the order of the text; inside `$or` a path may come several times.
    ///
    /// ```
    /// use pattern::{Dialect, Pattern};
    ///
    /// let pattern = Pattern::parse(r#"{"detail": {"state": ["on"], "cause.id": [1]}}"#, Dialect::Bus)?;
    /// assert_eq!(pattern.paths().collect::<Vec<_>>(), ["detail.state", "detail.cause.id"]);
    /// # Ok::<(), pattern::ParseError>(())
    /// ```
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.rule.clauses.iter().map(|clause| clause.path.as_str())
    }

    pub(crate) fn rule(&self) -> &Arc<Rule> {
        &self.rule
    }

    /// Whether a typed event matches. An event that is [`TooAmbiguous`] does not.
    pub fn matches<N: Node>(&self, event: N) -> bool {
        self.try_matches(event).unwrap_or(false)
    }

    /// Whether an event matches, telling the one case in which that is not decided.
    pub fn try_matches<N: Node>(&self, event: N) -> Result<bool, TooAmbiguous> {
        search::matches(&self.rule, event, &mut search::Steps::for_one())
    }

    /// Whether a JSON event matches. To match one event against many patterns, read it once with [`JsonEvent::parse`].
    pub fn matches_json(&self, event: &[u8]) -> Result<bool, EventError> {
        Ok(self.try_matches(JsonEvent::parse(event)?.root())?)
    }

    /// Why an event matches or does not.
    ///
    /// ```
    /// use pattern::{Dialect, Pattern};
    ///
    /// let pattern = Pattern::parse(r#"{"status": {"S": ["shipped"]}, "kind": ["order"]}"#, Dialect::Pipe)?;
    /// let explanation = pattern.explain_json(br#"{"status": {"S": "pending"}, "kind": "order"}"#)?;
    /// assert!(!explanation.matched);
    /// let failed: Vec<&str> = explanation.failures().map(|clause| clause.sentence.as_str()).collect();
    /// assert_eq!(failed, [r#"status.S is "pending", the pattern wants "shipped""#]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain<N: Node>(&self, event: N) -> Explanation {
        explain::explain(&self.rule, &self.source, event)
    }

    /// Why a JSON event matches or does not; see [`explain`](Pattern::explain).
    pub fn explain_json(&self, event: &[u8]) -> Result<Explanation, EventError> {
        Ok(self.explain(JsonEvent::parse(event)?.root()))
    }
}
