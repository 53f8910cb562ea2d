//! Decides which records a pipe lets through: those that at least one of its filters matches, or all if it has none.
//!
//! Filters see a record before its poller adds where it comes from: `eventSource`, `awsRegion`, `eventSourceARN` and
//! `eventVersion` are not there to be matched. Start at [`Filters::passes`].
//!
//! Invariant: a record is matched as it lies in memory, and the answer is the one that its JSON would give.

mod view;

pub use pattern::Explanation;
use pattern::{Dialect, Matcher, ParseError, Pattern, Scratch};
use serde::de::IgnoredAny;
use serde_json::{Value as Json, json};
use std::cell::RefCell;
use types::Record;
use view::View;

/// How many filters a pipe may have.
pub const FILTERS_MAX: usize = 5;

/// What a pipe lets through.
#[derive(Debug, Clone, Default)]
pub struct Filters {
    patterns: Vec<Pattern>,
    /// All of them as one.
    matcher: Matcher<()>,
}

thread_local! {
    /// What matching needs, which is the same for all pipes that a thread works for.
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
}

/// Why texts are no filters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// A pipe does not take so many.
    #[error("a pipe has at most {FILTERS_MAX} filters, not {count}")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// One of them is no pattern.
    #[error("filter {}: {source}", index + 1)]
    Invalid {
        /// Which one, from 0.
        index: usize,
        /// What is wrong with it.
        source: ParseError,
    },
}

impl Filters {
    /// Reads the patterns of a pipe.
    pub fn parse<S: AsRef<str>>(patterns: &[S]) -> Result<Self, FilterError> {
        let count = patterns.len();
        if count > FILTERS_MAX {
            return Err(FilterError::TooMany { count });
        }
        let parse = |(index, text): (usize, &S)| {
            Pattern::parse(text.as_ref(), Dialect::Pipe).map_err(|source| FilterError::Invalid { index, source })
        };
        let patterns: Vec<Pattern> = patterns.iter().enumerate().map(parse).collect::<Result<_, _>>()?;
        let matcher = Matcher::new(patterns.iter().map(|pattern| ((), pattern)));
        Ok(Self { patterns, matcher })
    }

    /// Whether a record gets through.
    pub fn passes(&self, record: &Record) -> bool {
        if self.patterns.is_empty() {
            return true;
        }
        SCRATCH.with_borrow_mut(|scratch| {
            let matches = self.matcher.matches(View::of(record), scratch);
            // Attributes with dots in their names can spell a path in so many ways that it cannot be decided. Then the
            // function has to decide, rather than the record being lost.
            matches.len() > 0 || matches.is_undecided()
        })
    }

    /// Whether a message of a queue gets through. Filters see its body as `body`: its members if it is a JSON object,
    /// otherwise its text.
    pub fn passes_message(&self, body: &str) -> bool {
        if self.patterns.is_empty() {
            return true;
        }
        let event = if is_object(body) { format!("{{\"body\":{body}}}") } else { json!({ "body": body }).to_string() };
        self.passes_event(&event)
    }

    /// Whether a message gets through a pipe, which shows filters all that is known of it before its poller adds where it
    /// comes from. `record` is the JSON that a function would get.
    pub fn passes_received(&self, record: &str) -> bool {
        if self.patterns.is_empty() {
            return true;
        }
        let Ok(Json::Object(mut members)) = serde_json::from_str(record) else { return self.passes_message(record) };
        ["eventSource", "eventSourceARN", "awsRegion"].iter().for_each(|added| drop(members.remove(*added)));
        let body = match members.remove("body") {
            Some(Json::String(body)) if is_object(&body) => body,
            body => body.unwrap_or_default().to_string(),
        };
        let rest = Json::Object(members).to_string();
        let comma = if rest == "{}" { "" } else { "," };
        self.passes_event(&format!("{{\"body\":{body}{comma}{}", &rest[1..]))
    }

    fn passes_event(&self, event: &str) -> bool {
        SCRATCH.with_borrow_mut(|scratch| match self.matcher.matches_json(event.as_bytes(), scratch) {
            Ok(matches) => matches.len() > 0 || matches.is_undecided(),
            // Deeper than filters look: the function has to decide, rather than the message being lost.
            Err(_) => true,
        })
    }

    /// Why a record gets through or does not: one explanation for each filter, in their order.
    pub fn explain(&self, record: &Record) -> Vec<Explanation> {
        self.patterns.iter().map(|pattern| pattern.explain(View::of(record))).collect()
    }

    /// The patterns, in their order.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }
}

/// Whether filters look into a body: AWS does if it is JSON, of which only an object has members.
fn is_object(body: &str) -> bool {
    body.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(body).is_ok()
}

#[cfg(test)]
mod tests;
